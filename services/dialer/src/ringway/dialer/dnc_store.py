"""Numbers that are not called, in PostgreSQL. The caller owns the transaction.

Lists of a tenant or campaign are kept entry by entry, with who, why and until when. A national
list is a file of up to hundreds of millions of numbers: it is loaded beside the one that counts
and takes its place at one moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ringway.dialer import law_store
from ringway.proto.dialer_law import DncRow, DncScope
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

# Where numbers go when nobody names a list: every tenant has it from the first number on.
OWN_LIST = "own"


class ListMissing(Exception):
    """There is no such list."""


class ListInvalid(Exception):
    """The list is of another scope than this needs; the argument says which it has."""


class ListInUse(Exception):
    """A campaign names the list; the argument is the campaign's id."""


class EntryMissing(Exception):
    """The number is not in the list."""


class LoadOver(Exception):
    """The file has been replaced or cancelled."""


_LIST = "SELECT scope FROM dialer.dnc_list WHERE tenant_id = $1 AND list_id = $2 FOR SHARE"
_PUT_LIST = """
    INSERT INTO dialer.dnc_list (tenant_id, list_id, name, scope) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, list_id) DO UPDATE SET name = excluded.name, changed_at = now()
     WHERE dnc_list.scope = excluded.scope
    RETURNING scope
"""
_OWN_LIST = """
    INSERT INTO dialer.dnc_list (tenant_id, list_id, name, scope)
    VALUES ($1, $2, 'Do not call', 'tenant') ON CONFLICT DO NOTHING
"""
_NAMED_BY = """
    SELECT campaign_id FROM dialer.campaign
     WHERE tenant_id = $1 AND spec -> 'dnc_list_ids' ? $2 AND removed_at IS NULL LIMIT 1
"""
_MISSING = """
    SELECT wanted FROM unnest($2::text[]) AS wanted
     WHERE NOT EXISTS (SELECT FROM dialer.dnc_list
                        WHERE tenant_id = $1 AND list_id = wanted AND scope <> 'national')
     LIMIT 1
"""
_ADD = """
    INSERT INTO dialer.dnc_entry
           (tenant_id, phone_e164, list_id, source, reason, added_by, expires_at)
    SELECT $1, r.phone_e164, $2, $3, r.reason, $4, r.expires_at
      FROM unnest($5::text[], $6::text[], $7::timestamptz[]) AS r (phone_e164, reason, expires_at)
    ON CONFLICT (tenant_id, phone_e164, list_id) DO UPDATE
       SET source = excluded.source, reason = excluded.reason, added_by = excluded.added_by,
           expires_at = excluded.expires_at
    RETURNING phone_e164, reason, (xmax = 0) AS is_new
"""
_NOTE = """
    INSERT INTO dialer.dnc_change
           (tenant_id, change_id, list_id, action, phone_e164, numbers, source, reason, done_by)
    SELECT $1, r.change_id, $2, $3, r.phone_e164, $7, $4, r.reason, $5
      FROM unnest($6::uuid[], $8::text[], $9::text[]) AS r (change_id, phone_e164, reason)
"""
_REMOVE = """
    DELETE FROM dialer.dnc_entry WHERE tenant_id = $1 AND list_id = $2 AND phone_e164 = $3
"""
_OPEN_LOAD = """
    INSERT INTO dialer.dnc_load (tenant_id, list_id, load_id) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING
"""
_LOAD = """
    SELECT load_no, state, numbers FROM dialer.dnc_load
     WHERE tenant_id = $1 AND list_id = $2 AND load_id = $3
"""
_LOAD_NUMBERS = """
    INSERT INTO dialer.dnc_number (tenant_id, load_no, number)
    SELECT $1, $2, n FROM unnest($3::bigint[]) AS n ON CONFLICT DO NOTHING
"""
_COUNT = "SELECT count(*) FROM dialer.dnc_number WHERE tenant_id = $1 AND load_no = $2"
_END_LOADS = """
    UPDATE dialer.dnc_load SET state = 'over', ended_at = now()
     WHERE tenant_id = $1 AND list_id = $2 AND state = 'counts' AND load_no <> $3
"""
_END_LOAD = """
    UPDATE dialer.dnc_load SET state = $3, numbers = $4, ended_at = now()
     WHERE tenant_id = $1 AND load_no = $2
"""
_REPLACE = """
    UPDATE dialer.dnc_list
       SET load_no = $3, numbers = $4, source = $5, loaded_at = now(), changed_at = now()
     WHERE tenant_id = $1 AND list_id = $2
"""


async def put_list(
    conn: Connection, *, tenant_id: UUID, list_id: str, name: str, scope: DncScope
) -> None:
    """Create or rename a list.

    Raises:
        ListInvalid: It exists with another scope.
    """
    if await conn.fetchval(_PUT_LIST, tenant_id, list_id, name, scope.value) is None:
        raise ListInvalid(await conn.fetchval(_LIST, tenant_id, list_id))


async def delete_list(conn: Connection, *, tenant_id: UUID, list_id: str, by: str = "") -> None:
    """Delete a list and its numbers. Raises ListMissing, ListInUse."""
    await _scope(conn, tenant_id, list_id)
    campaign_id = await conn.fetchval(_NAMED_BY, tenant_id, list_id)
    if campaign_id is not None:
        raise ListInUse(campaign_id)
    gone = await conn.fetch(
        "DELETE FROM dialer.dnc_entry WHERE tenant_id = $1 AND list_id = $2 RETURNING phone_e164",
        tenant_id,
        list_id,
    )
    await conn.execute(
        "UPDATE dialer.dnc_load SET state = 'over', ended_at = now()"
        " WHERE tenant_id = $1 AND list_id = $2",
        tenant_id,
        list_id,
    )
    await conn.execute(
        "DELETE FROM dialer.dnc_list WHERE tenant_id = $1 AND list_id = $2", tenant_id, list_id
    )
    await _note(conn, tenant_id, list_id, "deleted", by=by, numbers=len(gone))
    await law_store.judge_numbers_again(
        conn, tenant_id=tenant_id, numbers=[r["phone_e164"] for r in gone]
    )


async def missing_list(conn: Connection, *, tenant_id: UUID, list_ids: Sequence[str]) -> str | None:
    """Return one of these lists that a campaign cannot name, or None."""
    missing: str | None = await conn.fetchval(_MISSING, tenant_id, list(list_ids))
    return missing


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    list_id: str,
    rows: Sequence[DncRow],
    source: str,
    by: str = "",
) -> int:
    """Add numbers, or change their reason and expiry; return how many are new.

    Raises:
        ListMissing: There is no such list. OWN_LIST is made when it is first needed.
        ListInvalid: It is a national one.
    """
    if list_id == OWN_LIST:
        await conn.execute(_OWN_LIST, tenant_id, OWN_LIST)
    await _scope(conn, tenant_id, list_id, is_national=False)
    last = {row.phone_e164: row for row in rows}
    # In one order, so that two who add the same numbers wait for each other and never in a ring.
    ordered = [last[number] for number in sorted(last)]
    added = await conn.fetch(
        _ADD,
        tenant_id,
        list_id,
        source,
        by,
        [r.phone_e164 for r in ordered],
        [r.reason for r in ordered],
        [r.expires_at for r in ordered],
    )
    new = [r for r in added if r["is_new"]]
    numbers = [r["phone_e164"] for r in new]
    await _note(
        conn, tenant_id, list_id, "added", source=source, by=by, phones=numbers,
        reasons=[r["reason"] for r in new],
    )  # fmt: skip
    return len(new)


async def remove(
    conn: Connection, *, tenant_id: UUID, list_id: str, phone_e164: str, reason: str, by: str
) -> None:
    """Take a number out; leads that were closed for it are judged again.

    Raises:
        ListMissing, ListInvalid: As for ``add``.
        EntryMissing: The number is not in it.
    """
    await _scope(conn, tenant_id, list_id, is_national=False)
    if (await conn.execute(_REMOVE, tenant_id, list_id, phone_e164)).endswith(" 0"):
        raise EntryMissing(phone_e164)
    await _note(conn, tenant_id, list_id, "removed", by=by, phones=[phone_e164], reasons=[reason])
    await law_store.judge_numbers_again(conn, tenant_id=tenant_id, numbers=[phone_e164])


async def load(
    conn: Connection, *, tenant_id: UUID, list_id: str, load_id: str, numbers: Sequence[str]
) -> None:
    """Keep a part of a file beside what counts now. Raises ListMissing, ListInvalid, LoadOver."""
    await _scope(conn, tenant_id, list_id, is_national=True)
    await conn.execute(_OPEN_LOAD, tenant_id, list_id, load_id)
    row = await conn.fetchrow(_LOAD + " FOR SHARE", tenant_id, list_id, load_id)
    assert row is not None
    if row["state"] != "open":
        raise LoadOver(load_id)
    digits = sorted({int(number[1:]) for number in numbers})
    await conn.execute(_LOAD_NUMBERS, tenant_id, row["load_no"], digits)


async def finish_load(
    conn: Connection,
    *,
    tenant_id: UUID,
    list_id: str,
    load_id: str,
    source: str,
    by: str,
    cancel: bool = False,
) -> tuple[int, int]:
    """Let a file take the list's place, or forget it; return its numbers and those before it.

    A repeat answers the same. Raises ListMissing, ListInvalid, LoadOver.
    """
    # Held for a change from the start: two files that end at once take turns.
    before: int = await conn.fetchval(
        "SELECT numbers FROM dialer.dnc_list WHERE tenant_id = $1 AND list_id = $2 FOR UPDATE",
        tenant_id,
        list_id,
    )
    await _scope(conn, tenant_id, list_id, is_national=True)
    await conn.execute(_OPEN_LOAD, tenant_id, list_id, load_id)
    row = await conn.fetchrow(_LOAD + " FOR UPDATE", tenant_id, list_id, load_id)
    assert row is not None
    if row["state"] == "counts" and not cancel:
        return row["numbers"], before
    if cancel:
        if row["state"] == "open":
            await conn.execute(_END_LOAD, tenant_id, row["load_no"], "over", 0)
        return before, before
    if row["state"] != "open":
        raise LoadOver(load_id)
    numbers: int = await conn.fetchval(_COUNT, tenant_id, row["load_no"])
    await conn.execute(_END_LOADS, tenant_id, list_id, row["load_no"])
    await conn.execute(_END_LOAD, tenant_id, row["load_no"], "counts", numbers)
    await conn.execute(_REPLACE, tenant_id, list_id, row["load_no"], numbers, source)
    await _note(conn, tenant_id, list_id, "replaced", source=source, by=by, numbers=numbers)
    return numbers, before


async def remove_old_numbers(conn: Connection, at_most: int) -> int:
    """Remove numbers of files that count no more, of all tenants; return how many went."""
    gone: int = await conn.fetchval("SELECT dialer.remove_old_dnc_numbers($1)", at_most)
    return gone


async def _scope(
    conn: Connection, tenant_id: UUID, list_id: str, *, is_national: bool | None = None
) -> str:
    """Return a list's scope, held until the transaction ends. Raises ListMissing, ListInvalid."""
    scope: str | None = await conn.fetchval(_LIST, tenant_id, list_id)
    if scope is None:
        raise ListMissing(list_id)
    if is_national is not None and (scope == DncScope.NATIONAL) != is_national:
        raise ListInvalid(scope)
    return scope


async def _note(
    conn: Connection,
    tenant_id: UUID,
    list_id: str,
    action: str,
    *,
    source: str = "",
    by: str = "",
    numbers: int = 1,
    phones: Sequence[str] | None = None,
    reasons: Sequence[str] | None = None,
) -> None:
    whole: Sequence[str | None] = [None] if phones is None else phones
    await conn.execute(
        _NOTE,
        tenant_id,
        list_id,
        action,
        source,
        by,
        [uuid7() for _ in whole],
        numbers,
        list(whole),
        list(reasons) if reasons is not None else [""] * len(whole),
    )
