"""The operating system's processes that belong to an installation.

Every process of an installation carries its data folder, its part's name and a digest of how it
was started in its environment. So what belongs to an installation can be found by looking at
the processes themselves, also when the supervisor and everything it wrote down are gone.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

OWNER_KEY = "RINGWAY_INSTALLATION"
PART_KEY = "RINGWAY_PART"
SPEC_KEY = "RINGWAY_SPEC"


@dataclass(frozen=True, slots=True)
class Owned:
    """A process of an installation. Pid and start together are never reused."""

    pid: int
    start_ticks: int
    """Clock ticks since boot, field 22 of ``/proc/<pid>/stat``."""
    part: str
    spec: str


def marks(data: Path, part: str, spec: str) -> Mapping[str, str]:
    """Return the environment that makes a process findable."""
    return {OWNER_KEY: str(data), PART_KEY: part, SPEC_KEY: spec}


def owned_by(data: Path) -> list[Owned]:
    """Return the installation's main processes, oldest first. Their children are not among them.

    A child inherits the marks; it is told apart by a parent that has the same ones.
    """
    found: dict[int, tuple[Owned, int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            process = _look(int(entry.name), str(data))
            if process is not None:
                found[process[0].pid] = process
    mains = [
        owned
        for owned, parent in found.values()
        if not (parent in found and found[parent][0].part == owned.part)
    ]
    return sorted(mains, key=lambda owned: owned.start_ticks)


def start(
    argv: Sequence[str], environment: Mapping[str, str], log_file: Path, part: str, spec: str
) -> Owned:
    """Start a process that outlives us; what it prints is added to ``log_file``.

    It is watched and ended through the functions below, never through a handle.

    Raises:
        OSError: The program cannot be run.
    """
    with log_file.open("ab") as log:
        child = subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            # Ctrl-C in the operator's terminal must not reach it directly.
            start_new_session=True,
        )
    child.returncode = 0  # no warning about a child that nobody waited for
    return Owned(child.pid, start_ticks(child.pid) or 0, part, spec)


def start_ticks(pid: int) -> int | None:
    """Return when a process began, or ``None`` when it is gone or only waits to be reaped."""
    fields = _stat(pid)
    return None if fields is None or fields[0] in "ZX" else int(fields[19])


def is_alive(process: Owned) -> bool:
    """Say whether exactly this process still runs."""
    return start_ticks(process.pid) == process.start_ticks


async def wait_for_end(process: Owned) -> int | None:
    """Return when the process has ended: its exit code if it was our child, else ``None``."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return _reap(process.pid)
    try:
        if start_ticks(process.pid) not in (None, process.start_ticks):
            return None  # the pid belongs to a stranger now
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(handle, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(handle)
    finally:
        os.close(handle)
    return _reap(process.pid)


def send(process: Owned, what: signal.Signals) -> None:
    """Signal exactly this process; nothing happens when it has ended."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(process.pid)
        try:
            if is_alive(process):
                signal.pidfd_send_signal(handle, what)
        finally:
            os.close(handle)


async def stop(process: Owned, what: signal.Signals, grace_s: float) -> bool:
    """Ask a process to end, and kill it after ``grace_s`` seconds. Return whether it obeyed."""
    send(process, what)
    try:
        async with asyncio.timeout(grace_s):
            await wait_for_end(process)
        return True
    except TimeoutError:
        # A process stopped by SIGSTOP takes no other signal than this one.
        send(process, signal.SIGKILL)
        await wait_for_end(process)
        return False


def children_of(pids: Sequence[int]) -> list[int]:
    """Return all direct children of some processes."""
    parents = set(pids)
    children = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields is not None and int(fields[1]) in parents:
                children.append(int(entry.name))
    return children


def _look(pid: int, data: str) -> tuple[Owned, int] | None:
    fields = _stat(pid)
    if fields is None or fields[0] in "ZX":
        return None
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    if f"{OWNER_KEY}={data}\0".encode() not in raw:
        return None
    environment = dict(
        pair.partition("=")[::2] for pair in raw.decode(errors="replace").split("\0")
    )
    part = environment.get(PART_KEY)
    if part is None:
        return None
    return Owned(pid, int(fields[19]), part, environment.get(SPEC_KEY, "")), int(fields[1])


def _stat(pid: int) -> list[str] | None:
    """Return the fields of ``/proc/<pid>/stat`` from the state on (the name may hold spaces)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return None


def _reap(pid: int) -> int | None:
    try:
        reaped, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if reaped == pid else None
