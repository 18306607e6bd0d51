"""A campaign that is over is removed: nobody sees or starts it, its calls keep its name."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import MakeDatabase

from ringway.dialer.requests import Requests
from ringway.proto import dialer as p
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

TENANT = uuid4()
_SPEC = p.CampaignSpec(
    name="Spring", project_id="p", mode=p.CampaignMode.PROGRESSIVE, list_ids=("l",),
    agent_ids=("ann",), trunk_id="t",
)  # fmt: skip


def _ask(kind: Any, **fields: Any) -> Any:
    return kind(occurred_at=utcnow(), tenant=str(TENANT), **fields)


async def test_a_campaign_is_removed_once_nothing_of_it_goes_on(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("dialer")
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=2, application_name="test") as pool:
        requests = Requests(pool, lambda: None)
        await requests.put_project(_ask(p.PutProjectV1, project_id="p", name="P"))
        await requests.put_list(_ask(p.PutListV1, list_id="l", name="L"))
        lead = p.LeadRow(lead_id="lead", phone_e164="+40215550100")
        await requests.add_leads(
            _ask(p.AddLeadsV1, list_id="l", batch_id="b", chunk_no=0, rows=(lead,))
        )
        removal = _ask(p.RemoveCampaignV1, campaign_id="c")

        async def refusal(handler: Any, request: Any) -> str:
            with pytest.raises(Refused) as refused:
                await handler(request)
            return refused.value.code

        async def control(action: p.CampaignAction) -> None:
            await requests.control_campaign(
                _ask(p.ControlCampaignV1, campaign_id="c", action=action)
            )

        put = _ask(p.PutCampaignV1, campaign_id="c", spec=_SPEC)
        assert await refusal(requests.remove_campaign, removal) == "campaign_not_found"
        await requests.put_campaign(put)
        await control(p.CampaignAction.START)
        assert await refusal(requests.remove_campaign, removal) == "campaign_not_over"
        await control(p.CampaignAction.PAUSE)
        assert await refusal(requests.remove_campaign, removal) == "campaign_not_over"
        await control(p.CampaignAction.STOP)
        async with pool.tenant(TENANT) as conn:
            await conn.execute(
                """
                INSERT INTO dialer.attempt (tenant_id, attempt_id, interaction_id, campaign_id,
                       list_id, lead_id, attempt_no, phone_e164, mode, trunk_id, node, claimed_at)
                VALUES ($1, $2, $3, 'c', 'l', 'lead', 1, '+40215550100', 'progressive', 't',
                        'ast-0', now())
                """,
                *(TENANT, uuid7(), uuid7()),
            )
        assert await refusal(requests.remove_campaign, removal) == "campaign_has_calls"
        async with pool.tenant(TENANT) as conn:
            await conn.execute("UPDATE dialer.attempt SET ended_at = now(), disposition = 'busy'")
        await requests.remove_campaign(removal)
        start = _ask(p.ControlCampaignV1, campaign_id="c", action=p.CampaignAction.START)
        for handler, request in (
            (requests.remove_campaign, removal),
            (requests.control_campaign, start),
            (requests.put_campaign, put),
        ):
            assert await refusal(handler, request) == "campaign_not_found"
    async with (
        Pool.open(database.dsn("ringway_crm_api"), max_size=1, application_name="test") as theirs,
        theirs.tenant(TENANT) as conn,
    ):
        shown = await conn.fetchval("SELECT count(*) FROM dialer.campaign_v")
        name = await conn.fetchval("SELECT name FROM dialer.campaign_name_v")
    assert (shown, name) == (0, "Spring")
