"""The whole recorder on a real Asterisk, NATS, PostgreSQL and folder."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest
from pydantic import SecretStr
from tests.support.ari import Ari, ari_on, node_settings
from tests.support.asterisk import RealAsterisk, real_asterisk
from tests.support.audio import heard, read_wav
from tests.support.nats import PASSWORD, NatsServer
from tests.support.ports import free_port
from tests.support.postgres import Database, PostgresServer, connect
from tests.support.recording import TENANT, disconnected
from tests.support.waiting import eventually

from ringway.proto.acd import InteractionDisconnectedV1
from ringway.proto.recorder import RecordingStoredV1
from ringway.recorder import app
from ringway.recorder.config import Settings
from ringway.recorder.core.naming import recording_id
from ringway.recorder.core.token import media_token
from ringway.runtime.ari import AriNotFound, ChannelDestroyed, StasisStart
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7
from ringway.runtime.service import Lifecycle

# An Asterisk, a NATS server and a database start for each test on a machine that others use.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

AGENT_HZ, CUSTOMER_HZ = 500, 700
SECRET = "media secret"


class Talk:
    """Two parties with a tone each in one bridge, recorded as the ACD does it."""

    def __init__(self, ari: Ari) -> None:
        self.ari = ari
        self.interaction = uuid7()
        self.customer = f"{self.interaction}.c"
        self.agent = f"{self.interaction}.a"

    async def begin(self) -> None:
        node, log = self.ari.node, self.ari.log
        for channel, hz in ((self.customer, CUSTOMER_HZ), (self.agent, AGENT_HZ)):
            await node.originate(f"Local/{hz}@tones", channel_id=channel, app=self.ari.app)
            await log.until(StasisStart, channel)
        bridge = f"{self.interaction}.b"
        await node.create_bridge(bridge, type="mixing,proxy_media")
        await node.add_to_bridge(bridge, self.customer, self.agent)
        for side in ("in", "out"):
            snoop = f"{self.interaction}.s{side}"
            await node.snoop(self.customer, snoop, app=self.ari.app, spy=side)
            await log.until(StasisStart, snoop)
            await node.record(snoop, f"{self.interaction}.{side}")

    async def end(self) -> None:
        await self.ari.node.hangup(self.customer)
        await self.ari.log.until(ChannelDestroyed, self.customer)

    @property
    def fact(self) -> InteractionDisconnectedV1:
        return disconnected(self.interaction)


class Platform:
    """The parts around the recorder."""

    def __init__(
        self, asterisk: RealAsterisk, nats: NatsServer, database: Database, folder: Path
    ) -> None:
        self.asterisk = asterisk
        self.nats = nats
        self.database = database
        self.store = folder / "recordings"
        self.port = free_port()

    def settings(self) -> Settings:
        return Settings(
            postgres_dsn=self.database.dsn("ringway_recorder"),
            nats_url=self.nats.url,
            nats_user="recorder",
            nats_password=SecretStr(PASSWORD),
            health_port=self.port,
            ari_nodes=(
                node_settings(
                    self.asterisk,
                    username="recorder",
                    password=self.asterisk.passwords["recorder"],
                ),
            ),
            store_dir=self.store,
            media_secret=SecretStr(SECRET),
            sweep_interval_s=1.0,
        )

    @asynccontextmanager
    async def recorder(self) -> AsyncIterator[None]:
        """Run the service inside this test's loop."""
        life = Lifecycle()
        async with asyncio.TaskGroup() as group:
            group.create_task(app.run(self.settings(), life))
            await eventually(self.is_ready, within_s=30, what="the recorder is ready")
            yield
            life.stop.set()

    async def start_process(self) -> asyncio.subprocess.Process:
        """Run the service as in production."""
        settings = self.settings()
        (node,) = settings.ari_nodes
        own = {
            "POSTGRES_DSN": settings.postgres_dsn,
            "NATS_URL": settings.nats_url,
            "NATS_USER": settings.nats_user,
            "NATS_PASSWORD": PASSWORD,
            "HEALTH_PORT": str(settings.health_port),
            "STORE_DIR": str(settings.store_dir),
            "MEDIA_SECRET": SECRET,
            "ARI_NODES": json.dumps(
                [node.model_dump() | {"password": node.password.get_secret_value()}]
            ),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "ringway.recorder"),
            env=os.environ | {f"RINGWAY_RECORDER_{key}": value for key, value in own.items()},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        await eventually(self.is_ready, within_s=60)
        return process

    async def is_ready(self) -> bool:
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.get(f"http://127.0.0.1:{self.port}/readyz") as answer,
            ):
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[Ari]:
        """Be the ACD: an ARI client with a dialplan of tones."""
        for hz in (AGENT_HZ, CUSTOMER_HZ):
            steps = ("Answer,", f"Playtones,!{hz}/60000", "Wait,60")
            for number, step in enumerate(steps, start=1):
                await self.asterisk.command(
                    f"dialplan add extension {hz},{number},{step} into tones"
                )
        async with ari_on(self.asterisk, "acd-0") as ari:
            yield ari

    async def publish(self, fact: InteractionDisconnectedV1) -> None:
        async with self.nats.bus("acd") as bus:
            await bus.publish(fact)

    async def until_recorded(self) -> None:
        """Wait until both sides are on the disk: Asterisk writes two seconds at a time."""

        def is_written() -> bool:
            sizes = [file.stat().st_size for file in self.asterisk.recordings.iterdir()]
            return len(sizes) == 2 and min(sizes) > 30_000

        await eventually(is_written, within_s=30, what="both sides are on the disk")

    async def state(self, interaction: UUID) -> str | None:
        conn = await connect(self.database, "ringway_owner")
        try:
            return await conn.fetchval(
                "SELECT state FROM recorder.recording WHERE interaction_id = $1", interaction
            )
        finally:
            await conn.close()

    async def stored(self, interaction: UUID, within_s: float = 30) -> Path:
        """Wait until a recording is indexed and return its file."""

        async def is_stored() -> bool:
            return await self.state(interaction) == "stored"

        await eventually(is_stored, within_s=within_s, what="recording stored")
        conn = await connect(self.database, "ringway_owner")
        name = await conn.fetchval(
            "SELECT file_name FROM recorder.recording WHERE interaction_id = $1", interaction
        )
        await conn.close()
        return self.store / str(name)


@pytest.fixture
async def platform(tmp_path: Path, nats: NatsServer, database: Database) -> AsyncIterator[Platform]:
    async with real_asterisk(tmp_path) as asterisk:
        yield Platform(asterisk, nats, database, tmp_path)


def assert_two_sided(file: Path, at_least_s: float) -> None:
    rate_hz, samples = read_wav(file)
    assert len(samples) / rate_hz >= at_least_s
    end_s = at_least_s
    assert heard(file, 0, AGENT_HZ, 0.3, end_s)
    assert heard(file, 1, CUSTOMER_HZ, 0.3, end_s)
    assert not heard(file, 0, CUSTOMER_HZ, 0.3, end_s)
    assert not heard(file, 1, AGENT_HZ, 0.3, end_s)


async def test_a_talk_is_recorded_stored_announced_and_played(platform: Platform) -> None:
    async with AsyncExitStack() as stack:
        announced: list[RecordingStoredV1] = []

        async def on_stored(fact: RecordingStoredV1) -> None:
            announced.append(fact)

        await stack.enter_async_context(platform.recorder())
        bus = await stack.enter_async_context(platform.nats.bus("crm_api"))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        consumer = group.create_task(bus.consume("test", [RecordingStoredV1], on_stored))
        ari = await stack.enter_async_context(platform.talking())
        talk = Talk(ari)
        await talk.begin()
        await platform.until_recorded()
        # The fact overtakes the end of the channel: the files are still being written.
        await platform.publish(talk.fact)
        await talk.end()
        await platform.publish(talk.fact)

        file = await platform.stored(talk.interaction)
        assert_two_sided(file, 1.5)
        assert file.relative_to(platform.store) == Path(f"{TENANT}/1001/00000001.wav")
        await eventually(lambda: len(announced) == 1)
        recording = str(recording_id(TENANT, talk.interaction))
        assert announced[0].recording_id == recording
        assert announced[0].size_bytes == file.stat().st_size
        await eventually(lambda: not list(platform.asterisk.recordings.iterdir()))

        expires_s = int((utcnow() + timedelta(minutes=1)).timestamp())
        token = media_token(SECRET.encode(), str(TENANT), recording, expires_s)
        http = await stack.enter_async_context(
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"})
        )
        url = f"http://127.0.0.1:{platform.port}/media/{TENANT}/{recording}"
        async with http.get(url) as answer:
            assert await answer.read() == file.read_bytes()
        async with http.get(url, headers={"Range": "bytes=44-47"}) as answer:
            assert answer.status == 206
            assert await answer.read() == file.read_bytes()[44:48]
        consumer.cancel()


async def test_what_was_recorded_before_asterisk_was_killed_is_kept(platform: Platform) -> None:
    async with platform.recorder():
        async with AsyncExitStack() as stack:
            ari = await stack.enter_async_context(platform.talking())
            talk = Talk(ari)
            await talk.begin()
            await platform.until_recorded()
            await platform.asterisk.kill()
            # What the ACD does when it notices, perhaps long before Asterisk is back.
            await platform.publish(talk.fact)
        assert await platform.state(talk.interaction) is None
        await platform.asterisk.start()
        file = await platform.stored(talk.interaction)
        assert_two_sided(file, 2.0)
        await eventually(lambda: not list(platform.asterisk.recordings.iterdir()))


async def test_the_killed_service_goes_on_where_it_was(platform: Platform) -> None:
    process = await platform.start_process()
    try:
        async with platform.talking() as ari:
            talk = Talk(ari)
            await talk.begin()
            await platform.publish(talk.fact)
            await platform.until_recorded()  # with the recorder already waiting for its end
            process.kill()
            await process.wait()
            await talk.end()

            async def files_closed() -> bool:
                try:
                    await ari.node.get_live_recording(f"{talk.interaction}.in")
                except AriNotFound:
                    return True
                return False

            await eventually(files_closed)
        process = await platform.start_process()
        assert_two_sided(await platform.stored(talk.interaction), 0.9)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_postgresql_and_nats_killed_around_the_end_of_a_talk(
    platform: Platform, postgres: PostgresServer
) -> None:
    async with platform.recorder():
        async with platform.talking() as ari:
            talk = Talk(ari)
            await talk.begin()
            await platform.until_recorded()
            postgres.kill()
            await talk.end()
            await platform.publish(talk.fact)
        platform.nats.kill()
        await platform.nats.start()
        await postgres.start()
        assert_two_sided(await platform.stored(talk.interaction), 0.9)
