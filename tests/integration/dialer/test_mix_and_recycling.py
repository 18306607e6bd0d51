"""Lists that are mixed by weight, and leads that are opened again, on a real PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import MakeDatabase
from tests.support.dialer_centre import DialerCentre
from tests.support.law_desk import NOON, Desk

from ringway.dialer import recycling
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

A, B = "+44207183%04d", "+44207184%04d"
HOUR = timedelta(hours=1)


@pytest.fixture
async def desk(make_database: MakeDatabase) -> AsyncIterator[Desk]:
    database = await make_database("dialer")
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=2, application_name="test") as pool:
        yield Desk(pool, uuid4())


async def _recycle(desk: Desk, at: Any = NOON) -> int:
    async with desk.pool.tenant(desk.tenant) as conn:
        return await recycling.recycle(conn, tenant_id=desk.tenant, spec=desk.specs["c"], now=at)


async def _close(desk: Desk, disposition: str, reason: str) -> None:
    async with desk.pool.tenant(desk.tenant) as conn:
        await conn.execute(
            "UPDATE dialer.lead SET closed_reason = $1, last_disposition = $2, attempts = 9,"
            " last_attempt_at = $3",
            reason,
            disposition,
            NOON,
        )


async def test_a_claim_takes_from_lists_by_their_weights(desk: Desk) -> None:
    await desk.campaign([A % n for n in range(40)], "a")
    await desk.campaign([B % n for n in range(40)], "b")
    weights = [{"list_id": "list-a", "weight": 3}, {"list_id": "list-b", "weight": 1}]
    await desk.campaign([], "c", list_ids=("list-a", "list-b"), list_weights=weights)
    gate = desk.gate()
    claimed = []
    for count in (1, 8, 3, 4):
        async with desk.pool.tenant(desk.tenant) as conn:
            claimed += list(await gate.claim(conn, nodes=["ast-0"] * count, now=NOON))
    assert Counter(a.list_id for a in claimed) == {"list-a": 12, "list-b": 4}
    for list_id in ("list-a", "list-b"):
        ids = [int(a.lead_id.split("-")[1]) for a in claimed if a.list_id == list_id]
        assert ids == sorted(ids)


async def test_numbers_that_may_not_be_called_hold_up_neither_their_list_nor_others(
    desk: Desk,
) -> None:
    await desk.campaign([A % n for n in range(40)], "a")
    await desk.campaign([B % n for n in range(40)], "b")
    await desk.forbid(*[A % n for n in range(20)])
    weights = [{"list_id": "list-a", "weight": 1}, {"list_id": "list-b", "weight": 1}]
    await desk.campaign([], "c", list_ids=("list-a", "list-b"), list_weights=weights)
    gate = desk.gate()
    claimed = []
    for _ in range(10):
        async with desk.pool.tenant(desk.tenant) as conn:
            claimed += list(await gate.claim(conn, nodes=["ast-0"] * 4, now=NOON))
    by_list = Counter(a.list_id for a in claimed)
    assert len(claimed) == 40
    assert by_list["list-a"] >= 10  # the half of what was drawn since the last of them


async def test_leads_are_opened_again_by_how_they_ended_so_often(desk: Desk) -> None:
    rule = {"dispositions": ["no_answer"], "after_s": 3600, "times": 2}
    await desk.campaign([A % 1], recycling=rule)
    for before in range(2):
        await _close(desk, "no_answer", "exhausted")
        assert await desk.claim(now=NOON + 2 * HOUR) == []
        assert await _recycle(desk) == 1
        assert await desk.next_due() == NOON + HOUR
        (attempt,) = await desk.claim(now=NOON + HOUR)
        assert (attempt.attempt_no, attempt.attempt_of_round) == (9 * (before + 1) + 1, 1)
        await desk.end(attempt, NOON + HOUR)
    await _close(desk, "no_answer", "exhausted")
    assert await _recycle(desk) == 0


@pytest.mark.parametrize(
    ("disposition", "reason"),
    [("no_answer", "dnc"), ("no_answer", "no_consent"), ("busy", "exhausted")],
)
async def test_others_stay_closed(desk: Desk, disposition: str, reason: str) -> None:
    await desk.campaign([A % 1], recycling={"dispositions": ["no_answer"]})
    await _close(desk, disposition, reason)
    assert await _recycle(desk) == 0


async def test_a_campaign_recycles_before_it_finishes(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "700")
    rule = {"dispositions": ["busy"], "after_s": 0, "times": 2}
    await centre.campaign(["20", "10"], ["ann"], recycling=rule)
    await centre.until_finished()
    assert await centre.dispositions() == {"busy": 3, "connected": 1}
    numbers = [a["attempt_no"] for a in await centre.attempts() if a["disposition"] == "busy"]
    assert numbers == [1, 2, 3]
