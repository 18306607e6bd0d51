"""The embedded Asterisk node: configuration, start, health."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ringway.cli import asterisk_config, asterisk_program
from ringway.cli.asterisk_config import AsteriskSettings
from ringway.cli.part import Part
from ringway.cli.probe import http_ok


@dataclass(frozen=True, slots=True)
class Asterisk:
    """The embedded media and SIP node of one installation."""

    folder: Path
    settings: AsteriskSettings

    @property
    def url(self) -> str:
        """HTTP base address: ARI is below ``/ari``, SIP over WebSocket at ``/ws``."""
        return f"http://{self.settings.http_host}:{self.settings.http_port}"

    @property
    def ari_passwords(self) -> Mapping[str, str]:
        return self.settings.ari_passwords

    def prepare(self) -> None:
        """Get the program if it is not here, and write the configuration.

        Raises:
            Trouble: There is no Asterisk that is new enough, and none can be had.
        """
        asterisk_config.write(self.folder, asterisk_program.find_or_fetch(), self.settings)

    def tidy(self) -> None:
        """Remove what lies outside the folder. Asterisk must have ended."""
        asterisk_config.tidy(self.folder)

    def part(self) -> Part:
        """Return how Asterisk is run."""
        program = asterisk_program.find_or_fetch()
        etc = self.folder / "etc"
        digest = hashlib.sha256()
        for file in sorted(etc.glob("*.conf")):
            digest.update(file.name.encode() + file.read_bytes())
        return Part(
            name="asterisk",
            argv=asterisk_config.command(program, etc / "asterisk.conf"),
            environment={"PATH": os.defpath, "TZ": "UTC", "HOME": str(self.folder)},
            is_ready=self.check,
            # It writes its call detail records itself, and crashes when their table is missing.
            after=("migrations",),
            # Started without its database it would write no record until it is started again.
            needs=("postgres",),
            config_digest=digest.hexdigest(),
        )

    async def check(self) -> str | None:
        """Return ``None`` when ARI answers."""
        return await http_ok(
            f"{self.url}/ari/asterisk/ping", user="acd", password=self.ari_passwords["acd"]
        )
