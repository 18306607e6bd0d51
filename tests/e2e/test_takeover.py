"""`./ringway up --replicas 2`: the ACD that serves everybody is killed, and only its log knows."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.support.console_desk import desk, opened_centre
from tests.support.ports import free_port_base
from tests.support.waiting import eventually

from ringway.cli import control
from ringway.cli.installation import Installation
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import shard_of
from ringway.runtime.leases import Leases
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall

# Starts every real part, on a busy machine.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ANN_HZ, BOB_HZ, TALKER_HZ, WAITER_HZ, LATER_HZ = 900.0, 1300.0, 500.0, 650.0, 1900.0
DID = "+442071838751"
SERVED_AGAIN_S = 5.0
GAP_S = 0.5  # a loaded machine lets packets wait by itself; nobody is there for seconds


def ringway(data: Path, command: str, *words: str) -> tuple[int, Any]:
    """Run a command; return its exit code and what it told."""
    where = ("--json", "--data", str(data))
    done = subprocess.run(
        (sys.executable, "-P", "-m", "ringway.cli", command, *where, *words),
        check=False,
        stdout=subprocess.PIPE,
    )
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    data = tmp_path_factory.mktemp("pair")
    base = str(free_port_base())
    assert ringway(data, "up", "--detach", "--replicas", "2", "--port-base", base)[0] == 0
    try:
        yield Installation(data)
    finally:
        ringway(data, "down")


async def owner_of(pair: Installation, tenant: str) -> str:
    """Return the part that serves a tenant."""
    password = pair.credentials.nats["dialer"]
    async with Bus.open(pair.nats.url, user="dialer", password=password, name="test") as bus:
        owner: list[str] = []

        async def is_known() -> bool:
            found = await Leases(bus, "test", 3.0).owner_of(f"acd.shard.{shard_of(tenant)}")
            owner[:] = [found] if found else []
            return bool(found)

        await eventually(is_known, within_s=15, what="somebody serves the tenant")
    return owner[0].removesuffix("-0")


def gaps_since(call: PhoneCall, since: float) -> list[float]:
    """Return how long each silence of packets was since a moment of the loop's clock."""
    assert call.listener is not None
    return [b - a for a, b in call.listener.gaps if b >= since and b - a > GAP_S]


async def until_sounds(call: PhoneCall) -> None:
    listener = call.listener
    assert listener is not None
    enough = listener.packets + 50
    await eventually(lambda: listener.packets > enough, within_s=20, what="the caller hears music")


async def test_the_acd_is_killed_and_the_other_one_goes_on(pair: Installation) -> None:
    loop, began = asyncio.get_running_loop(), utcnow()
    shown = await control.look(pair)
    for part in ("acd", "acd-1", "dialer", "dialer-1"):
        assert shown["parts"][part]["health"] == "ok"
    async with AsyncExitStack() as exits:
        centre = await exits.enter_async_context(opened_centre(pair, agents=2))
        api = centre.admin
        customer = await exits.enter_async_context(
            Phone.open("carrier", tone_hz=TALKER_HZ, answer_after_s=None)
        )
        host, port = customer.address
        await api.post(
            "/trunks",
            {"name": "carrier", "host": host, "port": port, "sources": [f"{host}:{port}"]},
        )
        queue = await api.post(
            "/queues",
            {
                "name": "Help",
                "agent_ids": [seat.agent_id for seat in centre.seats],
                "after_call": "none",
                "leave_when_empty": False,
                "announcements": {"position": True},
            },
        )
        await api.post(
            "/inbound-routes",
            {"name": "Main", "did": DID, "target": {"kind": "queue", "value": queue["queue_id"]}},
        )
        sip = pair.endpoints()["sip"].removeprefix("sip:")

        async def caller(hz: float) -> PhoneCall:
            call = await customer.call(f"sip:{DID}@{sip}", caller="+447700900124")
            await call.until_answered(20)
            call.say(hz)
            return call

        ann = await desk(exits, centre, centre.seats[0], ANN_HZ)
        talker = await caller(TALKER_HZ)
        await talker.until_hears(ANN_HZ, within_s=20)
        await ann.leg.until_hears(TALKER_HZ, within_s=20)
        bob = await desk(exits, centre, centre.seats[1], BOB_HZ, is_ready=False)
        waiter = await caller(WAITER_HZ)
        await until_sounds(waiter)
        legs = ann.leg, bob.leg

        victim = await owner_of(pair, centre.tenant_id)
        old = pair.part_pid(victim)
        assert old is not None
        # Nobody starts the killed one again before the other one has taken over.
        os.kill(shown["supervisor"], signal.SIGSTOP)
        exits.callback(os.kill, shown["supervisor"], signal.SIGCONT)
        os.kill(old, signal.SIGKILL)
        killed_at = loop.time()
        later = asyncio.create_task(caller(LATER_HZ))  # in this very moment
        assert await ann.state() == "talking"
        served_s = loop.time() - killed_at
        print(f"kill to an answered request: {served_s:.2f} s")
        assert served_s < SERVED_AGAIN_S
        assert await bob.state() == "not_ready"
        assert await owner_of(pair, centre.tenant_id) != victim
        os.kill(shown["supervisor"], signal.SIGCONT)

        # Who waited is served first, by whoever is there now.
        await bob.rest.put("/agents/me/state", {"state": "ready"})
        await waiter.until_hears(BOB_HZ, within_s=20)
        await bob.leg.until_hears(WAITER_HZ, within_s=20)
        await talker.until_hears(ANN_HZ, within_s=20)
        await ann.leg.until_hears(TALKER_HZ, within_s=20)
        assert (ann.leg, bob.leg) == legs
        for call in (talker, waiter, *legs):
            assert not gaps_since(call, killed_at)
        last = await later
        await until_sounds(last)
        assert not last.hears(BOB_HZ)
        assert not last.hears(ANN_HZ)
        await ann.act("hang-up")
        await last.until_hears(ANN_HZ, within_s=20)
        await ann.leg.until_hears(LATER_HZ, within_s=20)

        async def both_are_there() -> bool:
            ready = {part.name: part.is_ready for part in pair.parts()}
            is_new = pair.part_pid(victim) not in (None, old)
            return is_new and await ready[victim]() is None

        await eventually(both_are_there, within_s=40, what="the one that was killed is back")
        waiter.hang_up()
        await ann.act("hang-up")
        rows: list[dict[str, Any]] = []

        async def settled() -> bool:
            rows[:] = await api.all("/interactions")
            # That it is over and when the talk was over are told apart.
            return len(rows) == 3 and all(
                row["disconnected_at"] and not row["is_live"] for row in rows
            )

        await eventually(settled, within_s=40, what=lambda: str(rows))
        for each in (ann, bob):
            await each.until("ready")
            await each.rest.delete("/agents/me/session")

        # Nothing is in the books twice.
        assert [row["segments"] for row in rows] == [1, 1, 1]
        assert {row["disposition"] for row in rows} == {"connected"}
        work: dict[str, Any] = {}

        async def all_is_told() -> bool:
            period = {"from": began.isoformat(), "to": utcnow().isoformat()}
            report = await api.get("/reports/agent-work", **period)
            work.update({line["agent_id"]: line for line in report["items"]})
            return bool(sum(line["on_hook"] for line in work.values()) >= 3)

        await eventually(all_is_told, within_s=20, what=lambda: str(work))
    told = {
        agent_id: (line["logins"], line["off_hook"], line["on_hook"])
        for agent_id, line in work.items()
    }
    ann_id, bob_id = (seat.agent_id for seat in centre.seats)
    assert told == {ann_id: (1, 2, 2), bob_id: (1, 1, 1)}
    talked_s = sum(row["talk_s"] for row in rows)
    assert sum(line["talk_s"] for line in work.values()) == pytest.approx(talked_s, abs=0.5)


def test_the_operator_empties_a_node_by_command(pair: Installation) -> None:
    code, told = ringway(pair.data, "nodes", "drain", "ast-0")
    assert (code, "ast-0" in told["error"]) == (1, True)  # it is the only one
    code, told = ringway(pair.data, "nodes", "drain", "ast-0", "--force", "--wait")
    (node,) = told["nodes"]
    assert (code, node["channels"], node["drained_by"]) == (0, 0, "admin")
    code, told = ringway(pair.data, "nodes", "undrain", "ast-0")
    assert (code, told["nodes"][0]["draining_since"]) == (0, None)
    assert ringway(pair.data, "nodes")[1] == told
