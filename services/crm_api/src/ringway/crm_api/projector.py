"""Facts of all services become our own records: interactions and agents' states.

One durable consumer; the order in which facts come does not matter (see core/interaction.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from ringway.crm_api.core.interaction import (
    FACTS,
    derive,
    is_counted,
    merge,
    segments,
    source_of,
)
from ringway.crm_api.customers import handled
from ringway.crm_api.interactions import store
from ringway.proto.acd import AgentStateChangedV1
from ringway.proto.acd_calls import (
    InteractionConsultedV1,
    InteractionHeldV1,
    InteractionTransferredV1,
    OfferEndedV1,
)
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
        kinds: tuple[type[Fact], ...] = (*FACTS, AgentStateChangedV1, OfferEndedV1)
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
                if fact.interaction_id is not None:
                    await handled.note_offer(
                        conn,
                        tenant_id=UUID(fact.tenant),
                        agent_id=UUID(fact.agent_id),
                        interaction_id=UUID(fact.interaction_id),
                        now=fact.occurred_at,
                    )
                return
            if (act := _act(fact)) is not None:
                await store.log_agent_act(
                    conn,
                    tenant_id=UUID(fact.tenant),
                    message_id=fact.message_id,
                    agent_id=UUID(getattr(fact, "agent_id")),  # noqa: B009 - all acts have it
                    kind=act[0],
                    interaction_id=UUID(getattr(fact, "interaction_id")),  # noqa: B009
                    occurred_at=fact.occurred_at,
                    seconds=act[1],
                )
                if isinstance(fact, OfferEndedV1):
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
                row = derive(sources)
                await store.put(
                    conn,
                    tenant_id=tenant_id,
                    interaction_id=interaction_id,
                    sources=sources,
                    row=row,
                )
                await handled.note(
                    conn, tenant_id=tenant_id, row=row, parts=segments(sources), now=self._now()
                )
            else:
                await store.put_pending(
                    conn,
                    tenant_id=tenant_id,
                    interaction_id=interaction_id,
                    sources=sources,
                    now=self._now(),
                )


def _act(fact: Fact) -> tuple[str, float] | None:
    """Return what an agent did, and for how many seconds; ``None`` for other facts."""
    match fact:
        case InteractionHeldV1():
            return "hold", fact.held_s
        case InteractionConsultedV1():
            return "consult", fact.talked_s
        case InteractionTransferredV1():
            return "transfer", 0.0
        case OfferEndedV1():
            return f"offer_{fact.outcome}", fact.rang_s
        case _:
            return None
