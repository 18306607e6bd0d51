"""SQL of agents' accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from ringway.runtime.postgres import Connection, Pool


class NumberTaken(Exception):
    """Another agent of the tenant has this number."""


@dataclass(frozen=True, slots=True)
class AgentAccount:
    """An agent and his SIP account. ``sip_ha1`` is MD5(username:realm:password)."""

    tenant: str
    agent_id: str
    number: str
    name: str
    sip_username: str
    sip_ha1: str
    is_enabled: bool


_PUT_AGENT = """
    INSERT INTO acd.agent (tenant_id, agent_id, number, name, sip_username, sip_ha1, is_enabled)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (tenant_id, agent_id) DO UPDATE
       SET number = excluded.number, name = excluded.name, sip_username = excluded.sip_username,
           sip_ha1 = excluded.sip_ha1, is_enabled = excluded.is_enabled, changed_at = now()
"""


async def tenants(pool: Pool) -> Sequence[str]:
    """Return every tenant that has agents or trunks."""
    async with pool.platform() as conn:
        return [str(row[0]) for row in await conn.fetch("SELECT acd.tenants()")]


async def put_agent(conn: Connection, *, account: AgentAccount) -> None:
    """Insert or update an agent.

    Raises:
        NumberTaken: Another agent of the tenant has the number.
    """
    try:
        await conn.execute(
            _PUT_AGENT,
            UUID(account.tenant),
            account.agent_id,
            account.number,
            account.name,
            account.sip_username,
            account.sip_ha1,
            account.is_enabled,
        )
    except asyncpg.UniqueViolationError as exc:
        raise NumberTaken(account.number) from exc


async def remove_agent(conn: Connection, *, tenant_id: UUID, agent_id: str) -> None:
    """Remove an agent, if he is there."""
    await conn.execute(
        "DELETE FROM acd.agent WHERE tenant_id = $1 AND agent_id = $2", tenant_id, agent_id
    )


async def load(pool: Pool, tenant: str) -> Sequence[AgentAccount]:
    """Return the agents of one tenant."""
    async with pool.tenant(tenant) as conn:
        agents = await conn.fetch(
            "SELECT agent_id, number, name, sip_username, sip_ha1, is_enabled FROM acd.agent"
        )
    return [AgentAccount(tenant, *row) for row in agents]
