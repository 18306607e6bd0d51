"""The life of an enterprise: features, outbound service, visits of operators, closing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.crm_api.features import Feature
from ringway.proto.acd import PutAgentV1
from ringway.runtime.bus import Refused

pytestmark = pytest.mark.api

_WHY = {"reason": "a good reason"}


async def _id_of(boss: Signed) -> str:
    return str((await boss.get("/me"))["tenant_id"])


async def _campaign(boss: Signed) -> dict[str, Any]:
    numbers = await boss.post("/lists", {"name": "l"})
    project = await boss.post("/projects", {"name": "p"})
    trunk = await boss.post("/trunks", {"name": "t", "host": "sip.example"})
    campaign: dict[str, Any] = await boss.post(
        "/campaigns",
        {
            "name": "c",
            "project_id": project["project_id"],
            "mode": "progressive",
            "list_ids": [numbers["list_id"]],
            "trunk_id": trunk["trunk_id"],
        },
    )
    return campaign


async def test_a_feature_that_is_off_is_gone_for_this_enterprise(crm: Crm) -> None:
    acme, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    path = f"/tenants/{await _id_of(acme)}/features"
    assert (await acme.get("/me"))["features"] == sorted(Feature)
    have = sorted(set(Feature) - {Feature.RECORDINGS})
    view = await crm.platform.put(path, {"features": have})
    assert view["features_off"] == ["recordings"]
    problem = refused(await acme("GET", "/recordings"), 403, "feature_off")
    assert problem["feature"] == "recordings"
    assert (await acme.get("/me"))["features"] == have
    assert (await acme("GET", "/campaigns")).status_code == 200
    assert (await other("GET", "/recordings")).status_code == 200
    refused(await acme("PUT", path, json={"features": have}), 403, "permission_missing")
    response = await crm.platform("PUT", path, json={"features": ["teleport"]})
    refused(response, 422, "validation_failed")
    await crm.platform.put(path, {"features": sorted(Feature)})
    assert (await acme("GET", "/recordings")).status_code == 200


async def test_stopped_outbound_service_starts_nothing_until_it_is_allowed(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    path = f"/tenants/{await _id_of(boss)}"
    campaign = f"/campaigns/{(await _campaign(boss))['campaign_id']}"
    await boss.post(f"{campaign}/start")
    view = await crm.platform.post(f"{path}/stop-outbound", _WHY)
    assert view["outbound_stop_reason"] == "a good reason"
    assert (await boss.get(campaign))["state"] == "paused"
    problem = refused(await boss("POST", f"{campaign}/start"), 403, "feature_off")
    assert problem["feature"] == "outbound_calls"
    assert (await boss.get("/me"))["outbound_stop_reason"] == "a good reason"
    agent = await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    body = {"number": "+40215550100"}
    refused(await agent("POST", "/agents/me/calls", json=body), 403, "feature_off")
    view = await crm.platform.post(f"{path}/allow-outbound")
    assert view["outbound_stopped_at"] is None
    assert (await boss.get(campaign))["state"] == "paused"
    await boss.post(f"{campaign}/start")
    actions = {entry["action"] for entry in (await crm.platform.get("/audit-log"))["items"]}
    assert {"tenant.outbound_stopped", "tenant.outbound_allowed"} <= actions


async def test_an_operator_visits_for_a_time_and_the_enterprise_sees_it(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    path = f"/tenants/{await _id_of(boss)}/jump-ins"
    refused(await crm.platform("POST", path, json={}), 422, "validation_failed")
    visit = await crm.platform.post(path, {"reason": "Ticket 4711", "minutes": 10})
    inside = Signed(crm.http, visit["access_token"], visit["refresh_token"])
    me = await inside.get("/me")
    assert (me["username"], me["role"]) == ("operator:admin", "enterprise_admin")
    await inside.post("/lists", {"name": "made by the operator"})
    (seen,) = (await boss.get("/jump-ins"))["items"]
    assert (seen["operator"], seen["reason"]) == ("admin", "Ticket 4711")
    told = (await boss.get("/audit-log"))["items"]
    assert "jump_in.began" in {each["action"] for each in told if each["actor"] == me["username"]}
    # Nobody of the enterprise makes the account his own, and it ends by itself.
    response = await boss("PATCH", f"/users/{me['user_id']}", json={"password": "my new password"})
    refused(response, 403, "operator_account")
    crm.clock.forward(601)
    refused(await inside("GET", "/me"), 401, "access_ended")


async def test_either_side_ends_a_visit(crm: Crm) -> None:
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    path = f"/tenants/{await _id_of(boss)}/jump-ins"
    for by, where in ((boss, "/jump-ins"), (crm.platform, path)):
        visit = await crm.platform.post(path, _WHY)
        inside = Signed(crm.http, visit["access_token"], visit["refresh_token"])
        assert (await inside("GET", "/me")).status_code == 200
        response = await other("DELETE", f"/jump-ins/{visit['jump_in_id']}")
        refused(response, 404, "jump_in_not_found")
        ok(await by("DELETE", f"{where}/{visit['jump_in_id']}"))
        assert (await inside("GET", "/me")).status_code == 401
        response = await crm.http.post(
            "/api/v1/auth/token",
            data={"grant_type": "refresh_token", "refresh_token": visit["refresh_token"]},
        )
        refused(response, 400, "invalid_grant")
    visits = (await boss.get("/jump-ins"))["items"]
    assert all(visit["ended_at"] is not None for visit in visits)
    assert len(visits) == 2


async def test_a_closed_enterprise_has_no_access_and_can_be_reopened_in_time(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    agent = await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    path = f"/tenants/{await _id_of(boss)}"
    campaign = await _campaign(boss)
    await boss.post(f"/campaigns/{campaign['campaign_id']}/start")
    view = await crm.platform.post(f"{path}/close", {**_WHY, "grace_days": 10})
    assert view["state"] == "closed"
    refused(await boss("GET", "/me"), 401, "tenant_suspended")
    refused(await agent("GET", "/me"), 401, "tenant_suspended")
    assert crm.behind.last(PutAgentV1).enabled is False
    (row,) = await rows_of(crm, "SELECT state FROM dialer.campaign")
    assert row["state"] == "paused"
    refused(await crm.platform("POST", f"{path}/resume"), 404, "tenant_not_found")
    refused(await crm.platform("POST", f"{path}/jump-ins", json=_WHY), 409, "tenant_not_active")
    view = await crm.platform.post(f"{path}/reopen")
    assert (view["state"], view["delete_after"]) == ("active", None)
    assert crm.behind.last(PutAgentV1).enabled is True
    assert (await boss("GET", "/me")).status_code == 200
    refused(await crm.platform("POST", f"{path}/reopen"), 409, "tenant_not_closed")
    await crm.platform.post(f"{path}/close", {**_WHY, "grace_days": 1})
    crm.clock.forward(86_401)
    again = await crm.sign_in("admin", "platform-password")
    refused(await again("POST", f"{path}/reopen"), 409, "grace_over")


async def test_closing_that_the_acd_does_not_hear_is_finished_by_a_repeat(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    path = f"/tenants/{await _id_of(boss)}/close"
    crm.behind.refuse[PutAgentV1] = Refused("unavailable", "not now")
    refused(await crm.platform("POST", path, json=_WHY), 503, "service_failed")
    refused(await boss("GET", "/me"), 401, "tenant_suspended")  # access ends first of all
    crm.behind.refuse.clear()
    await crm.platform.post(path, _WHY)
    assert crm.behind.last(PutAgentV1).enabled is False


async def test_an_enterprise_is_warned_and_its_admins_confirm_that_they_know(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    await crm.open_tenant("other")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann")
    tenant_id = (await boss.get("/me"))["tenant_id"]
    path = f"/tenants/{tenant_id}/warnings"
    refused(await crm.platform("POST", path, json={}), 422, "validation_failed")
    refused(await boss("POST", path, json={"text_en": "x"}), 403, "permission_missing")
    nobody = f"/tenants/{ann.user_id}/warnings"
    refused(await crm.platform("POST", nobody, json={"text_en": "x"}), 404, "tenant_not_found")
    said = {"text_en": "Promise no prizes.", "text_zh": "不得承诺中奖。"}
    made = await crm.platform.post(path, said)
    assert (made["audience"], made["read"], made["confirmed"]) == (1, 0, 0)
    (shown,) = (await boss.get("/me/notices"))["items"]
    assert (shown["text_zh"], shown["priority"], shown["must_confirm"]) == (
        said["text_zh"], "urgent", True,
    )  # fmt: skip
    assert (await ann.get("/me/notices"))["items"] == []
    # Whom it is for cannot make it go away, only say that he knows.
    notice = f"/notices/{made['notice_id']}"
    assert (await boss.get(notice))["is_warning"]
    refused(await boss("POST", f"{notice}/withdraw"), 403, "notice_of_platform")
    refused(await boss("DELETE", notice), 403, "notice_of_platform")
    await boss.post(f"/me/notices/{made['notice_id']}/read", {"is_confirmed": True})
    (seen,) = (await crm.platform.get(path))["items"]
    assert (seen["read"], seen["confirmed"], seen["withdrawn_at"]) == (1, 1, None)
    for _ in range(2):
        response = await crm.platform("DELETE", f"{path}/{made['notice_id']}")
        assert response.status_code == 204
    assert (await boss.get("/me/notices"))["items"] == []
    assert (await crm.platform.get(path))["items"][0]["withdrawn_at"]
    # A notice of its own is none of the platform's.
    own = {"text_en": "Hi", "ends_at": "2099-01-01T00:00:00Z", "is_for_all": True}
    own_id = (await boss.post("/notices", own))["notice_id"]
    refused(await crm.platform("DELETE", f"{path}/{own_id}"), 404, "warning_not_found")
    (there,) = (await boss.get("/audit-log?action=operator.warned"))["items"]
    assert there["actor"].startswith("operator:")
    here = (await crm.platform.get("/audit-log?action=tenant.warned"))["items"]
    assert [each["object_id"] for each in here] == [tenant_id]
