"""The evidence: everything that proves how somebody was called, in one file."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from phonenumbers.tzdata import TIMEZONE_DATA

from ringway.crm_api.access import Caller
from ringway.crm_api.core.cells import safe_cell
from ringway.crm_api.deps import Deps
from ringway.crm_api.law import store
from ringway.crm_api.law.schemas import Abandonment

_BLOCK = 500
COLUMNS = (
    "kind", "at", "zones", "local_times", "phone_e164", "campaign_id", "lead_id", "attempt_id",
    "interaction_id", "caller_id", "disposition", "is_live", "is_abandoned", "agent_id", "reason",
    "until", "recording_ids", "detail",
)  # fmt: skip


class Form(StrEnum):
    """How the evidence is written."""

    JSON_LINES = "jsonl"
    CSV = "csv"


async def lines(
    deps: Deps,
    caller: Caller,
    scope: store.Scope,
    books: Abandonment | None,
    campaign_zone: str,
    form: Form,
) -> AsyncIterator[bytes]:
    """Yield the file block by block; nothing is held in memory."""
    if form is Form.CSV:
        yield "\ufeff".encode() + _csv([dict(zip(COLUMNS, COLUMNS, strict=True))])
    write = _csv if form is Form.CSV else _json
    block: list[dict[str, Any]] = []
    async for row in _rows(deps, caller, scope, books, campaign_zone):
        block.append(row)
        if len(block) >= _BLOCK:
            yield write(block)
            block = []
    yield write(block)


async def _rows(
    deps: Deps, caller: Caller, scope: store.Scope, books: Abandonment | None, campaign_zone: str
) -> AsyncIterator[dict[str, Any]]:
    yield {
        "kind": "scope", "at": deps.now(), "campaign_id": scope.campaign_id,
        "phone_e164": scope.phone_e164,
        "detail": {"from": scope.begins, "to": scope.ends, "by": caller.username},
    }  # fmt: skip
    if books is not None:
        for day in books.days:
            yield _book("abandonment_day", day, books, {"day": day.day})
            for window in day.windows:
                yield _book("abandonment_window", window, books, {})
    tenant_id = caller.tenant_id
    async with deps.pool.tenant(caller.tenant_id) as conn:
        async for row in store.attempts(conn, tenant_id=tenant_id, scope=scope):
            at = row.pop("dialed_at")
            place = _place(row.pop("zone_key"), at, campaign_zone)
            yield _told("attempt", at, row) | place
        async for row in store.refused(conn, tenant_id=tenant_id, scope=scope):
            at = row.pop("refused_at")
            place = _place(row.pop("zone_key"), at, campaign_zone)
            yield _told("refusal", at, row) | place
        async for row in store.changes(conn, tenant_id=tenant_id, scope=scope):
            yield _told("dnc_change", row.pop("done_at"), row)
        async for row in store.consented(conn, tenant_id=tenant_id, scope=scope):
            yield _told("consent", row.pop("given_at"), row)


def _book(kind: str, line: Any, books: Abandonment, more: dict[str, Any]) -> dict[str, Any]:
    figures = line.model_dump(include={"dialed", "live", "abandoned", "rate", "is_over"})
    return {
        "kind": kind, "at": line.begins_at, "campaign_id": str(books.campaign_id),
        "zones": [books.zone], "detail": {**figures, "cap": books.cap, **more},
    }  # fmt: skip


def _told(kind: str, at: datetime, row: dict[str, Any]) -> dict[str, Any]:
    told = {"kind": kind, "at": at}
    told |= {key: value for key, value in row.items() if key in COLUMNS}
    return told | {"detail": {key: value for key, value in row.items() if key not in COLUMNS}}


def _place(zone_key: str, at: datetime, campaign_zone: str) -> dict[str, Any]:
    """Return the zones in which somebody was called, and what their clocks showed."""
    if zone_key.startswith("+"):
        zones = [str(zone) for zone in TIMEZONE_DATA.get(zone_key[1:], ())]
    else:
        zones = [zone_key] if zone_key not in ("", "-") else [campaign_zone]
    shown = {at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds") for zone in zones}
    return {"zones": zones, "local_times": sorted(shown)}


def _json(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row, default=str) + b"\n" for row in rows)


def _csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([safe_cell(_cell(row.get(column))) for column in COLUMNS])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return " ".join(str(each) for each in value)
    if isinstance(value, dict):
        return orjson.dumps(value, default=str).decode()
    return str(value)
