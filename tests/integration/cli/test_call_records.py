"""Asterisk itself writes what became of every call, whether or not any service lives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from tests.conftest import MakeDatabase
from tests.support.asterisk import RealAsterisk, real_asterisk
from tests.support.postgres import Database, PostgresServer, connect
from tests.support.sip_answerer import sip_answerer
from tests.support.waiting import eventually

from ringway.cli.asterisk_config import CdrDatabase

pytestmark = pytest.mark.integration


def cdr_in(database: Database) -> CdrDatabase:
    return CdrDatabase("127.0.0.1", database.port, database.name, "ringway_asterisk", "no-secret")


async def push_trunk(asterisk: RealAsterisk, session: aiohttp.ClientSession, port: int) -> None:
    dynamic = f"{asterisk.ari_url}/ari/asterisk/config/dynamic/res_pjsip"
    for kind, fields in (
        ("aor", {"contact": f"sip:127.0.0.1:{port}"}),
        ("endpoint", {"aors": "far", "context": "from-trunk", "allow": "!all,ulaw"}),
    ):
        body = {"fields": [{"attribute": k, "value": v} for k, v in fields.items()]}
        async with session.put(f"{dynamic}/{kind}/far", json=body) as answer:
            assert answer.status == 200, await answer.text()


async def originate(
    asterisk: RealAsterisk, session: aiohttp.ClientSession, channel_id: str, number: str
) -> None:
    query = {"endpoint": f"PJSIP/{number}@far", "app": "acd", "timeout": "2"}
    async with session.post(f"{asterisk.ari_url}/ari/channels/{channel_id}", params=query) as done:
        assert done.status == 200, await done.text()


async def test_every_call_is_recorded_under_the_channel_id_we_chose(
    tmp_path: Path, make_database: MakeDatabase
) -> None:
    database = await make_database("dialer")
    statuses = {"100": 486, "101": 404, "102": 0}
    async with (
        real_asterisk(tmp_path, cdr=cdr_in(database)) as asterisk,
        sip_answerer(statuses) as far,
        asterisk.http() as session,
        session.ws_connect(f"{asterisk.ari_url}/ari/events?app=acd") as events,
    ):
        await push_trunk(asterisk, session, far.port)
        began = datetime.now(UTC)
        for number in ("100", "101", "102", "200"):
            await originate(asterisk, session, f"call-{number}.c", number)
        while (event := await events.receive_json(timeout=10))["type"] != "StasisStart":
            pass
        assert event["channel"]["id"] == "call-200.c"
        async with session.delete(f"{asterisk.ari_url}/ari/channels/call-200.c") as done:
            assert done.status == 204

        owner = await connect(database, "ringway_dialer")
        try:

            async def all_four() -> bool:
                return bool(await owner.fetchval("SELECT count(*) = 4 FROM asterisk.cdr"))

            await eventually(all_four, within_s=10, what="four call detail records")
            rows = await owner.fetch("SELECT * FROM asterisk.cdr")
        finally:
            await owner.close()

        assert {row["uniqueid"]: row["disposition"] for row in rows} == {
            "call-100.c": "BUSY",
            "call-101.c": "NO ANSWER",
            "call-102.c": "NO ANSWER",
            "call-200.c": "ANSWERED",
        }
        for row in rows:
            # Whole seconds, in UTC.
            assert abs(row["start"] - began) < timedelta(seconds=10)
            assert row["end"] >= row["start"]
        assert "ERROR" not in asterisk.log


async def test_recording_of_calls_goes_on_after_the_database_was_killed(
    tmp_path: Path, make_database: MakeDatabase, postgres: PostgresServer
) -> None:
    database = await make_database("dialer")
    async with (
        real_asterisk(tmp_path, cdr=cdr_in(database)) as asterisk,
        sip_answerer({"100": 486}) as far,
        asterisk.http() as session,
        session.ws_connect(f"{asterisk.ari_url}/ari/events?app=acd"),
    ):
        await push_trunk(asterisk, session, far.port)
        postgres.kill()
        await postgres.start()

        await originate(asterisk, session, "after.c", "100")

        dialer = await connect(database, "ringway_dialer")
        try:

            async def is_there() -> bool:
                count = "SELECT count(*) FROM asterisk.cdr WHERE uniqueid = 'after.c'"
                return bool(await dialer.fetchval(count))

            await eventually(is_there, within_s=10, what="the call detail record")
        finally:
            await dialer.close()
