"""SQL of what tenants configure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway.runtime.postgres import Connection


class StoredOtherwise(Exception):
    """Another version is stored than the one that the change was made from."""


@dataclass(frozen=True, slots=True)
class Row:
    """One configured object as it is stored."""

    kind: str
    object_id: str
    version: int
    changed_at: datetime
    body: dict[str, Any]


_PUT = """
    INSERT INTO acd.config AS c (tenant_id, kind, object_id, version, body, changed_at)
    VALUES ($1, $2, $3, $4, $5::jsonb, $6)
    ON CONFLICT (tenant_id, kind, object_id) DO UPDATE
       SET version = excluded.version, body = excluded.body, changed_at = excluded.changed_at
     WHERE c.version = excluded.version - 1
    RETURNING version
"""
_DELETE = """
    DELETE FROM acd.config
     WHERE tenant_id = $1 AND kind = $2 AND object_id = $3 AND version = $4
    RETURNING version
"""


async def load(conn: Connection, *, tenant: str) -> Sequence[Row]:
    """Return every object of one tenant."""
    rows = await conn.fetch(
        "SELECT kind, object_id, version, changed_at, body FROM acd.config WHERE tenant_id = $1",
        UUID(tenant),
    )
    return [Row(**{**row, "body": json.loads(row["body"])}) for row in rows]


async def put(conn: Connection, *, tenant: str, row: Row) -> None:
    """Insert an object of version 1, or replace the version before the row's.

    Raises:
        StoredOtherwise: Another version is stored.
    """
    put = await conn.fetchval(
        _PUT,
        UUID(tenant),
        row.kind,
        row.object_id,
        row.version,
        json.dumps(row.body),
        row.changed_at,
    )
    if put is None:
        raise StoredOtherwise(f"{row.kind} {row.object_id}")


async def delete(conn: Connection, *, tenant: str, kind: str, object_id: str, version: int) -> None:
    """Delete one version of an object.

    Raises:
        StoredOtherwise: Another version is stored, or none.
    """
    gone = await conn.fetchval(_DELETE, UUID(tenant), kind, object_id, version)
    if gone is None:
        raise StoredOtherwise(f"{kind} {object_id}")
