"""The thousand ports of one installation, and who sits on one that should be free."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DEFAULT_BASE = 17000
_LOWEST, _HIGHEST = 1024, 64000
MOST_REPLICAS = 9
REPLICATED = ("acd", "dialer")


def part_of(service: str, replica: int) -> str:
    """Return the part's name of a replica of a service: ``acd``, ``acd-1``, ``acd-2``."""
    return f"{service}-{replica}" if replica else service


@dataclass(frozen=True, slots=True)
class Ports:
    """Every port of an installation, as an offset from its base."""

    base: int

    def __post_init__(self) -> None:
        if not _LOWEST <= self.base <= _HIGHEST:
            raise ValueError(f"the port base must be {_LOWEST}..{_HIGHEST}, not {self.base}")

    @property
    def crm_api(self) -> int:
        return self.base

    @property
    def nats(self) -> int:
        return self.base + 1

    @property
    def nats_monitor(self) -> int:
        return self.base + 2

    @property
    def postgres(self) -> int:
        return self.base + 3

    @property
    def asterisk_http(self) -> int:
        return self.base + 4

    @property
    def sip(self) -> int:
        return self.base + 5

    @property
    def trainer_trunk(self) -> int:
        return self.base + 6

    @property
    def rtp(self) -> tuple[int, int]:
        """First and last port of Asterisk's media."""
        return self.base + 200, self.base + 999

    def health(self, service: str, replica: int = 0) -> int:
        """Port of ``/livez``, ``/readyz`` and ``/metrics`` of a service's replica."""
        if service == "crm_api":
            return self.crm_api
        which = ("acd", "dialer", "recorder", "trainer").index(service)
        return self.base + 10 * (1 + replica) + which

    def by_part(self, replicas: int = 1) -> dict[str, tuple[tuple[str, int], ...]]:
        """Return what each part listens on, as (``tcp`` or ``udp``, port)."""
        return {
            **{
                part_of(service, n): (("tcp", self.health(service, n)),)
                for service in REPLICATED
                for n in range(replicas)
            },
            "postgres": (("tcp", self.postgres),),
            "nats": (("tcp", self.nats), ("tcp", self.nats_monitor)),
            "asterisk": (("tcp", self.asterisk_http), ("tcp", self.sip), ("udp", self.sip)),
            "recorder": (("tcp", self.health("recorder")),),
            "trainer": (("tcp", self.health("trainer")), ("udp", self.trainer_trunk)),
            "crm_api": (("tcp", self.crm_api),),
        }


def is_free(protocol: str, port: int, host: str = "127.0.0.1") -> bool:
    """Say whether a server could listen on the port at this moment."""
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        if protocol == "tcp":
            # As servers do: an old connection that lingers does not make the port busy.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            if protocol == "tcp":
                probe.listen(1)
        except OSError:
            return False
    return True


def holder(protocol: str, port: int) -> str:
    """Return who holds a port, such as ``nginx (pid 812)``, as far as this user may see."""
    inodes = set(_inodes(protocol, port))
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with suppress(OSError):
            for handle in (process / "fd").iterdir():
                with suppress(OSError):
                    if str(handle.readlink()) in inodes:
                        name = (process / "comm").read_text().strip()
                        return f"{name} (pid {process.name})"
    return "another user's process" if inodes else "a process that has just ended"


def _inodes(protocol: str, port: int) -> Iterable[str]:
    for table in (protocol, f"{protocol}6"):
        with suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                listening = protocol == "udp" or fields[3] == "0A"
                if listening and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    yield f"socket:[{fields[9]}]"
