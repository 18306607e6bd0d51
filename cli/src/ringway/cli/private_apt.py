"""Packages of the machine's own Debian or Ubuntu archive, unpacked privately and without root.

apt works with lists, status and cache of its own; what it fetches is verified with the machine's
own keyring. The programs unpacked run through their own loader, so the machine's C library does
not matter.
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ringway.cli.say import Trouble

USE_COMPOSE = "run the platform in containers instead: `podman-compose up` uses compose.yaml"
# What the packages need for their installation scripts and for other programs.
_NOT_FOR_RUNNING = ("perl", "libperl", "gnupg", "gpg", "dirmngr", "passwd_", "adduser_", "pinentry")
_LOADERS = ("usr/lib*/*/ld-linux*.so.*", "lib*/*/ld-linux*.so.*", "usr/lib*/ld-linux*.so.*")


@dataclass(frozen=True, slots=True)
class Archive:
    """One suite of an archive that this machine's apt knows."""

    site: str
    suite: str
    component: str
    keyring: Path


def archives() -> list[Archive]:
    """Return where to look, best first: the machine's own suite, then newer ones of its archive.

    Raises:
        Trouble: The archive's keyring is missing.
    """
    system = _os_release()
    family = "ubuntu" if "ubuntu" in (system.get("ID"), system.get("ID_LIKE")) else "debian"
    own = system.get("UBUNTU_CODENAME") or system.get("VERSION_CODENAME") or ""
    keyring = Path(f"/usr/share/keyrings/{family}-archive-keyring.gpg")
    if not keyring.exists():
        raise Trouble(
            f"{keyring} is missing, so packages cannot be verified. "
            f"Install the package {family}-archive-keyring, or {USE_COMPOSE}."
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
        Archive(site, suite, component, keyring) for site in best_first for suite in suites if suite
    ]


class PrivateApt:
    """apt with lists, status and cache of its own: needs no root, changes nothing here."""

    def __init__(self, folder: Path, archive: Archive) -> None:
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
        """Download the packages and all they depend on.

        Raises:
            Trouble: apt could not.
        """
        done = self._run("apt-get", "install", "-q", "-y", "--download-only", *packages)
        if done.returncode != 0:
            raise Trouble(f"apt could not fetch {packages[0]}: {done.stderr.strip()[-400:]}")
        return sorted((self._folder / "cache" / "archives").glob("*.deb"))

    def _run(self, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (tool, "-c", str(self._folder / "apt.conf"), *arguments),
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
        )


def unpack(packages: Sequence[Path], prefix: Path) -> None:
    """Unpack packages below ``prefix``, which must not exist yet.

    They are unpacked beside each other, which uses all cores; no two packages hold the same file.

    Raises:
        Trouble: One could not be unpacked.
    """
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


def loader_of(prefix: Path) -> Path | None:
    """Return the loader of the programs below ``prefix``, or ``None``."""
    found = (p for pattern in _LOADERS for p in sorted(prefix.glob(pattern)))
    return next(found, None)


def _os_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


@contextmanager
def only_one(lock_file: Path) -> Iterator[None]:
    """Wait until no other process holds this lock."""
    with lock_file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
