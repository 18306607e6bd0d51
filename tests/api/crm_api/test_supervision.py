"""Supervision over REST: who may what, what the ACD is asked, and what the audit log says."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.crm import Crm, Signed, ok, refused

from ringway.crm_api.access import Role
from ringway.proto.acd_calls import StopSupervisionV1, SuperviseV1, WatchGroupV1
from ringway.runtime.bus import Refused

pytestmark = pytest.mark.api

ACTS: dict[str, dict[str, Any] | None] = {
    "listen": None,
    "whisper": None,
    "barge": None,
    "disconnect": None,
    "transfer": {"target": {"kind": "number", "value": "+40215550199"}},
    "intercept": None,
    "state": {"state": "not_ready", "reason": "meeting"},
    "log-out": None,
}


async def _centre(crm: Crm) -> tuple[Signed, Signed, Signed]:
    """Return admin, team leader and QC of one enterprise, and have an agent."""
    boss = await crm.open_tenant("acme")
    lead = await crm.user(boss, "acme", Role.TEAM_LEADER, number="800")
    qc = await crm.user(boss, "acme", Role.QC_AGENT, number="810")
    return boss, lead, qc


async def test_every_act_reaches_the_acd_and_the_audit_log(crm: Crm) -> None:
    boss, lead, _ = await _centre(crm)
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    me = (await lead.get("/me"))["user_id"]
    for act, body in ACTS.items():
        response = await lead("POST", f"/supervision/agents/{ann.user_id}/{act}", json=body)
        assert response.status_code == 204, response.text
        asked = crm.behind.last(SuperviseV1)
        assert (asked.supervisor_id, asked.agent_id) == (me, ann.user_id)
        assert asked.mode == act.replace("-", "_")
        assert asked.everywhere is False  # his groups decide, and the ACD knows them
    ok(await lead("POST", "/supervision/stop"))
    assert crm.behind.last(StopSupervisionV1).supervisor_id == me
    entries = (await boss.get("/audit-log?actor=team-leader"))["items"]
    found = {e["action"]: e for e in entries if e["action"].startswith("supervision.")}
    assert set(found) == {
        *(f"supervision.{act.replace('-', '_')}" for act in ACTS),
        "supervision.stop",
    }
    assert found["supervision.listen"]["object_id"] == ann.user_id
    assert found["supervision.listen"]["detail"] == {"outcome": "done"}
    assert found["supervision.transfer"]["detail"]["target"]["value"] == "+40215550199"
    assert found["supervision.state"]["detail"] == {
        "outcome": "done",
        "ready": False,
        "reason": "meeting",
    }


async def test_quality_control_only_listens_and_agents_do_nothing(crm: Crm) -> None:
    boss, _, qc = await _centre(crm)
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    for act, body in ACTS.items():
        path = f"/supervision/agents/{ann.user_id}/{act}"
        refused(await ann("POST", path, json=body), 403, "permission_missing")
        if act != "listen":
            refused(await qc("POST", path, json=body), 403, "permission_missing")
    ok(await qc("POST", f"/supervision/agents/{ann.user_id}/listen"))
    assert crm.behind.last(SuperviseV1).everywhere is False
    refused(await ann("GET", "/supervision/agents"), 403, "permission_missing")
    assert (await qc.get("/agents/me/phone"))["sip_username"]  # with which he listens
    refused(await qc("POST", "/agents/me/session", json={}), 403, "permission_missing")


async def test_admins_supervise_the_whole_enterprise(crm: Crm) -> None:
    boss, lead, _ = await _centre(crm)
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    ok(await boss("POST", f"/supervision/agents/{ann.user_id}/barge"))
    assert crm.behind.last(SuperviseV1).everywhere is True
    page = await boss.get("/supervision/agents?limit=1")
    assert crm.behind.last(WatchGroupV1).everywhere is True
    assert page["items"][0]["number"] == "1001"
    await boss.get(f"/supervision/agents?cursor={page['next_cursor']}")
    assert crm.behind.last(WatchGroupV1).after == "1001"
    await lead.get("/supervision/agents")
    assert crm.behind.last(WatchGroupV1).everywhere is False


async def test_a_refusal_is_passed_on_and_audited(crm: Crm) -> None:
    boss, lead, _ = await _centre(crm)
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    stranger = await crm.user(
        await crm.open_tenant("other"), "other", Role.AGENT, "eve", number="801"
    )
    refused(
        await lead("POST", f"/supervision/agents/{stranger.user_id}/listen"), 404, "agent_unknown"
    )
    crm.behind.refuse[SuperviseV1] = Refused("not_in_call", "The agent is not in a call.")
    refused(await lead("POST", f"/supervision/agents/{ann.user_id}/listen"), 409, "not_in_call")
    entries = (await boss.get("/audit-log?action=supervision.listen"))["items"]
    assert [(e["detail"]["outcome"], e["object_id"]) for e in entries] == [
        ("not_in_call", ann.user_id),
        ("agent_unknown", ""),
    ]
    assert (await boss.get("/audit-log/check"))["intact"]
