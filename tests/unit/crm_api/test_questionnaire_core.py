"""Whatever is designed and answered, a published questionnaire ends and leaves nothing out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringway.crm_api.core.questionnaires.answers import (
    Answer,
    AnswerRefused,
    checked,
    from_keys,
    is_by_phone,
    keys_of,
    leads_to,
)
from ringway.crm_api.core.questionnaires.check import faults, possible
from ringway.crm_api.core.questionnaires.design import END, QuestionnaireDesign
from ringway.crm_api.core.questionnaires.walk import after, walk

pytestmark = pytest.mark.unit

_KEYS = ("q1", "q2", "q3", "q4", "q5")


def question(key: str, kind: str = "single", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"key": key, "kind": kind, "texts": {"en": key}, **more}
    if kind in ("single", "multiple"):
        made.setdefault("choices", [choice(value, n) for n, value in enumerate("abc")])
    if kind == "key":
        made.setdefault("choices", [choice(value) for value in "12*"])
    return made


def choice(value: str, score: float = 0) -> dict[str, Any]:
    return {"value": value, "texts": {"en": value}, "score": score}


def design(*questions: dict[str, Any]) -> QuestionnaireDesign:
    return QuestionnaireDesign.model_validate({"languages": ["en"], "questions": list(questions)})


@st.composite
def _designs(draw: st.DrawFn, *, forward: bool = False) -> QuestionnaireDesign:
    """Any design with good references; most have rings or dead ends unless all lead forward."""
    keys = _KEYS[: draw(st.integers(1, len(_KEYS)))]
    made = []
    for n, key in enumerate(keys):
        targets = st.sampled_from([*(keys[n + 1 :] if forward else keys), END])
        kind = draw(st.sampled_from(["single", "multiple", "scale", "number", "text", "key"]))
        when = {
            "single": st.tuples(st.just("equals"), st.sampled_from("abc")),
            "key": st.tuples(st.just("equals"), st.sampled_from("12*")),
            "multiple": st.tuples(st.just("includes"), st.sampled_from("abc")),
            "scale": st.tuples(st.sampled_from(["equals", "at_least", "at_most"]),
                               st.integers(-1, 11)),
            "number": st.tuples(st.sampled_from(["equals", "at_least", "at_most"]),
                                st.integers(-1, 11)),
            "text": st.tuples(st.just("skipped"), st.none()),
        }[kind]  # fmt: skip
        branches = [
            {"when": op, "value": value, "next": draw(targets)}
            for op, value in draw(st.lists(when, max_size=2))
        ]
        more = {
            "required": draw(st.booleans()),
            "branches": branches,
            "next": None if forward else draw(st.none() | targets),
            "min_choices": draw(st.integers(1, 3)),
        }
        made.append(question(key, kind, **more))
    return design(*made)


def _some(draw: Any, asked: Any) -> Answer:
    answers: list[Answer] = list(possible(asked))
    return draw(st.sampled_from(answers))  # type: ignore[no-any-return]


@given(_designs(forward=True), st.data())
@settings(max_examples=100, deadline=None)
def test_a_design_without_faults_ends_and_reaches_everything(
    made: QuestionnaireDesign, data: Any
) -> None:
    if faults(made):
        return  # what is refused may do anything
    # Any answers: it ends, no later than with each question asked once.
    answers: dict[str, Answer] = {}
    for _ in range(len(made.questions)):
        position = walk(made, answers).position
        if position is None:
            break
        asked = made.question(position)
        assert asked is not None
        answers[position] = _some(data.draw, asked)
    assert walk(made, answers).is_finished
    # And each question is asked of somebody.
    reached, waiting = {made.questions[0].key}, [made.questions[0]]
    while waiting:
        here = waiting.pop()
        for answer in possible(here):
            target = made.question(leads_to(made, here, answer))
            if target is not None and target.key not in reached:
                reached.add(target.key)
                waiting.append(target)
    assert reached == {each.key for each in made.questions}


@given(_designs())
@settings(max_examples=80, deadline=None)
def test_faults_are_never_missed(made: QuestionnaireDesign) -> None:
    """All whole-number answers and all sets are tried here, not only those at the borders."""
    rings = False
    ways: dict[str, set[str]] = {}
    for asked in made.questions:
        every: list[Any] = [None, "x", *"abc12*", *range(-2, 13)]
        every += [[v for v, has in zip("abc", bits, strict=True) if has] for bits in _BITS]
        ways[asked.key] = set()
        for given_answer in every:
            try:
                answer = checked(asked, given_answer)
            except AnswerRefused:
                continue
            ways[asked.key].add(leads_to(made, asked, answer))

    def visit(key: str, trail: tuple[str, ...]) -> None:
        nonlocal rings
        if key in trail:
            rings = True
            return
        for target in ways[key] - {END}:
            if not rings:
                visit(target, (*trail, key))

    visit(made.questions[0].key, ())
    codes = {each.code for each in faults(made)}
    if rings and not codes & {"branch_invalid"}:
        assert "way_never_ends" in codes


_BITS = [(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)]


def test_a_correction_takes_another_way_and_comes_back() -> None:
    made = design(
        question("q1", branches=[{"when": "equals", "value": "a", "next": "q3"}]),
        question("q2"),
        question("q3", "scale", maximum=5, points=2),
    )
    assert faults(made) == []
    answers: dict[str, Answer] = {"q1": "b", "q2": "c", "q3": 4}
    assert walk(made, answers).path == ("q1", "q2", "q3")
    assert walk(made, answers).score == 1 + 2 + 8
    answers["q1"] = "a"
    short = walk(made, answers)
    assert (short.path, short.score, short.is_finished) == (("q1", "q3"), 8, True)
    answers["q1"] = "b"
    assert walk(made, answers).path == ("q1", "q2", "q3")
    assert after(made, answers, "q1") == "q2"
    assert after(made, answers, "q3") is None


@pytest.mark.parametrize(
    ("questions", "code"),
    [
        ([question("q1", next="q9")], "next_unknown"),
        ([question("q1", next="q1")], "way_never_ends"),
        ([question("q1"), question("q2", next="q1")], "way_never_ends"),
        ([question("q1", next="end"), question("q2")], "question_unreachable"),
        ([question("q1"), question("q1")], "key_repeated"),
        ([question("end")], "key_reserved"),
        ([question("q1", choices=[])], "choices_missing"),
        ([question("q1", choices=[choice("a"), choice("a")])], "choice_repeated"),
        ([question("q1", "key", choices=[choice("a")])], "key_invalid"),
        ([question("q1", "text", choices=[choice("a")])], "choices_unused"),
        ([question("q1", "number", minimum=2, maximum=1)], "range_empty"),
        ([question("q1", "scale", minimum=0, maximum=100)], "scale_too_long"),
        ([question("q1", "multiple", min_choices=4)], "range_empty"),
        ([question("q1", texts={"zh": "x"})], "text_missing"),
        ([question("q1", branches=[{"when": "equals", "value": "z", "next": "end"}])],
         "branch_invalid"),
        ([question("q1", branches=[{"when": "at_least", "value": 1, "next": "end"}])],
         "branch_invalid"),
        ([question("q1", branches=[{"when": "skipped", "next": "end"}])], "branch_never_taken"),
        ([question("q1", "number", branches=[{"when": "at_least", "value": 3, "next": "end"},
                                             {"when": "equals", "value": 7, "next": "end"}])],
         "branch_never_taken"),
    ],
)  # fmt: skip
def test_each_fault_is_named(questions: list[dict[str, Any]], code: str) -> None:
    assert code in {each.code for each in faults(design(*questions))}


def test_keys_of_the_telephone_are_answers() -> None:
    made = design(
        question("q1"),
        question("q2", "multiple", max_choices=2),
        question("q3", "scale", minimum=1, maximum=5),
        question("q4", "key", required=False),
    )
    assert is_by_phone(made)
    one, some, scale, key = made.questions
    assert keys_of(one) == {"1": "a", "2": "b", "3": "c"}
    assert from_keys(one, "2") == "b"
    assert from_keys(some, "31") == ["a", "c"]
    assert from_keys(scale, "05") == 5
    assert from_keys(key, "*") == "*"
    assert from_keys(key, "") is None
    for asked, pressed in ((one, "4"), (one, ""), (one, "12"), (some, "123"), (some, "9"),
                           (scale, "6"), (scale, "*"), (scale, "²"), (key, "3")):  # fmt: skip
        with pytest.raises(AnswerRefused):
            from_keys(asked, pressed)
    assert not is_by_phone(design(question("q1", "text")))
    assert not is_by_phone(design(question("q1", choices=[choice(f"v{n}") for n in range(10)])))


@given(_designs(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
@settings(max_examples=100, deadline=None)
def test_an_answer_is_kept_or_refused(made: QuestionnaireDesign, given_answer: object) -> None:
    for asked in made.questions:
        try:
            kept = checked(asked, given_answer)
        except AnswerRefused:
            continue
        assert checked(asked, kept) == kept
