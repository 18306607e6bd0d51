"""Where one tenant's floor meets time, Asterisk and the bus.

``apply`` never awaits: an event and all its decisions are one step, so no two events interleave.
What takes time (Asterisk) runs in tasks that report back with events.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta

from ringway.acd import snapshot
from ringway.acd.calls import Call, Leg
from ringway.acd.control import (
    CallControl,
    PhoneNotAnswered,
    PhoneNotRegistered,
    state_variable,
)
from ringway.acd.core import model as m
from ringway.acd.core.floor import Floor
from ringway.acd.facts import FloorFacts
from ringway.proto.acd import AgentState, LegMode
from ringway.runtime.ari import AriDown
from ringway.runtime.bus import FactWriter
from ringway.runtime.clock import utcnow
from ringway.runtime.tasks import TaskSet

_log = logging.getLogger("ringway.acd.runner")

RECALL_EVERY_S = 1.0
RECALL_LIMIT_S = 120.0
# The dialer repeats itself every few seconds while a campaign runs.
CAMPAIGN_SILENCE_S = 300.0


class FloorRunner:
    """One tenant's floor, alive.

    Args:
        ring_s: How long a nailed-up phone may ring at sign-in.
        username_of: Agent id to SIP username, ``None`` when he is unknown or disabled.
    """

    def __init__(
        self,
        tenant: str,
        control: CallControl,
        writer: FactWriter,
        tasks: TaskSet,
        *,
        ring_s: float,
        username_of: Callable[[str], str | None],
    ) -> None:
        self.tenant = tenant
        self.floor = Floor()
        self.calls: dict[str, Call] = {}
        self.legs: dict[str, Leg] = {}
        self.changed = asyncio.Event()  # presence has something new to tell
        self.touched_agents: set[str] = set()
        self._control = control
        self._writer = writer
        self._tasks = tasks
        self._ring_s = ring_s
        self._username_of = username_of
        self._wake = asyncio.Event()
        self._recalling: set[str] = set()
        self._heard_of: dict[str, float] = {}  # campaign -> when
        self._loop_time = asyncio.get_running_loop().time
        self._base = utcnow() - timedelta(seconds=self._loop_time())
        self._facts = FloorFacts(self, writer)

    # -- time ----------------------------------------------------------------------------------

    def now(self) -> float:
        """Return the floor's present: seconds of this process's loop."""
        return self._loop_time()

    def wall(self, at: float) -> datetime:
        """Return the moment of a floor time."""
        return self._base + timedelta(seconds=at)

    def floor_time(self, moment: datetime) -> float:
        """Return the floor time of a moment."""
        return (moment - self._base).total_seconds()

    @property
    def has_open_offers(self) -> bool:
        """Whether a customer waits, or is being joined."""
        return any(
            call.state in (m.CallState.WAITING, m.CallState.OFFERED)
            for call in self.floor.calls.values()
        )

    async def run_timers(self) -> None:
        """Worker: tell the floor when its next deadline has come."""
        while True:
            self._wake.clear()
            try:
                async with asyncio.timeout_at(self.floor.next_deadline):
                    await self._wake.wait()
            except TimeoutError:
                self.apply(m.Tick(self.now()))

    # -- events --------------------------------------------------------------------------------

    def apply(self, event: m.Event) -> None:
        """Give one event to the floor and see to what it decides."""
        commands = self.floor.handle(event)
        if isinstance(event, m.CampaignSet | m.CampaignGone):
            self._writer.put_kv(*snapshot.of_campaign(self, event.campaign_id))
        self._see_to(
            commands,
            {a for a in (getattr(event, "agent_id", None),) if a},
            {i for i in (getattr(event, "interaction_id", None),) if i},
        )

    def adopt(self, interaction_id: str, agent_id: str) -> None:
        """Asterisk has joined these two although our snapshot does not know it."""
        commands = self.floor.adopt(self.now(), interaction_id, agent_id)
        self._see_to(commands, {agent_id}, {interaction_id})

    def set_campaign(self, campaign: m.Campaign) -> None:
        """Learn which agents serve a campaign; a repeat only says that it still runs."""
        self._heard_of[campaign.campaign_id] = self.now()
        if self.floor.campaigns.get(campaign.campaign_id) != campaign:
            self.apply(
                m.CampaignSet(
                    self.now(),
                    campaign.campaign_id,
                    campaign.agent_ids,
                    campaign.limit_s,
                    campaign.wrap_up_s,
                )
            )

    def forget_silent_campaigns(self) -> None:
        """Drop campaigns that nobody spoke of for long: they are over."""
        for campaign_id in list(self.floor.campaigns):
            heard_at = self._heard_of.setdefault(campaign_id, self.now())
            if self.now() - heard_at > CAMPAIGN_SILENCE_S:
                self.apply(m.CampaignGone(self.now(), campaign_id))
                if campaign_id not in self.floor.campaigns:
                    del self._heard_of[campaign_id]

    def _see_to(
        self, commands: Sequence[m.Command], agents: set[str], interactions: set[str]
    ) -> None:
        for command in commands:
            if isinstance(command, m.StateChanged):
                agents.add(command.agent_id)
            else:
                interactions |= {i for i in (getattr(command, "interaction_id", None),) if i}
            self._facts.write(command)
            self._perform(command)
        for agent_id in agents:
            self._writer.put_kv(*snapshot.of_agent(self, agent_id))
        for interaction_id in interactions:
            self._writer.put_kv(*snapshot.of_call(self, interaction_id))
            if interaction_id not in self.floor.calls:
                self.calls.pop(interaction_id, None)
        self.touched_agents |= agents
        self.changed.set()
        self._wake.set()

    def arrived(self, call: Call) -> None:
        """A live customer reached us (again, after a repeat)."""
        if call.interaction_id in self.floor.calls:
            return
        self.calls[call.interaction_id] = call
        self.apply(
            m.Arrived(
                self.now(),
                call.interaction_id,
                call.campaign_id,
                call.attempt_id,
                self.floor_time(call.answered_at),
            )
        )

    def customer_gone(self, interaction_id: str, *, cause_q850: int, exactly: bool = True) -> None:
        """The customer's channel is no more."""
        call = self.calls.get(interaction_id)
        if call is None or call.is_gone:
            return
        call.is_gone = True
        call.cause_q850 = cause_q850 or call.cause_q850
        call.ended_exactly = exactly
        self.apply(m.CustomerGone(self.now(), interaction_id))

    def leg_gone(self, channel_id: str, *, node_lost: bool = False) -> None:
        """An agent's channel is no more."""
        for agent_id, leg in list(self.legs.items()):
            if leg.channel_id == channel_id:
                del self.legs[agent_id]
                self._tasks.spawn(self._control.hang_up_leg(leg), name="end leg")
                self.apply(m.LegLost(self.now(), agent_id, node_lost))

    # -- commands ------------------------------------------------------------------------------

    def _perform(self, command: m.Command) -> None:
        match command:
            case m.Connect(interaction_id, agent_id):
                self._spawn(self._connect(interaction_id, agent_id), "connect")
            case m.Ring(interaction_id, agent_id, timeout_s):
                self._spawn(self._ring(interaction_id, agent_id, timeout_s), "ring")
            case m.Abandoned() if command.by_limit:
                self._spawn(self._abandon(command), "abandon")
            case m.HangUpCustomer(interaction_id):
                call = self.calls.get(interaction_id)
                if call is not None:
                    self._spawn(self._control.hang_up_customer(call), "hang up")
            case m.HangUpLeg(agent_id) | m.Withdraw(_, agent_id):
                leg = self.legs.pop(agent_id, None)
                if leg is not None:
                    self._spawn(self._control.hang_up_leg(leg), "end leg")
            case m.RecallLeg(agent_id):
                self._spawn(self._recall(agent_id), "recall")
            case _:
                pass

    async def _connect(self, interaction_id: str, agent_id: str) -> None:
        call, leg = self.calls.get(interaction_id), self.legs.get(agent_id)
        if call is None:
            return
        try:
            joined = leg is not None and await self._control.join(call, leg)
            if joined:
                self.apply(m.Bridged(self.now(), interaction_id))
                await self._control.record(call)
                self._writer.put_kv(*snapshot.of_call(self, interaction_id))
                return
            if not await self._control.is_there(call.node, call.channel_id):
                self.customer_gone(interaction_id, cause_q850=call.cause_q850)
                return
            self.apply(m.OfferFailed(self.now(), interaction_id, agent_id))
        except AriDown:
            # What happened is seen when the node is back: see recovery.py.
            _log.info("A connect waits for its node.", extra={"interaction_id": interaction_id})

    async def _ring(self, interaction_id: str, agent_id: str, timeout_s: float) -> None:
        call, username = self.calls.get(interaction_id), self._username_of(agent_id)
        if call is None:
            return
        leg = Leg(agent_id, LegMode.ON_DEMAND, call.node)
        self.legs[agent_id] = leg
        try:
            await self._call_phone(leg, username, timeout_s)
            if self.legs.get(agent_id) is not leg:
                await self._control.hang_up_leg(leg)  # withdrawn while it was answered
                return
            await self._connect(interaction_id, agent_id)
        except (PhoneNotAnswered, PhoneNotRegistered, AriDown) as error:
            if self.legs.get(agent_id) is leg:
                del self.legs[agent_id]
            rona = isinstance(error, PhoneNotAnswered)
            self.apply(m.OfferFailed(self.now(), interaction_id, agent_id, rona=rona))

    async def _abandon(self, command: m.Abandoned) -> None:
        call = self.calls.get(command.interaction_id)
        if call is None:
            return
        played = False
        try:
            played = await self._control.begin_message(call)
        except AriDown:
            _log.info("An abandonment waits for its node.", extra={"tenant": self.tenant})
            return
        finally:
            self._facts.write_abandoned(command, call, played=played)
        try:
            if not (played and await self._control.message_heard_out(call)) and not call.is_gone:
                _log.warning(
                    "The abandonment message was not heard out.",
                    extra={"interaction_id": call.interaction_id, "tenant": self.tenant},
                )
            await self._control.hang_up_customer(call)
        except AriDown:
            _log.info("An abandonment waits for its node.", extra={"tenant": self.tenant})

    async def sign_in(self, agent_id: str, number: str, leg_mode: LegMode, session: str) -> None:
        """Begin a session; a nailed-up phone is called and must answer.

        Raises:
            PhoneNotRegistered, PhoneNotAnswered, AriDown: See CallControl.call_phone.
        """
        if leg_mode is LegMode.NAILED_UP and agent_id not in self.legs:
            leg = Leg(agent_id, leg_mode, self._control.any_node().name)
            await self._call_phone(leg, self._username_of(agent_id), self._ring_s)
            self.legs[agent_id] = leg
        self.apply(m.SignedIn(self.now(), agent_id, number, session, leg_mode))

    async def _recall(self, agent_id: str) -> None:
        """Call a nailed-up phone until it is there again: the node, not the agent, had left."""
        if agent_id in self._recalling:
            return
        self._recalling.add(agent_id)
        until = self.now() + RECALL_LIMIT_S
        try:
            while self.now() < until and agent_id not in self.legs:
                agent = self.floor.agents[agent_id]
                if agent.state is AgentState.LOGGED_OUT:
                    return
                try:
                    await self.sign_in(agent_id, agent.number, LegMode.NAILED_UP, agent.session_id)
                except (PhoneNotRegistered, PhoneNotAnswered, AriDown):
                    await asyncio.sleep(RECALL_EVERY_S)
        finally:
            self._recalling.discard(agent_id)

    async def _call_phone(self, leg: Leg, username: str | None, ring_s: float) -> None:
        if username is None:
            raise PhoneNotRegistered(leg.agent_id)
        variables = state_variable(
            tenant=self.tenant, agent=leg.agent_id, role="agent", mode=leg.leg_mode
        )
        if leg.leg_mode is LegMode.NAILED_UP:
            variables["PJSIP_HEADER(add,Alert-Info)"] = "<http://ringway>;info=alert-autoanswer"
            variables["PJSIP_HEADER(add,Call-Info)"] = "<sip:ringway>;answer-after=0"
        await self._control.call_phone(leg, username, variables, ring_s)

    def connect_again(self, interaction_id: str, agent_id: str) -> None:
        """Carry out an offer that was under way when the process or the node went away."""
        self._spawn(self._connect(interaction_id, agent_id), "connect")

    def record_again(self, interaction_id: str) -> None:
        """Start the recording of a talk that has none yet."""
        self._spawn(self._control.record(self.calls[interaction_id]), "record")

    def hang_up_again(self, interaction_id: str) -> None:
        """End a customer's channel that should have been ended already."""
        self._spawn(self._control.hang_up_customer(self.calls[interaction_id]), "hang up")

    def recall(self, agent_id: str) -> None:
        """Call a nailed-up phone whose leg is gone until it is back."""
        self._spawn(self._recall(agent_id), "recall")

    def _spawn(self, coro: Coroutine[None, None, None], name: str) -> None:
        self._tasks.spawn(coro, name=f"{name} {self.tenant}")
