"""Permissions are data: changed roles, own roles, and what nobody can give himself."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.crm import USER_PASSWORD, Crm, Signed, ok, refused

from ringway.crm_api.access import ROLE_PERMISSIONS, Role
from ringway.crm_api.rights import Rights

pytestmark = pytest.mark.api


async def _change(by: Signed, role_id: str, permissions: Any, etag: str = "*") -> Any:
    body = {"permissions": sorted(permissions)}
    return await by("PUT", f"/roles/{role_id}", json=body, headers={"If-Match": etag})


async def test_shipped_roles_are_what_an_enterprise_begins_with(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    roles = {role["role_id"]: role for role in (await boss.get("/roles"))["items"]}
    assert set(roles) == set(Role) - {Role.SYSTEM_ADMIN, Role.OPERATIONS_ADMIN}
    for name, role in roles.items():
        assert set(role["permissions"]) == ROLE_PERMISSIONS[Role(name)]
        assert set(role["permissions"]) <= set(role["grantable"])
        assert (role["is_own"], role["is_changed"]) == (False, False)
    assert not roles["staff"]["has_seat"]
    known = {each["permission"]: each for each in (await boss.get("/permissions"))["items"]}
    assert "create_role" in known["roles.write"]["operations"]
    assert "tenants.write" not in known


async def test_a_changed_role_holds_at_once_and_for_this_enterprise_only(crm: Crm) -> None:
    acme, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    ann = await crm.user(acme, "acme", Role.AGENT, "ann", "1001")
    eve = await crm.user(other, "other", Role.AGENT, "eve", "1001")
    assert (await ann("GET", "/customers")).status_code == 200
    narrow = ROLE_PERMISSIONS[Role.AGENT] - {"customers.read"}
    changed = ok(await _change(acme, "agent", narrow, '"1"'))
    assert (changed["is_changed"], changed["version"]) == (True, 2)
    refused(await ann("GET", "/customers"), 403, "permission_missing")
    assert "customers.read" not in (await ann.get("/me"))["permissions"]
    assert (await eve("GET", "/customers")).status_code == 200
    problem = refused(await _change(acme, "agent", narrow, '"1"'), 412, "role_changed")
    assert problem["current"]["version"] == 2
    response = await acme("PUT", "/roles/agent", json={"permissions": ["me"]})
    refused(response, 428, "if_match_required")
    ok(await acme("DELETE", "/roles/agent"))
    assert (await ann("GET", "/customers")).status_code == 200
    restored = await acme.get("/roles/agent")
    assert (restored["is_changed"], restored["version"]) == (False, 3)
    actions = [entry["action"] for entry in (await acme.get("/audit-log"))["items"]]
    assert {"role.changed", "role.restored"} <= set(actions)


async def test_another_replica_feels_a_change_within_a_second(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    caller, _ = crm.deps.tokens.read(ann.token, crm.clock())
    now = 100.0
    replica = Rights(crm.deps.pool, lambda: now)
    shipped = ROLE_PERMISSIONS[Role.AGENT]
    assert (await replica.of(caller, crm.clock())).permissions == shipped
    ok(await _change(boss, "agent", {"me"}))
    now += 0.5
    assert (await replica.of(caller, crm.clock())).permissions == shipped  # it did not ask again
    now += 0.5
    assert (await replica.of(caller, crm.clock())).permissions == {"me"}


async def test_own_roles_are_given_to_users_and_stay_while_they_have_them(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    new = {"name": "Senior", "template": "agent", "permissions": ["me", "lists.read"]}
    role = await boss.post("/roles", new)
    refused(await boss("POST", "/roles", json={**new, "name": "senior"}), 409, "role_name_taken")
    user = {"username": "ann", "password": USER_PASSWORD, "role": "agent"}
    made = await boss.post("/users", {**user, "own_role_id": role["role_id"]})
    assert made["own_role_id"] == role["role_id"]
    ann = await crm.sign_in("ann@acme")
    assert (await ann.get("/me"))["permissions"] == ["lists.read", "me"]
    refused(await boss("DELETE", f"/roles/{role['role_id']}"), 409, "role_in_use")
    path = f"/users/{made['user_id']}"
    wrong = {"role": "qc_agent", "own_role_id": role["role_id"]}
    refused(await boss("PATCH", path, json=wrong), 422, "role_unknown")
    assert ok(await boss("PATCH", path, json={"own_role_id": None}))["own_role_id"] is None
    assert "agents.act" in (await ann.get("/me"))["permissions"]
    ok(await boss("DELETE", f"/roles/{role['role_id']}"))
    refused(await boss("GET", f"/roles/{role['role_id']}"), 404, "role_not_found")


async def test_no_role_exceeds_its_level_and_nobody_gives_what_he_has_not(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    for template, permission in (
        ("agent", "interactions.all"),
        ("agent", "users.write"),
        ("configuration_admin", "customers.read"),
        ("staff", "phone"),
        ("team_leader", "tenants.read"),
    ):
        new = {"name": "x", "template": template, "permissions": ["me", permission]}
        refused(await boss("POST", "/roles", json=new), 422, "permission_above_level")
    new = {"name": "x", "template": "operations_admin"}
    refused(await boss("POST", "/roles", json=new), 422, "role_not_here")
    refused(await _change(boss, "enterprise_admin", {"me"}), 409, "role_fixed")
    new = {"name": "Deputy", "template": "staff"}
    granted = ["users.read", "users.write", "roles.read", "roles.write", "customers.read"]
    deputy_role = await boss.post("/roles", {**new, "permissions": granted})
    user = {"username": "dep", "password": USER_PASSWORD, "role": "staff"}
    await boss.post("/users", {**user, "own_role_id": deputy_role["role_id"]})
    deputy = await crm.sign_in("dep@acme")
    response = await _change(deputy, deputy_role["role_id"], granted)
    refused(response, 403, "own_access")
    new = {"name": "y", "template": "team_leader", "permissions": ["me", "recordings.listen"]}
    refused(await deputy("POST", "/roles", json=new), 403, "permission_not_yours")
    refused(await _change(deputy, "team_leader", {"me"}), 403, "permission_not_yours")
    # Nor by way of people: no mightier user is made, and none is taken over by a new password.
    mightier = {"username": "evil", "password": USER_PASSWORD, "role": "enterprise_admin"}
    refused(await deputy("POST", "/users", json=mightier), 403, "permission_not_yours")
    boss_id = (await boss.get("/me"))["user_id"]
    response = await deputy("PATCH", f"/users/{boss_id}", json={"password": USER_PASSWORD})
    refused(response, 403, "user_above")
    for means in ("sessions", "second-factor"):
        refused(await deputy("DELETE", f"/users/{boss_id}/{means}"), 403, "user_above")
    await boss.get("/me")
    weaker = {"name": "z", "template": "agent", "permissions": ["me", "phone", "customers.read"]}
    made = await deputy.post("/roles", weaker)
    clerk = {"username": "clerk", "password": USER_PASSWORD, "role": "agent"}
    await deputy.post("/users", {**clerk, "own_role_id": made["role_id"]})


async def test_roles_of_another_enterprise_do_not_exist(crm: Crm) -> None:
    acme, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    role = await acme.post("/roles", {"name": "Mine", "template": "agent"})
    path = f"/roles/{role['role_id']}"
    refused(await other("GET", path), 404, "role_not_found")
    refused(await other("DELETE", path), 404, "role_not_found")
    refused(await _change(other, role["role_id"], {"me"}), 404, "role_not_found")
    user = {"username": "ann", "password": USER_PASSWORD, "role": "agent"}
    response = await other("POST", "/users", json={**user, "own_role_id": role["role_id"]})
    refused(response, 422, "role_unknown")


async def test_staff_have_no_seat(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    clerk = {"username": "clerk", "password": USER_PASSWORD, "role": "staff"}
    response = await boss("POST", "/users", json={**clerk, "agent_number": "1001"})
    refused(response, 422, "role_without_seat")
    signed = await crm.user(boss, "acme", Role.STAFF, "clerk")
    assert (await signed("GET", "/customers")).status_code == 200
    refused(await signed("GET", "/agents/me/phone"), 403, "permission_missing")
