"""The dialer's calls on real channels: Asterisk's events in, its commands out.

A ``Line`` is one attempt's channel. Events are turned into the campaign core's and posted to the
runner that owns the line; nothing is decided here.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from ringway.dialer import metrics
from ringway.dialer.core import messages as m
from ringway.dialer.core.listening import Answerer
from ringway.dialer.law_store import Refusal
from ringway.dialer.model import CHANNEL_SUFFIX, Attempt
from ringway.proto.dialer_spec import NumberState
from ringway.runtime.ari import (
    ApplicationMoveFailed,
    AriClient,
    AriConflict,
    AriDown,
    AriError,
    AriNode,
    Channel,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelEnteredBridge,
    ChannelHangupRequest,
    ChannelStateChange,
    Dial,
    Event,
    PlaybackFinished,
    PlaybackStarted,
    StasisEnd,
    StasisStart,
)
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import shard_of
from ringway.runtime.leases import Leases
from ringway.runtime.tasks import TaskSet

_log = logging.getLogger("ringway.dialer.switchboard")

DIAL = "dial"
STATE_VARIABLE = "CC_STATE"
_MESSAGE_LIMIT_S = 20.0
_RINGS = frozenset({"RINGING", "PROGRESS", "PROCEEDING"})


class NotAsked(Exception):
    """A command was not even sent."""


@dataclass(slots=True, eq=False)
class Line:
    """One attempt's channel. Moments are UTC.

    ``kept``: events that wait until recovery has told the core of this line; None afterwards.
    """

    attempt: Attempt
    post: Callable[[m.Event], None]
    placed_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    answer_heard_at: float = 0.0  # event loop's clock
    is_asking: bool = False  # an originate is under way
    is_moving: bool = False
    is_adopted: bool = False
    is_hangup_requested: bool = False
    refusal: Refusal | None = None  # by the law, after the claim
    kept: list[m.Event] | None = None
    live_at: datetime | None = None  # when a person's greeting ended
    is_heard: bool = False  # its audio comes to us, or did
    answerer: Answerer | None = None  # by the first seconds of audio
    answerer_reason: str = ""
    detected_after_ms: int | None = None
    is_heard_early: bool = False  # its audio comes to us before the answer, or did
    number_state: NumberState | None = None  # what the network said before the answer
    number_state_reason: str | None = None
    has_message: bool = False  # one was left on a machine
    script_answer: str | None = None  # what the person answered to the script
    keys: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    played: asyncio.Event = field(default_factory=asyncio.Event)
    beginning: asyncio.Task[object] | None = None  # Asterisk is asked to play

    @property
    def attempt_id(self) -> str:
        """The attempt's id as the core knows it."""
        return str(self.attempt.attempt_id)

    @property
    def playback_id(self) -> str:
        """The id of our own message."""
        return f"{self.attempt.interaction_id}.d"

    def tell(self, event: m.Event) -> None:
        """Give the core an event about this line, or keep it until the core knows the line."""
        if self.kept is None:
            self.post(event)
        else:
            self.kept.append(event)


class Switchboard:
    """All lines of this process, whichever campaign they belong to."""

    def __init__(
        self,
        ari: AriClient,
        app: str,
        leases: Leases,
        tasks: TaskSet,
        message: Sequence[str],
    ) -> None:
        self.ari = ari
        self.draining: frozenset[str] | None = None  # nodes that are emptied; None: not known yet
        self.app = app
        self._leases = leases
        self._last_owner: dict[str, str] = {}
        self._tasks = tasks
        self._message = tuple(message)
        self._lines: dict[str, Line] = {}
        self._next_node = 0

    # -- lines -----------------------------------------------------------------------------------

    def add(self, line: Line) -> None:
        """Route the events of this line's channel to it from now on."""
        self._lines[line.attempt.channel_id] = line
        metrics.LINES.set(len(self._lines))

    def remove(self, line: Line) -> None:
        """Forget a line; later events of its channel are nobody's."""
        if self._lines.get(line.attempt.channel_id) is line:
            del self._lines[line.attempt.channel_id]
        metrics.LINES.set(len(self._lines))

    def on_node(self, node: str) -> list[Line]:
        """Return the lines of one node."""
        return [line for line in self._lines.values() if line.attempt.node == node]

    def nodes_for(self, count: int) -> list[str]:
        """Spread so many calls over the nodes that take them; empty when none does."""
        names = self._nodes()
        if not names:
            return []
        self._next_node += count
        return [names[(self._next_node + n) % len(names)] for n in range(count)]

    @property
    def takes_calls(self) -> bool:
        """Whether there is a node on which a call may be placed, as far as is known."""
        return bool(self._nodes())

    def drain(self, nodes: frozenset[str]) -> None:
        """Place no more calls on these nodes; what is there goes on."""
        self.draining = nodes

    def _nodes(self) -> list[str]:
        if self.draining is None:
            return []
        connected = (name for name, node in self.ari.nodes.items() if node.connected)
        return [name for name in connected if name not in self.draining]

    def node(self, line: Line) -> AriNode:
        """Return the line's node.

        Raises:
            AriDown: It is not configured any more.
        """
        node = self.ari.nodes.get(line.attempt.node)
        if node is None:
            raise AriDown(f"node {line.attempt.node} is not configured")
        return node

    # -- events ----------------------------------------------------------------------------------

    def on_event(self, node: str, event: Event) -> None:
        """Turn an event of Asterisk into one of the core and post it."""
        line = self._lines.get(event.channel_id or "")
        if line is None:
            self._stranger(node, event)
            return
        at, attempt_id = asyncio.get_running_loop().time(), line.attempt_id
        match event:
            case Dial(dialstatus=status) if status in _RINGS:
                line.tell(m.Rang(at, attempt_id))
                if status == "PROGRESS":
                    line.tell(m.EarlyMedia(at, attempt_id))
            case ChannelStateChange(channel=channel) if channel.state == "Ringing":
                line.tell(m.Rang(at, attempt_id))
            case ChannelStateChange(channel=channel) if channel.state == "Up" and line.is_adopted:
                # Its StasisStart may go to the application of a process that is no more.
                self.heard_answer(line)
            case StasisStart():
                self.heard_answer(line)
            case StasisEnd() if line.is_moving and not line.is_hangup_requested:
                metrics.HAND_OVERS.labels("moved").inc()
                if line.answer_heard_at:
                    metrics.HAND_OVER_SECONDS.observe(at - line.answer_heard_at)
                line.tell(m.HandedOver(at, attempt_id))
            case ApplicationMoveFailed():
                line.is_moving = False
                metrics.HAND_OVERS.labels("refused").inc()
                line.tell(m.HandOverFailed(at, attempt_id))
            case ChannelHangupRequest():
                line.is_hangup_requested = True
            case ChannelEnteredBridge():
                line.tell(m.Bridged(at, attempt_id))
            case PlaybackStarted() if not event.playback.id.startswith(line.playback_id):
                line.tell(m.ForeignPlayback(at, attempt_id))
            case PlaybackFinished() if event.playback.id.startswith(line.playback_id):
                line.played.set()
            case ChannelDtmfReceived(digit=digit):
                line.keys.put_nowait(digit)
            case ChannelDestroyed(cause=cause, tech_cause=tech_cause):
                line.played.set()
                line.ended_at = utcnow()
                line.tell(
                    m.ChannelGone(
                        at,
                        attempt_id,
                        cause,
                        tech_cause or 0,
                        hangup_requested=line.is_hangup_requested,
                    )
                )
            case _:
                pass

    def heard_answer(self, line: Line) -> None:
        """The far end answered, now or while nobody listened."""
        at = asyncio.get_running_loop().time()
        if line.answered_at is None:
            line.answered_at = utcnow()
            line.answer_heard_at = at
        line.tell(m.Answered(at, line.attempt_id))

    def _stranger(self, node: str, event: Event) -> None:
        """An answered call of ours that no runner knows would wait for ever: end it.

        It comes from an originate that Asterisk carried out after we had given it up.
        """
        if not isinstance(event, StasisStart) or event.args[:1] != (DIAL,):
            return
        if not event.channel.id.endswith(CHANNEL_SUFFIX):
            return
        metrics.STRANGERS.inc()
        _log.warning("Hanging up a call that nobody knows.", extra={"channel_id": event.channel.id})
        self._tasks.spawn(self._hang_up(self.ari.nodes[node], event.channel.id), name="stranger")

    # -- commands --------------------------------------------------------------------------------

    async def originate(self, line: Line, *, ring_timeout_s: float) -> None:
        """Ask Asterisk to call.

        Raises:
            NotAsked: The node is away, or the tenant is another process's; nothing was sent.
            AriDown: Nobody knows whether it does.
            AriError: It does not: the endpoint cannot be used.
        """
        attempt = line.attempt
        node = self.node(line)
        if not node.connected:
            raise NotAsked(attempt.node)
        if not self._leases.holds(f"dialer.shard.{shard_of(attempt.tenant)}"):
            raise NotAsked("the lease has ended")  # another process may call this lead by now
        line.is_asking = True
        try:
            await node.originate(
                attempt.endpoint,
                channel_id=attempt.channel_id,
                app=self.app,
                app_args=(DIAL,),
                caller_id=attempt.caller_id,
                timeout_s=math.ceil(ring_timeout_s),
                variables={STATE_VARIABLE: state_of(attempt)},
            )
        except AriConflict:
            pass  # no id is used twice: it is this very call
        finally:
            line.is_asking = False

    async def hand_over(self, line: Line, agent_id: str | None) -> None:
        """Move the answered customer to whichever ACD holds the tenant's lease."""
        attempt = line.attempt
        owner = await self.acd_of(attempt.tenant)
        if owner is None:
            metrics.HAND_OVERS.labels("no_acd").inc()
            self._hand_over_failed(line)
            return
        since = line.live_at or line.answered_at or utcnow()
        answered_ms = round(since.timestamp() * 1000)
        line.is_moving = True
        try:
            node = self.node(line)
            # Whoever reconciles later must see from Asterisk alone that the ACD has the call.
            self._tasks.spawn(self._mark(node, line, answered_ms), name="mark")
            await node.move(
                attempt.channel_id,
                owner,
                (
                    "outbound",
                    attempt.tenant,
                    str(attempt.interaction_id),
                    attempt.campaign_id,
                    line.attempt_id,
                    agent_id or "-",
                    str(answered_ms),
                ),
            )
        except (AriDown, AriError) as error:
            line.is_moving = False
            metrics.HAND_OVERS.labels("error").inc()
            _log.info(
                "A customer could not be moved.",
                extra={"channel_id": attempt.channel_id, "error": str(error)},
            )
            self._hand_over_failed(line)

    async def acd_of(self, tenant: str) -> str | None:
        """Return the application of the tenant's ACD.

        While nobody is known to hold the lease it is the last one known: NATS may be away, and
        the ACD needs none to connect a call. If it is gone, the move fails and is told so.
        """
        key = f"acd.shard.{shard_of(tenant)}"
        owner = await self._leases.owner_of(key)
        if owner is None:
            return self._last_owner.get(key)
        self._last_owner[key] = owner
        return owner

    def _hand_over_failed(self, line: Line) -> None:
        line.tell(m.HandOverFailed(asyncio.get_running_loop().time(), line.attempt_id))

    async def _mark(self, node: AriNode, line: Line, answered_ms: int) -> None:
        value = state_of(line.attempt, answered_ms=str(answered_ms), handed_over="yes")
        try:
            await node.set_variable(line.attempt.channel_id, STATE_VARIABLE, value)
        except (AriDown, AriError):
            _log.debug("A channel had gone.", extra={"channel_id": line.attempt.channel_id})

    async def play_abandonment(self, line: Line, sounds: Sequence[str] = ()) -> None:
        """Play the message to its end, then hang up.

        Args:
            sounds: The campaign's own; none: everybody's message.
        """
        metrics.RESCUED.inc()
        channel_id = line.attempt.channel_id
        try:
            node = self.node(line)
            message = tuple(f"sound:{name}" for name in sounds) or self._message
            await node.play(message, channel=channel_id, playback_id=line.playback_id)
            async with asyncio.timeout(_MESSAGE_LIMIT_S):
                await line.played.wait()
        except (AriDown, AriError, TimeoutError) as error:
            _log.info(
                "The abandonment message was not heard out.",
                extra={"channel_id": channel_id, "error": str(error)},
            )
        await self.hang_up(line)

    async def play(self, line: Line, sounds: Sequence[str], n: int) -> None:
        """Play sounds to their end, or until the call's; ``n`` makes the playback's id its own.

        Raises:
            AriDown, AriError: They could not be played.
        """
        line.played.clear()
        if line.ended_at is not None:
            return
        line.beginning = asyncio.get_running_loop().create_task(
            self.node(line).play(
                tuple(f"sound:{name}" for name in sounds),
                channel=line.attempt.channel_id,
                playback_id=f"{line.playback_id}{n}",
            )
        )
        await asyncio.shield(line.beginning)
        await line.played.wait()

    async def stop_playing(self, line: Line, n: int) -> None:
        """Play no more.

        Asterisk stops nothing that it has not begun: it would play all of it, and move the channel
        to no agent before the end.
        """
        try:
            if line.beginning is not None:
                await asyncio.shield(line.beginning)
            await self.node(line).stop_playback(f"{line.playback_id}{n}")
        except (AriDown, AriError):
            _log.debug("It had ended.", extra={"channel_id": line.attempt.channel_id})

    async def hang_up(self, line: Line) -> None:
        """End the channel, if it is there."""
        try:
            await self._hang_up(self.node(line), line.attempt.channel_id)
        except AriDown:
            _log.info(
                "A hang-up waits for its node.", extra={"channel_id": line.attempt.channel_id}
            )

    @staticmethod
    async def _hang_up(node: AriNode, channel_id: str) -> None:
        try:
            await node.hangup(channel_id)
        except (AriDown, AriError) as error:
            _log.info(
                "A channel could not be ended.",
                extra={"channel_id": channel_id, "error": str(error)},
            )

    async def watch(self, line: Line) -> None:
        """Have the events of a channel that another process, or an earlier one, made."""
        try:
            await self.node(line).subscribe(self.app, f"channel:{line.attempt.channel_id}")
        except AriError:
            _log.info("A channel had gone.", extra={"channel_id": line.attempt.channel_id})


def state_of(attempt: Attempt, **more: str) -> str:
    """Return the value of the one variable from which any process can rebuild the picture."""
    facts = {
        "tenant": attempt.tenant,
        "interaction": str(attempt.interaction_id),
        "campaign": attempt.campaign_id,
        "attempt": str(attempt.attempt_id),
        "lead": attempt.lead_id,
        "role": "customer",
        "caller": attempt.caller_id or "",
        "called": attempt.phone_e164,
        **more,
    }
    return orjson.dumps(facts).decode()


def read_state(channel: Channel) -> dict[str, str]:
    """Return what a channel says of itself; empty when it says nothing that we understand."""
    try:
        value = orjson.loads(channel.channelvars.get(STATE_VARIABLE, ""))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def moment_of(answered_ms: str | None) -> datetime | None:
    """Return the moment that a channel's state names."""
    try:
        return datetime.fromtimestamp(int(answered_ms or "") / 1000, UTC)
    except ValueError:
        return None
