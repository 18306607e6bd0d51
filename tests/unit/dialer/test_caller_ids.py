"""Which number a call shows, and when a number is rested."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ringway.dialer.core.caller_ids import Number, Rotation, chance_of_at_most
from ringway.proto.dialer_pool import CallerNumberState, CallerPool, CallerPoolRule

pytestmark = pytest.mark.property

DAY = 86_400.0


def _pool(rule: CallerPoolRule = CallerPoolRule.LEAST_USED, **more: object) -> CallerPool:
    return CallerPool.model_validate({"name": "p", "rule": rule, **more})


def _rotation(*numbers: str, **pool: object) -> Rotation:
    return Rotation(_pool(**pool), [Number(n) for n in numbers])  # type: ignore[arg-type]


def _dials(rotation: Rotation, number: str, answered: int, dials: int, at: float = 0.0) -> list:  # type: ignore[type-arg]
    rests = []
    for n in range(dials):
        # Evenly mixed, so that no prefix of it is worse than the whole.
        is_answered = (n * answered) // dials != ((n + 1) * answered) // dials
        rests.append(rotation.ended(number, is_answered=is_answered, at=at))
    return [r for r in rests if r is not None]


def test_the_least_used_number_is_next() -> None:
    rotation = _rotation("+4420700001", "+4420700002", "+4420700003")
    shown = Counter(rotation.choose("+447700900000", at) for at in range(9))
    assert set(shown.values()) == {3}


def test_numbers_take_turns() -> None:
    rotation = _rotation("+4420700001", "+4420700002", rule=CallerPoolRule.IN_TURN)
    shown = [rotation.choose("+447700900000", at) for at in range(1, 5)]
    assert shown == ["+4420700001", "+4420700002"] * 2


@pytest.mark.parametrize(
    ("called", "shown"),
    [
        ("+442079460000", "+442079000001"),
        ("+441619460000", "+441619000001"),
        ("+4479460000", "+442079000001"),  # nothing near: the least used
    ],
)
def test_a_local_number_is_shown_where_there_is_one(called: str, shown: str) -> None:
    rotation = Rotation(
        _pool(CallerPoolRule.LOCAL_MATCH),
        [Number("+442079000001"), Number("+441619000001", dials_today=5)],
    )
    assert rotation.choose(called, 0) == shown


def test_the_best_answered_number_is_shown_most_and_none_is_forgotten() -> None:
    rotation = _rotation("+4420700001", "+4420700002", rule=CallerPoolRule.BEST_ANSWER_RATE)
    rates = {"+4420700001": 5, "+4420700002": 2}  # in ten
    shown: Counter[str] = Counter()
    for n in range(2000):
        number = rotation.choose("+447700900000", n)
        assert number is not None
        shown[number] += 1
        rotation.ended(number, is_answered=n % 10 < rates[number], at=n)
    assert shown["+4420700001"] > 3 * shown["+4420700002"] > 30


def test_no_number_is_dialed_with_beyond_its_cap() -> None:
    rotation = Rotation(_pool(daily_cap=2), [Number("+4420700001", daily_cap=1), Number("+44207")])
    assert rotation.room() == 3
    shown = [rotation.choose("+447700900000", at) for at in range(5)]
    assert Counter(shown) == {"+4420700001": 1, "+44207": 2, None: 2}
    assert rotation.room() == 0
    rotation.undone("+44207")
    assert rotation.room() == 1
    rotation.new_day()
    assert rotation.room() == 3


def test_a_number_that_is_answered_less_than_the_others_rests_and_a_spare_takes_its_place() -> None:
    spare = Number("+443", state=CallerNumberState.SPARE)
    rotation = Rotation(_pool(rest_days=7), [Number("+441"), Number("+442"), spare])
    assert _dials(rotation, "+441", answered=60, dials=200) == []
    (rest,) = _dials(rotation, "+442", answered=5, dials=100, at=10.0)
    assert rest.number.phone_e164 == "+442"
    assert rest.number.state is CallerNumberState.RESTING
    assert rest.replaced_by is spare
    assert spare.state is CallerNumberState.ACTIVE
    assert rest.rest_until == 10.0 + 7 * DAY
    assert rest.answer_rate < 0.1 < rest.pool_rate == pytest.approx(0.3)
    shown = {rotation.choose("+447700900000", at) for at in range(4)}
    assert shown == {"+441", "+443"}


def test_a_rested_number_comes_back_as_if_new_and_is_flagged_when_rested_too_often() -> None:
    rotation = Rotation(_pool(rests_at_most=1), [Number("+441"), Number("+442")])
    _dials(rotation, "+441", answered=60, dials=200)
    (rest,) = _dials(rotation, "+442", answered=0, dials=100)
    assert rest.rest_until is not None
    assert rotation.wake(rest.rest_until - 1) == []
    (woken,) = rotation.wake(rest.rest_until)
    assert (woken.state, woken.answer_rate) == (CallerNumberState.ACTIVE, None)
    (again,) = _dials(rotation, "+442", answered=0, dials=100)
    assert again.number.state is CallerNumberState.FLAGGED
    assert rotation.wake(math.inf) == []


def test_a_lone_number_is_measured_by_what_the_pool_expects() -> None:
    assert _dials(_rotation("+441"), "+441", answered=0, dials=200) == []
    expecting = _rotation("+441", expected_answer_rate=0.3)
    assert len(_dials(expecting, "+441", answered=0, dials=200)) == 1


@given(good=st.integers(20, 160), dials=st.integers(1, 200))
def test_numbers_that_are_as_good_as_the_others_are_left_alone(good: int, dials: int) -> None:
    rotation = Rotation(_pool(), [Number("+441"), Number("+442")])
    _dials(rotation, "+441", answered=good, dials=200)
    assert _dials(rotation, "+442", answered=good * dials // 200, dials=dials) == [] or good < 30


@given(n=st.integers(1, 60), p=st.floats(0.01, 0.99), k=st.integers(0, 60))
def test_the_tail_is_the_sum_of_the_binomial_terms(n: int, p: float, k: int) -> None:
    slow = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(min(k, n) + 1))
    assert chance_of_at_most(k, n, p) == pytest.approx(min(slow, 1.0), abs=1e-9)


class RotationMachine(RuleBasedStateMachine):
    """Dials, ends, days and rests in any order."""

    @initialize(
        rule_=st.sampled_from(CallerPoolRule),
        cap=st.none() | st.integers(1, 5),
        numbers=st.integers(1, 4),
        spares=st.integers(0, 2),
    )
    def begin(self, rule_: CallerPoolRule, cap: int | None, numbers: int, spares: int) -> None:
        self.at = 0.0
        self.under_way: list[str] = []
        self.today: Counter[str] = Counter()
        pool = _pool(rule_, daily_cap=cap, min_dials=10, expected_answer_rate=0.5)
        kinds = [CallerNumberState.ACTIVE] * numbers + [CallerNumberState.SPARE] * spares
        self.rotation = Rotation(
            pool, [Number(f"+44207{n:04}", state=kind) for n, kind in enumerate(kinds)]
        )

    def _number(self, phone: str) -> Number:
        return next(n for n in self.rotation.numbers if n.phone_e164 == phone)

    @rule(called=st.from_regex(r"\+44[0-9]{6}", fullmatch=True))
    def dial(self, called: str) -> None:
        self.at += 1
        room = self.rotation.room()
        shown = self.rotation.choose(called, self.at)
        usable = any(n.state is CallerNumberState.ACTIVE for n in self.rotation.numbers)
        assert (shown is None) == (room == 0)
        if shown is not None:
            assert usable
            assert self._number(shown).state is CallerNumberState.ACTIVE
            self.today[shown] += 1
            self.under_way.append(shown)

    @rule(is_answered=st.booleans(), times=st.integers(1, 20))
    def end(self, is_answered: bool, times: int) -> None:
        for shown in self.under_way[:times]:
            before = sum(n.state is CallerNumberState.ACTIVE for n in self.rotation.numbers)
            rest = self.rotation.ended(shown, is_answered=is_answered, at=self.at)
            after = sum(n.state is CallerNumberState.ACTIVE for n in self.rotation.numbers)
            if rest is None:
                assert after == before
            else:
                assert after == before - 1 + (rest.replaced_by is not None)
        del self.under_way[:times]

    @rule()
    def give_back(self) -> None:
        if self.under_way:
            shown = self.under_way.pop()
            self.rotation.undone(shown)
            if self.today[shown]:
                self.today[shown] -= 1

    @rule()
    def next_day(self) -> None:
        self.at += DAY
        self.today.clear()
        self.rotation.new_day()
        for number in self.rotation.wake(self.at):
            assert number.state is CallerNumberState.ACTIVE

    @invariant()
    def caps_hold(self) -> None:
        if not hasattr(self, "rotation"):
            return
        for number in self.rotation.numbers:
            assert number.dials_today == self.today[number.phone_e164]
            if self.rotation.pool.daily_cap is not None:
                assert number.dials_today <= self.rotation.pool.daily_cap


TestRotation = RotationMachine.TestCase
