"""A page of a script for one customer: values in their places, and nothing of them is obeyed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from ringway.crm_api.core.scripts.definition import VARIABLE, Page, Script, variable

_COMPOUND_SURNAMES = (
    "欧阳司马上官诸葛东方皇甫尉迟公孙令狐慕容司徒夏侯长孙宇文端木独孤南宫百里轩辕闻人"
    "歐陽諸葛東方尉遲公孫長孫獨孤南宮軒轅聞人"
)
_COMPOUND = frozenset(_COMPOUND_SURNAMES[n : n + 2] for n in range(0, len(_COMPOUND_SURNAMES), 2))


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as far as a greeting needs him. ``sex``: female, male, or anything else."""

    name: str = ""
    sex: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text with its values, as plain text and as HTML; and what was not known."""

    text: str
    html: str
    missing: tuple[str, ...]


def is_chinese(name: str) -> bool:
    """Return whether a name is written in Chinese characters alone."""
    return bool(name) and all("\u3400" <= ch <= "\u9fff" for ch in name)


def surname(name: str) -> str:
    """Return the family name: the first character or two in Chinese, else the last word."""
    name = name.strip()
    if is_chinese(name):
        return name[:2] if name[:2] in _COMPOUND and len(name) > 2 else name[:1]
    return name.split()[-1] if name else ""


def title(person: Person, language: str) -> str:
    """Return how a person is addressed besides his name; empty when his sex is not known."""
    titles = {"zh": {"female": "女士", "male": "先生"}, "en": {"female": "Ms", "male": "Mr"}}
    return titles[language].get(person.sex or "", "")


def salutation(person: Person, language: str) -> str:
    """Return how a person is called: 王女士, Mr Smith; by his whole name without a title."""
    called, said = surname(person.name), title(person, language)
    if not said or not called:
        return person.name.strip() or said
    return f"{called}{said}" if language == "zh" else f"{said} {called}"


def defaults(language: str) -> dict[str, str]:
    """Return what is said instead of what is not known, where the script says nothing else."""
    if language == "zh":
        return {"customer.salutation": "您", "customer.title": "先生/女士", "customer.name": "您"}
    return {"customer.salutation": "Sir or Madam", "customer.name": "Sir or Madam"}


def render(text: str, values: Mapping[str, str], fallback: Mapping[str, str]) -> Rendered:
    """Write values into a text.

    A value is written as it is: braces or marks in it have no meaning. What has no value gets the
    default that stands with the variable, else that of ``fallback``, else nothing.
    """
    plain: list[str] = []
    html: list[str] = []
    missing: dict[str, None] = {}
    at = 0
    for match in VARIABLE.finditer(text):
        wanted = variable(match[1])
        value = values.get(wanted.name, "")
        if not value:
            missing[wanted.name] = None
            value = wanted.default or fallback.get(wanted.name, "")
        plain += (text[at : match.start()], value)
        html += (_html(text[at : match.start()]), f"<b>{_html(value)}</b>" if value else "")
        at = match.end()
    plain.append(text[at:])
    html.append(_html(text[at:]))
    return Rendered("".join(plain), "".join(html), tuple(missing))


def render_page(script: Script, page: Page, values: Mapping[str, str], language: str) -> Rendered:
    """Write values into a page. A script's own fields have the defaults that it gives them."""
    own = {f"field.{key}": value for key, value in script.fields.items()}
    return render(page.text, values, {**defaults(language), **own})


def _html(text: str) -> str:
    return escape(text).replace("\r\n", "\n").replace("\r", "\n").replace("\n", "<br>")
