"""A trunk that the platform takes back: campaigns that call by it pause, and none begins."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import MakeDatabase

from ringway.dialer.outbound_stop import OutboundStops
from ringway.dialer.requests import Requests
from ringway.proto import dialer as p
from ringway.proto.dialer_tenants import StopTrunkV1
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

TENANT = uuid4()
_SPEC = p.CampaignSpec(
    name="Spring", project_id="p", mode=p.CampaignMode.PROGRESSIVE, list_ids=("l",),
    agent_ids=("ann",), trunk_id="lent",
)  # fmt: skip
_START, _PAUSE = p.CampaignAction.START, p.CampaignAction.PAUSE


def _ask(kind: Any, **fields: Any) -> Any:
    return kind(occurred_at=utcnow(), tenant=str(TENANT), **fields)


async def test_campaigns_of_a_trunk_that_is_taken_back_pause(make_database: MakeDatabase) -> None:
    database = await make_database("dialer")
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=2, application_name="test") as pool:
        changes: list[None] = []
        requests = Requests(pool, lambda: None)
        stops = OutboundStops(pool, lambda: changes.append(None))

        async def put(campaign_id: str, trunk_id: str) -> None:
            spec = _SPEC.model_copy(update={"trunk_id": trunk_id})
            await requests.put_campaign(_ask(p.PutCampaignV1, campaign_id=campaign_id, spec=spec))

        async def control(campaign_id: str, action: p.CampaignAction) -> str:
            request = _ask(p.ControlCampaignV1, campaign_id=campaign_id, action=action)
            return (await requests.control_campaign(request)).state

        async def states() -> list[tuple[str, str]]:
            async with pool.tenant(TENANT) as conn:
                rows = await conn.fetch(
                    "SELECT state, state_reason FROM dialer.campaign ORDER BY campaign_id"
                )
            return [(row["state"], row["state_reason"]) for row in rows]

        await requests.put_project(_ask(p.PutProjectV1, project_id="p", name="P"))
        await requests.put_list(_ask(p.PutListV1, list_id="l", name="L"))
        lead = p.LeadRow(lead_id="lead", phone_e164="+40215550100")
        await requests.add_leads(
            _ask(p.AddLeadsV1, list_id="l", batch_id="b", chunk_no=0, rows=(lead,))
        )
        for campaign_id, trunk_id in (("a", "lent"), ("b", "own"), ("c", "lent")):
            await put(campaign_id, trunk_id)
            await control(campaign_id, _START)
        await control("c", _PAUSE)
        taken = _ask(StopTrunkV1, trunk_id="lent", stopped=True, reason="not lent any more")
        assert [(await stops.stop_trunk(taken)).paused for _ in range(2)] == [1, 0]
        assert changes
        assert await states() == [("paused", "not lent any more"), ("running", ""), ("paused", "")]
        async with pool.tenant(TENANT) as conn:
            told = await conn.fetchval(
                "SELECT array_agg(convert_from(payload, 'UTF8')::jsonb ->> 'campaign_id') "
                "FROM dialer.outbox WHERE convert_from(payload, 'UTF8')::jsonb ->> 'reason' = $1",
                "not lent any more",
            )
        assert told == ["a"]
        # None begins by it: neither one that waits, nor one that runs and is to change to it.
        with pytest.raises(Refused, match="not lent any more"):
            await control("a", _START)
        with pytest.raises(Refused) as refused:
            await put("b", "lent")
        assert refused.value.code == "trunk_withdrawn"
        await put("a", "own")
        assert await control("a", _START) == "running"
        # Lent again, nothing begins by itself.
        await stops.stop_trunk(_ask(StopTrunkV1, trunk_id="lent", stopped=False))
        assert await states() == [("running", ""), ("running", ""), ("paused", "")]
        assert await control("c", _START) == "running"
