"""The API as it runs in production, a process of its own, and the bare one beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import httpx
from bench.crm.ground import AGENT, BOSS, Ground
from tests.support.crm import PLATFORM_PASSWORD, USER_PASSWORD
from tests.support.nats import PASSWORD
from tests.support.ports import free_port
from tests.support.processes import ServerProcess

from ringway.cli.places import checkout
from ringway.cli.probe import http_ok

# Nothing of what is measured is a limit on one user's requests.
_UNLIMITED = "100000000"


@dataclass(frozen=True, slots=True)
class Centre:
    """Ports of the two, and tokens of those who ask."""

    port: int
    bare_port: int
    boss: str
    agent: str


@asynccontextmanager
async def centre(ground: Ground, folder: Path) -> AsyncIterator[Centre]:
    """Start both and sign in to the big enterprise."""
    port, bare_port = free_port(), free_port()
    settings = {
        "postgres_dsn": ground.database.dsn("ringway_crm_api"),
        "nats_url": ground.nats.url,
        "nats_user": "crm_api",
        "nats_password": PASSWORD,
        "http_port": port,
        "token_secret": "t" * 32,
        "media_secret": "m" * 32,
        "sip_address": "127.0.0.1:17005",
        "sip_ws": "ws://127.0.0.1:17004/ws",
        "recorder_url": "http://127.0.0.1:9",
        "platform_admin_password": PLATFORM_PASSWORD,
        "access_token_s": 86_400,
        "request_burst": _UNLIMITED,
        "request_rate": _UNLIMITED,
        "work_dir": folder,
    }
    environment = {
        **_plain(),
        **{f"RINGWAY_CRM_API_{key.upper()}": str(value) for key, value in settings.items()},
    }
    api = ServerProcess("crm_api", (sys.executable, "-m", "ringway.crm_api"), environment, folder)
    bare = ServerProcess(
        "bare",
        (
            *(sys.executable, "-m", "bench.crm.bare", "--port", str(bare_port)),
            *("--dsn", ground.database.dsn("ringway_crm_api")),
            *("--tenant", str(ground.big.tenant_id)),
        ),
        {**_plain(), "PYTHONPATH": os.pathsep.join(filter(None, _python_path()))},
        folder,
    )
    try:
        await _start(api, f"http://127.0.0.1:{port}/readyz")
        await _start(bare, f"http://127.0.0.1:{bare_port}/openapi.json")
        yield Centre(
            port, bare_port, await _token(port, BOSS, ground), await _token(port, AGENT, ground)
        )
    finally:
        api.kill()
        bare.kill()


async def _start(process: ServerProcess, url: str) -> None:
    """Wait for longer than tests do: nothing is measured yet, and the machine may be busy."""
    try:
        await process.start(partial(http_ok, url))
    except TimeoutError:
        await process.start(partial(http_ok, url))


async def _token(port: int, name: str, ground: Ground) -> str:
    form = urlencode(
        {
            "grant_type": "password",
            "username": f"{name}@{ground.big.slug}",
            "password": USER_PASSWORD,
        }
    )
    async with httpx.AsyncClient(timeout=30) as http:
        answer = await http.post(
            f"http://127.0.0.1:{port}/api/v1/auth/token",
            content=form,
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def _plain() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }


def _python_path() -> list[str]:
    return [str(checkout()), os.environ.get("PYTHONPATH", "")]
