"""The talks of one tenant: who is in which, what is asked of them, what happens to their legs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ringway.acd import talk_live
from ringway.acd.adoption import Picture
from ringway.acd.calls import Call, Leg
from ringway.acd.core import model as m
from ringway.acd.core import talk_model as t
from ringway.acd.core.outbound import Choice
from ringway.acd.core.records import CallState
from ringway.acd.core.talk import Talk
from ringway.acd.core.talk_model import CUSTOMER, NotNow, NotPart, Party
from ringway.acd.node_links import Link
from ringway.acd.outbound import Outbound, Watching
from ringway.acd.repeats import Repeats
from ringway.acd.talk_control import TalkControl
from ringway.acd.talk_links import TalkLinks
from ringway.acd.talk_live import SNAPSHOT, Live, Step
from ringway.acd.talk_phones import TalkPhones
from ringway.acd.talk_repair import put_right, rooms_of
from ringway.proto.acd import AgentState
from ringway.proto.acd_calls import InteractionChangedV1, PartyRole, PartyState
from ringway.proto.acd_calls import Party as PartyView
from ringway.proto.acd_config import TargetKind
from ringway.runtime.ari import ChannelHold, ChannelUnhold, Event
from ringway.runtime.clock import utcnow

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

_log = logging.getLogger("ringway.acd.talks")

AGENT = "a0"  # the leg id of who was joined to the customer


class Talks(Repeats):
    """Every connected interaction of one tenant.

    Args:
        events: Passes on the events of single channels.
        app: The Stasis application that outside legs enter.
        on_phone: Told of the events of agents' phones in talks.
    """

    def __init__(
        self,
        runner: FloorRunner,
        outbound: Outbound,
        events: Watching,
        app: str,
        *,
        on_phone: Callable[[Talks, str, str, Event], None],
    ) -> None:
        super().__init__(runner.now)
        self.runner = runner
        self.live: dict[str, Live] = {}
        # Of agents whose calls are no talks: who dials, who is in a conference.
        self.give_up: Callable[[str, str], bool] = lambda _, __: False
        self.other_parties: Callable[[str], tuple[PartyView, ...]] = lambda _: ()
        self.nobody_dials: Callable[[], bool] = lambda: True
        self.parked_again: Callable[[Call], bool] | None = None  # back into his slot
        self._on_phone = on_phone
        self._phones = TalkPhones(events, self._phone_event)
        self.links = TalkLinks(runner, self.tell)
        self._control = TalkControl(
            runner,
            outbound,
            events,
            app,
            self.links,
            tell=self.tell,
            hand_over=self._hand_over,
            recall=self._recall,
            forget=self._forget,
        )

    # -- what the runner tells -----------------------------------------------------------------

    @property
    def is_quiet(self) -> bool:
        """Whether no talk is just being changed."""
        busy = any(live.is_working or live.ringing for live in self.live.values())
        return not busy and self.nobody_dials()

    def connected(self, call: Call, leg: Leg) -> None:
        """Customer and agent have just been joined in the leg's own room."""
        live = self._begin(call, leg)
        live.voices.add(leg.channel_id)
        if live.is_mixed:
            self._control.perform(live, ())
        self._phones.listen(leg)

    def _begin(self, call: Call, leg: Leg) -> Live:
        room = leg.bridge_id
        talk = Talk(
            call.interaction_id,
            (
                Party(CUSTOMER, PartyRole.CUSTOMER, number=_customers_number(call), place=room),
                Party(AGENT, PartyRole.AGENT, agent_id=leg.agent_id, home=room, place=room),
            ),
            owner_id=AGENT,
            room=room,
        )
        live = Live(talk, call, {CUSTOMER: call.channel_id, AGENT: leg.channel_id}, {AGENT: leg})
        floor_call = self.runner.floor.calls.get(call.interaction_id)
        live.queue_id = floor_call.queue_id if floor_call is not None else ""
        live.is_mixed = floor_call is not None and floor_call.segment > 1
        self.live[call.interaction_id] = live
        return live

    def customer_gone(self, interaction_id: str) -> None:
        """The customer's channel is no more; end what else belongs to the talk."""
        live = self.live.get(interaction_id)
        if live is None:
            return
        if live.talk.is_plain and not (live.inbox or live.links or live.talk.is_ending):
            del self.live[interaction_id]  # the floor ends the agent's part
            for leg_id, party in live.talk.parties.items():
                if party.is_muted and leg_id in live.channels:
                    self._control.perform(live, (t.Mute(leg_id, muted=False),))
            return
        live.channels.pop(CUSTOMER, None)
        self.tell(live, t.PartyGone(self.runner.now(), CUSTOMER))

    def agent_lost(self, interaction_id: str, agent_id: str) -> bool:
        """An agent's phone left the talk. False: nobody is left for the customer."""
        live = self.live.get(interaction_id)
        if live is None:
            return self.give_up(interaction_id, agent_id)
        if (party := live.talk.agent(agent_id)) is None:
            return True  # he has left it already, which the floor is about to be told
        live.channels.pop(party.leg_id, None)
        live.legs.pop(party.leg_id, None)
        return self._agent_ends(live, t.PartyGone(self.runner.now(), party.leg_id))

    def agent_hangs_up(self, interaction_id: str, agent_id: str) -> bool:
        """The agent ends his part. False: nobody is left, hang the customer up."""
        live = self.live.get(interaction_id)
        if live is None:
            return self.give_up(interaction_id, agent_id)
        if live.talk.is_ending:
            return False
        if live.talk.agent(agent_id) is None:
            return True
        return self._agent_ends(live, t.HangUpAsked(self.runner.now(), agent_id))

    def _agent_ends(self, live: Live, event: t.Event) -> bool:
        """Give the event to the talk; the customer's end is left to the runner."""
        commands = live.talk.handle(event)
        goes_on = t.HangUp(CUSTOMER) not in commands
        told = self._ring_ended(live, commands)
        self._changed(live)
        self._control.perform(live, [*told, *(c for c in commands if c != t.HangUp(CUSTOMER))])
        return goes_on

    # -- what is asked -------------------------------------------------------------------------

    def of_agent(self, agent_id: str, interaction_id: str | None = None) -> Live:
        """Return the talk that an agent is part of.

        Raises:
            NotPart: There is none.
        """
        if interaction_id is None:
            agent = self.runner.floor.agents.get(agent_id)
            interaction_id = agent.interaction_id if agent is not None else None
        live = self.live.get(interaction_id or "")
        if live is None or live.talk.agent(agent_id) is None:
            raise NotPart(agent_id)
        return live

    def tell(self, live: Live, event: t.Event) -> asyncio.Future[None]:
        """Give a talk an event; the result comes when all that follows is done.

        Raises:
            NotNow, NotPart: See Talk.handle.
        """
        commands = live.talk.handle(event)
        self._changed(live)
        return self._control.perform(live, [*self._ring_ended(live, commands), *commands])

    @staticmethod
    def _ring_ended(live: Live, commands: Sequence[t.Command]) -> list[Step]:
        """Tell the phone that asked for a transfer, before its own part ends."""
        is_done = any(isinstance(c, t.Transferred) for c in commands)
        told = live.on_ring_end
        if told is None or not (is_done or live.talk.consult is None):
            return []
        live.on_ring_end = None
        return [partial(told, is_done)]

    async def consult(
        self,
        live: Live,
        event: t.ConsultAsked,
        choices: list[Choice],
        on_ring_end: Callable[[bool], Awaitable[None]] | None = None,
        line: str | Link = "",
    ) -> None:
        """Consult, or transfer blindly to, an agent or a number.

        Args:
            choices: The ways to call the number.
            on_ring_end: Told what became of a blind transfer, before the asker's part ends.
            line: The channel of the phone's second line that asks, or what stands for it.

        Raises:
            NotNow, NotPart: See Talk.handle.
            AgentBusy: The agent cannot be called now; nothing has changed.
        """
        claim = event.agent_id
        if claim is not None:
            now, interaction_id = self.runner.now(), live.talk.interaction_id
            self.runner.apply(m.Claim(now, claim, interaction_id))
        if choices:
            live.choices = choices
        try:
            done = self.tell(live, event)
        except (NotNow, NotPart):
            if claim is not None and live.talk.agent(claim) is None:
                self.runner.apply(m.Unclaim(self.runner.now(), claim, live.talk.interaction_id))
            raise
        if line and live.talk.consult is not None:
            line_id = live.talk.consult.line_id
            if isinstance(line, Link):
                self.links.stand_in(live, line_id, line)
            else:
                live.channels[line_id] = line
            self._changed(live)
        if on_ring_end is not None:
            live.on_ring_end = on_ring_end  # before the phone can have rung: nothing is awaited
        await done

    def parties(self, interaction_id: str) -> tuple[PartyView, ...]:
        """Return who is part of an interaction, as others may see it."""
        live = self.live.get(interaction_id)
        if live is None:
            return self.other_parties(interaction_id)
        return tuple(
            PartyView(
                leg_id=p.leg_id,
                role=p.role,
                state=p.state,
                agent_id=p.agent_id,
                number=p.number or self._number_of(p),
                is_muted=p.is_muted,
            )
            for p in live.talk.parties.values()
            if live.talk.consult is None or p.leg_id != live.talk.consult.line_id
        )

    def _number_of(self, party: Party) -> str:
        agent = self.runner.floor.agents.get(party.agent_id or "")
        return agent.number if agent is not None else ""

    def bring(
        self,
        call: Call,
        agent_id: str,
        *,
        back: Callable[[], None] | None = None,
        on_ring_end: Callable[[bool], Awaitable[None]] | None = None,
        is_own_wish: bool = False,
        is_held: bool = True,
        queue_id: str = "",
    ) -> None:
        """Call an agent, who is claimed, for a customer with whom nobody is.

        Args:
            back: What to do when the agent does not come; without it the customer goes to the
                queue, or is hung up.
            on_ring_end: Told what became of it, before the two are joined.
            is_own_wish: The agent asked for the customer: his phone need not be answered by key.
            is_held: Whether the customer hears music.
            queue_id: Where he came from.
        """
        interaction_id = call.interaction_id
        live = Live(
            Talk.awaiting(interaction_id, agent_id, is_held=is_held),
            call,
            {CUSTOMER: call.channel_id},
            queue_id=queue_id,
            recalled=True,
            back=back,
            is_own_wish=is_own_wish,
            on_ring_end=on_ring_end,
        )
        live.talk.parties[CUSTOMER].number = _customers_number(call)
        floor_call = self.runner.floor.calls.get(interaction_id)
        live.is_mixed = floor_call is not None and floor_call.segment > 0
        self.live[interaction_id] = live
        self._control.perform(live, (t.Ring("p1"),))
        self._changed(live)

    async def settled(self) -> None:
        """Wait until all that was decided so far is done: nobody is on his way to elsewhere."""
        for live in [each for each in self.live.values() if each.is_working]:
            await self._control.done(live)

    async def room_of(self, interaction_id: str, agent_id: str) -> str | None:
        """Return the room in which an agent talks, when all that was decided is done."""
        if (live := self.live.get(interaction_id)) is None:
            return None
        await self._control.perform(live, ())
        party = live.talk.agent(agent_id)
        is_talking = party is not None and party.state is PartyState.TALKING
        return live.talk.places.room if is_talking else None

    def channel_of(self, interaction_id: str, agent_id: str) -> str | None:
        """Return what an agent's leg is on the talk's node."""
        live = self.live.get(interaction_id)
        party = live.talk.agent(agent_id) if live is not None else None
        return live.channels.get(party.leg_id) if live is not None and party is not None else None

    async def mix(self, interaction_id: str) -> None:
        """Let the talk be mixed from now on, so that it can be listened to: see TalkControl."""
        if (live := self.live.get(interaction_id)) is not None:
            live.is_mixed = True
            await self._control.perform(live, ())

    # -- where customers go on -----------------------------------------------------------------

    def _hand_over(self, live: Live, command: t.HandOver) -> None:
        """The customer is no more part of the talk and hears music."""
        call, target = live.call, command.target
        if call.is_gone:
            return
        if target.kind is TargetKind.QUEUE:
            self._enqueue(live, target.value, frozenset({command.agent_id}))
        elif target.kind is TargetKind.HANG_UP:
            self._hang_up(live)
        elif self.runner.front is not None:
            self.runner.front.send_to(call, target)
        else:
            self._hang_up(live)

    def _enqueue(self, live: Live, queue_id: str, excluded: frozenset[str]) -> None:
        now, interaction_id = self.runner.now(), live.talk.interaction_id
        self.runner.apply(m.Enqueued(now, interaction_id, queue_id, now, excluded=excluded))
        if self.runner.front is not None:
            self.runner.front.waits(interaction_id)

    def _hang_up(self, live: Live) -> None:
        self.runner.spawn(self.runner.control.hang_up_customer(live.call), "hang up")

    def recall(self, call: Call, agent_id: str, queue_id: str) -> None:
        """Bring a customer, who hears music, back to who sent him away."""
        parties = (Party(CUSTOMER, PartyRole.CUSTOMER),)
        talk = Talk(call.interaction_id, parties, owner_id=None, room=None)
        self._recall(Live(talk, call, queue_id=queue_id), agent_id)

    def _recall(self, live: Live, agent_id: str) -> None:
        """Nobody took the customer: ring who sent him; else back to the queue he came from."""
        interaction_id = live.talk.interaction_id
        if live.call.is_gone or interaction_id not in self.runner.floor.calls:
            return
        if live.back is not None:
            live.back()
        elif live.recalled and self.parked_again is not None and self.parked_again(live.call):
            pass
        elif not live.recalled and self._take_back(agent_id, interaction_id):
            self.bring(live.call, agent_id, queue_id=live.queue_id)
        elif live.queue_id and ":" not in live.queue_id:
            self._enqueue(live, live.queue_id, frozenset())
        else:
            self._hang_up(live)

    def _take_back(self, agent_id: str, interaction_id: str) -> bool:
        """Take the agent again, out of the after-call work for this very interaction."""
        agent = self.runner.floor.agents.get(agent_id)
        if agent is None:
            return False
        now = self.runner.now()
        if agent.state is AgentState.WRAP_UP and agent.interaction_id == interaction_id:
            self.runner.apply(m.WrapUpDone(now, agent_id, interaction_id))
        try:
            self.runner.apply(m.Claim(now, agent_id, interaction_id, own_wish=True))
        except m.AgentBusy:
            return False
        return True

    def _forget(self, live: Live) -> None:
        if self.live.get(live.talk.interaction_id) is live:
            del self.live[live.talk.interaction_id]

    # -- what phones do ------------------------------------------------------------------------

    def _phone_event(self, node: str, agent_id: str, event: Event) -> None:
        if isinstance(event, ChannelHold | ChannelUnhold):
            self._phones_hold(agent_id, on=isinstance(event, ChannelHold))
        else:
            self._on_phone(self, node, agent_id, event)

    def _phones_hold(self, agent_id: str, *, on: bool) -> None:
        """The agent pressed hold on the phone itself."""
        now = self.runner.now()
        try:
            live = self.of_agent(agent_id)
            self.tell(live, t.HoldAsked(now, agent_id) if on else t.ResumeAsked(now, agent_id))
        except (NotNow, NotPart) as refused:
            _log.info(
                "A phone's hold changes nothing.",
                extra={"tenant": self.runner.tenant, "agent_id": agent_id, "why": str(refused)},
            )

    # -- remembering ---------------------------------------------------------------------------

    def _changed(self, live: Live) -> None:
        interaction_id = live.talk.interaction_id
        if self.runner.supervision is not None:
            self.runner.supervision.talk_changed(interaction_id)
        for leg_id, leg in live.legs.items():
            if leg_id in live.talk.parties:
                self._phones.listen(leg)
        is_usual = live.talk.is_plain and not (live.talk.circle[0].is_muted or live.links)
        if is_usual or live.talk.is_over:
            live.call.extra.pop(SNAPSHOT, None)
        else:
            live.call.extra[SNAPSHOT] = talk_live.to_json(live)
        if interaction_id in self.runner.calls:
            self.runner.store(interaction_id)
        owner = live.talk.owner
        self.runner.show(
            InteractionChangedV1(
                occurred_at=utcnow(),
                tenant=self.runner.tenant,
                interaction_id=interaction_id,
                agent_id=owner.agent_id if owner is not None else None,
                parties=self.parties(interaction_id),
            )
        )

    def restore(self) -> None:
        """Know the talks of a process before this one; phones that rang for it have failed."""
        for interaction_id, call in self.runner.calls.items():
            floor_call = self.runner.floor.calls.get(interaction_id)
            raw = call.extra.get(SNAPSHOT)
            if raw is not None:
                try:
                    live = self.live[interaction_id] = talk_live.from_json(call, raw)
                    live.is_mixed = floor_call is not None and floor_call.segment > 1
                except (KeyError, TypeError, ValueError):
                    _log.exception(
                        "A talk's snapshot cannot be read.",
                        extra={"tenant": self.runner.tenant, "interaction_id": interaction_id},
                    )
                    continue
                self._know_legs(live)
                self._control.tones.restored(live)
            elif floor_call is not None and floor_call.state is CallState.TALKING:
                leg = self.runner.legs.get(floor_call.agent_id or "")
                if leg is not None:
                    self.connected(call, leg)
        for live in self.live.values():
            live.is_restored = True

    def _know_legs(self, live: Live) -> None:
        for party in live.talk.parties.values():
            leg, phone = self.runner.legs.get(party.agent_id or ""), live.phone_of(party.leg_id)
            if leg is not None and phone == leg.channel_id:
                live.legs[party.leg_id] = leg
                self._phones.listen(leg)
            elif party.agent_id is None and phone is not None:
                self._control.watch_outside(live, party, phone)
        for leg_id, link in live.links.items():
            self.links.keep(live, leg_id, link)

    def reconcile(self, picture: Picture) -> None:
        """Compare the talks on a node with what is there."""
        now, channels = self.runner.now(), picture.channels
        rooms = rooms_of(picture)
        self._phones.compare(picture)
        for live in list(self.live.values()):
            self.links.compare(live, picture)
            if live.call.node != picture.node.name:
                continue
            put_right(live, picture, rooms, at=now, tell=self.tell, perform=self._control.perform)
            for party in list(live.talk.parties.values()):
                if party.state is PartyState.RINGING and party.leg_id not in live.ringing:
                    self.tell(live, t.PartyFailed(now, party.leg_id))
                elif party.agent_id is None and party.leg_id != CUSTOMER:
                    channel = live.channels.get(party.leg_id)
                    if party.state is not PartyState.RINGING and channel not in channels:
                        live.channels.pop(party.leg_id, None)
                        self.tell(live, t.PartyGone(now, party.leg_id))


def _customers_number(call: Call) -> str:
    return call.caller if call.direction.value == "inbound" else call.called
