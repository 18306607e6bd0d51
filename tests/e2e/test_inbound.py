"""A customer calls in, waits, is handed on and rates: by the public API, over real SIP and RTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.support.audio import tones
from tests.support.call_desk import hears_not
from tests.support.console_desk import desk, opened_centre
from tests.support.waiting import eventually

from ringway.cli.demo.centre import Centre
from ringway.cli.installation import Installation
from ringway.trainer.phone import Phone

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

CUSTOMER_HZ, ANN_HZ, BOB_HZ = 500.0, 900.0, 1300.0
DID = "+442071838750"


@pytest.fixture
async def centre(stack: Installation) -> AsyncIterator[Centre]:
    async with opened_centre(stack, agents=2) as made:
        yield made


async def test_a_caller_waits_is_handed_on_and_rates_and_all_of_it_is_on_record(
    stack: Installation, centre: Centre, tmp_path: Path
) -> None:
    async with AsyncExitStack() as exits:
        customer = await exits.enter_async_context(
            Phone.open("carrier", tone_hz=CUSTOMER_HZ, answer_after_s=None)
        )
        host, port = customer.address
        api = centre.admin
        await api.post(
            "/trunks",
            {"name": "carrier", "host": host, "port": port, "sources": [f"{host}:{port}"]},
        )
        queue = await api.post(
            "/queues",
            {
                "name": "Help",
                "agent_ids": [seat.agent_id for seat in centre.seats],
                "rating": {"enabled": True, "timeout_s": 10},
                "after_call": "timed",
                "after_call_s": 60,
                "leave_when_empty": False,
            },
        )
        await api.post(
            "/inbound-routes",
            {"name": "Main", "did": DID, "target": {"kind": "queue", "value": queue["queue_id"]}},
        )

        # Nobody is there yet: the caller hears music.
        sip = stack.endpoints()["sip"].removeprefix("sip:")
        call = await customer.call(f"sip:{DID}@{sip}", caller="+447700900123")
        await call.until_answered(20)
        await eventually(
            lambda: call.listener is not None and call.listener.packets > 50,
            within_s=20,
            what="the caller hears something",
        )
        ann = await desk(exits, centre, centre.seats[0], ANN_HZ)
        await call.until_hears(ANN_HZ, within_s=20)
        await ann.leg.until_hears(CUSTOMER_HZ, within_s=20)
        await asyncio.sleep(2.5)  # a piece of talk for the recording

        bob = await desk(exits, centre, centre.seats[1], BOB_HZ)
        await ann.act("consult", {"target": {"kind": "agent", "value": bob.seat.agent_id}})
        await ann.leg.until_hears(BOB_HZ, within_s=20)
        await bob.leg.until_hears(ANN_HZ, within_s=20)
        await hears_not(call, ANN_HZ)
        await hears_not(bob.leg, CUSTOMER_HZ)
        await ann.act("transfer/complete")
        await call.until_hears(BOB_HZ, within_s=20)
        await bob.leg.until_hears(CUSTOMER_HZ, within_s=20)
        await ann.until("wrap_up")
        await asyncio.sleep(2.5)
        await bob.act("hang-up")
        await bob.until("wrap_up")
        assert call.is_up  # stays for the rating
        await asyncio.sleep(1)
        call.press("5")
        await call.until_over(30)

        rows: list[dict[str, Any]] = []

        async def settled() -> bool:
            rows[:] = await api.all("/interactions")
            # Each of these is told apart from the others.
            told = ("recording_id", "rating", "disconnected_at")
            return len(rows) == 1 and not rows[0]["is_live"] and all(rows[0][each] for each in told)

        await eventually(settled, within_s=40, what=lambda: str(rows))
        (row,) = rows
        segments = await api.get(f"/interactions/{row['interaction_id']}/segments")
        audio = await api.download(f"/recordings/{row['recording_id']}/audio")
    assert (row["direction"], row["caller"], row["called"]) == ("inbound", "+447700900123", DID)
    assert (row["queue_id"], row["segments"], row["rating"]) == (queue["queue_id"], 2, 5)
    assert (row["consults"], row["transfers"], row["disposition"]) == (1, 1, "connected")
    assert [s["agent_number"] for s in segments] == [s.number for s in centre.seats]
    assert row["talk_s"] == pytest.approx(sum(s["talk_s"] for s in segments), abs=0.01)
    file = tmp_path / "talk.wav"
    file.write_bytes(audio)
    # One recording has both agents, left, and the customer, right.
    first = tones(file, 0, (ANN_HZ, BOB_HZ), 0.5, 1.5)
    assert first[ANN_HZ] > -30 > first[BOB_HZ] + 20
    seconds = row["talk_s"]
    last = tones(file, 0, (ANN_HZ, BOB_HZ), seconds - 1.8, seconds - 0.8)
    assert last[BOB_HZ] > -30 > last[ANN_HZ] + 20
    right = tones(file, 1, (CUSTOMER_HZ, ANN_HZ), 0.5, 1.5)
    assert right[CUSTOMER_HZ] > -30 > right[ANN_HZ] + 20
