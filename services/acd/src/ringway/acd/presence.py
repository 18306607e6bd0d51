"""Live figures of the floors, for the dialer and for consoles."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator

from ringway.acd.app import Acd
from ringway.acd.core.floor import Floor
from ringway.acd.core.records import CallState
from ringway.acd.runner import FloorRunner
from ringway.proto.acd import (
    AgentPresenceV1,
    AgentState,
    CampaignAgent,
    CampaignAgentsV1,
    Direction,
)
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow

REPEAT_S = 1.0
_SETTLE_S = 0.01  # events of one moment make one message
_BUSY = (AgentState.RESERVED, AgentState.TALKING, AgentState.HOLD, AgentState.WRAP_UP)


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
        whole_at: dict[str, float] = {}  # campaign -> when all its agents were told
        while not runner.is_closed:
            try:
                async with asyncio.timeout(_until_next(runner, whole_at)):
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
            waiting = _inbound_waiting(runner)
            whole_at = {c: at for c, at in whole_at.items() if c in runner.floor.campaigns}
            for campaign_id in runner.floor.campaigns:
                is_whole = runner.now() >= whole_at.get(campaign_id, 0.0) + REPEAT_S
                if is_whole:
                    whole_at[campaign_id] = runner.now()
                self._campaign(runner, campaign_id, None if is_whole else touched, waiting)

    def _campaign(
        self,
        runner: FloorRunner,
        campaign_id: str,
        touched: set[str] | None,
        waiting: Counter[str],
    ) -> None:
        """Tell a campaign's figures, with every agent's or only those of the touched ones."""
        counts = runner.floor.counts(campaign_id)
        of_campaign = runner.floor.campaigns[campaign_id].agent_ids
        told = of_campaign if touched is None else touched & of_campaign
        router, serves = runner.floor.router, runner.floor.serves
        members = [a for a in of_campaign if serves(a, campaign_id)] if waiting else []
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
                inbound_waiting=sum(
                    min(n, router.serving(queue_id, members)) for queue_id, n in waiting.items()
                ),
                is_whole=touched is None,
                agents=tuple(
                    agent
                    for agent in _seen(runner, told, campaign_id)
                    if touched is not None or agent.state is not AgentState.LOGGED_OUT
                ),
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
                do_not_disturb=agent.do_not_disturb,
                chosen_campaigns=chosen_campaigns(runner.floor, agent_id),
            )
        )


def chosen_campaigns(floor: Floor, agent_id: str) -> tuple[str, ...] | None:
    """Return an agent's choice as it is told; ``None``: all that he serves."""
    chosen = floor.choice_of(agent_id)
    return None if chosen is None else tuple(sorted(chosen))


def _until_next(runner: FloorRunner, whole_at: dict[str, float]) -> float:
    """Return the seconds until some campaign's agents have to be told again."""
    if not whole_at:
        return REPEAT_S
    return max(0.0, min(whole_at.values()) + REPEAT_S - runner.now())


def _inbound_waiting(runner: FloorRunner) -> Counter[str]:
    """Return how many wait for an agent in each queue that is no campaign's."""
    return Counter(
        call.queue_id
        for call in runner.floor.calls.values()
        if call.state is CallState.WAITING and call.queue_id
    )


def _seen(
    runner: FloorRunner, agent_ids: Iterable[str], campaign_id: str
) -> Iterator[CampaignAgent]:
    """Return those who are signed in, or have just signed out; who counts no longer, like them."""
    now, floor = runner.now(), runner.floor
    for agent_id in agent_ids:
        agent = floor.agents.get(agent_id)
        if agent is None:
            continue
        if not floor.counts_for(agent_id, campaign_id):
            yield CampaignAgent(agent_id=agent_id, state=AgentState.LOGGED_OUT, for_s=0)
            continue
        is_busy = agent.state in _BUSY
        in_work = agent.interaction_id if is_busy else None
        if in_work is None and agent.state is AgentState.WRAP_UP and agent.wrap_up is not None:
            in_work = agent.wrap_up.interaction_id
        call = floor.calls.get(in_work or "")
        stays = agent.chose_ready and not agent.wants_out and floor.serves(agent_id, campaign_id)
        yield CampaignAgent(
            agent_id=agent_id,
            state=agent.state,
            for_s=round(max(0.0, now - agent.since), 3),
            leaves=is_busy and not stays,
            campaign_id=(call.campaign_id or None) if call is not None else None,
            queue_id=call.queue_id if call is not None else "",
        )
