"""Which of a lead's numbers is dialed next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.dialer.core import retry
from ringway.dialer.core.numbers import (
    Instead,
    Number,
    NumberState,
    after_attempt,
    after_refusal,
)
from ringway.dialer.core.retry import Closed, ClosedReason, DialAgain
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import RetryRule

pytestmark = pytest.mark.unit

A, B, C = "+441", "+442", "+443"
NOW = datetime(2035, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def numbers(*states: str) -> list[Number]:
    return [Number(f"+44{n}", NumberState(state)) for n, state in enumerate(states, 1)]


def rule(disposition: D, no: int = 1, max_attempts: int = 5) -> DialAgain | Closed:
    return retry.after(disposition, attempt_no=no, max_attempts=max_attempts)


def test_after_an_invalid_number_the_next_one_is_dialed_soon() -> None:
    turn = after_attempt(numbers("open", "open"), A, D.INVALID_NUMBER, rule(D.INVALID_NUMBER))
    assert (turn.state, turn.next_number) == (NumberState.DEAD, B)
    assert turn.then == DialAgain(5.0)


def test_the_last_invalid_number_closes_the_lead() -> None:
    turn = after_attempt(numbers("dead", "open"), B, D.INVALID_NUMBER, rule(D.INVALID_NUMBER))
    assert turn.next_number is None
    assert turn.then == Closed(ClosedReason.INVALID)


def test_an_invalid_number_is_dead_whatever_the_retry_rule() -> None:
    turn = after_attempt(numbers("open", "dnc"), A, D.INVALID_NUMBER, DialAgain(60))
    assert turn.state is NumberState.DEAD
    assert turn.then == Closed(ClosedReason.INVALID)


@pytest.mark.parametrize("disposition", [D.NO_ANSWER, D.BUSY, D.MACHINE])
def test_nobody_there_leads_to_the_next_number_by_the_retry_rule(disposition: D) -> None:
    then = rule(disposition)
    turn = after_attempt(numbers("open", "dead", "open"), A, disposition, then)
    assert (turn.state, turn.next_number, turn.then) == (NumberState.OPEN, C, then)


def test_numbers_go_round() -> None:
    turn = after_attempt(numbers("open", "open"), B, D.NO_ANSWER, DialAgain(9))
    assert turn.next_number == A


@pytest.mark.parametrize("disposition", [D.FAILED, D.CONGESTION, D.LOST, D.CANCELLED])
def test_a_fault_of_ours_says_nothing_about_the_number(disposition: D) -> None:
    turn = after_attempt(numbers("open", "open"), A, disposition, rule(disposition))
    assert (turn.state, turn.next_number) == (NumberState.OPEN, None)


@pytest.mark.parametrize("disposition", [D.CONNECTED, D.SERVED, D.ABANDONED, D.REJECTED])
def test_who_was_reached_is_not_called_elsewhere(disposition: D) -> None:
    turn = after_attempt(numbers("open", "open"), A, disposition, rule(disposition))
    assert turn.next_number is None
    assert isinstance(turn.then, Closed)


def test_a_rule_that_is_used_up_ends_the_number_and_not_the_lead() -> None:
    rules = [RetryRule(disposition=D.NO_ANSWER, delay_s=60, max_attempts=1)]
    then = retry.after(D.NO_ANSWER, attempt_no=1, max_attempts=3, rules=rules)
    assert then == Closed(ClosedReason.EXHAUSTED)
    turn = after_attempt(numbers("open", "open"), A, D.NO_ANSWER, then)
    assert (turn.state, turn.next_number, turn.then) == (NumberState.DONE, B, DialAgain(60))


@pytest.mark.parametrize("disposition", [D.INVALID_NUMBER, D.NO_ANSWER])
def test_the_campaigns_limit_of_attempts_ends_the_lead(disposition: D) -> None:
    turn = after_attempt(numbers("open", "open"), A, disposition, rule(disposition, 2, 2))
    assert turn.next_number is None
    assert turn.then == Closed(ClosedReason.EXHAUSTED)


def test_a_number_that_is_not_the_leads_changes_none() -> None:
    turn = after_attempt(numbers("dead", "dead"), "+49", D.NO_ANSWER, DialAgain(9))
    assert turn.next_number is None
    assert turn.then == DialAgain(9)


@given(
    st.lists(st.sampled_from([*NumberState]), min_size=2, max_size=9),
    st.integers(0, 8),
    st.sampled_from([*D]),
    st.integers(1, 5),
)
def test_only_an_open_number_is_ever_dialed_next(
    states: list[NumberState], at: int, disposition: D, attempt_no: int
) -> None:
    all_of = numbers(*states)
    dialed = all_of[at % len(all_of)].phone_e164
    turn = after_attempt(all_of, dialed, disposition, rule(disposition, attempt_no))
    if turn.next_number is not None:
        chosen = next(n for n in all_of if n.phone_e164 == turn.next_number)
        assert chosen.state is NumberState.OPEN
        assert chosen.phone_e164 != dialed
        assert isinstance(turn.then, DialAgain)
        assert attempt_no < 5


def test_a_refused_number_gives_way_to_one_that_may_be_dialed_now() -> None:
    held = Number(A, held_until=NOW + HOUR)
    assert after_refusal([held, Number(B)], A, NOW) == Instead(B, None)
    assert after_refusal([Number(A, NumberState.DNC), Number(B)], A, NOW) == Instead(B, None)


def test_when_all_rest_the_first_that_may_be_dialed_again_is_waited_for() -> None:
    late = Number(A, held_until=NOW + 2 * HOUR)
    soon = Number(B, held_until=NOW + HOUR)
    assert after_refusal([late, soon], A, NOW) == Instead(B, NOW + HOUR)
    assert after_refusal([late, Number(B, NumberState.DEAD)], A, NOW) == Instead(A, NOW + 2 * HOUR)


def test_nothing_is_left_when_all_are_closed() -> None:
    assert after_refusal(numbers("dnc", "dead"), A, NOW) is None
