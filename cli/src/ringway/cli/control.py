"""Starting, stopping and looking at an installation from outside its supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from ringway.cli import processes, supervisor_state
from ringway.cli.processes import Owned
from ringway.cli.say import Trouble, say
from ringway.cli.supervisor_state import PartState, SupervisorReport
from ringway.runtime.clock import utcnow

if TYPE_CHECKING:
    from ringway.cli.installation import Installation

_POLL_S = 0.1
# The sum of what the parts' own limits allow, so the supervisor is not killed while it works.
_SUPERVISOR_GRACE_S = 75.0
_LEFTOVER_GRACE_S = 10.0


def up(installation: Installation, *, timeout_s: float) -> None:
    """Start a supervisor if none runs, and wait until every part is ready."""
    data = installation.data
    running = supervisor_of(data)
    if running is not None and _moved(installation):
        raise Trouble(
            "It runs with another port base or other replicas. Stop it first: `./ringway down`."
        )
    installation.prepare()
    if running is None:
        installation.check_ports()
        (data / "run" / "state.json").unlink(missing_ok=True)
        running = _start_supervisor(installation)
    _follow(installation, running, timeout_s)


def down(installation: Installation) -> None:
    """Stop the supervisor and everything else that belongs to the installation."""
    asyncio.run(_down(installation.data))
    installation.tidy()


def supervisor_of(data: Path) -> Owned | None:
    """Return the installation's supervisor process, if one runs."""
    return next((p for p in processes.owned_by(data) if p.part == "supervisor"), None)


def report_of(data: Path) -> SupervisorReport | None:
    """Return what the running supervisor last wrote, ``None`` when none runs."""
    supervisor = supervisor_of(data)
    report = supervisor_state.read(data / "run" / "state.json")
    return report if supervisor and report and report.pid == supervisor.pid else None


async def look(installation: Installation) -> dict[str, Any]:
    """Return every part's state as it is now, asked from the parts themselves."""
    report = report_of(installation.data)
    owned = {process.part: process for process in processes.owned_by(installation.data)}
    parts: dict[str, Any] = {}
    if owned:
        for part in installation.parts():
            process, told = owned.get(part.name), report.parts.get(part.name) if report else None
            problem = await part.is_ready() if process else "not running"
            state = told.state if told else PartState.RUNNING if process else PartState.STOPPED
            parts[part.name] = {
                "state": str(state),
                "pid": process.pid if process else None,
                "uptime_s": _uptime_s(told.started_at if told else None),
                "restarts": told.restarts if told else 0,
                "health": "ok" if problem is None else problem,
            }
    supervisor = owned.get("supervisor")
    return {
        "running": supervisor is not None,
        "supervisor": supervisor.pid if supervisor else None,
        "ok": supervisor is not None and all(p["health"] == "ok" for p in parts.values()),
        "parts": parts,
    }


def _moved(installation: Installation) -> bool:
    remembered = type(installation)(installation.data)
    return (installation.ports, installation.replicas) != (remembered.ports, remembered.replicas)


def _start_supervisor(installation: Installation) -> Owned:
    data = installation.data
    argv = (
        *(sys.executable, "-P", "-m", "ringway.cli.supervisor"),
        *("--data", str(data), "--port-base", str(installation.ports.base)),
    )
    environment = {**os.environ, **processes.marks(data, "supervisor", "")}
    log_file = installation.log_file("supervisor")
    return processes.start(argv, environment, log_file, "supervisor", "")


def _follow(installation: Installation, supervisor: Owned, timeout_s: float) -> None:
    """Say what becomes ready, until all is or the time is over."""
    started = monotonic()
    told: set[str] = set()
    report: SupervisorReport | None = None
    while monotonic() - started < timeout_s:
        if not processes.is_alive(supervisor):
            raise Trouble(f"The supervisor ended: {_tail(installation, 'supervisor')}")
        fresh = supervisor_state.read(installation.data / "run" / "state.json")
        if fresh is not None and fresh.pid == supervisor.pid:
            report = fresh
            _tell_news(report, told, monotonic() - started)
            if _all_ready(report):
                return
        sleep(_POLL_S)
    raise Trouble(_what_is_missing(installation, report, timeout_s))


def _tell_news(report: SupervisorReport, told: set[str], after_s: float) -> None:
    for name, part in report.parts.items():
        if part.state is PartState.RUNNING and name not in told:
            told.add(name)
            say(f"✓ {name} ready ({after_s:.1f} s)")
        elif part.state is PartState.BACKING_OFF and f"{name}#{part.restarts}" not in told:
            told.add(f"{name}#{part.restarts}")
            say(f"! {name} {part.problem}, it is started again")
    for name, state in report.steps.items():
        if f"{name}={state}" not in told and (state == "done" or state.startswith("failed")):
            told.add(f"{name}={state}")
            say(f"✓ {name} ({after_s:.1f} s)" if state == "done" else f"! {name} {state}")


def _all_ready(report: SupervisorReport) -> bool:
    return all(p.state is PartState.RUNNING and not p.problem for p in report.parts.values())


def _what_is_missing(
    installation: Installation, report: SupervisorReport | None, timeout_s: float
) -> str:
    lines = [f"Not everything is ready after {timeout_s:.0f} s."]
    for name, part in (report.parts if report else {}).items():
        if part.state is PartState.RUNNING and not part.problem:
            continue
        why = f": {part.problem}" if part.problem else ""
        lines.append(f"  {name} is {part.state}{why}")
        if part.state in (PartState.STARTING, PartState.BACKING_OFF):
            lines += [f"    | {line}" for line in _tail(installation, name).splitlines()]
    for name, state in (report.steps if report else {}).items():
        if state != "done":
            lines.append(f"  {name}: {state}")
    lines.append("It keeps trying. `./ringway logs PART` tells more, `./ringway down` stops it.")
    return "\n".join(lines)


def _tail(installation: Installation, part: str, lines: int = 5) -> str:
    try:
        text = installation.log_file(part).read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


async def _down(data: Path) -> None:
    supervisor = supervisor_of(data)
    if supervisor is not None:
        say("… Stopping all parts")
        await processes.stop(supervisor, signal.SIGTERM, _SUPERVISOR_GRACE_S)
    # With the supervisor dead, or killed in the middle of its work, the parts are still there.
    # Newest first: services before what they depend on.
    for process in reversed(processes.owned_by(data)):
        what = signal.SIGINT if process.part == "postgres" else signal.SIGTERM
        await processes.stop(process, what, _LEFTOVER_GRACE_S)
    (data / "run" / "state.json").unlink(missing_ok=True)


def _uptime_s(started_at: str | None) -> float | None:
    if started_at is None:
        return None
    return round((utcnow() - datetime.fromisoformat(started_at)).total_seconds(), 1)
