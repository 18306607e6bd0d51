"""Call-backs on real calls: ahead of the list, with whom they were promised, or with the team."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.support.dialer_centre import DialerCentre
from tests.support.waiting import eventually

from ringway.proto import acd
from ringway.proto import dialer_callback as d
from ringway.proto.base import Done
from ringway.proto.dialer import CampaignMode
from ringway.proto.dialer_spec import CallbackRule
from ringway.runtime.clock import utcnow

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]


async def call_back(
    centre: DialerCentre, campaign_id: str, lead_id: str, agent_id: str | None = None
) -> str:
    """Promise a call-back for now."""
    callback_id = f"cb-{lead_id}"
    await centre.ask(
        d.PutCallbackV1, d.CallbackV1, callback_id=callback_id, campaign_id=campaign_id,
        lead_id=lead_id,
        wish=d.CallbackWish(
            due=d.CallbackTime(at=utcnow() - timedelta(seconds=1)), agent_id=agent_id
        ),
    )  # fmt: skip
    return callback_id


async def leads_of(centre: DialerCentre, campaign_id: str) -> list[str]:
    async with centre.pool.tenant(centre.tenant) as conn:
        rows = await conn.fetch(
            "SELECT lead_id FROM dialer.lead WHERE list_id = $1 ORDER BY position",
            f"list-{campaign_id}",
        )
    return [row["lead_id"] for row in rows]


def told(centre: DialerCentre, verb: str) -> list[dict[str, Any]]:
    return centre.told(f"callback.{verb}")


async def test_a_promised_callback_is_dialed_ahead_for_its_agent_in_any_mode(
    centre: DialerCentre,
) -> None:
    for agent, number in (("back1", "1301"), ("back2", "1302")):
        await centre.ready_agent(agent, number)
    await centre.campaign(["10"] * 4, ["back1", "back2"], "back", start=False)
    leads = await leads_of(centre, "back")
    callback_id = await call_back(centre, "back", leads[3], "back2")
    await centre.control("start", "back")
    await centre.until_finished("back", within_s=60)
    attempts = await centre.attempts("back")
    assert attempts[0]["lead_id"] == leads[3]
    assert attempts[0]["agent_id"] == "back2"
    assert len(attempts) == 4
    await centre.balance("back")
    await eventually(lambda: bool(told(centre, "closed")), within_s=10, what="it is closed")
    closed = [f for f in told(centre, "closed") if f["callback_id"] == callback_id]
    assert [(f["state"], f["reason"]) for f in closed] == [("done", "connected")]
    # The agent says how it went: that counts, not that the lead was reached.
    await centre.ask(
        d.SetDispositionV1, Done, attempt_id=str(attempts[0]["attempt_id"]), code="sale",
        own_agent_id="back2",
    )  # fmt: skip
    async with centre.pool.tenant(centre.tenant) as conn:
        lead = await conn.fetchrow("SELECT * FROM dialer.lead WHERE lead_id = $1", leads[3])
    assert lead is not None
    assert (lead["closed_reason"], lead["grade"]) == ("disposition", "a")
    await centre.control("stop", "back")
    for agent in ("back1", "back2"):
        await centre.ask(acd.SignOutV1, acd.AgentStatusV1, agent_id=agent)


async def test_a_callback_whose_agent_is_not_there_goes_to_the_team(centre: DialerCentre) -> None:
    await centre.ready_agent("team1", "1311")
    await centre.campaign(
        ["10", "10"], ["team1", "gone"], "team", start=False, mode=CampaignMode.PRECISE,
        callbacks=CallbackRule(personal_wait_s=6, missed_after_s=600),
    )  # fmt: skip
    leads = await leads_of(centre, "team")
    callback_id = await call_back(centre, "team", leads[0], "gone")
    await centre.control("start", "team")
    await centre.until_finished("team", within_s=60)
    attempts = await centre.attempts("team")
    assert [a["lead_id"] for a in attempts] == [leads[1], leads[0]]
    assert [a["agent_id"] for a in attempts] == ["team1", "team1"]
    await centre.balance("team")  # whatever is to be told has been told now
    escalated = [f for f in told(centre, "escalated") if f["callback_id"] == callback_id]
    assert len(escalated) == 1
    await centre.ask(acd.SignOutV1, acd.AgentStatusV1, agent_id="team1")
