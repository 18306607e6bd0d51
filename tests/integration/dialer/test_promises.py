"""Call-backs that are promised in the moment in which their campaign ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.conftest import MakeDatabase
from tests.support.postgres import Database, connect
from tests.support.waiting import eventually

from ringway.dialer import callback_store, campaign_store, lead_store
from ringway.dialer.callback_requests import CallbackRequests
from ringway.dialer.model import Campaign
from ringway.dialer.requests import Requests
from ringway.dialer.runner import CampaignRunner, Parts
from ringway.proto import dialer as p
from ringway.proto.dialer import CampaignMode, CampaignSpec, CampaignState, LeadRow
from ringway.proto.dialer_callback import CallbackTime, CallbackWish, PutCallbackV1
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

SPEC = CampaignSpec(
    name="c", project_id="p", mode=CampaignMode.PREVIEW, list_ids=("l",), agent_ids=("ann",),
    trunk_id="t",
)  # fmt: skip


@pytest.fixture
async def database(make_database: MakeDatabase) -> Database:
    return await make_database("dialer")


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=6, application_name="test") as pool:
        yield pool


class _Promise:
    """A call-back that takes its time once its campaign was read."""

    def __init__(self, pool: Pool, tenant: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
        self.has_read, self.go_on = asyncio.Event(), asyncio.Event()
        hold_lead = callback_store.hold_lead

        async def slow(*args: Any, **more: Any) -> Any:
            self.has_read.set()
            await self.go_on.wait()
            return await hold_lead(*args, **more)

        monkeypatch.setattr(callback_store, "hold_lead", slow)
        request = PutCallbackV1(
            occurred_at=utcnow(), tenant=str(tenant), callback_id="cb", campaign_id="c",
            lead_id="lead", by="ann", wish=CallbackWish(due=CallbackTime(at=utcnow())),
        )  # fmt: skip
        self.made = asyncio.create_task(CallbackRequests(pool).put_callback(request))


async def _campaign(pool: Pool, state: CampaignState) -> UUID:
    """A campaign whose only lead was reached."""
    tenant = uuid4()
    async with pool.tenant(tenant) as conn:
        await campaign_store.put_project(conn, tenant_id=tenant, project_id="p", name="P")
        await lead_store.put_list(conn, tenant_id=tenant, list_id="l", name="L")
        await campaign_store.put_campaign(conn, tenant_id=tenant, campaign_id="c", spec=SPEC)
        await campaign_store.set_state(conn, tenant_id=tenant, campaign_id="c", state=state)
        rows = [LeadRow(lead_id="lead", phone_e164="+442079460000")]
        await lead_store.add_leads(
            conn, tenant_id=tenant, list_id="l", batch_id="b", chunk_no=0, rows=rows
        )
        await conn.execute("UPDATE dialer.lead SET closed_reason = 'reached'")
    return tenant


async def _row(pool: Pool, tenant: UUID) -> Campaign:
    async with pool.tenant(tenant) as conn:
        row = await campaign_store.get_campaign(conn, tenant_id=tenant, campaign_id="c")
    assert row is not None
    return row


async def _until_it_waits(database: Database, task: asyncio.Task[Any]) -> None:
    """Until a transaction waits for another one, or is done without."""
    owner = await connect(database, "ringway_owner")

    async def waits() -> bool:
        waiting = await owner.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(waiting) or task.done()

    await eventually(waits, what="the other one waits")
    await owner.close()


def _finish(pool: Pool, campaign: Campaign) -> Coroutine[Any, Any, bool]:
    class _Runner(CampaignRunner):
        def __init__(self) -> None:
            self.campaign, self.tenant_id = campaign, UUID(campaign.tenant)
            self._parts: Parts

        async def end(self) -> bool:
            async with pool.tenant(self.tenant_id) as conn:
                return await self._finish_rows(conn, is_over=False)

    return _Runner().end()


async def test_a_campaign_does_not_finish_while_a_call_back_is_promised(
    pool: Pool, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await _campaign(pool, CampaignState.RUNNING)
    campaign = await _row(pool, tenant)
    promise = _Promise(pool, tenant, monkeypatch)
    await promise.has_read.wait()
    finishing = asyncio.create_task(_finish(pool, campaign))
    await _until_it_waits(database, finishing)
    promise.go_on.set()
    await promise.made
    assert not await finishing
    assert (await _row(pool, tenant)).state is CampaignState.RUNNING


async def test_a_campaign_that_is_stopped_while_a_call_back_is_promised_stays_stopped(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await _campaign(pool, CampaignState.FINISHED)
    promise = _Promise(pool, tenant, monkeypatch)
    await promise.has_read.wait()
    stop = p.ControlCampaignV1(
        occurred_at=utcnow(), tenant=str(tenant), campaign_id="c", action=p.CampaignAction.STOP
    )
    await Requests(pool, lambda: None).control_campaign(stop)
    promise.go_on.set()
    await promise.made
    assert (await _row(pool, tenant)).state is CampaignState.STOPPED


async def test_a_campaign_is_not_removed_while_a_call_back_is_promised(
    pool: Pool, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await _campaign(pool, CampaignState.FINISHED)
    promise = _Promise(pool, tenant, monkeypatch)
    await promise.has_read.wait()
    request = p.RemoveCampaignV1(occurred_at=utcnow(), tenant=str(tenant), campaign_id="c")
    removing = asyncio.create_task(Requests(pool, lambda: None).remove_campaign(request))
    await _until_it_waits(database, removing)
    promise.go_on.set()
    await promise.made
    with pytest.raises(Refused) as refusal:
        await removing
    assert refusal.value.code == "campaign_not_over"
    async with pool.tenant(tenant) as conn:
        assert not await campaign_store.is_removed(conn, tenant_id=tenant, campaign_id="c")
        assert await callback_store.is_due(conn, tenant_id=tenant, lead_id="lead", now=utcnow())


async def test_a_removed_campaign_promises_nothing(pool: Pool) -> None:
    tenant = await _campaign(pool, CampaignState.FINISHED)
    request = p.RemoveCampaignV1(occurred_at=utcnow(), tenant=str(tenant), campaign_id="c")
    await Requests(pool, lambda: None).remove_campaign(request)
    promise = PutCallbackV1(
        occurred_at=utcnow(), tenant=str(tenant), callback_id="cb", campaign_id="c",
        lead_id="lead", by="ann", wish=CallbackWish(due=CallbackTime(at=utcnow())),
    )  # fmt: skip
    with pytest.raises(Refused, match="no such campaign"):
        await CallbackRequests(pool).put_callback(promise)
