"""Leads with several numbers, on a real PostgreSQL and with real calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.conftest import MakeDatabase
from tests.support.dialer_centre import DialerCentre

from ringway.dialer import attempt_store, campaign_store, dnc_store, law_store, lead_store
from ringway.dialer.core import retry
from ringway.dialer.gate import Gate
from ringway.dialer.model import Attempt
from ringway.proto.base import Done
from ringway.proto.dialer import (
    AddLeadsV1,
    AttemptDisposition,
    CampaignMode,
    CampaignSpec,
    CampaignState,
    LeadNumber,
    LeadRow,
    LeadsAddedV1,
    PutListV1,
)
from ringway.proto.dialer_law import DncRow
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

FIRST, SECOND, THIRD = "+442071830001", "+442071830002", "+493090100003"
NOON = datetime(2035, 2, 28, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Desk:
    """One tenant with one campaign and one lead that has three numbers."""

    def __init__(self, pool: Pool, tenant: UUID, spec: CampaignSpec) -> None:
        self.pool = pool
        self.tenant = tenant
        self.spec = spec

    async def add(self, *rows: LeadRow, chunk_no: int = 1) -> lead_store.Added:
        async with self.pool.tenant(self.tenant) as conn:
            return await lead_store.add_leads(
                conn, tenant_id=self.tenant, list_id="l", batch_id="b", chunk_no=chunk_no,
                rows=rows,
            )  # fmt: skip

    async def claim(self, now: datetime = NOON, **spec: Any) -> list[Attempt]:
        """Claim as a runner does: again when nothing came, since a number in another zone may."""
        gate = Gate(self.tenant, "c", self.spec.model_copy(update=spec))
        claimed: list[Attempt] = []
        for _ in range(2):
            async with self.pool.tenant(self.tenant) as conn:
                claimed = claimed or list(await gate.claim(conn, nodes=["ast-0"] * 3, now=now))
        return claimed

    async def end(self, attempt: Attempt, disposition: str, at: datetime) -> None:
        ended = AttemptDisposition(disposition)
        then = retry.after(ended, attempt_no=attempt.attempt_no, max_attempts=9)
        async with self.pool.tenant(self.tenant) as conn:
            assert await attempt_store.end(
                conn,
                tenant_id=self.tenant,
                attempt_id=attempt.attempt_id,
                how=attempt_store.End(at, ended, 0, 0, None),
                then=then,
            )

    async def forbid(self, *numbers: str) -> None:
        async with self.pool.tenant(self.tenant) as conn:
            await dnc_store.add(
                conn, tenant_id=self.tenant, list_id="own", source="test", by="ann",
                rows=[DncRow(phone_e164=number) for number in numbers],
            )  # fmt: skip

    async def allow(self, number: str) -> None:
        async with self.pool.tenant(self.tenant) as conn:
            await conn.execute("DELETE FROM dialer.dnc_entry WHERE phone_e164 = $1", number)
            await law_store.judge_numbers_again(conn, tenant_id=self.tenant, numbers=[number])

    async def lead(self) -> dict[str, Any]:
        async with self.pool.tenant(self.tenant) as conn:
            row = await conn.fetchrow("SELECT * FROM dialer.lead WHERE lead_id = 'three'")
        assert row is not None
        return dict(row)

    async def states(self) -> list[str]:
        async with self.pool.tenant(self.tenant) as conn:
            rows = await conn.fetch("SELECT state FROM dialer.lead_number ORDER BY position")
        return [row["state"] for row in rows]


@pytest.fixture
async def desk(make_database: MakeDatabase) -> AsyncIterator[Desk]:
    database = await make_database("dialer")
    spec = CampaignSpec(
        name="c", project_id="p", mode=CampaignMode.PROGRESSIVE, list_ids=("l",),
        agent_ids=("ann",), trunk_id="t", max_attempts=9,
    )  # fmt: skip
    tenant = uuid4()
    async with Pool.open(
        database.dsn("ringway_dialer"), max_size=2, application_name="test"
    ) as pool:
        async with pool.tenant(tenant) as conn:
            key: dict[str, Any] = {"tenant_id": tenant}
            await campaign_store.put_project(conn, **key, project_id="p", name="P")
            await lead_store.put_list(conn, **key, list_id="l", name="L")
            await campaign_store.put_campaign(conn, **key, campaign_id="c", spec=spec)
            await campaign_store.set_state(
                conn, **key, campaign_id="c", state=CampaignState.RUNNING
            )
        desk = Desk(pool, tenant, spec)
        more = (LeadNumber(phone_e164=SECOND, label="work"), LeadNumber(phone_e164=THIRD))
        await desk.add(LeadRow(lead_id="three", phone_e164=FIRST, more_numbers=more), chunk_no=0)
        yield desk


async def test_numbers_are_dialed_one_after_the_other_until_none_is_left(desk: Desk) -> None:
    now, dialed = NOON, []
    for _ in range(3):
        (attempt,) = await desk.claim(now)
        dialed.append(attempt.phone_e164)
        await desk.end(attempt, "invalid_number", now)
        assert await desk.claim(now) == []
        now += timedelta(seconds=5)
    assert dialed == [FIRST, SECOND, THIRD]
    assert await desk.states() == ["dead", "dead", "dead"]
    assert (await desk.lead())["closed_reason"] == "invalid"


async def test_nobody_at_one_number_leads_to_the_next_by_the_retry_rule(desk: Desk) -> None:
    (first,) = await desk.claim()
    await desk.end(first, "no_answer", NOON)
    assert await desk.claim(NOON + timedelta(seconds=1799)) == []
    (second,) = await desk.claim(NOON + timedelta(seconds=1800))
    assert (second.phone_e164, second.attempt_no) == (SECOND, 2)
    await desk.end(second, "connected", NOON + HOUR)
    assert (await desk.lead())["closed_reason"] == "reached"
    assert await desk.claim(NOON + DAY) == []


async def test_a_number_keeps_its_own_zone(desk: Desk) -> None:
    london = (await desk.lead())["zone_key"]
    (first,) = await desk.claim()
    await desk.end(first, "invalid_number", NOON)
    (second,) = await desk.claim(NOON + HOUR)
    await desk.end(second, "invalid_number", NOON + HOUR)
    lead = await desk.lead()
    assert lead["phone_e164"] == THIRD
    assert lead["zone_key"] != london


async def test_a_number_on_a_list_is_passed_over_and_the_lead_stays(desk: Desk) -> None:
    await desk.forbid(FIRST)
    (attempt,) = await desk.claim()
    assert attempt.phone_e164 == SECOND
    assert (await desk.states())[0] == "dnc"


async def test_a_lead_closes_when_all_its_numbers_are_forbidden_and_opens_again(
    desk: Desk,
) -> None:
    await desk.forbid(FIRST, SECOND, THIRD)
    assert await desk.claim() == []
    assert (await desk.lead())["closed_reason"] == "dnc"
    assert await desk.states() == ["dnc", "dnc", "dnc"]
    await desk.allow(SECOND)
    (attempt,) = await desk.claim()
    assert attempt.phone_e164 == SECOND


async def test_a_cap_is_of_the_number_and_not_of_the_lead(desk: Desk) -> None:
    caps = desk.spec.caps.model_copy(update={"number_per_day": 1})
    now, dialed = NOON, []
    for _ in range(3):
        (attempt,) = await desk.claim(now, caps=caps)
        dialed.append(attempt.phone_e164)
        await desk.end(attempt, "failed", now)  # says nothing about the number
        now += timedelta(seconds=300)
    assert dialed == [FIRST, SECOND, THIRD]
    assert await desk.claim(now, caps=caps) == []
    due_at = (await desk.lead())["next_attempt_at"]
    assert now < due_at <= NOON + DAY
    (attempt,) = await desk.claim(due_at, caps=caps)
    assert attempt.phone_e164 in (FIRST, SECOND, THIRD)


async def test_the_list_knows_the_lead_by_its_first_number(desk: Desk) -> None:
    (attempt,) = await desk.claim()
    await desk.end(attempt, "no_answer", NOON)
    assert (await desk.lead())["phone_e164"] == SECOND
    again = await desk.add(LeadRow(lead_id="again", phone_e164=FIRST), chunk_no=2)
    assert again.added == 0
    other = await desk.add(LeadRow(lead_id="other", phone_e164=SECOND), chunk_no=3)
    assert other.added == 1


async def test_a_number_that_is_named_twice_is_kept_once(desk: Desk) -> None:
    number = "+442071830009"
    twice = (LeadNumber(phone_e164=number), LeadNumber(phone_e164=number))
    await desk.add(LeadRow(lead_id="twice", phone_e164=number, more_numbers=twice))
    async with desk.pool.tenant(desk.tenant) as conn:
        found = await conn.fetchval(
            "SELECT count(*) FROM dialer.lead_number WHERE lead_id = 'twice'"
        )
    assert found == 1


async def test_real_calls_go_to_the_next_number_until_somebody_answers(
    centre: DialerCentre,
) -> None:
    """40 does not exist, 20 is busy, 10 answers (see BEHAVIOURS)."""
    await centre.ready_agent("ann", "700")
    numbers = [f"+4477109000{n}{end}" for n, end in enumerate(("40", "20", "10"))]
    more = tuple(LeadNumber(phone_e164=number) for number in numbers[1:])
    lead = LeadRow(lead_id="several", phone_e164=numbers[0], more_numbers=more, priority=9)
    await centre.ask(PutListV1, Done, list_id="several", name="L")
    await centre.ask(
        AddLeadsV1, LeadsAddedV1, list_id="several", batch_id="s", chunk_no=0, rows=(lead,)
    )
    await centre.campaign(
        [], ["ann"], "c2", max_attempts=5, list_ids=("several",),
        retry_rules=[{"disposition": "busy", "delay_s": 0.2, "max_attempts": 5}],
    )  # fmt: skip
    await centre.until_finished("c2")
    attempts = await centre.attempts("c2")
    assert [a["phone_e164"] for a in attempts] == numbers
    assert [a["disposition"] for a in attempts] == ["invalid_number", "busy", "connected"]
    reached = [r["number"] for r in centre.trunk.records("invite") if r["number"] in numbers]
    assert reached == numbers
