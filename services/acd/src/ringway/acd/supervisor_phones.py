"""Supervisors' phones in Asterisk: called or lent, where they stand, and what they hear."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import Histogram

from ringway.acd.calls import Leg
from ringway.acd.control import PhoneNotRegistered
from ringway.acd.core import supervision as s
from ringway.acd.core.supervision import Session
from ringway.acd.node_links import Link, LinkFailed
from ringway.proto.acd import LegMode
from ringway.proto.acd_config import SupervisionMode
from ringway.runtime.ari import AriDown, AriError, AriNode, AriNotFound, Direction, Event
from ringway.runtime.ids import uuid7

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

_opened = Histogram(
    "acd_supervision_opened_seconds",
    "From a supervisor's phone being there to hearing the agent.",
    ["mode"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 3),
)

RING_S = 20.0  # a supervisor's phone may ring this long
ROOM, EAR = ".l", ".w"  # how the ids of lent phones' rooms and of snoops end; before it the tenant
_SPEAKS_TO: dict[SupervisionMode, Direction] = {
    SupervisionMode.LISTEN: "none",
    SupervisionMode.WHISPER: "out",
}
Step = s.Command | asyncio.Future[None] | Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Supervisor:
    """One supervisor and what his phone is in Asterisk.

    ``is_lent``: the phone is his own nailed-up leg as an agent, which goes home after.
    ``is_taken``: the phone has become part of a talk and is not ours any more. ``is_kept``: it is
    known from another process, and not seen in Asterisk yet. ``node`` is that of
    the talk; ``voice`` what the phone is there: itself, or the end of ``link``. ``room`` is its
    own, ``place`` where it stands.
    """

    session: Session
    node: str
    phone_up: asyncio.Future[None]
    everywhere: bool = False
    leg: Leg | None = None
    is_lent: bool = False
    is_taken: bool = False
    is_kept: bool = False
    voice: str = ""
    link: Link | None = None
    room: str = ""
    place: str = ""
    ear: str = ""
    ringing: asyncio.Task[None] | None = None
    on_event: Callable[[str, Event], None] | None = None
    timer: asyncio.TimerHandle | None = None
    inbox: deque[Step] = field(default_factory=deque)
    is_working: bool = False


class SupervisorPhones:
    """What the supervisors of one tenant need of Asterisk.

    A node that is down raises AriDown, and a channel that has gone AriError.
    """

    def __init__(self, runner: FloorRunner, unlinked: Callable[[Supervisor], object]) -> None:
        self._runner = runner
        self._unlinked = unlinked

    async def call(self, one: Supervisor) -> Leg:
        """Have the supervisor's phone in a room of his own: the one that is up, or call it.

        Raises:
            PhoneNotRegistered, PhoneNotAnswered: See CallControl.call_phone.
        """
        supervisor_id = one.session.supervisor_id
        own = self._runner.legs.get(supervisor_id)
        if own is not None and own.is_up and own.leg_mode is LegMode.NAILED_UP:
            one.leg, one.is_lent = own, True
        else:
            await self._ring(one)
        assert one.leg is not None
        await self._arrive(one, one.leg)
        return one.leg

    async def _ring(self, one: Supervisor) -> None:
        """Call the phone on the node where it is registered, first of all the talk's."""
        nodes = self._runner.control.nodes_by_load(one.node)
        for node in nodes:
            one.leg = Leg(one.session.supervisor_id, LegMode.NAILED_UP, node.name)
            try:
                await self._runner.phones.call(one.leg, RING_S, auto_answer=True)
            except PhoneNotRegistered:
                if node is nodes[-1]:
                    raise
            else:
                return
        raise AriDown("no Asterisk node is connected")

    # -- on the talk's node --------------------------------------------------------------------

    async def _arrive(self, one: Supervisor, leg: Leg) -> None:
        """Let the phone, or what stands for it, be in a room of its own on the talk's node."""
        if leg.node == one.node and not one.is_lent:
            one.voice, one.room, one.place = leg.channel_id, leg.bridge_id, leg.bridge_id
            return
        one.voice = leg.channel_id if leg.node == one.node else await self._link(one, leg)
        one.room = one.place = f"{uuid7()}.{self._runner.tenant}{ROOM}"
        await self._node(one).create_bridge(one.room)
        await self._node(one).add_to_bridge(one.room, one.voice)

    async def _link(self, one: Supervisor, leg: Leg) -> str:
        links = self._runner.links
        if links is None:
            raise LinkFailed(0, "there is but one node", "link")
        link = one.link = await links.lay(
            self._runner,
            one.session.heard or one.session.interaction_id or str(uuid7()),
            node=leg.node,
            channel=leg.channel_id,
            to=one.node,
            room=leg.bridge_id,
            is_in_room=one.place in ("", leg.bridge_id),
        )

        def ended() -> None:
            if one.link is link:
                one.link = None
                self._unlinked(one)

        links.keep(self._runner, link, ended)
        return link.far

    async def _go(self, one: Supervisor, node: str) -> None:
        """Be on another node: the agent's next talk is there."""
        if one.node == node or one.leg is None:
            return
        await self._end_ear(one)
        await self._leave(one)
        one.node = node
        await self._arrive(one, one.leg)

    async def _leave(self, one: Supervisor) -> None:
        """Leave nothing on the talk's node but a phone that is there itself."""
        leg, link = one.leg, one.link
        one.link = None
        if link is not None and self._runner.links is not None:
            await self._runner.links.drop(link)
        elif leg is not None and one.place != leg.bridge_id:
            await self._node(one).add_to_bridge(leg.bridge_id, leg.channel_id)
        one.place = leg.bridge_id if leg is not None else ""
        if one.room.endswith(ROOM):
            await self._node(one).destroy_bridge(one.room)

    async def release(self, one: Supervisor) -> None:
        """Let the phone go: one that rings stops, a lent one goes home."""
        if one.ringing is not None:
            one.ringing.cancel()
        leg = one.leg
        if leg is not None and one.is_lent and self._runner.legs.get(leg.agent_id) is leg:
            await self._runner.phones.release(leg.agent_id)

    async def forget(self, one: Supervisor) -> None:
        """Leave nothing behind."""
        if one.leg is None:
            return
        if one.link is not None and self._runner.links is not None:
            await self._runner.links.drop(one.link)
        if one.is_taken and self._runner.talks is not None:
            await self._runner.talks.settled()  # the talk moves the phone out of our room
        if one.room.endswith(ROOM):
            await self._node(one).destroy_bridge(one.room)
        if not (one.is_lent or one.is_taken):
            await self._runner.control.hang_up_leg(one.leg)

    async def open(self, one: Supervisor, command: s.Open) -> None:
        """Let the phone hear the agent; on return it does."""
        began = time.perf_counter()
        if (call := self._runner.calls.get(command.interaction_id)) is None:
            raise AriNotFound(404, "the talk has ended", "open")
        await self._go(one, call.node)
        if command.mode is SupervisionMode.BARGE:
            await self.stand(one)
            if one.place == one.room:
                raise AriNotFound(404, "the agent talks to nobody", "barge")
            await self._end_ear(one)
        else:
            await self._snoop(one, command)
        _opened.labels(command.mode.value).observe(time.perf_counter() - began)

    async def _snoop(self, one: Supervisor, command: s.Open) -> None:
        """Make the new snoop before the old one goes: nothing that is said is missed."""
        node, old = self._node(one), one.ear
        one.ear = f"{uuid7()}.{self._runner.tenant}{EAR}"
        try:
            if self._runner.talks is not None:
                await self._runner.talks.mix(command.interaction_id)
            agent = self._channel_of(command.interaction_id, command.agent_id, one.node)
            if agent is None:
                raise AriNotFound(404, "the agent's leg has gone", "snoop")
            await self._runner.control.snoop(
                node, agent, one.ear, spy="both", whisper=_SPEAKS_TO[command.mode]
            )
            await node.add_to_bridge(one.room, one.ear)
            await self.stand(one)
        finally:
            if old:
                with suppress(AriDown, AriError):
                    await node.hangup(old)

    def _channel_of(self, interaction_id: str, agent_id: str, node: str) -> str | None:
        """Return the agent's leg, or what stands for it, in a talk on a node."""
        talks, leg = self._runner.talks, self._runner.legs.get(agent_id)
        channel = talks.channel_of(interaction_id, agent_id) if talks is not None else None
        if channel is None and leg is not None and leg.node == node:
            return leg.channel_id
        return channel

    async def close(self, one: Supervisor) -> None:
        """Let the phone hear nothing."""
        try:
            await self.stand(one)
        finally:
            await self._end_ear(one)

    async def _end_ear(self, one: Supervisor) -> None:
        ear, one.ear = one.ear, ""
        if ear:
            await self._node(one).hangup(ear)

    async def stand(self, one: Supervisor) -> None:
        """Put the phone where it belongs: with the agent after a barge, else in its own room."""
        session, talks = one.session, self._runner.talks
        place = one.room
        if session.heard is not None and session.mode is SupervisionMode.BARGE and talks:
            place = await talks.room_of(session.heard, session.agent_id) or one.room
        if place == one.place or not one.voice or one.is_taken:
            return
        one.place = place
        await self._node(one).add_to_bridge(place, one.voice)

    def _node(self, one: Supervisor) -> AriNode:
        return self._runner.control.node(one.node)
