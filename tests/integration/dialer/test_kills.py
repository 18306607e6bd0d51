"""The dialer is killed at bad moments: nobody is dialed twice, and nobody is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.ari import ari_on
from tests.support.dialer_centre import DialerCentre
from tests.support.waiting import eventually

from ringway.proto import dialer_callback as d
from ringway.proto.dialer_spec import AmdRule
from ringway.runtime.clock import utcnow

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


async def test_callbacks_that_ring_and_that_are_due_are_dialed_once(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "1001")
    # However long the dialer is away, the first is not answered and not tried again in time.
    await centre.campaign(["30", "10"], ["ann"], start=False)
    async with centre.pool.tenant(centre.tenant) as conn:
        rows = await conn.fetch("SELECT lead_id FROM dialer.lead ORDER BY position")
    leads = [row["lead_id"] for row in rows]
    for n, lead_id in enumerate(leads):
        # The one agent has the first, so the second is due and waits.
        due = d.CallbackTime(at=utcnow() - timedelta(seconds=20 - n))
        await centre.ask(
            d.PutCallbackV1, d.CallbackV1, callback_id=f"cb-{lead_id}", campaign_id="c1",
            lead_id=lead_id, wish=d.CallbackWish(due=due, agent_id="ann", late_s=240),
        )  # fmt: skip
    await centre.control("start")
    await centre.until_attempts(placed=1)
    centre.dialer.kill()
    await centre.start_dialer()
    await centre.until_finished(within_s=60)
    attempts = await centre.attempts()
    assert [a["lead_id"] for a in attempts] == leads
    assert [a["disposition"] for a in attempts] == ["no_answer", "connected"]
    assert attempts[1]["agent_id"] == "ann"
    await centre.balance()
    async with centre.pool.tenant(centre.tenant) as conn:
        found = await conn.fetch("SELECT state, reason FROM dialer.callback ORDER BY due_at")
    ends = [("done", a["disposition"]) for a in attempts]
    assert [(row["state"], row["reason"]) for row in found] == ends


async def test_a_customer_who_is_listened_to_hears_the_message(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "1001")
    patient = AmdRule(
        enabled=True, decide_within_ms=10_000, initial_silence_ms=10_000, greeting_ms=10_000
    )
    # When a dialer is back the limit is over: he is not let wait for an agent any longer.
    await centre.campaign(["11"], ["ann"], amd=patient, abandonment_limit_s=0.5)
    await centre.until_attempts(answered=1, within_s=20)
    async with ari_on(centre.asterisk, "looks") as ari:

        async def is_heard() -> bool:
            return any("Snoop" in c.name for c in await ari.node.get_channels())

        await eventually(is_heard, what="he is listened to")
    centre.dialer.kill()
    assert dict(await centre.dispositions()) == {"open": 1}
    await centre.start_dialer()
    await centre.until_finished(within_s=60)
    (row,) = await centre.attempts()
    assert (row["disposition"], row["agent_id"]) == ("abandoned", None)
    (call,) = await centre.ended_calls()
    assert (call["ended_by"], call["rtp_received"] > 50) == ("platform", True)
    await centre.balance()
