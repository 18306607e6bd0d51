"""How a process lives and ends."""

from __future__ import annotations

import asyncio

import pytest

from ringway.runtime.service import Lifecycle, WorkerReturned, serve
from ringway.runtime.tasks import TaskSet

pytestmark = pytest.mark.unit


async def forever() -> None:
    await asyncio.Event().wait()


async def test_workers_run_while_the_service_drains() -> None:
    life = Lifecycle()
    story: list[str] = []

    async def worker() -> None:
        try:
            await life.stop.wait()
            story.append(f"worker sees stop, ready={life.ready}")
            await forever()
        except asyncio.CancelledError:
            story.append("worker cancelled")
            raise

    async def drain() -> None:
        await asyncio.sleep(0)
        story.append(f"drained, ready={life.ready}")

    async def stop() -> None:
        assert life.ready  # a worker begins when all is set up
        life.stop.set()
        await forever()

    await serve(life, {"w": worker, "stop": stop}, drain=drain, drain_timeout_s=1)
    assert story[-1] == "worker cancelled"
    assert "drained, ready=False" in story


async def test_draining_has_a_limit(caplog: pytest.LogCaptureFixture) -> None:
    life = Lifecycle()
    life.stop.set()
    await serve(life, {"w": forever}, drain=forever, drain_timeout_s=0.01)
    assert "Work was left when the drain limit passed." in caplog.text


async def test_a_worker_that_returns_ends_the_service() -> None:
    life = Lifecycle()

    async def returns() -> None:
        return

    with pytest.raises(ExceptionGroup) as group:
        await serve(life, {"forever": forever, "short": returns}, drain_timeout_s=1)
    assert isinstance(group.value.exceptions[0], WorkerReturned)
    assert str(group.value.exceptions[0]) == "short"
    assert not life.ready


async def test_a_worker_that_raises_ends_the_service_also_while_draining() -> None:
    life = Lifecycle()
    life.stop.set()

    async def fails() -> None:
        await asyncio.sleep(0.01)
        raise ValueError("broken")

    with pytest.raises(ExceptionGroup) as group:
        await serve(life, {"w": fails}, drain=forever, drain_timeout_s=5)
    assert isinstance(group.value.exceptions[0], ValueError)


async def test_a_failed_task_is_never_silent(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise ValueError("broken")

    async with TaskSet("calls") as tasks:
        tasks.spawn(fails(), name="call 1")
        tasks.spawn(asyncio.sleep(0), name="call 2")
        await tasks.wait()
        assert len(tasks) == 0
    (record,) = caplog.records
    assert record.getMessage() == "A task failed."
    assert record.exc_info is not None
    assert vars(record)["task"] == "call 1"


async def test_leaving_a_task_set_cancels_and_waits() -> None:
    ended = asyncio.Event()

    async def stubborn() -> None:
        try:
            await forever()
        finally:
            await asyncio.sleep(0)
            ended.set()

    async with TaskSet() as tasks:
        tasks.spawn(stubborn(), name="stubborn")
        await asyncio.sleep(0)
    assert ended.is_set()
