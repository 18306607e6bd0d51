"""Screened numbers as a file, and as a new list."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID, uuid5

import orjson

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.cells import safe_cell
from ringway.crm_api.deps import Deps
from ringway.crm_api.imports import service as imports
from ringway.crm_api.screening import store
from ringway.crm_api.screening.schemas import CleanListBody, CleanListView, ScreeningFilter
from ringway.proto.base import Reply
from ringway.proto.dialer import LeadNumber, LeadRow, PutListV1
from ringway.runtime.ids import uuid7

COLUMNS = (
    "phone_e164", "verdict", "disposition", "number_state", "number_state_reason", "attempts",
    "last_attempt_at", "cause_q850", "tech_cause", "name", "lead_id", "list_id", "data",
)  # fmt: skip
_BLOCK = 1000
_MOST_MORE_NUMBERS = 9


async def lines(
    deps: Deps, caller: Caller, campaign_id: UUID, list_ids: Sequence[str], wanted: ScreeningFilter
) -> AsyncIterator[bytes]:
    """Yield the numbers as CSV, block by block; nothing is held in memory."""
    yield "\ufeff".encode() + _csv([COLUMNS])
    pages = store.pages(
        deps.pool,
        tenant_id=caller.tenant_id,
        campaign_id=campaign_id,
        list_ids=list_ids,
        wanted=wanted,
        size=_BLOCK,
    )
    async for found in pages:
        yield _csv([[_cell(row[column]) for column in COLUMNS] for row in found])


async def make_list(
    deps: Deps, caller: Caller, campaign_id: UUID, list_ids: Sequence[str], wanted: CleanListBody
) -> CleanListView:
    """Make a new list of the numbers that a filter finds; a lead keeps its fields.

    Its first number is the one that was dialed last, its others follow.
    """
    list_id = uuid7()
    question = PutListV1(
        occurred_at=deps.now(), tenant=caller.tenant, list_id=str(list_id), name=wanted.name
    )
    await deps.bus.request(question, Reply)
    pages = store.pages(
        deps.pool,
        tenant_id=caller.tenant_id,
        campaign_id=campaign_id,
        list_ids=list_ids,
        wanted=wanted.filter,
        size=_BLOCK,
    )
    numbers, leads, chunk_no, has_more = 0, 0, 0, False
    rest: list[dict[str, Any]] = []  # of a lead that may go on in the next page
    async for found in pages:
        has_more = numbers + len(found) > wanted.at_most
        found = found[: wanted.at_most - numbers]
        numbers += len(found)
        is_last = has_more or len(found) < _BLOCK
        rest += found
        if is_last:
            chunk, rest = rest, []
        else:
            last = rest[-1]["lead_id"]
            chunk = [row for row in rest if row["lead_id"] != last]
            rest = [row for row in rest if row["lead_id"] == last]
        rows = tuple(_leads(list_id, chunk))
        if rows:
            reply = await imports.give_leads(deps, caller, list_id, list_id, chunk_no, rows)
            leads += reply.added
            chunk_no += 1
        if has_more:
            break
    made = CleanListView(list_id=list_id, numbers=numbers, leads=leads, has_more=has_more)
    detail = {"list_id": str(list_id), "numbers": numbers, **_told(wanted.filter)}
    await note(deps, caller, "screening.list_made", campaign_id, detail)
    return made


async def note(
    deps: Deps, caller: Caller, action: str, campaign_id: UUID, detail: dict[str, Any]
) -> None:
    """Write down in the audit log what the caller did."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=action,
            object_type="campaign",
            object_id=campaign_id,
            detail=detail,
        )


async def note_export(
    deps: Deps, caller: Caller, campaign_id: UUID, wanted: ScreeningFilter
) -> None:
    """Write down that numbers left the system."""
    await note(deps, caller, "screening.exported", campaign_id, _told(wanted))


def _told(wanted: ScreeningFilter) -> dict[str, Any]:
    return {"filter": wanted.model_dump(mode="json", exclude_defaults=True)}


def _leads(list_id: UUID, found: Sequence[dict[str, Any]]) -> Iterator[LeadRow]:
    for lead_id, rows in groupby(found, key=lambda row: row["lead_id"]):
        by_age = sorted(rows, key=lambda row: row["last_attempt_at"], reverse=True)
        first, *others = by_age
        yield LeadRow(
            lead_id=str(uuid5(list_id, lead_id)),
            phone_e164=first["phone_e164"],
            name=first["name"],
            data=first["data"],
            priority=first["priority"],
            zone=first["zone"],
            more_numbers=tuple(
                LeadNumber(phone_e164=row["phone_e164"], zone=row["zone"])
                for row in others[:_MOST_MORE_NUMBERS]
            ),
        )


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
