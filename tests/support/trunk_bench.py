"""Trunks on a real Asterisk and a real PostgreSQL, without an ACD process around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import uuid4

from tests.support.ari import Ari
from tests.support.postgres import Database
from tests.support.waiting import eventually

from ringway.acd.config_checks import Known
from ringway.acd.configuration import Configuration
from ringway.acd.core.outbound import Choice
from ringway.acd.core.trunk import Trunk
from ringway.acd.outbound import Outbound
from ringway.acd.placing import Placed
from ringway.acd.trunk_watch import TrunkWatch
from ringway.acd.trunks import Trunks
from ringway.proto.acd import PutTrunkV1, TrunkStateChangedV1
from ringway.proto.acd_config import Config
from ringway.proto.base import Fact
from ringway.runtime.ari import Event
from ringway.runtime.bus import FactWriter
from ringway.runtime.clock import utcnow
from ringway.runtime.postgres import Pool

Handler = Callable[[str, Event], None]


@dataclass
class Channels:
    """Passes the events of single channels on, as the ACD does."""

    handlers: dict[str, list[Handler]] = field(default_factory=dict)

    def watch(self, channel_id: str, handler: Handler) -> None:
        self.handlers.setdefault(channel_id, []).append(handler)

    def unwatch(self, channel_id: str, handler: Handler) -> None:
        self.handlers[channel_id].remove(handler)

    def on_event(self, node: str, event: Event) -> None:
        for handler in tuple(self.handlers.get(event.channel_id or "", ())):
            handler(node, event)


@dataclass
class Told:
    """Facts in the order in which they were written."""

    facts: list[Fact] = field(default_factory=list)

    def put(self, fact: Fact) -> None:
        self.facts.append(fact)

    def states(self, trunk_id: str) -> list[bool]:
        return [
            fact.is_up
            for fact in self.facts
            if isinstance(fact, TrunkStateChangedV1) and fact.trunk_id == trunk_id
        ]


@dataclass
class TrunkBench:
    """Puts trunks, watches them and calls by them."""

    ari: Ari
    trunks: Trunks
    watch: TrunkWatch
    outbound: Outbound
    configurations: dict[str, Configuration]
    told: Told
    channels: Channels
    pool: Pool
    tenant: str

    async def put(
        self, trunk_id: str, address: tuple[str, int], tenant: str = "", **fields: Any
    ) -> Trunk:
        """Put a trunk to an address."""
        host, port = address
        values = {"name": trunk_id, "host": host, "port": port, **fields}
        return await self.trunks.put(
            PutTrunkV1(
                occurred_at=utcnow(), tenant=tenant or self.tenant, trunk_id=trunk_id, **values
            )
        )

    async def configure(self, object_id: str, config: Config) -> None:
        """Store one object of the configuration."""
        everybody = Known(has_agent=lambda _: True, has_trunk=lambda _: True)
        await self.configurations[self.tenant].put(object_id, config, known=everybody, at=utcnow())

    async def place(
        self, choices: Sequence[Choice], channel_id: str = "i1.x", ring_s: float = 10
    ) -> Placed:
        """Call as the ACD does."""
        return await self.outbound.place(
            self.ari.node,
            self.tenant,
            choices,
            channel_id=channel_id,
            app=self.ari.app,
            app_args=("outside",),
            variables={},
            ring_s=ring_s,
        )

    async def call(self, number: str, **kwargs: Any) -> Placed:
        """Choose and call."""
        return await self.place(await self.outbound.choices(self.tenant, number), **kwargs)

    async def until_up(self, trunk_id: str, *, is_up: bool, within_s: float = 15) -> None:
        """Look until a trunk works, or does not."""

        async def is_so() -> bool:
            trunk = self.trunks.get(self.tenant, trunk_id)
            assert trunk is not None
            await self.watch.look_at_all()
            state, _ = await self.watch.look(trunk)
            told = self.watch.state(self.tenant, trunk_id)
            return state.is_up is is_up and told.is_up is is_up

        await eventually(is_so, within_s=within_s, what=f"{trunk_id} works: {is_up}")


@asynccontextmanager
async def trunk_bench(ari: Ari, database: Database) -> AsyncIterator[TrunkBench]:
    """Open a bench on an Asterisk; it leaves no trunk behind."""
    tenant, channels, told = str(uuid4()), Channels(), Told()
    async with Pool.open(database.dsn("ringway_acd"), max_size=4, application_name="test") as pool:
        trunks = Trunks(pool, ari.client)
        await trunks.load(tenant)
        watch = TrunkWatch(trunks, ari.client, cast(FactWriter, told))
        configurations = {tenant: await Configuration.load(pool, tenant)}
        ari.client.on_event(channels.on_event)
        outbound = Outbound(trunks, watch, configurations, channels)
        bench = TrunkBench(
            ari, trunks, watch, outbound, configurations, told, channels, pool, tenant
        )
        try:
            yield bench
        finally:
            for owner, trunk_id in list(trunks.all):
                await trunks.delete(owner, trunk_id)
