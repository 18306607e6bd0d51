"""Waiting for what happens in the background: an import, a campaign, a figure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
_UNDER_WAY = frozenset({"waiting", "running", "undoing"})
_BROKEN = frozenset({"failed", "broken_off"})
_FIRST_S, _GROWTH, _LONGEST_S = 0.1, 1.5, 2.0


class Job(Protocol):
    """Work in the background, such as an import of customers."""

    @property
    def state(self) -> str:
        """How far it is."""


J = TypeVar("J", bound=Job)


class JobFailed(Exception):
    """A job ended without having done its work.

    Attributes:
        job: As it was seen last.
    """

    def __init__(self, job: Any) -> None:
        reason = getattr(job, "failure", "") or "no reason is told"
        super().__init__(f"The job is {job.state}: {reason}")
        self.job = job


def is_over(job: Job) -> bool:
    """Whether a job does nothing any more.

    Raises:
        JobFailed: It failed.
    """
    if job.state in _BROKEN:
        raise JobFailed(job)
    return job.state not in _UNDER_WAY


def wait_for(ask: Callable[[], T], until: Callable[[T], bool], *, within_s: float = 60) -> T:
    """Ask again and again until the answer is as wished, and return it.

    The time between two questions grows to 2 s, so that waiting costs little.

    Raises:
        TimeoutError: It is not so in time; tells the last answer.
    """
    ends_at = time.monotonic() + within_s
    for pause_s in _pauses():
        answer = ask()
        if until(answer):
            return answer
        _check(ends_at, pause_s, within_s, answer)
        time.sleep(pause_s)
    raise AssertionError("pauses have no end")


async def async_wait_for(
    ask: Callable[[], Awaitable[T]], until: Callable[[T], bool], *, within_s: float = 60
) -> T:
    """The same as :func:`wait_for`, for asyncio."""
    ends_at = time.monotonic() + within_s
    for pause_s in _pauses():
        answer = await ask()
        if until(answer):
            return answer
        _check(ends_at, pause_s, within_s, answer)
        await asyncio.sleep(pause_s)
    raise AssertionError("pauses have no end")


def wait_for_job(ask: Callable[[], J], *, within_s: float = 600) -> J:
    """Wait until a job is over, and return it: ``wait_for_job(lambda: get_import(import_id))``.

    Raises:
        JobFailed: It failed.
        TimeoutError: It is under way for longer than that.
    """
    return wait_for(ask, is_over, within_s=within_s)


async def async_wait_for_job(ask: Callable[[], Awaitable[J]], *, within_s: float = 600) -> J:
    """The same as :func:`wait_for_job`, for asyncio."""
    return await async_wait_for(ask, is_over, within_s=within_s)


def _pauses() -> Iterator[float]:
    pause_s = _FIRST_S
    while True:
        yield pause_s
        pause_s = min(pause_s * _GROWTH, _LONGEST_S)


def _check(ends_at: float, pause_s: float, within_s: float, answer: object) -> None:
    if time.monotonic() + pause_s > ends_at:
        raise TimeoutError(f"It did not come about within {within_s:g} s; last seen: {answer!r}")
