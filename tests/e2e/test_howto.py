"""The first-campaign guide, run as it stands on a real installation."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path
from uuid import uuid4

import pytest

from ringway.cli.installation import Installation
from ringway.proto.base import Done
from ringway.proto.trainer import Persona, PersonaKind, PersonaRule, PutScenarioV1
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.trainer.phone import Phone

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "first-campaign.md"
SCRIPT_LIMIT_S = 60


async def test_the_first_campaign_guide_works_as_written(
    stack: Installation, tmp_path: Path
) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 5
    await _kim_answers(stack)
    at = stack.endpoints()
    environment = {
        "PATH": os.environ["PATH"],
        "API": at["api"],
        "ADMIN_PASSWORD": at["platform_admin"]["password"],
        "SLUG": f"guide-{uuid4().hex[:8]}",
        "TRUNK_PORT": str(stack.ports.trainer_trunk),
    }
    # The reader registers a phone between the second and the third block, and lets people talk
    # before the last one.
    until_phone = "until [ -e registered ]; do sleep 0.1; done\n"
    until_talk = "until [ -e talked ]; do sleep 0.1; done\n"
    script = "set -e\n" + blocks[0] + blocks[1] + until_phone + blocks[2] + blocks[3]
    script += "touch started\n" + until_talk + blocks[4]
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        script,
        cwd=tmp_path,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SCRIPT_LIMIT_S):
            output = await _as_the_reader(stack, tmp_path, process)
    finally:
        if process.returncode is None:
            process.kill()
    text = output.decode()
    assert process.returncode == 0, text
    assert '"refused":1' in text.replace(" ", ""), text
    assert '"connected":1' in text.replace(" ", ""), text


async def _kim_answers(stack: Installation) -> None:
    """As on a new installation, whatever other tests told the simulated network."""
    kim = PersonaRule(pattern=r"\+?12015550190", mix=((1, Persona(kind=PersonaKind.ANSWERS)),))
    password = stack.credentials.nats["cli"]
    async with Bus.open(stack.nats.url, user="cli", password=password, name="cli") as bus:
        scenario = PutScenarioV1(occurred_at=utcnow(), tenant="guide", rules=(kim,))
        await bus.request(scenario, Done, timeout_s=10)


async def _as_the_reader(
    stack: Installation, folder: Path, process: asyncio.subprocess.Process
) -> bytes:
    account = folder / "ann.json"
    while not (account.exists() and account.read_text().endswith("}")):
        assert process.returncode is None, (await process.communicate())[0].decode()
        await asyncio.sleep(0.05)
    ann = json.loads(account.read_text())
    async with Phone.open(
        ann["sip_username"],
        ann["sip_password"],
        registrar=("127.0.0.1", stack.ports.sip),
        answer_after_s=0.1,
    ) as phone:
        await phone.register()
        (folder / "registered").touch()
        leg = await phone.next_call(20)
        await leg.until_hears(500, 30)
        (folder / "talked").touch()
        output, _ = await process.communicate()
    return output
