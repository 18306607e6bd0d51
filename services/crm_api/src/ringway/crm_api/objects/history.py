"""Who changed what, field by field (R25): of records, and of anything else that has such fields.

Whoever writes the values notes the change in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.access import Caller
from ringway.crm_api.core.objects.values import changed
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Change:
    """One save. ``changes`` are old and new value by key; None is empty."""

    version: int
    act: str
    changes: dict[str, tuple[Any, Any]]
    changed_by: UUID
    changed_by_name: str
    changed_at: datetime


async def add(
    conn: Connection,
    *,
    caller: Caller,
    now: datetime,
    object_id: UUID | None,
    record_id: UUID,
    version: int,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> None:
    """Note what a save has changed; ``before`` None: it is new."""
    await conn.execute(
        """
        INSERT INTO crm.record_change (tenant_id, record_id, version, object_id, act, changes,
                                       changed_by, changed_by_name, changed_at)
        VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9)
        """,
        caller.tenant_id,
        record_id,
        version,
        object_id,
        "created" if before is None else "changed",
        orjson.dumps(changed(before or {}, after)).decode(),
        caller.user_id,
        caller.username,
        now,
    )


async def page(
    conn: Connection, *, tenant_id: UUID, record_id: UUID, before: int | None, limit: int
) -> list[Change]:
    """Return changes of one thing, newest first. Fields are still to be hidden."""
    rows = await conn.fetch(
        """
        SELECT version, act, changes, changed_by, changed_by_name, changed_at FROM crm.record_change
         WHERE tenant_id = $1 AND record_id = $2 AND ($3::integer IS NULL OR version < $3)
         ORDER BY version DESC LIMIT $4
        """,
        tenant_id,
        record_id,
        before,
        limit,
    )
    return [Change(**{**row, "changes": orjson.loads(row["changes"])}) for row in rows]
