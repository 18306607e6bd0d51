"""The process that keeps an installation's parts running.

One task owns each part: it adopts or starts its process, waits until it is ready, waits for its
end, and starts it again with back-off. The supervisor may be killed at any moment: its parts go
on, write their logs to files of their own, and the next supervisor finds them by the marks in
their environment.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import logging
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ringway.cli import logrotation, processes, supervisor_state
from ringway.cli.installation import Installation, environment_of
from ringway.cli.part import Check, Part, Step
from ringway.cli.processes import Owned
from ringway.cli.say import Trouble
from ringway.cli.supervisor_state import PartReport, PartState, SupervisorReport
from ringway.runtime import logs
from ringway.runtime.clock import utcnow

_BACK_OFF_FIRST_S, _BACK_OFF_LAST_S = 0.2, 10.0
# A process that ran this long was well: its next end starts the back-off from the beginning.
_WELL_AFTER_S = 30.0
_READY_POLL_S, _HEALTH_POLL_S = 0.1, 3.0
# Without an answer for so long a part hangs. One that has not answered yet may be starting on a
# machine with too much to do: killed then, it would begin anew for ever.
_HUNG_AFTER_S, _STARTS_WITHIN_S = 30.0, 120.0
_ADOPT_WITHIN_S = 5.0
_LEFTOVER_GRACE_S = 10.0
_STEP_RETRY_S = 1.0

_log = logging.getLogger("ringway.supervisor")


class Supervisor:
    """Keeps all parts of one installation running until it is told to stop."""

    def __init__(self, data: Path, parts: Iterable[Part], steps: Iterable[Step]) -> None:
        self._data = data
        self._parts = {part.name: part for part in parts}
        self._steps = {step.name: step for step in steps}
        self._report = SupervisorReport(
            pid=os.getpid(),
            parts={name: PartReport() for name in self._parts},
            steps=dict.fromkeys(self._steps, "waiting"),
        )
        self._ready = {name: asyncio.Event() for name in (*self._parts, *self._steps)}
        self._running = {name: asyncio.Event() for name in self._parts}
        self._processes: dict[str, Owned] = {}
        self._stopping = False

    async def run(self, stop: asyncio.Event) -> None:
        """Keep everything running until ``stop`` is set, then stop all parts in reverse order."""
        self._publish()
        leftovers = {process.part: process for process in processes.owned_by(self._data)}
        for name in leftovers.keys() - self._parts.keys() - {"supervisor"}:
            _log.info("A leftover of no part is stopped", extra={"part": name})
            await processes.stop(leftovers[name], signal.SIGTERM, _LEFTOVER_GRACE_S)
        async with asyncio.TaskGroup() as group:
            tasks = [
                *(
                    group.create_task(self._keep(part, leftovers.get(name)))
                    for name, part in self._parts.items()
                ),
                *(group.create_task(self._once(step)) for step in self._steps.values()),
                group.create_task(self._rotate_logs()),
            ]
            await stop.wait()
            # From here on an ending process is not started again.
            self._stopping = True
            for task in tasks:
                task.cancel()
        await self._stop_all()
        # What was being adopted when the stop came has no owner here yet.
        for process in processes.owned_by(self._data):
            if process.pid != os.getpid():
                await processes.stop(process, signal.SIGTERM, _LEFTOVER_GRACE_S)

    async def _keep(self, part: Part, leftover: Owned | None) -> None:
        report = self._report.parts[part.name]
        loop = asyncio.get_running_loop()
        process = await self._adopt(part, leftover)
        if process is None:
            await self._wait_for(part.after)
        back_off_s = _BACK_OFF_FIRST_S
        while True:
            if process is None:
                await self._wait_until_running(part.needs)
            started = loop.time()
            try:
                process = process or self._start(part)
            except OSError as error:
                ended = f"cannot be started: {error}"
            else:
                self._processes[part.name] = process
                self._change(part.name, PartState.STARTING, pid=process.pid)
                ended = _explain(await self._watch(part, process))
                del self._processes[part.name]
            process = None
            if loop.time() - started >= _WELL_AFTER_S:
                back_off_s = _BACK_OFF_FIRST_S
            report.restarts += 1
            _log.warning(
                "A part ended", extra={"part": part.name, "how": ended, "again_in_s": back_off_s}
            )
            self._change(part.name, PartState.BACKING_OFF, pid=None, problem=ended)
            await asyncio.sleep(back_off_s)
            back_off_s = min(back_off_s * 2, _BACK_OFF_LAST_S)

    async def _adopt(self, part: Part, leftover: Owned | None) -> Owned | None:
        """Return the leftover process when it is as we would start it and works."""
        if leftover is None or not processes.is_alive(leftover):
            return None
        if leftover.spec == part.spec and await self._is_worth_keeping(part):
            _log.info("A part is adopted", extra={"part": part.name, "pid": leftover.pid})
            return leftover
        self._change(part.name, PartState.STOPPING, pid=leftover.pid)
        _log.info("A leftover part is replaced", extra={"part": part.name, "pid": leftover.pid})
        await processes.stop(leftover, part.stop_signal, part.stop_grace_s)
        return None

    async def _is_worth_keeping(self, part: Part) -> bool:
        """A service that lives but misses a dependency is; other parts must become ready soon."""
        if part.is_alive is not None:
            return await _ask(part.is_alive) is None
        for _ in range(round(_ADOPT_WITHIN_S / _READY_POLL_S)):
            if await _ask(part.is_ready) is None:
                return True
            await asyncio.sleep(_READY_POLL_S)
        return False

    def _start(self, part: Part) -> Owned:
        environment = environment_of(self._data, part)
        log_file = self._data / "logs" / f"{part.name}.log"
        return processes.start(part.argv, environment, log_file, part.name, part.spec)

    async def _watch(self, part: Part, process: Owned) -> int | None:
        """Report the part's health until its process ends; return its exit code if known."""
        loop = asyncio.get_running_loop()
        started_at = utcnow().isoformat(timespec="milliseconds")
        async with asyncio.TaskGroup() as group:
            end = group.create_task(processes.wait_for_end(process))
            last_alive = loop.time()
            patience_s = _STARTS_WITHIN_S
            while not end.done():
                problem = await _ask(part.is_ready)
                if end.done():
                    break
                if problem is None:
                    self._change(
                        part.name, PartState.RUNNING, pid=process.pid, started_at=started_at
                    )
                    self._ready[part.name].set()
                    last_alive, patience_s = loop.time(), _HUNG_AFTER_S
                else:
                    state = self._report.parts[part.name].state
                    self._change(part.name, state, pid=process.pid, problem=problem)
                    if part.is_alive is None or await _ask(part.is_alive) is None:
                        last_alive, patience_s = loop.time(), _HUNG_AFTER_S
                    elif loop.time() - last_alive > patience_s:
                        _log.error("A part hangs and is killed", extra={"part": part.name})
                        processes.send(process, signal.SIGKILL)
                running = self._report.parts[part.name].state is PartState.RUNNING
                await asyncio.wait((end,), timeout=_HEALTH_POLL_S if running else _READY_POLL_S)
        return end.result()

    async def _once(self, step: Step) -> None:
        await self._wait_for(step.after)
        while True:
            self._report.steps[step.name] = "running"
            self._publish()
            try:
                await step.run()
            except Exception as error:
                _log.exception("A step failed", extra={"step": step.name})
                self._report.steps[step.name] = f"failed: {error}"
                self._publish()
                await asyncio.sleep(_STEP_RETRY_S)
                continue
            self._report.steps[step.name] = "done"
            self._ready[step.name].set()
            self._publish()
            return

    async def _wait_for(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self._ready:
                await self._ready[name].wait()

    async def _wait_until_running(self, names: Iterable[str]) -> None:
        for name in names:
            await self._running[name].wait()

    async def _stop_all(self) -> None:
        """Stop services first and what they depend on last."""
        remaining = dict(self._parts)
        while remaining:
            needed = {name for part in remaining.values() for name in self._needs(part)}
            group = [part for name, part in remaining.items() if name not in needed]
            async with asyncio.TaskGroup() as tasks:
                for part in group:
                    tasks.create_task(self._stop(part))
                    del remaining[part.name]

    def _needs(self, part: Part | Step) -> set[str]:
        found: set[str] = set()
        for name in part.after:
            step = self._steps.get(name)
            found |= self._needs(step) if step else {name}
        return found

    async def _stop(self, part: Part) -> None:
        process = self._processes.get(part.name)
        if process is not None:
            self._change(part.name, PartState.STOPPING, pid=process.pid)
            if not await processes.stop(process, part.stop_signal, part.stop_grace_s):
                _log.warning("A part had to be killed", extra={"part": part.name})
        self._change(part.name, PartState.STOPPED, pid=None)

    async def _rotate_logs(self) -> None:
        while True:
            for file in (self._data / "logs").glob("*.log"):
                with suppress(OSError):
                    logrotation.rotate(file)
            await asyncio.sleep(logrotation.LOOK_EVERY_S)

    def _change(
        self,
        name: str,
        state: PartState,
        *,
        pid: int | None,
        started_at: str | None = None,
        problem: str | None = None,
    ) -> None:
        old = self._report.parts[name]
        new = PartReport(state, pid, started_at or old.started_at, old.restarts, problem)
        if pid is None:
            new.started_at = None
        if new != old:
            if new.state is PartState.RUNNING and old.state is not PartState.RUNNING:
                _log.info("A part is ready", extra={"part": name, "pid": pid})
            old.state, old.pid, old.started_at = new.state, new.pid, new.started_at
            old.problem = new.problem
            if state is PartState.RUNNING:
                self._running[name].set()
            else:
                self._running[name].clear()
            self._publish()

    def _publish(self) -> None:
        supervisor_state.write(self._data / "run" / "state.json", self._report)


async def _ask(check: Check) -> str | None:
    try:
        return await check()
    except Exception as error:
        # A check that breaks says nothing good about what it checks.
        return f"{type(error).__name__}: {error}"


def _explain(code: int | None) -> str:
    if code is None:
        return "ended"
    if code < 0:
        with suppress(ValueError):
            return f"ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"


async def _supervise(installation: Installation) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for what in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(what, stop.set)
    await Supervisor(installation.data, installation.parts(), installation.steps()).run(stop)
    installation.tidy()


def main() -> int:
    """Run the supervisor of one installation until it is told to stop."""
    parser = argparse.ArgumentParser(prog="ringway.cli.supervisor")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port-base", type=int)
    arguments = parser.parse_args()
    logs.configure("supervisor", "INFO")
    installation = Installation(arguments.data, arguments.port_base)
    lock_file = installation.data / "run" / "supervisor.lock"
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another supervisor runs this installation.", file=sys.stderr)
            return 3
        try:
            asyncio.run(_supervise(installation))
        except Trouble as trouble:
            print(trouble, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
