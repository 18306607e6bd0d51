"""Asterisk's objects as typed values: what events and answers carry.

Parsing is lenient where Asterisk is (optional fields) and strict where we depend on a
field: a missing id raises ``KeyError``, which the callers turn into ``Unknown`` or an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

# JSON objects straight from the parser: the only place where Any enters, and it ends here.
Raw = Mapping[str, Any]


# What every event carries is a tuple: it is made in a fifth of the time of a frozen dataclass.
class DialplanPosition(NamedTuple):
    """Where in the dialplan a channel is, or was before it entered Stasis."""

    context: str
    exten: str
    priority: int
    app_name: str = ""
    app_data: str = ""


class Channel(NamedTuple):
    """One leg as Asterisk sees it at the moment of the event or answer.

    Attributes:
        state: ``Down, Ring, Ringing, Up, Busy …`` in Asterisk's words.
        protocol_id: SIP Call-ID for PJSIP channels, else empty.
        channelvars: Variables that ``ari.conf`` adds to every event, e.g. ``CC_STATE``.
        creationtime: When the channel was made, UTC-aware.
    """

    id: str
    name: str
    state: str
    caller_number: str
    caller_name: str
    connected_number: str
    connected_name: str
    dialplan: DialplanPosition
    creationtime: datetime
    channelvars: Mapping[str, str] = MappingProxyType({})
    protocol_id: str = ""
    language: str = ""
    accountcode: str = ""


class Bridge(NamedTuple):
    """A mixer and the channels in it."""

    id: str
    name: str
    technology: str
    bridge_type: str
    channels: tuple[str, ...]
    creator: str = ""


@dataclass(frozen=True, slots=True)
class Playback:
    """A prompt being played.

    Attributes:
        target_uri: ``channel:<id>`` or ``bridge:<id>``.
        state: ``queued, playing, continuing, done, failed, cancelled``.
    """

    id: str
    media_uri: str
    target_uri: str
    state: str


@dataclass(frozen=True, slots=True)
class LiveRecording:
    """A recording being written.

    Attributes:
        duration_s: Whole seconds recorded, known when it is done.
        cause: Why it failed, else ``None``.
    """

    name: str
    format: str
    target_uri: str
    state: str
    duration_s: int | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """A finished recording in the node's spool."""

    name: str
    format: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A SIP account or another channel technology's address.

    Attributes:
        state: ``unknown, offline, online``, or empty when Asterisk leaves it out.
    """

    technology: str
    resource: str
    state: str
    channel_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContactInfo:
    """One registration of an endpoint."""

    uri: str
    status: str
    aor: str
    roundtrip_usec: int | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """What a peer status event says about the peer."""

    status: str
    cause: str = ""
    address: str = ""
    port: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    """A Stasis application and everything it is subscribed to."""

    name: str
    channel_ids: tuple[str, ...]
    bridge_ids: tuple[str, ...]
    endpoint_ids: tuple[str, ...]
    events_disallowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """What ``GET /asterisk/info`` tells that we use."""

    version: str
    entity_id: str
    started_at: datetime


def moment(text: str) -> datetime:
    """Read Asterisk's ``2026-01-31T10:20:30.123+0000`` as an aware datetime."""
    return datetime.fromisoformat(text)


def target_channel(uri: str) -> str | None:
    """Return the id in ``channel:<id>``, or ``None`` for any other target."""
    return uri[8:] if uri.startswith("channel:") else None


def target_bridge(uri: str) -> str | None:
    """Return the id in ``bridge:<id>``, or ``None`` for any other target."""
    return uri[7:] if uri.startswith("bridge:") else None


def channel(raw: Raw) -> Channel:
    """Build a Channel from its JSON object."""
    caller: Raw = raw.get("caller") or {}
    connected: Raw = raw.get("connected") or {}
    at: Raw = raw.get("dialplan") or {}
    return Channel(
        raw["id"],
        raw.get("name", ""),
        raw.get("state", ""),
        caller.get("number", ""),
        caller.get("name", ""),
        connected.get("number", ""),
        connected.get("name", ""),
        DialplanPosition(
            at.get("context", ""),
            at.get("exten", ""),
            at.get("priority", 0),
            at.get("app_name", ""),
            at.get("app_data", ""),
        ),
        moment(raw["creationtime"]),
        raw.get("channelvars") or {},
        raw.get("protocol_id", ""),
        raw.get("language", ""),
        raw.get("accountcode", ""),
    )


def maybe_channel(raw: Raw | None) -> Channel | None:
    """Build a Channel unless the optional field is absent."""
    return channel(raw) if raw else None


def bridge(raw: Raw) -> Bridge:
    """Build a Bridge from its JSON object."""
    return Bridge(
        raw["id"],
        raw.get("name", ""),
        raw.get("technology", ""),
        raw.get("bridge_type", ""),
        tuple(raw.get("channels", ())),
        raw.get("creator", ""),
    )


def maybe_bridge(raw: Raw | None) -> Bridge | None:
    """Build a Bridge unless the optional field is absent."""
    return bridge(raw) if raw else None


def playback(raw: Raw) -> Playback:
    """Build a Playback from its JSON object."""
    return Playback(raw["id"], raw.get("media_uri", ""), raw["target_uri"], raw.get("state", ""))


def live_recording(raw: Raw) -> LiveRecording:
    """Build a LiveRecording from its JSON object."""
    return LiveRecording(
        raw["name"],
        raw.get("format", ""),
        raw.get("target_uri", ""),
        raw.get("state", ""),
        raw.get("duration"),
        raw.get("cause"),
    )


def stored_recording(raw: Raw) -> StoredRecording:
    """Build a StoredRecording from its JSON object."""
    return StoredRecording(raw["name"], raw.get("format", ""))


def endpoint(raw: Raw) -> Endpoint:
    """Build an Endpoint from its JSON object."""
    return Endpoint(
        raw["technology"],
        raw["resource"],
        raw.get("state") or "",
        tuple(raw.get("channel_ids", ())),
    )


def contact_info(raw: Raw) -> ContactInfo:
    """Build a ContactInfo from its JSON object."""
    usec = raw.get("roundtrip_usec")
    return ContactInfo(
        raw["uri"],
        raw.get("contact_status", ""),
        raw.get("aor", ""),
        int(usec) if usec else None,
    )


def peer(raw: Raw) -> Peer:
    """Build a Peer from its JSON object."""
    return Peer(
        raw["peer_status"],
        raw.get("cause") or "",
        raw.get("address") or "",
        raw.get("port") or "",
    )


def application(raw: Raw) -> Application:
    """Build an Application from its JSON object."""
    disallowed: Sequence[Raw] = raw.get("events_disallowed") or ()
    return Application(
        raw["name"],
        tuple(raw.get("channel_ids", ())),
        tuple(raw.get("bridge_ids", ())),
        tuple(raw.get("endpoint_ids", ())),
        tuple(str(each.get("type", "")) for each in disallowed),
    )


def node_info(raw: Raw) -> NodeInfo:
    """Build a NodeInfo from the answer to ``GET /asterisk/info``."""
    return NodeInfo(
        raw["system"]["version"],
        raw["system"]["entity_id"],
        moment(raw["status"]["startup_time"]),
    )
