"""Campaigns on a real Asterisk, ACD, NATS and PostgreSQL, with simulated customers."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from tests.conftest import MakeDatabase
from tests.support.dialer_centre import DialerCentre, dialer_centre
from tests.support.nats import NatsServer

from ringway.proto.dialer import CampaignMode

# Each test starts Asterisk, NATS, the ACD and the dialer.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]


@pytest.fixture
async def centre(
    tmp_path: Path, make_database: MakeDatabase, nats: NatsServer
) -> AsyncIterator[DialerCentre]:
    async with dialer_centre(tmp_path, await make_database("dialer", "acd"), nats) as centre:
        yield centre


async def test_a_progressive_campaign_runs_to_its_end_and_its_books_balance(
    centre: DialerCentre,
) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.ready_agent("bob", "1002")
    await centre.campaign(
        ["10", "20", "30", "40", "50", "60", "10", "10"], ["ann", "bob"], max_lines=2
    )
    await centre.until_finished(within_s=45)
    assert await centre.dispositions() == Counter(
        connected=3, busy=1, no_answer=1, invalid_number=1, congestion=1, rejected=1
    )
    await centre.balance()
    live = centre.last_live()
    assert (live.attempts, live.answered, live.connected, live.abandoned) == (8, 3, 3, 0)
    assert (live.leads_total, live.leads_open, live.lines) == (8, 0, 0)
    assert {d["agent_id"] for d in centre.told("attempt.ended")} == {None, "ann", "bob"}


async def test_precise_moves_down_the_list_until_one_answers(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.campaign(["20", "40", "10", "10"], ["ann"], mode=CampaignMode.PRECISE)
    await centre.until_finished()
    rows = await centre.attempts()
    assert [r["disposition"] for r in rows] == ["busy", "invalid_number", "connected", "connected"]
    for earlier, later in pairwise(rows):
        assert later["placed_at"] >= earlier["ended_at"]
    await centre.balance()
