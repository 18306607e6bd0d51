"""The ACD's configuration on real PostgreSQL and NATS, without its floors and Asterisk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.postgres import Database

from ringway.acd.configuration import Configuration
from ringway.acd.requests_config import ConfigRequests
from ringway.runtime.bus import Bus
from ringway.runtime.postgres import Pool


class StoredSeats:
    """Agents and trunks as they are stored now."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._agents: set[tuple[str, str]] = set()
        self._trunks: set[tuple[str, str]] = set()

    async def load(self, tenant: str) -> None:
        async with self._pool.tenant(tenant) as conn:
            agents = await conn.fetch("SELECT agent_id FROM acd.agent")
            trunks = await conn.fetch("SELECT trunk_id FROM acd.trunk")
        self._agents |= {(tenant, row["agent_id"]) for row in agents}
        self._trunks |= {(tenant, row["trunk_id"]) for row in trunks}

    def has_agent(self, tenant: str, agent_id: str, /) -> bool:
        return (tenant, agent_id) in self._agents

    def has_trunk(self, tenant: str, trunk_id: str, /) -> bool:
        return (tenant, trunk_id) in self._trunks


class ConfigFloors:
    """Every tenant's configuration; agents and trunks are read again for each request."""

    def __init__(self, pool: Pool) -> None:
        self.accounts = StoredSeats(pool)
        self.configurations: dict[str, Configuration] = {}
        self._pool = pool

    async def floor(self, tenant: str, /) -> None:
        await self.accounts.load(tenant)
        if tenant not in self.configurations:
            self.configurations[tenant] = await Configuration.load(self._pool, tenant)


@asynccontextmanager
async def config_floors(database: Database, bus: Bus) -> AsyncIterator[ConfigFloors]:
    """Answer the requests about configuration."""
    dsn = database.dsn("ringway_acd")
    async with Pool.open(dsn, max_size=4, application_name="acd config") as pool:
        floors = ConfigFloors(pool)
        await ConfigRequests(floors).serve(bus)
        yield floors
