"""Every persona of the trunk, called by a phone; and the log of what reached it."""

from __future__ import annotations

import os
import signal
import sys
from asyncio import create_subprocess_exec, subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from ringway.proto.trainer import Persona, PersonaKind, PersonaRule
from ringway.trainer.core.call import EndedBy
from ringway.trainer.journal import read_journal
from ringway.trainer.media import Pacer
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall
from ringway.trainer.trunk import Counts, Trunk

pytestmark = pytest.mark.integration

SHORT = (0.1, 0.2)


class World:
    """One trunk and a phone that calls it."""

    def __init__(self, trunk: Trunk, phone: Phone) -> None:
        self.trunk = trunk
        self.phone = phone

    def persona(self, kind: PersonaKind, **fields: Any) -> None:
        persona = Persona(kind=kind, ring_s=SHORT, **fields)
        self.trunk.put_scenario("t", (PersonaRule(pattern=r"\+?\d+", mix=((1.0, persona),)),))

    async def dials(self, number: str = "+8613800000001") -> PhoneCall:
        return await self.phone.call(f"sip:{number}@127.0.0.1:{self.trunk.address[1]}")

    async def record(self) -> dict[str, Any]:
        await self.trunk.until(lambda: len(self.trunk.records()) == 1)
        (record,) = self.trunk.records()
        (invite,) = self.trunk.records("invite")
        assert invite["call_id"] == record["call_id"]
        return record


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        pacer = await stack.enter_async_context(Pacer.running())
        trunk = await stack.enter_async_context(Trunk.open(tmp_path / "trunk.jsonl", pacer=pacer))
        phone = await stack.enter_async_context(Phone.open("ann", tone_hz=700, pacer=pacer))
        yield World(trunk, phone)


async def test_a_customer_answers_talks_and_hangs_up(world: World) -> None:
    world.persona(PersonaKind.ANSWERS, talk_s=(2.0, 2.0), tone_hz=620)
    call = await world.dials()
    await call.until_answered()
    await call.until_hears(620)
    assert world.trunk.counts == Counts(invites=1, answered=1, in_progress=1)
    assert (await call.until_over()).by is EndedBy.PEER
    record = await world.record()
    assert record["number"] == "+8613800000001"
    assert record["from"] == "ann"
    assert record["persona"] == "answers"
    assert (record["final_status"], record["ended_by"], record["q850"]) == (200, "customer", 16)
    times = [record[k] for k in ("invite_at", "ringing_at", "answered_at", "ended_at")]
    assert times == sorted(times)
    assert times[0] < times[-1]
    (tone,) = record["tones_heard"]
    assert abs(tone["hz"] - 700) < 5
    assert tone["heard_s"] > 0.5
    assert record["rtp_sent"] > 40
    assert record["rtp_received"] > 40
    assert 0 <= record["first_rtp_ms"] < 1000  # at once; a busy machine may add to it
    assert world.trunk.counts == Counts(invites=1, answered=1, in_progress=0)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (PersonaKind.BUSY, 486),
        (PersonaKind.INVALID_NUMBER, 404),
        (PersonaKind.REJECTS, 603),
        (PersonaKind.TRUNK_REFUSES, 503),
    ],
)
async def test_a_refusal_has_its_status(world: World, kind: PersonaKind, status: int) -> None:
    world.persona(kind)
    call = await world.dials()
    assert (await call.until_over()).status == status
    record = await world.record()
    assert (record["final_status"], record["answered_at"], record["rtp_sent"]) == (status, None, 0)
    assert (record["ringing_at"] is not None) == (kind is PersonaKind.REJECTS)


async def test_no_answer_rings_until_the_caller_gives_up(world: World) -> None:
    world.persona(PersonaKind.NO_ANSWER)
    call = await world.dials()
    await world.trunk.until(lambda: call.ringing_status == 180)
    call.hang_up()
    assert (await call.until_over()).status == 487
    record = await world.record()
    assert (record["final_status"], record["ended_by"]) == (487, "platform")


async def test_an_early_hangup_comes_within_a_second(world: World) -> None:
    world.persona(PersonaKind.HANGS_UP_EARLY)
    call = await world.dials()
    await call.until_answered()
    assert (await call.until_over(2)).by is EndedBy.PEER


async def test_keys_are_pressed(world: World) -> None:
    world.persona(PersonaKind.PRESSES_KEYS, keys="42#", talk_s=(3, 3))
    call = await world.dials()
    await world.trunk.until(lambda: call.keys == "42#")
    call.press("7")
    await call.until_over()
    assert (await world.record())["dtmf_received"] == "7"


async def test_a_machine_speaks_beeps_and_listens(world: World) -> None:
    world.persona(PersonaKind.MACHINE, talk_s=(1.5, 1.5))
    call = await world.dials()
    await call.until_hears(1000)
    assert call.listener is not None
    packets = call.listener.packets
    listener = call.listener
    await world.trunk.until(lambda: listener.packets > packets + 50)
    assert not call.hears(1000)  # silence, but packets
    call.hang_up()
    assert (await world.record())["ended_by"] == "platform"


async def test_early_media_plays_ringback_before_the_answer(world: World) -> None:
    persona = Persona(kind=PersonaKind.ANSWERS, ring_s=(1.5, 1.5), early_media=True)
    world.trunk.put_scenario("t", (PersonaRule(pattern=".*", mix=((1, persona),)),))
    call = await world.dials()
    await world.trunk.until(lambda: call.ringing_status == 183)
    await call.until_hears(450)
    assert call.answered_at is None
    await call.until_answered()
    await call.until_hears(500)


async def test_a_customer_who_stays_stays_until_the_trunk_closes(tmp_path: Path) -> None:
    async with Phone.open("ann") as phone:
        async with Trunk.open(tmp_path / "t.jsonl") as trunk:
            persona = Persona(kind=PersonaKind.ANSWERS, ring_s=SHORT, talk_s=SHORT, stays=True)
            trunk.put_scenario("t", (PersonaRule(pattern=".*", mix=((1, persona),)),))
            call = await phone.call(f"sip:1@127.0.0.1:{trunk.address[1]}")
            await call.until_hears(500)
        assert (await call.until_over()).by is EndedBy.PEER
    (_, end) = read_journal(tmp_path / "t.jsonl")
    assert end["ended_by"] == "shutdown"


async def test_the_latest_scenario_decides_and_unknown_numbers_answer(world: World) -> None:
    world.trunk.put_scenario(
        "one", (PersonaRule(pattern="1.*", mix=((1, Persona(kind=PersonaKind.BUSY)),)),)
    )
    world.trunk.put_scenario(
        "two", (PersonaRule(pattern="12", mix=((1, Persona(kind=PersonaKind.REJECTS)),)),)
    )
    assert world.trunk.plan("12").refuse_with == 603
    assert world.trunk.plan("13").refuse_with == 486
    assert world.trunk.plan("99").persona is PersonaKind.ANSWERS


async def test_a_torn_line_is_passed_over_and_counts_go_on(tmp_path: Path) -> None:
    log = tmp_path / "trunk.jsonl"
    log.write_bytes(
        b'{"event":"invite","call_id":"a"}\n{"event":"end","call_id":"a","answered_at":"x"}\n'
        b'{"event":"invite","call_id":"b"}\n{"event":"invi'
    )
    async with Trunk.open(log) as trunk, Phone.open("ann") as phone:
        assert trunk.counts == Counts(invites=2, answered=1, in_progress=0)
        call = await phone.call(f"sip:7@127.0.0.1:{trunk.address[1]}")
        await trunk.until(lambda: trunk.counts.invites == 3)
        call.hang_up()
        await call.until_over()
        assert [record.get("call_id") for record in trunk.records("invite")[:2]] == ["a", "b"]
        assert len(trunk.records("invite")) == 3


_CHILD = """
import asyncio, sys
from pathlib import Path
from ringway.trainer.trunk import Trunk

async def run():
    async with Trunk.open(Path(sys.argv[1])) as trunk:
        print(trunk.address[1], flush=True)
        await asyncio.sleep(60)

asyncio.run(run())
"""


async def test_a_killed_trunk_leaves_every_invite_in_its_log(tmp_path: Path) -> None:
    log = tmp_path / "trunk.jsonl"
    child = await create_subprocess_exec(
        sys.executable, "-c", _CHILD, str(log), stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    async with Phone.open("ann") as phone:
        port = int(await child.stdout.readline())
        calls = [await phone.call(f"sip:{n}@127.0.0.1:{port}") for n in range(5)]
        for call in calls:
            await call.until_answered()
        os.kill(child.pid, signal.SIGKILL)
        await child.wait()
        child._transport.close()  # type: ignore[attr-defined]
        records = list(read_journal(log))
        assert sorted(record["number"] for record in records) == ["0", "1", "2", "3", "4"]
        assert {record["event"] for record in records} == {"invite"}
        async with Trunk.open(log) as again:
            assert again.counts == Counts(invites=5, answered=0, in_progress=0)
