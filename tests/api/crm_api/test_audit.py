"""The audit log: nothing is missing, nothing is changed, everything is found."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest
from fastapi.routing import APIRoute
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Caller, Role
from ringway.crm_api.app import NOUNS
from ringway.crm_api.audit import store as audit
from ringway.crm_api.audit.route import AuditedRoute

pytestmark = pytest.mark.api


async def _tenant(boss: Signed) -> UUID:
    return UUID((await boss.get("/me"))["tenant_id"])


async def _tamper(crm: Crm, sql: str) -> None:
    """Change the log as somebody who owns the whole database may."""
    await rows_of(crm, "ALTER TABLE crm.audit_log DISABLE TRIGGER USER")
    await rows_of(crm, sql)
    await rows_of(crm, "ALTER TABLE crm.audit_log ENABLE TRIGGER USER")


def test_every_operation_notes_what_administrators_do() -> None:
    routes = [route for noun in NOUNS for route in noun.routes if isinstance(route, APIRoute)]
    assert len(routes) > 60
    assert [r.name for r in routes if not isinstance(r, AuditedRoute)] == []


async def test_an_act_that_notes_nothing_itself_is_noted_and_no_other_twice(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    listed = await boss.post("/lists", {"name": "Spring"}, headers={"Idempotency-Key": "k"})
    await boss.post("/lists", {"name": "Spring"}, headers={"Idempotency-Key": "k"})
    path = f"/lists/{listed['list_id']}"
    ok(await boss("PUT", path, json={"name": "Summer"}))
    refused(await boss("PUT", path, json={"nam": "x"}), 422, "validation_failed")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann")
    entries = (await boss.get("/audit-log?actor=boss"))["items"]
    acts = [(e["action"], e["object_type"], e["object_id"]) for e in entries]
    assert acts == [
        ("user.created", "user", ann.user_id),
        ("api.rename_list", "list", listed["list_id"]),
        ("api.create_list", "list", ""),
        ("auth.signed_in", "user", (await boss.get("/me"))["user_id"]),
    ]


async def test_entries_are_found_by_everything_they_say(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    made = await boss.post("/trunks", {"name": "Nordwind", "host": "sip.example"})
    middle = crm.deps.now()
    crm.clock.forward(60)
    ann = await crm.user(boss, "acme", Role.AGENT, "ann")

    async def found(**search: str) -> list[str]:
        page = await boss.get("/audit-log", params=search)
        return [entry["action"] for entry in page["items"]]

    assert await found(action="user.created", actor="boss") == ["user.created"]
    assert await found(action="auth.", actor="ann") == ["auth.signed_in"]
    assert await found(action="auth") == []
    assert await found(object_type="user", object_id=ann.user_id) == [
        "auth.signed_in",
        "user.created",
    ]
    assert await found(q=made["trunk_id"].upper()) == await found(object_type="trunk") != []
    assert await found(q="%") == []
    early = await found(to=middle.isoformat())
    late = await found(**{"from": middle.isoformat()})
    assert late == ["auth.signed_in", "user.created"]
    assert late + early == await found()
    assert (await boss("GET", "/audit-log?from=2026-01-01T00:00:00")).status_code == 422
    other = await crm.open_tenant("other")
    assert made["trunk_id"] not in str(await other.get("/audit-log"))


async def test_not_even_the_owner_of_the_table_rewrites_it(crm: Crm) -> None:
    for sql in (
        "UPDATE crm.audit_log SET actor = 'x'",
        "DELETE FROM crm.audit_log",
        "TRUNCATE crm.audit_log",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await rows_of(crm, sql)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            async with crm.deps.pool.tenant(UUID(int=0)) as conn:
                await conn.execute(sql)


async def test_the_check_names_the_first_broken_entry(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    for n in range(4):
        await boss.post("/lists", {"name": f"l{n}"})
    whole = await boss.get("/audit-log/check")
    assert (whole["intact"], whole["entries"], whole["first_broken"]) == (True, 5, None)
    known = {"known_seq": whole["entries"], "known_hash": whole["last_hash"]}
    await boss.post("/lists", {"name": "one more"})
    assert (await boss.get("/audit-log/check", params=known))["intact"]
    refused(await boss("GET", "/audit-log/check?known_seq=1"), 422, "known_incomplete")

    mine = f"tenant_id = '{await _tenant(boss)}'"
    await _tamper(crm, f"DELETE FROM crm.audit_log WHERE {mine} AND seq >= 5")
    assert (await boss.get("/audit-log/check"))["intact"]  # nobody can tell, without
    assert (await boss.get("/audit-log/check", params=known))["first_broken"] == 5
    await _tamper(
        crm, f"UPDATE crm.audit_log SET detail = '{{}}', actor = 'x' WHERE {mine} AND seq = 3"
    )
    assert (await boss.get("/audit-log/check"))["first_broken"] == 3
    await _tamper(crm, f"DELETE FROM crm.audit_log WHERE {mine} AND seq = 2")
    assert (await boss.get("/audit-log/check"))["first_broken"] == 2
    # Other enterprises have chains of their own.
    other = await crm.open_tenant("other")
    assert (await other.get("/audit-log/check"))["intact"]


async def test_many_at_once_make_one_chain(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    tenant_id = await _tenant(boss)
    someone = Caller(tenant_id, UUID(int=1), "ann", Role.AGENT, None, UUID(int=2), "")

    async def act(n: int) -> None:
        async with crm.deps.pool.tenant(tenant_id) as conn:
            await audit.add(
                conn,
                caller=replace(someone, username=f"u{n}"),
                now=crm.deps.now(),
                action="test.act",
                object_type="test",
                detail={
                    "n": n,
                    "whole": 1e17,
                    "huge": 1e22,
                    "half": 0.5,
                    "id": UUID(int=n),
                    "in": [2.0],
                },
            )
            if n % 5 == 0:
                raise RuntimeError("the act itself fails")

    done = await asyncio.gather(*(act(n) for n in range(40)), return_exceptions=True)
    assert sum(each is None for each in done) == 32
    checked = await boss.get("/audit-log/check")
    assert (checked["intact"], checked["entries"]) == (True, 33)
