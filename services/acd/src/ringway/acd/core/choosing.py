"""Whose calls an agent is to have: the campaigns that he chose of those that he serves."""

from __future__ import annotations

from collections.abc import Iterable

from ringway.acd.core import model as m
from ringway.acd.core.desk import Desk, campaign_queue
from ringway.acd.core.routing import Queue
from ringway.proto.acd import AgentState
from ringway.proto.acd_choice import ChosenBy


class Choosing(Desk):
    """The part of the floor that is about campaigns' agents.

    What an agent chose counts from his next call on: an offer, a talk, after-call work and a call
    that is being made for him go on. It ends with his session.
    """

    # -- what others may ask -------------------------------------------------------------------

    def choice_of(self, agent_id: str) -> frozenset[str] | None:
        """Return the campaigns that an agent chose; ``None``: all that he serves."""
        agent = self.agents.get(agent_id)
        chosen = agent.chosen if agent is not None else None
        return frozenset() if chosen is None and self.must_choose else chosen

    def serves(self, agent_id: str, campaign_id: str) -> bool:
        """Return whether the next call of a campaign may be his, as far as he chooses."""
        chosen = self.choice_of(agent_id)
        return chosen is None or campaign_id in chosen

    def counts_for(self, agent_id: str, campaign_id: str) -> bool:
        """Return whether he serves a campaign, or still works on a call of it."""
        agent = self.agents.get(agent_id)
        if agent is not None and agent.chosen is None and not self.must_choose:
            return True  # as most do, and figures ask often
        return self.serves(agent_id, campaign_id) or self._works_on(agent_id, campaign_id)

    def _works_on(self, agent_id: str, campaign_id: str) -> bool:
        agent = self.agents.get(agent_id)
        if agent is None:
            return False
        if agent.state is AgentState.RESERVED and agent.interaction_id is None:
            return agent.attempt_id is not None and agent.attempt_campaign_id == campaign_id
        call = self.calls.get(agent.interaction_id or "")
        return call is not None and call.campaign_id == campaign_id

    # -- what changes it -----------------------------------------------------------------------

    def _campaigns_chosen(self, event: m.CampaignsChosen) -> None:
        agent = self.agents.get(event.agent_id)
        if agent is not None and agent.state is not AgentState.LOGGED_OUT:
            self._choose(event.at, agent, event.campaign_ids, event.by)

    def _choice_required(self, event: m.ChoiceRequired) -> None:
        if self.must_choose != event.is_required:
            self.must_choose = event.is_required
            self._put_campaigns(event.at, self.campaigns.values())

    def _choose(
        self, at: float, agent: m.Agent, chosen: frozenset[str] | None, by: ChosenBy
    ) -> None:
        if chosen != agent.chosen:
            self._set_choice(at, agent, chosen)
            self._out.append(m.ChoiceChanged(at, agent.agent_id, agent.session_id, chosen, by))

    def _set_choice(self, at: float, agent: m.Agent, chosen: frozenset[str] | None) -> None:
        agent_id = agent.agent_id
        his = [c for c in self.campaigns.values() if agent_id in c.agent_ids]
        before = {c.campaign_id for c in his if self.serves(agent_id, c.campaign_id)}
        agent.chosen = chosen
        changed = [
            c for c in his if (c.campaign_id in before) != self.serves(agent_id, c.campaign_id)
        ]
        # Those that he leaves come first: nothing of theirs is offered to him on the way.
        self._put_campaigns(at, sorted(changed, key=lambda c: c.campaign_id not in before))

    def _unassigned(self, at: float, campaign: m.Campaign) -> None:
        """A campaign drops out of the choice of everybody whom it is no more."""
        for agent in self.agents.values():
            chosen = agent.chosen or frozenset()
            if campaign.campaign_id in chosen and agent.agent_id not in campaign.agent_ids:
                self._choose(at, agent, chosen - {campaign.campaign_id}, ChosenBy.UNASSIGNED)

    def _put_campaigns(self, at: float, campaigns: Iterable[m.Campaign]) -> None:
        """Tell the router who serves these campaigns now."""
        for campaign in campaigns:
            ids = (a for a in campaign.agent_ids if self.serves(a, campaign.campaign_id))
            queue = Queue(campaign_queue(campaign.campaign_id), agent_ids=tuple(sorted(ids)))
            self._decide(at, self.router.put_queue(at, queue))
