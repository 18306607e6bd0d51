"""Categories of the knowledge base. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.runtime.postgres import Connection

_COLUMNS = "category_id, parent_id, name, position, rules, version, created_at, updated_at"


class CategoryNameTaken(Exception):
    """Its neighbours below the same parent have this name already."""


@dataclass(frozen=True, slots=True)
class Category:
    """One row of ``crm.knowledge_category``."""

    category_id: UUID
    parent_id: UUID | None
    name: str
    position: int
    rules: list[dict[str, Any]]
    version: int
    created_at: datetime
    updated_at: datetime


async def lock(conn: Connection, tenant_id: UUID) -> None:
    """Let nobody else change the tenant's categories until the transaction ends."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtext('crm.knowledge_category'), hashtext($1))",
        str(tenant_id),
    )


async def whole_tree(conn: Connection, *, tenant_id: UUID) -> dict[UUID, Category]:
    """Return all categories, neighbours in their order. They are a thousand at most."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.knowledge_category WHERE tenant_id = $1 "  # noqa: S608
        "ORDER BY position, lower(name), category_id",
        tenant_id,
    )
    return {row["category_id"]: _category(row) for row in rows}


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    category_id: UUID,
    parent_id: UUID | None,
    name: str,
    position: int,
    rules: Sequence[dict[str, Any]],
    now: datetime,
) -> Category:
    """Create or change a category. Raises CategoryNameTaken."""
    try:
        row = await conn.fetchrow(
            f"""
            INSERT INTO crm.knowledge_category AS c (tenant_id, category_id, parent_id, name,
                                                     position, rules, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $7)
            ON CONFLICT (tenant_id, category_id) DO UPDATE SET
                parent_id = excluded.parent_id, name = excluded.name,
                position = excluded.position, rules = excluded.rules,
                version = c.version + 1, updated_at = excluded.updated_at
            RETURNING {_COLUMNS}
            """,  # noqa: S608 - a constant
            *(tenant_id, category_id, parent_id, name, position),
            *(orjson.dumps(list(rules)).decode(), now),
        )
    except asyncpg.UniqueViolationError as error:
        raise CategoryNameTaken(name) from error
    return _category(row)


async def put_order(
    conn: Connection, *, tenant_id: UUID, category_ids: Sequence[UUID], now: datetime
) -> None:
    """Number neighbours as they stand in ``category_ids``; those that stay keep their version."""
    await conn.execute(
        """
        UPDATE crm.knowledge_category c SET position = o.n, version = version + 1, updated_at = $3
          FROM unnest($2::uuid[]) WITH ORDINALITY AS o (category_id, n)
         WHERE c.tenant_id = $1 AND c.category_id = o.category_id AND c.position <> o.n
        """,
        *(tenant_id, list(category_ids), now),
    )


async def articles_in(conn: Connection, *, tenant_id: UUID, category_id: UUID) -> int:
    """Return how many articles a category has, in any state."""
    count: int = await conn.fetchval(
        "SELECT count(*) FROM crm.article WHERE tenant_id = $1 AND category_id = $2",
        *(tenant_id, category_id),
    )
    return count


async def remove(conn: Connection, *, tenant_id: UUID, category_id: UUID) -> None:
    """Remove a category that has neither articles nor categories."""
    await conn.execute(
        "DELETE FROM crm.knowledge_category WHERE tenant_id = $1 AND category_id = $2",
        *(tenant_id, category_id),
    )


def _category(row: Any) -> Category:
    return Category(**{**row, "rules": orjson.loads(row["rules"])})
