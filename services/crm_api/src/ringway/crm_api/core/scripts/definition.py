"""What an agent's talk script is: pages with variables, and answers that lead on to others."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from ringway.proto.exact import Exact

MOST_PAGES = 100
MOST_ANSWERS = 12
MOST_FIELDS = 50
MOST_CHARS = 4_000  # of one page

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$")
]
VARIABLE = re.compile(r"\{\{([^{}]{0,300})\}\}")
_NAME = re.compile(r"^([a-z]+)\.([a-z][A-Za-z0-9_]{0,63}|data\.[^.|{}\s]{1,100})$")
KNOWN = frozenset(
    {
        "customer.name",
        "customer.surname",
        "customer.title",
        "customer.salutation",
        "customer.phone",
        "customer.grade",
        "agent.name",
        "agent.number",
        "enterprise.name",
    }
)


class _Part(Exact):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Answer(_Part):
    """What the customer may say, and the page that it leads to; null: the talk ends."""

    label: Words = Field(min_length=1, max_length=200, examples=["Yes"])
    to: Key | None = Field(default=None, examples=["offer"])


class Page(_Part):
    """What the agent says. Without answers the talk ends here."""

    title: Words = Field(default="", max_length=200, examples=["Greeting"])
    text: Words = Field(
        min_length=1,
        max_length=MOST_CHARS,
        description="With variables such as `{{customer.salutation}}` or `{{customer.name|you}}`.",
        examples=["Good morning {{customer.salutation}}, this is {{agent.name}}."],
    )
    answers: tuple[Answer, ...] = Field(default=(), max_length=MOST_ANSWERS)


class Script(_Part):
    """A whole script. ``fields`` are its own variables ({{field.x}}) with their defaults."""

    start: Key = Field(examples=["hello"])
    pages: dict[Key, Page] = Field(min_length=1, max_length=MOST_PAGES)
    fields: dict[Key, Annotated[Words, Field(max_length=500)]] = Field(
        default_factory=dict, max_length=MOST_FIELDS
    )

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        faults = faults_of(self)
        if faults:
            raise ValueError("; ".join(faults[:5]))
        return self


class Variable(_Part):
    """One place of a text that something is written into."""

    name: str
    default: str = ""


class VariableInvalid(ValueError):
    """What stands between the braces is no variable."""


def variable(inside: str) -> Variable:
    """Return the variable that stands between two pairs of braces.

    Raises:
        VariableInvalid: It is none.
    """
    name, _, default = inside.partition("|")
    name = name.strip()
    match = _NAME.match(name)
    is_field = match is not None and match[1] == "field" and not match[2].startswith("data.")
    is_data = match is not None and match[1] == "customer" and match[2].startswith("data.")
    if not (name in KNOWN or is_field or is_data):
        raise VariableInvalid(f"{{{{{name}}}}} is no variable")
    return Variable(name=name, default=default.strip())


def faults_of(script: Script) -> list[str]:
    """Return what is wrong with a script, for whoever writes it; nothing when it is sound.

    Every page is reached from the start, and from every page the talk can end.
    """
    if script.start not in script.pages:
        return [f"start: there is no page {script.start}"]
    faults = [
        f"pages.{key}.answers.{n}: there is no page {answer.to}"
        for key, page in script.pages.items()
        for n, answer in enumerate(page.answers)
        if answer.to is not None and answer.to not in script.pages
    ]
    for key, page in script.pages.items():
        faults += [f"pages.{key}.text: {fault}" for fault in _faults_of_text(page.text, script)]
    if faults:
        return faults
    faults += [f"pages.{key}: nothing leads to it" for key in _unreached(script)]
    faults += [f"pages.{key}: the talk never ends from here" for key in _endless(script)]
    return faults


def _faults_of_text(text: str, script: Script) -> list[str]:
    faults = []
    for match in VARIABLE.finditer(text):
        try:
            found = variable(match[1])
        except VariableInvalid as fault:
            faults.append(str(fault))
            continue
        kind, _, name = found.name.partition(".")
        if kind == "field" and name not in script.fields:
            faults.append(f"{{{{{found.name}}}}}: name it in fields, with its default")
    rest = VARIABLE.sub("", text)
    if "{{" in rest or "}}" in rest:
        faults.append("braces without a variable between them")
    return faults


def _unreached(script: Script) -> list[str]:
    reached, todo = {script.start}, [script.start]
    while todo:
        for answer in script.pages[todo.pop()].answers:
            if answer.to is not None and answer.to not in reached:
                reached.add(answer.to)
                todo.append(answer.to)
    return [key for key in script.pages if key not in reached]


def _endless(script: Script) -> list[str]:
    before: dict[str, list[str]] = {key: [] for key in script.pages}
    todo = []
    for key, page in script.pages.items():
        if not page.answers or any(answer.to is None for answer in page.answers):
            todo.append(key)
        for answer in page.answers:
            if answer.to is not None:
                before[answer.to].append(key)
    ending = set(todo)
    while todo:
        for key in before[todo.pop()]:
            if key not in ending:
                ending.add(key)
                todo.append(key)
    return [key for key in script.pages if key not in ending]


class BindingKind(StrEnum):
    """What a script may be for, the most telling first."""

    CAMPAIGN = "campaign"
    QUEUE = "queue"
    SERVICE_NUMBER = "service_number"  # the number that was called
    BUSINESS_TYPE = "business_type"
    SITUATION = "situation"  # such as "complaint": a word that the agent looks for


class Binding(_Part):
    """One thing that a script is for."""

    kind: BindingKind
    value: Words = Field(min_length=1, max_length=128, examples=["complaint"])
