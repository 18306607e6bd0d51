"""What a talk decides, carried out in order: on channels, on the floor, and told to everyone.

Commands of one talk are performed one after the other, so a leg is where the talk believes it
before the floor gives its agent another call. Channels that have gone are normal; their end
arrives as an event.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ringway.acd.control import PhoneNotAnswered, PhoneNotRegistered, state_variable
from ringway.acd.core import model as m
from ringway.acd.core import talk_model as t
from ringway.acd.core.talk_model import CUSTOMER, Party
from ringway.acd.node_links import LinkFailed
from ringway.acd.outbound import Outbound, Watching
from ringway.acd.queue_rules import after_call_s
from ringway.acd.talk_links import OnParty, TalkLinks, let_go
from ringway.acd.talk_live import Live, Step
from ringway.acd.tones import RingTones
from ringway.proto.acd import LegMode
from ringway.proto.acd_calls import (
    InteractionConsultedV1,
    InteractionTransferredV1,
    OfferV1,
    Outcome,
)
from ringway.proto.acd_config import AgentProfile, Queue
from ringway.runtime.ari import (
    AriConflict,
    AriDown,
    AriError,
    AriNode,
    ChannelDestroyed,
    Event,
    StasisEnd,
)
from ringway.runtime.clock import utcnow

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

_log = logging.getLogger("ringway.acd.talks")

RING_S = 25.0  # a consulted phone may ring this long


class TalkControl:
    """Performs the commands of one tenant's talks.

    Args:
        app: The Stasis application that outside legs enter.
        links: What stands for legs on other nodes.
        tell: Given what happens to phones that rang.
        hand_over: Sends a customer, who hears music, to a place that is no party.
        recall: Brings a customer back to the agent who sent him on.
        forget: Called when nobody is left in a talk.
    """

    def __init__(
        self,
        runner: FloorRunner,
        outbound: Outbound,
        events: Watching,
        app: str,
        links: TalkLinks,
        *,
        tell: OnParty,
        hand_over: Callable[[Live, t.HandOver], None],
        recall: Callable[[Live, str], None],
        forget: Callable[[Live], None],
    ) -> None:
        self._runner = runner
        self._outbound = outbound
        self._events = events
        self._app = app
        self._links = links
        self._tell = tell
        self._hand_over = hand_over
        self._recall = recall
        self._forget = forget
        self.tones = RingTones(runner)

    def done(self, live: Live) -> asyncio.Future[None]:
        """Return what comes when all commands so far have been performed."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if live.is_working:
            live.inbox.append(done)
        else:
            done.set_result(None)
        return done

    def perform(self, live: Live, commands: Sequence[Step]) -> asyncio.Future[None]:
        """Perform commands after all that came before; the result comes when they are done."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        hush, sound = partial(self.tones.hush, live), partial(self.tones.sound, live)
        live.inbox.extend((hush, *commands, partial(self._mix, live), done, sound))
        if not live.is_working:
            live.is_working = True
            self._runner.spawn(self._work(live), "talk")
        return done

    async def _work(self, live: Live) -> None:
        try:
            while live.inbox:
                item = live.inbox.popleft()
                if isinstance(item, asyncio.Future):
                    if not item.done():
                        item.set_result(None)
                    continue
                try:
                    await self._one(live, item)
                except (AriDown, AriError) as error:
                    # Who has gone is told by an event; a node that is back is reconciled.
                    _log.info(
                        "A step of a talk could not be done.",
                        extra={
                            "tenant": self._runner.tenant,
                            "interaction_id": live.talk.interaction_id,
                            "step": type(item).__name__,
                            "error": str(error),
                        },
                    )
                except Exception:
                    _log.exception(
                        "A step of a talk failed.",
                        extra={
                            "tenant": self._runner.tenant,
                            "interaction_id": live.talk.interaction_id,
                        },
                    )
        finally:
            live.is_working = False

    async def _one(self, live: Live, command: t.Command | Callable[[], Awaitable[None]]) -> None:
        match command:
            case Callable():
                await command()
            case t.Move(room, leg_ids):
                await self._move(live, room, leg_ids)
            case t.Hold(leg_ids):
                await self._hold(live, leg_ids)
            case t.MakeRoom(room):
                await self._node(live).create_bridge(room)
            case t.DropRoom(room):
                await self._node(live).destroy_bridge(room)
            case t.Mute(leg_id, muted):
                await self._mute(live, leg_id, muted)
            case t.Answer(leg_id) if leg_id in live.channels:
                await self._answer(live, leg_id)
            case t.Ring(leg_id):
                self._ring(live, live.talk.parties.get(leg_id))
            case t.StopRinging(leg_id):
                self._stop_ringing(live, leg_id)
                await self._hang_up(live, leg_id)  # a line that was not answered yet
            case t.Release(leg_id, agent_id):
                await self._release(live, leg_id, agent_id)
            case t.HangUp(leg_id) if leg_id == CUSTOMER:
                live.call.outcome = live.call.outcome or Outcome.FORWARDED
                await self._runner.control.hang_up_customer(live.call)
            case t.HangUp(leg_id):
                await self._hang_up(live, leg_id)
            case t.HandOver():
                self._hand_over(live, command)
            case t.Recall(agent_id):
                self._recall(live, agent_id)
            case t.Over():
                self._forget(live)
            case t.Consulted() | t.Transferred():
                self._told(live, command)
            case _:
                self._floor(live, command)

    # -- the floor and the facts ---------------------------------------------------------------

    def _floor(self, live: Live, command: t.Command) -> None:
        at, interaction_id = self._runner.now(), live.talk.interaction_id
        match command:
            case t.HoldTold(on):
                self._runner.apply(m.HoldChanged(at, interaction_id, on))
            case t.AgentJoined(agent_id, owns):
                settings = self._runner.configuration.settings
                wrap_up_s = after_call_s(settings.after_call, settings.after_call_s)
                self._runner.apply(m.Joined(at, interaction_id, agent_id, owns, wrap_up_s))
            case t.AgentUnclaimed(agent_id):
                self._runner.apply(m.Unclaim(at, agent_id, interaction_id))
            case t.OwnerTold(agent_id):
                self._runner.apply(m.OwnerChanged(at, interaction_id, agent_id))
            case t.AgentGone(agent_id):
                self._runner.apply(m.AgentLeft(at, interaction_id, agent_id))
            case _:
                pass

    def _told(self, live: Live, command: t.Consulted | t.Transferred) -> None:
        now = self._runner.wall(self._runner.now())
        interaction_id = live.talk.interaction_id
        name = f"{type(command).__name__.lower()}-{int(now.timestamp() * 1000)}"
        if isinstance(command, t.Consulted):
            self._runner.tell(
                InteractionConsultedV1(
                    message_id=f"{interaction_id}-{name}",
                    occurred_at=now,
                    tenant=self._runner.tenant,
                    interaction_id=interaction_id,
                    agent_id=command.agent_id,
                    target=command.target,
                    talked_s=command.talked_s,
                    outcome=command.outcome,
                )
            )
        elif live.recalled:
            live.recalled = False  # back with who had him is no transfer
        else:
            self._runner.tell(
                InteractionTransferredV1(
                    message_id=f"{interaction_id}-{name}",
                    occurred_at=now,
                    tenant=self._runner.tenant,
                    interaction_id=interaction_id,
                    agent_id=command.agent_id,
                    target=command.target,
                    is_attended=command.is_attended,
                    by=live.sent_by,
                )
            )

    # -- legs that are there -------------------------------------------------------------------

    async def _move(self, live: Live, room: str, leg_ids: Sequence[str]) -> None:
        await self._hush(live, leg_ids)
        channels = [live.channels[leg] for leg in leg_ids if leg in live.channels]
        node = self._node(live)
        try:
            if channels:
                await node.add_to_bridge(room, *channels)
        except AriError:
            # One of them has gone, and Asterisk then moves none: the others one by one.
            for channel in channels:
                with suppress(AriError):
                    await node.add_to_bridge(room, channel)

    async def _hold(self, live: Live, leg_ids: Sequence[str]) -> None:
        await self._hush(live, leg_ids)
        music = self._music(live)
        for leg_id in leg_ids:
            if leg_id in live.channels:
                await self._runner.control.hold(live.call.node, live.channels[leg_id], music)

    async def _hush(self, live: Live, leg_ids: Sequence[str]) -> None:
        """Stop the agent's number, which the customer may just be told."""
        if CUSTOMER in leg_ids and self._runner.front is not None:
            await self._runner.front.hush(live.call)

    async def _mix(self, live: Live) -> None:
        """See that nobody's recording or supervision misses whom he talks to after another.

        In a room of two, Asterisk 22 passes packets on with the sequence numbers of who sent them.
        Where a channel is listened to (recording, supervision), those of a new talker that are
        lower than the last one's count as late and are left out, for minutes. A room of three is
        mixed and has no such numbers: a mute third channel makes it so from the second talker on.
        """
        talk = live.talk
        customer, room = talk.customer, talk.places.room
        circle = [p for p in talk.circle if p.leg_id != CUSTOMER and p.leg_id in live.channels]
        if customer in talk.circle:
            live.voices |= {live.channels[party.leg_id] for party in circle}
        if not (live.is_mixed or len(live.voices) > 1) or talk.is_over or talk.is_ending:
            return
        if room is None or room == live.mixed_in or not circle or CUSTOMER not in live.channels:
            return
        node = self._node(live)
        if not live.mixer:
            mixer = f"{talk.interaction_id}.rm"
            with suppress(AriConflict):  # made for an agent before
                customers = live.channels[CUSTOMER]
                await self._runner.control.snoop(node, customers, mixer, spy="in")
            live.mixer = mixer
        await node.add_to_bridge(room, live.mixer, mute=True, absorb_dtmf=True)
        live.mixed_in = room

    def _music(self, live: Live) -> str:
        queue = self._runner.configuration.get(Queue, live.queue_id)
        return queue.music if queue is not None else self._runner.configuration.settings.music

    async def _mute(self, live: Live, leg_id: str, muted: bool) -> None:
        if (channel := live.channels.get(leg_id)) is None:
            return
        if muted:
            await self._node(live).mute(channel, "in")
        else:
            await self._node(live).unmute(channel, "in")

    async def _answer(self, live: Live, leg_id: str) -> None:
        link = live.links.get(leg_id)
        if link is None:
            await self._node(live).answer(live.channels[leg_id])
            return
        node = self._runner.control.node(link.node)
        await node.answer(link.channel)
        await node.add_to_bridge(link.room, link.channel)

    async def _hang_up(self, live: Live, leg_id: str) -> None:
        """End a leg that is no agent's."""
        channel, link = live.channels.pop(leg_id, None), live.links.pop(leg_id, None)
        if link is not None:
            await self._runner.control.node(link.node).end(link.channel)
            await self._links.drop(link, with_room=True)
        elif channel is not None:
            await self._node(live).hangup(channel)

    async def _release(self, live: Live, leg_id: str, agent_id: str) -> None:
        live.channels.pop(leg_id, None)
        if (link := live.links.pop(leg_id, None)) is not None:
            await self._links.drop(link)
        leg = live.legs.pop(leg_id, None)
        if leg is None:
            return
        if self._runner.legs.get(agent_id) is leg:
            await self._runner.phones.release(agent_id)
        elif leg.leg_mode is LegMode.ON_DEMAND:
            await self._runner.phones.end(leg)

    # -- legs that ring ------------------------------------------------------------------------

    def _ring(self, live: Live, party: Party | None) -> None:
        if party is None:
            return  # withdrawn before its turn came
        ring = self._ring_agent if party.agent_id is not None else self._ring_outside
        self._runner.spawn(ring(live, party), "consult")

    def _stop_ringing(self, live: Live, leg_id: str) -> None:
        if (task := live.ringing.pop(leg_id, None)) is not None:
            task.cancel()

    async def _ring_agent(self, live: Live, party: Party) -> None:
        agent_id = party.agent_id or ""
        self._began(live, party)
        try:
            leg = self._runner.legs.get(agent_id)
            profile = self._runner.configuration.get(AgentProfile, agent_id)
            if not live.is_own_wish:
                self._show_offer(live, agent_id)
            by_key = profile is not None and not profile.auto_answer and not live.is_own_wish
            answer: asyncio.Future[bool] | None = None
            if leg is not None and leg.is_up and by_key:
                # Before anything is waited for: the key may be pressed at once.
                answer = live.answers[agent_id] = asyncio.get_running_loop().create_future()
            await self._runner.until_stored()
            if answer is not None:
                async with asyncio.timeout(RING_S):
                    if not await answer:
                        raise PhoneNotAnswered(agent_id)
            leg = await self._runner.phones.ring(
                agent_id,
                live.call.node,
                RING_S,
                auto_answer=live.is_own_wish,
                interaction=live.talk.interaction_id,
            )
            link = await self._links.lay(live, leg)
        except (PhoneNotAnswered, PhoneNotRegistered, TimeoutError, AriDown, LinkFailed):
            self._ended(live, party, t.PartyFailed(self._runner.now(), party.leg_id))
            return
        finally:
            live.answers.pop(agent_id, None)
        if live.talk.parties.get(party.leg_id) is not party:
            let_go(self._runner, leg)
            if link is not None:
                await self._links.drop(link)
            return
        live.legs[party.leg_id] = leg
        live.channels[party.leg_id] = leg.channel_id
        home: str | None = leg.bridge_id
        if link is not None:
            home = None  # it is on another node: no place for this talk
            self._links.stand_in(live, party.leg_id, link)
        self._ended(live, party, t.PartyAnswered(self._runner.now(), party.leg_id, home))

    async def _ring_outside(self, live: Live, party: Party) -> None:
        self._began(live, party)
        gone: set[str] = set()
        interaction_id = live.talk.interaction_id
        first = f"{interaction_id}.{party.leg_id}"
        try:
            await self._runner.until_stored()
            placed = await self._outbound.place(
                self._node(live),
                self._runner.tenant,
                live.choices,
                channel_id=first,
                app=self._app,
                app_args=("party",),
                variables=state_variable(
                    tenant=self._runner.tenant,
                    interaction=interaction_id,
                    role="party",
                    leg=party.leg_id,
                ),
                ring_s=RING_S,
                on_attempt=lambda channel_id: self.watch_outside(live, party, channel_id, gone),
            )
        except (AriDown, AriError, ValueError):
            self._ended(live, party, t.PartyFailed(self._runner.now(), party.leg_id))
            return
        if not placed.is_answered or placed.channel_id in gone:
            self._ended(live, party, t.PartyFailed(self._runner.now(), party.leg_id))
            return
        if live.talk.parties.get(party.leg_id) is not party:
            await self._node(live).hangup(placed.channel_id)
            return
        live.channels[party.leg_id] = placed.channel_id
        self._ended(live, party, t.PartyAnswered(self._runner.now(), party.leg_id))

    def watch_outside(
        self, live: Live, party: Party, channel_id: str, gone: set[str] | None = None
    ) -> None:
        """Let the end of an outside leg be known; ``gone`` collects those that ended early."""

        def on_event(node: str, event: Event) -> None:
            if isinstance(event, StasisEnd | ChannelDestroyed):
                if gone is not None:
                    gone.add(channel_id)
                if live.phone_of(party.leg_id) == channel_id:
                    self._links.lose(live, party.leg_id)
                    self._tell(live, t.PartyGone(self._runner.now(), party.leg_id))

        self._events.watch(channel_id, on_event)

    def _began(self, live: Live, party: Party) -> None:
        task = asyncio.current_task()
        assert task is not None
        live.ringing[party.leg_id] = task

    def _ended(self, live: Live, party: Party, event: t.PartyAnswered | t.PartyFailed) -> None:
        live.ringing.pop(party.leg_id, None)
        if live.talk.parties.get(party.leg_id) is not party:
            return
        self._tell(live, event)

    def _show_offer(self, live: Live, agent_id: str) -> None:
        self._runner.show(
            OfferV1(
                occurred_at=utcnow(),
                tenant=self._runner.tenant,
                agent_id=agent_id,
                interaction_id=live.talk.interaction_id,
                caller=live.call.caller,
                called=live.call.called,
                until=self._runner.wall(self._runner.now() + RING_S),
            )
        )

    def _node(self, live: Live) -> AriNode:
        return self._runner.control.node(live.call.node)
