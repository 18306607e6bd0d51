"""Two replicas of the ACD on one Asterisk, which can be killed, frozen and started again."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.support.acd_centre import acd_centre, acd_environment
from tests.support.front_centre import FrontCentre
from tests.support.nats import NatsServer
from tests.support.ports import free_port
from tests.support.postgres import Database
from tests.support.processes import ServerProcess
from tests.support.waiting import eventually

from ringway.acd.replicas import preferred
from ringway.cli.probe import http_ok
from ringway.runtime.bus import Bus
from ringway.runtime.ids import shard_of
from ringway.runtime.leases import Leases

LEASE_TTL_S = "3"  # the default: what is measured here is what an operator gets


@dataclass(slots=True)
class Replica:
    """One process of the ACD."""

    name: str
    process: ServerProcess
    health: str

    async def start(self) -> None:
        await self.process.start(partial(http_ok, self.health))

    def kill(self) -> None:
        self.process.kill()

    async def stop(self) -> None:
        """End it as an operator would, and wait for it."""
        await asyncio.to_thread(self.process.signal, signal.SIGTERM)


@dataclass
class Pair:
    """A centre that two replicas serve."""

    front: FrontCentre
    replicas: dict[str, Replica]
    leases: Leases

    async def owner(self) -> Replica:
        """Return who serves the tenant."""
        key = f"acd.shard.{shard_of(self.front.acd.tenant)}"
        found: list[str] = []

        async def is_known() -> bool:
            owner = await self.leases.owner_of(key)
            found[:] = [owner] if owner in self.replicas else []
            return bool(found)

        await eventually(is_known, within_s=15, what="somebody serves the tenant")
        return self.replicas[found[0]]

    async def other(self) -> Replica:
        """Return who does not."""
        owner = await self.owner()
        return next(each for each in self.replicas.values() if each is not owner)

    async def until_owned_by(self, replica: Replica, within_s: float = 20) -> None:
        async def is_so() -> bool:
            return await self.owner() is replica

        await eventually(is_so, within_s=within_s, what=f"{replica.name} serves the tenant")

    async def until_both_serve(self) -> None:
        """Wait until both live and neither will hand anything over soon."""
        for replica in self.replicas.values():
            await replica.start()
        key = f"acd.shard.{shard_of(self.front.acd.tenant)}"
        await eventually(
            lambda: len(self.leases.owners("acd.replica.")) == 2, within_s=15, what="two replicas"
        )
        await self.until_owned_by(self.replicas[preferred(key, self.replicas) or ""])


@asynccontextmanager
async def pair_of_acds(
    folder: Path, database: Database, nats: NatsServer, bus: Bus
) -> AsyncIterator[Pair]:
    """Start a centre and a second replica of its ACD."""
    async with acd_centre(folder, database, nats, lease_ttl_s=LEASE_TTL_S) as centre:
        port = free_port()
        process = ServerProcess(
            "acd-1",
            (sys.executable, "-m", "ringway.acd"),
            acd_environment(
                centre.asterisk, database, nats, port, lease_ttl_s=LEASE_TTL_S, replica="1"
            ),
            folder,
        )
        second = Replica("acd-1", process, f"http://127.0.0.1:{port}/readyz")
        leases = Leases(bus, "dialer-0", float(LEASE_TTL_S))
        watching = asyncio.get_running_loop().create_task(leases.run())
        try:
            await second.start()
            first = Replica("acd-0", centre.acd, centre.health)
            yield Pair(FrontCentre(centre), {"acd-0": first, "acd-1": second}, leases)
        finally:
            process.kill()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
