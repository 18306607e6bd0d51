"""Notes about calls that are written down many at a time: placed, answered, ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.dialer import attempt_store, disposition_store, facts
from ringway.dialer.attempt_store import End, Ending, Placing
from ringway.dialer.core.retry import Closed, DialAgain
from ringway.dialer.model import Attempt
from ringway.proto.base import Fact
from ringway.runtime import outbox
from ringway.runtime.postgres import Connection

SCHEMA = "dialer"


@dataclass(frozen=True, slots=True)
class Placed:
    """Asterisk has the call."""

    attempt: Attempt
    at: datetime
    reserved_agent_id: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The far end answered."""

    attempt: Attempt
    at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """The attempt is over; its lead is due again or done."""

    attempt: Attempt
    how: End
    then: DialAgain | Closed
    placed_at: datetime
    answered_at: datetime | None


CallNote = Placed | Answered | Ended


async def write(conn: Connection, notes: Sequence[CallNote]) -> None:
    """Write notes of one tenant; what is new is announced in their order.

    One attempt's notes come in the order of its life, and those of two do not touch each other, so
    each kind is written in one go.
    """
    tenant_id = UUID(notes[0].attempt.tenant)
    placed = [n for n in notes if isinstance(n, Placed)]
    answered = [n for n in notes if isinstance(n, Answered)]
    ended = [n for n in notes if isinstance(n, Ended)]
    new: dict[type[CallNote], set[UUID]] = {Placed: set(), Answered: set(), Ended: set()}
    if placed:
        new[Placed] |= await attempt_store.note_placed(
            conn,
            tenant_id=tenant_id,
            calls=[
                Placing(n.attempt.attempt_id, n.at, n.reserved_agent_id, n.attempt.caller_id)
                for n in placed
            ],
        )
    if answered:
        new[Answered] |= await attempt_store.note_answered(
            conn, tenant_id=tenant_id, calls=[(n.attempt.attempt_id, n.at) for n in answered]
        )
    if ended:
        new[Ended] |= await attempt_store.end_all(
            conn,
            tenant_id=tenant_id,
            ends=[Ending(n.attempt.attempt_id, n.how, n.then) for n in ended],
        )
    await _announce(conn, tenant_id, notes, new)


async def _announce(
    conn: Connection,
    tenant_id: UUID,
    notes: Sequence[CallNote],
    new: dict[type[CallNote], set[UUID]],
) -> None:
    """Add the facts of those notes that are new, and do what is left to do for the ended ones."""
    ends = [n.attempt for n in notes if n.attempt.attempt_id in new[Ended]]
    awaited = await disposition_store.awaited(conn, tenant_id=tenant_id, attempts=ends)
    told: list[Fact] = []
    for note in notes:
        attempt = note.attempt
        if attempt.attempt_id not in new[type(note)]:
            continue
        new[type(note)].discard(attempt.attempt_id)  # told once
        match note:
            case Placed(_, at):
                told.append(facts.started(attempt, at))
            case Answered(_, at):
                told.append(facts.answered(attempt, at))
            case Ended(_, how, then, placed_at, answered_at):
                if attempt.attempt_id in awaited:
                    await outbox.add_many(conn, SCHEMA, told)
                    told.clear()
                    await disposition_store.attempt_ended(conn, attempt, how, then)
                told.append(facts.ended(attempt, how, placed_at, answered_at))
    await outbox.add_many(conn, SCHEMA, told)
