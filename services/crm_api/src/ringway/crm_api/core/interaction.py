"""The record of one interaction (CDR) as a pure function of the facts about it.

Facts come late, twice and in any order, from three services. So nothing is ever "updated":
the latest fact of each kind is kept (:func:`merge`), and the row is derived from what is kept
(:func:`derive`). ``merge`` takes the greater of two facts of one kind in a total order, which
makes it commutative, associative and idempotent; the row follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway.proto.acd import (
    InteractionAbandonedV1,
    InteractionConnectedV1,
    InteractionDisconnectedV1,
    InteractionEndedV1,
    InteractionQueuedV1,
)
from ringway.proto.acd_calls import (
    InteractionConsultedV1,
    InteractionFinishedV1,
    InteractionHeldV1,
    InteractionRatedV1,
    InteractionStartedV1,
    InteractionTransferredV1,
)
from ringway.proto.base import Fact
from ringway.proto.dialer import AttemptAnsweredV1, AttemptEndedV1, AttemptStartedV1
from ringway.proto.dialer_callback import DispositionSetV1
from ringway.proto.recorder import RecordingMissingV1, RecordingStoredV1

Source = dict[str, Any]  # one fact's fields as JSON values
Sources = dict[str, Source]  # by type name of the fact

FACTS: tuple[type[Fact], ...] = (
    AttemptStartedV1,
    AttemptAnsweredV1,
    AttemptEndedV1,
    InteractionQueuedV1,
    InteractionConnectedV1,
    InteractionAbandonedV1,
    InteractionDisconnectedV1,
    InteractionEndedV1,
    RecordingStoredV1,
    RecordingMissingV1,
    InteractionStartedV1,
    InteractionFinishedV1,
    InteractionHeldV1,
    InteractionConsultedV1,
    InteractionTransferredV1,
    InteractionRatedV1,
    DispositionSetV1,
)
_STARTED, _ANSWERED, _ATTEMPT_ENDED = (kind.type_name() for kind in FACTS[:3])
_QUEUED, _CONNECTED, _ABANDONED, _DISCONNECTED, _ENDED = (k.type_name() for k in FACTS[3:8])
_STORED, _MISSING = (kind.type_name() for kind in FACTS[8:10])
_BEGUN, _FINISHED, _HELD, _CONSULTED, _TRANSFERRED, _RATED, _SAID = (
    k.type_name() for k in FACTS[10:]
)
# One for each agent who had the talk, and those that may come any number of times.
_BY_SEGMENT = frozenset({_CONNECTED, _DISCONNECTED, _ENDED})
_REPEATED = frozenset({_HELD, _CONSULTED, _TRANSFERRED})


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One agent's part in an interaction; durations in seconds, None where not known (yet)."""

    segment: int
    agent_id: UUID
    agent_number: str
    queue_id: str | None
    connected_at: datetime | None
    disconnected_at: datetime | None
    talk_s: float | None
    held_s: float
    wrap_up_s: float | None
    hung_up_by: str | None
    is_last: bool


@dataclass(frozen=True, slots=True)
class InteractionRow:
    """One row of ``crm.interaction``; durations in seconds, None where not known (yet)."""

    attempt_id: UUID | None
    campaign_id: UUID | None
    lead_id: UUID | None
    direction: str
    caller: str
    called: str
    agent_id: UUID | None
    agent_number: str
    started_at: datetime | None
    answered_at: datetime | None
    connected_at: datetime | None
    disconnected_at: datetime | None
    ended_at: datetime | None
    ring_s: float | None
    wait_s: float | None
    talk_s: float | None
    wrap_up_s: float | None
    disposition: str
    agent_disposition: str
    cause_q850: int | None
    tech_cause: int | None
    hung_up_by: str | None
    recording_id: str | None
    recording_missing_reason: str | None
    is_live: bool
    queue_id: str | None = None
    outcome: str | None = None
    segments: int = 0
    held_s: float = 0.0
    consults: int = 0
    transfers: int = 0
    rating: int | None = None


def source_of(fact: Fact) -> tuple[str, Source]:
    """Return the key under which a fact is kept, and what is kept of it.

    The key is its kind, with the number of the segment from the second agent on, and with the
    message's own id where a fact may be told of several times.
    """
    kind = type(fact).type_name()
    source = fact.model_dump(mode="json", exclude={"tenant"})
    if kind in _BY_SEGMENT and source["segment"] > 1:
        kind = f"{kind}#{source['segment']}"
    elif kind in _REPEATED or (kind == _QUEUED and source["queue_id"] is not None):
        kind = f"{kind}#{source['message_id']}"
    return kind, source


def merge(sources: Mapping[str, Source], kind: str, source: Source) -> Sources:
    """Return ``sources`` with one more fact. A repeated or older fact of its kind adds nothing."""
    merged = dict(sources)
    known = merged.get(kind)
    if known is None or _order(source) > _order(known):
        merged[kind] = source
    return merged


def is_counted(sources: Mapping[str, Source]) -> bool:
    """Return whether this was an interaction: the far end answered, or it reached the ACD.

    A dial that nobody answered is an attempt and never becomes an interaction.
    """
    ended = sources.get(_ATTEMPT_ENDED)
    answered = ended is not None and ended["answered_at"] is not None
    return answered or bool(sources.keys() - {_STARTED, _ATTEMPT_ENDED, _SAID})


def segments(sources: Mapping[str, Source]) -> list[SegmentRow]:
    """Return every agent's part, in order. One that only its end told of has what that says."""
    found: dict[int, dict[str, Source]] = {}
    for key, source in sources.items():
        kind = key.partition("#")[0]
        if kind in _BY_SEGMENT:
            found.setdefault(source.get("segment", 1), {})[kind] = source
    rows = []
    for number, told in sorted(found.items()):
        s = _Reader(told)
        connected_at = s.time("connected_at", _DISCONNECTED, _CONNECTED)
        disconnected_at = s.time("disconnected_at", _DISCONNECTED)
        agent_id = s.uuid("agent_id", _DISCONNECTED, _CONNECTED, _ENDED)
        assert agent_id is not None
        rows.append(
            SegmentRow(
                segment=number,
                agent_id=agent_id,
                agent_number=s.first("agent_number", _DISCONNECTED, _CONNECTED) or "",
                queue_id=s.first("queue_id", _DISCONNECTED, _CONNECTED),
                connected_at=connected_at,
                disconnected_at=disconnected_at,
                talk_s=_between(connected_at, disconnected_at),
                held_s=s.first("held_s", _DISCONNECTED) or 0.0,
                wrap_up_s=s.first("wrap_up_s", _ENDED),
                hung_up_by=s.first("hung_up_by", _DISCONNECTED),
                is_last=s.first("is_last", _DISCONNECTED, _ENDED) is not False,
            )
        )
    return rows


def derive(sources: Mapping[str, Source]) -> InteractionRow:
    """Return the row that these facts make. Where facts overlap, the closest witness wins."""
    s = _Reader(_latest(sources))
    parts = segments(sources)
    attempt_known = bool(sources.keys() & {_STARTED, _ANSWERED, _ATTEMPT_ENDED})
    direction = s.first("direction", _QUEUED, _DISCONNECTED, _BEGUN, _FINISHED) or (
        "outbound" if attempt_known else "inbound"
    )
    started_at = s.time("started_at", _ATTEMPT_ENDED) or s.time("occurred_at", _STARTED, _BEGUN)
    answered_at = s.time("answered_at", _ANSWERED, _ATTEMPT_ENDED, _QUEUED)
    connected_at = min(
        (part.connected_at for part in parts if part.connected_at is not None), default=None
    )
    disconnected_at = _disconnected_at(s)
    caller = s.first("caller", _DISCONNECTED, _BEGUN, _FINISHED, _STORED)
    called = s.first("called", _DISCONNECTED, _BEGUN, _FINISHED, _STORED)
    if attempt_known:
        caller = s.first("caller_id", _ATTEMPT_ENDED, _STARTED) or caller
        called = s.first("phone_e164", _ATTEMPT_ENDED, _ANSWERED, _STARTED) or called
    stored_id = s.first("recording_id", _STORED)
    talks = [part.talk_s for part in parts if part.talk_s is not None]
    talk_s = _between(connected_at, disconnected_at) if len(parts) < 2 else sum(talks)
    wrap_ups = [part.wrap_up_s for part in parts if part.wrap_up_s is not None]
    held = [source for key, source in sources.items() if key.startswith(f"{_HELD}#")]
    return InteractionRow(
        attempt_id=s.uuid(
            "attempt_id",
            *(_ATTEMPT_ENDED, _ANSWERED, _STARTED, _DISCONNECTED, _CONNECTED, _QUEUED, _ABANDONED),
        ),
        campaign_id=s.uuid(
            "campaign_id",
            *(_ATTEMPT_ENDED, _ANSWERED, _STARTED, _DISCONNECTED, _CONNECTED, _QUEUED, _ABANDONED),
        ),
        lead_id=s.uuid("lead_id", _ATTEMPT_ENDED, _ANSWERED, _STARTED),
        direction=direction,
        caller=caller or "",
        called=called or "",
        agent_id=s.uuid(
            "agent_id",
            *(_DISCONNECTED, _CONNECTED, _ENDED, _STORED, _ATTEMPT_ENDED, _FINISHED, _BEGUN),
        ),
        agent_number=s.first("agent_number", _DISCONNECTED, _CONNECTED, _STORED) or "",
        started_at=started_at,
        answered_at=answered_at,
        connected_at=connected_at,
        disconnected_at=disconnected_at,
        ended_at=_ended_at(s),
        ring_s=_between(started_at, answered_at),
        wait_s=_wait_s(s, answered_at, connected_at),
        talk_s=talk_s,
        wrap_up_s=sum(wrap_ups) if wrap_ups else None,
        disposition=_disposition(s),
        agent_disposition=_agent_disposition(s),
        cause_q850=s.first("cause_q850", _ATTEMPT_ENDED, _DISCONNECTED, _FINISHED),
        tech_cause=s.first("tech_cause", _ATTEMPT_ENDED),
        hung_up_by=s.first("hung_up_by", _DISCONNECTED),
        recording_id=stored_id,
        recording_missing_reason=None if stored_id else s.first("reason", _MISSING),
        is_live=not _is_over(sources),
        queue_id=s.first("queue_id", _DISCONNECTED, _CONNECTED, _QUEUED, _ABANDONED, _FINISHED),
        outcome=s.first("outcome", _FINISHED),
        segments=len(parts),
        held_s=sum(source["held_s"] for source in held),
        consults=sum(key.startswith(f"{_CONSULTED}#") for key in sources),
        transfers=sum(key.startswith(f"{_TRANSFERRED}#") for key in sources),
        rating=s.first("score", _RATED),
    )


def _latest(sources: Mapping[str, Source]) -> Sources:
    """Return one source of each kind: of several agents the last one's, else the latest."""
    latest: Sources = {}
    for key, source in sources.items():
        kind = key.partition("#")[0]
        known = latest.get(kind)
        if known is None or _rank(source) > _rank(known):
            latest[kind] = source
    return latest


def _rank(source: Source) -> tuple[int, datetime, str, str]:
    return source.get("segment", 1), *_order(source)


def _is_over(sources: Mapping[str, Source]) -> bool:
    if sources.keys() & {_ABANDONED, _FINISHED, _ATTEMPT_ENDED}:
        return True
    return any(
        key.partition("#")[0] in (_DISCONNECTED, _ENDED) and source.get("is_last", True)
        for key, source in sources.items()
    )


def _order(source: Source) -> tuple[datetime, str, str]:
    # The whole content is the last tie-break: two facts with one id and one time must still
    # have an order, or the result would depend on which came first.
    at = datetime.fromisoformat(source["occurred_at"])
    return at, str(source["message_id"]), repr(sorted(source.items()))


def _disconnected_at(s: _Reader) -> datetime | None:
    """When the talk was over.

    An ACD that was away when it ended tells only when it noticed; the dialer may have seen it.
    """
    told = s.time("disconnected_at", _DISCONNECTED)
    if told is None or s.first("ended_exactly", _DISCONNECTED) is not False:
        return told
    seen = s.time("ended_at", _ATTEMPT_ENDED)
    return told if seen is None else min(told, seen)


def _ended_at(s: _Reader) -> datetime | None:
    """When the interaction was complete: after wrap-up if anybody talked, else with the call."""
    ended = s.time("occurred_at", _ENDED)
    if ended is not None or s.has(_CONNECTED) or s.has(_DISCONNECTED):
        return ended
    return s.time("ended_at", _ATTEMPT_ENDED) or s.time("occurred_at", _ABANDONED, _FINISHED)


def _wait_s(
    s: _Reader, answered_at: datetime | None, connected_at: datetime | None
) -> float | None:
    told: float | None = s.first("wait_s", _CONNECTED)
    if told is None and connected_at is None:
        told = s.first("waited_s", _ABANDONED)
    return told if told is not None else _between(answered_at, connected_at)


def _disposition(s: _Reader) -> str:
    """Our word for how it went; empty while the customer waits."""
    if s.has(_CONNECTED) or s.has(_DISCONNECTED) or s.has(_ENDED):
        return "connected"
    by_limit = s.first("by_limit", _ABANDONED)
    if by_limit is not None:
        waited_in_queue = s.first("queue_id", _ABANDONED, _QUEUED) is not None
        return "abandoned" if by_limit or waited_in_queue else "hung_up_early"
    if (outcome := s.first("outcome", _FINISHED)) is not None:
        return str(outcome)
    return s.first("disposition", _ATTEMPT_ENDED) or ""


def _agent_disposition(s: _Reader) -> str:
    """What the agent last said of the call: when his wrap-up ended, or before or after that."""
    words = [
        (s.time("occurred_at", kind), s.first(field, kind))
        for kind, field in ((_ENDED, "disposition"), (_SAID, "code"))
    ]
    said = [(at, str(word)) for at, word in words if at is not None and word is not None]
    return max(said)[1] if said else ""


def _between(start: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None:
        return None
    # Two services' clocks may differ by a little; a duration is never negative.
    return max(0.0, (end - start).total_seconds())


class _Reader:
    """Reads a field from the first of several kinds of facts that tells it."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources

    def has(self, kind: str) -> bool:
        return kind in self._sources

    def first(self, name: str, *kinds: str) -> Any:
        for kind in kinds:
            value = self._sources.get(kind, {}).get(name)
            if value is not None and value != "":
                return value
        return None

    def time(self, name: str, *kinds: str) -> datetime | None:
        value = self.first(name, *kinds)
        return datetime.fromisoformat(value) if value is not None else None

    def uuid(self, name: str, *kinds: str) -> UUID | None:
        value = self.first(name, *kinds)
        return UUID(value) if value is not None else None
