"""Projects, campaigns and their summaries; interactions and recordings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.crm_api.recordings.media import media_token
from ringway.proto.acd_calls import SuperviseV1
from ringway.proto.acd_choice import ChooseCampaignsV1
from ringway.proto.dialer import PutCampaignV1, RemoveCampaignV1
from ringway.recorder.core.token import is_valid
from ringway.runtime.bus import Refused
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.api


class _Campaigns:
    """A tenant with all that a campaign needs."""

    def __init__(self, boss: Signed) -> None:
        self.boss = boss
        self.body: dict[str, Any] = {}

    async def prepare(self, crm: Crm) -> _Campaigns:
        ann = await crm.user(self.boss, "acme", Role.AGENT, "ann", number="801")
        self.ann = ann.user_id
        trunk = await self.boss.post("/trunks", {"name": "t", "host": "sip.example"})
        project = await self.boss.post("/projects", {"name": "p"})
        numbers = await self.boss.post("/lists", {"name": "l"})
        self.body = {
            "name": "spring",
            "project_id": project["project_id"],
            "mode": "progressive",
            "list_ids": [numbers["list_id"]],
            "agent_ids": [ann.user_id],
            "trunk_id": trunk["trunk_id"],
            "retry_rules": [{"disposition": "busy", "delay_s": 60, "max_attempts": 2}],
        }
        return self


async def test_campaign_from_draft_to_stop(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    body = (await _Campaigns(boss).prepare(crm)).body
    made = await boss("POST", "/campaigns", json=body)
    campaign = ok(made)
    assert (campaign["state"], campaign["wrap_up_s"], campaign["mode"]) == (
        "draft",
        30,
        "progressive",
    )
    spec = crm.behind.last(PutCampaignV1).spec
    assert spec.retry_rules[0].disposition == "busy"
    path = f"/campaigns/{campaign['campaign_id']}"
    assert await boss.get(path) == campaign
    etag = made.headers["etag"]
    changed = await boss("PUT", path, json={**body, "ratio": 2}, headers={"If-Match": etag})
    assert ok(changed)["ratio"] == 2
    late = await boss("PUT", path, json=body, headers={"If-Match": etag})
    assert refused(late, 412, "campaign_changed")["current"]["ratio"] == 2
    for action, state in (("start", "running"), ("pause", "paused"), ("stop", "stopped")):
        assert (await boss.post(f"{path}/{action}"))["state"] == state
    assert [c["campaign_id"] for c in (await boss.get("/campaigns?state=stopped"))["items"]] == [
        campaign["campaign_id"]
    ]
    assert (await boss.get("/campaigns?state=running"))["items"] == []
    stale = await boss("DELETE", path, headers={"If-Match": '"99"'})
    assert refused(stale, 412, "campaign_changed")["current"]["state"] == "stopped"
    crm.behind.refuse[RemoveCampaignV1] = Refused("campaign_has_calls", "Wait for them.")
    refused(await boss("DELETE", path), 409, "campaign_has_calls")
    crm.behind.refuse.clear()
    assert (await boss("DELETE", path)).status_code == 204
    refused(await boss("GET", path), 404, "campaign_not_found")
    refused(await boss("DELETE", path), 404, "campaign_not_found")
    assert (await boss.get("/campaigns"))["items"] == []
    (entry,) = (await boss.get("/audit-log?action=campaign.removed"))["items"]
    assert entry["detail"] == {"name": campaign["name"]}


async def test_projects_and_lists_are_removed_when_nothing_uses_them(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    body = (await _Campaigns(boss).prepare(crm)).body
    campaign = await boss.post("/campaigns", body)
    project, numbers = f"/projects/{body['project_id']}", f"/lists/{body['list_ids'][0]}"
    filled = await boss.post(f"{numbers}/query", {})
    refused(await boss("DELETE", project), 409, "project_in_use")
    busy = "UPDATE crm.import_batch SET state = $2 WHERE batch_id = $1"
    await rows_of(crm, busy, filled["batch_id"], "running")
    refused(await boss("DELETE", numbers), 409, "list_is_filled")
    await rows_of(crm, busy, filled["batch_id"], "finished")
    refused(await boss("DELETE", numbers), 409, "list_in_use")
    other = await crm.open_tenant("other")
    for path, code in ((project, "project_not_found"), (numbers, "list_not_found")):
        refused(await other("DELETE", path), 404, code)
    ok(await boss("DELETE", f"/campaigns/{campaign['campaign_id']}"))
    for path, noun in ((project, "project"), (numbers, "list")):
        name = (await boss.get(path))["name"]
        assert (await boss("DELETE", path)).status_code == 204
        refused(await boss("GET", path), 404, f"{noun}_not_found")
        refused(await boss("PUT", path, json={"name": "again"}), 404, f"{noun}_not_found")
        refused(await boss("DELETE", path), 404, f"{noun}_not_found")
        (entry,) = (await boss.get(f"/audit-log?action={noun}.removed"))["items"]
        assert entry["detail"]["name"] == name
    refused(await boss("GET", f"{numbers}/leads"), 404, "list_not_found")
    refused(await boss("GET", f"{numbers}/query"), 404, "list_not_found")
    assert [each["name"] for each in (await boss.get("/lists"))["items"]] == []


async def test_an_agent_sees_the_campaigns_that_he_serves(crm: Crm) -> None:
    work = await _Campaigns(await crm.open_tenant("acme")).prepare(crm)
    boss, body = work.boss, work.body
    ann = await crm.user(boss, "acme", Role.AGENT, "anne", number="1009")
    idle = await crm.user(boss, "acme", Role.AGENT, "idle", number="1010")
    department = await boss.post("/teams", {"name": "Sales", "kind": "department"})
    below = {"name": "North", "parent_id": department["team_id"]}
    team = (await boss.post("/teams", below))["team_id"]
    await boss.post(f"/teams/{team}/members", {"user_ids": [ann.user_id]})
    everybody = {"agent_ids": [], "team_ids": [department["team_id"]]}
    wanted: dict[str, dict[str, Any]] = {
        "hers": {"agent_ids": [ann.user_id]},
        "all": {**everybody, "mode": "manual"},
        "draft": {"agent_ids": [ann.user_id]},
        "others": {},
    }
    made = {
        name: (await boss.post("/campaigns", {**body, "name": name, **more}))["campaign_id"]
        for name, more in wanted.items()
    }
    # Who is in which team the dialer is told by a worker.
    await rows_of(
        crm,
        "INSERT INTO dialer.team (tenant_id, team_id, agent_ids) VALUES ($1, $2, $3)",
        *((await boss.get("/me"))["tenant_id"], department["team_id"], [ann.user_id]),
    )
    for name in ("hers", "all", "others"):
        await boss.post(f"/campaigns/{made[name]}/start")
    await boss.post(f"/campaigns/{made['hers']}/pause")
    shown = (await ann.get("/agents/me/campaigns"))["items"]
    assert [(c["name"], c["state"], c["can_take_leads"]) for c in shown] == [
        ("all", "running", True),
        ("hers", "paused", False),
    ]
    assert (await idle.get("/agents/me/campaigns"))["items"] == []
    await _chooses(crm, boss, ann, made)


async def _chooses(crm: Crm, boss: Signed, ann: Signed, made: dict[str, str]) -> None:
    """She and her supervisor choose of what she serves; what is not hers is refused."""
    mine, others = "/agents/me/chosen-campaigns", {"campaign_ids": [made["all"], made["others"]]}
    before = await ann.get("/agents/me/campaigns")
    assert (before["choice"], before["must_choose"]) == ("all", False)
    assert all(c["is_chosen"] for c in before["items"])
    twice = {"campaign_ids": [made["all"], made["all"]]}
    now = ok(await ann("PUT", mine, json=twice))
    assert crm.behind.last(ChooseCampaignsV1).campaign_ids == (made["all"],)
    assert now == await ann.get("/agents/me/campaigns")
    chosen = {c["name"]: c["is_chosen"] for c in now["items"]}
    assert (now["choice"], chosen) == ("chosen", {"all": True, "hers": False})
    assert (await ann.get("/agents/me"))["chosen_campaigns"] == [made["all"]]
    problem = refused(await ann("PUT", mine, json=others), 422, "campaign_not_assigned")
    assert made["others"] in problem["detail"]
    assert made["all"] not in problem["detail"]
    crm.behind.refuse[ChooseCampaignsV1] = Refused("campaign_choice_required", "Choose one.")
    refused(await ann("PUT", mine, json={"campaign_ids": []}), 409, "campaign_choice_required")
    theirs = f"/supervision/agents/{ann.user_id}/chosen-campaigns"
    refused(await boss("PUT", theirs, json=others), 422, "campaign_not_assigned")
    set_for_her = ok(await boss("PUT", theirs, json={"campaign_ids": [made["hers"]]}))
    assert set_for_her["choice"] == "chosen"
    assert crm.behind.last(SuperviseV1).campaign_ids == (made["hers"],)
    entries = (await boss.get("/audit-log?action=supervision.chosen_campaigns"))["items"]
    assert entries[0]["detail"] == {"outcome": "done", "campaign_ids": [made["hers"]]}
    nowhere = f"/supervision/agents/{uuid4()}/chosen-campaigns"
    refused(await boss("PUT", nowhere, json={"campaign_ids": []}), 404, "agent_unknown")
    await boss.post(f"/campaigns/{made['hers']}/stop")
    left = await ann.get("/agents/me/campaigns")
    assert (left["choice"], [c["name"] for c in left["items"]]) == ("none", ["all"])


async def test_everything_that_is_set_on_a_campaign_is_kept_and_shown(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    body = (await _Campaigns(boss).prepare(crm)).body
    more = {
        "mode": "predictive",
        "priority": 9,
        "rate_cps": 2.5,
        "target_abandonment": 0.02,
        "schedule": {
            "zone": "Asia/Shanghai",
            "use_lead_zone": False,
            "windows": [{"days": ["mon", "fri"], "begins": "09:00", "ends": "18:00"}],
            "valid_until": "2027-01-31",
        },
        "preview": {"time_s": 20, "on_timeout": "skip", "skip_delay_s": 60},
        "caps": {"lead_per_day": 2},
        "abandonment_message": ["sorry"],
    }
    campaign = await boss.post("/campaigns", {**body, **more})
    for name, value in more.items():
        shown = campaign[name]
        if isinstance(value, dict):
            shown = {key: shown[key] for key in value}
        assert shown == value, name
    assert crm.behind.last(PutCampaignV1).spec.schedule.zone == "Asia/Shanghai"
    for bad in (
        {"schedule": {"zone": "Mars/Base"}},
        {"schedule": {"zone": "UTC", "hours": []}},
        {"caps": {"lead_per_day": 0}},
        {"preview": {"time_s": 1}},
        {"mode": "ivr"},
        {"target_abandonment": 0.5},
        {"project_id": "x/y"},
    ):
        response = await boss("POST", "/campaigns", json={**body, **bad})
        refused(response, 422, "validation_failed")


async def test_a_campaign_is_not_changed_when_another_was_faster_at_the_dialer(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    campaigns = _Campaigns(boss)
    body = (await campaigns.prepare(crm)).body
    campaign = await boss.post("/campaigns", body)
    at, seen = f"/campaigns/{campaign['campaign_id']}", {"If-Match": f'"{campaign["version"]}"'}
    # Both have seen this version: the dialer decides who was first.
    answers = await asyncio.gather(
        *(
            boss("PUT", at, json={**body, "name": name}, headers=seen)
            for name in ("Spring", "Autumn")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    (won,) = (answer.json() for answer in answers if answer.status_code == 200)
    (lost,) = (answer.json() for answer in answers if answer.status_code == 412)
    assert (lost["code"], lost["current"]["name"]) == ("campaign_changed", won["name"])
    assert crm.behind.last(PutCampaignV1).if_version == campaign["version"]
    assert (await boss.get(at))["name"] == won["name"]


async def test_campaign_of_unknown_parts_is_refused_before_the_dialer_is_asked(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    body = (await _Campaigns(boss).prepare(crm)).body
    other = await crm.open_tenant("other")
    theirs = await other.post("/trunks", {"name": "t", "host": "sip.example"})
    bad = {**body, "trunk_id": theirs["trunk_id"]}
    refused(await boss("POST", "/campaigns", json=bad), 422, "trunk_unknown")
    bad = {**body, "agent_ids": [str(uuid7())]}
    refused(await boss("POST", "/campaigns", json=bad), 422, "agent_unknown")
    for field, value in (("ratio", 0.5), ("ratio", "nan"), ("mode", "wild"), ("wrap_up_s", -1)):
        response = await boss("POST", "/campaigns", json={**body, field: value})
        refused(response, 422, "validation_failed")
    assert not [each for each in crm.behind.asked if isinstance(each, PutCampaignV1)]


async def _attempt(
    crm: Crm, tenant: str, campaign: str, at: datetime, answered: bool, disposition: str
) -> str:
    interaction = str(uuid7())
    await rows_of(
        crm,
        """
        INSERT INTO dialer.attempt (tenant_id, attempt_id, interaction_id, campaign_id, list_id,
            lead_id, attempt_no, phone_e164, mode, trunk_id, node, claimed_at, placed_at,
            answered_at, ended_at, disposition)
        VALUES ($1, $2, $3, $4, 'l', $5, 1, '+40215550100', 'progressive', 't', 'ast-0', $6, $6,
                $7, $8, $9)
        """,
        *(tenant, str(uuid7()), interaction, campaign, interaction, at),
        at + timedelta(seconds=2) if answered else None,
        at + timedelta(seconds=20),
        disposition,
    )
    return interaction


async def test_summary_is_counted_from_what_is_stored(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    work = await _Campaigns(boss).prepare(crm)
    campaign = (await boss.post("/campaigns", work.body))["campaign_id"]
    path = f"/campaigns/{campaign}/summary"
    assert await boss.get(path) == {
        "attempts": 0,
        "answered": 0,
        "connected": 0,
        "abandoned": 0,
        "abandonment_rate": 0,
        "recordings": 0,
        "talk_s": 0,
        "occupancy": 0,
    }
    tenant = (await boss.get("/me"))["tenant_id"]
    begun = utcnow() - timedelta(minutes=5)
    outcomes = [("connected", True), ("connected", True), ("abandoned", True), ("busy", False)]
    for disposition, answered in outcomes:
        interaction = await _attempt(crm, tenant, campaign, begun, answered, disposition)
        if answered:
            talked = disposition == "connected"
            await rows_of(
                crm,
                """
                INSERT INTO crm.interaction (tenant_id, interaction_id, campaign_id, direction,
                    caller, called, agent_number, disposition, agent_disposition, is_live, sources,
                    talk_s, recording_id, answered_at, ended_at)
                VALUES ($1, $2, $3, 'outbound', '', '', '', $4, '', false, '{}', $5, $6, $7, $8)
                """,
                *(tenant, interaction, campaign, disposition),
                18.0 if talked else None,
                "r" if talked else None,
                begun + timedelta(seconds=2),
                begun + timedelta(seconds=40),
            )
    # Of the 40 s of the campaign: ready 10 s, talking 20 s, wrap-up 10 s; then a break.
    states = [("ready", 30, 10), ("talking", 20, 30), ("wrap_up", 10, 40), ("not_ready", 99, 139)]
    for n, (previous, lasted_s, until_s) in enumerate(states):
        await rows_of(
            crm,
            """
            INSERT INTO crm.agent_state_log (tenant_id, message_id, agent_id, session_id, previous,
                previous_s, state, reason, occurred_at)
            VALUES ($1, $2, $3, 's', $4, $5, 'x', '', $6)
            """,
            *(tenant, f"m{n}", work.ann, previous, float(lasted_s)),
            begun + timedelta(seconds=until_s),
        )
    summary = await boss.get(path)
    assert summary == {
        "attempts": 4,
        "answered": 3,
        "connected": 2,
        "abandoned": 1,
        "abandonment_rate": 0.333333,
        "recordings": 2,
        "talk_s": 36,
        "occupancy": 0.75,
    }
    refused(await boss("GET", f"/campaigns/{uuid7()}/summary"), 404, "campaign_not_found")


async def test_interactions_are_filtered_and_paged(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    tenant = (await boss.get("/me"))["tenant_id"]
    begun = utcnow() - timedelta(hours=1)
    ids = []
    for n in range(7):
        ids.append(str(uuid7()))
        await rows_of(
            crm,
            """
            INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called,
                agent_number, disposition, agent_disposition, is_live, sources, answered_at)
            VALUES ($1, $2, 'outbound', '', $3, $4, 'connected', '', false, '{}', $5)
            """,
            *(tenant, ids[-1], f"+4021555010{n}", str(1001 + n % 2)),
            begun + timedelta(minutes=n),
        )
    seen: list[str] = []
    path = "/interactions?limit=3"
    cursor = ""
    while True:
        page = await boss.get(path + cursor)
        seen += [item["interaction_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ids[::-1]

    async def found(**query: str) -> list[str]:
        page = await boss.get("/interactions", params=query)
        return sorted(item["interaction_id"] for item in page["items"])

    assert await found(agent_number="1002") == [ids[1], ids[3], ids[5]]
    assert await found(called="+40215550104") == [ids[4]]
    window = {"from": (begun + timedelta(minutes=2)).isoformat()}
    window["to"] = (begun + timedelta(minutes=4)).isoformat()
    assert await found(**window) == [ids[2], ids[3]]
    assert await found(disposition="abandoned") == []
    assert await found(direction="inbound") == []
    naive = await boss("GET", "/interactions", params={"from": "2026-10-18T09:00:00"})
    refused(naive, 422, "validation_failed")


@pytest.fixture
async def recorder() -> AsyncIterator[tuple[str, list[web.Request]]]:
    """A recorder that serves the bytes 0..99 of whatever is asked with a good token."""
    asked: list[web.Request] = []
    content = bytes(range(100))

    async def media(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        tenant, recording = request.match_info["tenant"], request.match_info["recording"]
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if not is_valid(token, b"m" * 32, tenant, recording, utcnow().timestamp()):
            return web.Response(status=401)
        part = request.http_range
        headers = {"Accept-Ranges": "bytes", "ETag": '"e"'}
        if request.headers.get("If-None-Match") == '"e"':
            return web.Response(status=304, headers=headers)
        if part.start is None and part.stop is None:
            return web.Response(body=content, content_type="audio/wav", headers=headers)
        if (part.start or 0) >= len(content):
            return web.Response(status=416, headers={"Content-Range": "bytes */100"})
        body = content[part]
        headers["Content-Range"] = f"bytes {part.start}-{part.start + len(body) - 1}/100"
        return web.Response(status=206, body=body, content_type="audio/wav", headers=headers)

    app = web.Application()
    app.router.add_get("/media/{tenant}/{recording}", media)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}", asked
    await runner.cleanup()


async def _recordings(crm: Crm, tenant: str, agent_id: str, count: int) -> list[str]:
    begun, ids = utcnow() - timedelta(hours=1), []
    for n in range(count):
        ids.append(str(uuid7()))
        await rows_of(
            crm,
            """
            INSERT INTO recorder.recording (tenant_id, recording_id, interaction_id, started_at,
                duration_s, caller, called, agent_id, agent_number, state, file_name, node,
                size_bytes)
            VALUES ($1, $2, $3, $4, 5, $5, '+40215550199', $6, '801', 'stored', $7, 'ast-0', 100)
            """,
            *(tenant, ids[-1], str(uuid7()), begun, f"+4021555010{n}", agent_id, f"{n}.wav"),
        )
    return ids


async def test_recordings_are_found_and_played_by_range(
    crm: Crm, recorder: tuple[str, list[web.Request]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, asked = recorder
    monkeypatch.setattr(crm.deps.media, "_url", url)
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    tenant = (await boss.get("/me"))["tenant_id"]
    ids = await _recordings(crm, tenant, ann.user_id, 3)

    page = await boss.get("/recordings?limit=2")
    rest = await boss.get(f"/recordings?limit=2&cursor={page['next_cursor']}")
    assert [r["recording_id"] for r in page["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    found = await boss.get("/recordings", params={"caller": "+40215550101", "agent_number": "801"})
    (one,) = found["items"]
    assert one["recording_id"] == ids[1]
    assert (await boss.get("/recordings", params={"agent_number": "9"}))["items"] == []

    path = f"/recordings/{ids[0]}/audio"
    whole = await boss("GET", path)
    assert (whole.status_code, whole.content) == (200, bytes(range(100)))
    assert whole.headers["content-type"] == "audio/wav"
    assert whole.headers["accept-ranges"] == "bytes"
    part = await ann("GET", path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    assert part.headers["content-range"] == "bytes 10-19/100"
    assert (await boss("GET", path, headers={"Range": "bytes=100-"})).status_code == 416
    assert (await boss("GET", path, headers={"If-None-Match": '"e"'})).status_code == 304
    assert len(asked) == 4

    listened = (await boss.get("/audit-log?action=recording.listened"))["items"]
    assert sorted(entry["actor"] for entry in listened) == ["ann", "boss"]  # once each
    assert {entry["object_id"] for entry in listened} == {ids[0]}


async def test_recorder_that_is_down_is_503(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    tenant = (await boss.get("/me"))["tenant_id"]
    (recording,) = await _recordings(crm, tenant, str(uuid7()), 1)
    response = await boss("GET", f"/recordings/{recording}/audio")
    refused(response, 503, "recorder_unavailable")
    assert (await boss.get("/audit-log?action=recording.listened"))["items"] == []
    refused(await boss("GET", f"/recordings/{uuid7()}/audio"), 404, "recording_not_found")


def test_media_token_is_the_recorders() -> None:
    tenant, recording = uuid7(), uuid7()
    token = media_token("secret", tenant, recording, 1_000)
    assert is_valid(token, b"secret", str(tenant), str(recording), 999)
    assert not is_valid(token, b"secret", str(tenant), str(UUID(int=1)), 999)
    assert not is_valid(token, b"secret", str(tenant), str(recording), 1_001)


async def test_many_requests_at_once_share_the_pool(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    responses = await asyncio.gather(*(boss("GET", "/customers") for _ in range(60)))
    assert {r.status_code for r in responses} == {200}
    assert json.loads(responses[0].content)["items"] == []
