"""Where one tenant's floor meets time, Asterisk and the bus.

``apply`` never awaits: an event and all its decisions are one step, so no two events interleave.
What takes time (Asterisk) runs in tasks that report back with events.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ringway.acd import snapshot
from ringway.acd.calls import Call, Leg
from ringway.acd.configuration import Configuration
from ringway.acd.control import CallControl, PhoneNotAnswered, PhoneNotRegistered
from ringway.acd.core import model as m
from ringway.acd.core.floor import Floor
from ringway.acd.facts import FloorFacts
from ringway.acd.hooks import FrontHooks, SupervisionHooks, TalkHooks
from ringway.acd.phones import Phones
from ringway.acd.queue_rules import follow_configuration
from ringway.acd.sign_ins import SignIns
from ringway.proto.acd import AgentState, HungUpBy, LegMode
from ringway.proto.acd_calls import OfferV1
from ringway.proto.base import Fact, Presence
from ringway.runtime.ari import AriDown
from ringway.runtime.bus import Bus, FactWriter
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown
from ringway.runtime.tasks import TaskSet

if TYPE_CHECKING:
    from ringway.acd.links import Links

_log = logging.getLogger("ringway.acd.runner")


class FloorClosed(DependencyDown):
    """The floor is another replica's now."""


# The dialer repeats itself every few seconds while a campaign runs.
CAMPAIGN_SILENCE_S = 300.0
_STORED_LIMIT_S = 0.3


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
        bus: Bus,
        tasks: TaskSet,
        configuration: Configuration,
        *,
        ring_s: float,
        username_of: Callable[[str], str | None],
    ) -> None:
        self.tenant = tenant
        self.configuration = configuration
        self.control = control
        self.phones = Phones(self, control, username_of)
        self.talks: TalkHooks | None = None
        self.front: FrontHooks | None = None
        self.links: Links | None = None
        self.supervision: SupervisionHooks | None = None
        self.floor = Floor()
        self.calls: dict[str, Call] = {}
        self.legs: dict[str, Leg] = {}
        self.supervisions: dict[str, dict[str, Any]] = {}  # of a process before this one
        self.is_closed = False
        self.changed = asyncio.Event()  # presence has something new to tell
        self.touched_agents: set[str] = set()
        self._control = control
        self._writer = writer
        self._bus = bus
        self._tasks = tasks
        self.sign_ins = SignIns(self, ring_s)
        self._wake = asyncio.Event()
        self._wakes_at: float | None = None
        self._heard_of: dict[str, float] = {}  # campaign -> when
        self._loop_time = asyncio.get_running_loop().time
        self._base = utcnow() - timedelta(seconds=self._loop_time())
        self._facts = FloorFacts(self, writer)
        follow_configuration(self)

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

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is under way that another process could not simply go on with."""
        joining = (m.CallState.OFFERED, m.CallState.ABANDONING)
        return (
            not any(call.state in joining for call in self.floor.calls.values())
            and not self.sign_ins.is_calling
            and self.phones.is_quiet
            and (self.talks is None or self.talks.is_quiet)
            and (self.front is None or self.front.is_quiet)
        )

    async def close(self) -> None:
        """Stop at once and leave every channel as it is: another process goes on with them."""
        self.is_closed = True
        self._writer.settle()  # what tasks do that end now is not what we hand over
        self.changed.set()
        await self._tasks.cancel()

    async def run_timers(self) -> None:
        """Worker: tell the floor when its next deadline has come."""
        while True:
            self._wake.clear()
            self._wakes_at = self.floor.next_deadline
            try:
                async with asyncio.timeout_at(self._wakes_at):
                    await self._wake.wait()
            except TimeoutError:
                self.apply(m.Tick(self.now()))

    # -- telling -------------------------------------------------------------------------------

    def tell(self, fact: Fact) -> None:
        """Write a fact behind, in order with the floor's own."""
        if not self.is_closed:
            self._writer.put(fact)

    def show(self, presence: Presence) -> None:
        """Send a live figure."""
        self._bus.emit(presence)

    def store(self, interaction_id: str) -> None:
        """Write an interaction's snapshot after a change that the floor does not see."""
        if not self.is_closed:
            self._store_call(interaction_id)

    def keep(self, kind: str, id_: str, say: Callable[[], bytes | None]) -> None:
        """Write down something else that another process is to go on with."""
        if not self.is_closed:
            self._writer.put_kv(snapshot.BUCKET, snapshot.key(self.tenant, kind, id_), say)

    def _store_call(self, interaction_id: str) -> None:
        key = snapshot.key(self.tenant, "interaction", interaction_id)
        say = partial(snapshot.of_call, self, interaction_id)
        self._writer.put_kv(snapshot.BUCKET, key, say)

    async def until_stored(self) -> None:
        """Wait, not for long, until what was told and stored so far survives this process.

        Before a phone rings: a process that did not know of it could neither end it nor take its
        answer.
        """
        await self._writer.flush(_STORED_LIMIT_S)

    # -- events --------------------------------------------------------------------------------

    def apply(self, event: m.Event) -> None:
        """Give one event to the floor and see to what it decides.

        Raises:
            NoAgentReady, AgentBusy: See Floor.handle.
            FloorClosed: It is not ours any more.
        """
        if self.is_closed:
            raise FloorClosed(self.tenant)
        commands = self.floor.handle(event)
        if isinstance(event, m.CampaignSet | m.CampaignGone):
            key = snapshot.key(self.tenant, "campaign", event.campaign_id)
            self._writer.put_kv(
                snapshot.BUCKET, key, partial(snapshot.of_campaign, self, event.campaign_id)
            )
        self._see_to(
            commands,
            {a for a in (getattr(event, "agent_id", None),) if a},
            {i for i in (getattr(event, "interaction_id", None),) if i},
        )

    def adopt(self, interaction_id: str, agent_id: str) -> None:
        """Asterisk has joined these two although our snapshot does not know it."""
        commands = self.floor.adopt(self.now(), interaction_id, agent_id)
        self._see_to(commands, {agent_id}, {interaction_id})
        self._joined(interaction_id, agent_id)

    def _joined(self, interaction_id: str, agent_id: str) -> bool:
        """Tell whose part it is that these two talk. False: by now the floor knows better."""
        call, leg = self.calls.get(interaction_id), self.legs.get(agent_id)
        known = self.floor.calls.get(interaction_id)
        if known is None or known.state is not m.CallState.TALKING or known.agent_id != agent_id:
            return False
        if call is None or leg is None:
            return False
        if self.talks is not None:
            self.talks.connected(call, leg)
        if self.front is not None:
            self.front.connected(call, agent_id)
        return True

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
                    campaign.message,
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
            if isinstance(command, m.StateChanged | m.ChoiceChanged):
                agents.add(command.agent_id)
            else:
                interactions |= {i for i in (getattr(command, "interaction_id", None),) if i}
            self._facts.write(command)
            self._perform(command)
        for agent_id in agents:
            key = snapshot.key(self.tenant, "agent", agent_id)
            self._writer.put_kv(snapshot.BUCKET, key, partial(snapshot.of_agent, self, agent_id))
        for interaction_id in interactions:
            self._store_call(interaction_id)
            if interaction_id not in self.floor.calls:
                self.calls.pop(interaction_id, None)
        if self.supervision is not None:
            for agent_id in agents:
                self.supervision.state_changed(agent_id)
        self.touched_agents |= agents
        self.changed.set()
        due = self.floor.next_deadline
        if due is not None and (self._wakes_at is None or due < self._wakes_at):
            self._wake.set()

    def arrived(self, call: Call) -> None:
        """A live customer reached us (again, after a repeat)."""
        if call.interaction_id in self.floor.calls or self.is_closed:
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
        if call is None or call.is_gone or self.is_closed:
            return
        call.is_gone = True
        call.cause_q850 = cause_q850 or call.cause_q850
        call.ended_exactly = exactly
        self.apply(m.CustomerGone(self.now(), interaction_id))
        if self.talks is not None:
            self.talks.customer_gone(interaction_id)
        if self.front is not None:
            self.front.customer_gone(interaction_id)

    def leg_gone(self, channel_id: str, *, node_lost: bool = False) -> None:
        """An agent's channel is no more."""
        for agent_id, leg in () if self.is_closed else list(self.legs.items()):
            if leg.channel_id == channel_id:
                self._end_leg(agent_id)
                self.apply(m.LegLost(self.now(), agent_id, node_lost))

    # -- commands ------------------------------------------------------------------------------

    def _perform(self, command: m.Command) -> None:
        match command:
            case m.Connect(interaction_id, agent_id):
                self.spawn(self._connect(interaction_id, agent_id), "connect")
            case m.Ring(interaction_id, agent_id, timeout_s):
                # Another agent may have taken the caller in this very step.
                if (since := self._offered_since(interaction_id, agent_id)) is not None:
                    self._show_offer(interaction_id, agent_id, timeout_s)
                    self.spawn(self._ring(interaction_id, agent_id, timeout_s, since), "ring")
            case m.Show(interaction_id, agent_id, timeout_s):
                self._show_offer(interaction_id, agent_id, timeout_s)
            case m.Overflow() if self.front is not None:
                self.front.overflowed(command)
            case m.Overflow(_, interaction_id):
                self._hang_up_customer(interaction_id)
            case m.Abandoned() if command.by_limit:
                self.spawn(self._abandon(command), "abandon")
            case m.HangUpCustomer(interaction_id):
                self._agent_hangs_up(interaction_id)
            case m.AgentLost(interaction_id, agent_id):
                if self.talks is None or not self.talks.agent_lost(interaction_id, agent_id):
                    self._agent_hangs_up(interaction_id)
            case m.HangUpLeg(agent_id):
                self._end_leg(agent_id)
            case m.Withdraw(_, agent_id):
                self._withdraw(agent_id)
            case m.StateChanged(agent_id=agent_id, state=AgentState.LOGGED_OUT):
                self.sign_ins.left(agent_id)
            case m.RecallLeg(agent_id):
                self.spawn(self.sign_ins.recall(agent_id), "recall")
            case _:
                pass

    def _agent_hangs_up(self, interaction_id: str) -> None:
        """The agent's end of a talk: the customer may stay for others, or for a rating."""
        call, floor_call = self.calls.get(interaction_id), self.floor.calls.get(interaction_id)
        if call is None or floor_call is None:
            return
        agent_id = floor_call.agent_id
        by_agent = floor_call.hung_up_by is HungUpBy.AGENT
        talks = self.talks if by_agent else None
        if agent_id and talks and talks.agent_hangs_up(interaction_id, agent_id):
            return
        if agent_id and by_agent and self.front and self.front.keeps_customer(call):
            if self.talks is not None:
                self.talks.customer_gone(interaction_id)
            self.apply(m.AgentLeft(self.now(), interaction_id, agent_id))
            return
        self._hang_up_customer(interaction_id)

    def _hang_up_customer(self, interaction_id: str) -> None:
        call = self.calls.get(interaction_id)
        if call is not None:
            self.spawn(self._control.hang_up_customer(call), "hang up")

    def _end_leg(self, agent_id: str) -> None:
        leg = self.legs.pop(agent_id, None)
        if leg is not None:
            self.spawn(self.phones.end(leg), "end leg")

    def _withdraw(self, agent_id: str) -> None:
        leg = self.legs.get(agent_id)
        if leg is not None and leg.leg_mode is LegMode.ON_DEMAND:
            self._end_leg(agent_id)
        self.touched_agents.add(agent_id)

    def _show_offer(self, interaction_id: str, agent_id: str, timeout_s: float) -> None:
        call, floor_call = self.calls.get(interaction_id), self.floor.calls.get(interaction_id)
        if call is None or floor_call is None:
            return
        queue_id = floor_call.queue_id
        self.show(
            OfferV1(
                occurred_at=utcnow(),
                tenant=self.tenant,
                agent_id=agent_id,
                interaction_id=interaction_id,
                queue_id=queue_id if queue_id and ":" not in queue_id else None,
                caller=call.caller,
                called=call.called,
                until=self.wall(self.now() + timeout_s),
            )
        )

    async def _connect(self, interaction_id: str, agent_id: str) -> None:
        call, leg = self.calls.get(interaction_id), self.legs.get(agent_id)
        if call is None:
            return
        try:
            if not call.channel_id and not await self._reach(call, agent_id):
                return
            if self.supervision is not None:
                await self.supervision.make_way(agent_id)
            if self.front is not None:
                await self.front.make_way(call)
            is_here = (
                leg is None or self.links is None or await self.links.bring(self, call, leg.node)
            )
            async with call.placing:
                if not self._is_winner(interaction_id, agent_id):
                    return  # he has declined, or his phone has left: the customer waits on
                joined = leg is not None and is_here and await self._control.join(call, leg)
                if joined and leg is not None and not self._is_winner(interaction_id, agent_id):
                    await self._control.part(call, leg)
                    return
            if joined:
                self.apply(m.Bridged(self.now(), interaction_id))
                is_joined = self._joined(interaction_id, agent_id)
                if is_joined and call.record and not call.is_recording:
                    await self._control.record(call)
                    self.store(interaction_id)
                return
            if not await self._control.is_there(*call.origin):
                self.customer_gone(interaction_id, cause_q850=call.cause_q850)
                return
            self.apply(m.OfferFailed(self.now(), interaction_id, agent_id))
        except AriDown:
            # What happened is seen when the node is back: see recovery.py.
            _log.info("A connect waits for its node.", extra={"interaction_id": interaction_id})

    async def placed(self) -> None:
        """Wait until every customer who is just being put somewhere is there."""
        for call in [each for each in self.calls.values() if each.placing.locked()]:
            async with call.placing:
                pass

    def _is_winner(self, interaction_id: str, agent_id: str) -> bool:
        call = self.floor.calls.get(interaction_id)
        return call is not None and call.agent_id == agent_id

    async def _reach(self, call: Call, agent_id: str) -> bool:
        """Call back a customer who waits at home; the agent is kept meanwhile."""
        return self.front is not None and await self.front.reach(call, agent_id)

    def _offered_since(self, interaction_id: str, agent_id: str) -> float | None:
        call = self.floor.calls.get(interaction_id)
        return call.offers.get(agent_id) if call is not None else None

    async def _ring(
        self, interaction_id: str, agent_id: str, timeout_s: float, since: float
    ) -> None:
        call = self.calls.get(interaction_id)
        if call is None:
            return

        def is_wanted() -> bool:
            return self._offered_since(interaction_id, agent_id) == since

        try:
            await self.phones.ring(
                agent_id, call.node, timeout_s, is_wanted=is_wanted, interaction=interaction_id
            )
        except (PhoneNotAnswered, PhoneNotRegistered, AriDown) as error:
            rona = isinstance(error, PhoneNotAnswered)
            if is_wanted():
                self.apply(m.OfferFailed(self.now(), interaction_id, agent_id, rona=rona))
            return
        self.apply(m.Accepted(self.now(), interaction_id, agent_id))
        winner = self.floor.calls.get(interaction_id)
        if winner is None or winner.agent_id != agent_id:
            self._withdraw(agent_id)  # somebody else was faster, or the caller left

    async def _abandon(self, command: m.Abandoned) -> None:
        call = self.calls.get(command.interaction_id)
        if call is None:
            return
        played = False
        campaign = self.floor.campaigns.get(call.campaign_id)
        try:
            played = await self._control.begin_message(call, campaign.message if campaign else ())
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

    def connect_again(self, interaction_id: str, agent_id: str) -> None:
        """Carry out an offer that was under way when the process or the node went away."""
        self.spawn(self._connect(interaction_id, agent_id), "connect")

    def record_again(self, interaction_id: str) -> None:
        """Start the recording of a talk that has none yet."""
        self.spawn(self._control.record(self.calls[interaction_id]), "record")

    def hang_up_again(self, interaction_id: str) -> None:
        """End a customer's channel that should have been ended already."""
        self.spawn(self._control.hang_up_customer(self.calls[interaction_id]), "hang up")

    def recall(self, agent_id: str) -> None:
        """Call a nailed-up phone whose leg is gone until it is back."""
        self.spawn(self.sign_ins.recall(agent_id), "recall")

    def spawn(self, coro: Coroutine[None, None, None], name: str) -> None:
        """Run something beside the floor; its failure is logged."""
        self._tasks.spawn(coro, name=f"{name} {self.tenant}")
