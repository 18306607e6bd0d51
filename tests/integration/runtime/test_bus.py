"""The bus on a real NATS server."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from tests.support.nats import NatsServer

from ringway.proto.acd import InteractionEndedV1
from ringway.runtime.clock import utcnow

pytestmark = pytest.mark.integration

TENANT = str(uuid4())


def ended(interaction_id: str, **more: object) -> InteractionEndedV1:
    return InteractionEndedV1.model_validate(
        {
            "occurred_at": utcnow(),
            "tenant": TENANT,
            "interaction_id": interaction_id,
            "agent_id": "ann",
            "wrap_up_s": 1.5,
            **more,
        }
    )


async def test_a_fact_reaches_its_consumer(nats: NatsServer) -> None:
    got: asyncio.Queue[InteractionEndedV1] = asyncio.Queue()
    async with nats.bus("acd") as acd, nats.bus("crm_api") as crm, asyncio.TaskGroup() as group:
        worker = group.create_task(crm.consume("projector", [InteractionEndedV1], got.put))
        fact = ended("i1")
        await acd.publish(fact)
        assert await got.get() == fact
        worker.cancel()
