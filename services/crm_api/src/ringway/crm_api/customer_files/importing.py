"""Imports: what a chunk of rows makes, in one transaction with the progress of its job.

So a replica that dies leaves whole chunks only, and another one goes on after the last of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.core.customer_files.filling import ADDRESS, Row, Rule, filled, row_of
from ringway.crm_api.core.customer_files.rows import PARTS, ROW
from ringway.crm_api.core.objects.definition import Definition
from ringway.crm_api.core.objects.values import with_formulas
from ringway.crm_api.customer_files import changing
from ringway.crm_api.customer_files.files import ErrorRow
from ringway.crm_api.customer_files.jobs import Job
from ringway.crm_api.customer_files.schemas import ImportOptions
from ringway.crm_api.customers import scope, store
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.scope import Scope
from ringway.crm_api.customers.store import Customer, Number, Record
from ringway.crm_api.customers.words import MAX_NUMBERS, MAX_TAGS
from ringway.runtime.postgres import Connection

PREVIEWED = 20
_SLICE = 500  # customers that are changed by one statement
_MAX_EMAILS = 10

_ALL_PARTS = (*PARTS, "whole", "missing")
_AT = {name: f"c[{n}]" for n, name in enumerate(_ALL_PARTS, 1)}
# The rows of $2 as arrays of their parts; what is empty is NULL.
_ROWS = r"""
    rows AS MATERIALIZED (
        SELECT c[1]::integer AS line, string_to_array(c[2], '|') AS phones, c
          FROM (SELECT string_to_array(t, E'\x1f', '') AS c
                  FROM string_to_table($2, E'\x1e') t OFFSET 0) split)
"""
_BY = {
    "phone": """
        SELECT r.line, n.customer_id
          FROM rows r CROSS JOIN LATERAL unnest(r.phones) p
          JOIN crm.customer_number n
            ON n.tenant_id = $1 AND n.phone_e164 = p AND n.kind <> 'contact'
    """,
    "email": f"""
        SELECT r.line, k.customer_id
          FROM rows r
          JOIN crm.customers_by_email(ARRAY(SELECT lower({_AT["email"]}) FROM rows
                                             WHERE {_AT["email"]} IS NOT NULL)) k
            ON k.email = lower(r.{_AT["email"]})
         WHERE $1::uuid IS NOT NULL
    """,  # noqa: S608 - constants
    "": "SELECT NULL::integer AS line, NULL::uuid AS customer_id WHERE false",
}
# By an own field: one look through the tenant's customers for a chunk.
_BY_OWN = f"""
    SELECT r.line, k.customer_id
      FROM rows r JOIN crm.customer k
        ON k.tenant_id = $1 AND k.data->>$3 = r.{_AT["data"]}::jsonb->>$3
"""  # noqa: S608 - constants
_MATCH = """
    WITH {rows}, found AS ({by}), grouped AS MATERIALIZED (
        SELECT line, array_agg(DISTINCT customer_id) AS ids FROM found GROUP BY line)
    SELECT r.line, r.{missing} AS missing, g.ids
      FROM rows r LEFT JOIN grouped g ON g.line = r.line
     WHERE r.{missing} IS NOT NULL OR g.line IS NOT NULL
     ORDER BY r.line
"""
_CREATE = f"""
    WITH {_ROWS}, wanted AS (
        SELECT *, ($3 || lpad(to_hex(line), 8, '0'))::uuid AS customer_id
          FROM rows WHERE line <> ALL ($4::integer[])
    ), made AS (
        INSERT INTO crm.customer (
            tenant_id, customer_id, phone_e164, kind, name, title, sex, birth_date, emails,
            address, language, data, grade, intent, lead_status, tags, owner_id, owned_since,
            idle_since, batch_number, created_by, created_at, updated_at)
        SELECT $1, customer_id, phones[1], coalesce({_AT["kind"]}, 'person'),
               coalesce({_AT["name"]}, ''), coalesce({_AT["title"]}, ''), {_AT["sex"]},
               {_AT["birth_date"]}::date,
               CASE WHEN {_AT["email"]} IS NULL THEN '{{}}' ELSE ARRAY[{_AT["email"]}] END,
               CASE WHEN coalesce({", ".join(_AT[name] for name in ADDRESS)}) IS NULL THEN '{{}}'
                    ELSE jsonb_strip_nulls(jsonb_build_object(
                        {", ".join(f"'{name}', {_AT[name]}" for name in ADDRESS)})) END,
               coalesce({_AT["language"]}, ''),
               coalesce({_AT["whole"]}, {_AT["data"]})::jsonb, {_AT["grade"]},
               coalesce({_AT["intent"]}, 'unknown'), coalesce({_AT["lead_status"]}, 'new'),
               CASE WHEN $5::text[] = '{{}}' THEN
                        coalesce(string_to_array({_AT["tags"]}, '|'), '{{}}')
                    ELSE ARRAY(SELECT DISTINCT
                                      unnest($5::text[] || string_to_array({_AT["tags"]}, '|')))
               END,
               $6::uuid, CASE WHEN $6 IS NOT NULL THEN $9::timestamptz END,
               CASE WHEN $6 IS NOT NULL THEN $9::timestamptz END, $7, $8::uuid, $9, $9
          FROM wanted
        RETURNING 1
    )
    SELECT count(*) FROM made
"""  # noqa: S608 - constants
# After the customers, as a row of theirs brings the primary number by itself.
_FURTHER_NUMBERS = f"""
    WITH {_ROWS}
    INSERT INTO crm.customer_number (tenant_id, phone_e164, customer_id, position)
    SELECT $1, p.phone, ($3 || lpad(to_hex(line), 8, '0'))::uuid, p.n - 1
      FROM rows CROSS JOIN LATERAL unnest(phones) WITH ORDINALITY AS p (phone, n)
     WHERE cardinality(phones) > 1 AND p.n > 1 AND line <> ALL ($4::integer[])
"""  # noqa: S608 - constants
_TAGS = f"""
    WITH {_ROWS}
    INSERT INTO crm.customer_tag (tenant_id, tag, customer_id)
    SELECT DISTINCT $1::uuid, t.tag, ($3 || lpad(to_hex(line), 8, '0'))::uuid
      FROM rows
     CROSS JOIN LATERAL unnest($5::text[] || string_to_array({_AT["tags"]}, '|')) AS t (tag)
     WHERE line <> ALL ($4::integer[])
"""  # noqa: S608 - constants


@dataclass(slots=True)
class Result:
    """What a chunk came to. ``shown`` are its first rows, for a dry run."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    refused: list[ErrorRow] = field(default_factory=list)
    skips: list[ErrorRow] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Importer:
    """Applies the chunks of one job."""

    tenant_id: UUID
    job: Job
    options: ImportOptions
    definition: Definition | None
    scope: Scope
    by: By

    async def apply(self, conn: Connection, text: str, now: datetime, shown: int) -> Result:
        """Make customers of a chunk's rows and change those who exist, as the options say.

        Args:
            text: Rows as a reader hands them on.
            shown: How many rows a dry run still has to show.
        """
        # Two imports of one tenant take turns: each sees what the other has made.
        await conn.execute(
            "SELECT pg_advisory_xact_lock(hashtext('crm.customer_import'), hashtext($1))",
            str(self.tenant_id),
        )
        result = Result()
        rows = text.split(ROW) if text else []
        if not rows:
            return result
        found = await self._found(conn, text)
        wanted = [row_of(each) for each in _of_lines(rows, found)] if found else []
        matched = await self._sort(conn, wanted, found, result)
        fates = await self._change(conn, matched, now, result)
        if not self.options.is_dry_run:
            result.created = await self._create(conn, text, list(found), now)
        else:
            result.created = len(rows) - len(found)
            if shown:
                result.shown = _preview(rows[:shown], result, fates)
        return result

    async def _found(self, conn: Connection, text: str) -> dict[int, tuple[list[UUID], str]]:
        """Return of lines that are not simply new: whom they mean, and what they lack."""
        match_by = self.options.match_by if self.options.rule is not Rule.CREATE else ""
        if not match_by and self.definition is None:
            return {}
        is_own = match_by.startswith("data.")
        by = _BY_OWN if is_own else _BY[match_by]
        query = _MATCH.format(rows=_ROWS, by=by, missing=_AT["missing"])
        key = [match_by.removeprefix("data.")] if is_own else []
        rows = await conn.fetch(query, self.tenant_id, text, *key)
        return {row["line"]: (row["ids"] or [], row["missing"] or "") for row in rows}

    async def _sort(
        self,
        conn: Connection,
        rows: Sequence[Row],
        found: dict[int, tuple[list[UUID], str]],
        result: Result,
    ) -> list[tuple[Row, UUID]]:
        """Return the rows that change somebody, and whom; note the fate of the others."""
        ids = {each for ids, _ in found.values() for each in ids}
        seen = await scope.visible(conn, self.scope, list(ids)) if ids else set()
        matched: list[tuple[Row, UUID]] = []
        for row in rows:
            ids_of_row, missing = found[row.line]
            if not ids_of_row:
                result.refused.append(_error(row, "required_missing", missing))
            elif len(ids_of_row) > 1:
                result.refused.append(_error(row, "ambiguous"))
            elif self.options.rule is Rule.SKIP:
                result.skipped += 1
                result.skips.append(_error(row, "duplicate"))
            elif ids_of_row[0] not in seen:
                result.refused.append(_error(row, "not_yours"))
            else:
                matched.append((row, ids_of_row[0]))
        return matched

    async def _change(
        self,
        conn: Connection,
        matched: Sequence[tuple[Row, UUID]],
        now: datetime,
        result: Result,
    ) -> dict[int, str]:
        fates: dict[int, str] = {}
        for at in range(0, len(matched), _SLICE):
            part = matched[at : at + _SLICE]
            customers = await store.get_many(
                conn,
                tenant_id=self.tenant_id,
                customer_ids=[customer_id for _, customer_id in part],
                lock=not self.options.is_dry_run,
            )
            present = {each.customer_id: each for each in customers}
            after: dict[UUID, Record] = {}
            for row, customer_id in part:
                if customer_id not in present:
                    result.refused.append(_error(row, "not_yours"))
                    continue
                before = after.get(customer_id) or present[customer_id].record()
                record = self._filled(before, row)
                if isinstance(record, str):
                    result.refused.append(_error(row, "customer_full", record))
                    continue
                fates[row.line] = "unchanged" if record == before else "updated"
                result.unchanged += record == before
                result.updated += record != before
                after[customer_id] = record
            if not self.options.is_dry_run:
                await self._write(conn, present, after, now)
        return fates

    async def _write(
        self,
        conn: Connection,
        present: dict[UUID, Customer],
        after: dict[UUID, Record],
        now: datetime,
    ) -> None:
        pairs = [(present[customer_id], record) for customer_id, record in after.items()]
        versions = await changing.change_many(
            conn, tenant_id=self.tenant_id, pairs=pairs, by=self.by, now=now, act="imported"
        )
        await keep_before(
            conn,
            tenant_id=self.tenant_id,
            job_id=self.job.job_id,
            customers=[(present[each], version) for each, version in versions.items()],
        )

    def _filled(self, before: Record, row: Row) -> Record | str:
        """Return what the row makes of a record, or what is too much."""
        names = ("kind", "name", "title", "sex", "language", "grade", "intent", "lead_status")
        shape: dict[str, Any] = {name: getattr(before, name) for name in names}
        born = before.birth_date.isoformat() if before.birth_date is not None else None
        shape |= {"birth_date": born, "address": before.address, "data": before.data}
        shape |= {"emails": before.emails, "tags": before.tags}
        shape["phones"] = tuple(each.phone_e164 for each in before.numbers)
        after = filled(shape, row, self.options.rule, self.options.tags)
        phones = after.pop("phones")
        if len(phones) > MAX_NUMBERS:
            return f"{MAX_NUMBERS}"
        if len(after["tags"]) > MAX_TAGS:
            return f"{MAX_TAGS}"
        after["emails"] = after["emails"][:_MAX_EMAILS]
        born = after["birth_date"]
        after["birth_date"] = date.fromisoformat(born) if born else None
        if self.definition is not None and after["data"] != before.data:
            after["data"] = with_formulas(self.definition, after["data"])
        new = tuple(Number(phone) for phone in phones[len(before.numbers) :])
        return replace(before, **after, numbers=(*before.numbers, *new))

    async def _create(self, conn: Connection, text: str, not_new: list[int], now: datetime) -> int:
        # A UUIDv7's last 32 bits are random; the line takes their place, so ids keep the order
        # of the file, and no line becomes a customer twice.
        begin = str(self.job.job_id)[:-8]
        made: int = await conn.fetchval(
            _CREATE,
            self.tenant_id,
            text,
            begin,
            not_new,
            list(self.options.tags),
            self.options.owner_id,
            self.job.batch_number,
            self.by.user_id,
            now,
        )
        await conn.execute(_FURTHER_NUMBERS, self.tenant_id, text, begin, not_new)
        await conn.execute(_TAGS, self.tenant_id, text, begin, not_new, list(self.options.tags))
        return made


async def keep_before(
    conn: Connection,
    *,
    tenant_id: UUID,
    job_id: UUID,
    customers: Sequence[tuple[Customer, int]],
) -> None:
    """Keep customers as they were, and the versions that a job made of them."""
    if not customers:
        return
    rows = [
        {
            "customer_id": each.customer_id,
            "version_after": version,
            "before": {**changing.kept(each.record()), "owner_id": each.owner_id},
        }
        for each, version in customers
    ]
    await conn.execute(
        """
        INSERT INTO crm.customer_before (tenant_id, job_id, customer_id, version_after, before)
        SELECT $1, $2, r.customer_id, r.version_after, r.before
          FROM jsonb_to_recordset($3::jsonb)
               AS r (customer_id uuid, version_after integer, before jsonb)
            ON CONFLICT (tenant_id, job_id, customer_id)
               DO UPDATE SET version_after = excluded.version_after
        """,
        tenant_id,
        job_id,
        orjson.dumps(rows, default=str).decode(),
    )


def _of_lines(rows: Sequence[str], lines: dict[int, Any]) -> list[str]:
    return [row for row in rows if int(row[: row.index("\x1f")]) in lines]


def _error(row: Row, code: str, detail: str = "") -> ErrorRow:
    return ErrorRow(row.line, "", row.phones[0], code, detail)


def _preview(rows: Sequence[str], result: Result, fates: dict[int, str]) -> list[dict[str, Any]]:
    told = dict(fates)
    told |= {each.line: "refused" for each in result.refused}
    told |= {each.line: "skipped" for each in result.skips}
    shown = []
    for text in rows:
        row = row_of(text)
        shown.append(
            {
                "line": row.line,
                "outcome": told.get(row.line, "created"),
                "name": row.fixed.get("name", ""),
                "phones_e164": row.phones,
            }
        )
    return shown
