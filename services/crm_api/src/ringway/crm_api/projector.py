"""Facts of all services become our own records: interactions and agents' states.

One durable consumer; the order in which facts come does not matter (see core/interaction.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from ringway.crm_api.core.interaction import FACTS, derive, is_counted, merge, source_of
from ringway.crm_api.interactions import store
from ringway.proto.acd import AgentStateChangedV1
from ringway.proto.base import Fact
from ringway.runtime.bus import Bus
from ringway.runtime.postgres import Pool

DURABLE = "crm-interactions"
# Facts about different interactions are projected side by side.
_CONCURRENCY = 4


class Projector:
    """Keeps ``crm.interaction`` and ``crm.agent_state_log`` up to date."""

    def __init__(self, pool: Pool, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._now = now

    async def run(self, bus: Bus) -> None:
        """Project facts until cancelled; a worker."""
        kinds: tuple[type[Fact], ...] = (*FACTS, AgentStateChangedV1)
        await bus.consume(DURABLE, kinds, self.project, concurrency=_CONCURRENCY)

    async def project(self, fact: Fact) -> None:
        """Project one fact. A repeat changes nothing.

        Raises:
            PostgresDown: Try again later.
            ValueError: An id of the fact is no UUID, so it cannot be stored.
        """
        async with self._pool.tenant(fact.tenant) as conn:
            if isinstance(fact, AgentStateChangedV1):
                await store.log_agent_state(conn, fact)
                return
            tenant_id = UUID(fact.tenant)
            interaction_id = UUID(getattr(fact, "interaction_id"))  # noqa: B009 - all FACTS have it
            known = await store.lock_sources(
                conn, tenant_id=tenant_id, interaction_id=interaction_id
            )
            sources = merge(known, *source_of(fact))
            if sources == known:
                return
            if is_counted(sources):
                await store.put(
                    conn,
                    tenant_id=tenant_id,
                    interaction_id=interaction_id,
                    sources=sources,
                    row=derive(sources),
                )
            else:
                await store.put_pending(
                    conn,
                    tenant_id=tenant_id,
                    interaction_id=interaction_id,
                    sources=sources,
                    now=self._now(),
                )
