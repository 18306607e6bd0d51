"""What a caller is told about his wait."""

from __future__ import annotations

import pytest

from ringway.acd.core.expected_wait import Estimate, ExpectedWait

pytestmark = pytest.mark.unit


def estimate(queue: ExpectedWait, position: int, agents: int) -> Estimate:
    found = queue.estimate(position, agents, at=0)
    assert found is not None
    return found


def test_at_the_beginning_place_times_handling_time_by_agents_counts() -> None:
    found = estimate(ExpectedWait(handling_s=120), 5, 10)
    assert found.model_s == found.seconds == pytest.approx(60)
    assert found.low < 60 < found.spoken_s < found.high


def test_nothing_is_known_while_nobody_serves() -> None:
    assert ExpectedWait().estimate(1, 0, at=0) is None
    with pytest.raises(ValueError, match="first place"):
        ExpectedWait().estimate(0, 1, at=0)


def test_handling_times_are_learnt() -> None:
    queue = ExpectedWait(handling_s=180)
    for _ in range(300):
        queue.handled(60)
    assert estimate(queue, 10, 10).model_s == pytest.approx(60, rel=0.05)


def test_callers_who_give_up_shorten_the_wait_of_those_behind() -> None:
    queue, same = ExpectedWait(), ExpectedWait()
    for number in range(400):
        queue.left(60, served=number % 2 == 0)
        same.left(60, served=True)
    assert estimate(queue, 20, 10).model_s < 0.7 * estimate(same, 20, 10).model_s
    # One of 120 seconds of waiting ends by giving up: the sum of the model's steps.
    steps = sum(1 / (10 / 180 + k / 120) for k in range(20))
    assert estimate(queue, 20, 10).model_s == pytest.approx(steps, rel=0.05)


def test_a_model_that_is_wrong_by_a_factor_is_corrected() -> None:
    queue = ExpectedWait()
    for _ in range(400):
        promised = estimate(queue, 5, 10)
        queue.left(3 * promised.model_s, served=True, promised=promised)
    found = estimate(queue, 5, 10)
    assert found.seconds == pytest.approx(3 * found.model_s, rel=0.1)
    assert found.low <= found.seconds <= found.spoken_s <= found.high


def test_a_caller_who_gives_up_early_says_nothing_against_the_estimate() -> None:
    queue = ExpectedWait()
    promised = estimate(queue, 5, 10)
    before = promised.seconds / promised.model_s
    for _ in range(100):
        queue.left(1, served=False, promised=promised)
    after = estimate(queue, 5, 10)
    assert after.seconds / after.model_s == pytest.approx(before)
    for _ in range(100):
        queue.left(10 * promised.seconds, served=False, promised=promised)
    later = estimate(queue, 5, 10)
    assert later.seconds / later.model_s > before * 2


@pytest.mark.parametrize(
    ("spoken_s", "minutes"), [(0, 0), (59.9, 0), (60, 1), (61, 2), (600, 10), (601, 11)]
)
def test_whole_minutes_are_said_rounded_up(spoken_s: float, minutes: int) -> None:
    assert Estimate(1, 1, 1, spoken_s, 1, 1, 0).minutes == minutes
