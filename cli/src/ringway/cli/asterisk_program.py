"""Finding an Asterisk that is new enough, or fetching one without root and without a build.

The packages come from the machine's own archive (``private_apt``) and are unpacked into the
user's cache.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ringway.cli.places import cache_dir
from ringway.cli.private_apt import (
    USE_COMPOSE,
    Archive,
    PrivateApt,
    archives,
    loader_of,
    only_one,
    unpack,
)
from ringway.cli.say import Trouble, step

# StasisBroadcast and REST over WebSocket both exist from this version on.
MINIMUM = (22, 7)
_PACKAGES = ("asterisk", "asterisk-core-sounds-en-wav", "asterisk-moh-opsound-wav")


@dataclass(frozen=True, slots=True)
class AsteriskProgram:
    """An Asterisk that can be started, with the folders its configuration must name."""

    argv: tuple[str, ...]
    """The command without options; more than one word when a private loader is needed."""
    version: str
    module_dir: Path
    data_dir: Path


def version_of(text: str) -> tuple[int, int] | None:
    """Return (major, minor) from a version such as ``Asterisk 22.10.1+dfsg`` or ``1:22.7.0-1``."""
    found = re.search(r"(?:^|\s)(?:\d+:)?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def find_or_fetch() -> AsteriskProgram:
    """Return an Asterisk of at least ``MINIMUM``: on PATH, from the cache, or newly fetched.

    Raises:
        Trouble: None is here and none can be had; the message says what to do.
    """
    return on_path() or cached() or _fetch()


def on_path() -> AsteriskProgram | None:
    """Return the machine's own Asterisk when it is new enough and complete."""
    program = shutil.which("asterisk", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        return None
    version = _ask_version((program,))
    if version is None or (version_of(version) or (0, 0)) < MINIMUM:
        return None
    triplet = f"{platform.machine()}-linux-gnu"
    modules = _first_dir(f"/usr/lib/{triplet}/asterisk/modules", "/usr/lib/asterisk/modules")
    data = _first_dir("/usr/share/asterisk", "/var/lib/asterisk")
    if modules is None or data is None or not (modules / "app_stasis_broadcast.so").exists():
        return None
    if not (data / "sounds").is_dir():
        return None
    return AsteriskProgram((program,), version, modules, data)


def cached() -> AsteriskProgram | None:
    """Return the newest unpacked Asterisk of this user's cache, or ``None``."""
    found = [p for p in map(_from_prefix, sorted(cache_dir().glob("asterisk-*"))) if p is not None]
    return max(found, key=lambda p: version_of(p.version) or (0, 0), default=None)


def _fetch() -> AsteriskProgram:
    for tool in ("apt-get", "apt-cache", "dpkg"):
        if shutil.which(tool) is None:
            raise Trouble(
                f"Asterisk {MINIMUM[0]}.{MINIMUM[1]} or newer is needed and this machine has no "
                f"`{tool}` to fetch it with. Install Asterisk yourself, or {USE_COMPOSE}."
            )
    cache_dir().mkdir(parents=True, exist_ok=True)
    with only_one(cache_dir() / "asterisk.lock"):
        # Another installation may have fetched it while this one waited for the lock.
        return cached() or _fetch_from_any(archives())


def _fetch_from_any(suites: Sequence[Archive]) -> AsteriskProgram:
    refusals: list[str] = []
    for archive in suites:
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=cache_dir()) as scratch:
            apt = PrivateApt(Path(scratch), archive)
            candidate = apt.candidate("asterisk")
            if candidate is None or (version_of(candidate) or (0, 0)) < MINIMUM:
                refusals.append(f"{archive.suite}: {candidate or apt.complaint or 'no asterisk'}")
                continue
            prefix = Path(scratch) / "prefix"
            with step(f"Fetching Asterisk {candidate} from the {archive.suite} archive (~100 MB)"):
                packages = apt.download(_PACKAGES)
            with step(f"Unpacking {len(packages)} packages"):
                unpack(packages, prefix)
            program = _from_prefix(prefix)
            if program is None:
                refusals.append(f"{archive.suite}: unpacked, but does not run")
                continue
            target = cache_dir() / f"asterisk-{archive.suite}-{platform.machine()}"
            shutil.rmtree(target, ignore_errors=True)
            prefix.rename(target)
            final = _from_prefix(target)
            if final is not None:
                return final
    tried = "; ".join(refusals) or "no Debian or Ubuntu archive is configured for apt"
    raise Trouble(
        f"No archive of this machine offers Asterisk {MINIMUM[0]}.{MINIMUM[1]} or newer ({tried}). "
        f"Check that apt can reach its archive (`apt-get update`), or {USE_COMPOSE}."
    )


def _from_prefix(prefix: Path) -> AsteriskProgram | None:
    loader = loader_of(prefix)
    modules = next(iter(sorted(prefix.glob("usr/lib/*/asterisk/modules"))), None)
    if loader is None or modules is None:
        return None
    libraries = modules.parents[1]
    # Some libraries live one folder deeper (pulse, blas …) and are found by an rpath-less name.
    deeper = sorted({p.parent for p in libraries.glob("*/lib*.so.*")} - {modules, modules.parent})
    search = ":".join(map(str, (libraries, prefix / "usr/lib", *deeper)))
    argv = (str(loader), "--library-path", search, str(prefix / "usr/sbin/asterisk"))
    version = _ask_version(argv)
    if version is None:
        return None
    return AsteriskProgram(argv, version, modules, prefix / "usr/share/asterisk")


def _ask_version(argv: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(
            (*argv, "-V"), capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = done.stdout.strip()
    return text.removeprefix("Asterisk ") if done.returncode == 0 and text else None


def _first_dir(*candidates: str) -> Path | None:
    return next((Path(c) for c in candidates if Path(c).is_dir()), None)
