"""Departments and teams: a tree without rings, people who move, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.crm_api.teams.teller import TeamTeller
from ringway.proto.crm import TeamChangedV1
from ringway.proto.dialer import PutCampaignV1
from ringway.proto.dialer_teams import PutTeamV1

pytestmark = pytest.mark.api


async def _team(
    boss: Signed, name: str, parent: Any = None, kind: str = "team", **more: Any
) -> dict[str, Any]:
    parent_id = parent["team_id"] if parent is not None else None
    body = {"name": name, "kind": kind, "parent_id": parent_id, **more}
    team: dict[str, Any] = await boss.post("/teams", body)
    return team


async def _put(boss: Signed, team: dict[str, Any], etag: str = "*", **changed: Any) -> Any:
    body = {key: team[key] for key in ("name", "kind", "parent_id", "leader_ids")}
    path = f"/teams/{team['team_id']}"
    return await boss("PUT", path, json={**body, **changed}, headers={"If-Match": etag})


async def _told(crm: Crm) -> None:
    """Tell what the outbox has, as the worker does."""
    teller = TeamTeller(crm.deps.pool, crm.deps.bus, crm.clock)
    rows = await rows_of(
        crm, "DELETE FROM crm.outbox WHERE type = $1 RETURNING payload", TeamChangedV1.type_name()
    )
    for row in rows:
        await teller.tell(TeamChangedV1.model_validate(orjson.loads(row["payload"])))


@dataclass
class House:
    """A department with two teams, and an agent in each."""

    boss: Signed
    sales: dict[str, Any]
    north: dict[str, Any]
    south: dict[str, Any]
    ann: Signed
    bob: Signed


async def _house(crm: Crm) -> House:
    boss = await crm.open_tenant("acme")
    sales = await _team(boss, "Sales", kind="department")
    north, south = await _team(boss, "North", sales), await _team(boss, "South", sales)
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", "1002")
    await boss.post(f"/teams/{north['team_id']}/members", {"user_ids": [ann.user_id]})
    await boss.post(f"/teams/{south['team_id']}/members", {"user_ids": [bob.user_id]})
    return House(boss, sales, north, south, ann, bob)


async def test_people_move_and_their_history_stays(crm: Crm) -> None:
    house = await _house(crm)
    boss, north, south = house.boss, house.north, house.south
    below = await boss.get(f"/teams/{house.sales['team_id']}/members?below=true")
    assert {each["username"] for each in below["items"]} == {"ann", "bob"}
    assert (await boss.get(f"/teams/{house.sales['team_id']}/members"))["items"] == []
    await boss.post(f"/teams/{south['team_id']}/members", {"user_ids": [house.ann.user_id]})
    ok(await boss("DELETE", f"/teams/{south['team_id']}/members/{house.ann.user_id}"))
    response = await boss("DELETE", f"/teams/{south['team_id']}/members/{house.ann.user_id}")
    refused(response, 404, "member_not_found")
    moves = (await boss.get(f"/users/{house.ann.user_id}/team-moves"))["items"]
    assert [(m["from_name"], m["to_name"]) for m in moves] == [
        ("South", ""),
        ("North", "South"),
        ("", "North"),
    ]
    assert {m["moved_by"] for m in moves} == {"boss"}
    teams = {team["name"]: team for team in (await boss.get("/teams"))["items"]}
    assert (teams["North"]["members"], teams["South"]["members"]) == (0, 1)
    unknown = {"user_ids": [house.ann.user_id, str(uuid4())]}
    response = await boss("POST", f"/teams/{north['team_id']}/members", json=unknown)
    refused(response, 404, "user_not_found")
    teams = {team["name"]: team for team in (await boss.get("/teams"))["items"]}
    assert teams["North"]["members"] == 0  # all or nobody


async def test_no_ring_no_twin_and_no_teams_in_teams(crm: Crm) -> None:
    house = await _house(crm)
    boss, sales = house.boss, house.sales
    inner = await _team(boss, "Inner", sales, kind="department")
    for parent in (sales, inner):
        response = await _put(boss, sales, parent_id=parent["team_id"])
        refused(response, 422, "team_cycle")
    response = await _put(boss, inner, parent_id=house.north["team_id"])
    refused(response, 422, "team_in_team")
    refused(await _put(boss, inner, parent_id=str(uuid4())), 422, "team_unknown")
    refused(await _put(boss, inner, leader_ids=[str(uuid4())]), 422, "user_unknown")
    refused(await _put(boss, inner, name="north"), 409, "team_name_taken")
    refused(await _put(boss, sales, kind="team"), 409, "team_has_teams")
    problem = refused(await _put(boss, inner, '"7"', name="x"), 412, "team_changed")
    assert problem["current"]["name"] == "Inner"
    refused(await boss("DELETE", f"/teams/{sales['team_id']}"), 409, "team_not_empty")
    refused(await boss("DELETE", f"/teams/{house.north['team_id']}"), 409, "team_not_empty")
    ok(await boss("DELETE", f"/teams/{inner['team_id']}"))
    deep = None
    for n in range(12):
        deep = await _team(boss, f"d{n}", deep, kind="department")
    assert deep is not None
    body = {"name": "d12", "parent_id": deep["team_id"]}
    refused(await boss("POST", "/teams", json=body), 422, "team_too_deep")


async def test_leaders_supervise_their_subtree_and_nobody_else(crm: Crm) -> None:
    house = await _house(crm)
    boss = house.boss
    lea = await crm.user(boss, "acme", Role.TEAM_LEADER, "lea")
    ok(await _put(boss, house.sales, leader_ids=[lea.user_id]))
    await _told(crm)
    path = f"/monitor-groups/{house.sales['team_id']}"
    group = await boss.get(path)
    assert set(group["agent_ids"]) == {house.ann.user_id, house.bob.user_id}
    assert group["supervisor_ids"] == [lea.user_id]
    refused(await boss("GET", f"/monitor-groups/{house.north['team_id']}"), 404, "config_unknown")
    ok(await boss("DELETE", f"/teams/{house.south['team_id']}/members/{house.bob.user_id}"))
    await _told(crm)
    assert (await boss.get(path))["agent_ids"] == [house.ann.user_id]
    ok(await _put(boss, house.sales, leader_ids=[]))
    await _told(crm)
    refused(await boss("GET", path), 404, "config_unknown")


async def test_leaders_move_people_between_their_own_teams_only(crm: Crm) -> None:
    house = await _house(crm)
    boss = house.boss
    lea = await crm.user(boss, "acme", Role.TEAM_LEADER, "lea")
    ok(await _put(boss, house.sales, leader_ids=[lea.user_id]))
    support = await _team(boss, "Support")
    who = {"user_ids": [house.ann.user_id]}
    await lea.post(f"/teams/{house.south['team_id']}/members", who)
    response = await lea("POST", f"/teams/{support['team_id']}/members", json=who)
    refused(response, 403, "team_not_yours")
    refused(await lea("POST", "/teams", json={"name": "x"}), 403, "permission_missing")


async def test_campaigns_are_served_by_whoever_is_in_their_teams(crm: Crm) -> None:
    house = await _house(crm)
    boss = house.boss
    numbers = await boss.post("/lists", {"name": "l"})
    project = await boss.post("/projects", {"name": "p"})
    trunk = await boss.post("/trunks", {"name": "t", "host": "sip.example"})
    wanted = {
        "name": "c",
        "project_id": project["project_id"],
        "mode": "progressive",
        "list_ids": [numbers["list_id"]],
        "team_ids": [house.sales["team_id"]],
        "trunk_id": trunk["trunk_id"],
    }
    response = await boss("POST", "/campaigns", json={**wanted, "team_ids": [str(uuid4())]})
    refused(response, 422, "team_unknown")
    made = await boss.post("/campaigns", wanted)
    assert made["team_ids"] == [house.sales["team_id"]]
    assert crm.behind.last(PutCampaignV1).spec.team_ids == (house.sales["team_id"],)
    await _told(crm)

    async def serving() -> set[str]:
        rows = await rows_of(
            crm,
            "SELECT agent_id FROM dialer.campaign_agent_v WHERE campaign_id = $1",
            made["campaign_id"],
        )
        return {row["agent_id"] for row in rows}

    assert await serving() == {house.ann.user_id, house.bob.user_id}
    assert crm.behind.last(PutTeamV1).tenant == (await boss.get("/me"))["tenant_id"]
    ok(await boss("DELETE", f"/teams/{house.north['team_id']}/members/{house.ann.user_id}"))
    await _told(crm)
    assert await serving() == {house.bob.user_id}
    await boss.get(f"/campaigns/{made['campaign_id']}/summary")
    ok(await boss("DELETE", f"/teams/{house.south['team_id']}/members/{house.bob.user_id}"))
    for team in (house.north, house.south):
        ok(await boss("DELETE", f"/teams/{team['team_id']}"))
    response = await boss("DELETE", f"/teams/{house.sales['team_id']}")
    refused(response, 409, "team_not_empty")  # the campaign needs it


async def test_teams_of_another_enterprise_do_not_exist(crm: Crm) -> None:
    house = await _house(crm)
    other = await crm.open_tenant("other")
    team_id = house.north["team_id"]
    refused(await other("GET", f"/teams/{team_id}"), 404, "team_not_found")
    refused(await other("GET", f"/teams/{team_id}/members"), 404, "team_not_found")
    refused(
        await other("POST", "/teams", json={"name": "x", "parent_id": team_id}), 422, "team_unknown"
    )
    mine = await _team(other, "Mine")
    who = {"user_ids": [house.ann.user_id]}
    response = await other("POST", f"/teams/{mine['team_id']}/members", json=who)
    refused(response, 404, "user_not_found")
    refused(await other("GET", f"/users/{house.ann.user_id}/team-moves"), 404, "user_not_found")
