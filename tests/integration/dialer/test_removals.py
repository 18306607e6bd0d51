"""Projects and lists are removed once nothing needs them; what was dialed of them stays."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import MakeDatabase

from ringway.dialer.lead_requests import LeadRequests
from ringway.dialer.removals import Removals
from ringway.dialer.requests import Requests
from ringway.proto import dialer as p
from ringway.proto.dialer_leads import PutLeadV1
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
_ATTEMPT = """
    INSERT INTO dialer.attempt (tenant_id, attempt_id, interaction_id, campaign_id, list_id,
           lead_id, attempt_no, phone_e164, mode, trunk_id, node, claimed_at, ended_at, disposition)
    VALUES ($1, $2, $3, 'c', 'l', 'lead0', 1, '+40215550100', 'progressive', 't', 'ast-0', now(),
            now(), 'busy')
"""
_CALLBACK = """
    INSERT INTO dialer.callback (tenant_id, callback_id, campaign_id, lead_id, due_at, zone,
                                 try_at, missed_at, look_at, back_due_at)
    VALUES ($1, 'b', 'c', 'lead1', now(), 'UTC', now(), now(), now(), now())
"""


def _ask(kind: Any, **fields: Any) -> Any:
    return kind(occurred_at=utcnow(), tenant=str(TENANT), **fields)


async def test_what_nothing_needs_is_removed(make_database: MakeDatabase) -> None:
    database = await make_database("dialer")
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=2, application_name="test") as pool:
        requests, removals = Requests(pool, lambda: None), Removals(pool)
        leads = LeadRequests(pool)
        put_project = _ask(p.PutProjectV1, project_id="p", name="P")
        put_list = _ask(p.PutListV1, list_id="l", name="L")
        rows = tuple(p.LeadRow(lead_id=f"lead{n}", phone_e164=f"+4021555010{n}") for n in range(4))
        more = _ask(p.AddLeadsV1, list_id="l", batch_id="b", chunk_no=1, rows=rows[3:])
        put = _ask(p.PutCampaignV1, campaign_id="c", spec=_SPEC)
        no_project = _ask(p.RemoveProjectV1, project_id="p")
        no_list = _ask(p.RemoveListV1, list_id="l")
        no_campaign = _ask(p.RemoveCampaignV1, campaign_id="c")

        async def refusal(handler: Any, request: Any) -> str:
            with pytest.raises(Refused) as refused:
                await handler(request)
            return refused.value.code

        async def run(query: str, *args: Any) -> Any:
            async with pool.tenant(TENANT) as conn:
                return await conn.fetchval(query, *args)

        assert await refusal(removals.remove_project, no_project) == "project_not_found"
        assert await refusal(removals.remove_list, no_list) == "list_not_found"
        await requests.put_project(put_project)
        await requests.put_list(put_list)
        await requests.add_leads(
            _ask(p.AddLeadsV1, list_id="l", batch_id="b", chunk_no=0, rows=rows[:3])
        )
        await requests.put_campaign(put)
        assert await refusal(removals.remove_project, no_project) == "project_in_use"
        assert await refusal(removals.remove_list, no_list) == "list_in_use"
        await requests.control_campaign(
            _ask(p.ControlCampaignV1, campaign_id="c", action=p.CampaignAction.STOP)
        )
        await run(_ATTEMPT, TENANT, uuid7(), uuid7())
        await run("UPDATE dialer.lead SET open_attempt_id = $1 WHERE lead_id = 'lead2'", uuid7())
        assert await refusal(removals.remove_list, no_list) == "list_has_calls"
        await run("UPDATE dialer.lead SET open_attempt_id = NULL")
        await run(_CALLBACK, TENANT)
        assert await refusal(removals.remove_list, no_list) == "list_has_callbacks"
        await run("UPDATE dialer.callback SET state = 'cancelled', look_at = NULL")
        await removals.remove_list(no_list)
        for handler, request in (
            (removals.remove_list, no_list),
            (requests.put_list, put_list),
            (requests.add_leads, more),
            (leads.put_lead, _ask(PutLeadV1, list_id="l", lead=rows[3])),
        ):
            assert await refusal(handler, request) == "list_not_found"
        assert await refusal(requests.put_campaign, put) == "campaign_invalid"
        # Its leads go, but for those that something was promised to; what was dialed stays.
        assert [await removals.clean_once(), await removals.clean_once()] == [2, 0]
        assert await run("SELECT array_agg(lead_id) FROM dialer.lead") == ["lead1"]
        # A project keeps its name where calls of removed campaigns are told.
        assert await refusal(removals.remove_project, no_project) == "project_in_use"
        await requests.remove_campaign(no_campaign)
        await removals.remove_project(no_project)
        assert await refusal(removals.remove_project, no_project) == "project_not_found"
        assert await refusal(requests.put_project, put_project) == "project_not_found"
        await requests.put_list(_ask(p.PutListV1, list_id="l2", name="L"))
        again = _ask(
            p.PutCampaignV1, campaign_id="d", spec=_SPEC.model_copy(update={"list_ids": ("l2",)})
        )
        assert await refusal(requests.put_campaign, again) == "campaign_invalid"
    async with (
        Pool.open(database.dsn("ringway_crm_api"), max_size=1, application_name="test") as theirs,
        theirs.tenant(TENANT) as conn,
    ):
        shown = await conn.fetchrow(
            "SELECT (SELECT count(*) FROM dialer.project_v), array(SELECT list_id FROM "
            "dialer.list_v), (SELECT count(*) FROM dialer.attempt_v), "
            "(SELECT project FROM dialer.campaign_name_v)"
        )
    assert shown is not None
    assert tuple(shown) == (0, ["l2"], 1, "P")
