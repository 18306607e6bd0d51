"""New customers of a chunk of rows: a few statements however many they are.

A column of a chunk is one text, which PostgreSQL takes apart; columns that nobody has a value in
are not sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.crm_api.customer_files.chunk import GoodRows
from ringway.crm_api.customers.search import Parameters
from ringway.runtime.postgres import Connection

# What becomes of a part, and what a new customer has without it.
_MADE: Mapping[str, tuple[str, str]] = {
    "phone_e164": ("phone", "r.phone"),
    "kind": ("kind", "coalesce(r.kind, 'person')"),
    "name": ("name", "coalesce(r.name, '')"),
    "title": ("title", "coalesce(r.title, '')"),
    "sex": ("sex", "r.sex"),
    "birth_date": ("birth_date", "r.birth_date::date"),
    "emails": ("email", "CASE WHEN r.email IS NULL THEN '{}' ELSE ARRAY[r.email] END"),
    "address": ("address", "coalesce(r.address, '{}')::jsonb"),
    "language": ("language", "coalesce(r.language, '')"),
    "grade": ("grade", "r.grade"),
    "intent": ("intent", "coalesce(r.intent, 'unknown')"),
    "lead_status": ("lead_status", "coalesce(r.lead_status, 'new')"),
}
_ID = "({begin} || lpad(to_hex(r.line), 8, '0'))::uuid"
_MEANT = """
    WITH rows AS MATERIALIZED (SELECT * FROM {rows})
    SELECT f.line, array_agg(DISTINCT f.customer_id) AS ids FROM ({found}) f GROUP BY f.line
"""
_BY_PHONE = """
    SELECT k.line, n.customer_id
      FROM (SELECT r.line, r.phone FROM rows r {others}) k
      JOIN crm.customer_number n
        ON n.tenant_id = {tenant} AND n.phone_e164 = k.phone AND n.kind <> 'contact'
"""
_OTHERS = """
    UNION ALL SELECT r.line, unnest(string_to_array(r.others, '|')) FROM rows r
     WHERE r.others IS NOT NULL
"""
_BY_EMAIL = """
    SELECT r.line, k.customer_id
      FROM rows r
      JOIN crm.customers_by_email(
               ARRAY(SELECT lower(w.email) FROM rows w WHERE w.email IS NOT NULL)) k
        ON k.email = lower(r.email)
     WHERE {tenant}::uuid IS NOT NULL
"""
# One look through the tenant's customers for a chunk.
_BY_OWN = """
    SELECT r.line, k.customer_id
      FROM rows r JOIN crm.customer k
        ON k.tenant_id = {tenant} AND k.data->>{key} = r.data::jsonb->>{key}
"""
# The trigger that fills key columns looks at the design row by row. Where no field has one, it is
# told so. The transaction has its id before it looks: whoever gives a field one waits for it.
_TAKE_ID = "SELECT pg_current_xact_id()"
_TELL_NO_KEYS = """
    SELECT set_config('ringway.no_key_columns', CASE WHEN EXISTS (
               SELECT FROM crm.data_object
                WHERE tenant_id = $1 AND kind = 'customer' AND archived_at IS NULL
                  AND array_remove(keys, NULL) <> '{}') THEN '' ELSE 'on' END, true)
"""


@dataclass(frozen=True, slots=True)
class New:
    """What all new customers of a job have in common."""

    tenant_id: UUID
    job_id: UUID
    batch_number: str | None
    owner_id: UUID | None
    tags: Sequence[str]
    created_by: UUID | None
    now: datetime


async def meant(
    conn: Connection, *, tenant_id: UUID, rows: GoodRows, match_by: str
) -> dict[int, list[UUID]]:
    """Return which customers rows mean, by line: of those that mean any.

    Args:
        match_by: ``phone``, ``email`` or ``data.<key>``; "": every row is new.
    """
    args = Parameters()
    tenant = args.add(tenant_id, "uuid")
    if match_by == "phone":
        names = ("line", "phone", "others") if rows.has("others") else ("line", "phone")
        others = _OTHERS if rows.has("others") else ""
        found = _BY_PHONE.format(tenant=tenant, others=others)
    elif match_by == "email" and rows.has("email"):
        names, found = ("line", "email"), _BY_EMAIL.format(tenant=tenant)
    elif match_by.startswith("data.") and rows.has("data"):
        key = args.add(match_by.removeprefix("data."), "text")
        names, found = ("line", "data"), _BY_OWN.format(tenant=tenant, key=key)
    else:
        return {}
    query = _MEANT.format(rows=_rows(rows, args, names), found=found)
    return dict(await conn.fetch(query, *args))  # type: ignore[arg-type]


async def create(conn: Connection, new: New, rows: GoodRows, not_new: Sequence[int]) -> int:
    """Make customers of all rows but those of the lines ``not_new``; return how many.

    A UUIDv7's last 32 bits are random: the line takes their place in the job's id. So customers
    have the order of the file, and no line becomes one twice.
    """
    await conn.execute(_TAKE_ID)
    await conn.execute(_TELL_NO_KEYS, new.tenant_id)
    made = await _add_customers(conn, new, rows, not_new)
    if rows.has("others"):
        await _add_numbers(conn, new, rows, not_new)
    if new.tags or rows.has("tags"):
        await _add_tags(conn, new, rows, not_new)
    return made


async def _add_customers(conn: Connection, new: New, rows: GoodRows, not_new: Sequence[int]) -> int:
    args = Parameters()
    values = {
        "tenant_id": args.add(new.tenant_id, "uuid"),
        "customer_id": _id(args, new),
        "batch_number": args.add(new.batch_number, "text"),
        "created_by": args.add(new.created_by, "uuid"),
        "created_at": (now := args.add(new.now, "timestamptz")),
        "updated_at": now,
    }
    if new.owner_id is not None:
        values["owner_id"] = args.add(new.owner_id, "uuid")
        values |= {"owned_since": now, "idle_since": now}
    names = ["line"]
    for column, (name, value) in _MADE.items():
        if rows.has(name):
            names.append(name)
            values[column] = value
    if data := next((name for name in ("whole", "data") if rows.has(name)), ""):
        names.append(data)
        values["data"] = f"coalesce(r.{data}, '{{}}')::jsonb"
    if rows.has("tags"):
        names.append("tags")
        values["tags"] = "coalesce(string_to_array(r.tags, '|'), '{}')"
        if new.tags:
            all_tags = f"{args.add(new.tags, 'text[]')} || string_to_array(r.tags, '|')"
            values["tags"] = f"ARRAY(SELECT DISTINCT unnest({all_tags}))"
    elif new.tags:
        values["tags"] = args.add(sorted(set(new.tags)), "text[]")
    status = await conn.execute(
        f"INSERT INTO crm.customer ({', '.join(values)}) SELECT {', '.join(values.values())} "  # noqa: S608 - constants
        f"FROM {_rows(rows, args, names)}{_without(args, not_new)}",
        *args,
    )
    return int(status.rpartition(" ")[2])


async def _add_numbers(conn: Connection, new: New, rows: GoodRows, not_new: Sequence[int]) -> None:
    """Add the further numbers: the primary one comes with its customer by itself."""
    args = Parameters()
    await conn.execute(
        f"""
        INSERT INTO crm.customer_number (tenant_id, phone_e164, customer_id, position)
        SELECT {args.add(new.tenant_id, "uuid")}, p.phone, {_id(args, new)}, p.n
          FROM {_rows(rows, args, ("line", "others"))}
         CROSS JOIN LATERAL unnest(string_to_array(r.others, '|')) WITH ORDINALITY AS p (phone, n)
        {_without(args, not_new, "r.others IS NOT NULL")}
        """,  # noqa: S608 - constants
        *args,
    )


async def _add_tags(conn: Connection, new: New, rows: GoodRows, not_new: Sequence[int]) -> None:
    args = Parameters()
    tenant, every = args.add(new.tenant_id, "uuid"), args.add(new.tags, "text[]")
    has_own = rows.has("tags")
    tags = f"{every} || string_to_array(r.tags, '|')" if has_own else every
    await conn.execute(
        f"""
        INSERT INTO crm.customer_tag (tenant_id, tag, customer_id)
        SELECT DISTINCT {tenant}, t.tag, {_id(args, new)}
          FROM {_rows(rows, args, ("line", "tags") if has_own else ("line",))}
         CROSS JOIN LATERAL unnest({tags}) AS t (tag)
        {_without(args, not_new, "" if new.tags else "r.tags IS NOT NULL")}
        """,  # noqa: S608 - constants
        *args,
    )


def _rows(rows: GoodRows, args: Parameters, names: Sequence[str]) -> str:
    """Return the rows of a chunk as a table ``r`` of some of their parts; "" is NULL."""
    arrays = [f"string_to_array({args.add(rows.column(name))}, E'\\x1e', '')" for name in names]
    arrays[0] += "::integer[]"
    return f"unnest({', '.join(arrays)}) AS r ({', '.join(names)})"


def _without(args: Parameters, lines: Sequence[int], condition: str = "true") -> str:
    where = f" WHERE {condition or 'true'}"
    if not lines:
        return where
    skipped = f"SELECT FROM unnest({args.add(list(lines), 'integer[]')}) AS s (line)"
    return f"{where} AND NOT EXISTS ({skipped} WHERE s.line = r.line)"


def _id(args: Parameters, new: New) -> str:
    return _ID.format(begin=args.add(str(new.job_id)[:-8], "text"))
