"""Trunks, from the view that the ACD publishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Trunk:
    """One row of ``acd.trunk_v``."""

    trunk_id: UUID
    name: str
    host: str
    port: int
    codecs: list[str]
    changed_at: datetime

    @property
    def endpoint(self) -> str:
        """The name of its endpoint in Asterisk."""
        return f"trunk-{self.trunk_id}"


async def get(conn: Connection, *, tenant_id: UUID, trunk_id: UUID) -> Trunk | None:
    """Return one trunk."""
    row = await conn.fetchrow(
        "SELECT trunk_id, name, host, port, codecs, changed_at FROM acd.trunk_v "
        "WHERE tenant_id = $1 AND trunk_id = $2",
        tenant_id,
        str(trunk_id),
    )
    return _trunk(row) if row is not None else None


async def page(conn: Connection, *, tenant_id: UUID, after: str | None, limit: int) -> list[Trunk]:
    """Return trunks by id."""
    rows = await conn.fetch(
        "SELECT trunk_id, name, host, port, codecs, changed_at FROM acd.trunk_v "
        "WHERE tenant_id = $1 AND ($2::text IS NULL OR trunk_id > $2) ORDER BY trunk_id LIMIT $3",
        tenant_id,
        after,
        limit,
    )
    return [_trunk(row) for row in rows]


def _trunk(row: asyncpg.Record) -> Trunk:
    return Trunk(**{**row, "trunk_id": UUID(row["trunk_id"])})
