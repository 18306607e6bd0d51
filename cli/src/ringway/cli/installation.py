"""One embedded installation: its folder, its ports, its parts, and what it tells outsiders."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ringway.cli import control
from ringway.cli.asterisk_config import AsteriskSettings, CdrDatabase
from ringway.cli.asterisk_part import Asterisk
from ringway.cli.credentials import (
    DATABASE_OWNER,
    PLATFORM_ADMIN,
    SERVICES,
    Credentials,
    load_or_make,
)
from ringway.cli.nats_part import Nats
from ringway.cli.part import Part, Step
from ringway.cli.ports import (
    DEFAULT_BASE,
    MOST_REPLICAS,
    REPLICATED,
    Ports,
    holder,
    is_free,
    part_of,
)
from ringway.cli.postgres_part import DATABASE, Postgres
from ringway.cli.probe import http_ok
from ringway.cli.processes import marks, owned_by
from ringway.cli.say import Trouble

ASTERISK_NODE = "ast-0"
INFRASTRUCTURE = ("postgres", "nats", "asterisk")
_DATABASE_USERS = frozenset({"acd", "dialer", "recorder", "crm_api"})
_ARI_USERS = frozenset({"acd", "dialer", "recorder"})
_MIGRATING = ("dialer", "acd", "recorder", "crm_api")


@dataclass(frozen=True)
class Installation:
    """Everything that follows from a data folder.

    Args:
        data: The installation's folder. Nothing is written outside it but the shared cache.
        port_base: First of its thousand ports; ``None`` means the one it was made with, or the
            default for a new one.
        asked_replicas: How many processes of the ACD and the dialer there are; ``None`` means as
            many as at the last start, or one.
    """

    data: Path
    port_base: int | None = None
    asked_replicas: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", Path(os.path.realpath(self.data)))

    # What it consists of

    @cached_property
    def ports(self) -> Ports:
        remembered = self._remembered().get("port_base", DEFAULT_BASE)
        try:
            return Ports(self.port_base if self.port_base is not None else remembered)
        except ValueError as error:
            raise Trouble(str(error)) from error

    @cached_property
    def replicas(self) -> int:
        asked = self.asked_replicas
        replicas = int(self._remembered().get("replicas", 1)) if asked is None else asked
        if not 1 <= replicas <= MOST_REPLICAS:
            raise Trouble(f"There can be 1 to {MOST_REPLICAS} replicas, not {replicas}.")
        return replicas

    @cached_property
    def credentials(self) -> Credentials:
        return load_or_make(self.data / "secrets.json")

    @cached_property
    def postgres(self) -> Postgres:
        return Postgres(self.data / "postgres", self.ports.postgres, self.credentials.postgres)

    @cached_property
    def nats(self) -> Nats:
        return Nats(
            self.data / "nats", self.ports.nats, self.ports.nats_monitor, self.credentials.nats
        )

    @cached_property
    def asterisk(self) -> Asterisk:
        first, last = self.ports.rtp
        settings = AsteriskSettings(
            node=ASTERISK_NODE,
            http_port=self.ports.asterisk_http,
            sip_port=self.ports.sip,
            rtp_first=first,
            rtp_last=last,
            ari_passwords=self.credentials.ari,
            placeholder_password=self.credentials.placeholder,
            cdr=CdrDatabase(
                host="127.0.0.1",
                port=self.ports.postgres,
                database=DATABASE,
                user="ringway_asterisk",
                password=self.credentials.postgres["ringway_asterisk"],
            ),
        )
        return Asterisk(self.data / "asterisk", settings)

    @property
    def part_names(self) -> tuple[str, ...]:
        """Every part, in start order."""
        return (*INFRASTRUCTURE, *(part_of(*each) for each in self._processes()))

    def log_file(self, part: str) -> Path:
        return self.data / "logs" / f"{part}.log"

    def parts(self) -> list[Part]:
        """Return how every part is run. ``prepare`` must have been called before."""
        return [
            self.postgres.part(),
            self.nats.part(),
            self.asterisk.part(),
            *(self._service_part(*each) for each in self._processes()),
        ]

    def steps(self) -> list[Step]:
        """Return what is done once at each start."""
        return [
            Step("roles", ("postgres",), self.postgres.make_roles),
            Step("migrations", ("roles",), self.migrate),
        ]

    def prepare(self) -> None:
        """Make everything that must be there before the first process starts. Safe to repeat.

        Raises:
            Trouble: Something is missing on this machine; the message names the remedy.
        """
        for folder in ("logs", "run", "recordings", "trainer"):
            (self.data / folder).mkdir(parents=True, exist_ok=True)
        with self._preparing():
            self._remember(port_base=self.ports.base, replicas=self.replicas)
            self.postgres.prepare()
            self.nats.prepare()
            self.asterisk.prepare()

    def tidy(self) -> None:
        """Remove what lies outside the folder, unless it is in use. ``prepare`` makes it again."""
        if not (self.data / "run").exists():
            return
        with self._preparing():
            # The supervisor itself calls this when it has stopped everything.
            if all(process.pid == os.getpid() for process in owned_by(self.data)):
                self.postgres.tidy()
                self.asterisk.tidy()

    def check_ports(self) -> None:
        """Refuse to start when a stranger listens on one of the ports.

        Raises:
            Trouble: Names the port, who holds it, and the remedy.
        """
        running = {process.part for process in owned_by(self.data)}
        for part, ports in self.ports.by_part(self.replicas).items():
            for protocol, port in () if part in running else ports:
                if not is_free(protocol, port):
                    raise Trouble(
                        f"Port {port}/{protocol}, needed by {part}, is in use by "
                        f"{holder(protocol, port)}. Stop it, or choose other ports with "
                        f"--port-base N (an installation uses N to N+999)."
                    )

    async def migrate(self, phase: str = "all") -> None:
        """Bring every service's schema up to date.

        Raises:
            Trouble: A migration failed; the message ends with what it said.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "ringway.runtime.migrate"),
            *("--dsn", f"postgresql://{DATABASE_OWNER}@127.0.0.1:{self.ports.postgres}/{DATABASE}"),
            *("--phase", phase, *_MIGRATING),
            # Not among the arguments, which every user of the machine may read.
            env={
                **self._base_environment(),
                "PGPASSWORD": self.credentials.postgres[DATABASE_OWNER],
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        with self.log_file("migrations").open("ab") as log:
            log.write(out)
        if process.returncode:
            raise Trouble(f"migrations failed: {out.decode(errors='replace').strip()[-800:]}")

    # What outsiders rely on

    def endpoints(self) -> dict[str, Any]:
        """Return the addresses and the first sign-in, as ``./ringway up --json`` prints them."""
        http = f"http://127.0.0.1:{self.ports.crm_api}"
        return {
            "api": f"{http}/api/v1",
            "console": http,
            "sip": f"127.0.0.1:{self.ports.sip}",
            "sip_ws": f"ws://127.0.0.1:{self.ports.asterisk_http}/ws",
            "nats": self.nats.url,
            "platform_admin": {
                "username": PLATFORM_ADMIN,
                "password": self.credentials.platform_admin_password,
            },
        }

    def env_for(self, service: str, replica: int = 0) -> dict[str, str]:
        """Return the complete environment of a service's process."""
        own = {
            "replica": str(replica),
            "health_port": str(self.ports.health(service, replica)),
        }
        fields = {**self._fields_for(service), **own, **self._chosen_by_operator(service)}
        prefix = f"RINGWAY_{service.upper()}_"
        return {
            **self._base_environment(),
            **{f"{prefix}{name.upper()}": value for name, value in fields.items()},
        }

    def up(self, *, timeout_s: float = 120) -> None:
        """Start everything in the background and return when all parts are ready.

        Raises:
            Trouble: A part did not become ready within ``timeout_s`` seconds, or is missing.
        """
        control.up(self, timeout_s=timeout_s)

    def down(self) -> None:
        """Stop everything; no process is left, whatever state the installation was in."""
        control.down(self)

    def part_pid(self, name: str) -> int | None:
        """Return the process id of a part or of the ``supervisor``, ``None`` when it is not up."""
        return next((p.pid for p in reversed(owned_by(self.data)) if p.part == name), None)

    # Inside

    @contextmanager
    def _preparing(self) -> Iterator[None]:
        with (self.data / "run" / "prepare.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _processes(self) -> list[tuple[str, int]]:
        """Return every service with its replicas' numbers, in start order."""
        return [
            (service, n)
            for service in SERVICES
            for n in range(self.replicas if service in REPLICATED else 1)
        ]

    def _service_part(self, service: str, replica: int) -> Part:
        address = f"http://127.0.0.1:{self.ports.health(service, replica)}"

        async def ready() -> str | None:
            return await http_ok(f"{address}/readyz")

        async def alive() -> str | None:
            return await http_ok(f"{address}/livez")

        return Part(
            name=part_of(service, replica),
            argv=(sys.executable, "-P", "-m", f"ringway.{service}"),
            environment=self.env_for(service, replica),
            is_ready=ready,
            is_alive=alive,
            after=("migrations", "nats", "asterisk"),
            stop_grace_s=15,
        )

    def _fields_for(self, service: str) -> dict[str, str]:
        """Return a service's settings by field name."""
        sip = f"127.0.0.1:{self.ports.sip}"
        sip_ws = f"ws://127.0.0.1:{self.ports.asterisk_http}/ws"
        fields = {
            "nats_url": self.nats.url,
            "nats_user": service,
            "nats_password": self.credentials.nats[service],
            "health_host": "127.0.0.1",
        }
        if service in _DATABASE_USERS:
            fields["postgres_dsn"] = self.postgres.dsn(f"ringway_{service}")
        if service in _ARI_USERS:
            node = {
                "name": ASTERISK_NODE,
                "url": self.asterisk.url,
                "username": service,
                "password": self.credentials.ari[service],
            }
            fields["ari_nodes"] = json.dumps([node])
        match service:
            case "acd":
                fields |= {"sip_address": sip, "sip_ws": sip_ws}
            case "recorder":
                fields |= {
                    "store_dir": str(self.data / "recordings"),
                    "media_secret": self.credentials.media_secret,
                }
            case "trainer":
                fields |= {
                    "trunk_host": "127.0.0.1",
                    "trunk_port": str(self.ports.trainer_trunk),
                    "state_dir": str(self.data / "trainer"),
                    "sip_registrar": sip,
                }
            case "crm_api":
                fields |= {
                    "http_host": "127.0.0.1",
                    "http_port": str(self.ports.crm_api),
                    "token_secret": self.credentials.token_secret,
                    "media_secret": self.credentials.media_secret,
                    "recorder_url": f"http://127.0.0.1:{self.ports.health('recorder')}",
                    "sip_address": sip,
                    "sip_ws": sip_ws,
                    "platform_admin_password": self.credentials.platform_admin_password,
                }
        return fields

    def _chosen_by_operator(self, service: str) -> dict[str, str]:
        """Return what ``<data>/settings.toml`` says in the service's table, such as ``[acd]``."""
        file = self.data / "settings.toml"
        try:
            tables = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Trouble(f"{file} is not TOML: {error}") from error
        unknown = sorted(tables.keys() - set(SERVICES))
        if unknown:
            raise Trouble(f"{file}: [{unknown[0]}] is no service; there are {', '.join(SERVICES)}")
        table = tables.get(service, {})
        return {k: v if isinstance(v, str) else json.dumps(v) for k, v in table.items()}

    def _base_environment(self) -> dict[str, str]:
        kept = ("PATH", "HOME", "RINGWAY_ROOT", "SSL_CERT_FILE", "SSL_CERT_DIR")
        return {
            **{key: os.environ[key] for key in kept if key in os.environ},
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONUNBUFFERED": "1",
        }

    def _remembered(self) -> dict[str, Any]:
        file = self.data / "installation.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def _remember(self, **facts: Any) -> None:
        file = self.data / "installation.json"
        if self._remembered() | facts != self._remembered():
            scratch = file.with_suffix(".new")
            scratch.write_text(json.dumps(self._remembered() | facts) + "\n")
            os.replace(scratch, file)


def environment_of(data: Path, part: Part) -> dict[str, str]:
    """Return a part's environment with the marks by which it is found again."""
    return {**part.environment, **marks(data, part.name, part.spec)}


def known_parts(installation: Installation) -> Sequence[str]:
    """Return the names that ``logs`` accepts."""
    return (*installation.part_names, "migrations", "supervisor")
