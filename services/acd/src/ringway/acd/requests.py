"""What agents, the console and the dialer ask of the ACD."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from ringway.acd.app import Acd
from ringway.acd.control import PhoneNotAnswered, PhoneNotRegistered
from ringway.acd.core import model as m
from ringway.acd.core.floor import PHONE_LOST, RECONNECTING, NoAgentReady
from ringway.acd.presence import chosen_campaigns
from ringway.acd.runner import FloorRunner
from ringway.proto import acd as p
from ringway.proto.acd_choice import ChooseCampaignsV1, ChosenBy
from ringway.proto.base import Done
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused
from ringway.runtime.ids import uuid7


class Requests:
    """Handlers of every ``acd.v1.{tenant}.cmd.*`` request."""

    def __init__(self, acd: Acd) -> None:
        self._acd = acd
        self._signing_in: dict[tuple[str, str], asyncio.Lock] = {}

    async def serve(self, bus: Bus) -> None:
        """Register all handlers."""
        await bus.respond(p.PutAgentV1, self.put_agent)
        await bus.respond(p.RemoveAgentV1, self.remove_agent)
        await bus.respond(p.SetCampaignAgentsV1, self.set_campaign_agents)
        await bus.respond(p.SignInV1, self.sign_in)
        await bus.respond(p.SignOutV1, self.sign_out)
        await bus.respond(p.SetAgentStateV1, self.set_agent_state)
        await bus.respond(ChooseCampaignsV1, self.choose_campaigns)
        await bus.respond(p.FinishWrapUpV1, self.finish_wrap_up)
        await bus.respond(p.HangUpV1, self.hang_up)
        await bus.respond(p.GetAgentV1, self.get_agent)
        await bus.respond(p.ListAgentsV1, self.list_agents)
        await bus.respond(p.ReserveAgentV1, self.reserve_agent)
        await bus.respond(p.ReleaseAgentV1, self.release_agent)

    # -- accounts ------------------------------------------------------------------------------

    async def put_agent(self, request: p.PutAgentV1) -> p.AgentAccountV1:
        """Create or change an agent; who is disabled is signed out."""
        runner = await self._acd.floor(request.tenant)
        account = self._acd.accounts.agents.get((request.tenant, request.agent_id))
        if account is not None and account.number != request.number:
            self._check_signed_out(runner, request.agent_id)
        changed = await self._acd.accounts.put_agent(request)
        if not request.enabled:
            runner.sign_ins.sign_out(request.agent_id)
        return changed

    async def remove_agent(self, request: p.RemoveAgentV1) -> Done:
        """Take an agent's account away."""
        runner = await self._acd.floor(request.tenant)
        self._check_signed_out(runner, request.agent_id)
        runner.sign_ins.left(request.agent_id)  # he may be about to sign in
        await self._acd.accounts.remove_agent(request.tenant, request.agent_id)
        return Done()

    @staticmethod
    def _check_signed_out(runner: FloorRunner, agent_id: str) -> None:
        agent = runner.floor.agents.get(agent_id)
        if agent is not None and agent.state is not p.AgentState.LOGGED_OUT:
            raise Refused("agent_signed_in", "He is signed in; log him out, then do it again.")

    async def set_campaign_agents(self, request: p.SetCampaignAgentsV1) -> Done:
        """Learn who serves a campaign."""
        runner = await self._acd.floor(request.tenant)
        runner.set_campaign(
            m.Campaign(
                request.campaign_id,
                frozenset(request.agent_ids),
                request.abandonment_limit_s,
                request.wrap_up_s,
                request.abandonment_message,
            )
        )
        return Done()

    # -- sessions and states -------------------------------------------------------------------

    async def sign_in(self, request: p.SignInV1) -> p.AgentStatusV1:
        """Begin a session, or bring a lost phone back into it."""
        runner = await self._acd.floor(request.tenant)
        account = self._acd.accounts.agents.get((request.tenant, request.agent_id))
        if account is None or not account.is_enabled:
            raise Refused("agent_unknown", "There is no such agent; create the user first.")
        key = (request.tenant, request.agent_id)
        async with self._signing_in.setdefault(key, asyncio.Lock()):
            agent = runner.floor.agents.get(request.agent_id)
            if agent is not None and agent.state is not p.AgentState.LOGGED_OUT:
                has_phone = agent.leg_mode is p.LegMode.ON_DEMAND or agent.has_leg
                if has_phone and agent.reason not in (PHONE_LOST, RECONNECTING):
                    return self._status(runner, request.agent_id)
            session_id = agent.session_id if agent and agent.session_id else str(uuid7())
            if agent is not None and agent.state is p.AgentState.LOGGED_OUT:
                session_id = str(uuid7())
            try:
                await runner.sign_ins.sign_in(
                    request.agent_id, account.number, request.leg_mode, session_id
                )
            except PhoneNotRegistered as exc:
                raise Refused(
                    "phone_not_registered",
                    f"The phone {account.sip_username} is not registered; start it, then sign in.",
                ) from exc
            except PhoneNotAnswered as exc:
                raise Refused(
                    "phone_not_answered",
                    "The phone rang and did not answer; allow auto-answer, or sign in on demand.",
                ) from exc
        return self._status(runner, request.agent_id)

    async def sign_out(self, request: p.SignOutV1) -> p.AgentStatusV1:
        """End a session, after the running interaction."""
        runner = await self._acd.floor(request.tenant)
        runner.sign_ins.sign_out(request.agent_id)
        return self._status(runner, request.agent_id)

    async def set_agent_state(self, request: p.SetAgentStateV1) -> p.AgentStatusV1:
        """Ready or not ready."""
        runner = await self._signed_in(request.tenant, request.agent_id)
        runner.apply(m.Chose(runner.now(), request.agent_id, request.ready, request.reason))
        return self._status(runner, request.agent_id)

    async def choose_campaigns(self, request: ChooseCampaignsV1) -> p.AgentStatusV1:
        """Of which campaigns he is to have calls."""
        runner = await self._signed_in(request.tenant, request.agent_id)
        choose_campaigns(runner, request.agent_id, request.campaign_ids, ChosenBy.AGENT)
        return self._status(runner, request.agent_id)

    async def finish_wrap_up(self, request: p.FinishWrapUpV1) -> Done:
        """File the result and end after-call work."""
        runner = await self._signed_in(request.tenant, request.agent_id)
        call = runner.floor.calls.get(request.interaction_id)
        agent = runner.floor.agents[request.agent_id]
        if call is None:
            return Done()  # a repeat, or the time limit was faster
        if agent.state is not p.AgentState.WRAP_UP or (
            agent.interaction_id != request.interaction_id
        ):
            raise Refused(
                "not_in_wrap_up", "This interaction is not waiting for this agent's result."
            )
        runner.apply(
            m.WrapUpDone(
                runner.now(), request.agent_id, request.interaction_id, request.disposition
            )
        )
        return Done()

    async def hang_up(self, request: p.HangUpV1) -> Done:
        """End the agent's talk."""
        runner = await self._signed_in(request.tenant, request.agent_id)
        state = runner.floor.agents[request.agent_id].state
        interaction_id = runner.floor.agents[request.agent_id].interaction_id or ""
        talks = runner.talks if state is p.AgentState.RESERVED else None
        if talks is not None and talks.agent_hangs_up(interaction_id, request.agent_id):
            return Done()  # he dials, or is just being called for a talk
        if state not in (p.AgentState.TALKING, p.AgentState.HOLD):
            raise Refused("not_talking", "There is no talk to hang up.")
        call = runner.floor.calls.get(interaction_id)
        if call is not None and call.agent_id != request.agent_id and runner.talks is not None:
            # Somebody else has the customer: only this agent's own part ends.
            runner.talks.agent_hangs_up(interaction_id, request.agent_id)
            return Done()
        runner.apply(m.HangUpAsked(runner.now(), request.agent_id))
        return Done()

    async def get_agent(self, request: p.GetAgentV1) -> p.AgentStatusV1:
        """One agent's state."""
        runner = await self._acd.floor(request.tenant)
        if (request.tenant, request.agent_id) not in self._acd.accounts.agents:
            raise Refused("agent_unknown", "There is no such agent.")
        return self._status(runner, request.agent_id)

    async def list_agents(self, request: p.ListAgentsV1) -> p.AgentListV1:
        """Every agent's state."""
        runner = await self._acd.floor(request.tenant)
        return p.AgentListV1(
            agents=tuple(
                self._status(runner, agent_id)
                for tenant, agent_id in self._acd.accounts.agents
                if tenant == request.tenant
            )
        )

    # -- precise dialing -----------------------------------------------------------------------

    async def reserve_agent(self, request: p.ReserveAgentV1) -> p.AgentReservedV1:
        """Take one ready agent for one attempt."""
        runner = await self._acd.floor(request.tenant)
        try:
            runner.apply(
                m.Reserve(
                    runner.now(),
                    request.campaign_id,
                    request.attempt_id,
                    request.hold_s,
                    request.agent_id,
                    frozenset(request.excluded),
                )
            )
        except NoAgentReady as exc:
            raise Refused("no_agent_ready", "No agent of the campaign is ready now.") from exc
        agent_id = runner.floor.reserved_for(request.attempt_id)
        if agent_id is None:
            raise Refused("no_agent_ready", "The reservation ended at once.")
        return p.AgentReservedV1(agent_id=agent_id)

    async def release_agent(self, request: p.ReleaseAgentV1) -> Done:
        """Give a reserved agent back, or keep him for the next attempt."""
        runner = await self._acd.floor(request.tenant)
        runner.apply(m.Release(runner.now(), request.attempt_id, request.next_attempt_id))
        return Done()

    # -- small parts ---------------------------------------------------------------------------

    async def _signed_in(self, tenant: str, agent_id: str) -> FloorRunner:
        runner = await self._acd.floor(tenant)
        agent = runner.floor.agents.get(agent_id)
        if agent is None or agent.state is p.AgentState.LOGGED_OUT:
            raise Refused("agent_logged_out", "The agent is not signed in; sign in first.")
        return runner

    @staticmethod
    def _status(runner: FloorRunner, agent_id: str) -> p.AgentStatusV1:
        agent = runner.floor.agents.get(agent_id)
        if agent is None:
            agent = m.Agent(agent_id, since=runner.now())
        return p.AgentStatusV1(
            agent_id=agent_id,
            session_id=agent.session_id or None,
            state=agent.state,
            reason=agent.reason,
            since=runner.wall(agent.since),
            interaction_id=agent.interaction_id,
            do_not_disturb=agent.do_not_disturb,
            chosen_campaigns=chosen_campaigns(runner.floor, agent_id),
            must_choose_campaigns=runner.floor.must_choose,
        )


def choose_campaigns(
    runner: FloorRunner, agent_id: str, campaign_ids: Collection[str], by: ChosenBy
) -> None:
    """Let a signed-in agent work on these campaigns from his next call on; none: on all.

    Raises:
        Refused: The tenant wants a choice.
    """
    if not campaign_ids and runner.floor.must_choose:
        raise Refused("campaign_choice_required", "Choose at least one campaign.")
    chosen = frozenset(campaign_ids) or None
    runner.apply(m.CampaignsChosen(runner.now(), agent_id, chosen, by))
