"""What users have to do with articles that they see. The caller owns the transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody said of an article."""

    user_id: UUID
    username: str
    is_useful: bool
    comment: str
    said_at: datetime


async def put_favourite(
    conn: Connection, *, tenant_id: UUID, article_id: UUID, user_id: UUID, is_favourite: bool
) -> None:
    """Make an article somebody's favourite, or no more."""
    await conn.execute(
        """
        INSERT INTO crm.article_reader (tenant_id, article_id, user_id, is_favourite)
        VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, article_id, user_id)
        DO UPDATE SET is_favourite = excluded.is_favourite
        """,
        *(tenant_id, article_id, user_id, is_favourite),
    )


async def count_view(
    conn: Connection, *, tenant_id: UUID, article_id: UUID, user_id: UUID, now: datetime
) -> int:
    """Count that somebody opened an article; return how often it was opened."""
    await conn.execute(
        """
        INSERT INTO crm.article_reader AS r (tenant_id, article_id, user_id, views, viewed_at)
        VALUES ($1, $2, $3, 1, $4) ON CONFLICT (tenant_id, article_id, user_id)
        DO UPDATE SET views = r.views + 1, viewed_at = excluded.viewed_at
        """,
        *(tenant_id, article_id, user_id, now),
    )
    views: int = await conn.fetchval(
        "UPDATE crm.article SET views = views + 1 WHERE tenant_id = $1 AND article_id = $2 "
        "RETURNING views",
        *(tenant_id, article_id),
    )
    return views


async def put_feedback(
    conn: Connection,
    *,
    tenant_id: UUID,
    article_id: UUID,
    user_id: UUID,
    is_useful: bool,
    comment: str,
    now: datetime,
) -> None:
    """Keep what somebody says of an article; the last word counts."""
    # First the article, so that two who speak at once are counted one after the other.
    await conn.execute(
        "SELECT 1 FROM crm.article WHERE tenant_id = $1 AND article_id = $2 FOR UPDATE",
        *(tenant_id, article_id),
    )
    await conn.execute(
        """
        INSERT INTO crm.article_reader (tenant_id, article_id, user_id, is_useful, comment, said_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, article_id, user_id)
        DO UPDATE SET is_useful = excluded.is_useful, comment = excluded.comment,
                      said_at = excluded.said_at
        """,
        *(tenant_id, article_id, user_id, is_useful, comment, now),
    )
    await conn.execute(
        """
        UPDATE crm.article SET (useful, not_useful) = (
            SELECT count(*) FILTER (WHERE is_useful), count(*) FILTER (WHERE NOT is_useful)
              FROM crm.article_reader WHERE tenant_id = $1 AND article_id = $2)
         WHERE tenant_id = $1 AND article_id = $2
        """,
        *(tenant_id, article_id),
    )


async def feedback_of(
    conn: Connection, *, tenant_id: UUID, article_id: UUID, after: UUID | None, limit: int
) -> list[Feedback]:
    """Return what was said of an article, by the users' ids."""
    rows = await conn.fetch(
        """
        SELECT r.user_id, u.username, r.is_useful, r.comment, r.said_at
          FROM crm.article_reader r JOIN crm.user_account u USING (tenant_id, user_id)
         WHERE r.tenant_id = $1 AND r.article_id = $2 AND r.is_useful IS NOT NULL
           AND ($3::uuid IS NULL OR r.user_id > $3)
         ORDER BY r.user_id LIMIT $4
        """,
        *(tenant_id, article_id, after, limit),
    )
    return [Feedback(**row) for row in rows]
