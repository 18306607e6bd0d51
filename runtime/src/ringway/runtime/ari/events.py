"""ARI events as frozen values.

``parse`` never raises on what Asterisk may send: a type we do not use, or a known type with
a missing field, becomes ``Unknown``. ``Event.channel_id`` names the one channel an event is
about, so that a dispatcher can route any event without knowing its type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ringway.runtime.ari import models as m
from ringway.runtime.ari.models import (
    Bridge,
    Channel,
    ContactInfo,
    Endpoint,
    LiveRecording,
    Peer,
    Playback,
    Raw,
)


@dataclass(frozen=True, slots=True)
class Event:
    """What all events have.

    Attributes:
        at: When Asterisk made the event, by Asterisk's clock, UTC-aware.
    """

    at: datetime

    @property
    def channel_id(self) -> str | None:
        """The channel this event is about, ``None`` when it is about something else."""
        return None

    @property
    def bridge_id(self) -> str | None:
        """The bridge this event is about, ``None`` when there is none."""
        return None


@dataclass(frozen=True, slots=True)
class ChannelEvent(Event):
    """An event about one channel."""

    channel: Channel

    @property
    def channel_id(self) -> str | None:
        return self.channel.id


@dataclass(frozen=True, slots=True)
class StasisStart(ChannelEvent):
    """A channel entered our application.

    Attributes:
        args: Arguments given to ``Stasis()``, ``originate`` or ``move``.
        replace_channel: The channel this one takes the place of, after a transfer.
    """

    args: tuple[str, ...]
    replace_channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class StasisEnd(ChannelEvent):
    """A channel left our application: it was moved, continued in the dialplan, or hung up."""


@dataclass(frozen=True, slots=True)
class ChannelCreated(ChannelEvent):
    """A channel was made."""


@dataclass(frozen=True, slots=True)
class ChannelDestroyed(ChannelEvent):
    """A channel is gone.

    Attributes:
        cause: Q.850 number.
        cause_txt: The same in Asterisk's words.
        tech_cause: SIP status when the far end refused; the truest word about the reason.
            An originate time-out has a made-up 480 here and no ``ChannelHangupRequest``.
    """

    cause: int
    cause_txt: str
    tech_cause: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelHangupRequest(ChannelEvent):
    """Somebody asked for this channel's end. Inbound channels have no other cause event."""

    cause: int | None = None
    tech_cause: int | None = None
    soft: bool = False


@dataclass(frozen=True, slots=True)
class ChannelStateChange(ChannelEvent):
    """The channel's state is now ``channel.state``."""


@dataclass(frozen=True, slots=True)
class ChannelDtmfReceived(ChannelEvent):
    """A key was pressed and released.

    Attributes:
        digit: One of ``0-9 * # A-D``.
        duration_ms: How long it was held.
    """

    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class ChannelHold(ChannelEvent):
    """The phone put us on hold by itself (re-INVITE)."""

    musicclass: str = ""


@dataclass(frozen=True, slots=True)
class ChannelUnhold(ChannelEvent):
    """The phone took us off hold."""


@dataclass(frozen=True, slots=True)
class ChannelTalkingStarted(ChannelEvent):
    """``TALK_DETECT`` heard speech begin."""


@dataclass(frozen=True, slots=True)
class ChannelTalkingFinished(ChannelEvent):
    """``TALK_DETECT`` heard speech end after ``duration_ms``."""

    duration_ms: int


@dataclass(frozen=True, slots=True)
class ApplicationMoveFailed(ChannelEvent):
    """``move`` to ``destination`` failed; the channel is still ours."""

    destination: str
    args: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallBroadcast(ChannelEvent):
    """A caller waits in ``StasisBroadcast``; the first to claim it gets it."""

    caller: str
    called: str


@dataclass(frozen=True, slots=True)
class ChannelTransfer(ChannelEvent):
    """A phone sent REFER and leaves the decision to us. ``channel`` is the referring leg.

    Attributes:
        destination: The number or URI the phone wants, empty for an attended transfer.
        connected_channel: The leg the referring phone talks with.
        destination_channel: For an attended transfer the phone's second leg.
        state: Progress in ARI's words, empty at the start.
    """

    destination: str
    connected_channel: Channel | None
    destination_channel: Channel | None
    state: str


@dataclass(frozen=True, slots=True)
class Dial(Event):
    """Progress of an outgoing leg.

    Attributes:
        peer: The leg being dialled.
        dialstatus: Empty, ``RINGING, PROGRESS, ANSWER, BUSY, NOANSWER, CONGESTION …``.
    """

    peer: Channel
    dialstatus: str
    caller: Channel | None = None

    @property
    def channel_id(self) -> str | None:
        return self.peer.id


@dataclass(frozen=True, slots=True)
class BridgeEvent(Event):
    """An event about a bridge as it is after the event."""

    bridge: Bridge

    @property
    def bridge_id(self) -> str | None:
        return self.bridge.id


@dataclass(frozen=True, slots=True)
class BridgeCreated(BridgeEvent):
    """A bridge was made."""


@dataclass(frozen=True, slots=True)
class BridgeDestroyed(BridgeEvent):
    """A bridge is gone. Channels that were in it stay in Stasis, in silence."""


@dataclass(frozen=True, slots=True)
class ChannelEnteredBridge(BridgeEvent):
    """A channel is now in the bridge."""

    channel: Channel | None

    @property
    def channel_id(self) -> str | None:
        return self.channel.id if self.channel else None


@dataclass(frozen=True, slots=True)
class ChannelLeftBridge(BridgeEvent):
    """A channel is no longer in the bridge."""

    channel: Channel

    @property
    def channel_id(self) -> str | None:
        return self.channel.id


@dataclass(frozen=True, slots=True)
class BridgeBlindTransfer(ChannelEvent):
    """Asterisk carried out a phone's blind transfer by itself."""

    exten: str
    context: str
    result: str
    is_external: bool
    bridge: Bridge | None
    transferee: Channel | None


@dataclass(frozen=True, slots=True)
class PlaybackEvent(Event):
    """An event about a prompt."""

    playback: Playback

    @property
    def channel_id(self) -> str | None:
        return m.target_channel(self.playback.target_uri)

    @property
    def bridge_id(self) -> str | None:
        return m.target_bridge(self.playback.target_uri)


@dataclass(frozen=True, slots=True)
class PlaybackStarted(PlaybackEvent):
    """The prompt can be heard now."""


@dataclass(frozen=True, slots=True)
class PlaybackFinished(PlaybackEvent):
    """The prompt ended; ``playback.state`` is ``done``, ``failed`` or ``cancelled``."""


@dataclass(frozen=True, slots=True)
class RecordingEvent(Event):
    """An event about a recording."""

    recording: LiveRecording

    @property
    def channel_id(self) -> str | None:
        return m.target_channel(self.recording.target_uri)

    @property
    def bridge_id(self) -> str | None:
        return m.target_bridge(self.recording.target_uri)


@dataclass(frozen=True, slots=True)
class RecordingStarted(RecordingEvent):
    """Audio is being written."""


@dataclass(frozen=True, slots=True)
class RecordingFinished(RecordingEvent):
    """The file is complete and can be fetched as a stored recording."""


@dataclass(frozen=True, slots=True)
class RecordingFailed(RecordingEvent):
    """No usable file; ``recording.cause`` says why."""


@dataclass(frozen=True, slots=True)
class ContactStatusChange(Event):
    """A registration came, went or changed its qualify state."""

    endpoint: Endpoint
    contact: ContactInfo


@dataclass(frozen=True, slots=True)
class PeerStatusChange(Event):
    """An endpoint became reachable or unreachable."""

    endpoint: Endpoint
    peer: Peer


@dataclass(frozen=True, slots=True)
class EndpointStateChange(Event):
    """An endpoint's state is now ``endpoint.state``."""

    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class ApplicationReplaced(Event):
    """Another client registered our name. Handled by the client; services never see it."""


@dataclass(frozen=True, slots=True)
class Unknown(Event):
    """A type this client gives no shape, or one that lacks a field it should have."""

    type: str
    raw: Raw


def _transfer(at: datetime, r: Raw) -> ChannelTransfer:
    to: Raw = r["refer_to"]
    by: Raw = r["referred_by"]
    return ChannelTransfer(
        at,
        m.channel(by["source_channel"]),
        (to.get("requested_destination") or {}).get("destination") or "",
        m.maybe_channel(by.get("connected_channel")),
        m.maybe_channel(to.get("destination_channel")),
        r.get("state") or "",
    )


def _blind_transfer(at: datetime, r: Raw) -> BridgeBlindTransfer:
    return BridgeBlindTransfer(
        at,
        m.channel(r["channel"]),
        r["exten"],
        r["context"],
        r["result"],
        bool(r["is_external"]),
        m.maybe_bridge(r.get("bridge")),
        m.maybe_channel(r.get("transferee")),
    )


_PARSERS: dict[str, Callable[[datetime, Raw], Event]] = {
    "StasisStart": lambda at, r: StasisStart(
        at, m.channel(r["channel"]), tuple(r["args"]), m.maybe_channel(r.get("replace_channel"))
    ),
    "StasisEnd": lambda at, r: StasisEnd(at, m.channel(r["channel"])),
    "ChannelCreated": lambda at, r: ChannelCreated(at, m.channel(r["channel"])),
    "ChannelDestroyed": lambda at, r: ChannelDestroyed(
        at, m.channel(r["channel"]), r["cause"], r["cause_txt"], r.get("tech_cause") or None
    ),
    "ChannelHangupRequest": lambda at, r: ChannelHangupRequest(
        at,
        m.channel(r["channel"]),
        r.get("cause"),
        r.get("tech_cause") or None,
        bool(r.get("soft", False)),
    ),
    "ChannelStateChange": lambda at, r: ChannelStateChange(at, m.channel(r["channel"])),
    "ChannelDtmfReceived": lambda at, r: ChannelDtmfReceived(
        at, m.channel(r["channel"]), r["digit"], r["duration_ms"]
    ),
    "ChannelHold": lambda at, r: ChannelHold(
        at, m.channel(r["channel"]), r.get("musicclass") or ""
    ),
    "ChannelUnhold": lambda at, r: ChannelUnhold(at, m.channel(r["channel"])),
    "ChannelTalkingStarted": lambda at, r: ChannelTalkingStarted(at, m.channel(r["channel"])),
    "ChannelTalkingFinished": lambda at, r: ChannelTalkingFinished(
        at, m.channel(r["channel"]), r["duration"]
    ),
    "ApplicationMoveFailed": lambda at, r: ApplicationMoveFailed(
        at, m.channel(r["channel"]), r["destination"], tuple(r["args"])
    ),
    "CallBroadcast": lambda at, r: CallBroadcast(
        at, m.channel(r["channel"]), r.get("caller") or "", r.get("called") or ""
    ),
    "ChannelTransfer": _transfer,
    "Dial": lambda at, r: Dial(
        at, m.channel(r["peer"]), r["dialstatus"], m.maybe_channel(r.get("caller"))
    ),
    "BridgeCreated": lambda at, r: BridgeCreated(at, m.bridge(r["bridge"])),
    "BridgeDestroyed": lambda at, r: BridgeDestroyed(at, m.bridge(r["bridge"])),
    "ChannelEnteredBridge": lambda at, r: ChannelEnteredBridge(
        at, m.bridge(r["bridge"]), m.maybe_channel(r.get("channel"))
    ),
    "ChannelLeftBridge": lambda at, r: ChannelLeftBridge(
        at, m.bridge(r["bridge"]), m.channel(r["channel"])
    ),
    "BridgeBlindTransfer": _blind_transfer,
    "PlaybackStarted": lambda at, r: PlaybackStarted(at, m.playback(r["playback"])),
    "PlaybackFinished": lambda at, r: PlaybackFinished(at, m.playback(r["playback"])),
    "RecordingStarted": lambda at, r: RecordingStarted(at, m.live_recording(r["recording"])),
    "RecordingFinished": lambda at, r: RecordingFinished(at, m.live_recording(r["recording"])),
    "RecordingFailed": lambda at, r: RecordingFailed(at, m.live_recording(r["recording"])),
    "ContactStatusChange": lambda at, r: ContactStatusChange(
        at, m.endpoint(r["endpoint"]), m.contact_info(r["contact_info"])
    ),
    "PeerStatusChange": lambda at, r: PeerStatusChange(
        at, m.endpoint(r["endpoint"]), m.peer(r["peer"])
    ),
    "EndpointStateChange": lambda at, r: EndpointStateChange(at, m.endpoint(r["endpoint"])),
    "ApplicationReplaced": lambda at, r: ApplicationReplaced(at),
}

KNOWN_TYPES = frozenset(_PARSERS)

# Types nobody here acts on and that are most of the traffic (ChannelVarset alone is 62 %).
# A list of disallowed types, never of allowed ones: that would also filter answers.
DISALLOWED_TYPES = (
    "ChannelVarset",
    "ChannelDialplan",
    "ChannelCallerId",
    "ChannelConnectedLine",
    "DeviceStateChanged",
    "BridgeVideoSourceChanged",
    "PlaybackContinuing",
)


def parse(raw: Raw) -> Event:
    """Turn one JSON event into its value.

    Raises:
        ValueError: Not an event at all: without a type or a readable time stamp.
    """
    try:
        name = raw["type"]
        at = m.moment(raw["timestamp"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("not an ARI event") from error
    parser = _PARSERS.get(name)
    if parser is None:
        return Unknown(at, name, raw)
    try:
        return parser(at, raw)
    except (KeyError, TypeError, ValueError, AttributeError):
        return Unknown(at, name, raw)
