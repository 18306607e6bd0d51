"""Real files: joining halves, and the folder that keeps the result."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from tests.support.audio import heard, read_wav, tone, write_wav

from ringway.recorder.audio_store import AudioGone, FolderStore, NameTaken
from ringway.recorder.core.wav import UnreadableWav
from ringway.recorder.joiner import join

pytestmark = pytest.mark.integration


@pytest.fixture
async def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "store", owner="recorder-0")
    await store.open()
    return store


async def content(store: FolderStore, name: str, first: int, length: int) -> bytes:
    return b"".join([piece async for piece in store.read(name, first, length)])


def test_the_agent_is_left_and_the_customer_right(tmp_path: Path) -> None:
    agent = write_wav(tmp_path / "a.wav", tone(500, 20.0))
    customer = write_wav(tmp_path / "c.wav", tone(700, 10.0))
    joined = join(agent, customer, tmp_path / "joined.wav")
    data = (tmp_path / "joined.wav").read_bytes()
    assert joined.duration_s == 20.0
    assert joined.size_bytes == len(data)
    assert joined.sha256 == hashlib.sha256(data).hexdigest()
    assert read_wav(tmp_path / "joined.wav")[1].shape == (160_000, 2)
    assert heard(tmp_path / "joined.wav", 0, 500, 19.0, 20.0)
    assert not heard(tmp_path / "joined.wav", 0, 700)
    assert heard(tmp_path / "joined.wav", 1, 700, 9.0, 10.0)
    assert not heard(tmp_path / "joined.wav", 1, 700, 10.1, 20.0)


def test_a_half_that_is_not_there_is_silence(tmp_path: Path) -> None:
    customer = write_wav(tmp_path / "c.wav", tone(700, 1.0))
    assert join(None, customer, tmp_path / "joined.wav").frames == 8000
    assert heard(tmp_path / "joined.wav", 1, 700)
    assert not read_wav(tmp_path / "joined.wav")[1][:, 0].any()


def test_an_unfinished_half_is_joined_whole(tmp_path: Path) -> None:
    agent = write_wav(tmp_path / "a.wav", tone(500, 1.0))
    with agent.open("r+b") as file:
        file.seek(40)
        file.write(b"\x00\x00\x00\x00")
    empty = tmp_path / "c.wav"
    empty.touch()
    assert join(agent, empty, tmp_path / "joined.wav").frames == 8000


def test_something_else_is_not_joined(tmp_path: Path) -> None:
    page = tmp_path / "a.wav"
    page.write_text("<html>this is an error page of some proxy</html>")
    with pytest.raises(UnreadableWav):
        join(page, None, tmp_path / "joined.wav")


async def test_a_stored_file_can_be_read_in_parts(store: FolderStore) -> None:
    source = store.scratch / "x.wav"
    source.write_bytes(bytes(range(256)) * 4000)
    await store.put(source, "t/1001/00000001.wav")
    assert not source.exists()
    assert await store.size("t/1001/00000001.wav") == 1_024_000
    assert await content(store, "t/1001/00000001.wav", 10, 3) == bytes([10, 11, 12])
    assert len(await content(store, "t/1001/00000001.wav", 0, 1_024_000)) == 1_024_000


async def test_putting_twice_is_harmless_and_never_overwrites(store: FolderStore) -> None:
    for _ in range(2):
        (store.scratch / "x").write_bytes(b"one")
        await store.put(store.scratch / "x", "t/1/1.wav")
        assert not (store.scratch / "x").exists()
    (store.scratch / "y").write_bytes(b"two")
    with pytest.raises(NameTaken):
        await store.put(store.scratch / "y", "t/1/1.wav")
    assert await content(store, "t/1/1.wav", 0, 3) == b"one"
    assert (store.scratch / "y").exists()


async def test_a_file_that_is_gone_or_short_is_told(store: FolderStore) -> None:
    with pytest.raises(AudioGone):
        await store.size("t/1/1.wav")
    with pytest.raises(AudioGone):
        await content(store, "t/1/1.wav", 0, 1)
    (store.scratch / "x").write_bytes(b"one")
    await store.put(store.scratch / "x", "t/1/1.wav")
    with pytest.raises(AudioGone):
        await content(store, "t/1/1.wav", 0, 4)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "t/../../x", "t/\x00"])
async def test_no_name_leads_out_of_the_store(store: FolderStore, name: str) -> None:
    with pytest.raises(ValueError, match="inside the store"):
        await store.size(name)


async def test_left_overs_of_this_process_go_and_those_of_others_stay(tmp_path: Path) -> None:
    mine, other = (FolderStore(tmp_path, owner=f"recorder-{n}") for n in (0, 1))
    for store in (mine, other):
        await store.open()
        (store.scratch / "left").touch()
    await mine.open()
    assert not (mine.scratch / "left").exists()
    assert (other.scratch / "left").exists()


def test_a_full_disk_is_an_os_error(tmp_path: Path) -> None:
    agent = write_wav(tmp_path / "a.wav", tone(500, 20.0))
    with pytest.raises(OSError, match="No space left"):
        join(agent, None, Path("/dev/full"))


async def test_a_folder_is_removed_with_all_that_is_in_it(
    store: FolderStore, tmp_path: Path
) -> None:
    for name in ("a/1001/00000001.wav", "a/1002/00000001.wav", "b/1001/00000001.wav"):
        (store.scratch / "x.wav").write_bytes(b"RIFF")
        await store.put(store.scratch / "x.wav", name)
    assert await store.remove_folder("a") == 2
    assert await store.remove_folder("a") == 0
    assert not (tmp_path / "store" / "a").exists()
    assert await store.size("b/1001/00000001.wav") == 4
    for name in ("", ".", "..", ".work", ".work/recorder-0"):
        with pytest.raises(ValueError, match=r"not a (name|folder)"):
            await store.remove_folder(name)
