"""schemathesis, which reads the document and tries what it allows and what it forbids.

Every check is on (``schemathesis.toml`` says what is looser than the defaults, and why), and every
operation is tried but those of ``_NOT_TRIED``. First each operation that has examples is asked with
all of them, one request after the other, the same each time; then boundaries of all values,
malformed requests, random ones and chains of operations follow.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.crm import SERVICES, Crm, running_crm
from tests.support.nats import NatsServer
from tests.support.postgres import PostgresServer
from tests.support.waiting import eventually

from ringway.crm_api import document
from ringway.crm_api.__main__ import _http_config, _Server

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[2]
_DOCUMENT = Path(document.__file__).with_name("openapi.json")
# It would end the access that all others are tried with.
_NOT_TRIED = ("sign_out",)
# Nobody is held back for asking much: that is tried elsewhere.
_UNLIMITED = {
    "request_rate": 1e6,
    "request_burst": 1_000_000,
    "refusal_rate": 1e6,
    "refusal_burst": 1_000_000,
    "access_token_s": 7200,
}
# Boundaries are counted, the rest is bounded in time: 25 to 30 minutes in all on two cores.
_LONG = (
    ("admin", ("--phases", "coverage")),
    ("admin", ("--phases", "fuzzing,stateful", "--max-examples", "10", "--max-time", "420")),
    ("operator", ("--phases", "fuzzing", "--max-examples", "5", "--max-time", "240")),
)

pytestmark = [pytest.mark.api, pytest.mark.timeout(600)]  # hundreds of requests


@asynccontextmanager
async def _over_http(crm: Crm) -> AsyncIterator[str]:
    """Serve the application as the service does; yield its address."""
    # Not uvicorn's own, which a signal to the run would end; schemathesis would tell of a crash.
    server = _Server(_http_config(crm.deps.settings, crm.deps))
    serving = asyncio.get_running_loop().create_task(server.serve())
    try:
        await eventually(lambda: server.started, within_s=20, what="HTTP is served")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        was_serving = not serving.done()
        server.should_exit = True
        await serving
        assert was_serving, "the server ended by itself"


async def _run(url: str, token: str, folder: Path, *more: str) -> str:
    """Run schemathesis to its end, and return its count of test cases."""
    excluded = [flag for name in _NOT_TRIED for flag in ("--exclude-operation-id", name)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(_HERE / "schemathesis.toml")),
        *("run", str(_DOCUMENT), "--url", url, "--no-color", "--workers", "1"),
        *("-H", f"Authorization: Bearer {token}", "--checks", "all", "--continue-on-failure"),
        *("--generation-deterministic", "--request-timeout", "60", "--warnings", "off"),
        *(*excluded, *more),
        cwd=folder,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.api.crm_api.schemathesis_checks",
            "PYTHONPATH": str(_ROOT),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = out.decode()
    assert process.returncode == 0, text[-200_000:]
    counted = re.search(r"Test cases:\n\s*(.*)", text)
    assert counted is not None, text[-3_000:]
    return counted.group(1)


async def _try_as(who: str, crm: Crm, folder: Path, *more: str) -> None:
    boss = await crm.open_tenant("acme")
    token = boss.token if who == "admin" else crm.platform.token
    async with _over_http(crm) as url:
        print(f"schemathesis as {who}:", await _run(url, token, folder, *more))


@pytest.mark.parametrize("who", ["admin", "operator"])
async def test_examples_of_the_document_are_answered_as_it_says(
    postgres: PostgresServer, nats: NatsServer, tmp_path: Path, who: str
) -> None:
    database = await postgres.create_database(SERVICES)
    try:
        async with running_crm(database, nats, tmp_path, **_UNLIMITED) as crm:
            await _try_as(who, crm, tmp_path, "--phases", "examples", "--mode", "positive")
    finally:
        await postgres.drop_database(database)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("who", "phases"), _LONG)
async def test_the_document_holds_for_good_and_bad_requests(
    postgres: PostgresServer, nats: NatsServer, tmp_path: Path, who: str, phases: tuple[str, ...]
) -> None:
    database = await postgres.create_database(SERVICES)
    try:
        async with (
            running_crm(database, nats, tmp_path, **_UNLIMITED) as crm,
            nats.bus("acd", name="acd-voicemail") as bus,
        ):
            await crm.behind.attach_voicemail(bus)
            await _try_as(who, crm, tmp_path, *phases)
    finally:
        await postgres.drop_database(database)
