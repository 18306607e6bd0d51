"""Departments and teams: a tree in each tenant. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_SELECT = """
    SELECT t.team_id, t.parent_id, t.kind, t.name, t.version, t.created_at, t.updated_at,
           ARRAY(SELECT l.user_id FROM crm.team_leader l
                  WHERE l.tenant_id = t.tenant_id AND l.team_id = t.team_id
                  ORDER BY l.user_id) AS leader_ids,
           (SELECT count(*) FROM crm.team_member m
             WHERE m.tenant_id = t.tenant_id AND m.team_id = t.team_id) AS members
      FROM crm.team t
"""
# UNION, not UNION ALL: even a ring, which no request makes, ends.
_BELOW = """
    WITH RECURSIVE below (team_id) AS (
        SELECT team_id FROM crm.team WHERE tenant_id = $1 AND team_id = ANY ($2::uuid[])
         UNION
        SELECT t.team_id FROM crm.team t JOIN below b ON t.parent_id = b.team_id
         WHERE t.tenant_id = $1
    )
"""
_ABOVE = """
    WITH RECURSIVE above (team_id, parent_id) AS (
        SELECT team_id, parent_id FROM crm.team
         WHERE tenant_id = $1 AND team_id = ANY ($2::uuid[])
         UNION
        SELECT t.team_id, t.parent_id FROM crm.team t JOIN above a ON t.team_id = a.parent_id
         WHERE t.tenant_id = $1
    )
"""
_ALL_BELOW = f"{_BELOW} SELECT team_id FROM below"  # noqa: S608 - a constant
_ALL_ABOVE = f"{_ABOVE} SELECT team_id FROM above"  # noqa: S608 - a constant
_SEATS = f"""
    {_BELOW}
    SELECT u.user_id FROM below
      JOIN crm.team_member m ON m.tenant_id = $1 AND m.team_id = below.team_id
      JOIN crm.user_account u ON u.tenant_id = $1 AND u.user_id = m.user_id
     WHERE u.agent_number IS NOT NULL ORDER BY u.user_id
"""  # noqa: S608 - a constant
_MEMBERS = f"""
    {_BELOW}
    SELECT u.user_id, u.username, u.display_name, u.agent_number, m.team_id, m.since
      FROM crm.team_member m JOIN crm.user_account u USING (tenant_id, user_id)
     WHERE m.tenant_id = $1 AND m.team_id IN (SELECT team_id FROM below)
       AND ($3 OR m.team_id = ANY ($2)) AND ($4::uuid IS NULL OR m.user_id > $4)
     ORDER BY m.user_id LIMIT $5
"""  # noqa: S608 - a constant


class TeamNameTaken(Exception):
    """Its neighbours below the same department have this name already."""


@dataclass(frozen=True, slots=True)
class Team:
    """One row of ``crm.team``."""

    team_id: UUID
    parent_id: UUID | None
    kind: str
    name: str
    version: int
    created_at: datetime
    updated_at: datetime
    leader_ids: tuple[UUID, ...]
    members: int


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a team."""

    user_id: UUID
    username: str
    display_name: str
    agent_number: str | None
    team_id: UUID
    since: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """One row of ``crm.team_move``."""

    move_id: UUID
    at: datetime
    from_team_id: UUID | None
    from_name: str
    to_team_id: UUID | None
    to_name: str
    moved_by: str


async def lock(conn: Connection, tenant_id: UUID) -> None:
    """Let nobody else change the tenant's tree until the transaction ends."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtext('crm.team'), hashtext($1))", str(tenant_id)
    )


async def get(conn: Connection, *, tenant_id: UUID, team_id: UUID) -> Team | None:
    """Return one team."""
    row = await conn.fetchrow(
        f"{_SELECT} WHERE t.tenant_id = $1 AND t.team_id = $2", tenant_id, team_id
    )
    return _team(row) if row is not None else None


async def page(conn: Connection, *, tenant_id: UUID, after: UUID | None, limit: int) -> list[Team]:
    """Return teams in the order in which they were made."""
    rows = await conn.fetch(
        f"{_SELECT} WHERE t.tenant_id = $1 AND ($2::uuid IS NULL OR t.team_id > $2) "
        "ORDER BY t.team_id LIMIT $3",
        tenant_id,
        after,
        limit,
    )
    return [_team(row) for row in rows]


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    team_id: UUID,
    parent_id: UUID | None,
    kind: str,
    name: str,
    leader_ids: Sequence[UUID],
    now: datetime,
) -> None:
    """Create or change a team. Raises TeamNameTaken."""
    try:
        await conn.execute(
            """
            INSERT INTO crm.team AS t (tenant_id, team_id, parent_id, kind, name, created_at,
                                       updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $6)
            ON CONFLICT (tenant_id, team_id) DO UPDATE SET
                parent_id = excluded.parent_id, kind = excluded.kind, name = excluded.name,
                version = t.version + 1, updated_at = excluded.updated_at
            """,
            *(tenant_id, team_id, parent_id, kind, name, now),
        )
    except asyncpg.UniqueViolationError as error:
        raise TeamNameTaken(name) from error
    await conn.execute(
        "DELETE FROM crm.team_leader WHERE tenant_id = $1 AND team_id = $2", tenant_id, team_id
    )
    await conn.execute(
        "INSERT INTO crm.team_leader (tenant_id, team_id, user_id) "
        "SELECT $1, $2, unnest($3::uuid[])",
        *(tenant_id, team_id, list(dict.fromkeys(leader_ids))),
    )


async def remove(conn: Connection, *, tenant_id: UUID, team_id: UUID) -> None:
    """Remove a team that has neither people nor teams."""
    await conn.execute(
        "DELETE FROM crm.team WHERE tenant_id = $1 AND team_id = $2", tenant_id, team_id
    )


async def below(conn: Connection, *, tenant_id: UUID, team_ids: Sequence[UUID]) -> set[UUID]:
    """Return these teams and all that are part of them."""
    rows = await conn.fetch(_ALL_BELOW, tenant_id, list(team_ids))
    return {row["team_id"] for row in rows}


async def above(conn: Connection, *, tenant_id: UUID, team_ids: Sequence[UUID]) -> set[UUID]:
    """Return these teams and all that they are part of."""
    rows = await conn.fetch(_ALL_ABOVE, tenant_id, list(team_ids))
    return {row["team_id"] for row in rows}


async def led_by(conn: Connection, *, tenant_id: UUID, user_id: UUID) -> set[UUID]:
    """Return the teams that somebody leads, with all below."""
    rows = await conn.fetch(
        "SELECT team_id FROM crm.team_leader WHERE tenant_id = $1 AND user_id = $2",
        tenant_id,
        user_id,
    )
    return await below(conn, tenant_id=tenant_id, team_ids=[row["team_id"] for row in rows])


async def children(conn: Connection, *, tenant_id: UUID, team_id: UUID) -> int:
    """Return how many teams are directly part of one."""
    count: int = await conn.fetchval(
        "SELECT count(*) FROM crm.team WHERE tenant_id = $1 AND parent_id = $2", tenant_id, team_id
    )
    return count


async def seats(conn: Connection, *, tenant_id: UUID, team_id: UUID) -> list[UUID]:
    """Return the agents of a team and of all that are part of it."""
    rows = await conn.fetch(
        _SEATS,
        tenant_id,
        [team_id],
    )
    return [row["user_id"] for row in rows]


async def members(
    conn: Connection,
    *,
    tenant_id: UUID,
    team_id: UUID,
    with_below: bool,
    after: UUID | None,
    limit: int,
) -> list[Member]:
    """Return the people of a team, with or without those below, by their ids."""
    rows = await conn.fetch(
        _MEMBERS,
        *(tenant_id, [team_id], with_below, after, limit),
    )
    return [Member(**row) for row in rows]


async def teams_of(
    conn: Connection, *, tenant_id: UUID, user_ids: Sequence[UUID]
) -> dict[UUID, UUID]:
    """Return the team of each of these users who is in one."""
    rows = await conn.fetch(
        "SELECT user_id, team_id FROM crm.team_member WHERE tenant_id = $1 AND user_id = ANY ($2)",
        tenant_id,
        list(user_ids),
    )
    return {row["user_id"]: row["team_id"] for row in rows}


async def move(
    conn: Connection,
    *,
    tenant_id: UUID,
    user_id: UUID,
    old: Team | None,
    new: Team | None,
    now: datetime,
    moved_by: str,
) -> None:
    """Put somebody into a team, or into none, and remember it."""
    if new is None:
        await conn.execute(
            "DELETE FROM crm.team_member WHERE tenant_id = $1 AND user_id = $2", tenant_id, user_id
        )
    else:
        await conn.execute(
            """
            INSERT INTO crm.team_member (tenant_id, user_id, team_id, since)
            VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, user_id)
            DO UPDATE SET team_id = excluded.team_id, since = excluded.since
            """,
            *(tenant_id, user_id, new.team_id, now),
        )
    await conn.execute(
        """
        INSERT INTO crm.team_move (tenant_id, move_id, user_id, from_team_id, from_name,
                                   to_team_id, to_name, at, moved_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        *(tenant_id, uuid7(), user_id),
        *((old.team_id, old.name) if old is not None else (None, "")),
        *((new.team_id, new.name) if new is not None else (None, "")),
        *(now, moved_by),
    )


async def moves(
    conn: Connection, *, tenant_id: UUID, user_id: UUID, before: UUID | None, limit: int
) -> list[Move]:
    """Return where somebody was, newest first."""
    rows = await conn.fetch(
        """
        SELECT move_id, at, from_team_id, from_name, to_team_id, to_name, moved_by
          FROM crm.team_move
         WHERE tenant_id = $1 AND user_id = $2 AND ($3::uuid IS NULL OR move_id < $3)
         ORDER BY move_id DESC LIMIT $4
        """,
        *(tenant_id, user_id, before, limit),
    )
    return [Move(**row) for row in rows]


async def unknown(conn: Connection, *, tenant_id: UUID, team_ids: Sequence[UUID]) -> list[UUID]:
    """Return which of these are no teams of the tenant."""
    rows = await conn.fetch(
        "SELECT team_id FROM crm.team WHERE tenant_id = $1 AND team_id = ANY ($2)",
        tenant_id,
        list(team_ids),
    )
    known = {row["team_id"] for row in rows}
    return [each for each in team_ids if each not in known]


async def campaigns_with(conn: Connection, *, tenant_id: UUID, team_id: UUID) -> int:
    """Return how many campaigns that are not over are served by a team."""
    count: int = await conn.fetchval(
        "SELECT count(*) FROM dialer.campaign_v WHERE tenant_id = $1 "
        "AND state IN ('draft', 'running', 'paused') AND spec -> 'team_ids' ? $2",
        tenant_id,
        str(team_id),
    )
    return count


def _team(row: asyncpg.Record) -> Team:
    return Team(**{**row, "leader_ids": tuple(row["leader_ids"])})
