"""Tenants, users, seats and the audit log."""

from __future__ import annotations

import pytest
from tests.support.crm import USER_PASSWORD, Crm, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.proto.acd import (
    FinishWrapUpV1,
    HangUpV1,
    PutAgentV1,
    RemoveAgentV1,
    SetAgentStateV1,
    SignInV1,
    SignOutV1,
)
from ringway.proto.crm import TeamChangedV1
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
    assert refused(late, 412, "user_changed")["current"]["display_name"] == "Ann"
    odd = await boss("PATCH", path, json={}, headers={"If-Match": "W/x"})
    refused(odd, 400, "if_match_invalid")


async def test_disabling_an_agent_disables_his_account(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    made = await boss.post("/users", _ANN)
    ok(await boss("PATCH", f"/users/{made['user_id']}", json={"is_enabled": False}))
    assert crm.behind.last(PutAgentV1).enabled is False


async def test_people_are_found_by_what_is_known_of_them(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    new = [
        {**_ANN, "display_name": "Ann Pop"},
        {**_ANN, "username": "bob", "agent_number": "1002"},
        {"username": "cleo", "password": USER_PASSWORD, "role": "staff", "display_name": "100%"},
        {**_ANN, "username": "dan"},  # has Ann's number
        {"username": "eve", "password": USER_PASSWORD, "role": "system_admin"},
        {**_ANN, "username": "fay", "agent_number": "1003", "password": "password1"},
    ]
    key = {"Idempotency-Key": "once"}
    made = ok(await boss("POST", "/users/bulk", json={"users": new}, headers=key))
    fates = [(each["username"], each["code"]) for each in made["items"]]
    assert fates == [
        ("ann", ""),
        ("bob", ""),
        ("cleo", ""),
        ("dan", "agent_number_taken"),
        ("eve", "role_not_here"),
        ("fay", "password_too_common"),
    ]
    assert (made["created"], made["refused"]) == (3, 3)
    ann, bob, cleo = (each["user_id"] for each in made["items"][:3])
    assert made["items"][1]["sip_password"] == "made-by-the-acd"
    again = ok(await boss("POST", "/users/bulk", json={"users": new}, headers=key))
    assert again["items"][1] == {**made["items"][1], "sip_password": None}
    department = await boss.post("/teams", {"name": "Sales", "kind": "department"})
    below = {"name": "North", "parent_id": department["team_id"]}
    team = (await boss.post("/teams", below))["team_id"]
    await boss.post(f"/teams/{team}/members", {"user_ids": [bob, cleo]})
    ok(await boss("PATCH", f"/users/{ann}", json={"is_enabled": False}))

    async def found(path: str, **search: str) -> list[str]:
        return [each["username"] for each in (await boss.get(path, params=search))["items"]]

    everybody = ["ann", "bob", "boss", "cleo"]
    assert await found("/users") == everybody
    assert await found("/users", q="POP") == await found("/users", q="1001") == ["ann"]
    assert await found("/users", q="%") == ["cleo"]
    assert await found("/users", team_id=department["team_id"]) == ["bob", "cleo"]
    assert await found("/users", team_id=team, has_seat="false") == ["cleo"]
    assert await found("/users", is_enabled="false", role="agent") == ["ann"]
    assert await found("/agents") == ["ann", "bob"]
    assert await found("/agents", q="10", team_id=team) == ["bob"]
    (entry,) = (await boss.get("/audit-log?action=user.changed"))["items"]
    assert entry["detail"]["changes"] == {"is_enabled": [True, False]}


async def test_a_seat_is_given_changed_and_taken_while_its_user_stays(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    cleo = await crm.user(boss, "acme", Role.STAFF, "cleo")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann")
    team = (await boss.post("/teams", {"name": "North"}))["team_id"]
    await boss.post(f"/teams/{team}/members", {"user_ids": [ann.user_id]})
    path = f"/users/{ann.user_id}"
    refused(await ann("GET", "/agents/me"), 409, "no_seat")
    seat = await boss("PUT", f"{path}/seat", json={"agent_number": "1001"})
    assert ok(seat)["sip_password"] == "made-by-the-acd"
    crm.forget_guard_freshness()
    refused(await ann("GET", "/me"), 401, "token_outdated")
    ann = await crm.sign_in("ann@acme")
    assert (await ann.get("/me"))["agent_number"] == "1001"
    assert (await ann.post("/agents/me/session", {"leg_mode": "on_demand"}))["session_id"] == "s1"
    # Other people's roles, numbers and versions are respected.
    wanted = {"agent_number": "1001"}
    refused(await boss("PUT", f"/users/{cleo.user_id}/seat", json=wanted), 409, "role_without_seat")
    bob = (await boss.post("/users", {**_ANN, "username": "bob", "agent_number": "1002"}))[
        "user_id"
    ]
    refused(await boss("PUT", f"/users/{bob}/seat", json=wanted), 409, "agent_number_taken")
    late = await boss("PUT", f"{path}/seat", json=wanted, headers={"If-Match": '"1"'})
    assert refused(late, 412, "user_changed")["current"]["agent_number"] == "1001"
    # Who is signed in keeps it: what the ACD refuses did not happen here either.
    crm.behind.refuse[RemoveAgentV1] = Refused("agent_signed_in", "Log him out first.")
    refused(await boss("DELETE", f"{path}/seat"), 409, "agent_signed_in")
    crm.behind.refuse.clear()
    assert (await boss.get(path))["agent_number"] == "1001"
    etag = {"If-Match": seat.headers["etag"]}
    assert (await boss("DELETE", f"{path}/seat", headers=etag)).status_code == 204
    refused(await boss("DELETE", f"{path}/seat"), 404, "seat_not_found")
    gone = await boss.get(path)
    assert (gone["agent_number"], gone["sip_username"], gone["is_enabled"]) == (None, None, True)
    assert ok(await boss("PUT", f"/users/{bob}/seat", json=wanted))["agent_number"] == "1001"
    acts = [each["action"] for each in (await boss.get("/audit-log?action=user."))["items"]]
    assert acts[:3] == ["user.seat_given", "user.seat_taken", "user.created"]
    told = await rows_of(
        crm,
        "SELECT convert_from(payload, 'UTF8')::jsonb ->> 'team_id' AS team FROM crm.outbox"
        " WHERE type = $1",
        TeamChangedV1.type_name(),
    )
    assert [row["team"] for row in told] == [team] * 4  # made, joined, a seat, no seat


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
