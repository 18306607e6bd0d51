"""One's own password and sessions, and what an administrator does about others'."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.crm import PLATFORM_PASSWORD, USER_PASSWORD, Crm, Signed, ok, refused, rows_of

from ringway.cli.commands.admin import _SET_PASSWORD
from ringway.crm_api.access import Role

pytestmark = pytest.mark.api

_NO_PAGE = "sign_in_page_not_found"

_NEW = "quite another one"


async def _password(
    crm: Crm, login: str, password: str, ip: str = "192.0.2.1", agent: str = "test"
) -> httpx.Response:
    here = crm.http._transport
    assert isinstance(here, httpx.ASGITransport)
    transport = httpx.ASGITransport(here.app, raise_app_exceptions=False, client=(ip, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://crm") as http:
        return await http.post(
            "/api/v1/auth/token",
            data={"grant_type": "password", "username": login, "password": password},
            headers={"User-Agent": agent},
        )


async def _change(signed: Signed, current: str, new: str) -> httpx.Response:
    body = {"current_password": current, "new_password": new}
    return await signed("POST", "/me/password", json=body)


async def test_sessions_tell_device_address_and_last_seen_and_end_one_by_one(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    body = ok(await _password(crm, "boss@acme", USER_PASSWORD, "198.51.100.7", "Firefox"))
    other = Signed(crm.http, body["access_token"], body["refresh_token"])
    theirs, mine = (await boss.get("/me/sessions"))["items"]
    assert (theirs["device"], theirs["client_ip"]) == ("Firefox", "198.51.100.7")
    assert (theirs["current"], mine["current"]) == (False, True)
    page = await boss.get("/me/sessions?limit=1")
    rest = await boss.get(f"/me/sessions?limit=1&cursor={page['next_cursor']}")
    assert [page["items"][0], rest["items"][0]] == [theirs, mine]

    crm.clock.forward(120)
    crm.forget_guard_freshness()
    await boss.get("/me")
    seen = {s["session_id"]: s["last_seen_at"] for s in (await boss.get("/me/sessions"))["items"]}
    assert seen[mine["session_id"]] > mine["last_seen_at"]
    assert seen[theirs["session_id"]] == theirs["last_seen_at"]

    path = f"/me/sessions/{theirs['session_id']}"
    assert (await boss("DELETE", path)).status_code == 204
    refused(await other("GET", "/me"), 401, "session_ended")
    refused(await boss("DELETE", path), 404, "session_not_found")
    await boss.get("/me")


async def test_an_administrator_ends_all_sessions_of_a_user(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann")
    again = replace(await crm.sign_in("ann@acme"), user_id=ann.user_id)
    path = f"/users/{ann.user_id}/sessions"
    first = (await boss.get(path))["items"][1]["session_id"]
    assert (await boss("DELETE", f"{path}/{first}")).status_code == 204
    refused(await ann("GET", "/me"), 401, "session_ended")
    await again.get("/me")
    assert ok(await boss("DELETE", path)) == {"ended": 1}
    refused(await again("GET", "/me"), 401, "session_ended")
    assert (await boss.get(path))["items"] == []
    # Nobody reaches into another enterprise.
    other = await crm.open_tenant("other")
    refused(await other("DELETE", path), 404, "user_not_found")


async def test_another_replica_refuses_an_ended_session_when_it_asks_again(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    await boss.get("/me")
    known = dict(crm.deps.guard._known)
    assert (await boss("POST", "/auth/sign-out")).status_code == 204
    crm.deps.guard._known.update(known)  # as a replica knows it that was not told
    crm.forget_guard_freshness()
    refused(await boss("GET", "/me"), 401, "session_ended")


async def test_changing_the_password_ends_the_other_sessions(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    other = await crm.sign_in("boss@acme")
    refused(await _change(boss, "wrong password", _NEW), 400, "password_wrong")
    assert (await _change(boss, USER_PASSWORD, _NEW)).status_code == 204
    await boss.get("/me")
    refused(await other("GET", "/me"), 401, "session_ended")
    refused(await _password(crm, "boss@acme", USER_PASSWORD), 400, "invalid_grant")
    await crm.sign_in("boss@acme", _NEW)
    (entry,) = (await boss.get("/audit-log?action=auth.password_changed"))["items"]
    assert entry["detail"] == {"sessions_ended": 1}


async def test_passwords_that_are_not_taken(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    for password, code in (
        ("short", "validation_failed"),
        ("Password123!", "password_too_common"),
        ("bossacme1", "password_too_common"),
        (USER_PASSWORD, "password_used_before"),
    ):
        refused(await _change(boss, USER_PASSWORD, password), 422, code)


async def test_the_policy_decides_length_history_and_the_first_sign_in(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    read = await boss("GET", "/security-policy")
    assert (ok(read)["version"], read.headers["etag"]) == (0, '"0"')
    wanted: dict[str, Any] = {
        "password_min_length": 12,
        "password_history": 2,
        "change_at_first_sign_in": True,
    }
    await boss.put("/security-policy", wanted, headers={"If-Match": '"0"'})
    late = await boss("PUT", "/security-policy", json=wanted, headers={"If-Match": '"0"'})
    assert refused(late, 412, "policy_changed")["current"]["password_min_length"] == 12
    refused(
        await boss("PUT", "/security-policy", json={"second_factor_roles": ["system_admin"]}),
        422,
        "role_not_here",
    )
    new = {"username": "ann", "role": "agent", "password": "eleven char"}
    refused(await boss("POST", "/users", json=new), 422, "password_too_short")
    await boss.post("/users", {**new, "password": "a first password"})
    ann = await crm.sign_in("ann@acme", "a first password")
    refused(await ann("GET", "/customers"), 403, "password_change_required")
    await ann.get("/me")
    await ann.get("/me/sessions")
    refused(await _change(ann, "a first password", "a first password"), 422, "password_used_before")
    assert (await _change(ann, "a first password", "a second password")).status_code == 204
    await ann.get("/customers")
    # Two are remembered: the one before the last may come again.
    for old, fresh in (("second", "third"), ("third", "first")):
        changed = await _change(ann, f"a {old} password", f"a {fresh} password")
        assert changed.status_code == 204
    refused(await _change(ann, "a first password", "a third password"), 422, "password_used_before")


async def test_an_administrator_sets_a_password_for_one_sign_in(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann")
    change = {"password": "only for once", "must_change_password": True}
    ok(await boss("PATCH", f"/users/{ann.user_id}", json=change))
    refused(await ann("GET", "/me"), 401, "session_ended")
    ann = await crm.sign_in("ann@acme", "only for once")
    refused(await ann("GET", "/customers"), 403, "password_change_required")
    me = (await boss.get("/me"))["user_id"]
    refused(await boss("PATCH", f"/users/{me}", json={"password": _NEW}), 403, "own_password")


async def test_guessing_locks_the_guesser_and_not_the_owner(crm: Crm) -> None:
    await crm.open_tenant("acme")
    crm.clock.stop()
    limit = crm.deps.settings.lockout_failures
    for _ in range(limit):
        wrong = await _password(crm, "boss@acme", "wrong password", "203.0.113.9")
        refused(wrong, 400, "invalid_grant")
    waits = []
    for _ in range(4):
        locked = await _password(crm, "boss@acme", USER_PASSWORD, "203.0.113.9")
        refused(locked, 429, "sign_in_locked")
        waits.append(int(locked.headers["retry-after"]))
        crm.clock.forward(waits[-1] + 1)
        wrong = await _password(crm, "boss@acme", "wrong password", "203.0.113.9")
        refused(wrong, 400, "invalid_grant")
    assert waits == sorted(waits)
    assert waits[-1] >= 4 * waits[0]
    ok(await _password(crm, "boss@acme", USER_PASSWORD, "198.51.100.7"))


async def test_guessing_from_everywhere_leaves_the_owners_own_address_open(crm: Crm) -> None:
    await crm.open_tenant("acme")
    crm.clock.stop()
    ok(await _password(crm, "boss@acme", USER_PASSWORD, "2001:db8:1:2::7"))
    for n in range(crm.deps.settings.lockout_failures * 20):
        wrong = await _password(crm, "boss@acme", "wrong password", f"203.0.113.{n}")
        refused(wrong, 400, "invalid_grant")
    elsewhere = await _password(crm, "boss@acme", USER_PASSWORD, "198.51.100.7")
    refused(elsewhere, 429, "sign_in_locked")
    assert int(elsewhere.headers["retry-after"]) <= crm.deps.settings.lockout_s
    # The owner's network, by another address of it.
    ok(await _password(crm, "boss@acme", USER_PASSWORD, "2001:db8:1:2::8"))
    crm.clock.forward(crm.deps.settings.lockout_s + 1)
    ok(await _password(crm, "boss@acme", USER_PASSWORD, "198.51.100.7"))


async def test_the_command_for_a_lost_operators_password_opens_everything(crm: Crm) -> None:
    crm.clock.stop()
    for _ in range(crm.deps.settings.lockout_failures):
        refused(await _password(crm, "admin", "wrong password"), 400, "invalid_grant")
    refused(await _password(crm, "admin", PLATFORM_PASSWORD), 429, "sign_in_locked")
    await rows_of(
        crm,
        "INSERT INTO crm.second_factor (tenant_id, user_id, secret, created_at, confirmed_at) "
        "SELECT tenant_id, user_id, 'x', now(), now() FROM crm.user_account",
    )
    hashed = await crm.deps.passwords.hash("a fresh password of it")
    (row,) = await rows_of(crm, _SET_PASSWORD, "admin", hashed, UUID(int=0))
    assert row["count"] == 1
    crm.forget_guard_freshness()
    refused(await crm.platform("GET", "/me"), 401, "session_ended")
    ok(await _password(crm, "admin", "a fresh password of it"))


async def test_an_enterprise_has_a_sign_in_page_of_its_own_once_it_wants_one(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    provider = {
        "name": "Directory",
        "issuer": "https://id.acme.example",
        "client_id": "c",
        "redirect_uris": ["https://console.example/"],
    }
    await boss.post("/identity-providers", provider)
    await boss.post("/identity-providers", {**provider, "name": "Old", "is_enabled": False})
    path = "/api/v1/auth/sign-in-page"
    nobody = refused(await crm.http.get(path, params={"tenant": "nobody"}), 404, _NO_PAGE)
    # Nobody learns who is rented to.
    assert refused(await crm.http.get(path, params={"tenant": "acme"}), 404, _NO_PAGE) == nobody
    await boss.put("/security-policy", {"sign_in_title": " Acme 客服中心 "})
    for slug in ("acme", " ACME"):
        shown = ok(await crm.http.get(path, params={"tenant": slug}))
        assert shown == {"tenant": "acme", "title": "Acme 客服中心", "providers": ["Directory"]}
    tenants = (await crm.platform.get("/tenants"))["items"]
    await crm.platform.post(f"/tenants/{tenants[0]['tenant_id']}/suspend")
    refused(await crm.http.get(path, params={"tenant": "acme"}), 404, _NO_PAGE)
