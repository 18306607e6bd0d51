"""API keys and rate limits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.support.crm import SERVICES, Crm, Signed, ok, refused, rows_of, running_crm
from tests.support.nats import NatsServer
from tests.support.postgres import PostgresServer

from ringway.crm_api.access import Role

pytestmark = pytest.mark.api

_READ = {"name": "Import", "scopes": ["customers.read", "users.write", "lists.write"]}


async def _key(crm: Crm, by: Signed, **more: Any) -> tuple[dict[str, Any], Signed]:
    made = await by.post("/api-keys", {**_READ, **more})
    return made, Signed(crm.http, made["key"], "")


async def test_a_key_acts_as_its_owner_within_its_scopes(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    made, program = await _key(crm, boss)
    assert made["key"].split(".")[2] == made["prefix"]
    await program.get("/customers")
    body = {"phone_e164": "+40215550100"}
    refused(await program("POST", "/customers", json=body), 403, "permission_missing")
    for path in ("/me", "/api-keys", "/me/sessions"):
        refused(await program("GET", path), 403, "permission_missing")
    lists = []
    for _ in range(2):  # the second time the stored answer
        again = await program(
            "POST", "/lists", json={"name": "l"}, headers={"Idempotency-Key": "x"}
        )
        lists.append(ok(again)["list_id"])
    assert lists[0] == lists[1]
    (entry,) = (await boss.get("/audit-log?action=api.create_list"))["items"]
    assert entry["actor"] == "boss"
    # Nor does it make somebody who may more than it may.
    new = {"username": "ann", "password": "a good password", "role": "agent"}
    refused(await program("POST", "/users", json=new), 403, "permission_not_yours")

    listed = await boss.get(f"/api-keys/{made['key_id']}")
    assert "key" not in listed
    assert listed["last_used_at"] is not None
    secret = made["key"].rpartition(".")[2]
    (row,) = await rows_of(crm, "SELECT secret_hash, to_jsonb(k)::text AS all FROM crm.api_key k")
    assert secret not in row["all"]
    assert secret not in str(await boss.get("/audit-log"))


async def test_nobody_gives_a_key_more_than_he_has(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    for scope in ("tenants.write", "me", "api_keys.write", "agents.act"):
        body = {"name": "k", "scopes": ["customers.read", scope]}
        problem = refused(await boss("POST", "/api-keys", json=body), 403, "scope_beyond_caller")
        assert problem["scopes"] == [scope]
    refused(
        await boss("POST", "/api-keys", json={"name": "k", "scopes": []}), 422, "validation_failed"
    )
    ann = await crm.user(boss, "acme", Role.AGENT, "ann")
    refused(await ann("POST", "/api-keys", json=_READ), 403, "permission_missing")


async def test_what_its_owner_loses_the_key_loses(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    second = await crm.user(boss, "acme", Role.ENTERPRISE_ADMIN, "second")
    _, program = await _key(crm, second)
    await program.get("/customers")
    path = f"/users/{second.user_id}"
    ok(await boss("PATCH", path, json={"role": "configuration_admin"}))
    crm.deps.keys._known.clear()
    refused(await program("GET", "/customers"), 403, "permission_missing")
    ok(await boss("PATCH", path, json={"is_enabled": False}))
    crm.deps.keys._known.clear()
    refused(await program("GET", "/customers"), 401, "user_disabled")


async def test_rotation_lets_both_secrets_work_for_a_while(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    made, old = await _key(crm, boss)
    path = f"/api-keys/{made['key_id']}"
    fresh = Signed(crm.http, (await boss.post(f"{path}/rotate", {"overlap_s": 600}))["key"], "")
    await old.get("/customers")
    await fresh.get("/customers")
    crm.clock.forward(601)
    refused(await old("GET", "/customers"), 401, "api_key_invalid")
    await fresh.get("/customers")
    second = await crm.user(boss, "acme", Role.ENTERPRISE_ADMIN, "second")
    refused(await second("POST", f"{path}/rotate"), 409, "not_the_owner")
    assert (await second.post(f"{path}/revoke"))["revoked_at"] is not None
    refused(await fresh("GET", "/customers"), 401, "api_key_revoked")
    refused(await boss("POST", f"{path}/rotate"), 409, "api_key_revoked")
    other = await crm.open_tenant("other")
    refused(await other("POST", f"{path}/revoke"), 404, "api_key_not_found")


async def test_keys_expire_and_made_up_ones_open_nothing(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    crm.clock.stop()
    soon = (crm.deps.now() + timedelta(seconds=60)).isoformat()
    made, program = await _key(crm, boss, expires_at=soon)
    await program.get("/customers")
    crm.clock.forward(61)
    refused(await program("GET", "/customers"), 401, "api_key_expired")
    never = (crm.deps.now() + timedelta(days=900)).isoformat()
    refused(
        await boss("POST", "/api-keys", json={**_READ, "expires_at": never}), 422, "expiry_invalid"
    )
    mark, tenant, prefix, secret = made["key"].split(".")
    for bad in (
        f"{mark}.{tenant}.{prefix}.{secret[::-1]}",
        f"{mark}.{uuid4().hex}.{prefix}.{secret}",
        f"{mark}.{tenant}.{prefix}",
        f"{mark}.x.{prefix}.{secret}",
        f"{mark}.{tenant}.nobodyhas.{secret}",
        f"{mark}...",
    ):
        refused(await Signed(crm.http, bad, "")("GET", "/customers"), 401, "api_key_invalid")


async def test_one_caller_is_slowed_down_and_told_so(
    postgres: PostgresServer, nats: NatsServer, tmp_path: Path
) -> None:
    database = await postgres.create_database(SERVICES)
    limits = {"request_burst": 20, "request_rate": 0.01, "refusal_burst": 5, "refusal_rate": 0.01}
    try:
        async with running_crm(database, nats, tmp_path, **limits) as crm:
            boss = await crm.open_tenant("acme")
            _, program = await _key(crm, boss)
            first = await program("GET", "/customers")
            assert first.headers["ratelimit-policy"] == '"caller";q=20;w=2000'
            assert first.headers["ratelimit"] == '"caller";r=19;t=100'
            for _ in range(19):
                ok(await program("GET", "/customers"))
            much = await program("GET", "/customers")
            refused(much, 429, "rate_limited")
            assert 1 <= int(much.headers["retry-after"]) <= 100
            assert much.headers["ratelimit"].startswith('"caller";r=0;t=')
            await boss.get("/customers")  # its owner is another caller
            for _ in range(5):
                refused(await Signed(crm.http, "x", "")("GET", "/me"), 401, "token_invalid")
            refused(await Signed(crm.http, "x", "")("GET", "/me"), 429, "rate_limited")
            await boss.get("/customers")
    finally:
        await postgres.drop_database(database)
