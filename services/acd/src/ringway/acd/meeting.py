"""One live conference: its channels, and carrying out what its core decides."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ringway.acd import dialling
from ringway.acd.calls import Call
from ringway.acd.control import PhoneNotAnswered, PhoneNotRegistered, state_variable
from ringway.acd.core import conference as c
from ringway.acd.core import model as m
from ringway.acd.node_links import Link, LinkFailed
from ringway.acd.talk_links import reach_over
from ringway.proto.acd import LegMode
from ringway.proto.acd_calls import InteractionChangedV1, Party, PartyRole, PartyState
from ringway.runtime.ari import (
    AriDown,
    AriError,
    AriNode,
    ChannelDestroyed,
    Event,
    StasisEnd,
)
from ringway.runtime.clock import utcnow

if TYPE_CHECKING:
    from ringway.acd.app import Acd
    from ringway.acd.runner import FloorRunner

_log = logging.getLogger("ringway.acd.conferences")

CONFERENCE = "conference"  # its place in ``Call.extra``
RECORDING = "mixed"  # there, too: the one file with everybody in it
RING_S = 45.0


@dataclass(slots=True)
class Meeting:
    """One conference. Its interaction is ``call``, which has no channel of its own.

    ``guests``: members who came by themselves; their calls are interactions of their own.
    """

    conference_id: str
    name: str
    organiser_id: str
    call: Call
    is_recorded: bool
    core: c.Conference = field(default_factory=c.Conference)
    channels: dict[str, str] = field(default_factory=dict)  # leg id -> channel
    links: dict[str, Link] = field(default_factory=dict)  # leg id -> what stands for it here
    guests: set[str] = field(default_factory=set)
    ringing: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    has_room: bool = False
    inbox: deque[c.Command] = field(default_factory=deque)
    is_working: bool = False

    @property
    def interaction_id(self) -> str:
        return self.call.interaction_id

    @property
    def room(self) -> str:
        return f"{self.interaction_id}.x0"

    @property
    def recording(self) -> str:
        return f"{self.interaction_id}.mix"

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot form."""
        return {
            "conference_id": self.conference_id,
            "name": self.name,
            "organiser_id": self.organiser_id,
            "is_recorded": self.is_recorded,
            "has_room": self.has_room,
            "most": self.core.most,
            "count": self.core.count,
            "members": [
                {
                    "leg_id": each.leg_id,
                    "agent_id": each.agent_id,
                    "number": each.number,
                    "state": each.state,
                    "is_muted": each.is_muted,
                    "is_organiser": each.is_organiser,
                    "channel": self.channels.get(each.leg_id),
                    "link": self.links[each.leg_id].to_json()
                    if each.leg_id in self.links
                    else None,
                    "is_guest": each.leg_id in self.guests,
                }
                for each in self.core.members.values()
            ],
        }

    @classmethod
    def from_json(cls, call: Call, raw: dict[str, Any]) -> Meeting:
        """Read the snapshot form.

        Raises:
            KeyError, TypeError, ValueError: It is not a snapshot of a conference.
        """
        it = cls(raw["conference_id"], raw["name"], raw["organiser_id"], call, raw["is_recorded"])
        it.has_room = raw["has_room"]
        it.core.most, it.core.count = raw["most"], raw["count"]
        for each in raw["members"]:
            it.core.members[each["leg_id"]] = c.Member(
                each["leg_id"],
                each["agent_id"],
                each["number"],
                PartyState(each["state"]),
                each["is_muted"],
                each["is_organiser"],
            )
            if each["channel"]:
                it.channels[each["leg_id"]] = each["channel"]
            if each.get("link"):
                it.links[each["leg_id"]] = Link.from_json(each["link"])
            if each["is_guest"]:
                it.guests.add(each["leg_id"])
        return it


class MeetingControl:
    """Performs what the conferences of one tenant decide.

    Args:
        ended: Told of each conference that is over.
    """

    def __init__(self, acd: Acd, runner: FloorRunner, ended: Callable[[Meeting], None]) -> None:
        self._acd = acd
        self._runner = runner
        self._ended = ended

    def perform(self, meeting: Meeting, commands: Sequence[c.Command]) -> None:
        """Perform commands after all that came before, and tell how it is now."""
        meeting.inbox.extend(commands)
        if not meeting.is_working:
            meeting.is_working = True
            self._runner.spawn(self._work(meeting), "conference")
        self.changed(meeting)

    def changed(self, meeting: Meeting) -> None:
        """Remember a conference as it is, and show it."""
        if meeting.interaction_id in self._runner.calls:
            meeting.call.extra[CONFERENCE] = meeting.to_json()
            self._runner.store(meeting.interaction_id)
        self._runner.show(
            InteractionChangedV1(
                occurred_at=utcnow(),
                tenant=self._runner.tenant,
                interaction_id=meeting.interaction_id,
                agent_id=meeting.organiser_id,
                parties=parties(meeting),
            )
        )

    async def _work(self, meeting: Meeting) -> None:
        try:
            while meeting.inbox:
                command = meeting.inbox.popleft()
                try:
                    await self._one(meeting, command)
                except (AriDown, AriError) as error:
                    # Who has gone is told by an event; a node that is back is reconciled.
                    _log.info(
                        "A step of a conference could not be done.",
                        extra={
                            "tenant": self._runner.tenant,
                            "interaction_id": meeting.interaction_id,
                            "step": type(command).__name__,
                            "error": str(error),
                        },
                    )
        finally:
            meeting.is_working = False

    async def _one(self, meeting: Meeting, command: c.Command) -> None:
        node = self._node(meeting)
        match command:
            case c.Enter(leg_id):
                if leg_id in meeting.channels:
                    await self._open_room(meeting)
                    await node.add_to_bridge(meeting.room, meeting.channels[leg_id])
            case c.Mute(leg_id, muted) if leg_id in meeting.channels:
                change = node.mute if muted else node.unmute
                await change(meeting.channels[leg_id], "in")
            case c.LetGo(leg_id):
                await self._let_go(meeting, leg_id)
            case c.Over():
                await self._close(meeting)
            case _:
                pass

    async def _open_room(self, meeting: Meeting) -> None:
        if meeting.has_room:
            return
        node = self._node(meeting)
        await node.create_bridge(meeting.room, exists_ok=True)
        meeting.has_room = True
        if meeting.is_recorded:
            await node.record_bridge(meeting.room, meeting.recording)
            meeting.call.extra[RECORDING] = meeting.recording

    async def _let_go(self, meeting: Meeting, leg_id: str) -> None:
        """End a leg, or the calling of it."""
        if (task := meeting.ringing.pop(leg_id, None)) is not None:
            task.cancel()
        member = meeting.core.members.get(leg_id)
        channel, link = meeting.channels.pop(leg_id, None), meeting.links.pop(leg_id, None)
        if link is not None and self._runner.links is not None:
            await self._runner.links.drop(link)
            channel = None
        if member is None:
            return
        if member.agent_id is not None:
            if member.is_muted and channel is not None:
                with suppress(AriError):
                    await self._node(meeting).unmute(channel, "in")
            await self.agent_leaves(meeting, member.agent_id)
        elif channel is not None:
            await self._node(meeting).hangup(channel)

    async def agent_leaves(self, meeting: Meeting, agent_id: str) -> None:
        """An agent's part is over: his phone goes home, he serves others again."""
        runner, interaction_id = self._runner, meeting.interaction_id
        leg, floor_call = runner.legs.get(agent_id), runner.floor.calls.get(interaction_id)
        is_in = floor_call is not None and agent_id in floor_call.members
        if leg is not None and (is_in or leg.leg_mode is LegMode.ON_DEMAND):
            await runner.phones.release(agent_id)
        runner.apply(m.Unclaim(runner.now(), agent_id, interaction_id))
        runner.apply(m.AgentLeft(runner.now(), interaction_id, agent_id))

    async def _close(self, meeting: Meeting) -> None:
        with suppress(AriDown, AriError):
            await self._node(meeting).destroy_bridge(meeting.room)  # which ends the recording
        self._ended(meeting)
        self._runner.customer_gone(meeting.interaction_id, cause_q850=16)

    # -- calling -------------------------------------------------------------------------------

    def ring(self, meeting: Meeting, member: c.Member, whom: dialling.Party | None) -> None:
        """Call somebody who has been invited; an agent is claimed first.

        Raises:
            AgentBusy: He cannot be called now.
        """
        runner = self._runner
        if member.agent_id is not None:
            own = member.agent_id == meeting.organiser_id
            claim = m.Claim(runner.now(), member.agent_id, meeting.interaction_id, own_wish=own)
            runner.apply(claim)
            runner.spawn(self._ring_agent(meeting, member, member.agent_id), "conference")
        elif whom is not None:
            runner.spawn(self._ring_number(meeting, member, whom), "conference")

    async def _ring_agent(self, meeting: Meeting, member: c.Member, agent_id: str) -> None:
        runner = self._runner
        self._began(meeting, member)
        try:
            leg = await runner.phones.ring(
                agent_id,
                meeting.call.node,
                RING_S,
                auto_answer=member.is_organiser,
                interaction=meeting.interaction_id,
            )
            link = await reach_over(runner, meeting.call, leg)
        except (PhoneNotAnswered, PhoneNotRegistered, AriDown, LinkFailed):
            meeting.ringing.pop(member.leg_id, None)
            runner.apply(m.Unclaim(runner.now(), agent_id, meeting.interaction_id))
            self.perform(meeting, meeting.core.gone(member.leg_id))
            return
        meeting.ringing.pop(member.leg_id, None)
        meeting.channels[member.leg_id] = leg.channel_id
        if link is not None:
            self.stand_in(meeting, member.leg_id, link)
        if member.state is PartyState.RINGING:
            runner.apply(m.Joined(runner.now(), meeting.interaction_id, agent_id))
        self.perform(meeting, meeting.core.answered(member.leg_id))

    def stand_in(self, meeting: Meeting, leg_id: str, link: Link) -> None:
        """Let a link's end be the channel of an agent on another node, and its end his."""
        meeting.links[leg_id], meeting.channels[leg_id] = link, link.far

        def ended() -> None:
            if meeting.links.get(leg_id) is link:
                self.perform(meeting, meeting.core.remove(leg_id))

        if self._runner.links is not None:
            self._runner.links.keep(self._runner, link, ended)

    async def _ring_number(self, meeting: Meeting, member: c.Member, whom: dialling.Party) -> None:
        runner = self._runner
        self._began(meeting, member)
        gone: set[str] = set()
        placed = None
        with suppress(AriDown, AriError):
            placed = await self._acd.outbound.place(
                self._node(meeting),
                runner.tenant,
                whom.choices,
                channel_id=f"{meeting.interaction_id}.{member.leg_id}",
                app=self._acd.settings.app,
                app_args=("party",),
                variables=state_variable(
                    tenant=runner.tenant,
                    interaction=meeting.interaction_id,
                    role="party",
                    leg=member.leg_id,
                ),
                ring_s=RING_S,
                on_attempt=lambda channel: self.watch(meeting, member.leg_id, channel, gone),
            )
        meeting.ringing.pop(member.leg_id, None)
        if placed is None or not placed.is_answered or placed.channel_id in gone:
            self.perform(meeting, meeting.core.gone(member.leg_id))
            return
        meeting.channels[member.leg_id] = placed.channel_id
        self.perform(meeting, meeting.core.answered(member.leg_id))

    def enter(self, meeting: Meeting, member: c.Member, channel_id: str) -> None:
        """Let somebody in whose channel is up."""
        meeting.guests.add(member.leg_id)
        meeting.channels[member.leg_id] = channel_id
        self.watch(meeting, member.leg_id, channel_id)
        self.perform(meeting, meeting.core.answered(member.leg_id))

    def watch(
        self, meeting: Meeting, leg_id: str, channel_id: str, gone: set[str] | None = None
    ) -> None:
        """Let the end of a leg be known; ``gone`` collects those that ended early."""

        def on_event(_: str, event: Event) -> None:
            if isinstance(event, StasisEnd | ChannelDestroyed):
                if gone is not None:
                    gone.add(channel_id)
                if meeting.channels.get(leg_id) == channel_id:
                    del meeting.channels[leg_id]
                    self.perform(meeting, meeting.core.gone(leg_id))

        self._acd.watch(channel_id, on_event)

    @staticmethod
    def _began(meeting: Meeting, member: c.Member) -> None:
        task = asyncio.current_task()
        assert task is not None
        meeting.ringing[member.leg_id] = task

    def _node(self, meeting: Meeting) -> AriNode:
        return self._runner.control.node(meeting.call.node)


def parties(meeting: Meeting) -> tuple[Party, ...]:
    """Return who is part of a conference, as others may see it."""
    return tuple(
        Party(
            leg_id=each.leg_id,
            role=PartyRole.AGENT if each.is_organiser else PartyRole.MEMBER,
            state=each.state,
            agent_id=each.agent_id,
            number=each.number,
            is_muted=each.is_muted,
        )
        for each in meeting.core.members.values()
    )
