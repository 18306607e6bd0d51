"""The law with real calls: what the trunk sees is what may be dialed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import Any

import pytest
from tests.support.dialer_centre import DialerCentre
from tests.support.waiting import eventually

from ringway.proto import acd_config as c
from ringway.proto import acd_talks
from ringway.proto import dialer as p
from ringway.proto import dialer_law as law
from ringway.proto import dialer_preview as d
from ringway.proto.base import Done
from ringway.proto.dialer_spec import Caps, DialWindow, Schedule
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def _invites(centre: DialerCentre) -> Counter[str]:
    return Counter(record["number"] for record in centre.trunk.records("invite"))


async def _refusals(centre: DialerCentre) -> list[tuple[str, str | None]]:
    async with centre.pool.tenant(centre.tenant) as conn:
        rows = await conn.fetch("SELECT reason, lead_id FROM dialer.refusal ORDER BY refusal_id")
    return [(row["reason"], row["lead_id"]) for row in rows]


async def _campaign(centre: DialerCentre, campaign_id: str, number: str, **spec: Any) -> None:
    """A running campaign of one number that other campaigns have as well."""
    await centre.campaign([], ["ann"], campaign_id, start=False, **spec)
    row = p.LeadRow(lead_id=f"lead-of-{campaign_id}", phone_e164=number)
    await centre.ask(
        p.AddLeadsV1, p.LeadsAddedV1, list_id=f"list-{campaign_id}", batch_id=f"more-{campaign_id}",
        chunk_no=1, rows=(row,),
    )  # fmt: skip
    await centre.control("start", campaign_id)


async def _configure(centre: DialerCentre, kind: Any, object_id: str, **body: Any) -> None:
    request = c.PutConfigV1(
        occurred_at=utcnow(), tenant=centre.tenant, kind=kind, object_id=object_id, body=body
    )
    await centre.bus.request(request, c.ConfigV1, timeout_s=15)


def _zones_at_noon_and_not() -> tuple[str, str]:
    """Return a zone whose clocks show noon now, and one whose clocks are six hours off."""
    offset = 12 - utcnow().astimezone(UTC).hour
    other = offset - 6 if offset > 0 else offset + 6
    noon, off = (f"Etc/GMT{-each:+d}" if each else "Etc/GMT" for each in (offset, other))
    return noon, off


async def test_a_lead_out_of_his_hours_is_not_dialed_until_the_schedule_is_changed(
    centre: DialerCentre,
) -> None:
    noon, off = _zones_at_noon_and_not()
    window = DialWindow(begins="11:00", ends="14:00")
    schedule = Schedule(zone=noon, windows=(window,))
    await centre.ready_agent("ann", "1001")
    await centre.campaign(["20", "20", "20"], ["ann"], start=False, schedule=schedule)
    async with centre.pool.tenant(centre.tenant) as conn:
        await conn.execute(
            "UPDATE dialer.lead SET zone = CASE lead_id WHEN 'lead-2' THEN $1 ELSE $2 END,"
            " zone_key = ''",
            noon,
            off,
        )
    await centre.control("start")
    await centre.until_attempts(ended=1)
    await eventually(
        lambda: centre.has_explained("2 leads wait for their hours; the next at"),
        within_s=15,
        what="the live view says who waits",
    )
    (attempt,) = await centre.attempts()
    assert _invites(centre) == {attempt["phone_e164"]: 1}
    assert (attempt["lead_id"], attempt["zone_key"]) == ("lead-2", noon)
    assert await _refusals(centre) == [("outside_hours", None)]
    # The campaign's own zone counts from now on: it is noon there.
    schedule = Schedule(zone=noon, windows=(window,), use_lead_zone=False)
    await centre.campaign([], ["ann"], start=False, schedule=schedule)
    await centre.until_finished()
    assert sum(_invites(centre).values()) == 3
    await centre.balance()


async def test_lists_caps_and_cool_off_hold_over_campaigns(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "1001")
    forbidden, busy = "+44770000001" + "13", "+44770000002" + "20"
    numbers = (forbidden, "+442079460110")
    rows = tuple(law.DncRow(phone_e164=each, reason="asked for it") for each in numbers)
    await centre.ask(law.AddDncEntriesV1, law.DncAddedV1, list_id="own", source="test", rows=rows)
    await centre.campaign(["13", "20"], ["ann"])
    await centre.until_finished()
    assert _invites(centre) == {busy: 1}
    assert await _refusals(centre) == [("dnc_tenant", "lead-1")]
    await eventually(lambda: bool(centre.told("lead.refused")), within_s=10, what="it is told")
    (told,) = centre.told("lead.refused")
    assert (told["reason"], told["until"], told["phone_e164"]) == ("dnc_tenant", None, forbidden)

    await _campaign(centre, "capped", busy, caps=Caps(number_per_day=1))

    async def refused(reason: str) -> bool:
        return (reason, f"lead-of-{campaign}") in await _refusals(centre)

    campaign = "capped"
    await eventually(lambda: refused("number_per_day"), within_s=15, what="the cap refuses")
    async with centre.pool.tenant(centre.tenant) as conn:
        await conn.execute("UPDATE dialer.attempt SET disposition = 'abandoned'")
    campaign = "machine"
    await _campaign(centre, campaign, busy)
    await eventually(lambda: refused("cool_off"), within_s=15, what="the cool-off refuses")
    assert _invites(centre) == {busy: 1}
    await _campaign(centre, "booked", busy, mode=p.CampaignMode.PRECISE)
    await centre.until_finished("booked")
    assert _invites(centre) == {busy: 2}

    # An agent's own dial obeys the enterprise's lists, as strictly as the settings say.
    await _configure(centre, "outbound_route", "r1", name="r", trunk_ids=[centre.trunk_id])
    dial = {"agent_id": "ann", "number": "+442079460110"}
    with pytest.raises(Refused, match="do_not_call"):
        await centre.ask(acd_talks.DialV1, acd_talks.DialingV1, **dial, despite_list=True)
    await _configure(centre, "settings", "tenant", own_dials="warn")
    with pytest.raises(Refused, match="do_not_call"):
        await centre.ask(acd_talks.DialV1, acd_talks.DialingV1, **dial)
    all_the_same = {**dial, "despite_list": True}
    dialing = await centre.ask(acd_talks.DialV1, acd_talks.DialingV1, **all_the_same)
    assert dialing.number == dial["number"]


async def test_a_number_forbidden_after_the_claim_is_not_called(centre: DialerCentre) -> None:
    """The last look before the call: between it and the claim the agent looks at the lead."""
    await centre.ready_agent("ann", "1001")
    await centre.campaign(["20"], ["ann"], mode=p.CampaignMode.PREVIEW)
    shown: list[d.Preview] = []

    async def is_shown() -> bool:
        reply = await centre.ask(d.GetPreviewV1, d.PreviewV1, agent_id="ann")
        shown.extend([reply.preview] if reply.preview is not None else [])
        return bool(shown)

    await eventually(is_shown, within_s=15, what="the lead is shown")
    row = law.DncRow(phone_e164="+4477000000120")
    await centre.ask(law.AddDncEntriesV1, law.DncAddedV1, list_id="own", source="test", rows=(row,))
    await centre.ask(d.AcceptPreviewV1, Done, agent_id="ann", attempt_id=shown[0].attempt_id)

    async def is_refused() -> bool:
        return ("dnc_tenant", "lead-1") in await _refusals(centre)

    await eventually(is_refused, within_s=20, what="the lead that was shown is refused")
    await centre.until_finished()
    assert _invites(centre) == {}
    assert await centre.attempts() == []
