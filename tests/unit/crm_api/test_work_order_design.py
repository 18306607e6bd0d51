"""Designs are checked as a whole: what passes can be ended, and never turns by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringway.crm_api.core.work_orders.check import check
from ringway.crm_api.core.work_orders.design import (
    Assign,
    AssignKind,
    Design,
    Party,
    PartyKind,
    Step,
    StepKind,
    Timer,
    TimerKind,
    Transition,
)
from ringway.crm_api.core.work_orders.shipped import DESIGNS, TYPES, AcceptanceKind
from ringway.crm_api.work_orders.schemas import ActBody, OrderBody
from ringway.crm_api.work_orders.type_schemas import DesignBody, TypeBody

pytestmark = pytest.mark.unit


def _step(key: str, kind: StepKind = StepKind.OPEN, *timers: Timer) -> Step:
    return Step(key=key, name_en=key, kind=kind, timers=timers)


def _way(key: str, sources: str, to: str, **more: Any) -> Transition:
    return Transition(key=key, name_en=key, sources=tuple(sources), to=to, **more)


def _moves(key: str, to: str) -> Timer:
    return Timer(key=key, after_s=60, kind=TimerKind.MOVE, to=to)


_TELL = (Party(kind=PartyKind.ASSIGNEE),)
_GOOD = Design(
    start="a",
    steps=(_step("a"), _step("b", StepKind.WAITING, _moves("m", "a")), _step("z", StepKind.DONE)),
    transitions=(_way("go", "a", "b"), _way("end", "ab", "z")),
)


def test_what_is_shipped_can_be_used_in_both_languages() -> None:
    designs = {each.key for each in DESIGNS}
    for each in DESIGNS:
        assert check(each.design) == []
        assert all(step.name_en and step.name_zh for step in each.design.steps)
        assert all(way.name_en and way.name_zh for way in each.design.transitions)
    assert {each.kind for each in TYPES} == set(AcceptanceKind)
    assert all(each.design in designs and each.name_zh for each in TYPES)


def test_what_the_guide_shows_can_be_used() -> None:
    guide = Path(__file__).resolve().parents[3] / "docs" / "howto" / "work-orders.md"
    text = re.sub(r"'\$[A-Z_]+'", str(uuid4()), guide.read_text(encoding="utf-8"))
    shown = [orjson.loads(body) for body in re.findall(r"-d '(\{.*?\})'", text, re.DOTALL)]
    assert len(shown) == 5
    assert check(DesignBody.model_validate(shown[0]).design) == []
    TypeBody.model_validate(shown[1])
    OrderBody.model_validate(shown[2])
    for body in shown[3:]:
        ActBody.model_validate(body)


def _with(**changed: Any) -> Design:
    return _GOOD.model_copy(update=changed)


def _steps(*steps: Step) -> Callable[[], Design]:
    return lambda: _with(steps=(*_GOOD.steps, *steps))


def _ways(*ways: Transition) -> Callable[[], Design]:
    return lambda: _with(transitions=(*_GOOD.transitions, *ways))


def _timer(**more: Any) -> Callable[[], Design]:
    timer = Timer(**{"key": "t", "after_s": 1, "kind": TimerKind.REMIND, "tell": _TELL, **more})
    return lambda: _with(steps=(_step("a", StepKind.OPEN, timer), *_GOOD.steps[1:]))


@pytest.mark.parametrize(
    ("make", "where", "code"),
    [
        (lambda: _with(start="x"), "start", "step_unknown"),
        (lambda: _with(start="z"), "start", "start_is_end"),
        (lambda: _with(reopen_to="z"), "reopen_to", "start_is_end"),
        (_steps(_step("a")), "steps.3.key", "step_twice"),
        (_steps(_step("c")), "steps.3", "unreachable"),
        (_ways(_way("x", "a", "nowhere")), "transitions.2.to", "step_unknown"),
        (_ways(_way("x", "q", "a")), "transitions.2.sources.0", "step_unknown"),
        (_ways(_way("x", "z", "a")), "transitions.2.sources.0", "end_has_way_out"),
        (_ways(_way("end", "b", "a")), "transitions.2.sources.0", "action_twice"),
        (_timer(kind=TimerKind.MOVE), "steps.0.timers.0.to", "timer_incomplete"),
        (_timer(to="b"), "steps.0.timers.0.to", "timer_incomplete"),
        (_timer(tell=()), "steps.0.timers.0.tell", "timer_incomplete"),
        (_timer(kind=TimerKind.MOVE, to="q"), "steps.0.timers.0.to", "step_unknown"),
        (_timer(kind=TimerKind.MOVE, to="b"), "steps.0.timers", "timer_loop"),
        (_timer(kind=TimerKind.MOVE, to="a"), "steps.0.timers", "timer_loop"),
        (
            _timer(assign=Assign(kind=AssignKind.CREATOR)),
            "steps.0.timers.0.assign",
            "timer_incomplete",
        ),
        (
            lambda: _with(steps=(*_GOOD.steps[:2], _step("z", StepKind.DONE, _moves("m", "a")))),
            "steps.2.timers.0",
            "end_has_timer",
        ),
        (
            lambda: _with(steps=(_step("a"), _step("b"), _step("z", StepKind.CANCELLED))),
            "steps",
            "no_done",
        ),
        (
            lambda: _with(
                steps=(*_GOOD.steps, _step("c")),
                transitions=(*_GOOD.transitions, _way("trap", "a", "c"), _way("again", "c", "c")),
            ),
            "steps.3",
            "no_way_out",
        ),
        (
            lambda: _with(
                steps=(*_GOOD.steps, _step("c"), _step("d")),
                transitions=(
                    *_GOOD.transitions,
                    _way("trap", "a", "c"),
                    _way("on", "c", "d"),
                    _way("back", "d", "c"),
                ),
            ),
            "steps.3",
            "no_end",
        ),
        (
            _ways(_way("x", "a", "b", assign=Assign(kind=AssignKind.USER))),
            "transitions.2.assign.user_id",
            "assign_incomplete",
        ),
        (
            _ways(_way("x", "a", "b", assign=Assign(kind=AssignKind.CREATOR, team_id=uuid4()))),
            "transitions.2.assign.team_id",
            "assign_incomplete",
        ),
        (
            _ways(_way("x", "a", "b", tell=(Party(kind=PartyKind.ROLE),))),
            "transitions.2.tell.0.id",
            "party_incomplete",
        ),
        (
            _ways(_way("x", "a", "b", tell=(Party(kind=PartyKind.USER, id="ann"),))),
            "transitions.2.tell.0.id",
            "party_incomplete",
        ),
    ],
)
def test_a_flaw_is_named_with_its_place(make: Callable[[], Design], where: str, code: str) -> None:
    assert check(_GOOD) == []
    assert (where, code) in {(flaw.where, flaw.code) for flaw in check(make())}


_KEYS = "abcde"


@st.composite
def _designs(draw: st.DrawFn) -> Design:
    kinds = draw(st.lists(st.sampled_from(list(StepKind)), min_size=2, max_size=5))
    keys = _KEYS[: len(kinds)]
    key = st.sampled_from(keys)
    steps = tuple(
        _step(
            name,
            kind,
            *(
                _moves(f"m{n}", to)
                for n, to in enumerate([] if kind.is_end else draw(st.lists(key, max_size=1)))
            ),
        )
        for name, kind in zip(keys, kinds, strict=True)
    )
    open_keys = [name for name, kind in zip(keys, kinds, strict=True) if not kind.is_end] or ["a"]
    ways = draw(st.lists(st.tuples(st.sampled_from(open_keys), key), min_size=1, max_size=8))
    transitions = tuple(_way(f"t{n}", source, to) for n, (source, to) in enumerate(ways))
    return Design(start="a", steps=steps, transitions=transitions)


@given(_designs())
@settings(max_examples=300, deadline=None)
def test_what_passes_can_always_be_ended_and_never_turns_by_itself(design: Design) -> None:
    if check(design):
        return
    ends = {step.key for step in design.steps if step.kind.is_end}
    for step in design.steps:
        at, walked = {step.key}, set[str]()
        while not at & ends:
            assert not at <= walked, f"from {step.key} no end is reached"
            walked |= at
            at = at | {
                t.to for t in design.transitions if any(source in at for source in t.sources)
            }
            for each in design.steps:
                if each.key in at:
                    at |= {timer.to for timer in each.timers if timer.to is not None}
        moved: str | None = step.key
        for _ in range(len(design.steps)):
            here = design.step(moved or "")
            moved = next((t.to for t in here.timers if t.to), None) if here is not None else None
        assert moved is None, f"timers alone turn from {step.key}"
