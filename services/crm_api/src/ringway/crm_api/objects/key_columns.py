"""Key columns of indexed fields: which field has which, and the work that fills old rows.

Nothing here is DDL and nothing blocks writers: a key column exists in every row already. To index
a field is to note it (a trigger fills the column in rows that are written from then on), to wait
until every transaction has ended that may have missed the note, and to touch the old rows in small
batches. Until then lists use the expression that the column holds.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from ringway.crm_api.core.objects.definition import KINDS_ELSEWHERE, Definition
from ringway.crm_api.core.objects.evolution import COLUMNS, KeyColumn, key_columns
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import Connection, Pool

_log = logging.getLogger("ringway.crm_api.objects")

_BATCH = 1_000  # rows of one transaction
_EVERY_S = 1.0
# Somebody else holds the rows; what was touched in this batch is touched again.
_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.QueryCanceledError, TimeoutError)
_ID = {"record": "record_id", "customer": "customer_id", "work_order": "work_order_id"}


@dataclass(frozen=True, slots=True)
class Index:
    """One key column of an object as it is; ``key`` of a field, or a pair's name."""

    key: str
    column: str
    state: str
    failure: str


async def of_object(conn: Connection, *, tenant_id: UUID, object_id: UUID) -> list[Index]:
    """Return the key columns of an object."""
    rows = await conn.fetch(
        "SELECT key, key_column AS column, state, failure FROM crm.data_object_key "
        "WHERE tenant_id = $1 AND object_id = $2 ORDER BY key, key_column",
        tenant_id,
        object_id,
    )
    return [Index(**row) for row in rows]


async def arrange(
    conn: Connection, *, tenant_id: UUID, object_id: UUID, version: int, definition: Definition
) -> None:
    """Give each indexed field of a definition its key column; begin again those that failed."""
    present = await of_object(conn, tenant_id=tenant_id, object_id=object_id)
    add, drop = key_columns(definition, [KeyColumn(each.key, each.column) for each in present])
    failed = [each.column for each in present if each.state == "failed"]
    await conn.execute(
        "DELETE FROM crm.data_object_key "
        "WHERE tenant_id = $1 AND object_id = $2 AND key_column = ANY($3)",
        tenant_id,
        object_id,
        [each.column for each in drop],
    )
    table = definition.kind.value if definition.kind in KINDS_ELSEWHERE else "record"
    await conn.executemany(
        """
        INSERT INTO crm.data_object_key (tenant_id, object_id, key, key_column, table_name, state,
                                         salt)
        VALUES ($1, $2, $3, $4, $5, 'building', $6)
        """,
        [(tenant_id, object_id, e.key, e.column, table, str(version)) for e in add],
    )
    await conn.execute(
        """
        UPDATE crm.data_object_key SET state = 'building', failure = '', since = NULL,
               done_until = NULL, salt = $4
         WHERE tenant_id = $1 AND object_id = $2 AND key_column = ANY($3) AND state = 'failed'
        """,
        tenant_id,
        object_id,
        failed,
        str(version),
    )
    await _publish(conn, tenant_id, object_id)


async def give_up(conn: Connection, *, tenant_id: UUID, object_id: UUID) -> None:
    """Take the key columns of an object away: another may have them."""
    await conn.execute(
        "DELETE FROM crm.data_object_key WHERE tenant_id = $1 AND object_id = $2",
        tenant_id,
        object_id,
    )
    await _publish(conn, tenant_id, object_id)


async def _publish(conn: Connection, tenant_id: UUID, object_id: UUID) -> None:
    """Say to the trigger which key is in which column. One that failed is in none."""
    await conn.execute(
        """
        UPDATE crm.data_object SET keys = (
            SELECT CASE WHEN count(k.key) > 0 THEN array_agg(
                       CASE WHEN c.name LIKE 'u%' THEN k.salt || ':' || k.key ELSE k.key END
                       ORDER BY c.place) END
              FROM unnest($3::text[]) WITH ORDINALITY AS c (name, place)
              LEFT JOIN crm.data_object_key k
                ON k.tenant_id = $1 AND k.object_id = $2 AND k.key_column = c.name
               AND k.state <> 'failed')
         WHERE tenant_id = $1 AND object_id = $2
        """,
        tenant_id,
        object_id,
        [name for letter in "tnup" for name in COLUMNS[letter]],
    )


async def build(pool: Pool) -> None:
    """Fill the key columns of all tenants, for ever; several replicas share the work."""
    while True:
        try:
            while await build_some(pool):
                pass
        except PostgresDown as error:
            _log.debug("Building indexes waits.", extra={"reason": str(error)})
        await asyncio.sleep(_EVERY_S)


async def build_some(pool: Pool) -> bool:
    """Do one batch for each tenant that has work; return whether rows were touched."""
    async with pool.platform() as conn:
        rows = await conn.fetch("SELECT crm.tenants_building_keys() AS tenant_id")
    has_touched = False
    for row in rows:
        has_touched |= await _build_of(pool, row["tenant_id"])
    return has_touched


class _Taken(Exception):
    """Two rows of an object have one value of a unique field."""

    def __init__(self, object_id: UUID, column: str) -> None:
        super().__init__(f"{object_id} {column}")
        self.object_id = object_id
        self.column = column


async def _build_of(pool: Pool, tenant_id: UUID) -> bool:
    try:
        try:
            async with pool.tenant(tenant_id) as conn:
                return await _batch(conn, tenant_id)
        except _Taken as taken:
            async with pool.tenant(tenant_id) as conn:
                await _fail(conn, tenant_id, taken)
            _log.info("An index failed.", extra={"tenant": str(tenant_id), "index": str(taken)})
            return True
    except _AGAIN as error:
        _log.debug("Building an index waits.", extra={"reason": repr(error)})
        return False


async def _fail(conn: Connection, tenant_id: UUID, taken: _Taken) -> None:
    # The object first, as whoever changes it does.
    await conn.execute(
        "SELECT FROM crm.data_object WHERE tenant_id = $1 AND object_id = $2 FOR UPDATE",
        tenant_id,
        taken.object_id,
    )
    await conn.execute(
        """
        UPDATE crm.data_object_key SET state = 'failed',
               failure = 'Two records have one value. Change one, then save the object.'
         WHERE tenant_id = $1 AND object_id = $2 AND key_column = $3 AND state = 'building'
        """,
        tenant_id,
        taken.object_id,
        taken.column,
    )
    await _publish(conn, tenant_id, taken.object_id)


async def _batch(conn: Connection, tenant_id: UUID) -> bool:
    """Touch the next rows of one object. All its columns that are being built go together."""
    first = await conn.fetchrow(
        """
        SELECT object_id, table_name FROM crm.data_object_key
         WHERE tenant_id = $1 AND state = 'building'
         ORDER BY object_id, key_column LIMIT 1 FOR UPDATE SKIP LOCKED
        """,
        tenant_id,
    )
    if first is None:
        return False
    object_id, table = first["object_id"], first["table_name"]
    # Whoever writes from here on has seen the notes; those before have transactions below xmax.
    await conn.execute(
        """
        UPDATE crm.data_object_key
           SET since = pg_snapshot_xmax(pg_current_snapshot())::text::bigint
         WHERE tenant_id = $1 AND object_id = $2 AND state = 'building' AND since IS NULL
        """,
        tenant_id,
        object_id,
    )
    keys = await conn.fetchrow(
        """
        SELECT array_agg(key_column) AS columns,
               min(coalesce(done_until, $3)::text)::uuid AS done_until,
               max(since) <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS may_begin
          FROM crm.data_object_key
         WHERE tenant_id = $1 AND object_id = $2 AND state = 'building'
        """,
        tenant_id,
        object_id,
        UUID(int=0),
    )
    assert keys is not None
    if not keys["may_begin"]:
        return False
    try:
        last = await _touch(conn, tenant_id, object_id, table, keys["done_until"])
    except asyncpg.UniqueViolationError as error:
        column = (error.constraint_name or "").rpartition("_")[2]
        raise _Taken(object_id, column) from error
    await conn.execute(
        """
        UPDATE crm.data_object_key SET done_until = coalesce($4, done_until),
               state = CASE WHEN $4::uuid IS NULL THEN 'ready' ELSE state END
         WHERE tenant_id = $1 AND object_id = $2 AND key_column = ANY($3)
        """,
        tenant_id,
        object_id,
        keys["columns"],
        last,
    )
    return True


async def _touch(
    conn: Connection, tenant_id: UUID, object_id: UUID, table: str, after: UUID
) -> UUID | None:
    """Write rows as they are, so that the trigger fills their columns; return the last's id."""
    row_id = _ID[table]
    of_object = "" if table == "customer" else "AND t.object_id = $4"
    arguments: list[object] = [
        tenant_id,
        after,
        _BATCH,
        *([] if table == "customer" else [object_id]),
    ]
    last: UUID | None = await conn.fetchval(
        f"""
        SELECT {row_id} FROM (
            SELECT t.{row_id} FROM crm.{table} t
             WHERE t.tenant_id = $1 AND t.{row_id} > $2 {of_object}
             ORDER BY t.{row_id} LIMIT $3) AS due
         ORDER BY {row_id} DESC LIMIT 1
        """,  # noqa: S608 - constants
        *arguments,
    )
    if last is not None:
        # A range, which is read from the primary key whatever the statistics say.
        arguments[2] = last
        await conn.execute(
            f"""
            UPDATE crm.{table} t SET data = t.data
             WHERE t.tenant_id = $1 AND t.{row_id} > $2 AND t.{row_id} <= $3 {of_object}
            """,  # noqa: S608 - constants
            *arguments,
        )
    return last
