"""The law inside a claim, on a real PostgreSQL: what is due and may not be dialed is not."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.conftest import MakeDatabase
from tests.support.law_desk import NOON, TENANT, Desk
from tests.support.postgres import Database

from ringway.dialer import (
    attempt_store,
    consent_store,
    dnc_store,
    law_store,
)
from ringway.dialer.model import Attempt
from ringway.proto.dialer import (
    CampaignMode,
)
from ringway.proto.dialer_law import ConsentHow, DncScope, RefusalReason
from ringway.proto.dialer_spec import Caps, DialWindow, Schedule
from ringway.runtime.postgres import Connection, Pool

pytestmark = pytest.mark.integration

LONDON, BERLIN, TOKYO = "+44207183%04d", "+4930901%04d", "+8135550%04d"
NINE_TO_FIVE = Schedule(windows=(DialWindow(begins="09:00", ends="17:00"),))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def database(make_database: MakeDatabase) -> Database:
    return await make_database("dialer")


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=6, application_name="test") as pool:
        yield pool


@pytest.fixture
def desk(pool: Pool) -> Desk:
    return Desk(pool)


# -- hours ---------------------------------------------------------------------------------------


async def test_only_leads_whose_hours_are_open_are_claimed(desk: Desk) -> None:
    numbers = [TOKYO % 1, LONDON % 1, BERLIN % 1, TOKYO % 2]
    await desk.campaign(numbers, schedule=NINE_TO_FIVE)
    assert [a.phone_e164 for a in await desk.claim()] == [LONDON % 1, BERLIN % 1]
    assert await desk.next_due() == NOON + 12 * HOUR  # 09:00 in Tokyo
    assert [a.phone_e164 for a in await desk.claim(now=NOON + 12 * HOUR)] == [TOKYO % 1, TOKYO % 2]
    assert await desk.refusals() == []
    assert {lead["held_reason"] for lead in (await desk.leads()).values()} == {None}


async def test_the_window_is_exact_where_clocks_change(desk: Desk) -> None:
    # 2035-03-25 in London: 00:59:59 is followed by 02:00.
    window = Schedule(windows=(DialWindow(begins="01:30", ends="02:15"),))
    await desk.campaign([LONDON % 1], schedule=window)
    change = datetime(2035, 3, 25, 1, 0, tzinfo=UTC)
    second = timedelta(seconds=1)
    assert await desk.claim(now=change - second) == []
    assert await desk.next_due(change - second) == change
    assert await desk.claim(now=change + timedelta(minutes=15)) == []
    (attempt,) = await desk.claim(now=change + timedelta(minutes=15) - second)
    assert attempt.phone_e164 == LONDON % 1


async def test_a_leads_own_zone_comes_before_its_numbers(desk: Desk) -> None:
    await desk.campaign([LONDON % 1], zone="Asia/Tokyo", schedule=NINE_TO_FIVE)
    assert await desk.claim() == []
    assert await desk.next_due() == NOON + 12 * HOUR


async def test_rows_whose_zone_was_never_worked_out_are_safe_too(desk: Desk) -> None:
    await desk.campaign([TOKYO % 1, LONDON % 1], schedule=NINE_TO_FIVE)
    async with desk.pool.tenant(TENANT) as conn:
        await conn.execute("UPDATE dialer.lead SET zone_key = ''")
    assert [a.phone_e164 for a in await desk.claim()] == [LONDON % 1]
    assert (await desk.leads())["c-0"]["zone_key"] == "Asia/Tokyo"


async def test_leads_that_wait_are_counted_and_noted_once_for_each_zone(desk: Desk) -> None:
    numbers = [TOKYO % 1, TOKYO % 2, LONDON % 1]
    await desk.campaign(numbers, schedule=NINE_TO_FIVE)
    for _ in range(2):
        async with desk.pool.tenant(TENANT) as conn:
            waiting = await desk.gate().waiting(conn, now=NOON)
        assert waiting is not None
        assert (waiting.leads, waiting.zone) == (2, "Asia/Tokyo")
        assert waiting.next_at == NOON + 12 * HOUR
    (row,) = await desk.refusals()
    assert (row["reason"], row["leads"], row["lead_id"]) == ("outside_hours", 2, None)
    assert row["until"] == NOON + 12 * HOUR


async def test_hours_that_never_come_are_looked_at_again_tomorrow(desk: Desk) -> None:
    over = Schedule(valid_until=(NOON - 2 * DAY).date())
    await desk.campaign([LONDON % 1], schedule=over)
    assert await desk.claim() == []
    assert await desk.next_due() == NOON + DAY


# -- numbers that are not called -----------------------------------------------------------------


async def test_a_forbidden_number_is_closed_with_one_reason_and_told_once(desk: Desk) -> None:
    await desk.campaign([LONDON % 1, LONDON % 2])
    assert await desk.forbid(LONDON % 1) == 1
    assert [a.phone_e164 for a in await desk.claim()] == [LONDON % 2]
    assert await desk.claim() == []
    (row,) = await desk.refusals()
    assert (row["lead_id"], row["reason"], row["until"]) == ("c-0", "dnc_tenant", None)
    assert (await desk.leads())["c-0"]["closed_reason"] == "dnc"
    async with desk.pool.tenant(TENANT) as conn:
        told = await conn.fetch("SELECT subject FROM dialer.outbox")
    assert [r["subject"] for r in told] == [f"dialer.v1.{TENANT}.lead.c-0.refused"]


async def test_an_entry_that_expires_holds_the_lead_until_then(desk: Desk) -> None:
    await desk.campaign([LONDON % 1], schedule=NINE_TO_FIVE)
    await desk.forbid(LONDON % 1, expires_at=NOON + 6 * HOUR)
    assert await desk.claim() == []
    morning = NOON + 21 * HOUR
    assert await desk.next_due() == morning
    assert len(await desk.claim(now=morning)) == 1
    assert (await desk.leads())["c-0"]["held_reason"] is None


async def test_a_campaigns_list_counts_for_those_that_name_it(desk: Desk) -> None:
    async with desk.pool.tenant(TENANT) as conn:
        await dnc_store.put_list(
            conn, tenant_id=TENANT, list_id="x", name="X", scope=DncScope.CAMPAIGN
        )
    await desk.forbid(LONDON % 1, list_id="x")
    await desk.campaign([LONDON % 1], "free")
    await desk.campaign([LONDON % 1], "bound", dnc_list_ids=("x",))
    assert await desk.claim(campaign_id="bound") == []
    assert len(await desk.claim(campaign_id="free")) == 1
    assert [r["reason"] for r in await desk.refusals()] == ["dnc_campaign"]


async def test_a_number_taken_off_the_list_is_dialed_again(desk: Desk) -> None:
    await desk.campaign([LONDON % 1])
    await desk.forbid(LONDON % 1)
    assert await desk.claim() == []
    async with desk.pool.tenant(TENANT) as conn:
        await dnc_store.remove(
            conn, tenant_id=TENANT, list_id="own", phone_e164=LONDON % 1, reason="typo", by="eve"
        )
    assert len(await desk.claim()) == 1
    async with desk.pool.tenant(TENANT) as conn:
        changes = await conn.fetch("SELECT * FROM dialer.dnc_change ORDER BY change_id")
    assert [(c["action"], c["done_by"]) for c in changes] == [("added", "ann"), ("removed", "eve")]
    with pytest.raises(dnc_store.EntryMissing):
        async with desk.pool.tenant(TENANT) as conn:
            await dnc_store.remove(
                conn, tenant_id=TENANT, list_id="own", phone_e164=LONDON % 1, reason="", by=""
            )


async def _load(pool: Pool, tenant: UUID, load_id: str, numbers: list[str]) -> tuple[int, int]:
    key: dict[str, Any] = {"tenant_id": tenant, "list_id": "nat"}
    async with pool.tenant(tenant) as conn:
        await dnc_store.put_list(conn, **key, name="N", scope=DncScope.NATIONAL)
    for start in range(0, len(numbers), 2):
        async with pool.tenant(tenant) as conn:
            await dnc_store.load(conn, **key, load_id=load_id, numbers=numbers[start : start + 2])
    async with pool.tenant(tenant) as conn:
        return await dnc_store.finish_load(conn, **key, load_id=load_id, source="f.txt", by="ops")


async def test_a_national_file_takes_the_place_of_the_one_before_it(desk: Desk) -> None:
    first = [LONDON % n for n in (1, 2, 2)]
    assert await _load(desk.pool, TENANT, "may", first) == (2, 0)
    assert await _load(desk.pool, TENANT, "june", [LONDON % 3]) == (1, 2)
    await desk.campaign([LONDON % n for n in (1, 3)])
    assert [a.phone_e164 for a in await desk.claim()] == [LONDON % 1]
    assert [r["reason"] for r in await desk.refusals()] == ["dnc_national"]
    with pytest.raises(dnc_store.LoadOver):
        await _load(desk.pool, TENANT, "may", first)
    async with desk.pool.platform() as conn:
        assert await dnc_store.remove_old_numbers(conn, 100) == 2
        assert await dnc_store.remove_old_numbers(conn, 100) == 0


async def test_a_file_that_is_not_finished_forbids_nothing(desk: Desk) -> None:
    await _load(desk.pool, TENANT, "may", [LONDON % 9])
    async with desk.pool.tenant(TENANT) as conn:
        await dnc_store.load(
            conn, tenant_id=TENANT, list_id="nat", load_id="june", numbers=[LONDON % 1]
        )
    await desk.campaign([LONDON % 1, LONDON % 9])
    assert [a.phone_e164 for a in await desk.claim()] == [LONDON % 1]


async def test_the_platforms_national_list_counts_for_every_tenant(desk: Desk) -> None:
    await _load(desk.pool, law_store.PLATFORM, "may", [LONDON % 1])
    await desk.campaign([LONDON % 1], "obeys")
    await desk.campaign([LONDON % 1], "need-not", uses_national_dnc=False)
    assert await desk.claim(campaign_id="obeys") == []
    assert len(await desk.claim(campaign_id="need-not")) == 1
    # Nobody but the platform can change it.
    with pytest.raises(dnc_store.ListMissing):
        async with desk.pool.tenant(TENANT) as conn:
            await dnc_store.load(
                conn, tenant_id=TENANT, list_id="nat", load_id="x", numbers=[LONDON % 2]
            )


async def test_another_tenants_list_forbids_nothing_here(desk: Desk) -> None:
    await Desk(desk.pool, uuid4()).forbid(LONDON % 1)
    await desk.campaign([LONDON % 1])
    assert len(await desk.claim()) == 1


async def test_a_list_that_a_campaign_names_stays(desk: Desk) -> None:
    async with desk.pool.tenant(TENANT) as conn:
        await dnc_store.put_list(
            conn, tenant_id=TENANT, list_id="x", name="X", scope=DncScope.CAMPAIGN
        )
    await desk.campaign([LONDON % 1], dnc_list_ids=("x",))
    with pytest.raises(dnc_store.ListInUse):
        async with desk.pool.tenant(TENANT) as conn:
            await dnc_store.delete_list(conn, tenant_id=TENANT, list_id="x")


# -- consent -------------------------------------------------------------------------------------


async def _consent(conn: Connection, number: str, purpose: str = "calls") -> None:
    await consent_store.record(
        conn, tenant_id=TENANT, consent_id=f"{number[1:]}-{purpose}", phone_e164=number,
        purpose=purpose, how=ConsentHow.WEB, evidence="form 7", given_at=NOON - DAY, by="ann",
    )  # fmt: skip


async def test_who_has_not_agreed_waits_until_he_does(desk: Desk) -> None:
    await desk.campaign([LONDON % 1, LONDON % 2], needs_consent=True)
    async with desk.pool.tenant(TENANT) as conn:
        await _consent(conn, LONDON % 1)
        await _consent(conn, LONDON % 2, "surveys")
    assert [a.phone_e164 for a in await desk.claim()] == [LONDON % 1]
    assert (await desk.leads())["c-1"]["closed_reason"] == "no_consent"
    async with desk.pool.tenant(TENANT) as conn:
        await _consent(conn, LONDON % 2)
    assert [a.phone_e164 for a in await desk.claim()] == [LONDON % 2]


async def test_a_consent_that_was_withdrawn_counts_no_more_and_stays_on_record(desk: Desk) -> None:
    await desk.campaign([LONDON % 1], needs_consent=True)
    async with desk.pool.tenant(TENANT) as conn:
        await _consent(conn, LONDON % 1)
        await consent_store.withdraw(
            conn, tenant_id=TENANT, phone_e164=LONDON % 1, purpose=None,
            withdrawn_at=NOON - HOUR, by="eve",
        )  # fmt: skip
    assert await desk.claim() == []
    assert [r["reason"] for r in await desk.refusals()] == ["no_consent"]
    async with desk.pool.tenant(TENANT) as conn:
        (row,) = await conn.fetch("SELECT * FROM dialer.consent")
        with pytest.raises(consent_store.ConsentMissing):
            await consent_store.withdraw(
                conn, tenant_id=TENANT, phone_e164=LONDON % 1, purpose=None, withdrawn_at=NOON,
                by="",
            )  # fmt: skip
    assert (row["given_at"], row["withdrawn_at"]) == (NOON - DAY, NOON - HOUR)


# -- caps ----------------------------------------------------------------------------------------


async def test_a_numbers_cap_counts_over_campaigns(desk: Desk) -> None:
    caps = Caps(number_per_day=1)
    await desk.campaign([LONDON % 1], "a", caps=caps)
    await desk.campaign([LONDON % 1], "b", caps=caps)
    (attempt,) = await desk.claim(campaign_id="a")
    assert await desk.claim(campaign_id="b") == []  # it is being dialed
    await desk.end(attempt, NOON + timedelta(seconds=20), delay_s=60)
    later = NOON + timedelta(minutes=1)
    assert await desk.claim(now=later, campaign_id="b") == []
    midnight = NOON + 12 * HOUR
    assert [(r["reason"], r["until"]) for r in await desk.refusals()] == [
        ("number_per_day", midnight),
    ]
    assert len(await desk.claim(now=midnight, campaign_id="b")) == 1


async def test_two_campaigns_that_claim_at_once_do_not_share_the_last_dial(desk: Desk) -> None:
    numbers = [LONDON % n for n in range(40)]
    caps = Caps(number_per_day=1)
    await desk.campaign(numbers, "a", caps=caps)
    await desk.campaign(list(reversed(numbers)), "b", caps=caps)

    async def work(campaign_id: str) -> list[str]:
        mine = []
        for _ in range(12):
            mine += [a.phone_e164 for a in await desk.claim(5, campaign_id=campaign_id)]
        return mine

    both = await asyncio.gather(work("a"), work("b"), work("a"), work("b"))
    dialed = Counter(number for mine in both for number in mine)
    assert dialed == Counter(numbers)


async def test_a_leads_cap_and_the_distance_between_dials(desk: Desk) -> None:
    await desk.campaign([LONDON % 1], caps=Caps(lead_per_day=2, min_interval_s=3600))
    (first,) = await desk.claim()
    await desk.end(first, NOON)
    assert await desk.claim(now=NOON + HOUR / 2) == []
    (second,) = await desk.claim(now=NOON + HOUR)
    await desk.end(second, NOON + HOUR)
    assert await desk.claim(now=NOON + 2 * HOUR) == []
    assert [(r["reason"], r["until"]) for r in await desk.refusals()] == [
        ("min_interval", NOON + HOUR),
        ("lead_per_day", NOON + 12 * HOUR),
    ]


async def test_whoever_was_abandoned_is_called_by_no_machine_for_three_days(desk: Desk) -> None:
    await desk.campaign([LONDON % 1], "a")
    await desk.campaign([LONDON % 1], "b")
    await desk.campaign([LONDON % 1], "booked", mode=CampaignMode.PRECISE)
    (attempt,) = await desk.claim(campaign_id="a")
    async with desk.pool.tenant(TENANT) as conn:
        calls = [attempt_store.Placing(attempt.attempt_id, NOON, None, None)]
        await attempt_store.note_placed(conn, tenant_id=TENANT, calls=calls)
    await desk.end(attempt, NOON, "abandoned")
    assert await desk.claim(now=NOON + HOUR, campaign_id="b") == []
    (row,) = await desk.refusals()
    assert (row["reason"], row["until"]) == ("cool_off", NOON + 3 * DAY)
    assert len(await desk.claim(now=NOON + HOUR, campaign_id="booked")) == 1


async def test_an_attempt_that_was_given_back_counts_for_nothing(desk: Desk) -> None:
    await desk.campaign([LONDON % 1], caps=Caps(number_per_day=1, lead_per_day=1))
    (attempt,) = await desk.claim()
    async with desk.pool.tenant(TENANT) as conn:
        await attempt_store.remove(conn, tenant_id=TENANT, attempt_id=attempt.attempt_id)
    assert len(await desk.claim()) == 1


async def test_caps_that_are_changed_free_those_who_were_held(desk: Desk) -> None:
    await desk.campaign([LONDON % 1], caps=Caps(number_per_day=1))
    (attempt,) = await desk.claim()
    await desk.end(attempt, NOON)
    assert await desk.claim(now=NOON + HOUR) == []
    async with desk.pool.tenant(TENANT) as conn:
        await law_store.judge_again(conn, tenant_id=TENANT, list_ids=["list-c"])
    desk.specs["c"] = desk.specs["c"].model_copy(update={"caps": Caps(number_per_day=2)})
    assert len(await desk.claim(now=NOON + HOUR)) == 1


# -- many, and later -----------------------------------------------------------------------------


async def test_a_list_full_of_refusals_is_worked_down_and_ends(desk: Desk) -> None:
    numbers = [LONDON % n for n in range(600)]
    await desk.campaign([*numbers, BERLIN % 1])
    await desk.forbid(*numbers)
    claimed: list[Attempt] = []
    claims = 0
    while not claimed:
        claimed = await desk.claim(1)
        claims += 1
        assert claims < 5
    assert [a.phone_e164 for a in claimed] == [BERLIN % 1]
    assert len(await desk.refusals()) == 600
    assert await desk.next_due() is None


async def test_one_claim_refuses_so_many_and_leaves_the_rest_to_the_next(desk: Desk) -> None:
    numbers = [LONDON % n for n in range(2600)]
    await desk.campaign(numbers)
    await desk.forbid(*numbers)
    assert await desk.claim(1) == []
    refused = len(await desk.refusals())
    assert 2000 <= refused < 2600
    assert await desk.next_due() is not None
    assert await desk.claim(1) == []
    assert await desk.next_due() is None


async def test_what_changes_after_the_claim_is_seen_before_the_call(desk: Desk) -> None:
    await desk.campaign([LONDON % 1], schedule=NINE_TO_FIVE, caps=Caps(number_per_day=1))
    (attempt,) = await desk.claim()
    gate = desk.gate()
    async with desk.pool.tenant(TENANT) as conn:
        assert await gate.check_again(conn, attempt, now=NOON + HOUR) is None
        late = await gate.check_again(conn, attempt, now=NOON + 5 * HOUR)
    assert late is not None
    assert late.decision.reason is RefusalReason.OUTSIDE_HOURS
    await desk.forbid(LONDON % 1)
    async with desk.pool.tenant(TENANT) as conn:
        forbidden = await gate.check_again(conn, attempt, now=NOON + HOUR)
    assert forbidden is not None
    assert forbidden.decision.reason is RefusalReason.DNC_TENANT


async def test_one_number_twice_in_a_campaign_is_dialed_one_after_the_other(desk: Desk) -> None:
    await desk.campaign([LONDON % 1], "a")
    await desk.campaign([LONDON % 1], "b")
    both = desk.specs["a"].model_copy(update={"list_ids": ("list-a", "list-b")})
    desk.specs["a"] = both
    assert len(await desk.claim(2, campaign_id="a")) == 1
    assert [r["reason"] for r in await desk.refusals()] == ["number_busy"]


async def test_an_agent_who_asks_for_a_lead_obeys_the_law_too(desk: Desk) -> None:
    numbers = [LONDON % 1, LONDON % 2, TOKYO % 1]
    await desk.campaign(numbers, schedule=NINE_TO_FIVE, mode=CampaignMode.MANUAL)
    await desk.forbid(LONDON % 2)

    async def ask(lead_id: str) -> list[str]:
        async with desk.pool.tenant(TENANT) as conn:
            taken = await desk.gate().claim_this(conn, lead_id=lead_id, node="ast-0", now=NOON)
        return [a.phone_e164 for a in taken]

    async with desk.pool.tenant(TENANT) as conn:
        await conn.execute("UPDATE dialer.lead SET next_attempt_at = $1", NOON + DAY)
    assert await ask("c-0") == [LONDON % 1]
    assert await ask("c-0") == []
    assert await ask("c-1") == []
    assert await ask("c-2") == []
    assert [r["reason"] for r in await desk.refusals()] == ["dnc_tenant", "outside_hours"]
