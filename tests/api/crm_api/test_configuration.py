"""What a tenant configures of its ACD, over REST and with the ACD's own checks behind."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.crm import USER_PASSWORD, Crm, Signed, ok, refused
from tests.support.waiting import eventually

from ringway.crm_api.access import Role

pytestmark = pytest.mark.api

NEW = {"If-None-Match": "*"}


async def _seat(boss: Signed, name: str = "ann", number: str = "801") -> str:
    user = {"username": name, "password": USER_PASSWORD, "role": "agent", "agent_number": number}
    return str((await boss.post("/users", user))["user_id"])


async def test_a_line_is_set_up_from_skill_to_number(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await _seat(boss)
    trunk = await boss.post("/trunks", {"name": "t", "host": "sip.example"})
    skill = await boss.post("/skills", {"name": "Dutch"})
    hours = await boss.post(
        "/calendars",
        {
            "name": "Office",
            "time_zone": "Europe/Amsterdam",
            "weekly": {"mon": [{"start": "09:00", "end": "17:00"}]},
        },
    )
    box = await boss.post("/voicemail-boxes", {"name": "Sales", "pin": "98765432", "number": "80"})
    response = await boss(
        "POST",
        "/queues",
        json={
            "name": "Sales",
            "rings": [{"after_s": 0, "needs": [{"skill_id": skill["skill_id"], "level": 3}]}],
            "calendar_id": hours["calendar_id"],
            "on_closed": {"kind": "voicemail", "value": box["voicemail_id"]},
        },
    )
    queue = ok(response)
    assert response.status_code == 201
    assert response.headers["etag"] == '"1"'
    assert response.headers["location"] == f"/api/v1/queues/{queue['queue_id']}"
    assert queue["ring_timeout_s"] == 15, "defaults are shown"
    assert queue == await boss.get(f"/queues/{queue['queue_id']}")
    route = await boss.post(
        "/inbound-routes",
        {
            "name": "Main",
            "trunk_id": trunk["trunk_id"],
            "did": "+31201234567",
            "target": {"kind": "queue", "value": queue["queue_id"]},
        },
    )
    await boss.post("/outbound-routes", {"name": "All", "trunk_ids": [trunk["trunk_id"]]})
    await boss.post("/blocked-callers", {"number": "+31209999999", "reason": "threats"})
    profile = await boss.put(
        f"/agent-profiles/{ann}", {"skills": {skill["skill_id"]: 7}}, headers=NEW
    )
    assert profile["agent_id"] == ann
    assert (await boss.get("/inbound-routes"))["items"] == [route]
    entries = (await boss.get("/audit-log"))["items"]
    assert "queue.put" in [entry["action"] for entry in entries]
    assert "98765432" not in str(entries)


async def test_conditions_groups_and_conference_rooms_stand_beside_routes(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    hours = await boss.post("/calendars", {"name": "Office"})
    queue = await boss.post("/queues", {"name": "Sales"})
    target = {"kind": "queue", "value": queue["queue_id"]}
    condition = await boss.post(
        "/time-conditions",
        {"name": "Day", "calendar_id": hours["calendar_id"], "target": target},
    )
    assert condition["closed_target"] == {"kind": "hang_up", "value": ""}
    group = await boss.post(
        "/caller-groups",
        {"name": "Gold", "numbers": ["+31201234567"], "queues": {"*": queue["queue_id"]}},
    )
    assert group == await boss.get(f"/caller-groups/{group['caller_group_id']}")
    room = await boss.post("/conference-rooms", {"name": "Weekly", "pin": "98765432"})
    for n, to in enumerate(
        (
            {"kind": "time_condition", "value": condition["time_condition_id"]},
            {"kind": "conference", "value": room["conference_room_id"]},
        )
    ):
        await boss.post("/inbound-routes", {"name": f"r{n}", "did": f"+3120{n}", "target": to})
    path = f"/time-conditions/{condition['time_condition_id']}"
    refused(await boss("DELETE", path, headers={"If-Match": "*"}), 409, "config_in_use")
    assert "98765432" not in str((await boss.get("/audit-log"))["items"])


async def test_refusals_name_the_field_and_what_to_do(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")

    async def post(path: str, body: dict[str, Any], code: str, status: int = 422) -> str:
        problem = refused(await boss("POST", path, json=body), status, code)
        return str(problem["detail"])

    assert "body.colour" in await post("/queues", {"name": "S", "colour": 1}, "validation_failed")
    body: dict[str, Any] = {"name": "S", "callback": {"enabeld": True}}
    assert "body.callback.enabeld" in await post("/queues", body, "validation_failed")
    assert "body.name" in await post("/queues", {"name": "a\x00b"}, "validation_failed")
    body = {"name": "S", "calendar_id": "none"}
    assert "calendar_id: " in await post("/queues", body, "reference_unknown")
    body = {"name": "S", "agent_ids": ["nobody"]}
    assert "agent_ids.0: " in await post("/queues", body, "reference_unknown")
    body = {"name": "S", "supervisor_ids": ["nobody"]}
    assert "supervisor_ids.0: " in await post("/monitor-groups", body, "reference_unknown")
    body = {"name": "S", "time_zone": "Mars/Olympus"}
    assert "time_zone: " in await post("/calendars", body, "config_invalid")
    body = {"name": "S", "rings": [{"after_s": 5}]}
    assert "rings.0.after_s: " in await post("/queues", body, "config_invalid")
    await boss.post("/skills", {"name": "Dutch"})
    assert "name: " in await post("/skills", {"name": "dutch"}, "name_taken", 409)
    huge = b'{"name": "S", "max_wait_s": 1e999}'
    response = await boss(
        "POST", "/queues", content=huge, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 422


async def test_put_creates_or_changes_only_what_was_seen(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    path = "/queues/sales"
    body = {"name": "Sales"}
    refused(await boss("PUT", path, json=body), 428, "if_match_required")
    refused(await boss("PUT", path, json=body, headers={"If-Match": "*"}), 404, "config_unknown")
    refused(await boss("PUT", path, json=body, headers={"If-Match": '"3"'}), 404, "config_unknown")
    for headers in ({"If-None-Match": '"1"'}, {**NEW, "If-Match": "*"}):
        refused(await boss("PUT", path, json=body, headers=headers), 400, "if_none_match_invalid")
    made = await boss("PUT", path, json=body, headers=NEW)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    first = {"If-Match": made.headers["etag"]}
    changed = await boss("PUT", path, json={"name": "Sales", "priority": 7}, headers=first)
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    for headers in (first, NEW):
        response = await boss("PUT", path, json={"name": "S", "priority": 1}, headers=headers)
        assert refused(response, 412, "config_changed")["current"]["priority"] == 7
        assert response.headers["etag"] == '"2"'
    refused(await boss("DELETE", path, headers=first), 412, "config_changed")
    assert (await boss("DELETE", path, headers={"If-Match": '"2"'})).status_code == 204
    refused(await boss("DELETE", path), 404, "config_unknown")
    refused(await boss("GET", path), 404, "config_unknown")


async def test_a_repeated_post_makes_one(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    key = {"Idempotency-Key": "k1"}
    first = ok(await boss("POST", "/skills", json={"name": "Dutch"}, headers=key))
    again = await boss("POST", "/skills", json={"name": "Dutch"}, headers=key)
    assert (again.status_code, again.json()) == (201, first)
    assert len((await boss.get("/skills"))["items"]) == 1


async def test_what_is_used_is_not_deleted(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    skill = await boss.post("/skills", {"name": "Dutch"})
    needs = [{"skill_id": skill["skill_id"]}]
    queue = await boss.post("/queues", {"name": "Sales", "rings": [{"after_s": 0, "needs": needs}]})
    response = await boss("DELETE", f"/skills/{skill['skill_id']}")
    assert "queue Sales" in refused(response, 409, "config_in_use")["detail"]
    ok(await boss("DELETE", f"/queues/{queue['queue_id']}"))
    ok(await boss("DELETE", f"/skills/{skill['skill_id']}"))


async def test_another_tenants_objects_do_not_exist(crm: Crm) -> None:
    acme, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    skill = await acme.post("/skills", {"name": "Dutch"})
    path = f"/skills/{skill['skill_id']}"
    refused(await other("GET", path), 404, "config_unknown")
    refused(await other("DELETE", path), 404, "config_unknown")
    response = await other("PUT", path, json={"name": "x"}, headers={"If-Match": "*"})
    refused(response, 404, "config_unknown")
    needs = [{"skill_id": skill["skill_id"]}]
    body = {"name": "Sales", "rings": [{"after_s": 0, "needs": needs}]}
    refused(await other("POST", "/queues", json=body), 422, "reference_unknown")
    ann = await _seat(acme)
    body = {"name": "All", "supervisor_ids": [ann]}
    refused(await other("POST", "/monitor-groups", json=body), 422, "reference_unknown")
    refused(
        await other("PUT", f"/agent-profiles/{ann}", json={}, headers=NEW), 422, "reference_unknown"
    )
    assert (await other.get("/skills"))["items"] == []
    assert (await acme.get(path))["name"] == "Dutch"


async def test_pages_follow_each_other(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    made = [(await boss.post("/skills", {"name": f"Skill {n}"}))["skill_id"] for n in range(5)]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = await boss.get(f"/skills?limit=2{cursor and f'&cursor={cursor}'}")
        assert len(page["items"]) <= 2
        seen += [item["skill_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == sorted(made)
    refused(await boss("GET", "/skills?cursor=%21"), 400, "cursor_invalid")


async def test_settings_begin_with_their_defaults(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    response = await boss("GET", "/acd-settings")
    assert ok(response)["country_code"] == "86"
    assert response.json()["changed_at"] is None
    tag = {"If-Match": response.headers["etag"]}
    body = {"country_code": "31", "park_first": 8001, "park_last": 8010}
    refused(await boss("PUT", "/acd-settings", json=body), 428, "if_match_required")
    changed = await boss("PUT", "/acd-settings", json=body, headers=tag)
    assert ok(changed)["changed_at"] is not None
    other = {**body, "area_code": "20"}
    refused(await boss("PUT", "/acd-settings", json=other, headers=tag), 412, "config_changed")
    again = await boss.put("/acd-settings", other, headers={"If-Match": "*"})
    assert (await boss.get("/acd-settings")) == again
    bad = {"park_first": 9, "park_last": 8}
    response = await boss("PUT", "/acd-settings", json=bad, headers={"If-Match": "*"})
    refused(response, 422, "config_invalid")


async def test_roles_see_what_they_need(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    box = await boss.post("/voicemail-boxes", {"name": "Sales", "pin": "1234"})
    await boss.post("/queues", {"name": "Sales"})
    path = f"/voicemail-boxes/{box['voicemail_id']}"
    leader = await crm.user(boss, "acme", Role.TEAM_LEADER, number="802")
    agent = await crm.user(boss, "acme", Role.AGENT, number="803")
    admin = await crm.user(boss, "acme", Role.CONFIGURATION_ADMIN)
    assert (await leader.get(path))["pin"] == ""
    assert (await leader.get("/voicemail-boxes"))["items"][0]["pin"] == ""
    assert (await admin.get(path))["pin"] == "1234"
    assert [queue["name"] for queue in (await agent.get("/queues"))["items"]] == ["Sales"]
    refused(await agent("GET", path), 403, "permission_missing")
    refused(await leader("POST", "/skills", json={"name": "x"}), 403, "permission_missing")
    await admin.post("/skills", {"name": "x"})


async def test_without_the_acd_it_is_503(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    await boss.post("/skills", {"name": "Dutch"})
    await crm.configuration.aclose()

    async def nobody_answers() -> bool:
        return bool((await boss("GET", "/skills")).json().get("code") == "service_unavailable")

    await eventually(nobody_answers, within_s=15, what="the ACD is away")
    for method, path in (("GET", "/skills/x"), ("GET", "/acd-settings"), ("DELETE", "/skills/x")):
        response = await boss(method, path)
        refused(response, 503, "service_unavailable")
        assert response.headers["retry-after"]
    response = await boss("POST", "/skills", json={"name": "x"})
    refused(response, 503, "service_unavailable")


# -- holidays ------------------------------------------------------------------------------------

WEEK = {"fri": [{"start": "09:00", "end": "17:00"}]}


def _file(text: str | bytes) -> dict[str, tuple[str, bytes]]:
    return {"file": ("days.csv", text if isinstance(text, bytes) else text.encode())}


async def test_holidays_are_imported_and_imported_again(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    days = [{"date": "2025-12-25", "name": "Christmas"}, {"date": "2026-10-01"}]
    made = await boss.post("/calendars", {"name": "Office", "weekly": WEEK, "days": days})
    path = f"/calendars/{made['calendar_id']}"
    text = (
        "date;name;like;slots\r\n2026-10-01;国庆节;;\r\n2026-10-10;补班;周五;\r\n"
        "2026-12-24;;;09:00-12:00 13:00-15:00\r\n"
    )
    response = await boss("POST", f"{path}/days", files=_file(text.encode("gb18030")))
    report = ok(response)
    assert {k: report[k] for k in ("added", "replaced", "removed", "days")} == {
        "added": 2, "replaced": 1, "removed": 0, "days": 4,
    }  # fmt: skip
    assert response.headers["etag"] == '"2"'
    calendar = await boss.get(path)
    assert [day["date"] for day in calendar["days"]] == [
        "2025-12-25", "2026-10-01", "2026-10-10", "2026-12-24",
    ]  # fmt: skip
    assert calendar["days"][1]["name"] == "国庆节"
    assert calendar["days"][2]["like"] == "fri"
    assert len(calendar["days"][3]["slots"]) == 2
    assert calendar["weekly"] == made["weekly"]
    again = await boss("POST", f"{path}/days", files=_file(text))
    assert (ok(again)["replaced"], again.headers["etag"]) == (3, '"2"'), "nothing was changed"
    form = {"replace_all": "true"}
    report = ok(await boss("POST", f"{path}/days", files=_file("date\n2027-01-01\n"), data=form))
    assert (report["removed"], report["days"]) == (4, 1)


async def test_bad_rows_are_told_and_none_is_taken(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    made = await boss.post("/calendars", {"name": "Office"})
    path = f"/calendars/{made['calendar_id']}/days"
    text = "date,name,like,slots\n2026-10-01,a,,\n2026-02-30,b,,\n2026-10-02,c,,25:00-26:00\n"
    problem = refused(await boss("POST", path, files=_file(text)), 422, "rows_invalid")
    assert [(e["line"], e["column"], e["code"]) for e in problem["errors"]] == [
        (3, "date", "date_invalid"),
        (4, "slots", "slots_invalid"),
    ]
    for bad in (b"", b"\xff\xff\xff", b'date\n"2026-01-01\n', b"date\x00\n"):
        response = await boss("POST", path, files=_file(bad))
        assert response.status_code == 422, response.text
    assert (await boss.get(f"/calendars/{made['calendar_id']}"))["days"] == []
    refused(await boss("POST", "/calendars/none/days", files=_file(text)), 404, "config_unknown")
    good = _file("date\n2026-10-01\n")
    response = await boss("POST", path, files=good, headers={"If-Match": '"7"'})
    refused(response, 412, "config_changed")
