"""Notices: to whom they are shown, who has read them, and how it is told live."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.crm_api.events.audience import is_for
from ringway.crm_api.events.stream import View
from ringway.crm_api.features import Feature
from ringway.crm_api.notices.service import tell
from ringway.proto.crm_knowledge import NoticePublishedV1, NoticeWithdrawnV1

pytestmark = pytest.mark.api

_UNTIL = "2999-01-01T00:00:00Z"


async def _notice(by: Signed, text: str, *, publish: bool = True, **more: Any) -> Any:
    made = await by.post("/notices", {"text_en": text, "ends_at": _UNTIL, **more})
    return await by.post(f"/notices/{made['notice_id']}/publish") if publish else made


async def _shown(who: Signed, **params: Any) -> list[str]:
    return [each["text_en"] for each in (await who.get("/me/notices", params=params))["items"]]


async def test_notices_reach_whom_they_are_for(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    lea = await crm.user(boss, "acme", Role.TEAM_LEADER, "lea")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    sales = await boss.post(
        "/teams", {"name": "S", "kind": "department", "leader_ids": [lea.user_id]}
    )
    north = await boss.post("/teams", {"name": "N", "parent_id": sales["team_id"]})
    south = await boss.post("/teams", {"name": "O"})
    await boss.post(f"/teams/{north['team_id']}/members", {"user_ids": [ann.user_id]})
    other = await crm.open_tenant("other")

    for bad in (
        {},
        {"is_for_all": True, "text_en": ""},
        {"is_for_all": True, "ends_at": "2000-01-01"},
    ):
        response = await boss("POST", "/notices", json={"text_en": "x", "ends_at": _UNTIL, **bad})
        refused(response, 422, "validation_failed")
    unknown: tuple[tuple[dict[str, Any], str], ...] = (
        ({"user_ids": [str(uuid4())]}, "user_unknown"),
        ({"team_ids": [str(uuid4())]}, "team_unknown"),
        ({"roles": ["system_admin"]}, "role_unknown"),
    )
    for target, code in unknown:
        body = {"text_en": "x", "ends_at": _UNTIL, **target}
        refused(await boss("POST", "/notices", json=body), 422, code)
    # Leaders write to the teams that they lead.
    not_theirs: tuple[dict[str, Any], ...] = (
        {"is_for_all": True},
        {"team_ids": [south["team_id"]]},
        {"user_ids": [bob.user_id]},
    )
    for target in not_theirs:
        body = {"text_en": "x", "ends_at": _UNTIL, **target}
        refused(await lea("POST", "/notices", json=body), 403, "team_not_yours")

    to_all = await _notice(boss, "all", is_for_all=True)
    await _notice(lea, "sales", team_ids=[sales["team_id"]], priority="high")
    await _notice(boss, "leaders", roles=["team_leader"])
    await _notice(boss, "bob", user_ids=[bob.user_id], priority="urgent")
    await _notice(boss, "draft", is_for_all=True, publish=False)
    assert await _shown(ann) == ["sales", "all"]
    assert await _shown(bob) == ["bob", "all"]
    assert await _shown(lea) == ["sales", "leaders", "all"]
    assert await _shown(other) == []
    path = f"/notices/{to_all['notice_id']}"
    refused(await other("GET", path), 404, "notice_not_found")
    refused(await other("POST", f"/me{path}/read", json={}), 404, "notice_not_found")
    refused(await lea("POST", f"{path}/withdraw"), 403, "not_the_owner")
    refused(await ann("GET", path), 403, "permission_missing")

    rows = await rows_of(
        crm,
        "SELECT payload FROM crm.outbox WHERE type = $1 ORDER BY id",
        NoticePublishedV1.type_name(),
    )
    facts = [orjson.loads(row["payload"]) for row in rows]
    assert len(facts) == 4
    assert not any("text_en" in fact or "bob" in str(fact["audience"]["roles"]) for fact in facts)
    for who, told in ((ann, [0, 1]), (bob, [0, 3]), (lea, [0, 1, 2])):
        caller, _ = crm.deps.tokens.read(who.token, crm.clock(), "127.0.0.1")
        caller = await crm.deps.rights.of(caller, crm.clock())
        assert [n for n, fact in enumerate(facts) if await is_for(crm.deps, caller, fact)] == told
    ok(await boss("DELETE", f"/teams/{north['team_id']}/members/{ann.user_id}"))
    assert await _shown(ann) == ["all"]


async def test_who_has_read_and_who_has_not(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    crm.clock.stop()
    begins = (crm.clock() + timedelta(hours=1)).isoformat()
    ends = (crm.clock() + timedelta(hours=2)).isoformat()
    times = {"begins_at": begins, "ends_at": ends}
    made = await _notice(boss, "x", publish=False, roles=["agent"], must_confirm=True, **times)
    path = f"/notices/{made['notice_id']}"
    wanted = {"text_en": "read this", "roles": ["agent"], "must_confirm": True, **times}
    problem = refused(
        await boss("PUT", path, json=wanted, headers={"If-Match": '"4"'}), 412, "notice_changed"
    )
    assert problem["current"]["text_en"] == "x"
    await boss.put(path, wanted, headers={"If-Match": '"1"'})
    refused(await boss("POST", f"{path}/withdraw"), 409, "notice_not_published")
    await boss.post(f"{path}/publish", headers={"If-Match": '"2"'})
    refused(await boss("POST", f"{path}/publish"), 409, "notice_published")
    response = await boss("PUT", path, json=wanted, headers={"If-Match": "*"})
    refused(response, 409, "notice_published")
    refused(await boss("DELETE", path), 409, "notice_published")
    assert await _shown(ann) == []
    assert await _shown(ann, coming=True) == ["read this"]
    refused(await ann("POST", f"/me{path}/read", json={}), 404, "notice_not_found")

    crm.clock.forward(3_700)
    ann, bob = await crm.sign_in("ann@acme"), await crm.sign_in("bob@acme")
    boss = await crm.sign_in("boss@acme")
    assert await _shown(ann) == ["read this"]
    ok(await ann("POST", f"/me{path}/read", json={}))
    assert await _shown(ann, unread=True) == ["read this"]  # he has still to confirm
    ok(await ann("POST", f"/me{path}/read", json={"is_confirmed": True}))
    ok(await ann("POST", f"/me{path}/read", json={}))  # which takes nothing back
    assert await _shown(ann, unread=True) == []
    ok(await bob("POST", f"/me{path}/read", json={}))
    assert await boss.get(f"{path}/receipts/counts") == {"audience": 2, "read": 2, "confirmed": 1}
    for state, names in (
        ("read", {"ann", "bob"}),
        ("unread", set()),
        ("confirmed", {"ann"}),
        ("unconfirmed", {"bob"}),
    ):
        found = await boss.get(f"{path}/receipts", params={"state": state})
        assert {each["username"] for each in found["items"]} == names
    first = await boss.get(f"{path}/receipts", params={"limit": 1})
    params = {"limit": 1, "cursor": first["next_cursor"]}
    second = await boss.get(f"{path}/receipts", params=params)
    assert {first["items"][0]["username"], second["items"][0]["username"]} == {"ann", "bob"}

    await boss.post(f"{path}/withdraw")
    assert await _shown(ann) == []
    rows = await rows_of(
        crm, "SELECT 1 FROM crm.outbox WHERE type = $1", NoticeWithdrawnV1.type_name()
    )
    assert len(rows) == 1
    log = await boss.get("/audit-log", params={"action": "notice."})
    assert [each["action"] for each in log["items"]] == [
        "notice.withdrawn",
        "notice.published",
        "notice.changed",
        "notice.created",
    ]
    late = await _notice(boss, "late", publish=False, is_for_all=True)
    crm.clock.forward(10)
    over = {
        "text_en": "x",
        "is_for_all": True,
        "begins_at": begins,
        "ends_at": crm.clock().isoformat(),
    }
    late_path = f"/notices/{late['notice_id']}"
    await boss.put(late_path, over, headers={"If-Match": "*"})
    refused(await boss("POST", f"{late_path}/publish"), 409, "notice_over")
    ok(await boss("DELETE", late_path))


async def test_without_the_feature_only_the_platform_is_heard(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    me = await boss.get("/me")
    path, tenant_id = f"/tenants/{me['tenant_id']}", UUID(me["tenant_id"])
    made = await _notice(boss, "all", is_for_all=True)
    assert await _shown(ann) == await _shown(boss) == ["all"]
    features = sorted(set(Feature) - {Feature.NOTICES})
    await crm.platform.put(f"{path}/features", {"features": features})
    # Nobody writes, reads or is told; what the system itself would tell is not kept either.
    refused(await boss("GET", "/notices"), 403, "feature_off")
    refused(await boss("POST", "/notices", json={}), 403, "feature_off")
    assert await _shown(ann) == await _shown(boss) == []
    of_all = f"/me/notices/{made['notice_id']}/read"
    refused(await ann("POST", of_all, json={}), 404, "notice_not_found")
    told = "SELECT convert_from(payload, 'utf8') AS p FROM crm.outbox WHERE type = $1 ORDER BY id"
    async with crm.deps.pool.tenant(tenant_id) as conn:
        of_boss = UUID(me["user_id"])
        await tell(crm.deps, conn, tenant_id=tenant_id, user_id=of_boss, text_en="e", text_zh="z")
    assert len(await rows_of(crm, told, NoticePublishedV1.type_name())) == 1
    # The platform's warnings come all the same, and are confirmed.
    warning = {"text_en": "Stop this.", "text_zh": "请停止。"}
    await crm.platform.post(f"{path}/warnings", warning)
    (mine,) = (await boss.get("/me/notices"))["items"]
    assert mine["text_en"] == "Stop this."
    ok(await boss("POST", f"/me/notices/{mine['notice_id']}/read", json={"is_confirmed": True}))
    (seen,) = (await crm.platform.get(f"{path}/warnings"))["items"]
    assert seen["confirmed"] == 1
    caller, _ = crm.deps.tokens.read(boss.token, crm.clock(), "127.0.0.1")
    view = View(await crm.deps.rights.of(caller, crm.clock()))
    facts = [orjson.loads(row["p"]) for row in await rows_of(
        crm, told, NoticePublishedV1.type_name()
    )]  # fmt: skip
    assert [view.is_off(NoticePublishedV1.type_name(), fact) for fact in facts] == [True, False]
    assert not view.is_off("crm.v1.team.changed", {})
    # Nothing is lost: with the feature it is there again.
    await crm.platform.put(f"{path}/features", {"features": sorted(Feature)})
    assert await _shown(ann) == ["all"]
