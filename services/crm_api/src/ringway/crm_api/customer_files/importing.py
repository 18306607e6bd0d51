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

from ringway.crm_api.core.customer_files.filling import Row, Rule, filled, row_of
from ringway.crm_api.core.customer_files.rows import Parts
from ringway.crm_api.core.objects.definition import Definition
from ringway.crm_api.core.objects.values import with_formulas
from ringway.crm_api.customer_files import changing, creating
from ringway.crm_api.customer_files.chunk import GoodRows
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
        # Two imports of one tenant take turns: each sees what the other has made. A plan made for
        # one chunk would have the planner take its rows apart, too.
        await conn.execute(
            "SELECT pg_advisory_xact_lock(hashtext('crm.customer_import'), hashtext($1)), "
            "set_config('plan_cache_mode', 'force_generic_plan', true)",
            str(self.tenant_id),
        )
        result = Result()
        rows = GoodRows(text)
        if not rows.count:
            return result
        found = await self._found(conn, rows)
        matched = await self._sort(conn, rows.of_lines(found), found, result) if found else []
        fates = await self._change(conn, matched, now, result)
        if self.options.is_dry_run:
            result.created = rows.count - len(found)
            if shown:
                result.shown = _preview(rows.first(shown), result, fates)
        elif len(found) < rows.count:
            result.created = await self._create(conn, rows, list(found), now)
        return result

    async def _found(
        self, conn: Connection, rows: GoodRows
    ) -> dict[int, tuple[Sequence[UUID], str]]:
        """Return of lines that are not simply new: whom they mean, and what they lack."""
        match_by = self.options.match_by if self.options.rule is not Rule.CREATE else ""
        meant = await creating.meant(conn, tenant_id=self.tenant_id, rows=rows, match_by=match_by)
        missing = rows.missing()
        return {
            line: (meant.get(line, ()), missing.get(line, ""))
            for line in sorted(meant.keys() | missing.keys())
        }

    async def _sort(
        self,
        conn: Connection,
        rows: Sequence[Parts],
        found: dict[int, tuple[Sequence[UUID], str]],
        result: Result,
    ) -> list[tuple[Row, UUID]]:
        """Return the rows that change somebody, and whom; note the fate of the others."""
        skips = self.options.rule is Rule.SKIP
        ids = {each for ids, _ in found.values() for each in ids} if not skips else set()
        seen = await scope.visible(conn, self.scope, list(ids)) if ids else set()
        matched: list[tuple[Row, UUID]] = []
        for parts in rows:
            ids_of_row, missing = found[int(parts[0])]
            if not ids_of_row:
                result.refused.append(_error(parts, "required_missing", missing))
            elif len(ids_of_row) > 1:
                result.refused.append(_error(parts, "ambiguous"))
            elif skips:
                result.skipped += 1
                result.skips.append(_error(parts, "duplicate"))
            elif ids_of_row[0] not in seen:
                result.refused.append(_error(parts, "not_yours"))
            else:
                matched.append((row_of(parts), ids_of_row[0]))
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
                    result.refused.append(_error_of(row, "not_yours"))
                    continue
                before = after.get(customer_id) or present[customer_id].record()
                record = self._filled(before, row)
                if isinstance(record, str):
                    result.refused.append(_error_of(row, "customer_full", record))
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

    async def _create(
        self, conn: Connection, rows: GoodRows, not_new: list[int], now: datetime
    ) -> int:
        made = creating.New(
            tenant_id=self.tenant_id,
            job_id=self.job.job_id,
            batch_number=self.job.batch_number,
            owner_id=self.options.owner_id,
            tags=self.options.tags,
            created_by=self.by.user_id,
            now=now,
        )
        return await creating.create(conn, made, rows, not_new)


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


def _error(parts: Parts, code: str, detail: str = "") -> ErrorRow:
    return ErrorRow(int(parts[0]), "", parts[1], code, detail)


def _error_of(row: Row, code: str, detail: str = "") -> ErrorRow:
    return ErrorRow(row.line, "", row.phones[0], code, detail)


def _preview(rows: Sequence[Parts], result: Result, fates: dict[int, str]) -> list[dict[str, Any]]:
    told = dict(fates)
    told |= {each.line: "refused" for each in result.refused}
    told |= {each.line: "skipped" for each in result.skips}
    return [
        {
            "line": row.line,
            "outcome": told.get(row.line, "created"),
            "name": row.fixed.get("name", ""),
            "phones_e164": row.phones,
        }
        for row in map(row_of, rows)
    ]
