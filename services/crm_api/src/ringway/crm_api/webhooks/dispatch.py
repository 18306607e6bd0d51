"""From facts on the bus to deliveries: a durable consumer, so that none is missed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from ringway.crm_api.events.stream import fact_message
from ringway.crm_api.webhooks import delivery_store
from ringway.crm_api.webhooks.endpoints import Endpoints
from ringway.proto.base import Fact, Kind, registry
from ringway.runtime.bus import Bus
from ringway.runtime.bus.consumer import fact_sequence
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Pool

DURABLE = "crm-webhooks"
_CONCURRENCY = 4


class Dispatcher:
    """Writes down which endpoints are to be told of which facts, each once."""

    def __init__(self, pool: Pool, endpoints: Endpoints, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._endpoints = endpoints
        self._now = now

    async def run(self, bus: Bus) -> None:
        """Take facts until cancelled; a worker."""
        kinds = [kind for kind in registry() if kind.KIND is Kind.FACT]
        facts: list[type[Fact]] = [kind for kind in kinds if issubclass(kind, Fact)]
        await bus.consume(DURABLE, facts, self.take, concurrency=_CONCURRENCY, from_now=True)

    async def take(self, fact: Fact) -> None:
        """Write the deliveries of one fact down. A repeat changes nothing.

        Raises:
            PostgresDown: Try again later.
        """
        try:
            tenant_id = UUID(fact.tenant)
        except ValueError:
            return  # of no enterprise
        name = type(fact).type_name()
        wanting = await self._endpoints.wanting(tenant_id, name)
        if not wanting:
            return
        body = fact_message(fact_sequence.get(), name, fact.tenant, fact.model_dump(mode="json"))
        async with self._pool.tenant(tenant_id) as conn:
            added = await delivery_store.add(
                conn,
                tenant_id=tenant_id,
                event_id=fact.message_id,
                type_name=name,
                body=body,
                to=[(webhook_id, uuid7()) for webhook_id in wanting],
                now=self._now(),
            )
        if added:
            self._endpoints.news.set()
