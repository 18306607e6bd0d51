"""The supervisor on small real processes: order, restarts, adoption, stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.support.waiting import eventually

from ringway.cli import processes, supervisor, supervisor_state
from ringway.cli.part import Part, Step
from ringway.cli.supervisor import Supervisor
from ringway.cli.supervisor_state import PartState, SupervisorReport

pytestmark = pytest.mark.integration

_SLEEPER = "import time; time.sleep(60)"
_STUBBORN = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "open(sys.argv[1], 'w').close(); time.sleep(60)"
)


async def fine() -> None:
    return None


def part(name: str, code: str = _SLEEPER, *arguments: str, **changes: object) -> Part:
    values: dict[str, object] = {
        "name": name,
        "argv": (sys.executable, "-c", code, *arguments),
        "environment": {},
        "is_ready": fine,
    }
    return Part(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    (tmp_path / "logs").mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
async def nothing_is_left(data: Path) -> AsyncIterator[None]:
    yield
    left = processes.owned_by(data)
    for process in left:
        await processes.stop(process, signal.SIGKILL, 5)


@asynccontextmanager
async def supervised(data: Path, *parts: Part, steps: tuple[Step, ...] = ()) -> AsyncIterator[None]:
    (data / "run" / "state.json").unlink(missing_ok=True)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Supervisor(data, parts, steps).run(stop))
        try:
            yield
        finally:
            stop.set()


@asynccontextmanager
async def supervised_until_killed(data: Path, *parts: Part) -> AsyncIterator[None]:
    """Like a supervisor killed with -9 at the end: nobody stops its parts."""
    task = asyncio.get_running_loop().create_task(Supervisor(data, parts, ()).run(asyncio.Event()))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def report(data: Path) -> SupervisorReport | None:
    return supervisor_state.read(data / "run" / "state.json")


async def until_running(data: Path, *names: str) -> list[int]:
    """Return the pids of the parts when all are running."""

    def running() -> bool:
        seen = report(data)
        return seen is not None and all(
            seen.parts[name].state is PartState.RUNNING for name in names
        )

    await eventually(running, within_s=10, what=f"{names} running")
    return [pid_of(data, name) for name in names]


def pid_of(data: Path, name: str) -> int:
    return next(p.pid for p in processes.owned_by(data) if p.part == name)


async def test_a_part_starts_when_what_it_comes_after_is_ready(data: Path) -> None:
    done: list[str] = []
    open_gate = asyncio.Event()

    async def step() -> None:
        done.append("step")

    async def gate() -> str | None:
        return None if open_gate.is_set() else "not yet"

    async with supervised(
        data,
        part("base", is_ready=gate),
        part("service", after=("step",)),
        steps=(Step("step", ("base",), step),),
    ):
        await eventually(lambda: bool(processes.owned_by(data)), what="the base's process")
        assert [p.part for p in processes.owned_by(data)] == ["base"]
        assert done == []
        open_gate.set()
        await until_running(data, "base", "service")
        assert done == ["step"]
    assert processes.owned_by(data) == []


async def test_a_killed_part_is_started_again(data: Path) -> None:
    async with supervised(data, part("a")):
        [first] = await until_running(data, "a")
        os.kill(first, signal.SIGKILL)

        def is_replaced() -> bool:
            seen = report(data)
            return seen is not None and seen.parts["a"].pid not in (None, first)

        took_s = await eventually(is_replaced, within_s=5, what="a new process")
        assert took_s < 2
        await until_running(data, "a")
        seen = report(data)
        assert seen is not None
        assert seen.parts["a"].restarts == 1


async def test_a_part_that_keeps_ending_is_started_less_and_less_often(data: Path) -> None:
    async with supervised(data, part("broken", "raise SystemExit(7)")):

        def has_ended_thrice() -> bool:
            seen = report(data)
            return seen is not None and seen.parts["broken"].restarts >= 3

        took_s = await eventually(has_ended_thrice, within_s=10, what="three ends")
        assert took_s > 0.2 + 0.4
        seen = report(data)
        assert seen is not None
        assert "code 7" in (seen.parts["broken"].problem or "code 7 was replaced by a new start")


async def test_the_next_supervisor_adopts_what_works(data: Path) -> None:
    async with supervised_until_killed(data, part("a"), part("b")):
        before = await until_running(data, "a", "b")
    async with supervised(data, part("a"), part("b")):
        assert await until_running(data, "a", "b") == before
    assert processes.owned_by(data) == []


async def test_the_next_supervisor_replaces_what_would_be_started_differently(data: Path) -> None:
    async with supervised_until_killed(data, part("a"), part("b"), part("old")):
        before = await until_running(data, "a", "b", "old")
    async with supervised(data, part("a"), part("b", config_digest="changed")):
        after = await until_running(data, "a", "b")
        assert after[0] == before[0]
        assert after[1] != before[1]
        assert {p.part for p in processes.owned_by(data)} == {"a", "b"}


async def test_a_part_that_ignores_the_request_to_end_is_killed(data: Path, tmp_path: Path) -> None:
    ready = tmp_path / "is-ready"

    async def is_ready() -> str | None:
        return None if ready.exists() else "not yet"

    stubborn = part("stubborn", _STUBBORN, str(ready), is_ready=is_ready, stop_grace_s=0.3)
    async with supervised(data, stubborn):
        await until_running(data, "stubborn")
    assert processes.owned_by(data) == []


async def test_what_others_depend_on_is_stopped_last(data: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    open(sys.argv[1], 'a').write(sys.argv[2] + '\\n'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "open(sys.argv[1] + sys.argv[2], 'w').close()\n"
        "time.sleep(60)"
    )

    def journalling(name: str, **changes: object) -> Part:
        has_begun = Path(f"{journal}{name}").exists

        async def is_ready() -> str | None:
            return None if has_begun() else "not yet"

        return part(name, code, str(journal), name, is_ready=is_ready, **changes)

    async def step() -> None:
        pass

    async with supervised(
        data,
        journalling("database"),
        journalling("service", after=("migrations",)),
        steps=(Step("migrations", ("database",), step),),
    ):
        await until_running(data, "database", "service")
    assert journal.read_text().split() == ["service", "database"]


async def test_a_part_waits_for_what_it_needs_after_a_crash_too(data: Path) -> None:
    is_up = asyncio.Event()
    is_up.set()

    async def database() -> str | None:
        return None if is_up.is_set() else "down"

    async with supervised(
        data, part("database", is_ready=database), part("telephony", needs=("database",))
    ):
        database_pid, telephony_pid = await until_running(data, "database", "telephony")
        is_up.clear()
        os.kill(database_pid, signal.SIGKILL)
        os.kill(telephony_pid, signal.SIGKILL)
        await eventually(
            lambda: pid_or_none(data, "database") not in (None, database_pid),
            what="the database's new process",
        )
        assert pid_or_none(data, "telephony") is None
        is_up.set()
        await until_running(data, "database", "telephony")


def pid_or_none(data: Path, name: str) -> int | None:
    return next((p.pid for p in processes.owned_by(data) if p.part == name), None)


async def test_a_part_may_take_its_time_to_start_but_not_to_answer_later(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "_HUNG_AFTER_S", 0.2)
    monkeypatch.setattr(supervisor, "_HEALTH_POLL_S", 0.1)
    asked = 0
    hangs = False

    async def answers() -> str | None:
        nonlocal asked
        asked += 1
        return "nobody answers" if hangs or asked < 20 else None

    async with supervised(data, part("slow", is_ready=answers, is_alive=answers)):
        await eventually(lambda: asked >= 5, what="it is starting")
        starting = pid_or_none(data, "slow")
        (running,) = await until_running(data, "slow")
        assert running == starting
        hangs = True
        await eventually(
            lambda: pid_or_none(data, "slow") not in (None, running), what="a new process"
        )
