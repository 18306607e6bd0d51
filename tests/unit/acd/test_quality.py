"""Voice quality: the E-model's known values, and alarms that are told once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.acd.core.quality import LegQuality, Limits, Reading, mos

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("loss", "jitter", "rtt", "low", "high"),
    [
        (0, 0, 0, 4.35, 4.45),  # G.711 without any impairment: R about 92
        (0, 0, 150, 4.2, 4.42),
        (5, 5, 50, 3.4, 3.9),  # five percent of loss with concealment
        (20, 20, 300, 1.0, 2.6),
        (100, 0, 0, 1.0, 1.6),
    ],
)
def test_known_scores(loss: float, jitter: float, rtt: float, low: float, high: float) -> None:
    assert low <= mos(loss, jitter, rtt) <= high


@given(
    loss=st.floats(0, 99), jitter=st.floats(0, 500), rtt=st.floats(0, 3000), more=st.floats(0, 1)
)
def test_worse_never_scores_better(loss: float, jitter: float, rtt: float, more: float) -> None:
    score = mos(loss, jitter, rtt)
    assert 1 <= score <= 4.5
    assert mos(loss + more, jitter, rtt) <= score
    assert mos(loss, jitter + more * 100, rtt) <= score
    assert mos(loss, jitter, rtt + more * 100) <= score


def test_an_alarm_is_told_once_until_it_has_been_good_again() -> None:
    leg = LegQuality()
    limits = Limits()
    good, bad = (600, 0), (200, 50)  # received and lost in a stretch
    told: list[list[str]] = []
    received = lost = 0
    for packets, missing in (good, bad, bad, good, bad):
        received, lost = received + packets, lost + missing
        told.append([a.measure for a in leg.look(Reading(received, lost), limits)])
    assert told == [[], ["loss", "mos"], [], [], ["loss", "mos"]]
    assert leg.had_alarm
    assert leg.whole == Reading(received, lost)


def test_a_leg_that_is_older_than_its_talk_counts_from_the_first_look() -> None:
    leg = LegQuality(base=None)
    assert list(leg.look(Reading(1000, 900), Limits())) == []
    assert leg.whole == Reading()
    assert [a.measure for a in leg.look(Reading(1100, 1000), Limits())] == ["loss", "mos"]
    assert leg.whole.received_loss_percent == 50


def test_silence_is_no_alarm() -> None:
    leg = LegQuality()
    assert list(leg.look(Reading(rtt_ms=5000), Limits())) == []


def test_the_counter_of_lost_packets_may_move_late_and_in_steps() -> None:
    leg = LegQuality()
    seen = []
    for packets, lost in ((40, 0), (80, 0), (200, 50), (240, 50), (400, 100), (1000, 100)):
        list(leg.look(Reading(packets, lost), Limits()))
        seen.append(round(leg.now.loss_percent))
    assert seen == [0, 0, 20, 20, 20, 0]


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 50)), max_size=20))
def test_the_whole_is_the_last_look_whatever_was_between(
    stretches: list[tuple[int, int]],
) -> None:
    leg = LegQuality()
    received = lost = 0
    for packets, missing in stretches:
        received, lost = received + packets, lost + missing
        list(leg.look(Reading(received, lost), Limits()))
        assert 0 <= leg.now.loss_percent <= 100
    assert (leg.whole.received_packets, leg.whole.received_lost) == (received, lost)
