"""List what is here, what is missing on this machine, and how to get it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import resource
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ringway.cli import asterisk_program, control, postgres_part
from ringway.cli.installation import Installation
from ringway.cli.places import cache_dir
from ringway.cli.ports import holder, is_free
from ringway.cli.processes import owned_by
from ringway.cli.say import Trouble

HELP = "what is missing on this machine, and the remedy"
_FREE_DISK_BYTES = 2 * 1024**3
_FREE_MEMORY_BYTES = 1 * 1024**3
_OPEN_FILES = 4096
_KERNEL = (5, 4)  # process handles (pidfd)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``remedy`` is empty when all is well."""

    what: str
    is_fine: bool
    seen: str
    remedy: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(arguments: argparse.Namespace) -> int:
    installation = Installation(arguments.data, arguments.port_base)
    findings = list(examine(installation))
    is_fine = all(finding.is_fine for finding in findings)
    if arguments.json:
        print(json.dumps({"ok": is_fine, "findings": [asdict(f) for f in findings]}))
    else:
        for finding in findings:
            print(f"{'✓' if finding.is_fine else '✗'} {finding.what}: {finding.seen}")
            if not finding.is_fine:
                print(f"    → {finding.remedy}")
    return 0 if is_fine else 1


def examine(installation: Installation) -> Iterator[Finding]:
    """Look at everything an installation needs, without changing anything."""
    yield _python()
    yield _kernel()
    yield _uv()
    yield _postgres()
    yield from _asterisk()
    yield _disk(installation.data)
    yield _memory()
    yield _open_files()
    yield _loopback()
    yield _encoding()
    yield _data_folder(installation)
    yield from _ports(installation)
    yield from _parts(installation)


def _python() -> Finding:
    version = platform.python_version()
    return Finding(
        "Python",
        sys.version_info >= (3, 11),
        f"{version} ({sys.executable})",
        "install Python 3.11 or newer, or name one in RINGWAY_PYTHON",
    )


def _kernel() -> Finding:
    release = platform.release()
    numbers = tuple(int(word) for word in release.split("-")[0].split(".")[:2] if word.isdigit())
    return Finding(
        "Linux kernel",
        sys.platform == "linux" and numbers >= _KERNEL and hasattr(os, "pidfd_open"),
        release,
        "use a Linux kernel of 5.4 or newer; elsewhere compose.yaml",
    )


def _uv() -> Finding:
    own = cache_dir() / "uv" / "bin" / "uv"
    found = shutil.which("uv") or (str(own) if own.exists() else None)
    # Not needed while .venv is complete: the script fetches it when it is.
    return Finding("uv", True, found or "fetched when it is needed")


def _postgres() -> Finding:
    try:
        return Finding("PostgreSQL", True, f"18, {postgres_part.binaries()}")
    except Trouble as trouble:
        return Finding("PostgreSQL", False, "missing", str(trouble))


def _asterisk() -> Iterator[Finding]:
    program = asterisk_program.on_path() or asterisk_program.cached()
    if program is not None:
        yield Finding("Asterisk", True, f"{program.version} ({program.argv[-1]})")
        return
    missing = [tool for tool in ("apt-get", "apt-cache", "dpkg") if not shutil.which(tool)]
    yield Finding(
        "Asterisk",
        not missing,
        "fetched by `./ringway up`" if not missing else f"missing, and no {', '.join(missing)}",
        "install Asterisk 22.7 or newer, or use compose.yaml",
    )
    keyrings = [p.name for p in Path("/usr/share/keyrings").glob("*-archive-keyring.gpg")]
    yield Finding(
        "archive keyring",
        bool(keyrings),
        ", ".join(sorted(keyrings)) or "none",
        "install the package debian-archive-keyring (Ubuntu: ubuntu-keyring)",
    )


def _disk(data: Path) -> Finding:
    existing = next(folder for folder in (data, *data.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    return Finding(
        "disk",
        free >= _FREE_DISK_BYTES,
        f"{free / 1024**3:.1f} GiB free in {existing}",
        "free some: 2 GiB are needed to begin with, recordings need about 1 MB a minute",
    )


def _memory() -> Finding:
    available = 0
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) * 1024
    return Finding(
        "memory",
        available >= _FREE_MEMORY_BYTES,
        f"{available / 1024**3:.1f} GiB available",
        "an installation needs about 1 GiB",
    )


def _open_files() -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Finding(
        "open files",
        hard == resource.RLIM_INFINITY or hard >= _OPEN_FILES,
        f"limit {hard}",
        f"raise it: `ulimit -n {_OPEN_FILES}` (each call needs some)",
    )


def _loopback() -> Finding:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
        return Finding("IPv4 loopback", True, "127.0.0.1")
    except OSError as error:
        return Finding("IPv4 loopback", False, str(error), "bring it up: `ip link set lo up`")


def _encoding() -> Finding:
    encoding = (sys.stdout.encoding or "").lower()
    return Finding(
        "terminal encoding",
        encoding.replace("-", "") == "utf8",
        encoding or "unknown",
        "set LANG=C.UTF-8",
    )


def _data_folder(installation: Installation) -> Finding:
    data = installation.data
    existing = next(folder for folder in (data, *data.parents) if folder.exists())
    return Finding(
        "data folder",
        os.access(existing, os.W_OK | os.X_OK),
        str(data) if data.exists() else f"{data} (made by `./ringway up`)",
        f"make {existing} writable, or choose another folder with --data",
    )


def _ports(installation: Installation) -> Iterator[Finding]:
    running = {process.part for process in owned_by(installation.data)}
    busy = [
        f"{port}/{protocol} ({part}) by {holder(protocol, port)}"
        for part, ports in installation.ports.by_part().items()
        if part not in running
        for protocol, port in ports
        if not is_free(protocol, port)
    ]
    base = installation.ports.base
    yield Finding(
        "ports",
        not busy,
        "in use: " + ", ".join(busy) if busy else f"{base} to {base + 999}",
        "stop what holds them, or choose others with --port-base N",
    )


def _parts(installation: Installation) -> Iterator[Finding]:
    seen = asyncio.run(control.look(installation))
    for name, part in seen["parts"].items():
        yield Finding(
            name,
            part["health"] == "ok",
            f"{part['state']}, {part['health']}",
            f"`./ringway logs {name}`, then `./ringway up`",
        )
