"""Agents' talk scripts: soundness, values in texts, and which script is for a call."""

from __future__ import annotations

from dataclasses import dataclass
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ringway.crm_api.core.scripts.choice import fit, fitting
from ringway.crm_api.core.scripts.definition import (
    Answer,
    Binding,
    BindingKind,
    Page,
    Script,
    faults_of,
)
from ringway.crm_api.core.scripts.render import (
    Person,
    defaults,
    render,
    render_page,
    salutation,
    surname,
    title,
)

pytestmark = pytest.mark.unit

_KEYS = st.sampled_from("abcde")
_PAGES = st.dictionaries(
    _KEYS,
    st.lists(st.none() | _KEYS, max_size=3).map(
        lambda ways: Page(text="x", answers=tuple(Answer(label="y", to=to) for to in ways))
    ),
    min_size=1,
    max_size=5,
)


@given(_KEYS, _PAGES)
def test_what_is_sound_is_reached_and_ends(start: str, pages: dict[str, Page]) -> None:
    script = Script.model_construct(start=start, pages=pages, fields={})
    is_sound = not faults_of(script)
    ways = {key: [answer.to for answer in page.answers] or [None] for key, page in pages.items()}
    known = start in pages and all(
        to is None or to in pages for each in ways.values() for to in each
    )

    def reached(begin: str) -> set[str | None]:
        found: set[str | None] = {begin}
        for _ in pages:
            found |= {to for key in found if key is not None for to in ways[key]}
        return found

    expected = known and reached(start) >= set(pages) and all(None in reached(key) for key in pages)
    assert is_sound == expected


def _script(text: str, **more: object) -> Script:
    return Script.model_validate({"start": "a", "pages": {"a": {"text": text}}, **more})


def test_variables_that_nobody_knows_are_refused() -> None:
    for bad in (
        "{{customer.password}}",
        "{{x}}",
        "{{field.x}}",
        "{{ }}",
        "{{customer.name",
        "}}",
        "{{agent.data.x}}",
        "{{customer.__class__}}",
    ):
        with pytest.raises(ValidationError):
            _script(bad)
    _script("{{ customer.name | you }} {{customer.data.city}} {{field.x}}", fields={"x": "y"})


_TEXTS = st.text(st.sampled_from("ab<>&\"'{}|. \n王{{customer.name}}"), max_size=30)


@given(_TEXTS, _TEXTS)
def test_values_are_written_as_they_are_and_mean_nothing(name: str, city: str) -> None:
    values = {"customer.name": name, "customer.data.city": city}
    said = render("<i>{{customer.name}}</i> in {{customer.data.city|?}}", values, {})
    assert said.text == f"<i>{name}</i> in {city or '?'}"
    inner = said.html.replace("<b>", "").replace("</b>", "").replace("<br>", "\n")
    assert "<" not in inner
    assert unescape(inner) == said.text
    assert set(said.missing) == {key for key, value in values.items() if not value}


def test_what_is_missing_has_the_nearest_default() -> None:
    script = _script(
        "{{field.gift}}, {{customer.name|friend}}, {{customer.salutation}}",
        fields={"gift": "a mug"},
    )
    page = script.pages["a"]
    assert render_page(script, page, {}, "en").text == "a mug, friend, Sir or Madam"
    values = {"field.gift": "a pen", "customer.name": "Ann", "customer.salutation": "Ms Lee"}
    assert render_page(script, page, values, "en").text == "a pen, Ann, Ms Lee"
    assert set(defaults("zh")) == {"customer.salutation", "customer.title", "customer.name"}


@pytest.mark.parametrize(
    ("name", "sex", "zh", "en"),
    [
        ("王小明", "male", "王先生", "Mr 王"),
        ("欧阳娜娜", "female", "欧阳女士", "Ms 欧阳"),
        ("欧阳", "female", "欧女士", "Ms 欧"),
        ("Ann Smith", "female", "Smith女士", "Ms Smith"),
        ("王小明", None, "王小明", "王小明"),
        ("", "male", "先生", "Mr"),
        ("", "other", "", ""),
    ],
)
def test_people_are_addressed_by_their_sex(name: str, sex: str | None, zh: str, en: str) -> None:
    assert salutation(Person(name, sex), "zh") == zh
    assert salutation(Person(name, sex), "en") == en


def test_names_without_a_title() -> None:
    assert title(Person("Kim", "other"), "en") == ""
    assert surname(" Ann  Smith ") == "Smith"
    assert surname("") == ""


@dataclass
class _Bound:
    name: str
    bindings: list[Binding]


def test_the_most_exact_script_is_for_a_call() -> None:
    campaign = Binding(kind=BindingKind.CAMPAIGN, value="c1")
    queues = [Binding(kind=BindingKind.QUEUE, value=each) for each in ("q1", "q2")]
    complaint = Binding(kind=BindingKind.SITUATION, value="complaint")
    scripts = [
        _Bound("any", []),
        _Bound("queue", queues),
        _Bound("both", [*queues, complaint]),
        _Bound("campaign", [campaign]),
    ]

    def found(**call: str) -> list[str]:
        known = {BindingKind(kind): value for kind, value in call.items()}
        return [each.name for each in fitting(scripts, known)]

    assert found() == ["any"]
    assert found(queue="q2") == ["queue", "any"]
    assert found(queue="q2", situation="Complaint") == ["both", "queue", "any"]
    assert found(queue="q2", situation="complaint", campaign="c1") == [
        "campaign",
        "both",
        "queue",
        "any",
    ]
    assert fit([campaign], {BindingKind.QUEUE: "c1"}) is None
