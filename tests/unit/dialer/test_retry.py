"""When a lead is dialed again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.dialer.core.retry import Closed, ClosedReason, DialAgain, after
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import RetryRule

pytestmark = pytest.mark.property


def test_a_busy_lead_is_tried_again_after_the_default_delay() -> None:
    assert after(D.BUSY, attempt_no=1, max_attempts=3) == DialAgain(300)


def test_the_campaigns_rule_comes_before_the_default() -> None:
    rules = [RetryRule(disposition=D.BUSY, delay_s=5, max_attempts=2)]
    assert after(D.BUSY, attempt_no=1, max_attempts=9, rules=rules) == DialAgain(5)
    assert after(D.BUSY, attempt_no=2, max_attempts=9, rules=rules) == Closed(
        ClosedReason.EXHAUSTED
    )


def test_delays_grow_up_to_their_limit() -> None:
    rule = RetryRule(
        disposition=D.NO_ANSWER, delay_s=60, max_attempts=50, growth=2, max_delay_s=300
    )
    delays = [after(D.NO_ANSWER, attempt_no=n, max_attempts=50, rules=[rule]) for n in range(1, 5)]
    assert delays == [DialAgain(60), DialAgain(120), DialAgain(240), DialAgain(300)]


def test_a_machine_is_tried_again_hours_later() -> None:
    assert after(D.MACHINE, attempt_no=1, max_attempts=3) == DialAgain(7200)


def test_an_invalid_number_closes_the_lead_at_once() -> None:
    assert after(D.INVALID_NUMBER, attempt_no=1, max_attempts=9) == Closed(ClosedReason.INVALID)


def test_attempt_numbers_start_at_one() -> None:
    with pytest.raises(ValueError, match="attempt_no"):
        after(D.BUSY, attempt_no=0, max_attempts=3)


@given(
    disposition=st.sampled_from(list(D)),
    attempt_no=st.integers(1, 60),
    max_attempts=st.integers(1, 50),
    rules=st.lists(
        st.builds(
            RetryRule,
            disposition=st.sampled_from(list(D)),
            delay_s=st.floats(0, 1e5),
            max_attempts=st.integers(1, 50),
        ),
        max_size=4,
    ),
)
def test_no_lead_is_dialed_beyond_the_limit_or_after_a_talk(
    disposition: D, attempt_no: int, max_attempts: int, rules: list[RetryRule]
) -> None:
    decision = after(disposition, attempt_no=attempt_no, max_attempts=max_attempts, rules=rules)
    if isinstance(decision, DialAgain):
        assert attempt_no < max_attempts
        assert disposition is not D.CONNECTED
        assert decision.delay_s >= 0
