"""Sets of tasks end whatever their tasks do with a cancellation."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from ringway.runtime import tasks
from ringway.runtime.tasks import TaskSet

pytestmark = pytest.mark.unit


async def test_who_drops_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_CANCEL_AGAIN_S", 0.01)
    dropped = 0

    async def worker() -> None:
        nonlocal dropped
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            dropped += 1
            if dropped == 3:
                return

    async with TaskSet() as running:
        running.spawn(worker(), name="worker")
        await asyncio.sleep(0)
    assert dropped == 3
    assert not len(running)


async def test_a_clean_up_is_left_in_peace() -> None:
    done = asyncio.Event()
    cleaned = False

    async def worker() -> None:
        nonlocal cleaned
        try:
            await asyncio.Event().wait()
        finally:
            done.set()
            for _ in range(10):
                await asyncio.sleep(0)
            cleaned = True

    async with TaskSet() as running:
        running.spawn(worker(), name="worker")
        await asyncio.sleep(0)
    assert done.is_set()
    assert cleaned
