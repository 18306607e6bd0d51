"""Call control on real channels: join, ring, record, play, hang up.

Every method may meet a channel that has just gone: that is normal and told by the return value.
Only a node that does not answer raises (AriDown).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

import orjson
from prometheus_client import Counter

from ringway.acd.adoption import Picture
from ringway.acd.calls import Call, Leg
from ringway.proto.acd import LegMode
from ringway.runtime.ari import (
    AriClient,
    AriConflict,
    AriDown,
    AriError,
    AriNode,
    AriNotFound,
    ChannelDestroyed,
    Direction,
    Event,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
)
from ringway.runtime.ids import uuid7

_log = logging.getLogger("ringway.acd.control")
_recordings = Counter("acd_recordings", "Recordings asked for.", ["outcome"])

_MESSAGE_LIMIT_S = 20.0
_SNOOP_LIMIT_S = 3.0
_GONE_LIMIT_S = 1.0
_MUSIC = "music:"  # how the names of holding bridges begin; what they play follows


class PhoneNotRegistered(Exception):
    """The agent's phone is not there to be called."""


class PhoneNotAnswered(Exception):
    """The agent's phone rang and was not answered, or declined."""


class CallControl:
    """Commands of the ACD on Asterisk, with waiting for what follows from them."""

    def __init__(self, ari: AriClient, app: str, message: Sequence[str]) -> None:
        self._ari = ari
        self._app = app
        self._message = tuple(message)
        self.draining: frozenset[str] = frozenset()  # nodes that get no new calls
        self._load: dict[str, int] = {}  # node -> channels, of a moment ago
        self._holds: dict[tuple[str, str], str] = {}  # node, music -> holding bridge
        # node, channel -> music since before us, and where
        self._listening: dict[tuple[str, str], tuple[str, str]] = {}
        self._holding: dict[tuple[str, str], asyncio.Lock] = {}
        self._entered: dict[str, asyncio.Future[bool]] = {}
        self._entering: dict[str, str] = {}  # phones that ring -> their node
        self._ending: dict[str, asyncio.Future[bool]] = {}  # phones that ring no more
        self._played: dict[str, asyncio.Future[bool]] = {}

    def on_event(self, event: Event) -> None:
        """See an event first; whoever waits for it here goes on."""
        match event:
            case StasisStart():
                self._resolve(self._entered, event.channel.id, True)
            case ChannelDestroyed() | StasisEnd():
                if isinstance(event, ChannelDestroyed):
                    self._resolve(self._ending, event.channel.id, True)
                self._entering.pop(event.channel.id, None)
                self._resolve(self._entered, event.channel.id, False)
                self._resolve(self._played, event.channel.id, False)
            case PlaybackFinished():
                channel = event.channel_id
                if channel is not None:
                    self._resolve(self._played, channel, event.playback.state == "done")
            case _:
                pass

    def catch_up(self, picture: Picture, expected: Collection[str]) -> None:
        """Learn what became of channels of this node while nobody told us.

        Args:
            expected: Channels that were waited for before the picture was taken.
        """
        for channel_id in expected:
            if self._entering.get(channel_id) != picture.node.name:
                continue
            channel = picture.channels.get(channel_id)
            if channel is None:
                self._resolve(self._entered, channel_id, False)
            elif channel.state == "Up" and channel_id in picture.ours:
                self._resolve(self._entered, channel_id, True)

    @property
    def expected(self) -> frozenset[str]:
        """Channels that are waited for to enter our application."""
        return frozenset(self._entering)

    # -- agents' phones ------------------------------------------------------------------------

    async def call_phone(
        self, leg: Leg, username: str, variables: dict[str, str], ring_s: float
    ) -> None:
        """Call an agent's phone; when it answers, its bridge exists, and a nailed-up leg is in it.

        A leg on demand enters together with the customer (``join``): one command less to wait for.

        Raises:
            PhoneNotRegistered: There is no such phone now.
            PhoneNotAnswered: It was not answered within ``ring_s`` seconds.
            AriDown: The node does not answer.
        """
        node = self.node(leg.node)
        waiter = self._expect(self._entered, leg.channel_id)
        try:
            failure: Exception | None = None
            async with asyncio.TaskGroup() as group:
                group.create_task(self._make_bridge(node, leg))
                try:
                    # Asked first, and not by a task of its own: it is what takes its time.
                    await self._originate(node, leg, username, variables, ring_s)
                except (AriDown, AriError, PhoneNotRegistered) as error:
                    failure = error  # after the room: given up half made, it might come and stay
            if failure is not None:
                raise failure
            self._entering[leg.channel_id] = leg.node
            async with asyncio.timeout(ring_s + 2):
                if not await waiter:
                    raise PhoneNotAnswered(username)
            if leg.leg_mode is LegMode.NAILED_UP:
                await node.add_to_bridge(leg.bridge_id, leg.channel_id)
            if leg.channel_id not in self._entering:
                raise PhoneNotAnswered(username)  # it was put down again meanwhile
            leg.is_up = True
        except BaseExceptionGroup as group_error:
            await self.hang_up_leg(leg)
            raise _first(group_error) from group_error
        except (TimeoutError, AriError) as error:
            await self.hang_up_leg(leg)
            raise PhoneNotAnswered(username) from error
        except BaseException:
            await self.hang_up_leg(leg)
            raise
        finally:
            self._entered.pop(leg.channel_id, None)
            self._entering.pop(leg.channel_id, None)

    async def _make_bridge(self, node: AriNode, leg: Leg) -> None:
        await node.create_bridge(leg.bridge_id, "mixing,proxy_media")

    async def _originate(
        self, node: AriNode, leg: Leg, username: str, variables: dict[str, str], ring_s: float
    ) -> None:
        try:
            await node.originate(
                f"PJSIP/{username}",
                channel_id=leg.channel_id,
                app=self._app,
                app_args=("agent",),
                caller_id='"Ringway" <ringway>',
                timeout_s=max(1, int(ring_s)),
                variables=variables,
            )
        except AriError as error:
            if error.status == 500:
                raise PhoneNotRegistered(username) from error
            raise

    async def hang_up_leg(self, leg: Leg) -> None:
        """End an agent's leg and its bridge, now or when the node is back.

        For legs with which nobody else is: see Phones.end.
        """
        await self.hang_up_phone(leg)
        await self.end_bridge(leg)

    async def hang_up_phone(self, leg: Leg) -> None:
        """End an agent's leg, now or when the node is back; its bridge stays."""
        self._resolve(self._entered, leg.channel_id, False)  # it may be about to ring
        await self.node(leg.node).end(leg.channel_id)

    async def end_bridge(self, leg: Leg) -> None:
        """End the bridge of a leg that has ended, now or when the node is back."""
        with suppress(AriDown, AriError):
            await self.node(leg.node).destroy_bridge(leg.bridge_id)

    def call_off(self, leg: Leg) -> bool:
        """Let ``call_phone`` give up. False: the phone has just been answered, or has refused."""
        waiter = self._entered.get(leg.channel_id)
        if waiter is None or waiter.done():
            return False
        self._expect(self._ending, leg.channel_id)
        waiter.set_result(False)
        return True

    async def until_gone(self, leg: Leg) -> None:
        """Wait until a phone that was called off has been told so."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_GONE_LIMIT_S):
                await self._ending[leg.channel_id]
        del self._ending[leg.channel_id]

    # -- customers -----------------------------------------------------------------------------

    async def join(self, call: Call, leg: Leg) -> bool:
        """Put the customer into the agent's bridge. False: one of the two has gone.

        Raises:
            AriDown: The node does not answer.
        """
        channels = [call.channel_id]
        if leg.leg_mode is LegMode.ON_DEMAND:
            channels.insert(0, leg.channel_id)
        try:
            await self.node(call.node).add_to_bridge(leg.bridge_id, *channels)
        except AriError as error:
            _log.info(
                "Customer and agent could not be joined.",
                extra={"interaction_id": call.interaction_id, "error": str(error)},
            )
            return False
        return True

    async def part(self, call: Call, leg: Leg) -> None:
        """Take the customer out of the agent's bridge again; nothing when he is not in it.

        Raises:
            AriDown: The node does not answer.
        """
        with suppress(AriError):
            await self.node(call.node).remove_from_bridge(leg.bridge_id, call.channel_id)

    async def is_there(self, node: str, channel_id: str) -> bool:
        """Tell whether a channel still exists.

        Raises:
            AriDown: The node does not answer.
        """
        try:
            await self.node(node).get_channel(channel_id)
        except AriNotFound:
            return False
        return True

    async def record(self, call: Call) -> None:
        """Start the two halves of the recording; a repeat starts only what is missing."""
        node = self.node(call.origin[0])
        halves: tuple[tuple[Direction, str, str], ...] = (
            ("in", "ri", call.recording_customer),
            ("out", "ro", call.recording_agent),
        )
        try:
            async with asyncio.TaskGroup() as group:
                for spy, suffix, name in halves:
                    group.create_task(self._record_half(node, call, spy, suffix, name))
        except BaseExceptionGroup as group_error:
            error = _first(group_error)
            if isinstance(error, asyncio.CancelledError):
                raise error from group_error
            _recordings.labels("failed").inc()
            level = logging.INFO if call.is_gone else logging.ERROR
            _log.log(
                level,
                "A recording could not be started.",
                extra={"interaction_id": call.interaction_id, "error": repr(error)},
            )
        else:
            call.is_recording = True
            _recordings.labels("started").inc()

    async def _record_half(
        self, node: AriNode, call: Call, spy: Direction, suffix: str, name: str
    ) -> None:
        snoop_id = f"{call.interaction_id}.{suffix}"
        try:
            await self.snoop(node, call.origin[1], snoop_id, spy=spy)
        except AriConflict:
            _log.info("The snoop is there already.", extra={"channel_id": snoop_id})
        try:
            await node.record(snoop_id, name)
        except AriConflict:
            _log.info("This half is being recorded already.", extra={"channel_id": snoop_id})

    async def snoop(
        self,
        node: AriNode,
        channel_id: str,
        snoop_id: str,
        *,
        spy: Direction,
        whisper: Direction = "none",
    ) -> None:
        """Make a channel that hears another one and speaks to it; on return it takes commands.

        Raises:
            AriNotFound: The other channel has gone.
            AriConflict: There is a channel with this id.
            TimeoutError, AriDown: The node does not answer.
        """
        waiter = self._expect(self._entered, snoop_id)
        try:
            await node.snoop(
                channel_id, snoop_id, app=self._app, app_args=("snoop",), spy=spy, whisper=whisper
            )
            async with asyncio.timeout(_SNOOP_LIMIT_S):
                if not await waiter:
                    raise AriNotFound(404, "the snoop ended at once", "snoop")
        finally:
            self._entered.pop(snoop_id, None)

    async def begin_message(self, call: Call, sounds: Sequence[str] = ()) -> bool:
        """Begin the abandonment message. False: the customer has gone, or it cannot be played.

        Args:
            sounds: The campaign's own; none: everybody's message.

        Raises:
            AriDown: The node does not answer.
        """
        self._expect(self._played, call.channel_id)
        message = tuple(f"sound:{name}" for name in sounds) or self._message
        try:
            await self.node(call.node).play(
                message, channel=call.channel_id, playback_id=f"{call.interaction_id}.m"
            )
        except AriError:
            self._played.pop(call.channel_id, None)
            return False
        return True

    async def message_heard_out(self, call: Call) -> bool:
        """Wait for the end of a message that was begun. False: the customer left before it."""
        try:
            async with asyncio.timeout(_MESSAGE_LIMIT_S):
                return await self._played[call.channel_id]
        except TimeoutError:
            return False
        finally:
            self._played.pop(call.channel_id, None)

    async def hang_up_customer(self, call: Call) -> None:
        """End the customer's channel; the event that follows ends the call."""
        try:
            node, channel_id = call.origin
            await self.node(node).hangup(channel_id)
        except AriError:
            _log.info("The customer had gone.", extra={"interaction_id": call.interaction_id})

    async def hold(self, node: str, channel_id: str, music: str = "default") -> bool:
        """Move a channel to where it hears music. False: it has gone.

        A holding bridge for all of a node with the same music costs less than music for each.

        Raises:
            AriDown: The node does not answer.
        """
        if await self._hears_already(node, channel_id, music):
            return True
        async with self._holding.setdefault((node, music), asyncio.Lock()):
            for _ in range(2):
                bridge_id = await self._holding_bridge(node, music)
                try:
                    await self.node(node).add_to_bridge(bridge_id, channel_id)
                    await self._play_on(self.node(node), bridge_id, music)
                except AriNotFound:
                    self._holds.pop((node, music), None)  # the node was restarted
                except AriError:
                    return False
                else:
                    return True
            return False

    async def _hears_already(self, node: str, channel_id: str, music: str) -> bool:
        """Tell whether another process has put him there, and nobody has moved him since."""
        known = self._listening.pop((node, channel_id), None)
        if known is None or known[0] != music:
            return False
        try:
            return channel_id in (await self.node(node).get_bridge(known[1])).channels
        except AriError:
            return False

    def know_music(self, picture: Picture) -> None:
        """Know who hears music already, and the bridges in which he does.

        Whoever asks for the same music for him finds it done: it goes on without a gap.
        """
        node = picture.node.name
        for bridge in picture.bridges:
            if bridge.bridge_type != "holding" or not bridge.name.startswith(_MUSIC):
                continue
            music = bridge.name.removeprefix(_MUSIC)
            self._holds.setdefault((node, music), bridge.id)
            for channel_id in bridge.channels:
                if channel_id in picture.ours:
                    self._listening[node, channel_id] = music, bridge.id

    async def _holding_bridge(self, node: str, music: str) -> str:
        if (bridge_id := self._holds.get((node, music))) is None:
            bridge_id = self._holds[node, music] = f"{uuid7()}.h"
            await self.node(node).create_bridge(bridge_id, "holding", f"{_MUSIC}{music}")
        return bridge_id

    @staticmethod
    async def _play_on(node: AriNode, bridge_id: str, music: str) -> None:
        """Begin the music of a room for its first listener: it ends when the last one leaves.

        Of two who came from two processes at once each sees both. Music that is asked for twice
        goes on.
        """
        if len((await node.get_bridge(bridge_id)).channels) > 2:
            return
        try:
            await node.start_bridge_moh(bridge_id, music)
        except AriError:
            _log.warning("There is no such music.", extra={"music": music})

    def node(self, name: str) -> AriNode:
        """Return a node by name.

        Raises:
            AriDown: No such node is configured any more.
        """
        try:
            return self._ari.nodes[name]
        except KeyError as error:
            raise AriDown(f"node {name} is not configured") from error

    def any_node(self) -> AriNode:
        """Return the node on which a call is best placed now.

        Raises:
            AriDown: None is connected.
        """
        for node in self.nodes_by_load():
            return node
        raise AriDown("no Asterisk node is connected")

    def nodes_by_load(self, first: str = "") -> list[AriNode]:
        """Return the connected nodes: ``first``, then those with few calls, drained ones last."""
        return sorted(
            (node for node in self._ari.nodes.values() if node.connected),
            key=lambda n: (n.name != first, n.name in self.draining, self._load.get(n.name, 0)),
        )

    def count(self, load: Mapping[str, int]) -> None:
        """Learn how many channels are on each node."""
        self._load = dict(load)

    # -- waiting -------------------------------------------------------------------------------

    @staticmethod
    def _expect(table: dict[str, asyncio.Future[bool]], channel_id: str) -> asyncio.Future[bool]:
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        table[channel_id] = future
        return future

    @staticmethod
    def _resolve(table: dict[str, asyncio.Future[bool]], channel_id: str, value: bool) -> None:
        future = table.get(channel_id)
        if future is not None and not future.done():
            future.set_result(value)


def state_variable(**facts: str) -> dict[str, str]:
    """Return the one channel variable from which any process can rebuild the picture."""
    return {"CC_STATE": orjson.dumps(facts).decode()}


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first exception of a group that is not itself a group."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
