"""The guide to queues, run as it stands."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest
import uvicorn
from tests.support.crm import USER_PASSWORD, Crm
from tests.support.waiting import eventually

from ringway.crm_api.__main__ import _Server
from ringway.crm_api.app import create_app

pytestmark = pytest.mark.api

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "howto" / "queues.md"
SCRIPT_LIMIT_S = 60


async def test_the_queues_guide_works_as_written(crm: Crm, tmp_path: Path) -> None:
    boss = await crm.open_tenant("acme")
    user = {"username": "ann", "password": USER_PASSWORD, "role": "agent", "agent_number": "801"}
    agent = await boss.post("/users", user)
    trunk = await boss.post("/trunks", {"name": "carrier", "host": "127.0.0.1"})
    server: uvicorn.Server = _Server(
        uvicorn.Config(
            create_app(crm.deps), host="127.0.0.1", port=0, lifespan="off", log_config=None
        )
    )
    serving = asyncio.get_running_loop().create_task(server.serve())
    await eventually(lambda: server.started, within_s=10, what="HTTP is served")
    port = server.servers[0].sockets[0].getsockname()[1]
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 8
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", "set -e\n" + "".join(blocks)),
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "API": f"http://127.0.0.1:{port}/api/v1",
            "TOKEN": boss.token,
            "AGENT": agent["user_id"],
            "TRUNK": trunk["trunk_id"],
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SCRIPT_LIMIT_S):
            output = (await process.communicate())[0].decode()
    finally:
        if process.returncode is None:
            process.kill()
        server.should_exit = True
        await serving
    assert process.returncode == 0, output
    assert '"added":4' in output, output
    (queue,) = (await boss.get("/queues"))["items"]
    assert [ring["after_s"] for ring in queue["rings"]] == [0, 20, 60]
    assert [skill["name"] for skill in (await boss.get("/skills"))["items"]] == ["Nederlands"]
    routes = {route["name"]: route for route in (await boss.get("/inbound-routes"))["items"]}
    assert len(routes) == 3
    route = routes["Main number"]
    assert route["target"] == {"kind": "queue", "value": queue["queue_id"]}
