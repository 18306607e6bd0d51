"""Who changed which field of a customer's record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.access import Caller
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

Differences = dict[str, tuple[Any, Any]]  # before and after, by field


@dataclass(frozen=True, slots=True)
class By:
    """Who does it. Nobody's id: the system by a rule, which ``username`` names."""

    user_id: UUID | None
    username: str

    @classmethod
    def caller(cls, caller: Caller) -> By:
        """Return the caller as the one who does it."""
        return cls(caller.user_id, caller.username)


@dataclass(frozen=True, slots=True)
class Change:
    """One row of ``crm.customer_change``. ``changes``: before and after, by field."""

    change_id: UUID
    at: datetime
    user_id: UUID | None
    username: str
    act: str
    changes: dict[str, tuple[Any, Any]]


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Differences:
    """Return the fields whose values differ. What is not there is None."""
    names = {**before, **after}
    return {
        name: (before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    }


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    customer_id: UUID,
    by: By,
    now: datetime,
    act: str,
    differences: Differences,
) -> None:
    """Keep a change of one customer."""
    await conn.execute(
        """
        INSERT INTO crm.customer_change (tenant_id, customer_id, change_id, at, user_id, username,
                                         act, changes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb)
        """,
        tenant_id,
        customer_id,
        uuid7(),
        now,
        by.user_id,
        by.username,
        act,
        orjson.dumps(differences, default=str).decode(),
    )


async def page(
    conn: Connection, *, tenant_id: UUID, customer_id: UUID, before: UUID | None, limit: int
) -> list[Change]:
    """Return the changes of a customer, newest first."""
    rows = await conn.fetch(
        """
        SELECT change_id, at, user_id, username, act, changes FROM crm.customer_change
         WHERE tenant_id = $1 AND customer_id = $2 AND ($3::uuid IS NULL OR change_id < $3)
         ORDER BY change_id DESC LIMIT $4
        """,
        tenant_id,
        customer_id,
        before,
        limit,
    )
    return [Change(**{**row, "changes": orjson.loads(row["changes"])}) for row in rows]
