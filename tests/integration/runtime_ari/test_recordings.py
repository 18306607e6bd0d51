"""Recordings: made through snoops, fetched as binary, deleted."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio
from tests.support.ari import Ari, ari_on, clear
from tests.support.asterisk import RealAsterisk, real_asterisk

from ringway.runtime.ari import (
    AriConflict,
    AriDown,
    AriNotFound,
    PlaybackFinished,
    RecordingFinished,
    RecordingStarted,
    StasisStart,
)
from ringway.runtime.ari.channels import Direction

# One Asterisk serves the whole module; each test leaves it without channels.
pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ECHO = "Local/*43@from-agent"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealAsterisk]:
    async with real_asterisk(tmp_path_factory.mktemp("asterisk")) as asterisk:
        yield asterisk


@pytest_asyncio.fixture(loop_scope="module")
async def ari(asterisk: RealAsterisk) -> AsyncIterator[Ari]:
    async with ari_on(asterisk, "acd-0") as ari:
        yield ari
        await clear(ari.node)


async def test_both_directions_recorded_by_snoops(ari: Ari) -> None:
    await ari.node.originate(ECHO, channel_id="i1.c", app="acd-0")
    await ari.log.until(StasisStart, "i1.c")
    directions: tuple[Direction, ...] = ("in", "out")
    for spy in directions:
        snoop = f"i1.snoop-{spy}"
        await ari.node.snoop("i1.c", snoop, app="acd-0", spy=spy, app_args=["snoop"])
        assert (await ari.log.until(StasisStart, snoop)).args == ("snoop",)
        with pytest.raises(AriConflict):
            await ari.node.snoop("i1.c", snoop, app="acd-0", spy=spy)
        again = await ari.node.snoop("i1.c", snoop, app="acd-0", spy=spy, exists_ok=True)
        assert again.id == snoop
        await ari.node.record(snoop, f"i1.{spy}")
        await ari.log.until(RecordingStarted, snoop)
        with pytest.raises(AriConflict):
            await ari.node.record(snoop, f"i1.{spy}")
    assert (await ari.node.get_live_recording("i1.in")).state == "recording"
    await ari.node.mute_recording("i1.in")
    await ari.node.unmute_recording("i1.in")
    await ari.node.play("sound:ss-noservice", channel="i1.c", playback_id="p1")
    await ari.log.until(PlaybackFinished, "i1.c", within_s=15)
    frames = []
    for spy in ("in", "out"):
        assert await ari.node.stop_recording(f"i1.{spy}")
        done = await ari.log.until(RecordingFinished, f"i1.snoop-{spy}")
        assert done.recording.duration_s is not None
        assert done.recording.duration_s >= 1
        data = await ari.node.get_stored_recording(f"i1.{spy}")
        with wave.open(io.BytesIO(data)) as audio:
            assert (audio.getframerate(), audio.getnchannels(), audio.getsampwidth()) == (
                8000,
                1,
                2,
            )
            frames.append(audio.readframes(audio.getnframes()))
    # The echoing half sends the prompt back, so both directions carry sound.
    assert all(any(each) for each in frames)
    assert abs(len(frames[0]) - len(frames[1])) < 48000  # they begin and end one by one
    assert {"i1.in", "i1.out"} <= {r.name for r in await ari.node.list_stored_recordings()}
    assert await ari.node.delete_stored_recording("i1.in")
    assert not await ari.node.delete_stored_recording("i1.in")
    with pytest.raises(AriNotFound):
        await ari.node.get_stored_recording("i1.in")
    assert "i1.in" not in {r.name for r in await ari.node.list_stored_recordings()}
    assert await ari.node.delete_stored_recording("i1.out")


def store(asterisk: RealAsterisk, name: str, seconds: int) -> bytes:
    """Put a WAV of pseudo-random sound into Asterisk's spool; return the file's content."""
    asterisk.recordings.mkdir(parents=True, exist_ok=True)
    path = asterisk.recordings / f"{name}.wav"
    with wave.open(str(path), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(8000)
        audio.writeframes(bytes(i * 31 % 256 for i in range(16000)) * seconds)
    return path.read_bytes()


async def test_long_recording_streams_in_pieces(asterisk: RealAsterisk, ari: Ari) -> None:
    stored = store(asterisk, "long", seconds=600)
    pieces = []
    async with aclosing(ari.node.stream_stored_recording("long", chunk_bytes=65536)) as stream:
        async for piece in stream:
            assert len(piece) <= 65536
            pieces.append(piece)
    assert len(pieces) >= len(stored) // 65536
    assert b"".join(pieces) == stored


async def test_abandoned_download_leaves_the_node_usable(asterisk: RealAsterisk, ari: Ari) -> None:
    store(asterisk, "long", seconds=600)
    for _ in range(40):  # more than the pool has connections
        async with aclosing(ari.node.stream_stored_recording("long")) as stream:
            async for _ in stream:
                break
    assert await ari.node.ping()


async def test_download_cut_by_a_crash_is_never_taken_for_complete(tmp_path: Path) -> None:
    async with real_asterisk(tmp_path) as asterisk, ari_on(asterisk, "acd-0") as ari:
        store(asterisk, "long", seconds=1200)
        stream = ari.node.stream_stored_recording("long", chunk_bytes=4096)

        async def rest() -> int:
            return sum([len(piece) async for piece in stream])

        async with aclosing(stream):
            assert await anext(stream)
            await asterisk.kill()
            with pytest.raises(AriDown):
                await rest()


async def test_name_with_a_folder_and_odd_characters(ari: Ari) -> None:
    await ari.node.originate(ECHO, channel_id="i1.c", app="acd-0")
    await ari.log.until(StasisStart, "i1.c")
    for name in ("t1/2026-01/i1 in", "a+b%c"):
        await ari.node.record("i1.c", name)
        await ari.log.until(RecordingStarted, "i1.c")
        await ari.node.stop_recording(name)
        await ari.log.until(RecordingFinished, "i1.c")
        assert (await ari.node.get_stored_recording(name))[:4] == b"RIFF"
        assert await ari.node.delete_stored_recording(name)
