"""SQL of agents' accounts and trunks."""

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


@dataclass(frozen=True, slots=True)
class Trunk:
    """A SIP connection to a carrier."""

    tenant: str
    trunk_id: str
    name: str
    host: str
    port: int
    codecs: tuple[str, ...]

    @property
    def endpoint(self) -> str:
        """Its name in Asterisk; dial ``PJSIP/<number>@<endpoint>``."""
        return f"trunk-{self.trunk_id}"


_PUT_AGENT = """
    INSERT INTO acd.agent (tenant_id, agent_id, number, name, sip_username, sip_ha1, is_enabled)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (tenant_id, agent_id) DO UPDATE
       SET number = excluded.number, name = excluded.name, sip_username = excluded.sip_username,
           sip_ha1 = excluded.sip_ha1, is_enabled = excluded.is_enabled, changed_at = now()
"""
_PUT_TRUNK = """
    INSERT INTO acd.trunk (tenant_id, trunk_id, name, host, port, codecs)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, trunk_id) DO UPDATE
       SET name = excluded.name, host = excluded.host, port = excluded.port,
           codecs = excluded.codecs, changed_at = now()
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


async def put_trunk(conn: Connection, *, trunk: Trunk) -> None:
    """Insert or update a trunk."""
    await conn.execute(
        _PUT_TRUNK,
        UUID(trunk.tenant),
        trunk.trunk_id,
        trunk.name,
        trunk.host,
        trunk.port,
        list(trunk.codecs),
    )


async def load(pool: Pool, tenant: str) -> tuple[Sequence[AgentAccount], Sequence[Trunk]]:
    """Return the agents and trunks of one tenant."""
    async with pool.tenant(tenant) as conn:
        agents = await conn.fetch(
            "SELECT agent_id, number, name, sip_username, sip_ha1, is_enabled FROM acd.agent"
        )
        trunks = await conn.fetch("SELECT trunk_id, name, host, port, codecs FROM acd.trunk")
    return (
        [AgentAccount(tenant, *row) for row in agents],
        [
            Trunk(tenant, r["trunk_id"], r["name"], r["host"], r["port"], tuple(r["codecs"]))
            for r in trunks
        ],
    )
