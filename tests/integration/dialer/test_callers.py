"""Caller ids on real calls: whose number the customer sees, and how often."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tests.support.dialer_centre import DialerCentre
from tests.support.waiting import eventually

from ringway.proto import dialer_pool as c
from ringway.proto.base import Done
from ringway.proto.dialer import CampaignMode
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]

NUMBERS = ("+442079460001", "+442079460002")


async def _pool(centre: DialerCentre, *numbers: str, spare: str = "", **pool: Any) -> None:
    await centre.ask(
        c.PutCallerPoolV1, Done, pool_id="pool", pool=c.CallerPool(name="Pool", **pool)
    )
    await centre.ask(
        c.AllotCallerNumbersV1,
        c.CallerNumbersV1,
        phones_e164=(*numbers, *((spare,) if spare else ())),
        allotted_by="operator",
    )
    for number in numbers:
        await centre.ask(c.PutCallerNumberV1, Done, phone_e164=number, pool_id="pool")
    if spare:
        await centre.ask(
            c.PutCallerNumberV1, Done, phone_e164=spare, pool_id="pool",
            state=c.CallerNumberState.SPARE,
        )  # fmt: skip


def _seen(centre: DialerCentre) -> Counter[str]:
    """What customers saw, by number."""
    return Counter(r["from"] for r in centre.trunk.records("invite"))


async def test_numbers_take_turns_and_stop_at_their_caps_until_a_number_is_added(
    centre: DialerCentre,
) -> None:
    await centre.ready_agent("ann", "1001")
    await _pool(centre, *NUMBERS, daily_cap=2)
    await centre.campaign(["20"] * 5, ["ann"], caller_id=None, caller_pool_id="pool")
    await centre.until_attempts(ended=4)
    assert _seen(centre) == dict.fromkeys(NUMBERS, 2)
    with pytest.raises(Refused, match="Campaign c1") as refusal:
        await centre.ask(c.DeleteCallerPoolV1, Done, pool_id="pool")
    assert refusal.value.code == "caller_pool_in_use"
    # A restarted dialer counts what the one before it dialed.
    centre.dialer.kill()
    await centre.start_dialer()
    await _pool(centre, *NUMBERS, "+442079460003", daily_cap=2)
    await centre.until_finished(within_s=60)
    assert _seen(centre) == {**dict.fromkeys(NUMBERS, 2), "+442079460003": 1}
    assert Counter(r["caller_id"] for r in await centre.attempts()) == _seen(centre)
    await centre.balance()


async def test_a_number_that_nobody_answers_is_rested_and_a_spare_takes_its_place(
    centre: DialerCentre,
) -> None:
    await centre.ready_agent("ann", "1001")
    await _pool(centre, NUMBERS[0], spare=NUMBERS[1], min_dials=10, expected_answer_rate=0.9)
    await centre.campaign(["20"] * 12, ["ann"], caller_id=None, caller_pool_id="pool", max_lines=1)
    await centre.until_finished(within_s=45)
    assert _seen(centre) == {NUMBERS[0]: 10, NUMBERS[1]: 2}

    await eventually(
        lambda: bool(centre.told("caller_pool.number_rested")), within_s=15, what="it is told"
    )
    (told,) = centre.told("caller_pool.number_rested")
    assert (told["phone_e164"], told["replaced_by"]) == NUMBERS
    assert (told["answer_rate"], told["state"]) == (0, "resting")
    async with centre.pool.tenant(centre.tenant) as conn:
        states = await conn.fetch("SELECT phone_e164, state FROM dialer.caller_number")
    assert {r["phone_e164"]: r["state"] for r in states} == {
        NUMBERS[0]: "resting",
        NUMBERS[1]: "active",
    }


async def test_an_agents_own_number_is_shown_for_calls_that_he_is_booked_for(
    centre: DialerCentre,
) -> None:
    await centre.ready_agent("ann", "1001")
    await _pool(centre, *NUMBERS)
    await centre.ask(c.PutCallerNumberV1, Done, phone_e164=NUMBERS[1], agent_id="ann")
    await centre.campaign(["20", "10"], ["ann"], mode=CampaignMode.PRECISE)
    await centre.until_finished()
    assert _seen(centre) == {NUMBERS[1]: 2}
    assert {r["caller_id"] for r in await centre.attempts()} == {NUMBERS[1]}
    await centre.balance()


async def test_numbers_are_one_tenants_and_what_is_unknown_is_refused(
    centre: DialerCentre,
) -> None:
    await _pool(centre, NUMBERS[0])
    theirs = "11111111-2222-7333-8444-555555555555"
    for request, code in (
        (
            c.AllotCallerNumbersV1(
                occurred_at=utcnow(), tenant=theirs, phones_e164=NUMBERS, allotted_by="x"
            ),
            "caller_number_taken",
        ),
        (
            c.PutCallerNumberV1(occurred_at=utcnow(), tenant=theirs, phone_e164=NUMBERS[0]),
            "caller_number_not_found",
        ),
        (
            c.PutCallerNumberV1(
                occurred_at=utcnow(), tenant=centre.tenant, phone_e164=NUMBERS[0], pool_id="none"
            ),
            "caller_pool_not_found",
        ),
        (
            c.DeleteCallerPoolV1(occurred_at=utcnow(), tenant=theirs, pool_id="pool"),
            "caller_pool_not_found",
        ),
    ):
        with pytest.raises(Refused) as refusal:
            await centre.bus.request(request, Done, timeout_s=15)
        assert refusal.value.code == code
    with pytest.raises(Refused) as refusal:
        await centre.campaign(["10"], ["ann"], caller_id=None, caller_pool_id="none")
    assert refusal.value.code == "campaign_invalid"
    taken = await centre.ask(c.WithdrawCallerNumbersV1, c.CallerNumbersV1, phones_e164=NUMBERS)
    assert taken.changed == 1
