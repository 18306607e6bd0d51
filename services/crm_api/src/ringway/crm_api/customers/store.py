"""Customers of a tenant: rows in and out. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.customers import changes
from ringway.crm_api.customers.changes import By
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

CONTACT = "contact"  # the kind of a number that is not his own, but leads to him


@dataclass(frozen=True, slots=True)
class Number:
    """One of the numbers of a customer."""

    phone_e164: str
    kind: str = ""
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """What people write of a customer. ``numbers``: his own, the primary one among them.

    ``contacts`` and ``address`` are as in the API; ``data`` has typed values by key.
    """

    numbers: tuple[Number, ...]
    kind: str = "person"
    name: str = ""
    title: str = ""
    sex: str | None = None
    birth_date: date | None = None
    emails: tuple[str, ...] = ()
    address: dict[str, str] = field(default_factory=dict)
    contacts: tuple[dict[str, Any], ...] = ()
    language: str = ""
    time_zone: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    grade: str | None = None
    intent: str = "unknown"
    lead_status: str = "new"
    tags: tuple[str, ...] = ()

    @property
    def phone_e164(self) -> str:
        """The primary number."""
        return next((each for each in self.numbers if each.is_primary), self.numbers[0]).phone_e164

    def leading(self) -> list[Number]:
        """Return every number that leads to him, each once, the primary one first."""
        found = {self.phone_e164: Number(self.phone_e164, is_primary=True)}
        for each in self.numbers:
            is_primary = each.phone_e164 == self.phone_e164
            found[each.phone_e164] = Number(each.phone_e164, each.kind, is_primary)
        for contact in self.contacts:
            phone = contact.get("phone_e164")
            if phone:
                found.setdefault(phone, Number(phone, CONTACT))
        return list(found.values())


@dataclass(frozen=True, slots=True)
class Customer:
    """One row of ``crm.customer`` with the numbers that belong to it."""

    customer_id: UUID
    kind: str
    name: str
    title: str
    sex: str | None
    birth_date: date | None
    phone_e164: str
    numbers: tuple[Number, ...]
    emails: tuple[str, ...]
    address: dict[str, str]
    contacts: tuple[dict[str, Any], ...]
    language: str
    time_zone: str
    data: dict[str, Any]
    owner_id: UUID | None
    owned_since: datetime | None
    grade: str | None
    intent: str
    lead_status: str
    tags: tuple[str, ...]
    follow_up_at: datetime | None
    followed_up_at: datetime | None
    batch_number: str | None
    version: int
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime

    def record(self) -> Record:
        """Return what people wrote of him."""
        return Record(**{each.name: getattr(self, each.name) for each in fields(Record)})


_PLAIN = tuple(each.name for each in fields(Customer) if each.name != "numbers")
# For ``FROM crm.customer c``.
COLUMNS = f"""
    {", ".join(f"c.{name}" for name in _PLAIN)},
    (SELECT jsonb_agg(jsonb_build_array(n.phone_e164, n.kind, n.is_primary) ORDER BY n.position)
       FROM crm.customer_number n
      WHERE n.tenant_id = c.tenant_id AND n.customer_id = c.customer_id
        AND n.kind <> 'contact') AS numbers
"""  # noqa: S608 - names of this file's fields
_WRITTEN = tuple(each.name for each in fields(Record) if each.name != "numbers")
_INSERT = """
    INSERT INTO crm.customer (
        tenant_id, customer_id, phone_e164, kind, name, title, sex, birth_date, emails, address,
        contacts, language, time_zone, data, grade, intent, lead_status, tags, owner_id,
        owned_since, idle_since, batch_number, created_by, created_at, updated_at)
    SELECT $1, r.customer_id, r.phone_e164, r.kind, r.name, r.title, r.sex, r.birth_date,
           r.emails, r.address, r.contacts, r.language, r.time_zone, r.data, r.grade, r.intent,
           r.lead_status, r.tags, $3::uuid, CASE WHEN $3 IS NOT NULL THEN $6::timestamptz END,
           CASE WHEN $3 IS NOT NULL THEN $6::timestamptz END, $4, $5::uuid, $6, $6
      FROM jsonb_to_recordset($2::jsonb) AS r (
           customer_id uuid, phone_e164 text, kind text, name text, title text, sex text,
           birth_date date, emails text[], address jsonb, contacts jsonb, language text,
           time_zone text, data jsonb, grade text, intent text, lead_status text, tags text[])
"""
_UPDATE = """
    UPDATE crm.customer c SET
           phone_e164 = r.phone_e164, kind = r.kind, name = r.name, title = r.title, sex = r.sex,
           birth_date = r.birth_date, emails = r.emails, address = r.address,
           contacts = r.contacts, language = r.language, time_zone = r.time_zone, data = r.data,
           grade = r.grade, intent = r.intent, lead_status = r.lead_status, tags = r.tags,
           version = c.version + 1, updated_at = $3
      FROM jsonb_to_record($2::jsonb) AS r (
           customer_id uuid, phone_e164 text, kind text, name text, title text, sex text,
           birth_date date, emails text[], address jsonb, contacts jsonb, language text,
           time_zone text, data jsonb, grade text, intent text, lead_status text, tags text[])
     WHERE c.tenant_id = $1 AND c.customer_id = r.customer_id
"""
# The primary ones are there: crm.customer brings them.
_ADD_NUMBERS = """
    INSERT INTO crm.customer_number (tenant_id, phone_e164, customer_id, kind, is_primary, position)
    SELECT $1, n.phone_e164, n.customer_id, n.kind, n.is_primary, n.position
      FROM jsonb_to_recordset($2::jsonb) AS n (
           customer_id uuid, phone_e164 text, kind text, is_primary boolean, position smallint)
        ON CONFLICT (tenant_id, phone_e164, customer_id) DO UPDATE
           SET kind = excluded.kind, is_primary = excluded.is_primary,
               position = excluded.position
"""


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    customer_id: UUID,
    record: Record,
    by: By,
    now: datetime,
    owner_id: UUID | None = None,
) -> Customer:
    """Create a customer. Without an owner he lies in the public pool."""
    await add_many(
        conn,
        tenant_id=tenant_id,
        records=[(customer_id, record)],
        by=by,
        now=now,
        owner_id=owner_id,
    )
    made = await get(conn, tenant_id=tenant_id, customer_id=customer_id)
    assert made is not None
    return made


async def add_many(
    conn: Connection,
    *,
    tenant_id: UUID,
    records: Sequence[tuple[UUID, Record]],
    by: By,
    now: datetime,
    owner_id: UUID | None = None,
    batch_number: str | None = None,
) -> None:
    """Create customers under ids that are new, in two statements however many they are.

    Row-level security knows no COPY: the rows go as one JSON parameter.
    """
    rows = [_row(customer_id, record) for customer_id, record in records]
    await conn.execute(_INSERT, tenant_id, _json(rows), owner_id, batch_number, by.user_id, now)
    more = [row for customer_id, record in records for row in _further(customer_id, record)]
    if more:
        await conn.execute(_ADD_NUMBERS, tenant_id, _json(more))
    tagged = [(customer_id, tag) for customer_id, record in records for tag in record.tags]
    if tagged:
        await _add_tags(conn, tenant_id, tagged)


async def get(
    conn: Connection, *, tenant_id: UUID, customer_id: UUID, lock: bool = False
) -> Customer | None:
    """Return one customer; with ``lock`` nobody else changes him until the transaction ends."""
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM crm.customer c "  # noqa: S608 - constants
        f"WHERE c.tenant_id = $1 AND c.customer_id = $2{' FOR UPDATE OF c' if lock else ''}",
        tenant_id,
        customer_id,
    )
    return customer_of(row) if row is not None else None


async def get_many(
    conn: Connection, *, tenant_id: UUID, customer_ids: Sequence[UUID], lock: bool = False
) -> list[Customer]:
    """Return those of these customers that exist, by id; with ``lock`` as for :func:`get`."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM crm.customer c "  # noqa: S608 - constants
        "WHERE c.tenant_id = $1 AND c.customer_id = ANY ($2::uuid[]) ORDER BY c.customer_id"
        f"{' FOR UPDATE OF c' if lock else ''}",
        tenant_id,
        list(customer_ids),
    )
    return [customer_of(row) for row in rows]


async def change(
    conn: Connection,
    *,
    tenant_id: UUID,
    present: Customer,
    record: Record,
    by: By,
    now: datetime,
    act: str = "changed",
) -> Customer:
    """Replace what is written of a customer and keep who changed what.

    Args:
        present: As it was read in this transaction with ``lock``.
        act: What the history calls it.
    """
    customer_id = present.customer_id
    before = present.record()
    differences = changes.between(told(before), told(record))
    if not differences:
        return present
    await conn.execute(_UPDATE, tenant_id, _json(_row(customer_id, record)), now)
    if before.leading() != record.leading():
        await replace_numbers(conn, tenant_id=tenant_id, customer_id=customer_id, record=record)
    if before.tags != record.tags:
        await conn.execute(
            "DELETE FROM crm.customer_tag WHERE tenant_id = $1 AND customer_id = $2",
            tenant_id,
            customer_id,
        )
        await _add_tags(conn, tenant_id, [(customer_id, tag) for tag in record.tags])
    await changes.add(
        conn,
        tenant_id=tenant_id,
        customer_id=customer_id,
        by=by,
        now=now,
        act=act,
        differences=differences,
    )
    changed = await get(conn, tenant_id=tenant_id, customer_id=customer_id)
    assert changed is not None
    return changed


async def replace_numbers(
    conn: Connection, *, tenant_id: UUID, customer_id: UUID, record: Record
) -> None:
    """Let exactly the numbers of ``record`` lead to a customer; his row names the primary one."""
    await conn.execute(
        "DELETE FROM crm.customer_number WHERE tenant_id = $1 AND customer_id = $2",
        tenant_id,
        customer_id,
    )
    rows = _numbers(customer_id, record)
    await conn.execute(_ADD_NUMBERS, tenant_id, _json(rows))


async def remove(
    conn: Connection, *, tenant_id: UUID, customer_id: UUID, version: int | None
) -> bool:
    """Delete a customer with all that is kept of him; whether there was one at ``version``."""
    gone = await conn.fetchval(
        "DELETE FROM crm.customer WHERE tenant_id = $1 AND customer_id = $2 "
        "AND ($3::integer IS NULL OR version = $3) RETURNING true",
        tenant_id,
        customer_id,
        version,
    )
    return bool(gone)


def told(record: Record) -> dict[str, Any]:
    """Return a record as the history of changes tells it, own fields one by one."""
    plain = {name: getattr(record, name) for name in _WRITTEN if name != "data"}
    numbers = [asdict(each) for each in record.leading() if each.kind != CONTACT]
    return {**plain, "numbers": numbers, **{f"data.{k}": v for k, v in record.data.items()}}


def customer_of(row: asyncpg.Record) -> Customer:
    """Return the customer in a row of ``COLUMNS``; other columns of the row are ignored."""
    values = {name: row[name] for name in _PLAIN}
    for name in ("address", "contacts", "data"):
        values[name] = orjson.loads(values[name])
    for name in ("contacts", "emails", "tags"):
        values[name] = tuple(values[name])
    numbers = orjson.loads(row["numbers"] or "[]")
    return Customer(**values, numbers=tuple(Number(*each) for each in numbers))


def new_id() -> UUID:
    """Return the id of a new customer: ids are in the order of their making."""
    return uuid7()


async def _add_tags(conn: Connection, tenant_id: UUID, tagged: Sequence[tuple[UUID, str]]) -> None:
    await conn.execute(
        """
        INSERT INTO crm.customer_tag (tenant_id, tag, customer_id)
        SELECT $1, t.tag, t.customer_id FROM unnest($2::uuid[], $3::text[]) AS t (customer_id, tag)
            ON CONFLICT DO NOTHING
        """,
        tenant_id,
        [customer_id for customer_id, _ in tagged],
        [tag for _, tag in tagged],
    )


def _row(customer_id: UUID, record: Record) -> dict[str, Any]:
    plain = {name: getattr(record, name) for name in _WRITTEN}
    return {**plain, "customer_id": customer_id, "phone_e164": record.phone_e164}


def _numbers(customer_id: UUID, record: Record) -> list[dict[str, Any]]:
    return [
        {**asdict(each), "customer_id": customer_id, "position": n}
        for n, each in enumerate(record.leading())
    ]


def _further(customer_id: UUID, record: Record) -> list[dict[str, Any]]:
    rows = _numbers(customer_id, record)
    # A primary number without a kind is as the row of the customer has brought it.
    return rows if rows[0]["kind"] else rows[1:]


def _json(rows: object) -> str:
    return orjson.dumps(rows, default=str).decode()  # asyncpg has UUIDs of its own
