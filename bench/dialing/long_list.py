"""A list of a million leads in PostgreSQL: import, claims under the law, and closing attempts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from uuid import UUID

from bench.dialing.office import Office, numbers, screening

from ringway.dialer import attempt_store, campaign_store, dnc_store, lead_store
from ringway.dialer.core.retry import Closed, ClosedReason
from ringway.dialer.gate import Gate
from ringway.dialer.model import BY_INDEX
from ringway.proto.dialer import AttemptDisposition, CampaignSpec, CampaignState, LeadRow
from ringway.proto.dialer_law import DncRow
from ringway.runtime.clock import utcnow

LIST = "long"
SPEC = {
    "caps": {"number_per_day": 3, "lead_per_week": 5, "min_interval_s": 60},
    "schedule": {"windows": [{"begins": "00:00", "ends": "24:00"}]},
}
_CHUNK = 5000
_BATCHES = (1, 10)
_FORBIDDEN_EVERY = 100


@dataclass(slots=True)
class Figures:
    """Seconds, and milliseconds of each claim by its size."""

    leads: int
    import_s: float = 0.0
    claims_ms: dict[int, list[float]] = field(default_factory=dict)
    claimed: int = 0
    refused: int = 0


async def measure(office: Office, leads: int, claims: int) -> Figures:
    """Import the list, and claim from it as often as told with each size of claim.

    One number of a hundred is on the tenant's list of those not called, and the law's rules hold:
    windows in each lead's own zone, caps per number and lead, an interval. What is claimed is
    closed. Statistics of the tables are those that PostgreSQL has after an import: none.
    """
    figures = Figures(leads)
    tenant = UUID(office.tenant)
    parties = numbers(0, leads)
    async with office.pool.tenant(tenant) as conn:
        await lead_store.put_list(conn, tenant_id=tenant, list_id=LIST, name=LIST)
    for at in range(0, leads, _CHUNK):
        rows = [
            LeadRow(lead_id=f"l-{at + n}", phone_e164=number)
            for n, number in enumerate(parties[at : at + _CHUNK])
        ]
        began = perf_counter()
        async with office.pool.tenant(tenant) as conn:
            await lead_store.add_leads(
                conn, tenant_id=tenant, list_id=LIST, batch_id=LIST, chunk_no=at // _CHUNK,
                rows=rows,
            )  # fmt: skip
        figures.import_s += perf_counter() - began
        await asyncio.sleep(0)
    await _forbid(office, parties)
    await _claim(office, claims, figures)
    return figures


async def _forbid(office: Office, parties: list[str]) -> None:
    tenant = UUID(office.tenant)
    rows = [DncRow(phone_e164=number) for number in parties[5::_FORBIDDEN_EVERY]]
    for at in range(0, len(rows), _CHUNK):
        async with office.pool.tenant(tenant) as conn:
            await dnc_store.add(
                conn, tenant_id=tenant, list_id=dnc_store.OWN_LIST, rows=rows[at : at + _CHUNK],
                source="bench", by="bench",
            )  # fmt: skip


async def _claim(office: Office, claims: int, figures: Figures) -> None:
    tenant, name = UUID(office.tenant), "claims"
    spec = CampaignSpec.model_validate(screening((LIST,)) | SPEC)
    ids: dict[str, Any] = {"tenant_id": tenant, "campaign_id": name}
    async with office.pool.tenant(tenant) as conn:
        await campaign_store.put_project(conn, tenant_id=tenant, project_id="p", name="p")
        await campaign_store.put_campaign(conn, **ids, spec=spec)
        await campaign_store.set_state(conn, **ids, state=CampaignState.RUNNING)
    gate = Gate(tenant, name, spec)
    for turn in range(claims * len(_BATCHES)):
        count = _BATCHES[turn % len(_BATCHES)]
        began = perf_counter()
        async with office.pool.tenant(tenant, settings=BY_INDEX) as conn:
            claimed = await gate.claim(conn, nodes=["ast-0"] * count, now=utcnow())
        figures.claims_ms.setdefault(count, []).append((perf_counter() - began) * 1e3)
        figures.claimed += len(claimed)
        how = attempt_store.End(utcnow(), AttemptDisposition.SERVED, 16, 200, None)
        async with office.pool.tenant(tenant) as conn:
            for attempt in claimed:
                await attempt_store.end(
                    conn, tenant_id=tenant, attempt_id=attempt.attempt_id, how=how,
                    then=Closed(ClosedReason.REACHED),
                )  # fmt: skip
    async with office.pool.tenant(tenant) as conn:
        await campaign_store.set_state(conn, **ids, state=CampaignState.STOPPED)
        figures.refused = await conn.fetchval("SELECT count(*) FROM dialer.refusal")
