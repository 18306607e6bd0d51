"""The media server over real HTTP, with a real folder behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import pytest
from aiohttp import web

from ringway.recorder.audio_store import FolderStore
from ringway.recorder.core.token import media_token
from ringway.recorder.media import MediaServer
from ringway.recorder.recording_store import StoredFile
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown
from ringway.runtime.health import Health
from ringway.runtime.service import Lifecycle

pytestmark = pytest.mark.integration

SECRET = b"media secret"
TENANT, RECORDING, LOST = uuid4(), uuid4(), uuid4()
DATA = bytes(range(256)) * 2000


class OneRecording:
    """An index with one recording, and one whose file is gone."""

    down = False

    async def find(self, tenant_id: UUID, recording_id: UUID) -> StoredFile | None:
        if self.down:
            raise PostgresDown("down")
        names = {RECORDING: "t/1001/00000001.wav", LOST: "t/1001/00000002.wav"}
        if tenant_id != TENANT or recording_id not in names:
            return None
        return StoredFile(names[recording_id], len(DATA), "abc")


@pytest.fixture
def index() -> OneRecording:
    return OneRecording()


@pytest.fixture
async def client(tmp_path: Path, index: OneRecording) -> AsyncIterator[aiohttp.ClientSession]:
    store = FolderStore(tmp_path, owner="recorder-0")
    await store.open()
    (store.scratch / "x").write_bytes(DATA)
    await store.put(store.scratch / "x", "t/1001/00000001.wav")
    routes: list[web.AbstractRouteDef] = [*MediaServer(index, store, secret=SECRET).routes()]
    async with (
        Health(Lifecycle()).served("127.0.0.1", 0, routes) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        yield session


def path(recording: object = RECORDING, tenant: object = TENANT) -> str:
    return f"/media/{tenant}/{recording}"


def bearer(
    recording: object = RECORDING, tenant: object = TENANT, *, valid_s: float = 60
) -> dict[str, str]:
    expires_s = int((utcnow() + timedelta(seconds=valid_s)).timestamp())
    token = media_token(SECRET, str(tenant), str(recording), expires_s)
    return {"Authorization": f"Bearer {token}"}


async def test_a_recording_is_played(client: aiohttp.ClientSession) -> None:
    async with client.get(path(), headers=bearer()) as answer:
        assert answer.status == 200
        assert answer.content_type == "audio/wav"
        assert answer.headers["ETag"] == '"abc"'
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert await answer.read() == DATA


async def test_a_player_asks_for_the_length_first(client: aiohttp.ClientSession) -> None:
    async with client.head(path(), headers=bearer() | {"Range": "bytes=0-1"}) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Length"] == str(len(DATA))
        assert await answer.read() == b""


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=300-", 300, len(DATA) - 1), ("bytes=-5", -5, len(DATA) - 1)],
)
async def test_a_part_is_played(
    client: aiohttp.ClientSession, asked: str, first: int, last: int
) -> None:
    async with client.get(path(), headers=bearer() | {"Range": asked}) as answer:
        assert answer.status == 206
        start = first % len(DATA)
        assert answer.headers["Content-Range"] == f"bytes {start}-{last}/{len(DATA)}"
        assert await answer.read() == DATA[start : last + 1]


async def test_a_range_outside_is_refused(client: aiohttp.ClientSession) -> None:
    headers = bearer() | {"Range": f"bytes={len(DATA)}-"}
    async with client.get(path(), headers=headers) as answer:
        assert answer.status == 416
        assert answer.headers["Content-Range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize(("if_range", "status"), [('"abc"', 206), ('"old"', 200)])
async def test_a_range_of_an_older_file_gets_the_whole(
    client: aiohttp.ClientSession, if_range: str, status: int
) -> None:
    headers = bearer() | {"Range": "bytes=0-1", "If-Range": if_range}
    async with client.get(path(), headers=headers) as answer:
        assert answer.status == status


async def test_what_the_client_has_is_not_sent_again(client: aiohttp.ClientSession) -> None:
    async with client.get(path(), headers=bearer() | {"If-None-Match": '"abc"'}) as answer:
        assert answer.status == 304


@pytest.mark.parametrize(
    "headers",
    [{}, bearer(uuid4()), bearer(tenant=uuid4()), bearer(valid_s=-1), {"Authorization": "Basic x"}],
)
async def test_without_its_token_nothing_is_told(
    client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    async with client.get(path(), headers=headers) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("recording", [uuid4(), LOST, "no-id", "..%2f..%2fetc%2fpasswd"])
async def test_what_is_not_there_is_not_found(
    client: aiohttp.ClientSession, recording: object
) -> None:
    async with client.get(path(recording), headers=bearer(recording)) as answer:
        assert answer.status in (401, 404)
        assert b"root" not in await answer.read()


async def test_another_tenant_has_no_such_recording(client: aiohttp.ClientSession) -> None:
    other = uuid4()
    async with client.get(path(tenant=other), headers=bearer(tenant=other)) as answer:
        assert answer.status == 404


async def test_without_the_index_one_asks_again_later(
    client: aiohttp.ClientSession, index: OneRecording
) -> None:
    index.down = True
    async with client.get(path(), headers=bearer()) as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"]
