"""SQL of trunks, their secrets and the addresses they are known by."""

from __future__ import annotations

import ipaddress
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg

from ringway.acd.core.trunk import Source, Trunk
from ringway.proto.acd import DtmfMode, TrunkInbound
from ringway.runtime.postgres import Connection

_MAX_PORT = 65536


class SourceTaken(Exception):
    """Another trunk is known by one of these addresses."""


class UsernameTaken(Exception):
    """Another trunk whose far end proves itself by a password has this username."""


_PUT = """
    INSERT INTO acd.trunk (tenant_id, trunk_id, name, host, port, codecs, is_enabled, settings)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb)
    ON CONFLICT (tenant_id, trunk_id) DO UPDATE
       SET name = excluded.name, host = excluded.host, port = excluded.port,
           codecs = excluded.codecs, is_enabled = excluded.is_enabled,
           settings = excluded.settings, changed_at = now()
"""
_PUT_AUTH = """
    INSERT INTO acd.trunk_secret (tenant_id, trunk_id, password) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, trunk_id) DO UPDATE SET password = excluded.password
"""


async def put(conn: Connection, *, trunk: Trunk) -> None:
    """Insert or update a trunk and its secret; it is known by no address afterwards.

    Raises:
        UsernameTaken: Another trunk has its username.
    """
    key = (UUID(trunk.tenant), trunk.trunk_id)
    try:
        await conn.execute(
            _PUT, *key, trunk.name, trunk.host, trunk.port, list(trunk.codecs), trunk.is_enabled,
            json.dumps(_settings(trunk)),
        )  # fmt: skip
    except asyncpg.UniqueViolationError as error:
        raise UsernameTaken(trunk.username) from error
    if trunk.password:
        await conn.execute(_PUT_AUTH, *key, trunk.password)
    else:
        await conn.execute(
            "DELETE FROM acd.trunk_secret WHERE tenant_id = $1 AND trunk_id = $2", *key
        )
    await conn.execute("DELETE FROM acd.trunk_source WHERE tenant_id = $1 AND trunk_id = $2", *key)


async def put_sources(conn: Connection, *, trunk: Trunk, sources: Sequence[Source]) -> None:
    """Let a trunk be known by these addresses, all or none of them.

    Raises:
        SourceTaken: Another trunk, perhaps another tenant's, is known by one of them.
    """
    try:
        async with conn.transaction():
            await conn.executemany(
                "INSERT INTO acd.trunk_source (tenant_id, trunk_id, network, ports) "
                "VALUES ($1, $2, $3, $4)",
                [
                    (UUID(trunk.tenant), trunk.trunk_id, each.network, _ports(each.port))
                    for each in sources
                ],
            )
    except asyncpg.ExclusionViolationError as error:
        raise SourceTaken(trunk.trunk_id) from error


async def delete(conn: Connection, *, tenant_id: UUID, trunk_id: str) -> None:
    """Delete a trunk and what belongs to it; one that is not there is no error."""
    await conn.execute(
        "DELETE FROM acd.trunk WHERE tenant_id = $1 AND trunk_id = $2", tenant_id, trunk_id
    )


async def load(conn: Connection, *, tenant_id: UUID) -> list[Trunk]:
    """Return the trunks of one tenant by id."""
    rows = await conn.fetch(
        """
        SELECT t.trunk_id, t.name, t.host, t.port, t.codecs, t.is_enabled, t.settings,
               coalesce(s.password, '') AS password
          FROM acd.trunk t LEFT JOIN acd.trunk_secret s USING (tenant_id, trunk_id)
         WHERE t.tenant_id = $1 ORDER BY t.trunk_id
        """,
        tenant_id,
    )
    sources: dict[str, list[Source]] = defaultdict(list)
    for row in await conn.fetch(
        "SELECT trunk_id, network, ports FROM acd.trunk_source WHERE tenant_id = $1", tenant_id
    ):
        network = ipaddress.ip_network(str(row["network"]))
        first, last = row["ports"].lower, row["ports"].upper
        sources[row["trunk_id"]].append(Source(network, first if last == first + 1 else None))
    return [
        replace(_trunk(str(tenant_id), row), known_sources=tuple(sources[row["trunk_id"]]))
        for row in rows
    ]


def _ports(port: int | None) -> asyncpg.Range[int]:
    return asyncpg.Range(1, _MAX_PORT) if port is None else asyncpg.Range(port, port + 1)


def _settings(trunk: Trunk) -> dict[str, Any]:
    return {
        "transport": trunk.transport,
        "sources": list(trunk.sources),
        "username": trunk.username,
        "has_password": bool(trunk.password),
        "from_user": trunk.from_user,
        "from_domain": trunk.from_domain,
        "register_at": trunk.register_at,
        "max_channels": trunk.max_channels,
        "dtmf": trunk.dtmf,
        "qualify_s": trunk.qualify_s,
        "caller_id": trunk.caller_id,
        "inbound": trunk.inbound,
        "is_operators": trunk.is_operators,
    }


def _trunk(tenant: str, row: asyncpg.Record) -> Trunk:
    settings: dict[str, Any] = json.loads(row["settings"])
    return Trunk(
        tenant,
        row["trunk_id"],
        row["name"],
        row["host"],
        row["port"],
        tuple(row["codecs"]),
        transport=settings.get("transport", "udp"),
        sources=tuple(settings.get("sources", ())),
        username=settings.get("username", ""),
        password=row["password"],
        from_user=settings.get("from_user", ""),
        from_domain=settings.get("from_domain", ""),
        register_at=settings.get("register_at", False),
        max_channels=settings.get("max_channels"),
        dtmf=DtmfMode(settings.get("dtmf", DtmfMode.RFC4733)),
        qualify_s=settings.get("qualify_s", 0),
        caller_id=settings.get("caller_id", ""),
        is_enabled=row["is_enabled"],
        is_operators=settings.get("is_operators", False),
        inbound=TrunkInbound(settings.get("inbound", TrunkInbound.NONE)),
    )
