"""Short words for the events of a campaign's core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ringway.dialer.core import messages as m
from ringway.dialer.core.campaign import Campaign
from ringway.proto.acd import AgentState
from ringway.proto.dialer import CampaignMode, CampaignSpec, CampaignState


def spec_of(mode: CampaignMode = CampaignMode.PROGRESSIVE, **more: Any) -> CampaignSpec:
    """A campaign of agent ann."""
    values = {
        "name": "c", "project_id": "p", "mode": mode, "list_ids": ("l",), "agent_ids": ("ann",),
        "trunk_id": "t", **more,
    }  # fmt: skip
    return CampaignSpec.model_validate(values)


def running(mode: CampaignMode = CampaignMode.PROGRESSIVE, **more: Any) -> Campaign:
    """A campaign that has just been started."""
    make_pacer = more.pop("make_pacer", None)
    spec = spec_of(mode, **more)
    campaign = Campaign(spec) if make_pacer is None else Campaign(spec, make_pacer=make_pacer)
    campaign.handle(m.Recovered(0, 0, 0, 0, 0))
    campaign.handle(m.Controlled(0, CampaignState.RUNNING))
    return campaign


def agent(
    agent_id: str,
    state: AgentState = AgentState.READY,
    since: float = 0.0,
    *,
    leaves: bool = False,
    work: m.Work = m.Work.NONE,
) -> m.AgentSeen:
    return m.AgentSeen(agent_id, state, since, leaves, work)


def agents(at: float, seen: Iterable[m.AgentSeen], **more: Any) -> m.AgentsSeen:
    """What the ACD tells, with its counts in accord."""
    everybody: Mapping[str, m.AgentSeen] = {a.agent_id: a for a in seen}
    states = [a.state for a in everybody.values()]
    return m.AgentsSeen(
        at=at,
        acd_at=more.pop("acd_at", at),
        ready=states.count(AgentState.READY),
        reserved=states.count(AgentState.RESERVED),
        talking=states.count(AgentState.TALKING) + states.count(AgentState.HOLD),
        wrap_up=states.count(AgentState.WRAP_UP),
        not_ready=states.count(AgentState.NOT_READY),
        waiting=more.pop("waiting", 0),
        agents=everybody,
        **more,
    )


def leads(*names: str) -> tuple[m.ClaimedLead, ...]:
    return tuple(m.ClaimedLead(name, f"lead-{name}", 1) for name in names)


def only(commands: Sequence[m.Command], kind: type) -> list[Any]:
    return [c for c in commands if isinstance(c, kind)]
