"""Leads and attempts on a real PostgreSQL: claims race, imports repeat, tenants are apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from tests.conftest import MakeDatabase
from tests.support.postgres import Database, connect
from tests.support.waiting import eventually

from ringway.dialer import attempt_store, campaign_store, lead_store
from ringway.dialer.core.retry import Closed, ClosedReason, DialAgain
from ringway.dialer.gate import Gate
from ringway.dialer.model import BY_INDEX, Attempt
from ringway.proto.dialer import (
    AttemptDisposition,
    CampaignMode,
    CampaignSpec,
    CampaignState,
    LeadRow,
)
from ringway.runtime.clock import utcnow
from ringway.runtime.postgres import Connection, Pool

pytestmark = pytest.mark.integration

TENANT = uuid4()


@pytest.fixture
async def database(make_database: MakeDatabase) -> Database:
    return await make_database("dialer")


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=6, application_name="test") as pool:
        yield pool


def _rows(count: int, start: int = 0, prefix: str = "lead") -> list[LeadRow]:
    return [
        LeadRow(lead_id=f"{prefix}-{n}", phone_e164=f"+40215{n:06}", name=f"N {n}", data={"n": "x"})
        for n in range(start, start + count)
    ]


def _spec(**more: object) -> CampaignSpec:
    values = {
        "name": "c", "project_id": "p", "mode": CampaignMode.PROGRESSIVE, "list_ids": ("l",),
        "agent_ids": ("ann",), "trunk_id": "t", **more,
    }  # fmt: skip
    return CampaignSpec.model_validate(values)


async def _fill(pool: Pool, leads: int, tenant: UUID = TENANT) -> None:
    """A running campaign ``c`` of list ``l`` with so many leads."""
    async with pool.tenant(tenant) as conn:
        await campaign_store.put_project(conn, tenant_id=tenant, project_id="p", name="P")
        await lead_store.put_list(conn, tenant_id=tenant, list_id="l", name="L")
        await campaign_store.put_campaign(conn, tenant_id=tenant, campaign_id="c", spec=_spec())
        await campaign_store.set_state(
            conn, tenant_id=tenant, campaign_id="c", state=CampaignState.RUNNING
        )
        if leads:
            await _add(conn, tenant, _rows(leads))


async def _add(
    conn: Connection, tenant: UUID, rows: list[LeadRow], chunk_no: int = 0, batch: str = "b"
) -> lead_store.Added:
    return await lead_store.add_leads(
        conn, tenant_id=tenant, list_id="l", batch_id=batch, chunk_no=chunk_no, rows=rows
    )


async def _claim(
    conn: Connection, count: int, now: datetime | None = None, max_attempts: int = 3
) -> list[Attempt]:
    gate = Gate(TENANT, "c", _spec(max_attempts=max_attempts, caller_id="+40215550100"))
    now = now or utcnow() + timedelta(seconds=1)
    return list(await gate.claim(conn, nodes=["ast-0"] * count, now=now))


def _end(disposition: AttemptDisposition = AttemptDisposition.BUSY) -> attempt_store.End:
    return attempt_store.End(utcnow(), disposition, 17, 486, None)


async def test_leads_are_claimed_in_the_order_of_the_list(pool: Pool) -> None:
    await _fill(pool, 5)
    async with pool.tenant(TENANT) as conn:
        first = await _claim(conn, 2)
        second = await _claim(conn, 9)
    assert [a.lead_id for a in first] == ["lead-0", "lead-1"]
    assert [a.lead_id for a in second] == ["lead-2", "lead-3", "lead-4"]
    assert {a.attempt_no for a in first + second} == {1}


async def test_a_higher_priority_goes_first(pool: Pool) -> None:
    await _fill(pool, 3)
    urgent = LeadRow(lead_id="urgent", phone_e164="+49301234567", priority=5)
    async with pool.tenant(TENANT) as conn:
        await _add(conn, TENANT, [urgent], chunk_no=1)
        assert [a.lead_id for a in await _claim(conn, 1)] == ["urgent"]


async def test_two_dialers_never_claim_the_same_lead(pool: Pool) -> None:
    await _fill(pool, 10)
    async with pool.tenant(TENANT) as a:
        first = await _claim(a, 6)
        async with pool.tenant(TENANT) as b:
            second = await _claim(b, 10)
    assert len(first) == 6
    assert len(second) == 4
    assert {x.lead_id for x in first}.isdisjoint(x.lead_id for x in second)


async def test_many_claimers_at_once_share_the_list(pool: Pool) -> None:
    await _fill(pool, 60)

    async def claimer() -> list[str]:
        mine: list[str] = []
        while True:
            async with pool.tenant(TENANT) as conn:
                got = await _claim(conn, 3)
                left = await Gate(TENANT, "c", _spec()).next_due(conn, now=utcnow())
            mine += [a.lead_id for a in got]
            if not got and left is None:
                return mine

    claimed = await asyncio.gather(*(claimer() for _ in range(5)))
    every = [lead for mine in claimed for lead in mine]
    assert sorted(every) == sorted(f"lead-{n}" for n in range(60))


async def test_a_lead_cannot_have_a_second_open_attempt(pool: Pool, database: Database) -> None:
    await _fill(pool, 1)
    async with pool.tenant(TENANT) as conn:
        (attempt,) = await _claim(conn, 1)
    async with pool.tenant(TENANT) as conn:
        # Another number, or the law would see that this one is being dialed.
        await conn.execute(
            "UPDATE dialer.lead SET open_attempt_id = NULL, phone_e164 = '+40215999999'"
        )
    with pytest.raises(asyncpg.UniqueViolationError):
        async with pool.tenant(TENANT) as conn:
            await _claim(conn, 1)
    async with pool.tenant(TENANT) as conn:
        found = await attempt_store.open_attempts(conn, tenant_id=TENANT, campaign_id="c")
    assert [a.attempt_id for a in found] == [attempt.attempt_id]
    assert found[0] == attempt


async def test_nothing_is_claimed_for_a_paused_campaign(pool: Pool) -> None:
    await _fill(pool, 3)
    async with pool.tenant(TENANT) as conn:
        await campaign_store.set_state(
            conn, tenant_id=TENANT, campaign_id="c", state=CampaignState.PAUSED
        )
        assert await _claim(conn, 3) == []


async def test_an_ended_lead_is_due_again_after_the_delay(pool: Pool) -> None:
    await _fill(pool, 1)
    async with pool.tenant(TENANT) as conn:
        (attempt,) = await _claim(conn, 1)
        how, again = _end(), DialAgain(60)
        done: dict[str, Any] = {
            "tenant_id": TENANT, "attempt_id": attempt.attempt_id, "how": how, "then": again,
        }  # fmt: skip
        assert await attempt_store.end(conn, **done)
        assert not await attempt_store.end(conn, **done)
        assert await _claim(conn, 1, how.ended_at + timedelta(seconds=59)) == []
        (second,) = await _claim(conn, 1, how.ended_at + timedelta(seconds=61))
    assert second.attempt_no == 2


async def test_attempts_end_at_the_campaigns_limit(pool: Pool) -> None:
    await _fill(pool, 1)
    async with pool.tenant(TENANT) as conn:
        for _ in range(2):
            (attempt,) = await _claim(conn, 1, max_attempts=2)
            await attempt_store.end(
                conn, tenant_id=TENANT, attempt_id=attempt.attempt_id, how=_end(), then=DialAgain(0)
            )
        assert await _claim(conn, 1, max_attempts=2) == []
        assert not await campaign_store.has_work(
            conn, tenant_id=TENANT, campaign_id="c", spec=_spec(max_attempts=2)
        )


async def test_an_attempt_that_never_left_is_taken_back(pool: Pool) -> None:
    await _fill(pool, 1)
    async with pool.tenant(TENANT) as conn:
        (attempt,) = await _claim(conn, 1)
        ids: dict[str, Any] = {"tenant_id": TENANT, "attempt_id": attempt.attempt_id}
        assert await attempt_store.remove(conn, **ids)
        assert not await attempt_store.remove(conn, **ids)
        (again,) = await _claim(conn, 1)
        assert again.attempt_no == 1


async def test_an_attempt_that_was_placed_is_not_taken_back(pool: Pool) -> None:
    await _fill(pool, 1)
    async with pool.tenant(TENANT) as conn:
        (attempt,) = await _claim(conn, 1)
        ids: dict[str, Any] = {"tenant_id": TENANT, "attempt_id": attempt.attempt_id}
        calls = [attempt_store.Placing(attempt.attempt_id, utcnow(), None, None)]
        assert await attempt_store.note_placed(conn, tenant_id=TENANT, calls=calls)
        assert not await attempt_store.note_placed(conn, tenant_id=TENANT, calls=calls)
        assert not await attempt_store.remove(conn, **ids)


async def test_connected_is_not_taken_back_by_a_late_abandonment(pool: Pool) -> None:
    await _fill(pool, 1)
    said = AttemptDisposition
    async with pool.tenant(TENANT) as conn:
        (attempt,) = await _claim(conn, 1)
        ids: dict[str, Any] = {"tenant_id": TENANT, "attempt_id": attempt.attempt_id}
        note = attempt_store.note_outcome
        assert await note(conn, **ids, outcome=said.ABANDONED, agent_id=None)
        assert await note(conn, **ids, outcome=said.CONNECTED, agent_id="ann")
        assert not await note(conn, **ids, outcome=said.ABANDONED, agent_id=None)
        assert await attempt_store.outcome_of(conn, **ids) == (said.CONNECTED, "ann")


async def test_a_repeated_chunk_adds_nothing_and_answers_the_same(pool: Pool) -> None:
    await _fill(pool, 0)
    rows = [*_rows(3), LeadRow(lead_id="other", phone_e164="+40215000001")]
    async with pool.tenant(TENANT) as conn:
        first = await _add(conn, TENANT, rows)
    assert first == lead_store.Added(3, ("other",))
    async with pool.tenant(TENANT) as conn:
        assert await _add(conn, TENANT, rows) == first


async def test_two_deliveries_of_one_chunk_at_once_add_it_once(pool: Pool) -> None:
    await _fill(pool, 0)

    async def deliver() -> lead_store.Added:
        async with pool.tenant(TENANT) as conn:
            return await _add(conn, TENANT, _rows(200))

    one, two = await asyncio.gather(deliver(), deliver())
    assert one == two == lead_store.Added(200, ())


async def test_leads_of_an_unknown_list_are_refused(pool: Pool) -> None:
    with pytest.raises(lead_store.ListMissing):
        async with pool.tenant(TENANT) as conn:
            await _add(conn, TENANT, _rows(1))


async def test_a_campaign_of_an_unknown_list_or_project_is_refused(pool: Pool) -> None:
    put = campaign_store.put_campaign
    with pytest.raises(campaign_store.ListMissing, match="l"):
        async with pool.tenant(TENANT) as conn:
            await put(conn, tenant_id=TENANT, campaign_id="c", spec=_spec())
    with pytest.raises(campaign_store.ProjectMissing):
        async with pool.tenant(TENANT) as conn:
            await put(conn, tenant_id=TENANT, campaign_id="c", spec=_spec(list_ids=()))


async def test_twenty_thousand_leads_are_added_in_seconds_and_claimed_at_once(pool: Pool) -> None:
    await _fill(pool, 0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for chunk_no in range(4):
        async with pool.tenant(TENANT) as conn:
            added = await _add(conn, TENANT, _rows(5000, chunk_no * 5000), chunk_no)
            assert added.added == 5000
    took_s = loop.time() - began
    assert took_s < 30, f"20,000 leads took {took_s:.1f} s"
    began = loop.time()
    async with pool.tenant(TENANT) as conn:
        assert len(await _claim(conn, 50)) == 50
    assert loop.time() - began < 5


async def test_another_tenants_rows_do_not_exist(pool: Pool, database: Database) -> None:
    await _fill(pool, 3)
    stranger = uuid4()
    async with pool.tenant(stranger) as conn:
        for table in ("project", "list", "lead", "lead_chunk", "campaign", "attempt"):
            assert await conn.fetchval(f"SELECT count(*) FROM dialer.{table}") == 0
    async with pool.platform() as conn:
        assert await conn.fetchval("SELECT count(*) FROM dialer.lead") == 0
        live = await campaign_store.live_campaigns(conn)
    assert [(x.tenant, x.campaign_id) for x in live] == [(str(TENANT), "c")]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.tenant(stranger) as conn:
            await conn.execute(
                "INSERT INTO dialer.project (tenant_id, project_id, name) VALUES ($1, 'x', 'x')",
                TENANT,
            )


async def test_crm_api_reads_the_views_of_its_tenant_only(pool: Pool, database: Database) -> None:
    await _fill(pool, 3)
    async with pool.tenant(TENANT) as conn:
        attempt, other = await _claim(conn, 2)
        ids: dict[str, Any] = {"tenant_id": TENANT, "attempt_id": attempt.attempt_id}
        at = utcnow()
        calls = [attempt_store.Placing(attempt.attempt_id, at, None, None)]
        await attempt_store.note_placed(conn, tenant_id=TENANT, calls=calls)
        answers = [(attempt.attempt_id, at)]
        await attempt_store.note_answered(conn, tenant_id=TENANT, calls=answers)
        how = attempt_store.End(at, AttemptDisposition.CONNECTED, 16, 0, "ann")
        await attempt_store.end(conn, **ids, how=how, then=Closed(ClosedReason.REACHED))
    async with Pool.open(database.dsn("ringway_crm_api"), application_name="crm") as crm:
        async with crm.tenant(TENANT) as conn:
            campaign = await conn.fetchrow("SELECT * FROM dialer.campaign_v")
            assert campaign is not None
            assert campaign["agent_ids"] == ["ann"]
            assert campaign["max_lines"] == 100
            wanted = {"leads_total": 3, "leads_open": 2, "attempts": 1, "answered": 1}
            assert {key: campaign[key] for key in wanted} == wanted
            assert (campaign["connected"], campaign["abandoned"]) == (1, 0)
            states = await conn.fetch("SELECT state FROM dialer.lead_v ORDER BY position")
            assert [r["state"] for r in states] == ["closed", "dialing", "open"]
            assert await conn.fetchval("SELECT leads_open FROM dialer.list_v") == 2
            row = await conn.fetchrow("SELECT * FROM dialer.attempt_v WHERE ended_at IS NOT NULL")
            assert row is not None
            assert row["agent_id"] == "ann"
            assert await conn.fetchval("SELECT name FROM dialer.project_v") == "P"
        async with crm.tenant(uuid4()) as conn:
            assert await conn.fetchval("SELECT count(*) FROM dialer.campaign_v") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with crm.tenant(TENANT) as conn:
                await conn.execute("UPDATE dialer.lead SET attempts = 0")
    assert other.lead_id == "lead-1"


async def test_counts_follow_the_rows(pool: Pool) -> None:
    await _fill(pool, 2)
    async with pool.tenant(TENANT) as conn:
        attempt, _ = await _claim(conn, 2)
        calls = [attempt_store.Placing(attempt.attempt_id, utcnow(), None, None)]
        await attempt_store.note_placed(conn, tenant_id=TENANT, calls=calls)
        found = await campaign_store.counts(conn, tenant_id=TENANT, campaign_id="c")
        assert (found.attempts, found.answered) == (1, 0)
        leads = await lead_store.counts(conn, tenant_id=TENANT, list_ids=("l",))
        assert (leads.total, leads.open) == (2, 2)
        assert await campaign_store.has_work(conn, tenant_id=TENANT, campaign_id="c", spec=_spec())


async def test_the_owner_sees_everything_and_services_own_nothing(database: Database) -> None:
    conn = await connect(database, "ringway_owner")
    try:
        forced = await conn.fetchval(
            """
            SELECT bool_and(c.relrowsecurity AND c.relforcerowsecurity)
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'dialer' AND c.relkind = 'r'
            """
        )
        owners = await conn.fetchval(
            "SELECT array_agg(DISTINCT tableowner) FROM pg_tables WHERE schemaname = 'dialer'"
        )
    finally:
        await conn.close()
    assert forced is True
    assert owners == ["ringway_owner"]


async def test_a_claim_reads_no_more_of_a_long_list_than_it_takes(pool: Pool) -> None:
    """Right after an import there are no statistics, and sorting is a long list's price."""
    await _fill(pool, 5000)
    nobody: list[str] = []
    due = (TENANT, "c", ["l"], ["Europe/Bucharest"], utcnow(), 3, 10, nobody)
    take = (TENANT, "c", ["x"], [uuid4()], [uuid4()], ["a"], utcnow(), None, "progressive", "t")
    async with pool.tenant(TENANT, settings=BY_INDEX) as conn:
        reads = await _plan(conn, lead_store._DUE, due)
        takes = await _plan(conn, lead_store._TAKE, take)
        looks = await _plan(conn, lead_store._ZONE_KEYS, (TENANT, ["l"]))
    assert "lead_to_dial" in reads
    assert reads.count("Sort  ") == 1  # of what was found
    assert "lead_pkey" in takes
    assert "Only Scan using lead_" in looks


async def _plan(conn: Connection, statement: str, arguments: tuple[object, ...]) -> str:
    return "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN {statement}", *arguments))


async def test_open_attempts_are_read_when_claims_under_way_are_committed(pool: Pool) -> None:
    await _fill(pool, 1)

    async def found() -> list[UUID]:
        async with pool.tenant(TENANT) as conn:
            attempts = await attempt_store.open_attempts(conn, tenant_id=TENANT, campaign_id="c")
        return [attempt.attempt_id for attempt in attempts]

    async with pool.tenant(TENANT, settings=BY_INDEX) as conn:
        # As of a process that was lost, or does not know whether PostgreSQL has heard it.
        (claimed,) = await Gate(TENANT, "c", _spec()).claim(conn, nodes=["ast-0"], now=utcnow())
        looking = asyncio.create_task(found())

        async def is_looked() -> bool:
            waiting = await conn.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool(waiting) or looking.done()

        await eventually(is_looked, what="somebody looks")
    assert await looking == [claimed.attempt_id]
