"""The audio of real calls comes to the dialer: before and after the answer."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.ari import Ari, ari_on
from tests.support.dialer_centre import DialerCentre
from tests.support.waiting import eventually

from ringway.dialer.core.listening import Framer, Tones
from ringway.dialer.listener import Listener
from ringway.proto.trainer import Persona, PersonaKind, PersonaRule
from ringway.runtime.ari import StasisStart

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]


class _Ear:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.samples: list[NDArray[np.int16]] = []
        self.is_over = False
        self.wants_more = True

    def __call__(self, samples: NDArray[np.int16] | None) -> bool:
        if samples is None:
            self.is_over = True
        else:
            self.samples.append(samples)
        return self.wants_more

    @property
    def seconds(self) -> float:
        return sum(map(len, self.samples)) / 8000

    def tones(self) -> set[int]:
        """The frequencies that sounded for a while, to 50 Hz."""
        found, heard = Tones(), set()
        for frame in Framer().add(np.concatenate(self.samples)):
            found.add(frame)
            if found.is_sounding:
                heard.add(round(frame.peak_hz / 50) * 50)
        return heard


async def _call(centre: DialerCentre, ari: Ari, number: str) -> str:
    channel = f"{uuid4()}.c"
    await ari.node.originate(
        f"PJSIP/{number}@trunk-{centre.trunk_id}", channel_id=channel, app=ari.app, timeout_s=20
    )
    return channel


async def _listen(ari: Ari, listener: Listener, channel: str) -> tuple[_Ear, UUID]:
    ear, call = _Ear(), uuid4()
    listener.expect(call, ear)
    snoop = f"{call}.l"
    await ari.node.snoop(channel, snoop, app=ari.app, spy="in")
    await ari.log.until(StasisStart, snoop)
    await ari.node.continue_(snoop, "listen", listener.extension(call), 1)
    return ear, call


async def _until_gone(ari: Ari, channel: str) -> None:
    async def is_gone() -> bool:
        return channel not in {each.id for each in await ari.node.get_channels()}

    await eventually(is_gone, within_s=15, what=f"{channel} is gone")


async def test_what_the_customer_says_is_heard_until_enough_was_heard(
    centre: DialerCentre,
) -> None:
    async with (
        ari_on(centre.asterisk, "listening") as ari,
        Listener.open("127.0.0.1", 0) as listener,
    ):
        channel = await _call(centre, ari, "+44770000001111")
        await ari.log.until(StasisStart, channel)
        ear, call = await _listen(ari, listener, channel)
        await eventually(lambda: ear.seconds > 1, within_s=15, what="a second of audio")
        assert 500 in ear.tones()
        listener.forget(call)
        await _until_gone(ari, f"{call}.l")
        assert not ear.is_over  # who has forgotten a call is told nothing more of it
        again, call = await _listen(ari, listener, channel)
        await eventually(lambda: again.seconds > 0.2, within_s=15, what="audio again")
        again.wants_more = False
        await _until_gone(ari, f"{call}.l")
        third, call = await _listen(ari, listener, channel)
        await eventually(lambda: third.seconds > 0.2, within_s=15, what="audio once more")
        await ari.node.hangup(channel)
        await eventually(lambda: third.is_over, within_s=15, what="the end is told")


async def test_what_is_played_before_the_answer_is_heard(centre: DialerCentre) -> None:
    persona = Persona(kind=PersonaKind.ANSWERS, ring_s=(6, 6), talk_s=(1, 1), early_media=True)
    centre.trunk.put_scenario(
        centre.tenant, (PersonaRule(pattern=r"\+\d+", mix=((1.0, persona),)),)
    )
    async with (
        ari_on(centre.asterisk, "listening") as ari,
        Listener.open("127.0.0.1", 0) as listener,
    ):
        channel = await _call(centre, ari, "+44770000001110")
        await eventually(
            lambda: bool(centre.trunk.records("invite")), within_s=15, what="the call arrives"
        )
        ear, _ = await _listen(ari, listener, channel)
        await eventually(lambda: ear.seconds > 2.5, within_s=15, what="audio before the answer")
        assert ear.tones()  # the ring tone
        await ari.node.hangup(channel)


async def test_audio_that_nobody_asked_for_is_turned_away() -> None:
    async with Listener.open("127.0.0.1", 0) as listener:
        host, port = listener.extension(uuid4())[37:].split(":")
        for hello in (b"\x01\x00\x10" + uuid4().bytes, b"\x10\x00\x02ab", b"\x00"):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(hello)
            writer.write_eof()
            assert await reader.read() == b"\x00\x00\x00"
            writer.close()
