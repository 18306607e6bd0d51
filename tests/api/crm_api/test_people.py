"""Tenants, users, seats and the audit log."""

from __future__ import annotations

import pytest
from tests.support.crm import USER_PASSWORD, Crm, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.proto.acd import (
    FinishWrapUpV1,
    HangUpV1,
    PutAgentV1,
    SetAgentStateV1,
    SignInV1,
    SignOutV1,
)
from ringway.runtime.bus import Refused

pytestmark = pytest.mark.api

_ANN = {"username": "ann", "password": USER_PASSWORD, "role": "agent", "agent_number": "1001"}


async def test_opening_a_tenant_gives_its_admin_access_at_once(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    me = await boss.get("/me")
    assert (me["role"], me["tenant_slug"]) == ("enterprise_admin", "acme")
    admin = {"username": "b", "password": USER_PASSWORD}
    bad = {"slug": "acme", "name": "again", "admin": {**admin, "username": "bb"}}
    refused(await crm.platform("POST", "/tenants", json=bad), 409, "slug_taken")
    for slug in ("Acme", "a", "-x", "x" * 41, "a.b"):
        response = await crm.platform("POST", "/tenants", json={**bad, "slug": slug})
        refused(response, 422, "validation_failed")
    bad = {**bad, "slug": "platform", "admin": {**admin, "username": "bb"}}
    refused(await crm.platform("POST", "/tenants", json=bad), 409, "slug_taken")


async def test_tenants_are_listed_page_by_page_without_the_platform(crm: Crm) -> None:
    slugs = [f"t{n:02}" for n in range(5)]
    for slug in slugs:
        await crm.open_tenant(slug)
    seen, cursor = [], ""
    while True:
        page = await crm.platform.get(f"/tenants?limit=2{cursor}")
        seen += [tenant["slug"] for tenant in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == slugs


async def test_platform_cannot_suspend_itself(crm: Crm) -> None:
    path = "/tenants/00000000-0000-0000-0000-000000000000/suspend"
    refused(await crm.platform("POST", path), 404, "tenant_not_found")


async def test_agent_gets_a_sip_account_whose_password_is_shown_once(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    made = await boss.post("/users", _ANN)
    assert made["sip_password"] == "made-by-the-acd"
    assert made["sip_username"].startswith("1001-")
    assert made["agent_id"] == made["user_id"]
    read = await boss.get(f"/users/{made['user_id']}")
    assert "sip_password" not in read
    assert read["sip_username"] == made["sip_username"]
    asked = crm.behind.last(PutAgentV1)
    assert (asked.agent_id, asked.number, asked.enabled) == (made["user_id"], "1001", True)


async def test_no_user_remains_when_the_acd_refuses_his_account(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    crm.behind.refuse[PutAgentV1] = Refused("number_taken", "Another agent has 1001.")
    refused(await boss("POST", "/users", json=_ANN), 409, "number_taken")
    crm.behind.refuse.clear()
    made = await boss.post("/users", _ANN)
    ids = {request.agent_id for request in crm.behind.asked if isinstance(request, PutAgentV1)}
    assert ids == {made["user_id"]}  # a repeat is the same agent to the ACD


async def test_names_and_numbers_are_unique_within_a_tenant_only(crm: Crm) -> None:
    acme, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    await acme.post("/users", _ANN)
    refused(await acme("POST", "/users", json=_ANN), 409, "username_taken")
    twin = {**_ANN, "username": "ann2"}
    refused(await acme("POST", "/users", json=twin), 409, "agent_number_taken")
    await other.post("/users", _ANN)


async def test_roles_without_a_seat_have_no_number(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    response = await boss("POST", "/users", json={**_ANN, "role": "configuration_admin"})
    refused(response, 422, "role_without_seat")


async def test_user_is_changed_with_etag(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    made = await boss("POST", "/users", json=_ANN)
    path, etag = f"/users/{ok(made)['user_id']}", made.headers["etag"]
    changed = await boss("PATCH", path, json={"display_name": "Ann"}, headers={"If-Match": etag})
    assert ok(changed)["display_name"] == "Ann"
    late = await boss("PATCH", path, json={"display_name": "An"}, headers={"If-Match": etag})
    refused(late, 412, "user_changed")
    odd = await boss("PATCH", path, json={}, headers={"If-Match": "W/x"})
    refused(odd, 400, "if_match_invalid")


async def test_disabling_an_agent_disables_his_account(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    made = await boss.post("/users", _ANN)
    ok(await boss("PATCH", f"/users/{made['user_id']}", json={"is_enabled": False}))
    assert crm.behind.last(PutAgentV1).enabled is False


async def test_new_password_ends_sessions(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    made = await boss.post("/users", _ANN)
    await crm.sign_in("ann@acme")
    path = f"/users/{made['user_id']}"
    ok(await boss("PATCH", path, json={"password": "another good one"}))
    await crm.sign_in("ann@acme", "another good one")
    (row,) = await rows_of(
        crm,
        "SELECT count(*) AS n FROM crm.refresh_token WHERE user_id = $1::uuid",
        made["user_id"],
    )
    assert row["n"] == 1


async def test_seat_asks_the_acd(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="1001")
    status = await ann.post("/agents/me/session", {"leg_mode": "on_demand"})
    assert (status["state"], status["session_id"]) == ("not_ready", "s1")
    assert crm.behind.last(SignInV1).leg_mode == "on_demand"
    assert (await ann.put("/agents/me/state", {"state": "ready"}))["state"] == "ready"
    await ann.put("/agents/me/state", {"state": "not_ready", "reason": "lunch"})
    assert crm.behind.last(SetAgentStateV1).reason == "lunch"
    interaction = "01890a5d-ac96-774b-bcce-b302099a8057"
    await ann.post("/agents/me/wrap-up", {"interaction_id": interaction, "disposition": "sale"})
    filed = crm.behind.last(FinishWrapUpV1)
    assert (filed.interaction_id, filed.disposition) == (interaction, "sale")
    await ann.post("/agents/me/hang-up")
    ok(await ann("DELETE", "/agents/me/session"))
    for kind in (HangUpV1, SignOutV1):
        assert crm.behind.last(kind).agent_id == ann.user_id
    phone = await ann.get("/agents/me/phone")
    assert phone["sip_uri"] == f"sip:{phone['sip_username']}@127.0.0.1:17005"
    fresh = await ann.post("/agents/me/phone/credentials")
    assert fresh["sip_password"] == crm.behind.last(PutAgentV1).sip_password
    (listed,) = (await boss.get("/agents"))["items"]
    assert (listed["agent_number"], listed["state"]) == ("1001", "logged_out")


async def test_leader_without_number_has_no_seat(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    leader = await crm.user(boss, "acme", Role.TEAM_LEADER)
    refused(await leader("GET", "/agents/me"), 409, "no_seat")
    refused(await leader("GET", "/agents/me/phone"), 409, "no_seat")
    refused(await leader("POST", "/agents/me/phone/credentials"), 409, "no_seat")


async def test_audit_log_tells_who_did_what_and_notices_changes(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    await crm.user(boss, "acme", Role.QC_AGENT, "quinn")
    entries = (await boss.get("/audit-log"))["items"]
    assert [e["action"] for e in entries] == ["auth.signed_in", "user.created", "auth.signed_in"]
    assert entries[0]["actor"] == "quinn"
    assert (await boss.get("/audit-log?action=user.created"))["items"][0]["actor"] == "boss"
    page = await boss.get("/audit-log?limit=2")
    rest = await boss.get(f"/audit-log?limit=2&cursor={page['next_cursor']}")
    assert [e["seq"] for e in page["items"] + rest["items"]] == [3, 2, 1]


async def test_customers_are_edited_without_losing_what_others_wrote(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    body = {"phone_e164": "+40215550100", "name": "Ann", "data": {"city": "Iași"}}
    made = await boss("POST", "/customers", json=body)
    path, etag = f"/customers/{ok(made)['customer_id']}", made.headers["etag"]
    refused(await boss("PUT", path, json=body), 428, "if_match_required")
    wanted = {**body, "name": "Anna"}
    changed = await boss("PUT", path, json=wanted, headers={"If-Match": etag})
    assert ok(changed)["version"] == 2
    late = refused(
        await boss("PUT", path, json=body, headers={"If-Match": etag}), 412, "customer_changed"
    )
    assert late["current"]["name"] == "Anna"
    refused(await boss("DELETE", path, headers={"If-Match": etag}), 412, "customer_changed")
    assert (await boss("DELETE", path)).status_code == 204
    refused(await boss("GET", path), 404, "customer_not_found")
    for phone in ("123", "0215550100", "+0123", "+1234567890123456", "x"):
        response = await boss("POST", "/customers", json={"phone_e164": phone})
        refused(response, 422, "validation_failed")
