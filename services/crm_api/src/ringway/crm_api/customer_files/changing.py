"""Many customers changed together: a few statements however many they are.

The caller owns the transaction, has locked the customers, and knows that the changer may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.customers import changes, store
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.store import Customer, Number, Record
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_UPDATE = """
    UPDATE crm.customer c SET
           phone_e164 = r.phone_e164, kind = r.kind, name = r.name, title = r.title, sex = r.sex,
           birth_date = r.birth_date, emails = r.emails, address = r.address,
           contacts = r.contacts, language = r.language, time_zone = r.time_zone, data = r.data,
           grade = r.grade, intent = r.intent, lead_status = r.lead_status, tags = r.tags,
           version = c.version + 1, updated_at = $3
      FROM jsonb_to_recordset($2::jsonb) AS r (
           customer_id uuid, phone_e164 text, kind text, name text, title text, sex text,
           birth_date date, emails text[], address jsonb, contacts jsonb, language text,
           time_zone text, data jsonb, grade text, intent text, lead_status text, tags text[])
     WHERE c.tenant_id = $1 AND c.customer_id = r.customer_id
    RETURNING c.customer_id, c.version
"""
_ADD_NUMBERS = """
    INSERT INTO crm.customer_number (tenant_id, phone_e164, customer_id, kind, is_primary, position)
    SELECT $1, n.phone_e164, n.customer_id, n.kind, n.is_primary, n.position
      FROM jsonb_to_recordset($2::jsonb) AS n (
           customer_id uuid, phone_e164 text, kind text, is_primary boolean, position smallint)
        ON CONFLICT (tenant_id, phone_e164, customer_id) DO UPDATE
           SET kind = excluded.kind, is_primary = excluded.is_primary,
               position = excluded.position
"""
_ADD_TAGS = """
    INSERT INTO crm.customer_tag (tenant_id, tag, customer_id)
    SELECT $1, t.tag, t.customer_id
      FROM jsonb_to_recordset($2::jsonb) AS t (customer_id uuid, tag text)
        ON CONFLICT DO NOTHING
"""
_ADD_CHANGES = """
    INSERT INTO crm.customer_change (tenant_id, customer_id, change_id, at, user_id, username,
                                     act, changes)
    SELECT $1, r.customer_id, r.change_id, $3, $4, $5, $6, r.changes
      FROM jsonb_to_recordset($2::jsonb) AS r (customer_id uuid, change_id uuid, changes jsonb)
"""
_RECORD = tuple(each.name for each in fields(Record))


async def change_many(
    conn: Connection,
    *,
    tenant_id: UUID,
    pairs: Sequence[tuple[Customer, Record]],
    by: By,
    now: datetime,
    act: str,
) -> dict[UUID, int]:
    """Replace what is written of customers and keep who changed what.

    Args:
        pairs: Customers as they are, and what is to be written of them.
        act: What the history calls it.

    Returns:
        The new versions of those that differ.
    """
    rows, told, renumbered, retagged = [], [], [], []
    for present, record in pairs:
        before = present.record()
        differences = changes.between(store.told(before), store.told(record))
        if not differences:
            continue
        rows.append({**_plain(record), "customer_id": present.customer_id})
        told.append(
            {
                "customer_id": present.customer_id,
                "change_id": uuid7(),
                "changes": differences,
            }
        )
        if before.leading() != record.leading():
            renumbered.append((present.customer_id, record))
        if before.tags != record.tags:
            retagged.append((present.customer_id, record))
    if not rows:
        return {}
    versions = await conn.fetch(_UPDATE, tenant_id, _json(rows), now)
    if renumbered:
        await _renumber(conn, tenant_id, renumbered)
    if retagged:
        await _retag(conn, tenant_id, retagged)
    await conn.execute(_ADD_CHANGES, tenant_id, _json(told), now, by.user_id, by.username, act)
    return {row["customer_id"]: row["version"] for row in versions}


async def _renumber(
    conn: Connection, tenant_id: UUID, records: Sequence[tuple[UUID, Record]]
) -> None:
    await conn.execute(
        "DELETE FROM crm.customer_number WHERE tenant_id = $1 AND customer_id = ANY ($2::uuid[])",
        tenant_id,
        [customer_id for customer_id, _ in records],
    )
    rows = [
        {**asdict(each), "customer_id": customer_id, "position": n}
        for customer_id, record in records
        for n, each in enumerate(record.leading())
    ]
    await conn.execute(_ADD_NUMBERS, tenant_id, _json(rows))


async def _retag(conn: Connection, tenant_id: UUID, records: Sequence[tuple[UUID, Record]]) -> None:
    await conn.execute(
        "DELETE FROM crm.customer_tag WHERE tenant_id = $1 AND customer_id = ANY ($2::uuid[])",
        tenant_id,
        [customer_id for customer_id, _ in records],
    )
    rows = [{"customer_id": each, "tag": tag} for each, record in records for tag in record.tags]
    await conn.execute(_ADD_TAGS, tenant_id, _json(rows))


def kept(record: Record) -> dict[str, Any]:
    """Return a record as it is kept to be put back; see :func:`restored`."""
    return {name: getattr(record, name) for name in _RECORD}


def restored(image: dict[str, Any]) -> Record:
    """Return the record of a kept image, also of one that an earlier release kept."""
    known = {name: value for name, value in image.items() if name in _RECORD}
    known["numbers"] = tuple(Number(**each) for each in known["numbers"])
    for name in ("emails", "contacts", "tags"):
        known[name] = tuple(known.get(name, ()))
    born = known.get("birth_date")
    known["birth_date"] = date.fromisoformat(born) if born else None
    return Record(**known)


def _plain(record: Record) -> dict[str, Any]:
    plain = {name: getattr(record, name) for name in _RECORD if name != "numbers"}
    return {**plain, "phone_e164": record.phone_e164}


def _json(rows: object) -> str:
    return orjson.dumps(rows, default=str).decode()
