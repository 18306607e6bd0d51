"""Call-backs and dispositions on a real PostgreSQL: claimed ahead, settled once, never lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.conftest import MakeDatabase
from tests.support.postgres import Database

from ringway.dialer import (
    attempt_store,
    callback_hand_overs,
    callback_store,
    callback_wishes,
    campaign_store,
    disposition_store,
    dnc_store,
    lead_store,
    mode_store,
)
from ringway.dialer.callback_gate import CallbackGate
from ringway.dialer.core import retry
from ringway.dialer.gate import Gate
from ringway.dialer.model import Attempt, Campaign
from ringway.proto.dialer import (
    AttemptDisposition,
    CampaignMode,
    CampaignSpec,
    CampaignState,
    LeadRow,
)
from ringway.proto.dialer_callback import (
    CallbackFact,
    CallbacksHandedOverV1,
    CallbackTime,
    CallbackWish,
    Disposition,
    DispositionAction,
    HandOverCallbacksV1,
)
from ringway.proto.dialer_law import DncRow
from ringway.proto.dialer_spec import CallbackRule, Caps, DialWindow, Schedule
from ringway.runtime.postgres import Connection, Pool

pytestmark = pytest.mark.integration

NUMBER = "+44207183%04d"
NOON = datetime(2035, 2, 28, 12, 0, tzinfo=UTC)  # a Wednesday in a year to come
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
D = AttemptDisposition


@pytest.fixture
async def database(make_database: MakeDatabase) -> Database:
    return await make_database("dialer")


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=6, application_name="test") as pool:
        yield pool


@pytest.fixture
async def desk(pool: Pool) -> Desk:
    desk = Desk(pool)
    await desk.campaign()
    return desk


class Desk:
    """One tenant with one campaign of four leads, l0 to l3."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.tenant = uuid4()
        self.key: dict[str, Any] = {"tenant_id": self.tenant}
        self.spec: CampaignSpec

    async def campaign(self, **changes: Any) -> None:
        """Have the campaign, or change it."""
        values = {
            "name": "c", "project_id": "p", "mode": CampaignMode.PROGRESSIVE, "list_ids": ("l",),
            "agent_ids": ("ann", "bob"), "trunk_id": "t", "max_attempts": 2,
            "callbacks": CallbackRule(personal_wait_s=600, missed_after_s=1800), **changes,
        }  # fmt: skip
        self.spec = CampaignSpec.model_validate(values)
        rows = [LeadRow(lead_id=f"l{n}", phone_e164=NUMBER % n) for n in range(4)]
        async with self.pool.tenant(self.tenant) as conn:
            await campaign_store.put_project(conn, **self.key, project_id="p", name="P")
            await lead_store.put_list(conn, **self.key, list_id="l", name="L")
            await campaign_store.put_campaign(conn, **self.key, campaign_id="c", spec=self.spec)
            await self.set_state(conn, CampaignState.RUNNING)
            await lead_store.add_leads(
                conn, **self.key, list_id="l", batch_id="b", chunk_no=0, rows=rows
            )

    async def set_state(self, conn: Connection, state: CampaignState) -> None:
        await campaign_store.set_state(conn, **self.key, campaign_id="c", state=state)

    async def put(
        self,
        lead_id: str,
        due_at: datetime,
        callback_id: str = "cb",
        own_agent_id: str | None = None,
        now: datetime = NOON,
        **wish: Any,
    ) -> list[CallbackFact]:
        async with self.pool.tenant(self.tenant) as conn:
            campaign = await campaign_store.get_campaign(conn, **self.key, campaign_id="c")
            assert isinstance(campaign, Campaign)
            lead = await callback_store.hold_lead(
                conn, **self.key, lead_id=lead_id, list_ids=self.spec.list_ids
            )
            wanted = callback_wishes.wanted(
                CallbackWish(due=CallbackTime(at=due_at), **wish),
                callback_id=callback_id, campaign=campaign, lead=lead, now=now,
            )  # fmt: skip
            return await callback_store.put(
                conn, lead, wanted, **self.key, own_agent_id=own_agent_id
            )

    async def ahead(self, now: datetime, ready: Collection[str] = (), n: int = 9) -> list[Attempt]:
        """Claim call-backs."""
        gate = CallbackGate(self.tenant, "c", self.spec)
        async with self.pool.tenant(self.tenant) as conn:
            return await gate.claim_due(conn, nodes=["ast-0"] * n, now=now, ready=ready)

    async def listed(self, now: datetime, n: int = 9) -> list[Attempt]:
        """Claim leads of the list."""
        async with self.pool.tenant(self.tenant) as conn:
            gate = Gate(self.tenant, "c", self.spec)
            return list(await gate.claim(conn, nodes=["ast-0"] * n, now=now))

    async def end(
        self, attempt: Attempt, at: datetime, disposition: D = D.CONNECTED, agent: str = "ann"
    ) -> None:
        """End an attempt as the books do."""
        how = attempt_store.End(at, disposition, 0, 0, agent)
        then = retry.after(disposition, attempt_no=attempt.attempt_no, max_attempts=2)
        async with self.pool.tenant(self.tenant) as conn:
            await attempt_store.end(
                conn, **self.key, attempt_id=attempt.attempt_id, how=how, then=then
            )
            await disposition_store.attempt_ended(conn, attempt, how, then)

    async def give_back(self, attempt: Attempt) -> None:
        async with self.pool.tenant(self.tenant) as conn:
            await attempt_store.remove(conn, **self.key, attempt_id=attempt.attempt_id)

    async def hand_over(
        self, hand_over_id: str, **wanted: Any
    ) -> tuple[CallbacksHandedOverV1, list[str]]:
        """Take ann's call-backs away; return the sums and which kinds of facts are told."""
        request = HandOverCallbacksV1(
            occurred_at=NOON, tenant=str(self.tenant), hand_over_id=hand_over_id,
            from_agent_id="ann", **wanted,
        )  # fmt: skip
        async with self.pool.tenant(self.tenant) as conn:
            sums, facts = await callback_hand_overs.hand_over(conn, request, **self.key)
        return sums, [fact.type_name().rsplit(".", 1)[1] for fact in facts]

    async def say(self, attempt: Attempt, code: str, now: datetime = NOON, **word: Any) -> None:
        async with self.pool.tenant(self.tenant) as conn:
            await disposition_store.say(
                conn, disposition_store.Word(code, **word), **self.key,
                attempt_id=attempt.attempt_id, interaction_id=None, now=now,
            )  # fmt: skip

    async def sweep(self, now: datetime) -> list[str]:
        async with self.pool.platform() as conn:
            if self.tenant not in await callback_store.tenants_with_late(conn, now):
                return []
        async with self.pool.tenant(self.tenant) as conn:
            found = await callback_store.sweep(conn, **self.key, now=now)
        return [fact.type_name().rsplit(".", 1)[1] for fact in found]

    async def row(self, sql: str, *args: Any) -> dict[str, Any]:
        async with self.pool.tenant(self.tenant) as conn:
            found = await conn.fetchrow(sql, *args)
        assert found is not None
        return dict(found)

    async def lead(self, lead_id: str) -> dict[str, Any]:
        return await self.row("SELECT * FROM dialer.lead WHERE lead_id = $1", lead_id)

    async def callback(self, callback_id: str = "cb") -> dict[str, Any]:
        return await self.row("SELECT * FROM dialer.callback WHERE callback_id = $1", callback_id)


async def test_a_callback_is_claimed_ahead_and_the_list_does_not_have_it(desk: Desk) -> None:
    await desk.put("l3", NOON + HOUR)
    assert await desk.ahead(NOON) == []
    assert [a.lead_id for a in await desk.listed(NOON)] == ["l0", "l1", "l2"]
    assert await desk.ahead(NOON + 59 * MINUTE) == []
    (attempt,) = await desk.ahead(NOON + HOUR)
    assert (attempt.lead_id, attempt.is_callback, attempt.wanted_agent_id) == ("l3", True, None)
    assert await desk.ahead(NOON + HOUR) == []  # not twice
    await desk.end(attempt, NOON + HOUR + MINUTE)
    assert (await desk.callback())["state"] == "done"
    assert (await desk.lead("l3"))["closed_reason"] == "reached"


async def test_what_is_given_back_is_due_as_before(desk: Desk) -> None:
    await desk.put("l0", NOON, early_s=60)
    (attempt,) = await desk.ahead(NOON - MINUTE)
    await desk.give_back(attempt)
    (again,) = await desk.ahead(NOON)
    assert again.lead_id == "l0"
    assert (await desk.lead("l0"))["attempts"] == 1
    assert (await desk.callback())["tries"] == 0


async def test_a_promised_one_waits_for_its_agent_then_the_team_then_the_list(desk: Desk) -> None:
    await desk.put("l0", NOON, agent_id="bob")
    await desk.put("l1", NOON + MINUTE, "cb2", agent_id="bob")
    assert await desk.ahead(NOON + MINUTE, {"ann"}) == []
    (first,) = await desk.ahead(NOON + MINUTE, {"ann", "bob"})  # one at a time
    assert (first.lead_id, first.wanted_agent_id) == ("l0", "bob")
    await desk.end(first, NOON + 2 * MINUTE)
    assert await desk.sweep(NOON + 10 * MINUTE) == []
    assert await desk.sweep(NOON + 11 * MINUTE) == ["escalated"]
    assert await desk.sweep(NOON + 11 * MINUTE) == []
    assert [a.lead_id for a in await desk.listed(NOON + 11 * MINUTE)] == ["l2", "l3"]
    (second,) = await desk.ahead(NOON + 11 * MINUTE, {"ann"})
    assert (second.lead_id, second.wanted_agent_id) == ("l1", None)
    assert await desk.sweep(NOON + HOUR) == []  # it is being dialed
    await desk.give_back(second)
    assert await desk.ahead(NOON + HOUR, {"ann"}) == []
    assert await desk.sweep(NOON + HOUR) == ["missed"]
    assert (await desk.callback("cb2"))["state"] == "missed"
    assert [a.lead_id for a in await desk.listed(NOON + HOUR)] == ["l1"]


async def test_one_that_nobody_answers_is_tried_again_within_its_window(desk: Desk) -> None:
    await desk.put("l0", NOON)
    (attempt,) = await desk.ahead(NOON)
    await desk.end(attempt, NOON + MINUTE, D.BUSY)
    assert await desk.ahead(NOON + 5 * MINUTE) == []
    (attempt,) = await desk.ahead(NOON + 6 * MINUTE)
    await desk.end(attempt, NOON + 7 * MINUTE, D.BUSY)  # attempts of the list are used up
    (attempt,) = await desk.ahead(NOON + 12 * MINUTE)
    await desk.end(attempt, NOON + 28 * MINUTE, D.BUSY)
    found = await desk.callback()
    assert (found["state"], found["reason"], found["tries"]) == ("done", "busy", 3)
    assert (await desk.lead("l0"))["closed_reason"] == "exhausted"


@pytest.mark.parametrize(("disposition", "closed"), [(D.BUSY, "exhausted"), (D.SERVED, "reached")])
async def test_a_missed_ones_lead_is_closed_when_its_attempts_are_used_up(
    desk: Desk, disposition: D, closed: str
) -> None:
    await desk.campaign(max_attempts=1)
    (attempt, *_) = await desk.listed(NOON, 1)
    await desk.end(attempt, NOON, disposition)
    await desk.put("l0", NOON + HOUR)
    await desk.put("l1", NOON + HOUR, "cb1")
    assert await desk.sweep(NOON + 2 * HOUR) == ["missed", "missed"]
    assert (await desk.lead("l0"))["closed_reason"] == closed
    assert (await desk.lead("l1"))["closed_reason"] is None  # it has an attempt left
    assert "l1" in [a.lead_id for a in await desk.listed(NOON + 2 * HOUR)]


async def test_who_is_shown_a_lead_reads_what_was_noted_of_its_callback(desk: Desk) -> None:
    await desk.put("l0", NOON, note="ask for the new address")
    async with desk.pool.tenant(desk.tenant) as conn:
        shown = await mode_store.lead_shown(conn, **desk.key, lead_id="l0")
        other = await mode_store.lead_shown(conn, **desk.key, lead_id="l1")
    assert (shown.callback_id, shown.callback_note) == ("cb", "ask for the new address")
    assert (other.callback_id, other.callback_note) == (None, "")


async def test_a_new_one_takes_the_place_of_the_old_and_a_cancel_brings_the_lead_back(
    desk: Desk,
) -> None:
    (attempt, *_) = await desk.listed(NOON, 1)
    await desk.end(attempt, NOON)
    await desk.put("l0", NOON + HOUR, "old", agent_id="ann")
    facts = await desk.put("l0", NOON + 2 * HOUR, "new", own_agent_id="ann", agent_id="ann")
    assert [f.callback_id for f in facts] == ["old", "new"]
    assert (await desk.callback("old"))["reason"] == "replaced"
    with pytest.raises(callback_store.CallbackOfAnother):
        await desk.put("l0", NOON + HOUR, "third", own_agent_id="bob", agent_id="bob")
    with pytest.raises(callback_store.CallbackOver):
        await desk.put("l0", NOON + HOUR, "old")
    await desk.put("l0", NOON + 3 * HOUR, "new")  # moved
    assert (await desk.lead("l0"))["closed_reason"] is None
    for expected in (1, 0):
        async with desk.pool.tenant(desk.tenant) as conn:
            facts = await callback_store.cancel(
                conn, **desk.key, callback_id="new", reason="changed his mind"
            )
        assert len(facts) == expected
    assert (await desk.lead("l0"))["closed_reason"] == "reached"
    assert await desk.ahead(NOON + 3 * HOUR) == []


async def test_who_asked_passes_caps_but_neither_hours_nor_lists(desk: Desk) -> None:
    nine_to_five = Schedule(windows=(DialWindow(begins="09:00", ends="17:00"),))
    await desk.campaign(
        caps=Caps(number_per_day=1, min_interval_s=86_400), needs_consent=True,
        schedule=nine_to_five, callbacks=CallbackRule(missed_after_s=2 * 86_400),
    )  # fmt: skip
    assert await desk.listed(NOON) == []  # no consent
    await desk.put("l0", NOON)
    (attempt,) = await desk.ahead(NOON)
    await desk.end(attempt, NOON, D.BUSY)
    (attempt,) = await desk.ahead(NOON + 5 * MINUTE)  # over the cap of the day
    await desk.end(attempt, NOON + 6 * MINUTE, D.BUSY)
    night = NOON + 8 * HOUR
    for _ in range(3):
        assert await desk.ahead(night) == []
    refused = await desk.row(
        "SELECT count(*) AS n, min(reason) AS reason FROM dialer.refusal"
        " WHERE lead_id = 'l0' AND reason <> 'no_consent'"
    )
    assert refused == {"n": 1, "reason": "outside_hours"}
    async with desk.pool.tenant(desk.tenant) as conn:
        due = await callback_store.next_due(conn, **desk.key, campaign_id="c", now=night)
        assert due == night + MINUTE  # a schedule may be changed
        await dnc_store.add(
            conn, **desk.key, list_id="own", source="t", rows=[DncRow(phone_e164=NUMBER % 0)]
        )
    assert await desk.ahead(NOON + DAY) == []
    found = await desk.callback()
    assert (found["state"], found["reason"]) == ("cancelled", "dnc_tenant")
    assert (await desk.lead("l0"))["closed_reason"] == "dnc"


async def test_a_disposition_is_carried_out_when_the_call_ends_and_the_last_counts(
    desk: Desk,
) -> None:
    (attempt, other, *_) = await desk.listed(NOON)
    await desk.say(attempt, "no_time")  # while the call is on
    assert (await desk.lead("l0"))["closed_reason"] is None
    await desk.end(attempt, NOON)
    assert (await desk.lead("l0"))["next_attempt_at"] == NOON + 2 * HOUR
    await desk.say(attempt, "do_not_call", note="angry")
    lead = await desk.lead("l0")
    assert lead["closed_reason"] == "dnc"
    numbers = "SELECT count(*) AS n FROM dialer.dnc_entry"
    assert (await desk.row(numbers))["n"] == 1
    await desk.say(attempt, "sale")  # it was a slip
    lead = await desk.lead("l0")
    assert (lead["closed_reason"], lead["grade"], lead["priority"]) == ("disposition", "a", 30)
    assert (await desk.row(numbers))["n"] == 0
    await desk.say(attempt, "wrong_number")
    lead = await desk.lead("l0")
    assert (lead["closed_reason"], lead["grade"], lead["priority"]) == ("disposition", None, 0)
    for _ in range(2):  # a repeat is told once
        await desk.say(attempt, "interested")
    lead = await desk.lead("l0")
    assert (lead["closed_reason"], lead["next_attempt_at"]) == (None, NOON + DAY)
    assert (lead["grade"], lead["priority"]) == ("interested", 20)
    told = "SELECT count(*) AS n FROM dialer.outbox WHERE type LIKE '%disposition_set'"
    assert (await desk.row(told))["n"] == 5
    with pytest.raises(disposition_store.NotYours):
        await desk.say(attempt, "sale", own_agent_id="bob")
    with pytest.raises(disposition_store.CodeUnknown):
        await desk.say(attempt, "nonsense")
    with pytest.raises(callback_wishes.CallbackInvalid):
        await desk.say(attempt, "callback")
    # Without a word of the agent the call's own end counts, and of an old call nothing does.
    await desk.end(other, NOON, D.BUSY)
    assert (await desk.lead("l1"))["closed_reason"] is None
    (again,) = [a for a in await desk.listed(NOON + HOUR) if a.lead_id == "l1"]
    await desk.say(other, "sale")
    lead = await desk.lead("l1")
    assert (lead["closed_reason"], lead["open_attempt_id"]) == (None, again.attempt_id)


async def test_a_callback_by_disposition_opens_a_reached_lead_and_a_finished_campaign(
    desk: Desk,
) -> None:
    attempts = await desk.listed(NOON)
    for attempt in attempts:
        await desk.end(attempt, NOON)
    async with desk.pool.tenant(desk.tenant) as conn:
        assert not await campaign_store.has_work(conn, **desk.key, campaign_id="c", spec=desk.spec)
        await desk.set_state(conn, CampaignState.FINISHED)
    at_ten = CallbackTime(local_time="2035-03-26T10:00")
    wish = CallbackWish(due=at_ten, agent_id="ann", note="after the clocks change")
    await desk.say(attempts[0], "callback", wish=wish)
    assert (await desk.row("SELECT state FROM dialer.campaign"))["state"] == "running"
    found = await desk.row("SELECT * FROM dialer.callback WHERE state = 'open'")
    assert (found["zone"], found["lead_id"]) == ("Europe/London", "l0")
    assert found["due_at"] == datetime(2035, 3, 26, 9, 0, tzinfo=UTC)
    async with desk.pool.tenant(desk.tenant) as conn:
        assert await campaign_store.has_work(conn, **desk.key, campaign_id="c", spec=desk.spec)
    await desk.say(attempts[0], "wrong_number")
    states = await desk.row("SELECT array_agg(state) AS states FROM dialer.callback")
    assert states["states"] == ["cancelled"]
    assert (await desk.lead("l0"))["closed_reason"] == "disposition"


async def test_entries_of_the_catalogue_are_changed_and_hidden(desk: Desk) -> None:
    (attempt, *_) = await desk.listed(NOON)
    await desk.end(attempt, NOON)
    own = Disposition(name_en="Later", name_zh="以后", action=DispositionAction.RETRY, retry_s=60)
    async with desk.pool.tenant(desk.tenant) as conn:
        await disposition_store.put_entry(conn, **desk.key, code="later", disposition=own)
        hidden = own.model_copy(update={"is_active": False})
        await disposition_store.put_entry(conn, **desk.key, code="sale", disposition=hidden)
    await desk.say(attempt, "later")
    assert (await desk.lead("l0"))["next_attempt_at"] == NOON + MINUTE
    with pytest.raises(disposition_store.CodeUnknown):
        await desk.say(attempt, "sale")


async def test_a_callback_made_during_a_call_outlives_its_end(desk: Desk) -> None:
    (attempt, *_) = await desk.listed(NOON)
    await desk.put("l0", NOON + HOUR)
    await desk.end(attempt, NOON)
    assert (await desk.callback())["state"] == "open"
    (again,) = await desk.ahead(NOON + HOUR)
    assert again.attempt_no == 2
    await desk.end(again, NOON + HOUR, D.CONNECTED)
    assert (await desk.lead("l0"))["closed_reason"] == "reached"


async def test_anothers_are_not_seen(pool: Pool, desk: Desk) -> None:
    await desk.put("l0", NOON)
    other: UUID = uuid4()
    async with pool.tenant(other) as conn:
        assert await conn.fetchval("SELECT count(*) FROM dialer.callback") == 0
        with pytest.raises(callback_store.CallbackMissing):
            await callback_store.cancel(conn, tenant_id=other, callback_id="cb", reason="")


async def test_callbacks_of_a_leaver_are_anothers_the_teams_or_cancelled(desk: Desk) -> None:
    for n in range(3):
        await desk.put(f"l{n}", NOON, f"cb{n}", agent_id="ann")
    await desk.put("l3", NOON, "cb3", agent_id="bob")
    # To somebody who serves the campaign; a repeat tells the same and does nothing.
    for told in (["made"], []):
        sums, facts = await desk.hand_over("h1", to_agent_id="bob", callback_ids=("cb0", "cb3"))
        assert (sums.moved, sums.to_team, sums.cancelled, sums.has_more) == (1, 0, 0, False)
        assert facts == told
    found = await desk.callback("cb0")
    assert (found["agent_id"], found["look_at"]) == ("bob", NOON + 10 * MINUTE)
    # While somebody else has the lead it waits; the next request goes on.
    async with desk.pool.tenant(desk.tenant) as conn:
        await conn.execute("SELECT 1 FROM dialer.lead WHERE lead_id = 'l1' FOR UPDATE")
        sums, _ = await desk.hand_over("h2", to_agent_id="cid", callback_ids=("cb1",))
        assert (sums.to_team, sums.has_more) == (0, True)
    # Who does not serve the campaign cannot call back: it is the whole team's.
    sums, _ = await desk.hand_over("h2", to_agent_id="cid", callback_ids=("cb1",))
    assert (sums.moved, sums.to_team, sums.has_more) == (0, 1, False)
    found = await desk.callback("cb1")
    assert (found["agent_id"], found["escalates_at"]) == (None, None)
    assert found["look_at"] == found["missed_at"]
    sums, facts = await desk.hand_over("h3", is_cancelled=True, reason="left")
    assert (sums.cancelled, facts) == (1, ["closed"])
    found = await desk.callback("cb2")
    assert (found["state"], found["reason"]) == ("cancelled", "left")
    assert [a.lead_id for a in await desk.listed(NOON)] == ["l2"]
    # He is gone: all are dialed without him, and nothing is left to hand over.
    assert [a.lead_id for a in await desk.ahead(NOON)] == ["l1"]
    assert [a.wanted_agent_id for a in await desk.ahead(NOON, {"bob"})] == ["bob"]
    sums, facts = await desk.hand_over("h4")
    assert (sums.moved, sums.to_team, sums.cancelled, facts) == (0, 0, 0, [])


async def test_one_that_is_being_dialed_is_handed_over_for_its_next_try(desk: Desk) -> None:
    await desk.put("l0", NOON, agent_id="ann")
    (attempt,) = await desk.ahead(NOON, {"ann"})
    assert (await desk.hand_over("h"))[0].to_team == 1
    await desk.end(attempt, NOON + MINUTE, D.BUSY)
    (again,) = await desk.ahead(NOON + 10 * MINUTE)
    assert (again.lead_id, again.wanted_agent_id) == ("l0", None)
