"""Articles and their versions. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.runtime.postgres import Connection

_COLUMNS = """
    a.article_id, a.category_id, a.draft_of, a.title, a.body, a.language, a.tags, a.product,
    a.valid_from, a.valid_until, a.state, a.version, a.views, a.useful, a.not_useful,
    a.created_by, a.updated_by, a.created_at, a.updated_at, a.published_at,
    coalesce(r.is_favourite, false) AS is_favourite, r.is_useful AS my_feedback
"""
_FROM = """
      FROM crm.article a
      LEFT JOIN crm.article_reader r
        ON r.tenant_id = a.tenant_id AND r.article_id = a.article_id AND r.user_id = $2
"""
# $3: the categories that the caller reads, $4: that he writes, $5: now.
VISIBLE = """
    a.tenant_id = $1 AND a.category_id = ANY ($3::uuid[])
    AND (a.category_id = ANY ($4::uuid[])
         OR (a.state = 'published' AND (a.valid_from IS NULL OR a.valid_from <= $5)
             AND (a.valid_until IS NULL OR a.valid_until > $5)))
"""


@dataclass(frozen=True, slots=True)
class Article:
    """One row of ``crm.article``, and what the reader has to do with it."""

    article_id: UUID
    category_id: UUID
    draft_of: UUID | None
    title: str
    body: str
    language: str
    tags: list[str]
    product: str
    valid_from: datetime | None
    valid_until: datetime | None
    state: str
    version: int
    views: int
    useful: int
    not_useful: int
    created_by: str
    updated_by: str
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    is_favourite: bool
    my_feedback: bool | None


@dataclass(frozen=True, slots=True)
class Eyes:
    """Who looks, and what he sees: his readable and writable categories, at a moment."""

    tenant_id: UUID
    user_id: UUID
    readable: Collection[UUID]
    writable: Collection[UUID]
    now: datetime

    def arguments(self) -> tuple[object, ...]:
        """Return the first five arguments of every query about articles."""
        readable, writable = list(self.readable), list(self.writable)
        return self.tenant_id, self.user_id, readable, writable, self.now


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which articles are listed; None is any."""

    category_ids: Collection[UUID] | None = None
    state: str | None = None
    language: str | None = None
    product: str | None = None
    tag: str | None = None
    favourites: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """What is set on an article."""

    category_id: UUID
    title: str
    body: str
    language: str
    tags: Sequence[str]
    product: str
    valid_from: datetime | None
    valid_until: datetime | None
    search: str = field(repr=False)  # a tsvector


async def get(conn: Connection, *, eyes: Eyes, article_id: UUID) -> Article | None:
    """Return one article, if it is seen."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} {_FROM} WHERE {VISIBLE} AND a.article_id = $6",
        *eyes.arguments(),
        article_id,
    )
    return Article(**row) if row is not None else None


async def page(
    conn: Connection, *, eyes: Eyes, wanted: Wanted, before: UUID | None, limit: int
) -> list[Article]:
    """Return articles that are seen, newest first."""
    categories = list(wanted.category_ids) if wanted.category_ids is not None else None
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} {_FROM} WHERE {VISIBLE}
           AND ($6::uuid[] IS NULL OR a.category_id = ANY ($6))
           AND ($7::text IS NULL OR a.state = $7) AND ($8::text IS NULL OR a.language = $8)
           AND ($9::text IS NULL OR a.product = $9)
           AND ($10::text IS NULL OR $10 = ANY (a.tags)) AND (NOT $11 OR r.is_favourite)
           AND ($12::uuid IS NULL OR a.article_id < $12)
         ORDER BY a.article_id DESC LIMIT $13
        """,
        *eyes.arguments(),
        *(categories, wanted.state, wanted.language, wanted.product, wanted.tag),
        *(wanted.favourites, before, limit),
    )
    return [Article(**row) for row in rows]


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    article_id: UUID,
    draft_of: UUID | None,
    content: Content,
    by: str,
    now: datetime,
) -> None:
    """Make an article; it is a draft."""
    await conn.execute(
        """
        INSERT INTO crm.article (tenant_id, article_id, draft_of, category_id, title, body,
                                 language, tags, product, valid_from, valid_until, search, state,
                                 created_by, updated_by, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::tsvector, 'draft',
                $13, $13, $14, $14)
        """,
        *(tenant_id, article_id, draft_of, *_values(content), by, now),
    )


async def replace(
    conn: Connection,
    *,
    tenant_id: UUID,
    article_id: UUID,
    content: Content,
    by: str,
    now: datetime,
) -> None:
    """Let an article say something else, with its next version."""
    await conn.execute(
        """
        UPDATE crm.article SET category_id = $3, title = $4, body = $5, language = $6, tags = $7,
               product = $8, valid_from = $9, valid_until = $10, search = $11::text::tsvector,
               version = version + 1, updated_by = $12, updated_at = $13
         WHERE tenant_id = $1 AND article_id = $2
        """,
        *(tenant_id, article_id, *_values(content), by, now),
    )


async def put_state(
    conn: Connection, *, tenant_id: UUID, article_id: UUID, state: str, by: str, now: datetime
) -> None:
    """Publish or retire an article, with its next version."""
    await conn.execute(
        """
        UPDATE crm.article SET state = $3, version = version + 1, updated_by = $4, updated_at = $5,
               published_at = CASE WHEN $3 = 'published' THEN $5 ELSE published_at END
         WHERE tenant_id = $1 AND article_id = $2
        """,
        *(tenant_id, article_id, state, by, now),
    )


async def lock(conn: Connection, *, tenant_id: UUID, article_id: UUID) -> None:
    """Let nobody else change an article until the transaction ends."""
    await conn.execute(
        "SELECT 1 FROM crm.article WHERE tenant_id = $1 AND article_id = $2 FOR UPDATE",
        *(tenant_id, article_id),
    )


async def remove(conn: Connection, *, tenant_id: UUID, article_id: UUID) -> None:
    """Remove an article with its drafts, versions, attachments and readers."""
    await conn.execute(
        "DELETE FROM crm.article WHERE tenant_id = $1 AND article_id = $2", tenant_id, article_id
    )


@dataclass(frozen=True, slots=True)
class Version:
    """One row of ``crm.article_version``."""

    number: int
    content: dict[str, Any]
    state: str
    note: str
    changed_by: str
    changed_at: datetime


async def note_version(
    conn: Connection, *, tenant_id: UUID, article_id: UUID, content: dict[str, Any], note: str
) -> None:
    """Keep what an article says now."""
    await conn.execute(
        """
        INSERT INTO crm.article_version (tenant_id, article_id, number, content, state, note,
                                         changed_by, changed_at)
        SELECT tenant_id, article_id, version, $3::jsonb, state, $4, updated_by, updated_at
          FROM crm.article WHERE tenant_id = $1 AND article_id = $2
        """,
        *(tenant_id, article_id, orjson.dumps(content).decode(), note),
    )


async def versions(
    conn: Connection, *, tenant_id: UUID, article_id: UUID, before: int | None, limit: int
) -> list[Version]:
    """Return an article's versions, newest first."""
    rows = await conn.fetch(
        """
        SELECT number, '{}' AS content, state, note, changed_by, changed_at FROM crm.article_version
         WHERE tenant_id = $1 AND article_id = $2 AND ($3::integer IS NULL OR number < $3)
         ORDER BY number DESC LIMIT $4
        """,
        *(tenant_id, article_id, before, limit),
    )
    return [_version(row) for row in rows]


async def version(
    conn: Connection, *, tenant_id: UUID, article_id: UUID, number: int
) -> Version | None:
    """Return one version."""
    row = await conn.fetchrow(
        """
        SELECT number, content, state, note, changed_by, changed_at FROM crm.article_version
         WHERE tenant_id = $1 AND article_id = $2 AND number = $3
        """,
        *(tenant_id, article_id, number),
    )
    return _version(row) if row is not None else None


def _version(row: Any) -> Version:
    return Version(**{**row, "content": orjson.loads(row["content"])})


def _values(content: Content) -> tuple[object, ...]:
    return (
        content.category_id, content.title, content.body, content.language, list(content.tags),
        content.product, content.valid_from, content.valid_until, content.search,
    )  # fmt: skip
