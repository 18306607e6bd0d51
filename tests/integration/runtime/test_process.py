"""A whole service process: settings, health over HTTP, signals, exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from tests.support.ports import free_port
from tests.support.waiting import eventually

pytestmark = pytest.mark.integration

PROGRAM = """
import asyncio
from pathlib import Path
from aiohttp import web
from ringway.runtime.health import Health
from ringway.runtime.service import Lifecycle, main, serve, signals_stop
from ringway.runtime.settings import ServiceSettings

class Settings(ServiceSettings):
    postgres_dsn: str = ""
    flag: Path
    crash: bool = False

async def run(settings):
    life = Lifecycle()
    health = Health(life)
    health.add("flag", lambda: settings.flag.exists() or "the flag is not there")

    async def hello(request):
        return web.Response(text="hello")

    async def worker():
        if settings.crash:
            raise ValueError("broken worker")
        await asyncio.Event().wait()

    async def drain():
        while settings.flag.exists():
            await asyncio.sleep(0.01)

    async with signals_stop(life), health.served(
        settings.health_host, settings.health_port, [web.get("/hello", hello)]
    ):
        await serve(life, {"w": worker}, drain=drain, drain_timeout_s=settings.drain_timeout_s)

main(run, Settings, "demo")
"""


@asynccontextmanager
async def program(flag: Path, port: int, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {
        **os.environ,
        "RINGWAY_DEMO_NATS_URL": "nats://127.0.0.1:1",
        "RINGWAY_DEMO_NATS_USER": "x",
        "RINGWAY_DEMO_NATS_PASSWORD": "x",
        "RINGWAY_DEMO_HEALTH_PORT": str(port),
        "RINGWAY_DEMO_FLAG": str(flag),
        **{f"RINGWAY_DEMO_{key}": value for key, value in more.items()},
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_health_tells_the_truth_until_the_end(tmp_path: Path) -> None:
    flag, port = tmp_path / "flag", free_port()
    base = f"http://127.0.0.1:{port}"
    async with program(flag, port) as process, aiohttp.ClientSession() as http:

        async def readyz() -> tuple[int, dict[str, object]]:
            async with http.get(f"{base}/readyz") as response:
                return response.status, await response.json()

        async def is_up() -> bool:
            try:
                return (await readyz())[0] in (200, 503)
            except aiohttp.ClientConnectionError:
                return False

        await eventually(is_up, within_s=60, what="the process answers")
        status, body = await readyz()
        assert status == 503
        assert body["parts"] == {"flag": "the flag is not there"}
        flag.touch()
        assert await readyz() == (200, {"ready": True, "state": "serving", "parts": {"flag": "ok"}})
        async with http.get(f"{base}/livez") as response:
            assert response.status == 200
        async with http.get(f"{base}/hello") as response:
            assert await response.text() == "hello"
        async with http.get(f"{base}/metrics") as response:
            assert "process_cpu_seconds_total" in await response.text()

        process.send_signal(signal.SIGTERM)

        async def is_draining() -> bool:
            return (await readyz())[0] == 503

        await eventually(is_draining)
        assert (await readyz())[1]["state"] == "stopping"
        flag.unlink()  # the work is done
        out, _ = await process.communicate()
    assert process.returncode == 0
    lines = [json.loads(line) for line in out.splitlines()]
    # A busy machine makes asyncio say that a step took long.
    messages = [line["message"] for line in lines if line["logger"] != "asyncio"]
    assert messages == ["Ready.", "Stopping on a signal.", "Stopped."]


async def _until_said(process: asyncio.subprocess.Process, what: bytes) -> None:
    """Read its log up to a line; a test's limit ends the waiting."""
    assert process.stdout is not None
    async for line in process.stdout:
        if what in line:
            return
    pytest.fail(f"it ended without {what!r}")


async def test_the_second_signal_kills(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    flag.touch()
    async with program(flag, 0) as process:
        await _until_said(process, b"Ready.")
        process.send_signal(signal.SIGTERM)
        await _until_said(process, b"Stopping")
        process.send_signal(signal.SIGTERM)
        await process.wait()
    assert process.returncode == -signal.SIGTERM


async def test_a_broken_worker_ends_the_process(tmp_path: Path) -> None:
    async with program(tmp_path / "flag", 0, CRASH="true") as process:
        out, _ = await process.communicate()
    assert process.returncode == 1
    assert "broken worker" in json.loads(out.splitlines()[-1])["traceback"]


async def test_a_misspelt_key_stops_the_start(tmp_path: Path) -> None:
    async with program(tmp_path / "flag", 0, REPLIC="1") as process:
        _, err = await process.communicate()
    assert process.returncode == 2
    assert err.decode().strip() == (
        "ringway demo: unknown key RINGWAY_DEMO_REPLIC, did you mean RINGWAY_DEMO_REPLICA?"
    )
