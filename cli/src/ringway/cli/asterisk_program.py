"""Finding an Asterisk that is new enough, or fetching one without root and without a build.

The packages come from the machine's own Debian or Ubuntu archive, through apt with a private
state, are verified with the machine's own keyring, and are unpacked into the user's cache. The
programs there run through their own loader, so the machine's C library does not matter.
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ringway.cli.places import cache_dir
from ringway.cli.say import Trouble, step

# StasisBroadcast and REST over WebSocket both exist from this version on.
MINIMUM = (22, 7)
_PACKAGES = ("asterisk", "asterisk-core-sounds-en-wav", "asterisk-moh-opsound-wav")
# What the packages need for their installation scripts and for other programs.
_NOT_FOR_RUNNING = ("perl", "libperl", "gnupg", "gpg", "dirmngr", "passwd_", "adduser_", "pinentry")
_LOADERS = ("usr/lib/*/ld-linux*.so.*", "lib/*/ld-linux*.so.*", "usr/lib/ld-linux*.so.*")
_USE_COMPOSE = "run the platform in containers instead: `podman-compose up` uses compose.yaml"


@dataclass(frozen=True, slots=True)
class AsteriskProgram:
    """An Asterisk that can be started, with the folders its configuration must name."""

    argv: tuple[str, ...]
    """The command without options; more than one word when a private loader is needed."""
    version: str
    module_dir: Path
    data_dir: Path


@dataclass(frozen=True, slots=True)
class _Archive:
    site: str
    suite: str
    component: str
    keyring: Path


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
                f"`{tool}` to fetch it with. Install Asterisk yourself, or {_USE_COMPOSE}."
            )
    cache_dir().mkdir(parents=True, exist_ok=True)
    with _only_one(cache_dir() / "asterisk.lock"):
        # Another installation may have fetched it while this one waited for the lock.
        return cached() or _fetch_from_any(_archives())


def _fetch_from_any(archives: Sequence[_Archive]) -> AsteriskProgram:
    refusals: list[str] = []
    for archive in archives:
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=cache_dir()) as scratch:
            apt = _PrivateApt(Path(scratch), archive)
            candidate = apt.candidate("asterisk")
            if candidate is None or (version_of(candidate) or (0, 0)) < MINIMUM:
                refusals.append(f"{archive.suite}: {candidate or apt.complaint or 'no asterisk'}")
                continue
            prefix = Path(scratch) / "prefix"
            with step(f"Fetching Asterisk {candidate} from the {archive.suite} archive (~100 MB)"):
                packages = apt.download(_PACKAGES)
            with step(f"Unpacking {len(packages)} packages"):
                _unpack(packages, prefix)
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
        f"Check that apt can reach its archive (`apt-get update`), or {_USE_COMPOSE}."
    )


def _archives() -> list[_Archive]:
    """Return where to look, best first: the machine's own suite, then newer ones of its archive."""
    system = _os_release()
    family = "ubuntu" if "ubuntu" in (system.get("ID"), system.get("ID_LIKE")) else "debian"
    own = system.get("UBUNTU_CODENAME") or system.get("VERSION_CODENAME") or ""
    keyring = Path(f"/usr/share/keyrings/{family}-archive-keyring.gpg")
    if not keyring.exists():
        raise Trouble(
            f"{keyring} is missing, so packages cannot be verified. "
            f"Install the package {family}-archive-keyring, or {_USE_COMPOSE}."
        )
    suites = [own, "forky", "sid"] if family == "debian" else [own, "resolute", "devel"]
    component = "main" if family == "debian" else "universe"
    listing = subprocess.run(
        ("apt-get", "indextargets", "--format", "$(SITE)\t$(RELEASE)\t$(COMPONENT)\t$(ORIGIN)"),
        capture_output=True,
        text=True,
        check=False,
    )
    sites: dict[str, bool] = {}
    for line in listing.stdout.splitlines():
        site, release, its_component, origin = [*line.split("\t"), "", "", ""][:4]
        if release == own and its_component == "main":
            sites[site] = sites.get(site, False) or origin.lower() == family
    best_first = sorted(sites, key=lambda site: (not sites[site], site))
    return [
        _Archive(site, suite, component, keyring)
        for site in best_first
        for suite in suites
        if suite
    ]


class _PrivateApt:
    """apt with lists, status and cache of its own: needs no root, changes nothing here."""

    def __init__(self, folder: Path, archive: _Archive) -> None:
        self.complaint = ""
        self._folder = folder
        for part in ("lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True)
        (folder / "status").touch()
        components = "main" if archive.component == "main" else f"main {archive.component}"
        (folder / "sources.list").write_text(
            f"deb [signed-by={archive.keyring}] {archive.site} {archive.suite} {components}\n"
        )
        # Given with -c this is read last: the machine's proxy settings stay, its hooks, pinning
        # and target release do not apply.
        (folder / "apt.conf").write_text(
            "\n".join(
                (
                    "#clear APT::Update::Post-Invoke;",
                    "#clear APT::Update::Post-Invoke-Success;",
                    "#clear APT::Update::Pre-Invoke;",
                    "#clear DPkg::Post-Invoke;",
                    "#clear DPkg::Pre-Install-Pkgs;",
                    "#clear APT::Default-Release;",
                    f'Dir::State::lists "{folder}/lists";',
                    f'Dir::State::status "{folder}/status";',
                    f'Dir::Cache "{folder}/cache";',
                    'Dir::Cache::archives "archives";',
                    f'Dir::Etc::sourcelist "{folder}/sources.list";',
                    'Dir::Etc::sourceparts "-";',
                    'Dir::Etc::preferences "-";',
                    'Dir::Etc::preferencesparts "-";',
                    'APT::Install-Recommends "false";',
                    'APT::Get::List-Cleanup "false";',
                    'Acquire::Languages "none";',
                    'Acquire::Retries "3";',
                    'APT::Sandbox::User "root";',
                )
            )
            + "\n"
        )

    def candidate(self, package: str) -> str | None:
        """Read the archive's index and return the version it offers, or ``None``."""
        update = self._run("apt-get", "update", "-q")
        if update.returncode != 0:
            self.complaint = (update.stderr.strip().splitlines() or ["apt-get update failed"])[-1]
            return None
        policy = self._run("apt-cache", "policy", package).stdout
        found = re.search(r"Candidate: (\S+)", policy)
        return found[1] if found and found[1] != "(none)" else None

    def download(self, packages: Sequence[str]) -> list[Path]:
        """Download the packages and all they depend on."""
        done = self._run("apt-get", "install", "-q", "-y", "--download-only", *packages)
        if done.returncode != 0:
            raise Trouble(f"apt could not fetch Asterisk: {done.stderr.strip()[-400:]}")
        return sorted((self._folder / "cache" / "archives").glob("*.deb"))

    def _run(self, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (tool, "-c", str(self._folder / "apt.conf"), *arguments),
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
        )


def _unpack(packages: Sequence[Path], prefix: Path) -> None:
    """Unpack beside each other, which uses all cores; no two packages hold the same file."""
    prefix.mkdir()
    wanted = [p for p in packages if not p.name.startswith(_NOT_FOR_RUNNING)]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        complaints = pool.map(partial(_extract, prefix), wanted)
        for package, complaint in zip(wanted, complaints, strict=True):
            if complaint:
                raise Trouble(f"Could not unpack {package.name}: {complaint} (disk full?)")


def _extract(prefix: Path, package: Path) -> str:
    done = subprocess.run(
        ("dpkg", "-x", str(package), str(prefix)), capture_output=True, text=True, check=False
    )
    return done.stderr.strip() or "dpkg failed" if done.returncode != 0 else ""


def _from_prefix(prefix: Path) -> AsteriskProgram | None:
    loader = next(
        (
            p
            for pattern in (
                "usr/lib*/*/ld-linux*.so.*",
                "lib*/*/ld-linux*.so.*",
                "usr/lib*/ld-linux*.so.*",
            )
            for p in sorted(prefix.glob(pattern))
        ),
        None,
    )
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


def _os_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


@contextmanager
def _only_one(lock_file: Path) -> Iterator[None]:
    with lock_file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
