"""Many leads in one request: each one's fate is told, and a repeat adds nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from uuid import UUID, uuid5

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.phone import REGIONS, NotANumber, to_e164
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Invalid
from ringway.crm_api.imports import service as imports
from ringway.crm_api.imports.worker import CHUNK_BYTES, CHUNK_ROWS, lead_id
from ringway.crm_api.lists import store
from ringway.crm_api.lists.schemas import (
    LeadFate,
    LeadResult,
    LeadsBody,
    LeadsReport,
    NewLead,
)
from ringway.proto.dialer import LeadNumber, LeadRow
from ringway.runtime.ids import uuid7


async def add_leads(
    deps: Deps, caller: Caller, list_id: UUID, wanted: LeadsBody, key: str | None
) -> LeadsReport:
    """Add leads to a list and tell of each what became of it.

    Args:
        key: The caller's Idempotency-Key. A repeat under it adds what an interrupted first
            request did not, even to a list that has changed meanwhile.

    Raises:
        NotFound: There is no such list.
        Invalid: The region is none.
        DependencyDown: The dialer went away; a repeat does the rest.
    """
    region = wanted.default_region
    if region is not None and region not in REGIONS:
        raise Invalid("region_unknown", f"{region} is not a region such as CN, US, RO.")
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if not await store.exists(conn, tenant_id=caller.tenant_id, list_id=list_id):
            raise imports.list_not_found(list_id)
    batch_id = uuid7() if key is None else _batch_of(caller, list_id, wanted, key)
    # Looking at thousands of numbers closely would hold up everybody else's requests.
    results, rows = await asyncio.to_thread(_read, batch_id, wanted)
    in_list: set[str] = set()
    for chunk_no, chunk in enumerate(chunks(rows)):
        reply = await imports.give_leads(deps, caller, list_id, batch_id, chunk_no, chunk)
        in_list.update(reply.duplicate_lead_ids)
    results = [
        _in_list(result) if result.fate is LeadFate.ADDED and result.lead_id in in_list else result
        for result in results
    ]
    report = _report(results)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="list.leads_added",
            object_type="list",
            object_id=list_id,
            detail={"rows": report.rows, "added": report.added},
        )
    return report


def chunks(rows: Sequence[LeadRow]) -> Iterator[tuple[LeadRow, ...]]:
    """Cut leads into chunks that fit into one message each."""
    chunk: list[LeadRow] = []
    size_bytes = 0
    for row in rows:
        row_bytes = len(row.model_dump_json().encode())
        if chunk and (len(chunk) >= CHUNK_ROWS or size_bytes + row_bytes > CHUNK_BYTES):
            yield tuple(chunk)
            chunk, size_bytes = [], 0
        chunk.append(row)
        size_bytes += row_bytes
    if chunk:
        yield tuple(chunk)


def _batch_of(caller: Caller, list_id: UUID, wanted: LeadsBody, key: str) -> UUID:
    """Return the same id for the same request under the same key, which a stored answer does not
    outlive."""
    content = hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()
    return uuid5(list_id, f"{caller.user_id}/{key}/{content}")


def _read(batch_id: UUID, wanted: LeadsBody) -> tuple[list[LeadResult], list[LeadRow]]:
    results: list[LeadResult] = []
    rows: list[LeadRow] = []
    numbers: set[str] = set()
    ids: set[str] = set()
    for index, lead in enumerate(wanted.leads):
        own_id = lead.lead_id or str(lead_id(batch_id, index))
        try:
            row = _row(own_id, lead, wanted)
        except NotANumber as wrong:
            results.append(
                LeadResult(
                    index=index, lead_id=lead.lead_id, fate=LeadFate.REFUSED,
                    code=wrong.code, reason=wrong.reason,
                )
            )  # fmt: skip
            continue
        if row.phone_e164 in numbers or own_id in ids:
            results.append(
                LeadResult(
                    index=index, lead_id=lead.lead_id, fate=LeadFate.DUPLICATE,
                    phone_e164=row.phone_e164, code="duplicate_in_request",
                    reason="An earlier lead of the request has this number or lead_id.",
                )
            )  # fmt: skip
            continue
        numbers.add(row.phone_e164)
        ids.add(own_id)
        rows.append(row)
        results.append(
            LeadResult(index=index, lead_id=own_id, fate=LeadFate.ADDED, phone_e164=row.phone_e164)
        )
    return results, rows


def _row(own_id: str, lead: NewLead, wanted: LeadsBody) -> LeadRow:
    def number(text: str) -> str:
        return to_e164(text, wanted.default_region, wanted.number_check)

    return LeadRow(
        lead_id=own_id,
        phone_e164=number(lead.phone_e164),
        name=lead.name,
        data=lead.data,
        priority=lead.priority,
        zone=lead.zone,
        more_numbers=tuple(
            LeadNumber(phone_e164=number(each.phone_e164), label=each.label, zone=each.zone)
            for each in lead.more_numbers
        ),
    )


def _in_list(result: LeadResult) -> LeadResult:
    return result.model_copy(
        update={
            "fate": LeadFate.DUPLICATE,
            "code": "duplicate_in_list",
            "reason": "The number is in the list already, or a lead has this lead_id.",
        }
    )


def _report(results: list[LeadResult]) -> LeadsReport:
    fates = [result.fate for result in results]
    return LeadsReport(
        rows=len(results),
        added=fates.count(LeadFate.ADDED),
        duplicates=fates.count(LeadFate.DUPLICATE),
        refused=fates.count(LeadFate.REFUSED),
        items=results,
    )
