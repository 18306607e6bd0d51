"""Users of a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from ringway.crm_api.access import Role
from ringway.crm_api.teams import store as teams
from ringway.runtime.postgres import Connection

_COLUMNS = """user_id, username, display_name, role, own_role AS own_role_id, agent_number,
              sip_username, is_enabled, access_until, version, created_at, updated_at"""


class UsernameTaken(Exception):
    """Another user of the tenant has this name."""


class AgentNumberTaken(Exception):
    """Another user of the tenant has this agent number."""


@dataclass(frozen=True, slots=True)
class User:
    """One row of ``crm.user_account`` without its secret."""

    user_id: UUID
    username: str
    display_name: str
    role: Role
    own_role_id: str | None
    agent_number: str | None
    sip_username: str | None
    is_enabled: bool
    access_until: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def agent_id(self) -> str | None:
        """An agent's id is his user's id."""
        return str(self.user_id) if self.agent_number is not None else None


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    user_id: UUID,
    username: str,
    display_name: str,
    role: Role,
    password_hash: str,
    agent_number: str | None,
    now: datetime,
    own_role_id: str | None = None,
) -> User:
    """Create a user.

    Raises:
        UsernameTaken, AgentNumberTaken: Another user has it.
    """
    try:
        row = await conn.fetchrow(
            f"""
            INSERT INTO crm.user_account (tenant_id, user_id, username, display_name, role,
                                          password_hash, agent_number, created_at, updated_at,
                                          own_role)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9) RETURNING {_COLUMNS}
            """,  # noqa: S608 - a constant
            tenant_id,
            user_id,
            username,
            display_name,
            role.value,
            password_hash,
            agent_number,
            now,
            own_role_id,
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "user_account_agent_number":
            raise AgentNumberTaken(agent_number) from error
        raise UsernameTaken(username) from error
    return _user(row)


async def get(
    conn: Connection, *, tenant_id: UUID, user_id: UUID, for_update: bool = False
) -> User | None:
    """Return one user."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.user_account WHERE tenant_id = $1 AND user_id = $2"  # noqa: S608
        f"{' FOR UPDATE' if for_update else ''}",
        tenant_id,
        user_id,
    )
    return _user(row) if row is not None else None


async def existing(conn: Connection, *, tenant_id: UUID, user_ids: list[UUID]) -> set[UUID]:
    """Return which of these users the tenant has."""
    rows = await conn.fetch(
        "SELECT user_id FROM crm.user_account WHERE tenant_id = $1 AND user_id = ANY($2)",
        tenant_id,
        user_ids,
    )
    return {row["user_id"] for row in rows}


@dataclass(frozen=True, slots=True)
class Search:
    """Which users are asked for; None is any.

    ``text`` stands in the username, the name shown or the agent number, in any case. ``team_id``
    means the team and everything below it.
    """

    role: Role | None = None
    own_role_id: str | None = None
    has_seat: bool | None = None
    is_enabled: bool | None = None
    team_id: UUID | None = None
    text: str | None = None


async def ids_in_team(conn: Connection, *, tenant_id: UUID, team_id: UUID) -> set[UUID]:
    """Return the users in a team and below it."""
    team_ids = await teams.below(conn, tenant_id=tenant_id, team_ids=[team_id])
    rows = await conn.fetch(
        "SELECT user_id FROM crm.team_member WHERE tenant_id = $1 AND team_id = ANY ($2)",
        tenant_id,
        list(team_ids),
    )
    return {row["user_id"] for row in rows}


async def page(
    conn: Connection, *, tenant_id: UUID, after: str | None, limit: int, search: Search
) -> list[User]:
    """Return users by name, after ``after``."""
    team_ids = None
    if search.team_id is not None:
        team_ids = list(await teams.below(conn, tenant_id=tenant_id, team_ids=[search.team_id]))
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM crm.user_account u
         WHERE tenant_id = $1 AND ($2::text IS NULL OR lower(username) > $2)
           AND ($3::text IS NULL OR role = $3)
           AND ($4::boolean IS NULL OR (agent_number IS NOT NULL) = $4)
           AND ($6::text IS NULL OR own_role = $6)
           AND ($7::boolean IS NULL OR is_enabled = $7)
           AND ($8::uuid[] IS NULL OR EXISTS (
                SELECT 1 FROM crm.team_member m WHERE m.tenant_id = u.tenant_id
                   AND m.user_id = u.user_id AND m.team_id = ANY ($8)))
           AND ($9::text IS NULL OR strpos(
                lower(concat_ws(' ', username, display_name, agent_number)), lower($9)) > 0)
         ORDER BY lower(username) LIMIT $5
        """,  # noqa: S608 - a constant
        tenant_id,
        after,
        search.role.value if search.role is not None else None,
        search.has_seat,
        limit,
        search.own_role_id,
        search.is_enabled,
        team_ids,
        search.text,
    )
    return [_user(row) for row in rows]


async def set_seat(
    conn: Connection,
    *,
    tenant_id: UUID,
    user_id: UUID,
    agent_number: str | None,
    sip_username: str | None,
    now: datetime,
) -> User:
    """Give a user a seat, or take his away.

    Raises:
        AgentNumberTaken: Another user has the number.
    """
    try:
        row = await conn.fetchrow(
            f"""
            UPDATE crm.user_account SET agent_number = $3, sip_username = $4,
                   version = version + 1, updated_at = $5
             WHERE tenant_id = $1 AND user_id = $2 RETURNING {_COLUMNS}
            """,  # noqa: S608 - a constant
            tenant_id,
            user_id,
            agent_number,
            sip_username,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise AgentNumberTaken(agent_number) from error
    return _user(row)


async def change(
    conn: Connection,
    *,
    tenant_id: UUID,
    user_id: UUID,
    version: int | None,
    now: datetime,
    display_name: str | None,
    role: Role | None,
    password_hash: str | None,
    is_enabled: bool | None,
    own_role_id: str | None = None,
    is_role_given: bool = False,
) -> User | None:
    """Change what is not None, and the own role if it is given.

    None when ``version`` is not the present one, or there is no such user.
    """
    row = await conn.fetchrow(
        f"""
        UPDATE crm.user_account SET
               display_name = coalesce($4, display_name), role = coalesce($5, role),
               password_hash = coalesce($6, password_hash),
               is_enabled = coalesce($7, is_enabled),
               own_role = CASE WHEN $10 THEN $9 ELSE own_role END,
               version = version + 1, updated_at = $8
         WHERE tenant_id = $1 AND user_id = $2 AND ($3::integer IS NULL OR version = $3)
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - a constant
        tenant_id,
        user_id,
        version,
        display_name,
        role.value if role is not None else None,
        password_hash,
        is_enabled,
        now,
        own_role_id,
        is_role_given,
    )
    return _user(row) if row is not None else None


async def set_sip_username(
    conn: Connection, *, tenant_id: UUID, user_id: UUID, sip_username: str
) -> None:
    """Remember the SIP account that the ACD made."""
    await conn.execute(
        "UPDATE crm.user_account SET sip_username = $3 WHERE tenant_id = $1 AND user_id = $2",
        tenant_id,
        user_id,
        sip_username,
    )


def _user(row: asyncpg.Record | None) -> User:
    assert row is not None
    return User(**{**row, "role": Role(row["role"])})
