"""A real NATS server with JetStream and the permissions of production."""

from __future__ import annotations

import signal
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import ServerProcess

from ringway.cli.nats_part import Nats
from ringway.proto.permissions import nats_permissions
from ringway.runtime.bus import Bus

PASSWORD = "no-secret"


class NatsServer:
    """One NATS server that can be killed and started again on its port and streams."""

    def __init__(self, folder: Path) -> None:
        passwords = dict.fromkeys(nats_permissions(), PASSWORD)
        self._nats = Nats(folder, free_port(), free_port(), passwords)
        self._nats.prepare()
        part = self._nats.part()
        self.process = ServerProcess("nats", part.argv, part.environment, folder)

    @property
    def url(self) -> str:
        return self._nats.url

    @property
    def port(self) -> int:
        return self._nats.port

    def bus(self, user: str, *, name: str | None = None) -> AbstractAsyncContextManager[Bus]:
        """Open a bus as one service."""
        return Bus.open(self.url, user=user, password=PASSWORD, name=name or f"{user}-0")

    async def start(self) -> None:
        """Start it, unless it runs, and wait until JetStream works."""
        if not self.process.is_running:
            await self.process.start(self._nats.check)

    def kill(self) -> None:
        """Kill -9."""
        self.process.kill()

    def stop(self) -> None:
        """End it at once."""
        if self.process.is_running:
            self.process.signal(signal.SIGKILL)
