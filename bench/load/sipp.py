"""SIPp: the machine's own, or Debian's ``sip-tester`` unpacked privately; and runs of it."""

from __future__ import annotations

import asyncio
import platform
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ringway.cli.places import cache_dir
from ringway.cli.private_apt import PrivateApt, archives, loader_of, only_one, unpack
from ringway.cli.say import Trouble, step

_PACKAGE = "sip-tester"
_END_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Sipp:
    """A SIPp that can be run."""

    argv: tuple[str, ...]

    def works(self) -> bool:
        """Tell whether it says which version it is."""
        try:
            done = subprocess.run(
                (*self.argv, "-v"), capture_output=True, text=True, check=False, timeout=20
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return "SIPp v" in done.stdout + done.stderr


def find_or_fetch() -> Sipp:
    """Return a SIPp: on PATH, from the cache, or newly fetched.

    Raises:
        Trouble: None is here and none can be had.
    """
    program = shutil.which("sipp")
    if program is not None and Sipp((program,)).works():
        return Sipp((program,))
    cache_dir().mkdir(parents=True, exist_ok=True)
    kept = cache_dir() / f"sipp-{platform.machine()}"
    with only_one(cache_dir() / "sipp.lock"):
        if not _works(kept):
            with step("Fetching SIPp"), tempfile.TemporaryDirectory(dir=cache_dir()) as scratch:
                prefix = _fetch(Path(scratch))
                shutil.rmtree(kept, ignore_errors=True)
                prefix.rename(kept)
    sipp = _unpacked(kept)
    if sipp is None:
        raise Trouble("SIPp went away while it was fetched")
    return sipp


def _fetch(scratch: Path) -> Path:
    for tool in ("apt-get", "apt-cache", "dpkg"):
        if shutil.which(tool) is None:
            raise Trouble(f"This bench needs SIPp: there is none, and no {tool} to fetch it with.")
    refusals: list[str] = []
    for number, archive in enumerate(archives()):
        apt = PrivateApt(scratch / f"apt-{number}", archive)
        if apt.candidate(_PACKAGE) is None:
            refusals.append(f"{archive.suite}: {apt.complaint or f'no {_PACKAGE}'}")
            continue
        prefix = scratch / f"prefix-{number}"
        unpack(apt.download((_PACKAGE,)), prefix)
        if _works(prefix):
            return prefix
        refusals.append(f"{archive.suite}: unpacked, but does not run")
    raise Trouble(f"SIPp cannot be had: {'; '.join(refusals) or 'apt knows no archive'}")


def _works(prefix: Path) -> bool:
    sipp = _unpacked(prefix)
    return sipp is not None and sipp.works()


def _unpacked(prefix: Path) -> Sipp | None:
    loader = loader_of(prefix)
    program = prefix / "usr/bin/sipp"
    if loader is None or not program.exists():
        return None
    libraries = [*prefix.glob("usr/lib/*-linux-gnu"), *prefix.glob("lib/*-linux-gnu")]
    search = ":".join(map(str, libraries))
    return Sipp((str(loader), "--library-path", search, str(program)))


class SippRun:
    """One SIPp process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait(self, within_s: float) -> None:
        """Wait until its calls are done; one that hangs is ended: its calls did not work."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._process.wait()
        await self.end()

    async def end(self) -> None:
        """End it."""
        if self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(_END_LIMIT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


async def start(sipp: Sipp, folder: Path, name: str, scenario: str, *options: str | int) -> SippRun:
    """Start a SIPp on loopback; its complaints are in ``folder``."""
    file = folder / f"{name}.xml"
    await asyncio.to_thread(file.write_text, scenario)
    process = await asyncio.create_subprocess_exec(
        *sipp.argv,
        *map(str, options),
        *("-sf", str(file), "-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin"),
        *("-trace_err", "-error_file", str(folder / f"{name}.err")),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return SippRun(process)
