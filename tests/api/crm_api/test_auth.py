"""Signing in, refreshing, lockout, suspension."""

from __future__ import annotations

import httpx
import pytest
from tests.support.crm import PLATFORM_PASSWORD, USER_PASSWORD, Crm, Signed, ok, refused

from ringway.crm_api.access import Role

pytestmark = pytest.mark.api


async def _token(crm: Crm, **form: str) -> httpx.Response:
    return await crm.http.post("/api/v1/auth/token", data=form)


async def _password(crm: Crm, login: str, password: str) -> httpx.Response:
    return await _token(crm, grant_type="password", username=login, password=password)


async def _refresh(crm: Crm, token: str) -> httpx.Response:
    return await _token(crm, grant_type="refresh_token", refresh_token=token)


async def test_platform_admin_signs_in_and_sees_himself(crm: Crm) -> None:
    me = await crm.platform.get("/me")
    assert (me["username"], me["role"], me["tenant_slug"]) == ("admin", "system_admin", "platform")
    assert "tenants.write" in me["permissions"]


async def test_user_of_a_tenant_signs_in_with_its_slug_in_any_case(crm: Crm) -> None:
    await crm.open_tenant("acme")
    signed = await crm.sign_in("Boss@ACME")
    assert (await signed.get("/me"))["tenant_slug"] == "acme"


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("boss@acme", "wrong password"),
        ("boss@other", USER_PASSWORD),
        ("nobody@acme", USER_PASSWORD),
        ("boss", USER_PASSWORD),
        ("admin@acme", PLATFORM_PASSWORD),
        ("@", "x"),
    ],
)
async def test_wrong_sign_ins_are_refused_alike(crm: Crm, login: str, password: str) -> None:
    await crm.open_tenant("acme")
    body = refused(await _password(crm, login, password), 400, "invalid_grant")
    assert body["error"] == "invalid_grant"
    assert body["detail"] == "Login, password or token is not valid."


@pytest.mark.parametrize("login", ["boss@acme", "nobody@acme"])
async def test_repeated_failures_lock_a_login_whether_it_exists_or_not(
    crm: Crm, login: str
) -> None:
    await crm.open_tenant("acme")
    crm.clock.stop()
    for _ in range(crm.deps.settings.lockout_failures):
        refused(await _password(crm, login, "wrong password"), 400, "invalid_grant")
    locked = await _password(crm, login, USER_PASSWORD)
    refused(locked, 429, "sign_in_locked")
    assert 1 <= int(locked.headers["retry-after"]) <= crm.deps.settings.lockout_s
    crm.clock.forward(crm.deps.settings.lockout_s + 1)
    after = await _password(crm, login, USER_PASSWORD)
    assert after.status_code == (200 if login == "boss@acme" else 400)


async def test_success_forgets_earlier_failures(crm: Crm) -> None:
    await crm.open_tenant("acme")
    for _ in range(3):
        for _ in range(crm.deps.settings.lockout_failures - 1):
            await _password(crm, "boss@acme", "wrong password")
        ok(await _password(crm, "boss@acme", USER_PASSWORD))


async def test_refresh_rotates_and_a_token_used_twice_ends_the_session(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    second = ok(await _refresh(crm, boss.refresh_token))
    third = ok(await _refresh(crm, second["refresh_token"]))
    refused(await _refresh(crm, boss.refresh_token), 400, "invalid_grant")
    refused(await _refresh(crm, third["refresh_token"]), 400, "invalid_grant")
    again = Signed(crm.http, third["access_token"], "")
    refused(await again("GET", "/me"), 401, "session_ended")


@pytest.mark.parametrize("token", ["", "rt1", "rt1.x.y", f"rt1.{'0' * 32}.abc", "a.b.c"])
async def test_refresh_with_nonsense_is_refused(crm: Crm, token: str) -> None:
    response = await _refresh(crm, token)
    assert response.status_code in (400, 422)
    assert response.json()["code"] in ("invalid_grant", "invalid_request", "validation_failed")


async def test_refresh_token_expires(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    crm.clock.forward(crm.deps.settings.refresh_token_s + 1)
    refused(await _refresh(crm, boss.refresh_token), 400, "invalid_grant")


async def test_access_token_expires_and_tampering_is_noticed(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    head, payload, signature = boss.token.split(".")
    for bad in (f"{head}.{payload}.{signature[::-1]}", f"{head}.{payload}.", "x", "a.b.c"):
        refused(await Signed(crm.http, bad, "")("GET", "/me"), 401, "token_invalid")
    crm.clock.forward(crm.deps.settings.access_token_s + 1)
    expired = await boss("GET", "/me")
    refused(expired, 401, "token_expired")
    assert expired.headers["www-authenticate"].startswith("Bearer")


async def test_sign_out_ends_the_session(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    assert (await boss("POST", "/auth/sign-out")).status_code == 204
    refused(await _refresh(crm, boss.refresh_token), 400, "invalid_grant")
    refused(await boss("GET", "/me"), 401, "session_ended")


async def test_incomplete_grants_are_refused(crm: Crm) -> None:
    refused(await _token(crm, grant_type="password", username="x"), 400, "invalid_request")
    refused(await _token(crm, grant_type="refresh_token"), 400, "invalid_request")
    refused(await _token(crm, grant_type="magic"), 422, "validation_failed")


async def test_suspending_a_tenant_ends_access_at_once_and_resuming_gives_it_back(
    crm: Crm,
) -> None:
    boss = await crm.open_tenant("acme")
    other = await crm.open_tenant("other")
    (tenant,) = (t for t in (await crm.platform.get("/tenants"))["items"] if t["slug"] == "acme")
    await boss.get("/me")
    await crm.platform.post(f"/tenants/{tenant['tenant_id']}/suspend")
    refused(await boss("GET", "/me"), 401, "tenant_suspended")
    refused(await _password(crm, "boss@acme", USER_PASSWORD), 400, "invalid_grant")
    refused(await _refresh(crm, boss.refresh_token), 400, "invalid_grant")
    await other.get("/me")
    await crm.platform.post(f"/tenants/{tenant['tenant_id']}/resume")
    await boss.get("/me")


async def test_disabled_user_is_out_at_once(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    leader = await crm.user(boss, "acme", Role.TEAM_LEADER)
    await leader.get("/me")
    ok(await boss("PATCH", f"/users/{leader.user_id}", json={"is_enabled": False}))
    refused(await leader("GET", "/me"), 401, "user_disabled")
    refused(await _refresh(crm, leader.refresh_token), 400, "invalid_grant")


async def test_changed_role_needs_a_fresh_token(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    qc = await crm.user(boss, "acme", Role.QC_AGENT)
    ok(await boss("PATCH", f"/users/{qc.user_id}", json={"role": "team_leader"}))
    refused(await qc("GET", "/me"), 401, "token_outdated")
    fresh = ok(await _refresh(crm, qc.refresh_token))
    assert (await Signed(crm.http, fresh["access_token"], "").get("/me"))["role"] == "team_leader"


async def test_sign_ins_of_one_client_are_limited(crm: Crm) -> None:
    statuses = set()
    for _ in range(crm.deps.settings.sign_in_burst + 20):
        response = await _refresh(crm, "nonsense")
        statuses.add(response.status_code)
        if response.status_code == 429:
            refused(response, 429, "sign_in_rate")
            assert int(response.headers["retry-after"]) >= 1
            break
    assert 429 in statuses
