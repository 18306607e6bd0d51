"""Callers who are with no agent and in no queue hang up while the ACD is dead: it is told once."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.support.acd_centre import AGENT_HZ
from tests.support.call_desk import Desk
from tests.support.front_centre import FrontCentre
from tests.support.outages import Outages
from tests.support.waiting import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]


async def until_stored(outages: Outages, interaction: str, outcome: str | None = None) -> None:
    """Wait until another process could know of a customer, and of what he came to."""
    key = f"interaction.{outages.centre.acd.tenant}.{interaction}"

    async def is_so() -> bool:
        entry = await outages.bus.kv("acd_live").get(key)
        return entry is not None and json.loads(entry.value or b"{}").get("outcome") == outcome

    await eventually(is_so, within_s=15, what=f"{interaction} is stored as {outcome}")


async def test_whoever_hangs_up_unseen_is_told_to_have_finished(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    await centre.put("voicemail_box", "v-gone", name="v-gone")
    box = {"kind": "voicemail", "value": "v-gone"}
    dids = {
        "announced": await centre.route({"kind": "announcement", "value": "vm-intro"}),
        "greeted": await centre.route(box),
        "recorded": await centre.route(box),
        "rings": await centre.route({"kind": "number", "value": "+8613700000041"}),
        "talks": await centre.route({"kind": "number", "value": "+8613700000042"}),
    }
    told: dict[str, str] = {}
    # Who talks outside first: so it is certain whose phone rings.
    talks = await centre.call(dids["talks"])
    party = await centre.rings_outside()
    party.answer()
    await talks.until_answered()
    party.say(AGENT_HZ)
    await talks.until_hears(AGENT_HZ)
    rings = await centre.call(dids["rings"])
    ringing = await centre.rings_outside()
    recorded = await centre.call(dids["recorded"])
    await recorded.until_answered()
    await centre.until_sounds(recorded)
    recorded.press("#")
    for name in ("talks", "rings", "recorded"):
        told[name] = await centre.started(dids[name])
    await until_stored(outages, told["talks"], "forwarded")
    await until_stored(outages, told["recorded"], "voicemail")
    folder = centre.acd.asterisk.recordings
    await eventually(
        lambda: any(
            told["recorded"] in file.name and file.stat().st_size > 20_000
            for file in folder.iterdir()
        ),
        within_s=20,
        what="more than a second is recorded",
    )
    greeted = await centre.call(dids["greeted"])
    announced = await centre.call(dids["announced"])
    for call in (greeted, announced):
        await call.until_answered()
    for name in ("greeted", "announced"):
        told[name] = await centre.started(dids[name])
        await until_stored(outages, told[name])
    await until_stored(outages, told["rings"])
    everybody = (talks, rings, recorded, greeted, announced)

    async def all_hang_up() -> None:
        for call in everybody:
            call.hang_up()
        await asyncio.gather(*(call.until_over() for call in everybody))

    await outages.kill(all_hang_up)
    outcomes = {
        name: (await centre.until_told("finished", interaction_id=told[name], within_s=15))[
            "outcome"
        ]
        for name in told
    }
    assert outcomes == {
        "announced": "left",
        "greeted": "left",
        "recorded": "voicemail",
        "rings": "left",
        "talks": "forwarded",
    }
    # What was said is kept, and nobody rings or listens for nobody.
    left = await centre.until_told("voicemail_left", interaction_id=told["recorded"], within_s=15)
    assert left["duration_s"] >= 1
    await party.until_over(15)
    await ringing.until_over(15)
    await outages.nothing_is_left()


async def test_an_outside_party_who_hangs_up_unseen_is_not_called_again(
    desk: Desk, centre: FrontCentre, outages: Outages
) -> None:
    did = await centre.route({"kind": "number", "value": "+8613700000043"})
    call = await centre.call(did)
    party = await centre.rings_outside()
    party.answer()
    await call.until_answered()
    party.say(AGENT_HZ)
    await call.until_hears(AGENT_HZ)
    interaction = await centre.started(did)
    await until_stored(outages, interaction, "forwarded")

    async def hangs_up() -> None:
        party.hang_up()
        await party.until_over()

    await outages.kill(hangs_up)
    await call.until_over(15)
    finished = await centre.until_told("finished", interaction_id=interaction)
    assert finished["outcome"] == "forwarded"
    await outages.nothing_is_left()
