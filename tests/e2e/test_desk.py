"""An agent dials, parks, and holds a conference: by the public API, over real SIP and RTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.support.audio import tones
from tests.support.console_desk import Desk, desk, opened_centre
from tests.support.waiting import eventually

from ringway.cli.demo.centre import Centre
from ringway.cli.installation import Installation
from ringway.trainer.phone import Phone

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

CUSTOMER_HZ, ANN_HZ, BOB_HZ = 500.0, 900.0, 1300.0
NUMBER = "+447700900124"


@pytest.fixture
async def centre(stack: Installation) -> AsyncIterator[Centre]:
    async with opened_centre(stack, agents=2) as made:
        yield made


async def recording_of(of: Desk, interaction_id: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    async def is_there() -> bool:
        items = (await of.rest.get("/recordings"))["items"]
        found[:] = [i for i in items if i["interaction_id"] == interaction_id]
        return bool(found)

    await eventually(is_there, within_s=40, what="the recording is stored")
    return found[0]


async def test_dialing_parking_and_a_conference_are_on_record(
    stack: Installation, centre: Centre, tmp_path: Path
) -> None:
    async with AsyncExitStack() as exits:
        outside = await exits.enter_async_context(
            Phone.open("carrier", tone_hz=CUSTOMER_HZ, answer_after_s=0.3)
        )
        host, port = outside.address
        trunk = await centre.admin.post("/trunks", {"name": "carrier", "host": host, "port": port})
        await centre.admin.post(
            "/outbound-routes", {"name": "all", "trunk_ids": [trunk["trunk_id"]]}
        )
        ann = await desk(exits, centre, centre.seats[0], ANN_HZ)
        bob = await desk(exits, centre, centre.seats[1], BOB_HZ)

        dialing = await ann.rest.post("/agents/me/calls", {"number": NUMBER})
        assert dialing["number"] == NUMBER
        call = await outside.next_call(20)
        await call.until_hears(ANN_HZ, within_s=20)
        await ann.leg.until_hears(CUSTOMER_HZ, within_s=20)
        parked = await ann.rest.post("/agents/me/calls/current/park")
        await bob.rest.post("/agents/me/calls/retrieve", {"slot": parked["slot"]})
        await call.until_hears(BOB_HZ, within_s=20)
        await eventually(
            lambda: not ann.leg.hears(CUSTOMER_HZ), within_s=10, what="Ann hears him no longer"
        )
        call.hang_up()
        await bob.until("ready")
        await recording_of(bob, dialing["interaction_id"])

        target = {"kind": "number", "value": NUMBER}
        colleague = {"kind": "agent", "value": bob.seat.agent_id}
        meeting = await ann.rest.post(
            "/conferences", {"name": "Friday", "invite": [target, colleague]}
        )
        call = await outside.next_call(20)
        await call.until_hears(ANN_HZ, within_s=20)
        await call.until_hears(BOB_HZ, within_s=20)
        await asyncio.sleep(2.5)  # a piece of talk for the recording
        here = f"/conferences/{meeting['conference_id']}"
        members = (await ann.rest.get(here))["members"]
        assert sorted(m["state"] for m in members) == ["talking"] * 3
        await ann.rest.delete(here)
        await call.until_over(20)
        await ann.until("ready")
        recording = await recording_of(ann, meeting["interaction_id"])
        file = tmp_path / "conference.wav"
        file.write_bytes(await ann.rest.download(f"/recordings/{recording['recording_id']}/audio"))
        for side in (0, 1):  # everybody is heard in both ears
            found = tones(file, side, (CUSTOMER_HZ, ANN_HZ, BOB_HZ))
            assert min(found.values()) > -45, found
