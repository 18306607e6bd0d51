"""Saved queriers. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.core.queriers.query import Query
from ringway.runtime.postgres import Connection

_COLUMNS = """
    querier_id, owner_id, name, description, query, shared_roles, shared_teams AS shared_team_ids,
    template, version, created_at, updated_at
"""


@dataclass(frozen=True, slots=True)
class Querier:
    """One row of ``crm.querier``. ``query`` None: this release cannot read what is stored."""

    querier_id: UUID
    owner_id: UUID
    name: str
    description: str
    query: Query | None
    shared_roles: tuple[str, ...]
    shared_team_ids: tuple[UUID, ...]
    template: str | None
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose queriers somebody sees: his own, and those shared with his role or teams."""

    user_id: UUID
    role_key: str
    team_ids: tuple[UUID, ...]  # his, and all above it
    is_all: bool = False


_SEEN = """
    tenant_id = $1 AND ($5 OR owner_id = $2 OR $3 = ANY (shared_roles)
                        OR shared_teams && $4::uuid[])
"""


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    querier_id: UUID,
    owner_id: UUID,
    name: str,
    description: str,
    query: Query,
    shared_roles: Sequence[str],
    shared_team_ids: Sequence[UUID],
    template: str | None,
    now: datetime,
) -> Querier:
    """Save a new querier."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO crm.querier (tenant_id, querier_id, owner_id, name, description, query,
                                 shared_roles, shared_teams, template, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $10) RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, querier_id, owner_id, name, description, written(query)),
        *(list(shared_roles), list(shared_team_ids), template, now),
    )
    assert row is not None
    return _querier(row)


async def count(conn: Connection, *, tenant_id: UUID) -> int:
    """Return how many queriers a tenant has."""
    found: int = await conn.fetchval(
        "SELECT count(*) FROM crm.querier WHERE tenant_id = $1", tenant_id
    )
    return found


async def get(
    conn: Connection, *, tenant_id: UUID, querier_id: UUID, sight: Sight, lock: bool = False
) -> Querier | None:
    """Return one querier that is seen."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.querier WHERE {_SEEN} AND querier_id = $6 "  # noqa: S608
        f"{'FOR UPDATE' if lock else ''}",
        *_sight(tenant_id, sight),
        querier_id,
    )
    return _querier(row) if row is not None else None


async def page(
    conn: Connection, *, tenant_id: UUID, sight: Sight, before: UUID | None, limit: int
) -> list[Querier]:
    """Return the queriers that are seen, newest first."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.querier WHERE {_SEEN} "  # noqa: S608
        "AND ($6::uuid IS NULL OR querier_id < $6) ORDER BY querier_id DESC LIMIT $7",
        *_sight(tenant_id, sight),
        before,
        limit,
    )
    return [_querier(row) for row in rows]


async def change(
    conn: Connection,
    *,
    tenant_id: UUID,
    querier_id: UUID,
    name: str,
    description: str,
    query: Query,
    shared_roles: Sequence[str],
    shared_team_ids: Sequence[UUID],
    now: datetime,
) -> Querier:
    """Change a querier, which the caller has locked."""
    row = await conn.fetchrow(
        f"""
        UPDATE crm.querier SET name = $3, description = $4, query = $5::jsonb, shared_roles = $6,
               shared_teams = $7, version = version + 1, updated_at = $8
         WHERE tenant_id = $1 AND querier_id = $2 RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        *(tenant_id, querier_id, name, description, written(query)),
        *(list(shared_roles), list(shared_team_ids), now),
    )
    assert row is not None
    return _querier(row)


async def remove(conn: Connection, *, tenant_id: UUID, querier_id: UUID) -> None:
    """Remove a querier with its schedules and answers."""
    await conn.execute(
        "DELETE FROM crm.querier WHERE tenant_id = $1 AND querier_id = $2", tenant_id, querier_id
    )


def written(query: Query) -> str:
    """Return a query as it is stored."""
    return orjson.dumps(
        query.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    ).decode()


def read(text: str) -> Query:
    """Return a query as it was stored. Raises ValueError: by a release that knew other words."""
    return Query.model_validate(orjson.loads(text))


def readable(text: str) -> Query | None:
    """Return a query as it was stored, if it can be read."""
    try:
        return read(text)
    except ValueError:
        return None


def _sight(tenant_id: UUID, sight: Sight) -> tuple[object, ...]:
    return tenant_id, sight.user_id, sight.role_key, list(sight.team_ids), sight.is_all


def _querier(row: asyncpg.Record) -> Querier:
    return Querier(
        **{
            **row,
            "query": readable(row["query"]),
            "shared_roles": tuple(row["shared_roles"]),
            "shared_team_ids": tuple(row["shared_team_ids"]),
        }
    )
