"""One behaviour of Asterisk's spool, shown by the real one and by the stand-in of other tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.ari import ari_on
from tests.support.asterisk import real_asterisk
from tests.support.audio import tone, write_wav
from tests.support.recording import FakeSource
from tests.support.waiting import eventually

from ringway.recorder.source import AriSource, HalfNotFound, HalfSource, NodeUnknown
from ringway.runtime.ari import StasisStart
from ringway.runtime.errors import DependencyDown

# Starting an Asterisk takes seconds on a machine that others use.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

NAME = "01890a5d-ac96-774b-bcce-b302099a8057.in"


@dataclass
class Spool:
    """A source, and ways to change what is behind it."""

    source: HalfSource
    put: Callable[[str, bytes], None]
    start_live: Callable[[str], asyncio.Future[None]]
    break_down: Callable[[], asyncio.Future[None]]


@pytest.fixture(params=["real", "fake"])
async def spool(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Spool]:
    loop = asyncio.get_running_loop()
    if request.param == "fake":
        fake = FakeSource()

        async def live(name: str) -> None:
            fake.files[name] = b""
            fake.live.add(name)

        async def fail() -> None:
            fake.failure = DependencyDown("down")

        yield Spool(
            fake,
            fake.files.__setitem__,
            lambda name: loop.create_task(live(name)),
            lambda: loop.create_task(fail()),
        )
        return
    async with real_asterisk(tmp_path) as asterisk, ari_on(asterisk, "recorder-0") as ari:
        asterisk.recordings.mkdir(exist_ok=True)

        async def record(name: str) -> None:
            await ari.node.originate("Local/*43@from-agent", channel_id="echo", app=ari.app)
            await ari.log.until(StasisStart, "echo")
            await ari.node.record("echo", name)

        yield Spool(
            AriSource(ari.client.nodes),
            lambda name, data: _write(asterisk.recordings / f"{name}.wav", data),
            lambda name: loop.create_task(record(name)),
            lambda: loop.create_task(asterisk.kill()),
        )


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


async def test_a_file_is_listed_fetched_and_deleted(spool: Spool, tmp_path: Path) -> None:
    data = write_wav(tmp_path / "x.wav", tone(500, 30.0)).read_bytes()
    spool.put(NAME, data)
    assert list(spool.source.nodes) == ["ast-0"]
    assert await spool.source.names("ast-0") == [NAME]
    assert not await spool.source.is_live("ast-0", NAME)
    await spool.source.fetch("ast-0", NAME, tmp_path / "fetched.wav")
    assert (tmp_path / "fetched.wav").read_bytes() == data
    for _ in range(2):
        await spool.source.delete("ast-0", NAME)
        assert await spool.source.names("ast-0") == []


async def test_an_empty_file_is_fetched_as_such(spool: Spool, tmp_path: Path) -> None:
    spool.put(NAME, b"")
    await spool.source.fetch("ast-0", NAME, tmp_path / "fetched.wav")
    assert (tmp_path / "fetched.wav").read_bytes() == b""


async def test_what_is_not_there_is_not_found(spool: Spool, tmp_path: Path) -> None:
    assert await spool.source.names("ast-0") == []
    with pytest.raises(HalfNotFound):
        await spool.source.fetch("ast-0", NAME, tmp_path / "fetched.wav")
    await spool.source.finish("ast-0", NAME)


async def test_a_file_being_written_can_be_finished(spool: Spool) -> None:
    await spool.start_live(NAME)
    assert await spool.source.is_live("ast-0", NAME)

    async def is_listed() -> bool:
        return await spool.source.names("ast-0") == [NAME]

    await eventually(is_listed)  # Asterisk makes the file a moment after its answer
    await spool.source.finish("ast-0", NAME)

    async def is_closed() -> bool:
        return not await spool.source.is_live("ast-0", NAME)

    await eventually(is_closed)
    assert await spool.source.names("ast-0") == [NAME]


async def test_an_unknown_node_is_told(spool: Spool, tmp_path: Path) -> None:
    with pytest.raises(NodeUnknown):
        await spool.source.is_live("ast-9", NAME)
    with pytest.raises(NodeUnknown):
        await spool.source.fetch("ast-9", NAME, tmp_path / "fetched.wav")


async def test_a_node_that_is_down_is_a_dependency_that_is_down(
    spool: Spool, tmp_path: Path
) -> None:
    await spool.break_down()
    with pytest.raises(DependencyDown):
        await spool.source.names("ast-0")
    with pytest.raises(DependencyDown):
        await spool.source.fetch("ast-0", NAME, tmp_path / "fetched.wav")
