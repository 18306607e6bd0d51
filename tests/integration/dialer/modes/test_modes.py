"""Campaigns of each agent mode on real calls, one after the other in one centre."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.support.dialer_centre import DialerCentre
from tests.support.waiting import eventually

from ringway.proto import acd
from ringway.proto import acd_config as c
from ringway.proto import dialer as p
from ringway.proto import dialer_preview as d
from ringway.proto.base import Done
from ringway.proto.dialer import CampaignMode
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown, Refused

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]


SECOND = timedelta(seconds=1)


async def state_of(centre: DialerCentre, agent: str) -> str:
    status = await centre.ask(acd.GetAgentV1, acd.AgentStatusV1, agent_id=agent)
    return status.state.value


async def leave(centre: DialerCentre, *agents: str) -> None:
    """So that nobody of this test meets the next one."""
    for agent in agents:
        await centre.ask(acd.SignOutV1, acd.AgentStatusV1, agent_id=agent)


async def preview_of(centre: DialerCentre, agent: str) -> d.Preview | None:
    shown = await centre.ask(d.GetPreviewV1, d.PreviewV1, agent_id=agent)
    return shown.preview


async def until_shown(centre: DialerCentre, agent: str, but: str = "") -> d.Preview:
    async def is_shown() -> bool:
        shown = await preview_of(centre, agent)
        return shown is not None and shown.attempt_id != but

    await eventually(is_shown, within_s=15, what=f"{agent} is shown a lead")
    shown = await preview_of(centre, agent)
    assert shown is not None
    return shown


async def configure(centre: DialerCentre, kind: c.ConfigKind, object_id: str, **body: Any) -> None:
    """Put one object of the ACD's configuration."""
    request = c.PutConfigV1(
        occurred_at=utcnow(), tenant=centre.tenant, kind=kind, object_id=object_id, body=body
    )
    await centre.bus.request(request, c.ConfigV1, timeout_s=15)


async def change(centre: DialerCentre, campaign_id: str, **spec: Any) -> None:
    """Edit a campaign."""
    async with centre.pool.tenant(centre.tenant) as conn:
        text = await conn.fetchval(
            "SELECT spec FROM dialer.campaign WHERE campaign_id = $1", campaign_id
        )
    values = p.CampaignSpec.model_validate_json(text).model_dump()
    await centre.ask(
        p.PutCampaignV1, Done, campaign_id=campaign_id,
        spec=p.CampaignSpec.model_validate({**values, **spec}),
    )  # fmt: skip


async def test_a_predictive_campaign_runs_and_what_it_learned_is_kept(
    centre: DialerCentre,
) -> None:
    for n in range(3):
        await centre.ready_agent(f"pred{n}", f"110{n}")
    agents = [f"pred{n}" for n in range(3)]
    behaviours = ["10", "30", "20", "10", "40", "10", "60", "10", "20", "10", "30", "10"]
    await centre.campaign(
        behaviours, agents, "predictive", mode=CampaignMode.PREDICTIVE, ring_timeout_s=5
    )
    await eventually(
        lambda: bool(centre.lives) and "predictive" in {x.campaign_id for x in centre.lives},
        within_s=10,
        what="live figures",
    )
    await centre.until_finished("predictive", within_s=60)
    found = await centre.dispositions("predictive")
    assert found["connected"] + found["abandoned"] + found["hung_up_early"] == 6
    assert found["connected"] >= 4
    assert found["busy"] == 2
    await centre.balance("predictive")

    async def is_kept() -> bool:
        async with centre.pool.tenant(centre.tenant) as conn:
            kept = await conn.fetchval(
                "SELECT state <> '{}' FROM dialer.pacing_state WHERE campaign_id = 'predictive'"
            )
        return bool(kept)

    await eventually(is_kept, within_s=15, what="what was learned is kept")
    await leave(centre, *agents)


async def talks_learned(centre: DialerCentre, campaign_id: str) -> int:
    """How many talks the pacing state in PostgreSQL knows; 0 without one."""
    async with centre.pool.tenant(centre.tenant) as conn:
        found = await conn.fetchval(
            "SELECT (state -> 'forecast' ->> 'talks')::float8 FROM dialer.pacing_state"
            " WHERE campaign_id = $1",
            campaign_id,
        )
    return int(found or 0)


async def test_a_dialer_killed_amid_fifty_calls_goes_on_with_what_it_learned(
    centre: DialerCentre,
) -> None:
    agents = [f"kill{n}" for n in range(10)]
    for n, agent in enumerate(agents):
        await centre.ready_agent(agent, str(1180 + n))
    behaviours = ["13", "12", "20", "10", "30"] * 10
    await centre.campaign(
        behaviours, agents, "killed", mode=CampaignMode.PREDICTIVE, ring_timeout_s=5, max_lines=50
    )

    async def has_learned() -> bool:
        return await talks_learned(centre, "killed") > 0

    await eventually(has_learned, within_s=40, what="something is learned and kept")
    learned = await talks_learned(centre, "killed")
    under_way = [r for r in await centre.attempts("killed") if r["ended_at"] is None]
    assert under_way != []
    centre.dialer.kill()
    killed_at = utcnow()
    await centre.start_dialer()
    back_at = utcnow()
    await centre.until_finished("killed", within_s=60)
    rows = await centre.attempts("killed")
    assert len({r["lead_id"] for r in rows}) == len(rows) == 50  # nobody was called twice
    answered = [r for r in rows if r["answered_at"] is not None]
    known = {"connected", "abandoned", "hung_up_early"}
    unseen = [r for r in answered if r["disposition"] not in known]
    # Only who answered and left while nobody was there.
    assert {r["disposition"] for r in unseen} <= {"lost"}
    # Whoever waited for an agent when it died had answered less than his 1.5 s before.
    assert all(killed_at - 2 * SECOND < r["answered_at"] < back_at + SECOND for r in unseen)
    ends = {r["number"]: r for r in await centre.ended_calls()}
    abandoned = [ends[r["phone_e164"]] for r in rows if r["disposition"] == "abandoned"]
    # The message, unless the customer himself hung up before it was said.
    assert all(end["rtp_received"] > 50 for end in abandoned if end["ended_by"] == "platform")
    await centre.balance("killed")

    async def goes_on() -> bool:
        return await talks_learned(centre, "killed") > learned

    await eventually(goes_on, within_s=15, what="it learns on")
    await leave(centre, *agents)


async def test_an_agent_previews_leads_dials_one_and_skips_another(centre: DialerCentre) -> None:
    await centre.ready_agent("pre", "1110")
    rule = {"time_s": 60, "skip_delay_s": 500}
    await centre.campaign(
        ["10", "20", "10"], ["pre"], "preview", mode=CampaignMode.PREVIEW, preview=rule
    )
    first = await until_shown(centre, "pre")
    assert first.until - first.shown_at == timedelta(seconds=60)
    assert await state_of(centre, "pre") == "reserved"
    accept = {"agent_id": "pre", "attempt_id": first.attempt_id}
    await centre.ask(d.AcceptPreviewV1, Done, **accept)
    await centre.ask(d.AcceptPreviewV1, Done, **accept)
    second = await until_shown(centre, "pre", first.attempt_id)
    with pytest.raises(Refused, match="preview_gone"):
        await centre.ask(d.AcceptPreviewV1, Done, **accept)
    skip = {"agent_id": "pre", "attempt_id": second.attempt_id, "reason": "language"}
    await centre.ask(d.SkipPreviewV1, Done, **skip)
    third = await until_shown(centre, "pre", second.attempt_id)
    await centre.control("pause", "preview")
    await eventually(
        lambda: preview_is_over(centre, "pre"), within_s=10, what="the preview is withdrawn"
    )
    await centre.control("start", "preview")
    again = await until_shown(centre, "pre")
    assert again.lead_id == third.lead_id
    await centre.ask(d.AcceptPreviewV1, Done, agent_id="pre", attempt_id=again.attempt_id)
    await centre.until_attempts(of="preview", ended=2, within_s=20)
    await centre.control("stop", "preview")
    assert dict(await centre.dispositions("preview")) == {"connected": 2}
    await centre.balance("preview")
    async with centre.pool.tenant(centre.tenant) as conn:
        row = await conn.fetchrow(
            "SELECT s.*, l.attempts, l.next_attempt_at > now() + interval '400 s' AS is_later"
            " FROM dialer.preview_skip s JOIN dialer.lead l USING (tenant_id, lead_id)"
        )
    assert row is not None
    assert (row["lead_id"], row["agent_id"], row["reason"]) == (second.lead_id, "pre", "language")
    assert (row["attempts"], row["is_later"]) == (0, True)
    await eventually(
        lambda: [x["attempt_id"] for x in centre.told("attempt.skipped")] == [second.attempt_id],
        within_s=10,
        what="the skip is told",
    )
    await leave(centre, "pre")


async def preview_is_over(centre: DialerCentre, agent: str) -> bool:
    return await preview_of(centre, agent) is None and await state_of(centre, agent) == "ready"


async def test_an_agent_dials_by_hand_and_a_killed_dialer_burns_no_lead(
    centre: DialerCentre,
) -> None:
    await centre.ready_agent("man", "1120")
    await centre.campaign(["10", "10"], ["man"], "manual", mode=CampaignMode.MANUAL)
    take = {"agent_id": "man", "campaign_id": "manual"}

    async def is_taken() -> bool:
        try:
            await centre.ask(d.TakeLeadV1, d.PreviewV1, **take)
        except (Refused, DependencyDown):
            return False  # not running yet, or not known by the new process
        return True

    await eventually(is_taken, within_s=15, what="a lead is taken")
    first = await until_shown(centre, "man")
    assert await centre.attempts("manual") != []
    centre.dialer.kill()
    await centre.start_dialer()
    # The lead goes back and the agent is free again.
    await eventually(lambda: preview_is_over_at(centre), within_s=20, what="it is given back")
    await eventually(is_taken, within_s=15, what="a lead is taken again")
    second = await until_shown(centre, "man")
    assert second.lead_id == first.lead_id
    assert second.attempt_no == 1
    with pytest.raises(Refused, match="preview_open"):
        await centre.ask(d.TakeLeadV1, d.PreviewV1, **take, lead_id="elsewhere")
    await centre.ask(d.AcceptPreviewV1, Done, agent_id="man", attempt_id=second.attempt_id)
    await centre.until_attempts(of="manual", ended=1, within_s=20)
    await eventually(lambda: is_ready(centre, "man"), within_s=10, what="he is ready again")
    async with centre.pool.tenant(centre.tenant) as conn:
        other = await conn.fetchval(
            "SELECT lead_id FROM dialer.lead WHERE list_id = 'list-manual' AND attempts = 0"
        )
    shown = await centre.ask(d.TakeLeadV1, d.PreviewV1, **take, lead_id=other)
    assert shown.preview is not None
    assert shown.preview.lead_id == other
    # An agent who signs out while he looks: the lead goes back.
    await leave(centre, "man")

    async def all_back() -> bool:
        rows = await centre.attempts("manual")
        return all(row["ended_at"] is not None for row in rows)

    await eventually(all_back, within_s=15, what="his lead goes back")
    await centre.control("stop", "manual")
    assert dict(await centre.dispositions("manual")) == {"connected": 1}
    await centre.balance("manual")


async def preview_is_over_at(centre: DialerCentre) -> bool:
    rows = await centre.attempts("manual")
    return rows == [] and await state_of(centre, "man") == "ready"


async def is_ready(centre: DialerCentre, agent: str) -> bool:
    return await state_of(centre, agent) == "ready"


async def test_campaigns_that_share_an_agent_dial_for_him_one_at_a_time(
    centre: DialerCentre,
) -> None:
    await centre.ready_agent("both", "1130")
    rows = ["10", "10", "10"]
    await centre.campaign(rows, ["both"], "first", start=False, priority=10)
    await centre.campaign(rows, ["both"], "second", start=False, priority=1)
    await centre.control("start", "second")
    await centre.control("start", "first")
    await centre.until_finished("first", within_s=60)
    await centre.until_finished("second", within_s=60)
    for campaign_id in ("first", "second"):
        assert dict(await centre.dispositions(campaign_id)) == {"connected": 3}
        await centre.balance(campaign_id)
    first, second = await centre.attempts("first"), await centre.attempts("second")
    # All but the call that was under way when the first began came after the first's.
    late = [r for r in second if r["claimed_at"] > first[0]["claimed_at"]]
    assert len(late) >= 2
    assert min(r["claimed_at"] for r in late) > max(r["claimed_at"] for r in first)
    await leave(centre, "both")


async def test_callers_of_a_queue_take_agents_from_a_campaign_at_once(
    centre: DialerCentre,
) -> None:
    for n in range(2):
        await centre.ready_agent(f"blend{n}", f"114{n}")
    agents = ["blend0", "blend1"]
    await configure(centre, "queue", "help", name="help", agent_ids=agents, after_call_s=0.2)
    target = {"kind": "queue", "value": "help"}
    await configure(centre, "inbound_route", "r1", name="r", did="+862150099999", target=target)
    customer = await centre.customer()
    to = f"sip:+862150099999@127.0.0.1:{centre.asterisk.sip_port}"
    calls = [await customer.call(to, caller=f"+8613800000{n:03}") for n in range(4)]

    async def all_talk() -> bool:
        return [await state_of(centre, a) for a in agents] == ["talking", "talking"]

    await eventually(all_talk, within_s=15, what="callers have all the agents, two more wait")
    await centre.campaign(
        ["10"] * 4, agents, "blended", mode=CampaignMode.PREDICTIVE, ring_timeout_s=5
    )
    await eventually(
        lambda: "queue" in centre.explanation("blended"), within_s=15, what="it says why"
    )
    # One agent is done with his caller: the next caller gets him, not the campaign.
    calls[0].hang_up()
    await eventually(all_talk, within_s=15, what="the next caller has him")
    assert await centre.attempts("blended") == []
    for call in calls[1:]:
        call.hang_up()
    await centre.until_finished("blended", within_s=60)
    assert dict(await centre.dispositions("blended")) == {"connected": 4}
    await centre.balance("blended")
    await leave(centre, *agents)


async def test_outside_its_hours_a_campaign_waits_and_after_its_last_day_it_ends(
    centre: DialerCentre,
) -> None:
    await centre.ready_agent("hours", "1150")
    today = utcnow().date()
    closed = {"zone": "UTC", "use_lead_zone": False, "holidays": [today, today + timedelta(days=1)]}
    await centre.campaign(["10"], ["hours"], "hours", schedule=closed)
    await eventually(
        lambda: "Outside its hours; opens at" in centre.explanation("hours"),
        within_s=15,
        what="it says when it opens",
    )
    assert await centre.attempts("hours") == []
    await change(centre, "hours", schedule={"zone": "UTC", "use_lead_zone": False})
    await centre.until_finished("hours", within_s=30)
    over = {"zone": "UTC", "use_lead_zone": False, "valid_until": today - timedelta(days=1)}
    await centre.campaign(["10"], ["hours"], "over", schedule=over)
    await centre.until_finished("over", within_s=30)
    assert await centre.attempts("over") == []

    def reasons() -> list[str]:
        return [
            x["reason"]
            for x in centre.told("campaign.state_changed")
            if x["campaign_id"] == "over" and x["state"] == "finished"
        ]

    await eventually(lambda: bool(reasons()), within_s=15, what="its end is told")
    assert reasons() == ["its last day is over"]
    await leave(centre, "hours")


async def test_all_agents_vanish_and_dialing_stops_within_a_second(centre: DialerCentre) -> None:
    agents = [f"gone{n}" for n in range(2)]
    for n, agent in enumerate(agents):
        await centre.ready_agent(agent, f"116{n}")
    await centre.campaign(["12"] * 30, agents, "vanish", ratio=3.0, max_attempts=1)
    await centre.until_attempts(of="vanish", placed=4, within_s=20)
    await leave(centre, *agents)
    left_at = utcnow()
    await centre.until_attempts(of="vanish", answered=4, within_s=15)
    await eventually(
        lambda: centre.last_live("vanish").lines == 0, within_s=30, what="all lines are free"
    )

    async def are_written() -> bool:
        return all(r["ended_at"] is not None for r in await centre.attempts("vanish"))

    await eventually(are_written, within_s=15, what="the ends are written")
    rows = await centre.attempts("vanish")
    assert max(r["placed_at"] for r in rows) < left_at + timedelta(seconds=1)
    assert {r["disposition"] for r in rows} <= {"abandoned", "connected"}
    numbers = {r["phone_e164"] for r in rows if r["disposition"] == "abandoned"}
    heard = [r for r in await centre.ended_calls() if r["number"] in numbers]
    assert len(heard) == len(numbers) >= 2
    assert all(r["rtp_received"] > 50 for r in heard)
    await centre.control("stop", "vanish")
    await centre.balance("vanish")


async def test_the_mode_changes_while_calls_are_under_way(centre: DialerCentre) -> None:
    for n in range(2):
        await centre.ready_agent(f"mode{n}", f"117{n}")
    agents = ["mode0", "mode1"]
    await centre.campaign(["12", "12", "10", "10"], agents, "change", mode=CampaignMode.PRECISE)
    await centre.until_attempts(of="change", placed=2, within_s=15)
    await change(centre, "change", mode=CampaignMode.PREVIEW)
    shown = await until_shown_to_any(centre, agents)
    await change(centre, "change", mode=CampaignMode.PREDICTIVE)
    await centre.until_finished("change", within_s=60)
    assert dict(await centre.dispositions("change")) == {"connected": 4}
    assert await preview_of(centre, shown) is None
    await centre.balance("change")
    await leave(centre, *agents)


async def until_shown_to_any(centre: DialerCentre, agents: list[str]) -> str:
    found: list[str] = []

    async def is_shown() -> bool:
        found[:] = [a for a in agents if await preview_of(centre, a) is not None]
        return bool(found)

    await eventually(is_shown, within_s=30, what="somebody is shown a lead")
    return found[0]
