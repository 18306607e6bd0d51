"""The demo's summary against PostgreSQL and the trunk's own log."""

from __future__ import annotations

import asyncio
import json
import sys
from uuid import UUID

import pytest

from ringway.cli.installation import Installation
from ringway.cli.postgres_part import DATABASE
from ringway.trainer.journal import read_journal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(150)]


async def test_the_demo_is_sound_and_its_numbers_are_those_of_postgres_and_the_trunk(
    stack: Installation,
) -> None:
    log = stack.data / "trainer" / "trunk.jsonl"
    before = {line["call_id"] for line in read_journal(log)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ringway.cli", "demo", "--json", "--data", str(stack.data)),
        *("--agents", "4", "--leads", "16"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    told = json.loads(out)

    conn = await stack.postgres.connect_as_admin(DATABASE)
    try:
        row = await conn.fetchrow(
            """
            SELECT (SELECT count(*) FROM dialer.attempt WHERE tenant_id = $1) AS attempts,
                   (SELECT count(*) FROM dialer.attempt
                     WHERE tenant_id = $1 AND answered_at IS NOT NULL) AS answered,
                   (SELECT count(*) FROM crm.interaction
                     WHERE tenant_id = $1 AND connected_at IS NOT NULL) AS connected,
                   (SELECT count(*) FROM recorder.recording
                     WHERE tenant_id = $1 AND state = 'stored') AS recordings,
                   (SELECT sum(talk_s) FROM crm.interaction WHERE tenant_id = $1) AS talk_s
            """,
            UUID(told["tenant"]),
        )
    finally:
        await conn.close()
    assert row is not None
    for name in ("attempts", "answered", "connected", "recordings"):
        assert told[name] == row[name], name
    assert told["talk_s"] == pytest.approx(float(row["talk_s"]), abs=0.2)
    assert told["connected"] > 4
    assert (told["inspected"], told["flagged"]) == (0, 0)
    assert 0 < told["occupancy"] <= 1

    lines = [line for line in read_journal(log) if line["call_id"] not in before]
    invites = {line["call_id"] for line in lines if line["event"] == "invite"}
    answered = {
        line["call_id"] for line in lines if line["event"] == "end" and line["acknowledged_at"]
    }
    assert len(invites) == told["attempts"]
    assert len(answered) == told["answered"]
