"""What the ends of calls mean, row by row of what Asterisk reports."""

from __future__ import annotations

import pytest

from ringway.dialer.core.outcome import ChannelEnd, from_cdr, is_trunk_failure, unanswered
from ringway.proto.dialer import AttemptDisposition as D

pytestmark = pytest.mark.unit


def _end(cause: int, tech: int, **more: bool) -> ChannelEnd:
    values = {"progressed": True, "hangup_requested": True, "cancelled": False, **more}
    return ChannelEnd(cause, tech, **values)


@pytest.mark.parametrize(
    ("cause", "tech", "expected"),
    [
        (17, 486, D.BUSY),
        (17, 600, D.BUSY),
        (1, 404, D.INVALID_NUMBER),
        (22, 410, D.INVALID_NUMBER),
        (28, 484, D.INVALID_NUMBER),
        (21, 403, D.REJECTED),
        (21, 603, D.REJECTED),
        (19, 480, D.NO_ANSWER),
        (18, 408, D.NO_ANSWER),
        (127, 487, D.NO_ANSWER),
        (58, 488, D.FAILED),
        (38, 500, D.FAILED),
        (34, 503, D.CONGESTION),
        (17, 0, D.BUSY),
        (99, 0, D.FAILED),
    ],
)
def test_the_sip_status_decides_before_the_cause(cause: int, tech: int, expected: D) -> None:
    assert unanswered(_end(cause, tech)) is expected


def test_our_own_ring_timeout_is_no_answer_when_it_rang() -> None:
    assert unanswered(_end(19, 480, hangup_requested=False)) is D.NO_ANSWER


def test_our_own_ring_timeout_without_a_word_from_the_trunk_is_a_failure() -> None:
    end = _end(19, 480, hangup_requested=False, progressed=False)
    assert unanswered(end) is D.FAILED
    assert is_trunk_failure(D.FAILED)


def test_a_call_we_withdrew_is_cancelled_whatever_the_status_says() -> None:
    assert unanswered(_end(16, 487, cancelled=True)) is D.CANCELLED


def test_asterisks_own_record_tells_what_it_can() -> None:
    assert from_cdr("NO ANSWER") is D.NO_ANSWER
    assert from_cdr("busy") is D.BUSY
    assert from_cdr("ANSWERED") is D.LOST
