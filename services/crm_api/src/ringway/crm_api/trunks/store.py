"""Trunks, from the view that the ACD publishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.proto.acd import DtmfMode, TrunkInbound
from ringway.runtime.postgres import Connection

_WITHDRAWN = """
    SELECT t.name FROM dialer.campaign_v c
      JOIN acd.trunk_v t ON t.tenant_id = c.tenant_id AND t.trunk_id = c.spec ->> 'trunk_id'
     WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND NOT t.is_enabled
       AND t.settings @> '{"is_operators": true}'
"""
_COLUMNS = "trunk_id, name, host, port, codecs, is_enabled, settings, changed_at"


@dataclass(frozen=True, slots=True)
class Trunk:
    """One row of ``acd.trunk_v``."""

    trunk_id: UUID
    name: str
    host: str
    port: int
    codecs: list[str]
    transport: str
    sources: list[str]
    username: str
    has_password: bool
    register_at: bool
    from_user: str
    from_domain: str
    max_channels: int | None
    dtmf: DtmfMode
    qualify_s: int
    caller_id: str
    enabled: bool
    inbound: TrunkInbound
    is_operators: bool
    changed_at: datetime

    @property
    def endpoint(self) -> str:
        """The name of its endpoint in Asterisk."""
        return f"trunk-{self.trunk_id}"


async def get(conn: Connection, *, tenant_id: UUID, trunk_id: UUID) -> Trunk | None:
    """Return one trunk."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM acd.trunk_v WHERE tenant_id = $1 AND trunk_id = $2",  # noqa: S608
        tenant_id,
        str(trunk_id),
    )
    return _trunk(row) if row is not None else None


async def page(conn: Connection, *, tenant_id: UUID, after: str | None, limit: int) -> list[Trunk]:
    """Return trunks by id."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM acd.trunk_v "  # noqa: S608
        "WHERE tenant_id = $1 AND ($2::text IS NULL OR trunk_id > $2) ORDER BY trunk_id LIMIT $3",
        tenant_id,
        after,
        limit,
    )
    return [_trunk(row) for row in rows]


async def campaign_using(conn: Connection, *, tenant_id: UUID, trunk_id: UUID) -> str | None:
    """Return the name of a campaign that is not over and calls by the trunk."""
    name: str | None = await conn.fetchval(
        "SELECT name FROM dialer.campaign_v WHERE tenant_id = $1 AND spec ->> 'trunk_id' = $2 "
        "AND state NOT IN ('stopped', 'finished') ORDER BY campaign_id LIMIT 1",
        tenant_id,
        str(trunk_id),
    )
    return name


async def withdrawn_from(conn: Connection, *, tenant_id: UUID, campaign_id: UUID) -> str | None:
    """Return the name of a campaign's trunk when the operator lends it no longer."""
    name: str | None = await conn.fetchval(_WITHDRAWN, tenant_id, str(campaign_id))
    return name


def _trunk(row: asyncpg.Record) -> Trunk:
    settings: dict[str, Any] = orjson.loads(row["settings"])
    return Trunk(
        trunk_id=UUID(row["trunk_id"]),
        name=row["name"],
        host=row["host"],
        port=row["port"],
        codecs=row["codecs"],
        transport=settings.get("transport", "udp"),
        sources=settings.get("sources", []),
        username=settings.get("username", ""),
        has_password=settings.get("has_password", False),
        register_at=settings.get("register_at", False),
        from_user=settings.get("from_user", ""),
        from_domain=settings.get("from_domain", ""),
        max_channels=settings.get("max_channels"),
        dtmf=DtmfMode(settings.get("dtmf", DtmfMode.RFC4733)),
        qualify_s=settings.get("qualify_s", 0),
        caller_id=settings.get("caller_id", ""),
        enabled=row["is_enabled"],
        inbound=TrunkInbound(settings.get("inbound", TrunkInbound.NONE)),
        is_operators=settings.get("is_operators", False),
        changed_at=row["changed_at"],
    )
