"""Objects of a tenant and their versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.core.objects.definition import Definition, Kind
from ringway.crm_api.objects.catalogue import COLUMNS, StoredObject, stored_object
from ringway.runtime.postgres import Connection


class NameTaken(Exception):
    """Another object of the tenant has this name."""


class CustomerObjectExists(Exception):
    """The tenant's customers have their fields already."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object."""

    version: int
    definition: Definition
    changed_by: UUID
    changed_at: datetime


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    object_id: UUID,
    definition: Definition,
    shapes: Mapping[str, Any],
    by: UUID,
    now: datetime,
) -> int:
    """Create or change an object and return its version.

    Raises:
        NameTaken, CustomerObjectExists: Nothing was written; the transaction has failed.
    """
    text = orjson.dumps(definition.model_dump(mode="json")).decode()
    try:
        version: int = await conn.fetchval(
            """
            INSERT INTO crm.data_object AS o (tenant_id, object_id, kind, name, definition, shapes,
                                              created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $7)
            ON CONFLICT (tenant_id, object_id) DO UPDATE SET
                name = excluded.name, definition = excluded.definition, shapes = excluded.shapes,
                version = o.version + 1, updated_at = excluded.updated_at
            RETURNING version
            """,
            tenant_id,
            object_id,
            definition.kind,
            definition.name,
            text,
            orjson.dumps(dict(shapes)).decode(),
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise _taken(error) from error
    await conn.execute(
        """
        INSERT INTO crm.data_object_version (tenant_id, object_id, version, definition, changed_by,
                                             changed_at)
        VALUES ($1, $2, $3, $4::jsonb, $5, $6)
        """,
        tenant_id,
        object_id,
        version,
        text,
        by,
        now,
    )
    return version


async def lock(conn: Connection, *, tenant_id: UUID, object_id: UUID) -> StoredObject | None:
    """Return an object that nobody else changes until the transaction ends."""
    await conn.execute(
        "SELECT FROM crm.data_object WHERE tenant_id = $1 AND object_id = $2 FOR UPDATE",
        tenant_id,
        object_id,
    )
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM crm.data_object o WHERE o.tenant_id = $1 AND o.object_id = $2",  # noqa: S608 - constants
        tenant_id,
        object_id,
    )
    return stored_object(row) if row is not None else None


async def keep_shapes(conn: Connection, *, object_id: UUID) -> None:
    """Let no key become another type until the transaction ends: a record is being made."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock_shared(hashtext('crm.data_object'), hashtext($1))",
        str(object_id),
    )


async def wait_for_records(conn: Connection, *, object_id: UUID) -> None:
    """Wait for records that are being made, and let nobody make one until the transaction ends."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtext('crm.data_object'), hashtext($1))", str(object_id)
    )


async def shapes_of(conn: Connection, *, tenant_id: UUID, object_id: UUID) -> dict[str, Any]:
    """Return what every key that the object ever had holds."""
    text = await conn.fetchval(
        "SELECT shapes FROM crm.data_object WHERE tenant_id = $1 AND object_id = $2",
        tenant_id,
        object_id,
    )
    found: dict[str, Any] = orjson.loads(text)
    return found


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    kind: Kind | None,
    is_archived: bool | None,
    after: UUID | None,
    limit: int,
) -> list[StoredObject]:
    """Return objects, oldest first."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM crm.data_object o
         WHERE o.tenant_id = $1 AND ($2::text IS NULL OR o.kind = $2)
           AND ($3::boolean IS NULL OR (o.archived_at IS NOT NULL) = $3)
           AND ($4::uuid IS NULL OR o.object_id > $4)
         ORDER BY o.object_id LIMIT $5
        """,  # noqa: S608 - constants
        tenant_id,
        kind,
        is_archived,
        after,
        limit,
    )
    return [stored_object(row) for row in rows]


async def count(conn: Connection, *, tenant_id: UUID) -> int:
    """Return how many objects a tenant has, archived ones as well."""
    found: int = await conn.fetchval(
        "SELECT count(*) FROM crm.data_object WHERE tenant_id = $1", tenant_id
    )
    return found


async def set_archived(
    conn: Connection, *, tenant_id: UUID, object_id: UUID, at: datetime | None, now: datetime
) -> None:
    """Archive an object, or bring it back. Raises NameTaken, CustomerObjectExists."""
    try:
        await conn.execute(
            "UPDATE crm.data_object SET archived_at = $3, updated_at = $4 "
            "WHERE tenant_id = $1 AND object_id = $2",
            tenant_id,
            object_id,
            at,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise _taken(error) from error


async def versions(
    conn: Connection, *, tenant_id: UUID, object_id: UUID, before: int | None, limit: int
) -> list[Version]:
    """Return versions of an object, newest first."""
    rows = await conn.fetch(
        """
        SELECT version, definition, changed_by, changed_at FROM crm.data_object_version
         WHERE tenant_id = $1 AND object_id = $2 AND ($3::integer IS NULL OR version < $3)
         ORDER BY version DESC LIMIT $4
        """,
        tenant_id,
        object_id,
        before,
        limit,
    )
    return [_version(row) for row in rows]


async def version(
    conn: Connection, *, tenant_id: UUID, object_id: UUID, number: int
) -> Version | None:
    """Return one version of an object."""
    found = await versions(
        conn, tenant_id=tenant_id, object_id=object_id, before=number + 1, limit=1
    )
    return found[0] if found and found[0].version == number else None


async def known_of(conn: Connection, *, tenant_id: UUID, object_ids: list[UUID]) -> dict[UUID, str]:
    """Return the kinds of those of ``object_ids`` that are there and not archived."""
    rows = await conn.fetch(
        "SELECT object_id, kind FROM crm.data_object "
        "WHERE tenant_id = $1 AND object_id = ANY($2) AND archived_at IS NULL",
        tenant_id,
        object_ids,
    )
    return {row["object_id"]: row["kind"] for row in rows}


def _taken(error: asyncpg.UniqueViolationError) -> Exception:
    is_customer = error.constraint_name == "data_object_customer"
    return CustomerObjectExists() if is_customer else NameTaken()


def _version(row: asyncpg.Record) -> Version:
    definition = Definition.model_validate(orjson.loads(row["definition"]))
    return Version(**{**row, "definition": definition})
