"""Alarms: raised and cleared by what the system tells, seen by whom they concern."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.support.crm import PLATFORM_PASSWORD, Crm, Signed, refused, rows_of
from tests.support.nats import NatsServer
from tests.support.waiting import eventually

from ringway.crm_api.access import PLATFORM_TENANT, Role
from ringway.crm_api.alarms import sources
from ringway.crm_api.alarms.service import raise_alarm
from ringway.crm_api.alarms.watch import AlarmWatch, TrunkAlarms
from ringway.crm_api.core.alarms.kinds import AlarmCode, AlarmKind
from ringway.crm_api.core.alarms.rules import Condition
from ringway.proto.acd import TrunkStateChangedV1
from ringway.proto.acd_nodes import ListNodesV1, NodeStatus
from ringway.proto.crm_alarms import AlarmClearedV1, AlarmRaisedV1
from ringway.proto.tenant_deletion import DeleteRecorderTenantV1
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Connection

pytestmark = pytest.mark.api

_TRUNK = {"name": "Carrier A", "host": "sip.carrier.example", "qualify_s": 30}


async def _look(crm: Crm) -> None:
    """Let the next look be due, and look."""
    crm.clock.forward(16)
    await AlarmWatch(crm.deps).look()


async def _kinds(who: Signed, query: str = "?state=open") -> list[str]:
    return sorted(each["kind"] for each in (await who.get(f"/alarms{query}"))["items"])


async def _told(crm: Crm) -> list[str]:
    rows = await rows_of(
        crm,
        "SELECT type FROM crm.outbox WHERE type = ANY ($1) ORDER BY id",
        [AlarmRaisedV1.type_name(), AlarmClearedV1.type_name()],
    )
    return [row["type"].rpartition(".")[2] for row in rows]


async def test_a_trunk_fails_works_again_and_somebody_knows(crm: Crm, nats: NatsServer) -> None:
    crm.clock.stop()
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    tenant_id = (await boss.get("/me"))["tenant_id"]
    trunk_id = (await boss.post("/trunks", _TRUNK))["trunk_id"]

    def fact(*, is_up: bool, ago_s: float = 0) -> TrunkStateChangedV1:
        at = crm.clock() - timedelta(seconds=ago_s)
        return TrunkStateChangedV1(
            occurred_at=at, tenant=tenant_id, trunk_id=trunk_id, is_up=is_up, is_reachable=is_up
        )

    # A fact that was told before anybody listened is not missed.
    alarms = TrunkAlarms(crm.deps)
    async with nats.bus("acd", name="acd-trunks") as acd:
        await acd.publish(fact(is_up=False))
    listening = asyncio.create_task(alarms.run(crm.deps.bus))

    async def is_raised() -> bool:
        return bool(await _kinds(boss))

    await eventually(is_raised, within_s=20)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    # Several replicas may be told of it at once: it stays one alarm.
    crm.clock.forward(10)
    await asyncio.gather(*(alarms.take(fact(is_up=False)) for _ in range(6)))
    (alarm,) = (await boss.get("/alarms"))["items"]
    assert (alarm["kind"], alarm["severity"], alarm["state"]) == ("trunk_down", "major", "open")
    assert (alarm["code"], alarm["params"]) == ("trunk_unreachable", {"name": "Carrier A"})
    assert (alarm["object_type"], alarm["object_id"]) == ("trunk", trunk_id)
    assert (alarm["times_seen"], alarm["tenant_id"]) == (1, tenant_id)
    path = f"/alarms/{alarm['alarm_id']}"
    # Another enterprise does not know of it, the platform's operators do; agents ask nobody.
    assert await _kinds(other, "") == []
    refused(await other("GET", path), 404, "alarm_not_found")
    refused(await other("POST", f"{path}/acknowledge", json={}), 404, "alarm_not_found")
    agent = await crm.user(boss, "acme", Role.AGENT, "ann", "801")
    refused(await agent("GET", "/alarms"), 403, "permission_missing")
    assert await _kinds(crm.platform, f"?tenant_id={tenant_id}") == ["trunk_down"]
    assert await _kinds(crm.platform, f"?tenant_id={PLATFORM_TENANT}") == []
    assert await _kinds(other, f"?tenant_id={tenant_id}") == []
    # Somebody knows: who, when, and what he says of it.
    known = await boss.post(f"{path}/acknowledge", {"note": "The carrier is told."})
    assert (known["state"], known["acknowledged_by"]) == ("acknowledged", "boss")
    assert (await crm.platform.get(path))["acknowledged_note"] == "The carrier is told."
    await crm.platform.post(f"{path}/acknowledge", {})
    assert (await boss.get(path))["acknowledged_by"] == "admin"
    for who in (boss, crm.platform):
        entry = (await who.get("/audit-log?action=alarm.acknowledged"))["items"][0]
        assert (entry["object_id"], entry["detail"]["object_id"]) == (alarm["alarm_id"], trunk_id)
    # It works again; a fact from before that says otherwise is no news.
    crm.clock.forward(60)
    await alarms.take(fact(is_up=True))
    await alarms.take(fact(is_up=True))
    await alarms.take(fact(is_up=False, ago_s=30))
    assert (await boss.get(path))["state"] == "cleared"
    # It comes and goes: the same alarm, which is known. Much later it is another one.
    crm.clock.forward(60)
    await alarms.take(fact(is_up=False))
    again = await boss.get(path)
    assert (again["state"], again["times_seen"]) == ("acknowledged", 2)
    assert again["last_raised_at"] > again["raised_at"] == alarm["raised_at"]
    await alarms.take(fact(is_up=True))
    crm.clock.forward(3600)
    boss = await crm.sign_in("boss@acme")
    hour = crm.clock().isoformat().replace("+00:00", "Z")
    await alarms.take(fact(is_up=False))
    assert await _told(crm) == ["raised", "cleared", "raised", "cleared", "raised"]
    # Facts that come in another order than they were told in: the last that was told counts.
    await alarms.take(fact(is_up=True, ago_s=-20))
    await alarms.take(fact(is_up=False, ago_s=-10))
    assert await _kinds(boss) == []
    await alarms.take(fact(is_up=False, ago_s=-40))
    await alarms.take(fact(is_up=True, ago_s=-30))
    assert await _kinds(boss) == ["trunk_down"]
    crm.clock.forward(60)
    # An ACD that begins anew says nothing of trunks that work: it is asked.
    crm.behind.silent_trunks.add(trunk_id)
    for _ in range(4):
        await _look(crm)
    assert await _kinds(boss) == ["trunk_down"]
    crm.behind.silent_trunks.clear()
    await _look(crm)
    assert await _kinds(boss) == ["trunk_down"]  # it may come and go
    for _ in range(2):
        await _look(crm)
    assert await _kinds(boss) == []
    # What is found of it: pages, and since when.
    first = await boss.get("/alarms?limit=1")
    second = await boss.get("/alarms", params={"limit": 1, "cursor": first["next_cursor"]})
    assert second["next_cursor"] is None
    assert [each["items"][0]["times_seen"] for each in (first, second)] == [2, 2]
    for query, found in {
        f"since={hour}": 1, "state=cleared": 2, "severity=major": 2, "severity=minor": 0,
        "kind=trunk_down": 2, "kind=node_away": 0,
    }.items():  # fmt: skip
        assert len((await boss.get(f"/alarms?{query}"))["items"]) == found, query
    # A trunk that is gone has no alarm, and no fact of it makes one.
    crm.clock.forward(3600)
    boss = await crm.sign_in("boss@acme")
    await alarms.take(fact(is_up=False))
    assert (await boss("DELETE", f"/trunks/{trunk_id}")).status_code == 204
    await alarms.take(fact(is_up=False))
    for _ in range(3):
        await _look(crm)
    assert await _kinds(boss) == []
    # What is over is kept for 400 days, and when the trunk was told of last.
    sql = "SELECT crm.prune_alarms($1) AS n"
    (kept,) = await rows_of(crm, sql, crm.clock() + timedelta(days=399))
    (gone,) = await rows_of(crm, sql, crm.clock() + timedelta(days=401))
    assert (kept["n"], gone["n"]) == (0, 3 + 1)


async def test_a_look_raises_what_goes_wrong_and_clears_what_works_again(
    crm: Crm, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    crm.clock.stop()
    boss = await crm.open_tenant("acme")
    me = await boss.get("/me")
    tenant_id, now = UUID(me["tenant_id"]), crm.clock()
    await _look(crm)
    assert await _kinds(crm.platform) == []
    # One replica looks at a time.
    asked = sum(isinstance(each, ListNodesV1) for each in crm.behind.asked)
    crm.clock.forward(16)
    await asyncio.gather(*(AlarmWatch(crm.deps).look() for _ in range(4)))
    assert sum(isinstance(each, ListNodesV1) for each in crm.behind.asked) == asked + 1
    # A look that finds nothing new is one transaction; what it has to remember is another.
    begun: list[UUID | str] = []
    tenant = crm.deps.pool.tenant

    def counted(of: UUID | str, **more: Any) -> AbstractAsyncContextManager[Connection]:
        begun.append(of)
        return tenant(of, **more)

    monkeypatch.setattr(crm.deps.pool, "tenant", counted)
    await _look(crm)
    assert begun == [PLATFORM_TENANT]
    # An Asterisk node that is away for a moment only is no alarm; draining is at once.
    crm.behind.served = [
        NodeStatus(node="ast-0", is_connected=False),
        NodeStatus(node="ast-1", is_connected=True, draining_since=now, drained_by="admin"),
    ]
    begun.clear()
    await _look(crm)
    assert begun == [PLATFORM_TENANT] * 3  # the one between raises an alarm
    monkeypatch.undo()
    assert await _kinds(crm.platform) == ["node_draining"]
    for _ in range(2):
        await _look(crm)
    assert await _kinds(crm.platform) == ["node_away", "node_draining"]
    assert await _kinds(boss) == []
    # Facts that nobody could digest: more of them have to be looked at again.
    epoch = await crm.deps.bus.connection.wait_up(5)
    await epoch.request("dead_letter.crm-x", b"{}", timeout_s=5)
    await _look(crm)
    (letters,) = (await crm.platform.get("/alarms?kind=dead_letters"))["items"]
    assert (letters["object_id"], letters["params"]) == ("crm-x", {"count": 1})
    await crm.platform.post(f"/alarms/{letters['alarm_id']}/acknowledge", {"note": "known"})
    await _look(crm)
    assert "dead_letters" not in await _kinds(crm.platform)
    await epoch.request("dead_letter.crm-x", b"{}", timeout_s=5)
    await _look(crm)
    (letters,) = (await crm.platform.get("/alarms?kind=dead_letters"))["items"]
    assert (letters["params"], letters["times_seen"]) == ({"count": 2}, 2)
    assert (letters["state"], letters["acknowledged_by"]) == ("open", "")
    # Our own tables tell the rest.
    await _break(crm, boss, tenant_id, UUID(me["user_id"]))
    await _look(crm)
    wrong = [
        "hand_over_failing", "job_failing", "lent_trunk_failing", "querier_failing",
        "querier_failing", "webhook_failing", "webhook_off",
    ]  # fmt: skip
    assert await _kinds(boss) == wrong
    assert await _kinds(crm.platform) == sorted(
        [*wrong, "dead_letters", "deletion_failing", "node_away", "node_draining"]
    )
    told = await _told(crm)
    await _look(crm)
    assert await _told(crm) == told  # the same once more is no news
    # Nobody answers for the ACD: what is known of nodes stays.
    await crm.behind.acd_leaves()
    for _ in range(3):
        await _look(crm)
    assert {"service_away", "node_away", "node_draining"} <= set(await _kinds(crm.platform))
    # What works again is cleared by the next look, whoever looks.
    for table in ("webhook", "callback_hand_over", "operator_trunk", "customer_job"):
        await rows_of(crm, f"DELETE FROM crm.{table} WHERE tenant_id = $1", tenant_id)
    await rows_of(crm, "UPDATE crm.querier_schedule SET is_enabled = false, paused_code = ''")
    await rows_of(crm, "UPDATE crm.tombstone SET last_error = ''")
    await _look(crm)
    assert await _kinds(boss) == []
    assert len(await _kinds(boss, "?state=cleared")) == len(wrong)
    # Of an enterprise that is not there (any more) nothing is raised.
    nobody = Condition(uuid4(), AlarmKind.WEBHOOK_OFF, "x", AlarmCode.WEBHOOK_OFF)
    assert await raise_alarm(crm.deps.pool, nobody, crm.clock()) is None

    # A fault in a look stops nothing else.
    async def broken(*_: object) -> None:
        raise ValueError("a fault")

    monkeypatch.setattr(sources, "look_at_letters", broken)
    crm.clock.forward(16)
    with caplog.at_level("ERROR"):
        assert not await AlarmWatch(crm.deps).step()
    assert "A look for alarms failed." in caplog.messages


async def test_a_service_is_missed_that_was_there_until_it_is_taken_out(
    crm: Crm, nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm.clock.stop()

    @asynccontextmanager
    async def recorder() -> AsyncIterator[None]:
        async with nats.bus("recorder") as bus:
            await bus.respond(DeleteRecorderTenantV1, crm.behind.done)
            yield

    async def signed_in_again() -> Signed:
        crm.platform = await crm.sign_in("admin", PLATFORM_PASSWORD)
        return crm.platform

    # What never was part of this installation is not missed.
    for _ in range(3):
        await _look(crm)
    assert await _kinds(crm.platform, "") == []
    async with recorder():
        await _look(crm)
    # A restart is no alarm.
    await _look(crm)
    async with recorder():
        await _look(crm)
    for _ in range(2):
        await _look(crm)
    assert await _kinds(crm.platform, "") == []
    await _look(crm)
    (alarm,) = (await crm.platform.get("/alarms"))["items"]
    assert (alarm["kind"], alarm["severity"]) == ("service_away", "major")
    assert (alarm["object_type"], alarm["object_id"]) == ("service", "recorder")
    path = f"/alarms/{alarm['alarm_id']}"
    # Whoever looks while it is there ends it; it is missed again at once when it goes.
    async with recorder():
        await _look(crm)
        assert (await crm.platform.get(path))["state"] == "cleared"
    for _ in range(3):
        await _look(crm)
    assert (await crm.platform.get(path))["times_seen"] == 2
    # For as long as nobody knows, it stays; a week after somebody did, it is taken out.
    crm.clock.forward(30 * 86_400)
    await signed_in_again()
    await _look(crm)
    assert (await crm.platform.get(path))["state"] == "open"
    await crm.platform.post(f"{path}/acknowledge", {"note": "Taken out."})
    for days, state in ((6.9, "acknowledged"), (0.1, "cleared"), (1, "cleared")):
        crm.clock.forward(days * 86_400)
        await signed_in_again()
        await _look(crm)
        assert (await crm.platform.get(path))["state"] == state
    # It comes back, and is missed as before.
    async with recorder():
        await _look(crm)
    for _ in range(3):
        await _look(crm)
    (again,) = (await crm.platform.get("/alarms?state=open"))["items"]
    assert again["object_id"] == "recorder"
    assert again["alarm_id"] != alarm["alarm_id"]
    # An ACD that refuses is there; one that does not come to answering is as good as away.
    crm.behind.refuse[ListNodesV1] = Refused("unavailable")
    for _ in range(3):
        await _look(crm)
    assert await _kinds(crm.platform) == ["service_away"]
    await crm.behind.acd_leaves()
    monkeypatch.setattr(sources, "_ANSWER_LIMIT_S", 0.2)

    async def hang(_: object) -> None:
        """Take a request, and never answer it."""

    async with nats.bus("acd", name="acd-hangs") as acd:
        epoch = await acd.connection.wait_up(5)
        await epoch.client.subscribe(ListNodesV1.subject_filter(), cb=hang)
        await epoch.settle()
        for _ in range(3):
            await _look(crm)
    away = (await crm.platform.get("/alarms?state=open&severity=critical"))["items"]
    assert [each["object_id"] for each in away] == ["acd"]


async def _break(crm: Crm, boss: Signed, tenant_id: UUID, user_id: UUID) -> None:
    """Write what the workers write when something goes wrong for long."""
    hook = {"url": "https://hooks.example/ringway", "event_types": ["*"]}
    off, failing = [(await boss.post("/webhooks", hook))["webhook_id"] for _ in range(2)]
    past = crm.clock() - timedelta(hours=1)
    await rows_of(
        crm,
        "UPDATE crm.webhook SET is_enabled = false, disabled_reason = 'x' WHERE webhook_id = $1",
        UUID(off),
    )
    await rows_of(
        crm,
        "UPDATE crm.webhook SET failures = 9, failing_since = $2 WHERE webhook_id = $1",
        *(UUID(failing), past),
    )
    rows: dict[str, dict[str, Any]] = {
        "callback_hand_over": {
            "hand_over_id": uuid4(), "because": "left", "from_user_id": user_id,
            "asked_by": "boss", "asked_at": past, "next_try_at": past, "tries": 6,
            "last_error": "x",
        },
        "operator_trunk": {
            "trunk_id": uuid4(), "virtual_operator_id": uuid4(), "granted_by": "admin",
            "granted_at": past, "next_try_at": past, "tries": 6, "last_error": "x",
        },
        "customer_job": {
            "job_id": uuid4(), "kind": "import", "act": "import", "state": "running",
            "options": "{}", "caller": "{}", "created_by": user_id, "created_at": past,
            "tries": 4,
        },
        "tombstone": {
            "enterprise_id": uuid4(), "slug": "gone", "name": "Gone", "close_reason": "",
            "begun_at": past, "begun_by": "admin", "last_error": "x",
        },
    }  # fmt: skip
    for table, row in rows.items():
        owner = PLATFORM_TENANT if table == "tombstone" else tenant_id
        values = {"tenant_id": owner, **row}
        names, marks = ", ".join(values), ", ".join(f"${n}" for n in range(1, len(values) + 1))
        sql = f"INSERT INTO crm.{table} ({names}) VALUES ({marks})"
        await rows_of(crm, sql, *values.values())
    await _break_queriers(crm, tenant_id, user_id)


async def _break_queriers(crm: Crm, tenant_id: UUID, user_id: UUID) -> None:
    """Make a schedule that stopped by itself, one whose last two runs failed, and a sound one."""
    querier_id, past = uuid4(), crm.clock() - timedelta(hours=1)
    await rows_of(
        crm,
        "INSERT INTO crm.querier (tenant_id, querier_id, owner_id, name, query, created_at, "
        "updated_at) VALUES ($1, $2, $3, 'Q', '{}', $4, $4)",
        *(tenant_id, querier_id, user_id, past),
    )
    for paused, ends in (("x", []), ("", ["failed", "failed"]), ("", ["failed", "finished"])):
        schedule_id = uuid4()
        await rows_of(
            crm,
            "INSERT INTO crm.querier_schedule (tenant_id, schedule_id, querier_id, owner_id, "
            "every_minutes, zone, at_least, querier_version, is_enabled, next_run_at, "
            "paused_code, created_at, updated_at) "
            "VALUES ($1, $2, $3, $4, 60, 'UTC', 1, 1, $5, $6, $7, $6, $6)",
            *(tenant_id, schedule_id, querier_id, user_id, paused == "", past, paused),
        )
        for n, state in enumerate(ends):
            await rows_of(
                crm,
                "INSERT INTO crm.querier_run (tenant_id, run_id, querier_id, schedule_id, "
                "owner_id, due_at, state, query) VALUES ($1, $2, $3, $4, $5, $6, $7, '{}')",
                *(tenant_id, uuid4(), querier_id, schedule_id, user_id),
                *(past + timedelta(minutes=n), state),
            )
