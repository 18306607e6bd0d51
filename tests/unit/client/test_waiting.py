"""How a client waits for what happens in the background."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ringway_client import JobFailed, async_wait_for_job, wait_for, wait_for_job

pytestmark = pytest.mark.unit


@dataclass
class _Job:
    state: str
    failure: str = ""


@dataclass
class _Clock:
    now: float = 0.0
    slept: int = 0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += 1

    async def async_sleep(self, seconds: float) -> None:
        self.sleep(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    made = _Clock()
    monkeypatch.setattr("ringway_client.waiting.time", made)
    return made


def test_it_asks_until_the_job_is_over(clock: _Clock) -> None:
    states = iter(["waiting", "running", "running", "finished"])
    assert wait_for_job(lambda: _Job(next(states))).state == "finished"
    assert clock.slept == 3


@pytest.mark.parametrize("state", ["finished", "cancelled", "undone", "proposed"])
def test_what_does_nothing_any_more_is_not_waited_for(clock: _Clock, state: str) -> None:
    assert wait_for_job(lambda: _Job(state)).state == state
    assert clock.slept == 0


@pytest.mark.parametrize("state", ["failed", "broken_off"])
def test_a_job_that_failed_says_why(clock: _Clock, state: str) -> None:
    states = iter(["running", state])
    with pytest.raises(JobFailed, match="the file is gone") as caught:
        wait_for_job(lambda: _Job(next(states), "the file is gone"))
    assert caught.value.job.state == state


def test_it_gives_up_in_time_and_tells_the_last_answer(clock: _Clock) -> None:
    with pytest.raises(TimeoutError, match="last seen: 7"):
        wait_for(lambda: 7, lambda answer: answer > 7, within_s=300)
    assert 297 < clock.now <= 300
    assert clock.slept < 160  # it asks seldom when it takes long


async def test_the_same_for_asyncio(clock: _Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringway_client.waiting.asyncio.sleep", clock.async_sleep)
    states = iter(["running", "finished"])

    async def ask() -> _Job:
        return _Job(next(states))

    assert (await async_wait_for_job(ask)).state == "finished"

    async def stays() -> _Job:
        return _Job("running")

    with pytest.raises(TimeoutError):
        await async_wait_for_job(stays, within_s=20)
