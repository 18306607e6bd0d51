"""Campaigns on a real Asterisk, ACD, NATS and PostgreSQL, with simulated customers."""

from __future__ import annotations

import signal
from collections import Counter
from itertools import pairwise

import pytest
from tests.support.dialer_centre import DialerCentre
from tests.support.waiting import eventually

from ringway.proto.base import Done
from ringway.proto.dialer import CampaignMode
from ringway.proto.dialer_teams import PutTeamV1
from ringway.runtime.errors import Refused

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]


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
    await eventually(lambda: centre.last_live().state == "finished", what="its last figures")
    live = centre.last_live()
    assert (live.attempts, live.answered, live.connected, live.abandoned) == (8, 3, 3, 0)
    assert (live.leads_total, live.leads_open, live.lines) == (8, 0, 0)
    assert {d["agent_id"] for d in centre.told("attempt.ended")} == {None, "ann", "bob"}


async def test_whoever_joins_a_team_serves_its_campaign(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.campaign(["10"], [], team_ids=("north",))
    await centre.ask(PutTeamV1, Done, team_id="north", agent_ids=("ann",))
    await centre.until_finished(within_s=30)
    assert await centre.dispositions() == Counter(connected=1)


async def test_precise_moves_down_the_list_until_one_answers(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.campaign(["20", "40", "10", "10"], ["ann"], mode=CampaignMode.PRECISE)
    await centre.until_finished()
    rows = await centre.attempts()
    assert [r["disposition"] for r in rows] == ["busy", "invalid_number", "connected", "connected"]
    for earlier, later in pairwise(rows):
        assert later["placed_at"] >= earlier["ended_at"]
    await centre.balance()


async def test_a_trunk_that_refuses_everything_does_not_burn_the_list(
    centre: DialerCentre,
) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.campaign(["50"] * 12, ["ann"])
    await eventually(
        lambda: centre.has_explained("trunk failed"),
        within_s=20,
        what="the explanation names the trunk",
    )
    # Five calls opened the breaker; the probes after them come 1, 3 and 7 s later.
    assert len(await centre.attempts()) <= 7
    assert await centre.control("stop") == "stopped"
    with pytest.raises(Refused, match="campaign_stopped"):
        await centre.control("start")
    await eventually(lambda: centre.last_live().state == "stopped", what="it stops")
    await centre.balance()


async def test_pause_keeps_calls_and_stop_cancels_what_rings(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.ready_agent("bob", "1002")
    await centre.campaign(["13", "12", "12"], ["ann", "bob"], ratio=1.0)
    await centre.until_attempts(connected=1, placed=2)
    await centre.control("pause")
    before = len(await centre.attempts())
    await centre.until_attempts(connected=2)
    await eventually(lambda: centre.last_live().state == "paused", what="it pauses")
    assert len(await centre.attempts()) == before == 2
    await centre.control("start")
    await centre.until_attempts(placed=3, within_s=15)
    await centre.control("stop")
    await centre.until_attempts(ended=3, within_s=15)
    assert await centre.dispositions() == Counter(connected=2, cancelled=1)
    await centre.balance()


async def test_retries_come_when_they_are_due_and_end_at_the_limit(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "1001")
    rule = {"disposition": "busy", "delay_s": 1.5, "max_attempts": 2}
    await centre.campaign(["20"], ["ann"], max_attempts=3, retry_rules=(rule,))
    await centre.until_attempts(ended=1)
    await eventually(lambda: centre.has_explained("next"), what="it says when the next is due")
    await centre.until_finished()
    first, second = await centre.attempts()
    assert 1.4 < (second["claimed_at"] - first["ended_at"]).total_seconds() < 10
    await centre.balance()


async def test_what_cannot_be_is_refused_with_a_reason(centre: DialerCentre) -> None:
    with pytest.raises(Refused, match="campaign_not_found"):
        await centre.control("start", "nowhere")
    await centre.campaign(["20"], [], "lonely", start=False)
    with pytest.raises(Refused, match="campaign_without_agents"):
        await centre.control("start", "lonely")
    await centre.campaign([], ["ann"], "empty", start=False)
    with pytest.raises(Refused, match=r"campaign_without_leads.*lists are empty"):
        await centre.control("start", "empty")
    await centre.campaign(["20", "30", "40"], ["ann"], "done", start=False)
    async with centre.pool.tenant(centre.tenant) as conn:
        await conn.execute(
            "UPDATE dialer.lead SET last_disposition = right(phone_e164, 2),"
            " closed_reason = CASE right(phone_e164, 2)"
            " WHEN '20' THEN 'reached' WHEN '30' THEN 'exhausted' WHEN '40' THEN 'dnc' END"
            " WHERE list_id = 'list-done'"
        )
    with pytest.raises(Refused, match="None of its 3 leads") as refused:
        await centre.control("start", "done")
    for told in ("1 not to be called", "1 reached", "1 without attempts left", "recycling"):
        assert told in str(refused.value)
    with pytest.raises(Refused, match="campaign_invalid"):
        await centre.campaign(["20"], ["ann"], "listless", list_ids=("nowhere",))
    assert await centre.control("pause", "lonely") == "draft"


async def test_a_terminated_dialer_sees_ringing_calls_through(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.campaign(["12", "10"], ["ann"])
    await centre.until_attempts(placed=1)
    centre.dialer.send(signal.SIGTERM)
    await centre.until_attempts(answered=1)
    await eventually(lambda: not centre.dialer.is_running, within_s=12, what="it ends")
    assert len(await centre.attempts()) == 1
    await centre.start_dialer()
    await centre.until_finished()
    assert await centre.dispositions() == Counter(connected=2)
    await centre.balance()
