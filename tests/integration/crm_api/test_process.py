"""The service as a process: starts without its dependencies, tells the truth, drains."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from tests.conftest import MakeDatabase
from tests.support.crm import PLATFORM_PASSWORD, SERVICES
from tests.support.nats import PASSWORD, NatsServer
from tests.support.ports import free_port
from tests.support.waiting import eventually

pytestmark = pytest.mark.integration


@asynccontextmanager
async def _process(**fields: object) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {f"RINGWAY_CRM_API_{key.upper()}": str(value) for key, value in fields.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ringway.crm_api",
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.timeout(180)  # two starts of a whole process on a busy machine
async def test_process_starts_early_serves_and_stops_cleanly(
    make_database: MakeDatabase, nats: NatsServer
) -> None:
    database = await make_database(*SERVICES)
    port = free_port()
    nats.kill()
    fields = {
        "postgres_dsn": database.dsn("ringway_crm_api"),
        "nats_url": nats.url,
        "nats_user": "crm_api",
        "nats_password": PASSWORD,
        "http_port": port,
        "token_secret": "t" * 32,
        "media_secret": "m" * 32,
        "recorder_url": "http://127.0.0.1:9",
        "sip_address": "127.0.0.1:5060",
        "sip_ws": "ws://127.0.0.1:1/ws",
        "platform_admin_password": PLATFORM_PASSWORD,
    }
    async with _process(**fields) as process, aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{port}"

        async def answers(path: str, status: int) -> bool:
            try:
                async with http.get(url + path) as response:
                    return response.status == status
            except aiohttp.ClientError:
                return False

        await eventually(lambda: answers("/livez", 200), within_s=60, what=lambda: "it lives")
        assert await answers("/readyz", 503)
        await nats.start()
        await eventually(lambda: answers("/readyz", 200), within_s=45, what=lambda: "it is ready")

        async def signs_in() -> bool:
            form = {"grant_type": "password", "username": "admin", "password": PLATFORM_PASSWORD}
            async with http.post(f"{url}/api/v1/auth/token", data=form) as response:
                return response.status == 200

        await eventually(signs_in, within_s=30, what=lambda: "the first admin is there")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await process.wait() == 0


async def test_misspelt_setting_stops_the_start_with_its_name() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ringway.crm_api",
        env={**os.environ, "RINGWAY_CRM_API_HTPP_PORT": "1"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()
    assert process.returncode == 2
    assert "RINGWAY_CRM_API_HTTP_PORT" in err.decode()
