"""Who a number belongs to, and what he does."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.proto.trainer import Persona, PersonaKind, PersonaRule
from ringway.trainer.core.persona import InvalidScenario, Scenario, plan_of
from ringway.trainer.core.talking import RINGBACK

pytestmark = pytest.mark.property

numbers = st.from_regex(r"\+[1-9][0-9]{5,12}", fullmatch=True)
bounds = st.tuples(st.floats(0, 10), st.floats(0, 10))
personas = st.builds(
    Persona,
    kind=st.sampled_from(PersonaKind),
    ring_s=bounds,
    talk_s=bounds,
    stays=st.booleans(),
    early_media=st.booleans(),
    keys=st.text("0123456789*#", max_size=4),
)


@given(numbers, st.integers(), st.lists(st.tuples(st.floats(0.1, 9), personas), min_size=1))
def test_the_same_number_and_seed_give_the_same_behaviour(
    number: str, seed: int, mix: list[tuple[float, Persona]]
) -> None:
    rules = (PersonaRule(pattern=".*", mix=tuple(mix)),)
    plan = Scenario(rules, seed=seed).plan(number)
    assert plan == Scenario(rules, seed=seed).plan(number)
    assert plan.persona in {persona.kind for _, persona in mix}


@given(numbers, st.integers(), personas)
def test_a_plan_keeps_the_bounds_of_its_persona(number: str, seed: int, persona: Persona) -> None:
    plan = Scenario((PersonaRule(pattern=".*", mix=((1, persona),)),), seed=seed).plan(number)
    low, high = sorted(persona.ring_s)
    if plan.refuse_with is None and plan.persona is not PersonaKind.NO_ANSWER:
        assert plan.ring_s is not None
        assert low <= plan.ring_s <= high
        assert (plan.hang_up_after_s is None) == persona.stays
    else:
        assert plan.hang_up_after_s is None
        assert not plan.script
    assert (plan.ring_s is None) == (persona.kind is PersonaKind.NO_ANSWER)


def test_the_first_matching_rule_decides_and_the_whole_number_must_match() -> None:
    busy, gone = Persona(kind=PersonaKind.BUSY), Persona(kind=PersonaKind.INVALID_NUMBER)
    one = PersonaRule(pattern=r"\+861", mix=((1, busy),))
    many = PersonaRule(pattern=r"\+86.*", mix=((1, gone),))
    scenario = Scenario((one, many))
    assert scenario.plan("+861").persona is PersonaKind.BUSY
    assert scenario.plan("+8612").persona is PersonaKind.INVALID_NUMBER
    assert scenario.plan("+49").persona is PersonaKind.ANSWERS
    assert not scenario.matches("+49")


def test_weights_decide_how_often_each_persona_comes() -> None:
    mix = ((3.0, Persona(kind=PersonaKind.BUSY)), (1.0, Persona(kind=PersonaKind.NO_ANSWER)))
    scenario = Scenario((PersonaRule(pattern=".*", mix=mix),), seed=5)
    counts = Counter(scenario.plan(f"+86{n:09}").persona for n in range(2000))
    assert 0.7 < counts[PersonaKind.BUSY] / 2000 < 0.8


@pytest.mark.parametrize(
    ("pattern", "weight"), [("(", 1.0), ("1", 0.0), ("1", -1.0), ("1", float("inf"))]
)
def test_a_wrong_scenario_is_refused_whole(pattern: str, weight: float) -> None:
    mix = ((weight, Persona(kind=PersonaKind.BUSY)),)
    with pytest.raises(InvalidScenario):
        Scenario((PersonaRule(pattern=pattern, mix=mix),))


def test_an_announcement_is_heard_before_any_answer() -> None:
    rng = random.Random(1)
    spoken = plan_of(Persona(kind=PersonaKind.NO_ANSWER, announces=3), rng)
    assert (spoken.early_media, spoken.ring_s) == (True, None)
    first = spoken.early_script[0]
    assert (first.is_speech, first.variant) == (True, 3)
    warned = plan_of(Persona(kind=PersonaKind.NO_ANSWER, announces=3, is_announcement=True), rng)
    assert [round(say.hz) for say in warned.early_script[:3]] == [950, 1400, 1800]
    usual = plan_of(Persona(kind=PersonaKind.NO_ANSWER, early_media=True), rng)
    assert usual.early_script == RINGBACK
