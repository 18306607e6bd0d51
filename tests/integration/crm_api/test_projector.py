"""Facts of other services become interactions, through a real bus and a real database."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.bus import running
from tests.support.crm import Crm, rows_of
from tests.support.nats import NatsServer
from tests.support.postgres import PostgresServer
from tests.support.waiting import eventually

from ringway.crm_api.projector import Projector
from ringway.proto.acd import (
    AgentState,
    AgentStateChangedV1,
    InteractionConnectedV1,
    InteractionDisconnectedV1,
    InteractionEndedV1,
    InteractionQueuedV1,
)
from ringway.proto.base import Fact
from ringway.proto.dialer import AttemptAnsweredV1, AttemptEndedV1, AttemptStartedV1
from ringway.proto.recorder import RecordingStoredV1
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.integration


def _call(tenant: str, *, answered: bool) -> list[Fact]:
    interaction, attempt, campaign, lead, agent = (str(uuid7()) for _ in range(5))
    t0 = utcnow()
    base = {"tenant": tenant, "occurred_at": t0, "interaction_id": interaction}
    ids = {**base, "attempt_id": attempt, "campaign_id": campaign}
    dial = {**ids, "lead_id": lead, "phone_e164": "+40215550100"}
    who = {"agent_id": agent, "agent_number": "801"}
    up = t0 + timedelta(seconds=2)
    end = t0 + timedelta(seconds=12)
    facts: list[Fact] = [
        AttemptStartedV1(**dial, attempt_no=1, mode="progressive", node="ast-0", channel_id="x"),
        AttemptEndedV1(
            **dial,
            attempt_no=1,
            disposition="connected" if answered else "busy",
            cause_q850=16 if answered else 17,
            tech_cause=200 if answered else 486,
            started_at=t0,
            answered_at=up if answered else None,
            ended_at=end,
        ),
    ]
    if answered:
        facts += [
            AttemptAnsweredV1(**dial, answered_at=up),
            InteractionQueuedV1(**ids, direction="outbound", answered_at=up),
            InteractionConnectedV1(**ids, **who, connected_at=up, wait_s=0.1, leg_mode="nailed_up"),
            InteractionDisconnectedV1(
                **ids,
                **who,
                direction="outbound",
                connected_at=up,
                disconnected_at=end,
                talk_s=10,
                hung_up_by="agent",
                node="ast-0",
            ),
            InteractionEndedV1(**base, agent_id=agent, wrap_up_s=1, disposition="sale"),
            RecordingStoredV1(
                **base,
                **who,
                recording_id=interaction,
                started_at=up,
                duration_s=10,
                file_name="1.wav",
                size_bytes=1,
            ),
        ]
    return facts


async def _publish(nats: NatsServer, facts: Sequence[Fact]) -> None:
    """Publish each fact as the service that owns it."""
    async with nats.bus("dialer") as dialer, nats.bus("acd") as acd, nats.bus("recorder") as rec:
        buses = {"dialer": dialer, "acd": acd, "recorder": rec}
        for fact in facts:
            await buses[type(fact).SUBJECT.split(".")[0]].publish(fact)


async def _interactions(crm: Crm) -> list[Any]:
    return await rows_of(crm, "SELECT * FROM crm.interaction")


async def test_each_answered_call_has_exactly_one_interaction(crm: Crm, nats: NatsServer) -> None:
    tenant = str(uuid7())
    answered = [_call(tenant, answered=True) for _ in range(6)]
    unanswered = [_call(tenant, answered=False) for _ in range(4)]
    facts = [fact for call in (*answered, *unanswered) for fact in call]
    # Another message id: JetStream does not recognise it as a repeat, the projector must.
    facts += [fact.model_copy(update={"message_id": f"again-{n}"}) for n, fact in enumerate(facts)]
    random.shuffle(facts)
    projector = Projector(crm.deps.pool, crm.deps.now)
    async with running(projector.run(crm.deps.bus)):
        await _publish(nats, facts)

        async def complete() -> bool:
            rows = await _interactions(crm)
            told = ("recording_id", "tech_cause", "agent_disposition")
            are_told = all(r[name] for r in rows for name in told)
            return len(rows) == 6 and are_told and not any(r["is_live"] for r in rows)

        await eventually(complete, within_s=15, what=lambda: "all interactions")

        async def settled() -> bool:
            pending = await rows_of(crm, "SELECT interaction_id FROM crm.interaction_pending")
            return len(pending) == 4

        await eventually(settled, what=lambda: "unanswered attempts are pending only")
    rows = await _interactions(crm)
    assert {row["tenant_id"] for row in rows} == {UUID(tenant)}
    assert {row["disposition"] for row in rows} == {"connected"}
    assert {row["agent_disposition"] for row in rows} == {"sale"}
    assert not any(row["is_live"] for row in rows)


async def test_replicas_project_side_by_side_without_losing_a_field(crm: Crm) -> None:
    tenant = str(uuid7())
    first, second = (Projector(crm.deps.pool, crm.deps.now) for _ in range(2))
    for call in (_call(tenant, answered=True) for _ in range(5)):
        random.shuffle(call)
        await asyncio.gather(*(p.project(fact) for fact in call for p in (first, second)))
    rows = await _interactions(crm)
    assert len(rows) == 5
    assert all(row["talk_s"] == 10 and row["wrap_up_s"] == 1 for row in rows)
    assert await rows_of(crm, "SELECT 1 FROM crm.interaction_pending") == []


async def test_agents_states_are_logged_once(crm: Crm) -> None:
    fact = AgentStateChangedV1(
        tenant=str(uuid7()),
        occurred_at=utcnow(),
        agent_id=str(uuid7()),
        session_id="s",
        previous=AgentState.READY,
        previous_s=3.5,
        state=AgentState.TALKING,
    )
    projector = Projector(crm.deps.pool, crm.deps.now)
    for _ in range(3):
        await projector.project(fact)
    (row,) = await rows_of(crm, "SELECT previous, previous_s, state FROM crm.agent_state_log")
    assert tuple(row) == ("ready", 3.5, "talking")


async def test_facts_wait_while_postgres_is_down(
    crm: Crm, nats: NatsServer, postgres: PostgresServer
) -> None:
    tenant = str(uuid7())
    projector = Projector(crm.deps.pool, crm.deps.now)
    async with running(projector.run(crm.deps.bus)):
        postgres.kill()
        await _publish(nats, _call(tenant, answered=True))
        await postgres.start()

        async def there() -> bool:
            async with crm.deps.pool.tenant(tenant) as conn:
                found = await conn.fetch("SELECT recording_id FROM crm.interaction")
            return len(found) == 1 and found[0]["recording_id"] is not None

        await eventually(lambda: crm.deps.pool.healthy, within_s=10, what=lambda: "PostgreSQL")
        await eventually(there, within_s=15, what=lambda: "the interaction")


async def test_housekeeping_forgets_what_has_no_use(crm: Crm) -> None:
    tenant = str(uuid7())
    projector = Projector(crm.deps.pool, crm.deps.now)
    for fact in _call(tenant, answered=False):
        await projector.project(fact)
    async with crm.deps.pool.platform() as conn:
        await conn.execute("SELECT crm.prune($1)", utcnow())
    assert len(await rows_of(crm, "SELECT 1 FROM crm.interaction_pending")) == 1
    async with crm.deps.pool.platform() as conn:
        await conn.execute("SELECT crm.prune($1)", utcnow() + timedelta(days=30))
    assert await rows_of(crm, "SELECT 1 FROM crm.interaction_pending") == []
    assert await rows_of(crm, "SELECT 1 FROM crm.refresh_token") == []
