"""What the ACD tells of agents, as each running campaign may count on it.

The ACD tells all agents of a campaign once a second, and in between those of whom something
changed. Here both become one picture, and agents whom several campaigns share are divided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ringway.dialer.core import messages as m
from ringway.dialer.core.sharing import Shared, Sharing, Standing
from ringway.proto.acd import AgentState, CampaignAgent, CampaignAgentsV1

Standings = Callable[[str], Iterable[Standing]]
"""Returns how a tenant's running campaigns stand."""

_DIVIDE_AT_MOST_EVERY_S = 0.2


@dataclass(slots=True)
class _Campaign:
    """What was last told of one campaign."""

    seen: m.AgentsSeen
    agents: dict[str, m.AgentSeen] | None = None


@dataclass(slots=True)
class _Tenant:
    campaigns: dict[str, _Campaign] = field(default_factory=dict)
    sharing: Sharing = field(default_factory=Sharing)
    several: Mapping[str, frozenset[str]] = field(default_factory=dict)  # agents of more than one
    shares: Mapping[str, str] = field(default_factory=dict)  # by agent of more than one
    divided_at: float = float("-inf")


class Roster:
    """Everybody's agents.

    Args:
        standings: How a tenant's running campaigns stand; only those are given agents.
    """

    def __init__(self, standings: Standings) -> None:
        self._standings = standings
        self._tenants: dict[str, _Tenant] = {}

    def heard(self, told: CampaignAgentsV1, at: float) -> list[tuple[str, m.AgentsSeen]]:
        """Take in what the ACD told; return by campaign what has changed for each."""
        tenant = self._tenants.setdefault(told.tenant, _Tenant())
        campaign = _merged(tenant.campaigns.get(told.campaign_id), told, at)
        tenant.campaigns[told.campaign_id] = campaign
        standings = list(self._standings(told.tenant))
        before = tenant.shares
        self._divide(tenant, standings, at)
        out = [(told.campaign_id, _for(told.campaign_id, campaign, tenant.shares))]
        if tenant.shares != before:
            out += [
                (each.campaign_id, _for(each.campaign_id, other, tenant.shares))
                for each in standings
                if each.campaign_id != told.campaign_id
                and (other := tenant.campaigns.get(each.campaign_id)) is not None
            ]
        return out

    def forget(self, tenant_id: str, campaign_id: str) -> None:
        """The campaign runs here no longer."""
        tenant = self._tenants.get(tenant_id)
        if tenant is not None:
            tenant.campaigns.pop(campaign_id, None)
            tenant.divided_at = float("-inf")
            if not tenant.campaigns:
                del self._tenants[tenant_id]

    def _divide(self, tenant: _Tenant, standings: list[Standing], at: float) -> None:
        serves: dict[str, set[str]] = {}
        ready: set[str] = set()
        told = {
            each.campaign_id: (campaign.agents or {}).values()
            for each in standings
            if (campaign := tenant.campaigns.get(each.campaign_id)) is not None
        }
        stays = {agent.agent_id for agents in told.values() for agent in agents if not agent.leaves}
        for each in standings:
            for agent in told.get(each.campaign_id, ()):
                if agent.leaves and agent.agent_id in stays:
                    continue  # after this call he is one of another campaign alone
                serves.setdefault(agent.agent_id, set()).add(each.campaign_id)
                if agent.state is AgentState.READY:
                    ready.add(agent.agent_id)
        several = {a: frozenset(campaigns) for a, campaigns in serves.items() if len(campaigns) > 1}
        if not several:
            tenant.several, tenant.shares = several, {}
            tenant.sharing.keep({a: only for a, (only,) in serves.items()}, ready)
            return
        is_known = several == tenant.several
        if is_known and at < tenant.divided_at + _DIVIDE_AT_MOST_EVERY_S:
            return
        tenant.divided_at, tenant.several = at, several
        agents = [
            Shared(agent_id, agent_id in ready, frozenset(campaigns))
            for agent_id, campaigns in serves.items()
        ]
        held = tenant.sharing.divide(standings, agents)
        # Whom nobody can use now counts for nobody: else all would begin with him at once.
        tenant.shares = {agent_id: held.get(agent_id, "") for agent_id in several}


def _merged(known: _Campaign | None, told: CampaignAgentsV1, at: float) -> _Campaign:
    seen = m.AgentsSeen(
        at,
        told.occurred_at.timestamp(),
        told.ready,
        told.reserved,
        told.talking,
        told.wrap_up,
        told.not_ready,
        told.waiting,
        told.inbound_waiting,
    )
    if known is not None and seen.acd_at < known.seen.acd_at:
        return known  # overtaken on its way
    agents = None if known is None else known.agents
    news = {a.agent_id: _agent(a, told.campaign_id, at) for a in told.agents}
    if told.is_whole:
        agents = news
    elif agents is not None:
        agents = {**agents, **news}
    if agents is not None:
        agents = {k: a for k, a in agents.items() if a.state is not AgentState.LOGGED_OUT}
    return _Campaign(seen, agents)


def _agent(told: CampaignAgent, campaign_id: str, at: float) -> m.AgentSeen:
    work = m.Work.NONE
    if told.campaign_id == campaign_id:
        work = m.Work.OURS
    elif told.campaign_id is not None:
        work = m.Work.OTHERS
    elif told.queue_id:
        work = m.Work.INBOUND
    elif told.state in (AgentState.TALKING, AgentState.HOLD, AgentState.WRAP_UP):
        work = m.Work.OWN
    return m.AgentSeen(told.agent_id, told.state, at - told.for_s, told.leaves, work)


def _for(campaign_id: str, campaign: _Campaign, shares: Mapping[str, str]) -> m.AgentsSeen:
    """Return what one campaign may count on."""
    seen, agents = campaign.seen, campaign.agents
    if agents is None:
        return seen
    away = frozenset(a for a in agents if shares.get(a, campaign_id) != campaign_id)
    counts = {
        "ready": seen.ready,
        "reserved": seen.reserved,
        "talking": seen.talking,
        "wrap_up": seen.wrap_up,
        "not_ready": seen.not_ready,
    }
    if away:
        ours = Counter(a.state for a in agents.values() if a.agent_id not in away)
        counts = {
            "ready": ours[AgentState.READY],
            "reserved": ours[AgentState.RESERVED],
            "talking": ours[AgentState.TALKING] + ours[AgentState.HOLD],
            "wrap_up": ours[AgentState.WRAP_UP],
            "not_ready": ours[AgentState.NOT_READY],
        }
    return m.AgentsSeen(
        at=seen.at,
        acd_at=seen.acd_at,
        waiting=seen.waiting,
        inbound_waiting=seen.inbound_waiting,
        agents=agents,
        away=away,
        **counts,
    )
