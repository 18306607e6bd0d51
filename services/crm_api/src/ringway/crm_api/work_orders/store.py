"""Work orders and their history in PostgreSQL. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.core.work_orders.design import StepKind
from ringway.crm_api.core.work_orders.history import Changes
from ringway.crm_api.core.work_orders.model import State
from ringway.crm_api.core.work_orders.records import clocks_from
from ringway.crm_api.work_orders.reach import Reach
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Order:
    """One row of ``crm.work_order``."""

    work_order_id: UUID
    number: str
    business_type_id: UUID
    kind: str
    design_id: UUID
    design_version: int
    step: str
    step_kind: str
    step_since: datetime
    title: str
    description: str
    priority: int
    source: str
    customer_id: UUID | None
    customer_name: str
    phone_e164: str | None
    interaction_id: UUID | None
    assignee_id: UUID | None
    team_id: UUID | None
    created_by: UUID | None
    participant_ids: list[UUID]
    object_id: UUID | None
    data: dict[str, Any]
    promises: dict[str, Any]
    milestones: list[str]
    times_reopened: int
    response_due_at: datetime | None
    responded_at: datetime | None
    response_breached_at: datetime | None
    resolution_due_at: datetime | None
    resolved_at: datetime | None
    resolution_breached_at: datetime | None
    version: int
    entries: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None

    @property
    def state(self) -> State:
        """What the machine decides on."""
        return State(
            step=self.step,
            kind=StepKind(self.step_kind),
            step_since=self.step_since,
            created_by=self.created_by,
            design_version=self.design_version,
            assignee_id=self.assignee_id,
            team_id=self.team_id,
            priority=self.priority,
            clocks=clocks_from(self.promises),
            milestones=tuple(self.milestones),
            times_reopened=self.times_reopened,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of ``crm.work_order_entry``: who did what, and what it changed."""

    seq: int
    version: int
    at: datetime
    actor_id: UUID | None
    actor: str
    action: str
    detail: dict[str, Any]
    changes: Changes


_JSON = frozenset({"data", "promises"})
_NAMES = tuple(field.name for field in fields(Order))
COLUMNS = ", ".join(_NAMES)
QUALIFIED = ", ".join(f"o.{name}" for name in _NAMES)
_PLACES = ", ".join(
    f"${n + 2}{'::jsonb' if name in _JSON else ''}" for n, name in enumerate(_NAMES)
)
_ADD = f"INSERT INTO crm.work_order (tenant_id, {COLUMNS}) VALUES ($1, {_PLACES})"  # noqa: S608 - names in this file
_SAVE = f"""
    UPDATE crm.work_order SET ({COLUMNS}) = ROW ({_PLACES})
     WHERE tenant_id = $1 AND work_order_id = $2
"""  # noqa: S608 - names in this file


async def next_number(conn: Connection, *, tenant_id: UUID) -> str:
    """Return the number of the tenant's next order. It is used up, whatever becomes of it."""
    number = await conn.fetchval(
        "UPDATE crm.work_order_setup SET last_number = last_number + 1 WHERE tenant_id = $1 "
        "RETURNING last_number",
        tenant_id,
    )
    return f"W{number:06}"


async def add(conn: Connection, *, tenant_id: UUID, order: Order) -> None:
    """Store a new order."""
    await conn.execute(_ADD, tenant_id, *_values(order))


async def save(conn: Connection, *, tenant_id: UUID, order: Order) -> None:
    """Store an order that this transaction has locked."""
    await conn.execute(_SAVE, tenant_id, *_values(order))


async def concerning(
    conn: Connection, *, reach: Reach, work_order_id: UUID, lock: bool = False
) -> Order | None:
    """Return one order that concerns somebody; ``lock`` lets nobody else change it meanwhile."""
    row = await conn.fetchrow(
        f"""
        SELECT {QUALIFIED} FROM crm.work_order o
         WHERE o.tenant_id = $1 AND o.work_order_id = $2 AND o.deleted_at IS NULL
           AND {reach.condition("$3::uuid", "$4::uuid[]")}
           {"FOR UPDATE OF o" if lock else ""}
        """,  # noqa: S608 - names of columns and a constant
        *(reach.tenant_id, work_order_id, reach.user_id, reach.team_ids),
    )
    return order_of(row) if row is not None else None


async def add_entry(
    conn: Connection, *, tenant_id: UUID, work_order_id: UUID, entry: Entry
) -> None:
    """Add to an order's history."""
    await conn.execute(
        """
        INSERT INTO crm.work_order_entry (tenant_id, work_order_id, seq, version, at, actor_id,
                                          actor, action, detail, changes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10::jsonb)
        """,
        *(tenant_id, work_order_id, entry.seq, entry.version, entry.at, entry.actor_id),
        *(entry.actor, entry.action, _json(entry.detail), _json(entry.changes)),
    )


async def entries(
    conn: Connection, *, tenant_id: UUID, work_order_id: UUID, after: int, limit: int
) -> list[Entry]:
    """Return an order's history from its beginning, after ``after``."""
    rows = await conn.fetch(
        """
        SELECT seq, version, at, actor_id, actor, action, detail, changes
          FROM crm.work_order_entry
         WHERE tenant_id = $1 AND work_order_id = $2 AND seq > $3 ORDER BY seq LIMIT $4
        """,
        *(tenant_id, work_order_id, after, limit),
    )
    return [entry_of(row) for row in rows]


async def entry_changes(
    conn: Connection, *, tenant_id: UUID, work_order_id: UUID, version: int
) -> list[Changes]:
    """Return what made an order what it was at ``version``."""
    rows = await conn.fetch(
        "SELECT changes FROM crm.work_order_entry WHERE tenant_id = $1 AND work_order_id = $2 "
        "AND version <= $3 ORDER BY seq",
        *(tenant_id, work_order_id, version),
    )
    return [_pairs(orjson.loads(row["changes"])) for row in rows]


def order_of(row: asyncpg.Record) -> Order:
    """Return the order in a row of :data:`COLUMNS`."""
    return Order(**{name: _loaded(name, row[name]) for name in _NAMES})


def entry_of(row: asyncpg.Record) -> Entry:
    """Return the entry in a row."""
    detail, changed = orjson.loads(row["detail"]), orjson.loads(row["changes"])
    return Entry(**{**row, "detail": detail, "changes": _pairs(changed)})


def _pairs(changed: Mapping[str, Sequence[Any]]) -> Changes:
    return {key: (old, new) for key, (old, new) in changed.items()}


def _loaded(name: str, value: Any) -> Any:
    return orjson.loads(value) if name in _JSON else value


def _values(order: Order) -> list[Any]:
    return [
        _json(value) if name in _JSON else value
        for name, value in ((name, getattr(order, name)) for name in _NAMES)
    ]


def _json(value: object) -> str:
    return orjson.dumps(value, default=str).decode()
