"""The integrator's example, run as it stands; what it prints is what PostgreSQL has."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.support.waiting import eventually

from ringway.cli.installation import Installation
from ringway.cli.postgres_part import DATABASE
from ringway.proto.base import Done
from ringway.proto.trainer import Persona, PersonaKind, PersonaRule, PutScenarioV1
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "integrator.py"
ANSWERS = Persona(kind=PersonaKind.ANSWERS, ring_s=(0.1, 0.2), talk_s=(1.0, 1.5))
BUSY = Persona(kind=PersonaKind.BUSY, ring_s=(0.1, 0.1))

_BOOKS = """
    SELECT (SELECT count(*) FROM crm.customer WHERE tenant_id = $1) AS customers,
           (SELECT count(*) FROM dialer.attempt WHERE tenant_id = $1) AS attempts,
           (SELECT count(answered_at) FROM dialer.attempt WHERE tenant_id = $1) AS answered,
           (SELECT count(*) FROM crm.interaction
             WHERE tenant_id = $1 AND connected_at IS NOT NULL) AS connected,
           (SELECT sum(talk_s) FROM crm.interaction WHERE tenant_id = $1) AS talk_s,
           (SELECT count(*) FROM crm.interaction_segment
             WHERE tenant_id = $1 AND disconnected_at IS NOT NULL) AS talks,
           (SELECT array_agg(number ORDER BY number) FROM crm.work_order
             WHERE tenant_id = $1 AND step_kind = 'done' AND customer_id IS NOT NULL) AS orders
"""
_DELIVERED = """
    SELECT count(*) FROM crm.webhook_delivery WHERE tenant_id = $1 AND state = 'delivered'
"""


async def test_the_example_does_all_that_it_says(stack: Installation) -> None:
    assert len(EXAMPLE.read_text().splitlines()) < 100
    await _numbers_behave(stack)
    at = stack.endpoints()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(EXAMPLE), at["console"], f"127.0.0.1:{stack.ports.trainer_trunk}"),
        env={**os.environ, "RINGWAY_PASSWORD": at["platform_admin"]["password"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 200)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()
    told: dict[str, Any] = json.loads(out)

    conn = await stack.postgres.connect_as_admin(DATABASE)

    async def all_filed() -> bool:
        # What became of a delivery is written after the example got it.
        return bool(await conn.fetchval(_DELIVERED, UUID(told["tenant"])) == 2)

    try:
        await eventually(all_filed, within_s=20, what="both deliveries are written down")
        books = await conn.fetchrow(_BOOKS, UUID(told["tenant"]))
    finally:
        await conn.close()
    assert books is not None
    # The file has three customers and a row that is none; one of the three is always busy.
    assert (told["import"]["created"], told["import"]["refused"]) == (books["customers"], 1)
    assert (books["customers"], books["answered"], books["connected"]) == (3, 2, 2)
    for name in ("attempts", "answered", "connected"):
        assert told["campaign"][name] == books[name], name
    assert told["campaign"]["talk_s"] == pytest.approx(float(books["talk_s"]), abs=0.2)
    assert sorted(told["work_orders"]) == books["orders"] == ["W000001", "W000002"]
    (ann,) = told["agents"]
    assert told["webhooks"] == ann["on_hook"] == books["talks"] == 2


async def _numbers_behave(stack: Installation) -> None:
    """Whatever other tests told the simulated network, these numbers behave so."""
    password = stack.credentials.nats["cli"]
    async with Bus.open(stack.nats.url, user="cli", password=password, name="cli") as bus:
        rules = (
            PersonaRule(pattern=r"\+?442079460102", mix=((1, BUSY),)),
            PersonaRule(pattern=r"\+?44207946010\d", mix=((1, ANSWERS),)),
        )
        scenario = PutScenarioV1(occurred_at=utcnow(), tenant="integrator", rules=rules)
        await bus.request(scenario, Done, timeout_s=10)
