"""What happened with a customer: calls, attempts, follow-ups, and whatever else has a source.

An area that keeps something about customers has a :class:`Source` and is named in ``sources.py``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened. ``what`` is a few facts of it, as JSON values."""

    at: datetime
    kind: str
    id: str
    what: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> tuple[datetime, str, str]:
        """Where it stands: newest first, then by kind and id."""
        return self.at, self.kind, self.id


@dataclass(frozen=True, slots=True)
class Question:
    """Whose history is wanted. ``phones``: every number that leads to the customer.

    Only what happened at or before ``until`` (None: now), at most ``limit`` of it, newest first.
    Of one moment all that there is, or at least ``limit``.
    """

    tenant_id: UUID
    customer_id: UUID
    phones: tuple[str, ...]
    until: datetime | None
    limit: int


@dataclass(frozen=True, slots=True)
class Source:
    """Where one kind of things comes from.

    Args:
        needs: Who sees the customer and has this permission sees them.
        find: Answers a question, newest first.
    """

    kind: str
    needs: Permission
    find: Callable[[Connection, Question], Awaitable[list[Item]]]


async def page(
    conn: Connection,
    caller: Caller,
    sources: Sequence[Source],
    *,
    customer_id: UUID,
    kinds: Sequence[str] | None,
    before: tuple[datetime, str, str] | None,
    limit: int,
) -> list[Item]:
    """Return what happened before a place, newest first, of those kinds that the caller sees."""
    phones = await conn.fetch(
        "SELECT phone_e164 FROM crm.customer_number WHERE tenant_id = $1 AND customer_id = $2",
        caller.tenant_id,
        customer_id,
    )
    found: list[Item] = []
    for source in sources:
        if not caller.may(source.needs) or (kinds is not None and source.kind not in kinds):
            continue
        # Of the moment of the place some were told already: these come on top.
        question = Question(
            tenant_id=caller.tenant_id,
            customer_id=customer_id,
            phones=tuple(row["phone_e164"] for row in phones),
            until=before[0] if before is not None else None,
            limit=limit + (_SAME_MOMENT if before is not None else 0),
        )
        found += await source.find(conn, question)
    if before is not None:
        found = [each for each in found if each.place < before]
    return sorted(found, key=lambda each: each.place, reverse=True)[:limit]


async def link(
    conn: Connection,
    *,
    tenant_id: UUID,
    customer_id: UUID,
    interaction_id: UUID,
    user_id: UUID,
    now: datetime,
) -> None:
    """Put an interaction with a customer; once more changes nothing."""
    await conn.execute(
        """
        INSERT INTO crm.customer_interaction (tenant_id, customer_id, interaction_id, linked_by,
                                              linked_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
        """,
        tenant_id,
        customer_id,
        interaction_id,
        user_id,
        now,
    )


async def unlink(
    conn: Connection, *, tenant_id: UUID, customer_id: UUID, interaction_id: UUID
) -> bool:
    """Take an interaction away from a customer; whether it was put with him."""
    gone = await conn.fetchval(
        "DELETE FROM crm.customer_interaction WHERE tenant_id = $1 AND customer_id = $2 "
        "AND interaction_id = $3 RETURNING true",
        tenant_id,
        customer_id,
        interaction_id,
    )
    return bool(gone)


# More things of one kind do not happen with one customer in one microsecond.
_SAME_MOMENT = 50
