"""Calls for one agent: what he is shown while he talks, and where they go when he does not come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringway.acd.core.offers import RONA
from ringway.acd.front.waiting import AGENT_WAIT_S
from ringway.proto.acd import AgentState, LegMode
from ringway.proto.acd_calls import OfferV1, Outcome
from ringway.proto.acd_config import AgentProfile, Target, TargetKind
from ringway.runtime.clock import utcnow

if TYPE_CHECKING:
    from ringway.acd.front.visit import Visit

_TALKS = (AgentState.TALKING, AgentState.HOLD)
_HANG_UP = Target(kind=TargetKind.HANG_UP)


def is_undisturbed(visit: Visit, agent_id: str) -> bool:
    """Tell whether no direct call may ring the agent."""
    agent = visit.front.runner.floor.agents.get(agent_id)
    return agent is not None and agent.do_not_disturb


def show_waiting(visit: Visit, agent_id: str) -> None:
    """Let an agent who talks see that a call waits for him."""
    runner, call = visit.front.runner, visit.call
    agent = runner.floor.agents.get(agent_id)
    if agent is None or agent.state not in _TALKS:
        return
    runner.show(
        OfferV1(
            occurred_at=utcnow(),
            tenant=runner.tenant,
            agent_id=agent_id,
            interaction_id=call.interaction_id,
            caller=call.caller,
            called=call.called,
            until=runner.wall(runner.now() + AGENT_WAIT_S),
            is_waiting=True,
        )
    )


async def instead(visit: Visit, agent_id: str) -> Target | None:
    """Call the agent's further phones one after the other; else return where the caller goes.

    Phones that have just rung with the agent's own are not called again, and none is called for
    somebody who does not want to be disturbed.

    Raises:
        CallerGone, AriDown: See Caller.
    """
    runner = visit.front.runner
    profile = runner.configuration.get(AgentProfile, agent_id) or AgentProfile()
    agent = runner.floor.agents.get(agent_id)
    has_rung = agent is not None and agent.leg_mode is LegMode.ON_DEMAND and agent.reason == RONA
    if not has_rung and not is_undisturbed(visit, agent_id):
        for leg, phone in enumerate(profile.follow_me, 1):
            await visit.front.forward(visit, phone.number, ring_s=phone.ring_s, leg=leg)
            if visit.call.outcome is Outcome.FORWARDED:
                return _HANG_UP
    visit.call.outcome = None
    if not profile.voicemail_id:
        return None
    return Target(kind=TargetKind.VOICEMAIL, value=profile.voicemail_id)
