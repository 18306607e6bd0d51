"""Hypothesis tries to give an agent a call of a campaign that he did not choose."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from tests.support.floor_machine import AGENTS, CAMPAIGNS, FloorMachine, agents, campaigns

from ringway.acd.core import model as m
from ringway.proto.acd import AgentState

pytestmark = pytest.mark.property

some_campaigns = st.frozensets(st.sampled_from([*CAMPAIGNS, "c3"]))


class ChoosingMachine(FloorMachine):
    """The floor's random events, and agents who choose, told apart from the floor's own books."""

    def __init__(self) -> None:
        super().__init__()
        self.chosen: dict[str, frozenset[str] | None] = dict.fromkeys(AGENTS)
        self.assigned: dict[str, frozenset[str]] = {}
        self.is_required = False

    def may_serve(self, agent: str, campaign: str) -> bool:
        chosen = self.chosen[agent]
        if chosen is None:
            return not self.is_required
        return campaign in chosen

    def send(self, event: m.Event) -> None:
        floor = self.floor
        before = {(c.interaction_id, a) for c in floor.calls.values() for a in c.offers}
        held = {a.attempt_id: a.agent_id for a in floor.agents.values() if a.attempt_id}
        self._note(event)
        super().send(event)
        for call in floor.calls.values():
            for agent in call.offers:
                is_new = call.campaign_id and (call.interaction_id, agent) not in before
                if is_new and held.get(call.attempt_id) != agent:
                    assert agent in self.assigned[call.campaign_id]
                    assert self.may_serve(agent, call.campaign_id)
        for agent, state in self.state.items():
            if state is AgentState.LOGGED_OUT:
                self.chosen[agent] = None

    def _note(self, event: m.Event) -> None:
        match event:
            case m.CampaignsChosen(_, agent, campaign_ids):
                self.chosen[agent] = campaign_ids
            case m.ChoiceRequired(_, is_required):
                self.is_required = is_required
            case m.CampaignSet(_, campaign, agent_ids):
                self.assigned[campaign] = agent_ids
                for agent, chosen in self.chosen.items():
                    if chosen is not None and agent not in agent_ids:
                        self.chosen[agent] = chosen - {campaign}

    @rule(agent=agents, wanted=st.none() | some_campaigns)
    def chooses_campaigns(self, agent: str, wanted: frozenset[str] | None) -> None:
        self.send(m.CampaignsChosen(self.at, agent, wanted))

    @rule(is_required=st.booleans())
    def a_choice_is_wanted(self, is_required: bool) -> None:
        self.send(m.ChoiceRequired(self.at, is_required))

    @rule(campaign=campaigns, members=st.frozensets(agents))
    def agents_are_assigned(self, campaign: str, members: frozenset[str]) -> None:
        self.send(m.CampaignSet(self.at, campaign, members, 2.0, 10.0))

    @rule(campaign=campaigns, agent=agents)
    def nobody_else_is_reserved(self, campaign: str, agent: str) -> None:
        self.seen += 1
        attempt = f"a{self.seen}"
        try:
            self.send(m.Reserve(self.at, campaign, attempt, 60.0, agent))
        except m.NoAgentReady:
            return
        assert self.floor.reserved_for(attempt) == agent
        assert self.may_serve(agent, campaign)

    @rule(data=st.data(), wanted=some_campaigns)
    def chooses_while_he_is_kept_for_the_next_attempt(
        self, data: st.DataObject, wanted: frozenset[str]
    ) -> None:
        reserved = [a for a in self.floor.agents.values() if self._is_kept(a)]
        if not reserved:
            return
        agent = data.draw(st.sampled_from(sorted(reserved, key=lambda a: a.agent_id)))
        attempt, campaign = str(agent.attempt_id), agent.attempt_campaign_id
        self.send(m.CampaignsChosen(self.at, agent.agent_id, wanted))
        assert self.floor.reserved_for(attempt) == agent.agent_id  # that call is still his
        assert self.floor.counts(campaign).reserved or self.is_elsewhere(agent.agent_id, campaign)
        self.send(m.Release(self.at, attempt, f"n{attempt}"))
        if campaign not in wanted:
            assert self.floor.reserved_for(f"n{attempt}") is None

    @staticmethod
    def _is_kept(agent: m.Agent) -> bool:
        is_reserved = agent.state is AgentState.RESERVED and agent.interaction_id is None
        return is_reserved and agent.attempt_id is not None

    def is_elsewhere(self, agent: str, campaign: str) -> bool:
        return agent not in self.assigned[campaign]

    @invariant()
    def the_choice_is_what_was_chosen(self) -> None:
        for agent in self.floor.agents:
            nothing: frozenset[str] | None = frozenset() if self.is_required else None
            chosen = self.chosen[agent]
            assert self.floor.choice_of(agent) == (nothing if chosen is None else chosen)

    @invariant()
    def figures_agree_with_whom_a_campaign_may_get(self) -> None:
        for campaign, members in self.assigned.items():
            figures = self.floor.counts(campaign)
            found = [a for a in self.floor.agents.values() if a.agent_id in members]
            ready = [a for a in found if a.state is AgentState.READY]
            paused = [a for a in found if a.state is AgentState.NOT_READY]
            assert figures.ready == sum(self.may_serve(a.agent_id, campaign) for a in ready)
            assert figures.not_ready == sum(self.may_serve(a.agent_id, campaign) for a in paused)
            talking = [a for a in found if a.state in (AgentState.TALKING, AgentState.HOLD)]
            assert figures.talking == sum(
                self.may_serve(a.agent_id, campaign)
                or self.floor.calls[a.interaction_id or ""].campaign_id == campaign
                for a in talking
            )


TestChoosing = ChoosingMachine.TestCase
TestChoosing.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
