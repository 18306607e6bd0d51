"""Definitions of objects for whoever works with their values: by id, or by what they are for.

Other areas ask here, and nowhere else, which own fields their rows have::

    customer = await catalogue.customer(conn, tenant_id=tenant_id)   # None: no own fields
    checked = values.check(customer.definition, wanted, role=role_of(caller), old=row.data)

What comes back never belongs to another tenant. Definitions are immutable: one of an id and a
version is parsed once in a process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.access import Caller
from ringway.crm_api.core.objects.definition import Definition, Field, Kind
from ringway.crm_api.core.objects.pairs import Pair, name_of
from ringway.runtime.postgres import Connection

# Rights may name it beside roles: what self-service by phone looks up and hears.
IVR_ROLE = "ivr"
COLUMNS = """
    o.tenant_id, o.object_id, o.version, o.definition, o.archived_at, o.created_at, o.updated_at,
    ARRAY(SELECT k.key || ' ' || k.key_column FROM crm.data_object_key k
           WHERE k.tenant_id = o.tenant_id AND k.object_id = o.object_id AND k.state = 'ready'
             AND k.key_column !~ '^u') AS columns
"""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a tenant as it is now. Archived ones take no new values.

    ``columns`` are the key columns that hold its indexed fields, by their keys, and its pairs, by
    their names; an index that is still being built is not among them.
    """

    tenant_id: UUID
    object_id: UUID
    version: int
    definition: Definition
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
    columns: Mapping[str, str]

    def pair(self, by: Field, order: Field, value: object) -> Pair | None:
        """Return the pair of a list whose rows have ``value`` in ``by``; None: it has none yet."""
        column = self.columns.get(name_of(by, order))
        return Pair(column, by, order, value) if column is not None else None


async def get(
    conn: Connection, *, tenant_id: UUID, object_id: UUID, kind: Kind | None = None
) -> StoredObject | None:
    """Return one object, archived or not; None when there is none, or it is not a ``kind``."""
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM crm.data_object o WHERE o.tenant_id = $1 AND o.object_id = $2 "  # noqa: S608 - constants
        "AND ($3::text IS NULL OR o.kind = $3)",
        tenant_id,
        object_id,
        kind,
    )
    return stored_object(row) if row is not None else None


async def customer(conn: Connection, *, tenant_id: UUID) -> StoredObject | None:
    """Return the object that describes the own fields of customers; None: there is none."""
    found = await of_kind(conn, tenant_id=tenant_id, kind=Kind.CUSTOMER)
    return found[0] if found else None


async def of_kind(conn: Connection, *, tenant_id: UUID, kind: Kind) -> Sequence[StoredObject]:
    """Return the objects of a kind that are not archived, oldest first."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM crm.data_object o "  # noqa: S608 - constants
        "WHERE o.tenant_id = $1 AND o.kind = $2 AND o.archived_at IS NULL ORDER BY o.object_id",
        tenant_id,
        kind,
    )
    return [stored_object(row) for row in rows]


def role_of(caller: Caller) -> str:
    """Return the key of the caller's role as rights name it: his own role's, or the shipped one's.

    An own role is not the role that it was made from: what agents may see, people with a role
    made from ``agent`` see when it is named as well.
    """
    return caller.own_role or caller.role.value


def fields_seen(definition: Definition, caller: Caller) -> list[Field]:
    """Return the fields whose values the caller may see: to show, filter, sort, export by."""
    return definition.readable(role_of(caller))


def field_seen(definition: Definition, caller: Caller, key: str) -> Field | None:
    """Return a field that the caller may see; None also when it exists and is hidden."""
    return next((each for each in fields_seen(definition, caller) if each.key == key), None)


def may(definition: Definition, caller: Caller, act: str) -> bool:
    """Return whether the object's own rights let the caller create, read, change or delete."""
    return definition.rights.allows(act, role_of(caller))


def stored_object(row: asyncpg.Record) -> StoredObject:
    """Return the object in a row of :data:`COLUMNS`."""
    definition = _parsed(row["object_id"], row["version"], row["definition"])
    columns = dict(each.split(" ") for each in row["columns"])
    return StoredObject(**{**row, "definition": definition, "columns": columns})


@lru_cache(maxsize=500)
def _parsed(object_id: UUID, version: int, text: str) -> Definition:
    return Definition.model_validate(orjson.loads(text))
