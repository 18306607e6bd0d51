"""Records of objects, what was changed of them, and their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.core.objects.definition import ReferenceTarget
from ringway.crm_api.core.objects.filters import Condition
from ringway.crm_api.objects.catalogue import StoredObject
from ringway.crm_api.objects.record_query import Order, Place, key_of, page_of
from ringway.runtime.postgres import Connection

# Of transactions with lists. One that reads too many records is given up, and each is planned for
# its own values.
LIST_SETTINGS = {"statement_timeout": "8000", "plan_cache_mode": "force_custom_plan"}
_COLUMNS = (
    "r.record_id, r.object_id, r.data, r.version, r.interaction_id, r.created_by, r.created_at, "
    "r.updated_by, r.updated_at"
)


class ValueTaken(Exception):
    """Another record has this value of a unique field. ``key`` is the field's."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class TooSlow(Exception):
    """A list was given up: it reads too many records."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row of ``crm.record``."""

    record_id: UUID
    object_id: UUID
    data: dict[str, Any]
    version: int
    interaction_id: UUID | None
    created_by: UUID
    created_at: datetime
    updated_by: UUID
    updated_at: datetime


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    object_id: UUID,
    record_id: UUID,
    data: Mapping[str, Any],
    interaction_id: UUID | None,
    by: UUID,
    now: datetime,
) -> Record:
    """Create a record, in a savepoint: when it raises, the transaction goes on.

    Raises:
        ValueTaken: Of a unique field.
    """
    try:
        async with conn.transaction():
            row = await conn.fetchrow(
                f"""
                INSERT INTO crm.record AS r (tenant_id, object_id, record_id, data, interaction_id,
                                             created_by, created_at, updated_by, updated_at)
                VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $6, $7) RETURNING {_COLUMNS}
                """,  # noqa: S608 - a constant
                tenant_id,
                object_id,
                record_id,
                orjson.dumps(dict(data)).decode(),
                interaction_id,
                by,
                now,
            )
    except asyncpg.UniqueViolationError as error:
        raise await _taken(conn, tenant_id, object_id, error) from error
    assert row is not None
    return _record(row)


async def get(
    conn: Connection,
    *,
    tenant_id: UUID,
    object_id: UUID,
    record_id: UUID,
    for_update: bool = False,
) -> Record | None:
    """Return one record."""
    lock = "FOR UPDATE" if for_update else ""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.record r "  # noqa: S608 - constants
        f"WHERE r.tenant_id = $1 AND r.object_id = $2 AND r.record_id = $3 {lock}",
        tenant_id,
        object_id,
        record_id,
    )
    return _record(row) if row is not None else None


async def change(
    conn: Connection,
    *,
    tenant_id: UUID,
    object_id: UUID,
    record_id: UUID,
    data: Mapping[str, Any],
    by: UUID,
    now: datetime,
) -> Record:
    """Write the values of a record that the caller has locked. Raises ValueTaken."""
    try:
        async with conn.transaction():
            row = await conn.fetchrow(
                f"""
                UPDATE crm.record r SET data = $4::jsonb, version = version + 1, updated_by = $5,
                       updated_at = $6
                 WHERE tenant_id = $1 AND object_id = $2 AND record_id = $3
                RETURNING {_COLUMNS}
                """,  # noqa: S608 - a constant
                tenant_id,
                object_id,
                record_id,
                orjson.dumps(dict(data)).decode(),
                by,
                now,
            )
    except asyncpg.UniqueViolationError as error:
        raise await _taken(conn, tenant_id, object_id, error) from error
    assert row is not None
    return _record(row)


async def remove(conn: Connection, *, tenant_id: UUID, object_id: UUID, record_id: UUID) -> None:
    """Delete a record with its files and what is known of its changes."""
    await conn.execute(
        "DELETE FROM crm.record_file WHERE tenant_id = $1 AND record_id = $2", tenant_id, record_id
    )
    await conn.execute(
        "DELETE FROM crm.record_change WHERE tenant_id = $1 AND record_id = $2",
        tenant_id,
        record_id,
    )
    await conn.execute(
        "DELETE FROM crm.attached_data WHERE tenant_id = $1 AND object_id = $2 AND record_id = $3",
        tenant_id,
        object_id,
        record_id,
    )
    await conn.execute(
        "DELETE FROM crm.record WHERE tenant_id = $1 AND object_id = $2 AND record_id = $3",
        tenant_id,
        object_id,
        record_id,
    )


async def page(
    conn: Connection,
    *,
    found: StoredObject,
    wanted: Sequence[Condition],
    interaction_id: UUID | None,
    order: Order,
    after: Place | None,
    limit: int,
) -> list[tuple[Record, Place]]:
    """Return records of an object, each with its place in the order. Raises TooSlow."""
    parameters: list[Any] = [found.tenant_id, found.object_id, interaction_id]
    rest = page_of(wanted, order, after, found, parameters)
    key = key_of(order.field, found.columns) if order.field is not None else "NULL"
    parameters.append(limit)
    statement = f"""
        SELECT {_COLUMNS}, {key} AS sort_key FROM crm.record r
         WHERE r.tenant_id = $1 AND r.object_id = $2
           AND ($3::uuid IS NULL OR r.interaction_id = $3) {rest} LIMIT ${len(parameters)}
        """  # noqa: S608 - constants and checked keys; see record_query
    try:
        rows = await conn.fetch(statement, *parameters)
    except asyncpg.QueryCanceledError as error:
        raise TooSlow from error
    return [(_record(row), Place(row["sort_key"], row["record_id"])) for row in rows]


async def has_records(conn: Connection, *, tenant_id: UUID, object_id: UUID) -> bool:
    """Return whether an object has any record."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM crm.record WHERE tenant_id = $1 AND object_id = $2)",
        tenant_id,
        object_id,
    )
    return found


_KNOWN = {
    ReferenceTarget.CUSTOMER: "SELECT customer_id FROM crm.customer WHERE tenant_id = $1 "
    "AND customer_id = ANY($2::uuid[]) AND $3::uuid IS NULL",
    ReferenceTarget.USER: "SELECT user_id FROM crm.user_account WHERE tenant_id = $1 "
    "AND user_id = ANY($2::uuid[]) AND $3::uuid IS NULL",
    ReferenceTarget.WORK_ORDER: "SELECT work_order_id FROM crm.work_order WHERE tenant_id = $1 "
    "AND work_order_id = ANY($2::uuid[]) AND $3::uuid IS NULL",
    ReferenceTarget.OBJECT: "SELECT record_id FROM crm.record WHERE tenant_id = $1 "
    "AND record_id = ANY($2::uuid[]) AND object_id = $3",
}


async def is_known(
    conn: Connection,
    *,
    tenant_id: UUID,
    target: ReferenceTarget,
    object_id: UUID | None,
    an_id: UUID,
) -> bool:
    """Return whether what a reference points to is there."""
    return bool(await conn.fetch(_KNOWN[target], tenant_id, [an_id], object_id))


async def attach(
    conn: Connection,
    *,
    tenant_id: UUID,
    interaction_id: UUID,
    record: Record,
    by: str,
    now: datetime,
) -> None:
    """Let a record's values travel with an interaction; of one object the last counts."""
    await conn.execute(
        """
        INSERT INTO crm.attached_data (tenant_id, interaction_id, object_id, record_id, data,
                                       attached_by, attached_at)
        VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7)
        ON CONFLICT (tenant_id, interaction_id, object_id) DO UPDATE SET
            record_id = excluded.record_id, data = excluded.data,
            attached_by = excluded.attached_by, attached_at = excluded.attached_at
        """,
        tenant_id,
        interaction_id,
        record.object_id,
        record.record_id,
        orjson.dumps(record.data).decode(),
        by,
        now,
    )


@dataclass(frozen=True, slots=True)
class Attached:
    """What travels with an interaction: values of one record as they were."""

    object_id: UUID
    record_id: UUID
    data: dict[str, Any]
    attached_by: str
    attached_at: datetime


async def attached(conn: Connection, *, tenant_id: UUID, interaction_id: UUID) -> list[Attached]:
    """Return what travels with an interaction."""
    rows = await conn.fetch(
        "SELECT object_id, record_id, data, attached_by, attached_at FROM crm.attached_data "
        "WHERE tenant_id = $1 AND interaction_id = $2 ORDER BY attached_at, object_id",
        tenant_id,
        interaction_id,
    )
    return [Attached(**{**row, "data": orjson.loads(row["data"])}) for row in rows]


async def _taken(
    conn: Connection, tenant_id: UUID, object_id: UUID, error: asyncpg.UniqueViolationError
) -> Exception:
    """Return which field's value is taken; the column's index bears its name."""
    column = (error.constraint_name or "").rpartition("_")[2]
    key = await conn.fetchval(
        "SELECT key FROM crm.data_object_key "
        "WHERE tenant_id = $1 AND object_id = $2 AND key_column = $3",
        tenant_id,
        object_id,
        column,
    )
    return ValueTaken(key) if key is not None else error


def _record(row: asyncpg.Record) -> Record:
    fields = {key: row[key] for key in Record.__slots__}
    return Record(**{**fields, "data": orjson.loads(row["data"])})
