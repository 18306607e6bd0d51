"""One tenant's campaigns in a real PostgreSQL, without a dialer: what a claim would bring."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from ringway.dialer import attempt_store, campaign_store, dnc_store, lead_store
from ringway.dialer.core.retry import DialAgain
from ringway.dialer.gate import Gate
from ringway.dialer.model import Attempt
from ringway.proto.dialer import (
    AttemptDisposition,
    CampaignMode,
    CampaignSpec,
    CampaignState,
    LeadRow,
)
from ringway.proto.dialer_law import DncRow
from ringway.runtime.postgres import Pool

TENANT = uuid4()
# A Wednesday in a year to come: leads are due since they were added.
NOON = datetime(2035, 2, 28, 12, 0, tzinfo=UTC)


class Desk:
    """One tenant's campaigns on one pool."""

    def __init__(self, pool: Pool, tenant: UUID = TENANT) -> None:
        self.pool = pool
        self.tenant = tenant
        self.specs: dict[str, CampaignSpec] = {}

    async def campaign(
        self, numbers: list[str], campaign_id: str = "c", zone: str | None = None, **spec: Any
    ) -> None:
        """Have a running campaign with a list of its own."""
        list_id = f"list-{campaign_id}"
        rows = [
            LeadRow(lead_id=f"{campaign_id}-{n}", phone_e164=number, zone=zone)
            for n, number in enumerate(numbers)
        ]
        values = {
            "name": "c", "project_id": "p", "mode": CampaignMode.PROGRESSIVE,
            "list_ids": (list_id,), "agent_ids": ("ann",), "trunk_id": "t", "max_attempts": 9,
            **spec,
        }  # fmt: skip
        made = self.specs[campaign_id] = CampaignSpec.model_validate(values)
        key: dict[str, Any] = {"tenant_id": self.tenant}
        async with self.pool.tenant(self.tenant) as conn:
            await campaign_store.put_project(conn, **key, project_id="p", name="P")
            await lead_store.put_list(conn, **key, list_id=list_id, name="L")
            await campaign_store.put_campaign(conn, **key, campaign_id=campaign_id, spec=made)
            await campaign_store.set_state(
                conn, **key, campaign_id=campaign_id, state=CampaignState.RUNNING
            )
            await lead_store.add_leads(
                conn, **key, list_id=list_id, batch_id=list_id, chunk_no=0, rows=rows
            )

    def gate(self, campaign_id: str = "c") -> Gate:
        return Gate(self.tenant, campaign_id, self.specs[campaign_id])

    async def claim(
        self, count: int = 10, now: datetime = NOON, campaign_id: str = "c"
    ) -> list[Attempt]:
        async with self.pool.tenant(self.tenant) as conn:
            return list(await self.gate(campaign_id).claim(conn, nodes=["ast-0"] * count, now=now))

    async def end(
        self, attempt: Attempt, at: datetime, disposition: str = "no_answer", delay_s: float = 0
    ) -> None:
        async with self.pool.tenant(self.tenant) as conn:
            await attempt_store.end(
                conn,
                tenant_id=self.tenant,
                attempt_id=attempt.attempt_id,
                how=attempt_store.End(at, AttemptDisposition(disposition), 0, 0, None),
                then=DialAgain(delay_s),
            )

    async def refusals(self) -> list[dict[str, Any]]:
        async with self.pool.tenant(self.tenant) as conn:
            rows = await conn.fetch("SELECT * FROM dialer.refusal ORDER BY refusal_id")
        return [dict(row) for row in rows]

    async def leads(self) -> dict[str, dict[str, Any]]:
        async with self.pool.tenant(self.tenant) as conn:
            rows = await conn.fetch("SELECT * FROM dialer.lead")
        return {row["lead_id"]: dict(row) for row in rows}

    async def next_due(self, now: datetime = NOON) -> datetime | None:
        async with self.pool.tenant(self.tenant) as conn:
            return await self.gate().next_due(conn, now=now)

    async def forbid(self, *numbers: str, list_id: str = "own", **row: Any) -> int:
        async with self.pool.tenant(self.tenant) as conn:
            return await dnc_store.add(
                conn,
                tenant_id=self.tenant,
                list_id=list_id,
                rows=[DncRow(phone_e164=number, **row) for number in numbers],
                source="test",
                by="ann",
            )
