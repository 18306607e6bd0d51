"""Live figures of the floors, for the dialer and for consoles."""

from __future__ import annotations

import asyncio

from ringway.acd.app import Acd
from ringway.acd.runner import FloorRunner
from ringway.proto.acd import AgentPresenceV1, AgentState, CampaignAgentsV1, Direction
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow

REPEAT_S = 1.0
_SETTLE_S = 0.01  # events of one moment make one message


class Presence:
    """Says what changed at once, and everything once a second."""

    def __init__(self, acd: Acd, bus: Bus) -> None:
        self._acd = acd
        self._bus = bus

    async def run(self) -> None:
        """Worker."""
        async with asyncio.TaskGroup() as group:
            known: set[FloorRunner] = set()
            while True:
                known = {runner for runner in known if not runner.is_closed}
                for tenant, runner in list(self._acd.runners.items()):
                    if runner not in known:
                        known.add(runner)
                        group.create_task(self._tenant(runner), name=f"presence {tenant}")
                await asyncio.sleep(0.1)

    async def _tenant(self, runner: FloorRunner) -> None:
        while not runner.is_closed:
            try:
                async with asyncio.timeout(REPEAT_S):
                    await runner.changed.wait()
            except TimeoutError:
                pass
            else:
                await asyncio.sleep(_SETTLE_S)
            runner.forget_silent_campaigns()
            runner.changed.clear()
            touched, runner.touched_agents = runner.touched_agents, set()
            for agent_id in touched:
                self._agent(runner, agent_id)
            for campaign_id in runner.floor.campaigns:
                self._campaign(runner, campaign_id)

    def _campaign(self, runner: FloorRunner, campaign_id: str) -> None:
        counts = runner.floor.counts(campaign_id)
        self._bus.emit(
            CampaignAgentsV1(
                occurred_at=utcnow(),
                tenant=runner.tenant,
                campaign_id=campaign_id,
                ready=counts.ready,
                reserved=counts.reserved,
                talking=counts.talking,
                wrap_up=counts.wrap_up,
                not_ready=counts.not_ready,
                waiting=counts.waiting,
            )
        )

    def _agent(self, runner: FloorRunner, agent_id: str) -> None:
        agent = runner.floor.agents.get(agent_id)
        if agent is None:
            return
        call = runner.calls.get(agent.interaction_id or "")
        shown = call is not None and agent.state not in (AgentState.READY, AgentState.NOT_READY)
        other = ""
        if call is not None:
            other = call.caller if call.direction is Direction.INBOUND else call.called
        self._bus.emit(
            AgentPresenceV1(
                occurred_at=utcnow(),
                tenant=runner.tenant,
                agent_id=agent_id,
                state=agent.state,
                reason=agent.reason,
                since=runner.wall(agent.since),
                interaction_id=agent.interaction_id,
                phone_e164=other if shown and other.startswith("+") else None,
                campaign_id=(call.campaign_id or None) if call is not None and shown else None,
            )
        )
