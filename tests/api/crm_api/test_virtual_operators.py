"""Accounts of virtual operators: kept by the platform, lent as trunks, shown to nobody."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.crm import Crm, ok, refused, rows_of
from tests.support.dialer_requests import dialer_requests

from ringway.crm_api.access import Role
from ringway.crm_api.virtual_operators.pushing import OperatorTrunkWorker
from ringway.proto.acd import PutTrunkV1
from ringway.runtime.errors import Refused

pytestmark = pytest.mark.api

_SECRETS = ("first-secret", "second-secret", "third-secret", "pool-key-1")
_ACCOUNT = {
    "name": "Virtual One",
    "app_id": "app-4711",
    "secret": _SECRETS[0],
    "pool_key": _SECRETS[3],
    "host": "sip.virtual.example",
    "transport": "tcp",
}


def _no_secret(*texts: Any) -> None:
    for text in texts:
        assert not [each for each in _SECRETS if each in str(text)]


async def _work(crm: Crm) -> int:
    worker, done = OperatorTrunkWorker(crm.deps), 0
    while await worker.step():
        done += 1
    return done


async def test_an_account_is_lent_rotated_and_withdrawn_and_shown_to_nobody(crm: Crm) -> None:
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    tenants = {t["slug"]: t["tenant_id"] for t in (await crm.platform.get("/tenants"))["items"]}
    made = await crm.platform.post("/virtual-operators", _ACCOUNT)
    path = f"/virtual-operators/{made['virtual_operator_id']}"
    assert (made["app_id"], made["has_pool_key"], made["version"]) == ("app-4711", True, 1)
    twin = await crm.platform("POST", "/virtual-operators", json=_ACCOUNT)
    refused(twin, 409, "name_taken")
    # At rest it is sealed.
    (row,) = await rows_of(crm, "SELECT secret, pool_key FROM crm.virtual_operator")
    assert _SECRETS[0].encode() not in row["secret"]
    assert _SECRETS[3].encode() not in row["pool_key"]
    # Without a grant nobody calls by it, and no enterprise knows of it.
    for way in ("GET", "PUT", "DELETE"):
        refused(await boss(way, path, json=_ACCOUNT), 403, "permission_missing")
    assert (await boss.get("/trunks"))["items"] == []
    lent = await crm.platform.put(f"{path}/grants/{tenants['acme']}", {"max_channels": 9})
    assert (lent["is_applied"], lent["withdrawn_at"], lent["granted_by"]) == (True, None, "admin")
    told = crm.behind.last(PutTrunkV1)
    assert (told.tenant, told.username, told.password) == (
        tenants["acme"], "app-4711", _SECRETS[0],
    )  # fmt: skip
    assert (told.host, told.transport, told.max_channels) == ("sip.virtual.example", "tcp", 9)
    # The enterprise has a trunk that it may use, and neither see into nor change.
    trunk_path = f"/trunks/{lent['trunk_id']}"
    trunk = await boss.get(trunk_path)
    assert (trunk["name"], trunk["is_operators"], trunk["enabled"]) == ("Virtual One", True, True)
    assert (trunk["host"], trunk["username"], trunk["max_channels"]) == ("", "", 9)
    for answer in (
        await boss("PUT", trunk_path, json={"name": "t", "host": "sip.evil.example"}),
        await boss("POST", f"{trunk_path}/enable"),
        await boss("DELETE", trunk_path),
    ):
        refused(answer, 409, "trunk_of_operator")
    refused(await other("GET", trunk_path), 404, "trunk_not_found")
    numbers = await boss.post("/lists", {"name": "l"})
    project = await boss.post("/projects", {"name": "p"})
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", "801")
    campaign = {
        "name": "c", "project_id": project["project_id"], "mode": "progressive",
        "list_ids": [numbers["list_id"]], "agent_ids": [ann.user_id],
        "trunk_id": lent["trunk_id"],
    }  # fmt: skip
    c = f"/campaigns/{(await boss.post('/campaigns', campaign))['campaign_id']}"
    await boss.post(f"{c}/start")
    await boss.post(f"{c}/pause")
    theirs = {**campaign, "agent_ids": []}
    refused(await other("POST", "/campaigns", json=theirs), 422, "trunk_unknown")
    # New secrets reach all trunks, also when the ACD is away at first.
    crm.behind.refuse[PutTrunkV1] = Refused("unavailable", "not now")
    await crm.platform.post(f"{path}/rotate", {"secret": _SECRETS[1]})
    assert await _work(crm) == 1
    (waits,) = (await crm.platform.get(f"{path}/grants"))["items"]
    assert (waits["is_applied"], "unavailable" in waits["last_error"]) == (False, True)
    crm.behind.refuse.clear()
    crm.clock.forward(30)
    assert await _work(crm) == 1
    assert crm.behind.last(PutTrunkV1).password == _SECRETS[1]
    (done,) = (await crm.platform.get(f"{path}/grants"))["items"]
    assert (done["is_applied"], done["last_error"]) == (True, "")
    # A change of the account; a secret that is left out stays, and a stale version is refused.
    change = {**_ACCOUNT, "secret": None, "pool_key": None, "app_id": "app-4712"}
    stale = await crm.platform("PUT", path, json=change, headers={"If-Match": '"1"'})
    assert refused(stale, 412, "virtual_operator_changed")["current"]["version"] == 2
    changed = ok(await crm.platform("PUT", path, json=change, headers={"If-Match": '"2"'}))
    assert (changed["app_id"], changed["has_pool_key"]) == ("app-4712", True)
    assert await _work(crm) == 1
    told = crm.behind.last(PutTrunkV1)
    assert (told.username, told.password) == ("app-4712", _SECRETS[1])
    # Withdrawn, the trunk has no account any more, and no call begins by it.
    refused(await crm.platform("DELETE", path), 409, "virtual_operator_in_use")
    gone = ok(await crm.platform("DELETE", f"{path}/grants/{tenants['acme']}"))
    assert (gone["is_applied"], gone["withdrawn_at"] is not None) == (True, True)
    told = crm.behind.last(PutTrunkV1)
    assert (told.enabled, told.username, told.password) == (False, "", "")
    refused(await boss("POST", f"{c}/start"), 403, "trunk_withdrawn")
    assert (await boss.get(c))["state_reason"] == ""  # it was paused before, by hand
    again = await crm.platform("DELETE", f"{path}/grants/{tenants['acme']}")
    refused(again, 404, "grant_not_found")
    await crm.platform.put(f"{path}/grants/{tenants['acme']}", {})
    assert (await boss.post(f"{c}/start"))["state"] == "running"
    # What runs is paused, also when the dialer is away at first; what has another trunk goes on.
    own = await boss.post("/trunks", {"name": "own", "host": "sip.own.example"})
    by_own = {**campaign, "trunk_id": own["trunk_id"]}
    elsewhere = f"/campaigns/{(await boss.post('/campaigns', by_own))['campaign_id']}"
    await boss.post(f"{elsewhere}/start")
    await crm.dialer.aclose()
    gone = ok(await crm.platform("DELETE", f"{path}/grants/{tenants['acme']}"))
    assert (gone["is_applied"], gone["last_error"] != "") == (False, True)
    assert (await boss.get(c))["state"] == "running"
    async with dialer_requests(crm.database, crm.nats):
        crm.clock.forward(60)
        assert await _work(crm) == 1
    paused = await boss.get(c)
    assert (paused["state"], paused["state_reason"]) == (
        "paused", "the platform's operator does not lend the trunk Virtual One any more",
    )  # fmt: skip
    assert (await boss.get(elsewhere))["state"] == "running"
    (fact,) = await rows_of(
        crm,
        "SELECT convert_from(payload, 'UTF8')::jsonb ->> 'reason' AS reason FROM dialer.outbox",
    )
    assert fact["reason"] == paused["state_reason"]
    (entry,) = (await boss.get("/audit-log?action=campaigns.paused"))["items"]
    assert entry["detail"] == {"because": "trunk.withdrawn", "campaigns": 1}
    assert (await crm.platform("DELETE", path)).status_code == 204
    refused(await crm.platform("GET", path), 404, "virtual_operator_not_found")
    # It stands in both logs who lent what; no secret stands anywhere.
    log = await crm.platform.get("/audit-log?action=virtual_operator.")
    assert [each["action"].partition(".")[2] for each in reversed(log["items"])] == [
        "added", "granted", "rotated", "changed", "withdrawn", "granted", "withdrawn", "removed",
    ]  # fmt: skip
    told_there = (await boss.get("/audit-log?action=trunk."))["items"]
    lendings = [each for each in told_there if each["action"] != "trunk.put"]
    assert {each["actor"] for each in lendings} == {"operator:admin"}
    _no_secret(made, lent, trunk, waits, changed, log, told_there, await boss.get("/audit-log"))


async def test_an_operator_does_not_read_an_enterprises_own_account(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    tenant_id = (await boss.get("/me"))["tenant_id"]
    own = {"name": "own", "host": "sip.own.example", "username": "u", "password": _SECRETS[2]}
    made = await boss.post("/trunks", own)
    assert (made["is_operators"], made["host"]) == (False, "sip.own.example")
    for path in ("/trunks", f"/trunks/{made['trunk_id']}"):
        refused(await crm.platform("GET", path), 403, "permission_missing")
    figures = await crm.platform.get(f"/tenants/{tenant_id}/outbound-figures")
    # Working inside of it he sees what its admin sees: never the word itself.
    visit = await crm.platform.post(
        f"/tenants/{tenant_id}/jump-ins", {"reason": "a good reason", "minutes": 5}
    )
    header = {"Authorization": f"Bearer {visit['access_token']}"}
    seen = ok(await crm.http.get("/api/v1/trunks", headers=header))
    assert seen["items"][0]["has_password"]
    exported = await boss("GET", f"/tenants/{tenant_id}/export")
    _no_secret(figures, seen, exported.content, await crm.platform.get("/audit-log"))
