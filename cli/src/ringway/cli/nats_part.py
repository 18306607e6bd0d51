"""The NATS server with JetStream: configuration from the table of permissions, start, health."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ringway.cli.part import Part
from ringway.cli.probe import http_ok
from ringway.cli.say import Trouble
from ringway.proto.permissions import nats_permissions

_MAX_PAYLOAD_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Nats:
    """The embedded message bus of one installation."""

    folder: Path
    port: int
    monitor_port: int
    passwords: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def _config(self) -> Path:
        return self.folder / "nats.conf"

    def config_text(self) -> str:
        """Return the server's configuration: one user per service, with its subjects only."""
        users = [
            {
                "user": user,
                "password": self.passwords[user],
                "permissions": {
                    "publish": list(allowed.publish),
                    "subscribe": list(allowed.subscribe),
                    "allow_responses": {"max": 1000, "expires": "60s"},
                },
            }
            for user, allowed in nats_permissions().items()
        ]
        return json.dumps(
            {
                "server_name": "ringway-nats-0",
                "listen": f"127.0.0.1:{self.port}",
                "http": f"127.0.0.1:{self.monitor_port}",
                "max_payload": _MAX_PAYLOAD_BYTES,
                "write_deadline": "5s",
                "jetstream": {
                    "store_dir": str(self.folder / "jetstream"),
                    "max_memory_store": 64 * 1024 * 1024,
                    "max_file_store": 8 * 1024 * 1024 * 1024,
                },
                "authorization": {"timeout": 5, "users": users},
            },
            indent=1,
        )

    def prepare(self) -> None:
        """Write the configuration. Safe to repeat; the streams' files are left alone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self._config.with_suffix(".new")
        scratch.touch(mode=0o600)
        scratch.write_text(self.config_text())
        os.replace(scratch, self._config)

    def part(self) -> Part:
        """Return how the server is run."""
        return Part(
            name="nats",
            argv=(str(program()), "--config", str(self._config)),
            environment={"PATH": os.defpath, "TZ": "UTC", "GOMAXPROCS": "2"},
            is_ready=self.check,
            config_digest=hashlib.sha256(self.config_text().encode()).hexdigest(),
        )

    async def check(self) -> str | None:
        """Return ``None`` when the server and JetStream work."""
        return await http_ok(f"http://127.0.0.1:{self.monitor_port}/healthz")


def program() -> Path:
    """Return the NATS server's program.

    Raises:
        Trouble: The wheel is not installed.
    """
    found = Path(sys.prefix) / "bin" / "nats-server"
    if found.exists():
        return found
    raise Trouble("The NATS server is missing: run ./ringway again, it installs the wheel.")
