"""Merges: two records of one party become one, and what was done is kept to be undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.customer_files.merge import Side, merged
from ringway.crm_api.customer_files import changing, links
from ringway.crm_api.customer_files.merge_schemas import MergeBody, MergeView
from ringway.crm_api.customers import facts, service, store
from ringway.crm_api.customers import fields as known_fields
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.store import Customer, Number, Record
from ringway.crm_api.customers.words import MAX_NUMBERS, MAX_TAGS
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid, NotFound
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_COLUMNS = "merge_id, survivor_id, merged_id, merged_by, merged_at, undone_by, undone_at"
# Columns of crm.customer that a record does not have, and that go with the survivor's choice.
_ROW = "owner_id, owned_since, idle_since, batch_number, created_by, created_at, follow_up_at"


async def merge(deps: Deps, caller: Caller, survivor_id: UUID, wanted: MergeBody) -> MergeView:
    """Make one of two customers. The other's id leads to the survivor from then on.

    Raises:
        NotFound: The caller does not see one of them.
        PreconditionFailed: One of them was changed since it was read.
        Invalid: They are the same one.
    """
    tenant_id, now, by = caller.tenant_id, deps.now(), By.caller(caller)
    async with deps.pool.tenant(tenant_id) as conn:
        # Locked in the order of ids: two who merge the same pair the other way round wait.
        for each in sorted((survivor_id, wanted.merged_id)):
            await service.find(conn, caller, each, lock=True)
        survivor = await service.find(conn, caller, survivor_id)
        other = await service.find(conn, caller, wanted.merged_id)
        # An id may have led to somebody with whom he was merged before.
        survivor_id = survivor.customer_id
        if survivor_id == other.customer_id:
            raise Invalid("merge_same", "Name two different customers.")
        fields = await known_fields.of(conn, caller)
        service.check_version(survivor, wanted.survivor_version, fields, now.date())
        service.check_version(other, wanted.merged_version, fields, now.date())
        record = _merged(survivor, other, wanted.take)
        image = await _image(conn, tenant_id, survivor, other)
        image["moved"] = await _move_links(conn, tenant_id, other.customer_id, survivor_id)
        aliases = await conn.fetch(
            "UPDATE crm.customer_alias SET survivor_id = $3 "
            "WHERE tenant_id = $1 AND survivor_id = $2 RETURNING customer_id",
            tenant_id,
            other.customer_id,
            survivor_id,
        )
        image["aliases"] = [row["customer_id"] for row in aliases]
        await store.remove(conn, tenant_id=tenant_id, customer_id=other.customer_id, version=None)
        versions = await changing.change_many(
            conn, tenant_id=tenant_id, pairs=[(survivor, record)], by=by, now=now, act="merged"
        )
        if "owner_id" in wanted.take and other.owner_id != survivor.owner_id:
            await _set_owner(conn, tenant_id, survivor_id, other)
        await conn.execute(
            "INSERT INTO crm.customer_alias (tenant_id, customer_id, survivor_id) "
            "VALUES ($1, $2, $3)",
            tenant_id,
            other.customer_id,
            survivor_id,
        )
        row = await conn.fetchrow(
            f"""
            INSERT INTO crm.customer_merge (tenant_id, merge_id, survivor_id, merged_id,
                                            version_after, record, merged_by, merged_at)
            VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8) RETURNING {_COLUMNS}
            """,  # noqa: S608 - a constant
            tenant_id,
            uuid7(),
            survivor_id,
            other.customer_id,
            versions.get(survivor_id, survivor.version),
            orjson.dumps(image, default=str).decode(),
            caller.user_id,
            now,
        )
        assert row is not None
        await _tell(conn, caller, row, "customer.merged", deps)
        present = await store.get(conn, tenant_id=tenant_id, customer_id=survivor_id)
        assert present is not None
        await facts.tell(conn, caller.tenant, present, "changed", now)
        await facts.tell(conn, caller.tenant, other, "deleted", now)
    return MergeView(**row)


async def undo(deps: Deps, caller: Caller, merge_id: UUID) -> MergeView:
    """Make two customers again of one, as they were.

    Raises:
        NotFound: There is no such merge.
        Conflict: The survivor was changed since, or is gone.
    """
    tenant_id, now, by = caller.tenant_id, deps.now(), By.caller(caller)
    async with deps.pool.tenant(tenant_id) as conn:
        row = await conn.fetchrow(
            f"SELECT {_COLUMNS}, version_after, record FROM crm.customer_merge "  # noqa: S608
            "WHERE tenant_id = $1 AND merge_id = $2 FOR UPDATE",
            tenant_id,
            merge_id,
        )
        if row is None:
            raise NotFound("merge_not_found", f"There is no merge {merge_id}.")
        if row["undone_at"] is not None:
            return _view(row)
        survivor = await store.get(
            conn, tenant_id=tenant_id, customer_id=row["survivor_id"], lock=True
        )
        # He may be gone, or himself be merged with another by now.
        if survivor is None or survivor.version != row["version_after"]:
            raise Conflict(
                "merge_changed_since",
                "The customer was changed after the merge: make a second one by hand.",
            )
        image = orjson.loads(row["record"])
        before = changing.restored(image["survivor"])
        await changing.change_many(
            conn, tenant_id=tenant_id, pairs=[(survivor, before)], by=by, now=now, act="unmerged"
        )
        other_id: UUID = row["merged_id"]
        await conn.execute(
            "DELETE FROM crm.customer_alias WHERE tenant_id = $1 AND customer_id = $2",
            tenant_id,
            other_id,
        )
        other = changing.restored(image["merged"])
        await store.add_many(conn, tenant_id=tenant_id, records=[(other_id, other)], by=by, now=now)
        await conn.execute(
            "UPDATE crm.customer_alias SET survivor_id = $2 "
            "WHERE tenant_id = $1 AND customer_id = ANY ($3::uuid[])",
            tenant_id,
            other_id,
            [UUID(each) for each in image["aliases"]],
        )
        for customer_id, kept in ((other_id, "merged_row"), (survivor.customer_id, "survivor_row")):
            await _restore_row(conn, tenant_id, customer_id, image[kept])
        await _move_back(conn, tenant_id, other_id, row["survivor_id"], image)
        done = await conn.fetchrow(
            f"UPDATE crm.customer_merge SET undone_by = $3, undone_at = $4, record = '{{}}' "  # noqa: S608
            f"WHERE tenant_id = $1 AND merge_id = $2 RETURNING {_COLUMNS}",
            tenant_id,
            merge_id,
            caller.user_id,
            now,
        )
        assert done is not None
        await _tell(conn, caller, done, "customer.unmerged", deps)
        both = await store.get_many(
            conn, tenant_id=tenant_id, customer_ids=[other_id, survivor.customer_id]
        )
        for each in both:
            what = "created" if each.customer_id == other_id else "changed"
            await facts.tell(conn, caller.tenant, each, what, now)  # type: ignore[arg-type]
    return _view(done)


async def page(
    conn: Connection, *, tenant_id: UUID, before: UUID | None, limit: int
) -> list[MergeView]:
    """Return merges, newest first."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM crm.customer_merge "  # noqa: S608 - constants
        "WHERE tenant_id = $1 AND ($2::uuid IS NULL OR merge_id < $2) "
        "ORDER BY merge_id DESC LIMIT $3",
        tenant_id,
        before,
        limit,
    )
    return [_view(row) for row in rows]


def _merged(survivor: Customer, other: Customer, take: list[str]) -> Record:
    mine, theirs = _side(survivor), _side(other)
    after = merged(mine, theirs, frozenset(take))
    numbers = {n.phone_e164: n for n in (*other.numbers, *survivor.numbers)}
    if len(after.phones) > MAX_NUMBERS or len(after.tags) > MAX_TAGS or len(after.contacts) > 50:
        raise Invalid("merge_too_much", "Together they have too many numbers, tags or contacts.")
    primary = after.plain.pop("phone_e164")
    listed = [primary, *(each for each in after.phones if each != primary)]
    return replace(
        survivor.record(),
        **after.plain,
        numbers=tuple(
            Number(phone, numbers[phone].kind, is_primary=phone == primary) for phone in listed
        ),
        emails=after.emails[:10],
        tags=after.tags,
        contacts=after.contacts,
        data=dict(after.data),
    )


_PLAIN = (
    "phone_e164", "kind", "name", "title", "sex", "birth_date", "address", "language", "time_zone",
    "grade", "intent", "lead_status",
)  # fmt: skip


def _side(customer: Customer) -> Side:
    return Side(
        plain={name: getattr(customer, name) for name in _PLAIN},
        data=customer.data,
        phones=tuple(each.phone_e164 for each in customer.numbers),
        emails=customer.emails,
        tags=customer.tags,
        contacts=customer.contacts,
    )


async def _image(
    conn: Connection, tenant_id: UUID, survivor: Customer, other: Customer
) -> dict[str, Any]:
    image: dict[str, Any] = {
        "survivor": changing.kept(survivor.record()),
        "merged": changing.kept(other.record()),
    }
    for name, each in (("survivor_row", survivor), ("merged_row", other)):
        image[name] = orjson.loads(
            await conn.fetchval(
                f"SELECT to_jsonb(r) FROM (SELECT {_ROW} FROM crm.customer "  # noqa: S608
                "WHERE tenant_id = $1 AND customer_id = $2) r",
                tenant_id,
                each.customer_id,
            )
        )
    image["changes"] = orjson.loads(
        await conn.fetchval(
            "SELECT coalesce(jsonb_agg(to_jsonb(c) - 'tenant_id' - 'customer_id'), '[]') "
            "FROM crm.customer_change c WHERE tenant_id = $1 AND customer_id = $2",
            tenant_id,
            other.customer_id,
        )
    )
    return image


async def _move_links(
    conn: Connection, tenant_id: UUID, from_id: UUID, to_id: UUID
) -> dict[str, list[dict[str, Any]]]:
    """Let what refers to one customer refer to another; return the keys of what moved."""
    moved: dict[str, list[dict[str, Any]]] = {}
    for link in links.LINKS:
        rows = await links.move(conn, link, tenant_id=tenant_id, from_id=from_id, to_id=to_id)
        if rows:
            moved[link.table] = rows
    return moved


async def _move_back(
    conn: Connection, tenant_id: UUID, other_id: UUID, survivor_id: UUID, image: Mapping[str, Any]
) -> None:
    for link in links.LINKS:
        keys = image["moved"].get(link.table, [])
        if keys:
            await links.move_keys(
                conn, link, tenant_id=tenant_id, keys=keys, from_id=survivor_id, to_id=other_id
            )
    await conn.execute(
        """
        INSERT INTO crm.customer_change (tenant_id, customer_id, change_id, at, user_id, username,
                                         act, changes)
        SELECT $1, $2, c.change_id, c.at, c.user_id, c.username, c.act, c.changes
          FROM jsonb_populate_recordset(NULL::crm.customer_change, $3::jsonb) c
            ON CONFLICT DO NOTHING
        """,
        tenant_id,
        other_id,
        orjson.dumps(image["changes"]).decode(),
    )


async def _set_owner(conn: Connection, tenant_id: UUID, customer_id: UUID, other: Customer) -> None:
    await conn.execute(
        "UPDATE crm.customer SET owner_id = $3, owned_since = $4, idle_since = $4 "
        "WHERE tenant_id = $1 AND customer_id = $2",
        tenant_id,
        customer_id,
        other.owner_id,
        other.owned_since,
    )


async def _restore_row(
    conn: Connection, tenant_id: UUID, customer_id: UUID, row: Mapping[str, Any]
) -> None:
    await conn.execute(
        """
        UPDATE crm.customer c
           SET owner_id = r.owner_id, owned_since = r.owned_since, idle_since = r.idle_since,
               batch_number = r.batch_number, created_by = r.created_by,
               created_at = r.created_at, follow_up_at = r.follow_up_at
          FROM jsonb_populate_record(NULL::crm.customer, $3::jsonb) r
         WHERE c.tenant_id = $1 AND c.customer_id = $2
        """,
        tenant_id,
        customer_id,
        orjson.dumps(row).decode(),
    )


async def _tell(
    conn: Connection, caller: Caller, row: asyncpg.Record, action: str, deps: Deps
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="customer",
        object_id=row["survivor_id"],
        detail={"merge_id": row["merge_id"], "merged_id": row["merged_id"]},
    )


def _view(row: asyncpg.Record) -> MergeView:
    return MergeView(**{name: row[name] for name in MergeView.model_fields})
