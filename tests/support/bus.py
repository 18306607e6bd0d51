"""Workers, inboxes and messages for tests of whatever uses the bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from tests.support.waiting import eventually

from ringway.proto.acd import AgentStatusV1, CampaignAgentsV1, GetAgentV1, InteractionEndedV1
from ringway.runtime.clock import utcnow


@asynccontextmanager
async def running(*workers: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run workers while the context lasts."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(worker) for worker in workers]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


class Inbox:
    """Collects facts by interaction."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    async def __call__(self, fact: InteractionEndedV1) -> None:
        self.ids.append(fact.interaction_id)

    async def has(self, *ids: str, within_s: float = 15) -> None:
        await eventually(lambda: set(ids) <= set(self.ids), within_s=within_s, what=str(ids))


def status(agent_id: str) -> AgentStatusV1:
    return AgentStatusV1(agent_id=agent_id, session_id=None, state="logged_out", since=utcnow())


def ask(tenant: str, agent_id: str = "ann") -> GetAgentV1:
    return GetAgentV1(occurred_at=utcnow(), tenant=tenant, agent_id=agent_id)


def agents(tenant: str, campaign_id: str, ready: int) -> CampaignAgentsV1:
    return CampaignAgentsV1(
        occurred_at=utcnow(),
        tenant=tenant,
        campaign_id=campaign_id,
        ready=ready,
        reserved=0,
        talking=0,
        wrap_up=0,
        not_ready=0,
        waiting=0,
    )
