"""Suggestions for the knowledge base. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.runtime.postgres import Connection

_COLUMNS = """suggestion_id, article_id, category_id, content, reason, interaction_id, state,
              author_id, author, decided_by, decided_at, decision, draft_id, created_at"""
# One's own, and those for categories in which one writes.
_SEEN = "tenant_id = $1 AND (author_id = $2 OR category_id = ANY ($3::uuid[]))"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One row of ``crm.article_suggestion``."""

    suggestion_id: UUID
    article_id: UUID | None
    category_id: UUID
    content: dict[str, Any]
    reason: str
    interaction_id: UUID | None
    state: str
    author_id: UUID
    author: str
    decided_by: str
    decided_at: datetime | None
    decision: str
    draft_id: UUID | None
    created_at: datetime


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    suggestion_id: UUID,
    article_id: UUID | None,
    category_id: UUID,
    content: dict[str, Any],
    reason: str,
    interaction_id: UUID | None,
    author_id: UUID,
    author: str,
    now: datetime,
) -> None:
    """Keep a suggestion; it is open."""
    await conn.execute(
        """
        INSERT INTO crm.article_suggestion (tenant_id, suggestion_id, article_id, category_id,
            content, reason, interaction_id, state, author_id, author, created_at)
        VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, 'open', $8, $9, $10)
        """,
        *(tenant_id, suggestion_id, article_id, category_id, orjson.dumps(content).decode()),
        *(reason, interaction_id, author_id, author, now),
    )


async def open_of(conn: Connection, *, tenant_id: UUID, author_id: UUID) -> int:
    """Return how many suggestions of somebody's nobody has decided yet."""
    count: int = await conn.fetchval(
        "SELECT count(*) FROM crm.article_suggestion "
        "WHERE tenant_id = $1 AND author_id = $2 AND state = 'open'",
        *(tenant_id, author_id),
    )
    return count


async def get(
    conn: Connection,
    *,
    tenant_id: UUID,
    user_id: UUID,
    writable: Collection[UUID],
    suggestion_id: UUID,
) -> Suggestion | None:
    """Return a suggestion that is seen, and let nobody else decide meanwhile."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.article_suggestion "  # noqa: S608 - constants
        f"WHERE {_SEEN} AND suggestion_id = $4 FOR UPDATE",
        *(tenant_id, user_id, list(writable), suggestion_id),
    )
    return _suggestion(row) if row is not None else None


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    user_id: UUID,
    writable: Collection[UUID],
    state: str | None,
    mine: bool,
    before: UUID | None,
    limit: int,
) -> list[Suggestion]:
    """Return suggestions that are seen, newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM crm.article_suggestion
         WHERE {_SEEN} AND ($4::text IS NULL OR state = $4) AND (NOT $5 OR author_id = $2)
           AND ($6::uuid IS NULL OR suggestion_id < $6)
         ORDER BY suggestion_id DESC LIMIT $7
        """,  # noqa: S608 - constants
        *(tenant_id, user_id, list(writable), state, mine, before, limit),
    )
    return [_suggestion(row) for row in rows]


async def decide(
    conn: Connection,
    *,
    tenant_id: UUID,
    suggestion_id: UUID,
    state: str,
    decided_by: str,
    decision: str,
    draft_id: UUID | None,
    now: datetime,
) -> None:
    """Keep what became of a suggestion."""
    await conn.execute(
        """
        UPDATE crm.article_suggestion
           SET state = $3, decided_by = $4, decision = $5, draft_id = $6, decided_at = $7
         WHERE tenant_id = $1 AND suggestion_id = $2
        """,
        *(tenant_id, suggestion_id, state, decided_by, decision, draft_id, now),
    )


def _suggestion(row: Any) -> Suggestion:
    return Suggestion(**{**row, "content": orjson.loads(row["content"])})
