"""Which forms pop for whom (R23, R29): work-order objects by campaign, queue or service number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from ringway.runtime.postgres import Connection

_COLUMNS = "binding_id, target, target_id, object_ids, version, created_at, updated_at"


class BoundTo(StrEnum):
    """What a binding is to. The first that fits an interaction counts, in this order."""

    CAMPAIGN = "campaign"
    QUEUE = "queue"
    NUMBER = "number"  # the service number, in E.164
    DEFAULT = "default"


class TargetBound(Exception):
    """Another binding is to the same target."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One row of ``crm.object_binding``. The first object is what pops."""

    binding_id: UUID
    target: str
    target_id: str
    object_ids: list[UUID]
    version: int
    created_at: datetime
    updated_at: datetime


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    binding_id: UUID,
    target: BoundTo,
    target_id: str,
    object_ids: list[UUID],
    now: datetime,
) -> Binding:
    """Create or change a binding. Raises TargetBound."""
    try:
        row = await conn.fetchrow(
            f"""
            INSERT INTO crm.object_binding AS b (tenant_id, binding_id, target, target_id,
                                                 object_ids, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $6)
            ON CONFLICT (tenant_id, binding_id) DO UPDATE SET
                target = excluded.target, target_id = excluded.target_id,
                object_ids = excluded.object_ids, version = b.version + 1,
                updated_at = excluded.updated_at
            RETURNING {_COLUMNS}
            """,  # noqa: S608 - a constant
            tenant_id,
            binding_id,
            target,
            target_id,
            object_ids,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise TargetBound from error
    assert row is not None
    return Binding(**row)


async def get(
    conn: Connection, *, tenant_id: UUID, binding_id: UUID, for_update: bool = False
) -> Binding | None:
    """Return one binding."""
    lock = "FOR UPDATE" if for_update else ""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.object_binding "  # noqa: S608 - constants
        f"WHERE tenant_id = $1 AND binding_id = $2 {lock}",
        tenant_id,
        binding_id,
    )
    return Binding(**row) if row is not None else None


async def page(
    conn: Connection, *, tenant_id: UUID, after: UUID | None, limit: int
) -> list[Binding]:
    """Return bindings, oldest first."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.object_binding "  # noqa: S608 - constants
        "WHERE tenant_id = $1 AND ($2::uuid IS NULL OR binding_id > $2) "
        "ORDER BY binding_id LIMIT $3",
        tenant_id,
        after,
        limit,
    )
    return [Binding(**row) for row in rows]


async def remove(conn: Connection, *, tenant_id: UUID, binding_id: UUID) -> None:
    """Remove a binding."""
    await conn.execute(
        "DELETE FROM crm.object_binding WHERE tenant_id = $1 AND binding_id = $2",
        tenant_id,
        binding_id,
    )


async def resolve(
    conn: Connection, *, tenant_id: UUID, targets: dict[BoundTo, str]
) -> Binding | None:
    """Return the binding that counts for an interaction with these targets."""
    wanted = {**targets, BoundTo.DEFAULT: ""}
    row = await conn.fetchrow(
        f"""
        SELECT {_COLUMNS} FROM crm.object_binding b
          JOIN unnest($2::text[], $3::text[]) AS w (target, target_id) USING (target, target_id)
         WHERE b.tenant_id = $1
         ORDER BY array_position(ARRAY['campaign', 'queue', 'number', 'default'], b.target) LIMIT 1
        """,  # noqa: S608 - a constant
        tenant_id,
        list(wanted),
        list(wanted.values()),
    )
    return Binding(**row) if row is not None else None
