"""Law and courtesy: what is checked before the dialer is asked, and what is read from its books."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import date
from typing import Any, BinaryIO
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.campaigns import service as campaigns
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Invalid, NotFound
from ringway.crm_api.law import store
from ringway.crm_api.law.files import NumberFile
from ringway.crm_api.law.schemas import (
    Abandonment,
    AbandonmentDay,
    AbandonmentLine,
    DncFileReport,
    DncListView,
)
from ringway.proto import dialer_law as p
from ringway.proto.base import Done
from ringway.runtime.ids import uuid7

_LARGE_WINDOW = 300  # live answers; in smaller windows one unlucky call breaks any cap
_CHUNK_S = 60.0


async def dnc_list(deps: Deps, caller: Caller, list_id: str) -> DncListView:
    """Return a list of the caller's tenant. Raises NotFound."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.dnc_list(conn, tenant_id=caller.tenant_id, list_id=list_id)
    if found is None:
        raise NotFound("dnc_list_not_found", f"There is no such list: {list_id}.")
    return DncListView.model_validate(found)


async def put_list(
    deps: Deps, caller: Caller, list_id: str, name: str, scope: p.DncScope
) -> DncListView:
    """Create or rename a list.

    Raises:
        Invalid: A list of the platform that is not national.
    """
    if store.is_platform(caller.tenant_id) and scope is not p.DncScope.NATIONAL:
        raise Invalid("dnc_list_invalid", "The platform's lists are national.")
    question = p.PutDncListV1(
        occurred_at=deps.now(), tenant=caller.tenant, list_id=list_id, name=name, scope=scope
    )
    await deps.bus.request(question, Done)
    await note(deps, caller, "dnc_list.put", list_id, {"name": name, "scope": scope.value})
    return await dnc_list(deps, caller, list_id)


async def read_file(
    deps: Deps,
    caller: Caller,
    wanted: DncListView,
    file: BinaryIO,
    *,
    source: str,
    region: str | None,
) -> DncFileReport:
    """Let a file take a national list's place, or add its numbers to another list."""
    reader = NumberFile(file, region)
    if wanted.scope is p.DncScope.NATIONAL:
        numbers, before = await _replace(deps, caller, wanted.dnc_list_id, reader, source)
    else:
        before = wanted.numbers
        numbers = before + await _add(deps, caller, wanted.dnc_list_id, reader, source)
    report = DncFileReport(
        numbers=numbers,
        numbers_before=before,
        lines=reader.lines,
        bad_lines=reader.bad_lines,
        first_bad=reader.first_bad,
    )
    detail = {"file": source, "numbers": numbers, "bad_lines": reader.bad_lines}
    await note(deps, caller, "dnc_list.file", wanted.dnc_list_id, detail)
    return report


async def _replace(
    deps: Deps, caller: Caller, list_id: str, reader: NumberFile, source: str
) -> tuple[int, int]:
    head: dict[str, Any] = {
        "tenant": caller.tenant,
        "list_id": list_id,
        "load_id": str(uuid7()),
    }
    chunks = reader.chunks()
    done = False
    try:
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            question = p.LoadDncNumbersV1(occurred_at=deps.now(), **head, numbers=chunk)
            await deps.bus.request(question, Done, timeout_s=_CHUNK_S)
        if reader.numbers == 0:
            raise Invalid("file_empty", "The file has no number that can be read.")
        done = True
    finally:
        finish = p.FinishDncLoadV1(
            occurred_at=deps.now(), **head, source=source, by=caller.username, cancel=not done
        )
        if not done:
            await deps.bus.request(finish, p.DncLoadedV1, timeout_s=_CHUNK_S)
    loaded = await deps.bus.request(finish, p.DncLoadedV1, timeout_s=_CHUNK_S)
    return loaded.numbers, loaded.numbers_before


async def _add(deps: Deps, caller: Caller, list_id: str, reader: NumberFile, source: str) -> int:
    added = 0
    chunks = reader.chunks()
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        for start in range(0, len(chunk), 5000):
            question = p.AddDncEntriesV1(
                occurred_at=deps.now(),
                tenant=caller.tenant,
                list_id=list_id,
                source=source or "file",
                by=caller.username,
                rows=tuple(p.DncRow(phone_e164=n) for n in chunk[start : start + 5000]),
            )
            done = await deps.bus.request(question, p.DncAddedV1, timeout_s=_CHUNK_S)
            added += done.added
    return added


async def abandonment(
    deps: Deps, caller: Caller, campaign_id: UUID, first: date, last: date, zone: str | None
) -> Abandonment:
    """Return a campaign's abandonment by day and half hour. Raises NotFound."""
    campaign = await campaigns.get(deps, caller, campaign_id)
    zone = zone or campaign.schedule.zone
    async with deps.pool.tenant(caller.tenant_id) as conn:
        rows = await store.abandonment(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=str(campaign_id),
            first=first,
            last=last,
            zone=zone,
        )
    cap = campaign.target_abandonment
    by_day: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_day[row["day"]].append(row)
    days = [
        AbandonmentDay(
            day=day,
            windows=[
                _line(row["begins_at"], [row], cap, at_least=_LARGE_WINDOW) for row in windows
            ],
            **_line(windows[0]["begins_at"], windows, cap, at_least=1).model_dump(),
        )
        for day, windows in by_day.items()
    ]
    return Abandonment(campaign_id=campaign_id, zone=zone, cap=cap, days=days)


def _line(
    begins_at: Any, rows: list[dict[str, Any]], cap: float, *, at_least: int
) -> AbandonmentLine:
    dialed, live, abandoned = (sum(r[k] for r in rows) for k in ("dialed", "live", "abandoned"))
    rate = abandoned / live if live else None
    return AbandonmentLine(
        begins_at=begins_at,
        dialed=dialed,
        live=live,
        abandoned=abandoned,
        rate=rate,
        is_over=rate is not None and live >= at_least and rate > cap,
    )


async def note(
    deps: Deps, caller: Caller, action: str, object_id: str, detail: dict[str, Any]
) -> None:
    """Write down in the audit log what the caller did."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=action,
            object_type=action.partition(".")[0],
            object_id=object_id,
            detail=detail,
        )
