"""Who answers, on real calls: people, machines, announcements; campaigns without agents."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tests.support.ari import ari_on
from tests.support.dialer_centre import DialerCentre
from tests.support.waiting import eventually

from ringway.proto.dialer import CampaignMode
from ringway.proto.dialer_spec import AmdEngine, AmdRule, KeyAction, KeyScript, OnMachine, ScriptKey

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

MESSAGE = ("vm-goodbye",)
KEYS = (
    ScriptKey(key="1", action=KeyAction.RECORD, value="yes"),
    ScriptKey(key="2", action=KeyAction.AGENT),
    ScriptKey(key="9", action=KeyAction.DNC, value="never again"),
)


async def _by_number(centre: DialerCentre) -> dict[str, dict[str, Any]]:
    return {row["phone_e164"][-2:]: row for row in await centre.attempts()}


@pytest.mark.parametrize("engine", AmdEngine)
async def test_people_reach_an_agent_and_machines_do_not(
    centre: DialerCentre, engine: AmdEngine
) -> None:
    await centre.ready_agent("ann", "1001")
    # Asterisk's own takes a machine for unsure unless it is told to be stricter.
    strict = {"greeting_ms": 1500, "max_words": 3, "decide_within_ms": 5000}
    own = AmdRule(enabled=True)
    amd = own if engine is AmdEngine.AUDIO else AmdRule(enabled=True, engine=engine, **strict)
    await centre.campaign(["15", "14", "16"], ["ann"], amd=amd, max_lines=1)
    await centre.until_finished(within_s=60)
    rows = await _by_number(centre)
    person, machine, announcement = rows["14"], rows["15"], rows["16"]
    assert (person["disposition"], person["answerer"]) == ("connected", "person")
    assert (machine["disposition"], machine["answerer"]) == ("machine", "machine")
    assert 500 < person["detected_after_ms"] < 4000
    if engine is AmdEngine.AUDIO:  # Asterisk's own does not know the tones
        assert announcement["disposition"] == "invalid_number"
        assert announcement["answerer_reason"] == "special_information_tone"
    await centre.balance()  # whatever is to be told has been told now
    ended = {d["phone_e164"][-2:]: d for d in centre.told("attempt.ended")}
    assert ended["15"]["answerer"] == "machine"
    assert {d["trunk_id"] for d in ended.values()} == {centre.trunk_id}
    assert centre.last_live().abandoned == 0
    await _nobody_listens(centre)


async def test_a_message_is_left_after_the_beep(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "1001")
    amd = AmdRule(enabled=True, on_machine=OnMachine.MESSAGE, message=MESSAGE)
    await centre.campaign(["15"], ["ann"], amd=amd, mode=CampaignMode.PRECISE)
    await centre.until_finished(within_s=60)
    (row,) = await centre.attempts()
    assert (row["disposition"], row["message_left"]) == ("machine", True)
    assert row["agent_id"] is None
    (call,) = await centre.ended_calls()
    # Its greeting takes 4 s, then it beeps; only then there is something to be heard.
    assert (row["ended_at"] - row["answered_at"]).total_seconds() > 4.4
    assert call["ended_by"] == "platform"
    await centre.balance()


async def test_a_script_is_played_and_its_keys_are_obeyed(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "1001")
    script = KeyScript(sounds=("vm-goodbye", "vm-goodbye"), keys=KEYS, key_timeout_s=2, repeats=0)
    await centre.campaign(
        ["17", "18", "11", "20", "19"], ["ann"], mode=CampaignMode.IVR, script=script,
        max_lines=5, abandonment_limit_s=5,
    )  # fmt: skip
    await centre.until_finished(within_s=60)
    rows = await _by_number(centre)
    assert {end: (row["disposition"], row["script_answer"]) for end, row in rows.items()} == {
        "17": ("served", "yes"),
        "18": ("served", "never again"),
        "11": ("served", None),
        "20": ("busy", None),
        "19": ("connected", "2"),
    }
    assert rows["19"]["agent_id"] == "ann"
    async with centre.pool.tenant(centre.tenant) as conn:
        never = await conn.fetch("SELECT phone_e164 FROM dialer.dnc_entry")
    assert [r["phone_e164"] for r in never] == [rows["18"]["phone_e164"]]
    await centre.balance()


async def test_screening_tries_numbers_and_talks_to_nobody(centre: DialerCentre) -> None:
    await centre.campaign(
        ["11", "20", "40", "30", "16"], [], mode=CampaignMode.SCREENING, max_lines=5
    )
    await centre.until_finished(within_s=60)
    assert await centre.dispositions() == Counter(served=2, busy=1, invalid_number=1, no_answer=1)
    for row in await centre.attempts():
        if row["answered_at"] is not None:
            assert (row["ended_at"] - row["answered_at"]).total_seconds() < 5
    await centre.balance()


async def _nobody_listens(centre: DialerCentre) -> None:
    """Wait until no call is listened to any more."""

    async with ari_on(centre.asterisk, "looks") as ari:

        async def is_so() -> bool:
            return not any("Snoop" in c.name for c in await ari.node.get_channels())

        await eventually(is_so, what="no call is listened to")
