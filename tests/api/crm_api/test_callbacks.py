"""Call-backs and dispositions over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.api


async def campaign_of(crm: Crm, boss: Signed, agents: list[str]) -> dict[str, Any]:
    """Make a campaign with one lead in London that ann has talked to."""
    numbers = await boss.post("/lists", {"name": "l"})
    trunk = await boss.post("/trunks", {"name": "t", "host": "sip.example"})
    project = await boss.post("/projects", {"name": "p"})
    campaign = await boss.post(
        "/campaigns",
        {"name": "c", "project_id": project["project_id"], "mode": "progressive",
         "list_ids": [numbers["list_id"]], "agent_ids": agents, "trunk_id": trunk["trunk_id"]},
    )  # fmt: skip
    tenant = (await boss.get("/me"))["tenant_id"]
    interaction_id = str(uuid7())
    await rows_of(
        crm,
        "INSERT INTO dialer.lead (tenant_id, lead_id, list_id, phone_e164, closed_reason)"
        " VALUES ($1, 'lead', $2, '+442071838750', 'reached')",
        tenant, numbers["list_id"],
    )  # fmt: skip
    await rows_of(
        crm,
        """
        INSERT INTO dialer.attempt (tenant_id, attempt_id, interaction_id, campaign_id, list_id,
            lead_id, attempt_no, phone_e164, mode, trunk_id, node, claimed_at, ended_at,
            disposition, agent_id)
        VALUES ($1, $2, $3, $4, $5, 'lead', 1, '+442071838750', 'progressive', 't', 'ast-0', now(),
                now(), 'connected', $6)
        """,
        tenant, str(uuid7()), interaction_id, campaign["campaign_id"], numbers["list_id"],
        agents[0],
    )  # fmt: skip
    return {**campaign, "interaction_id": interaction_id}


async def test_a_callback_is_promised_moved_seen_and_cancelled(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    campaign = await campaign_of(crm, boss, [ann.user_id, bob.user_id])
    day = (utcnow() + timedelta(days=30)).date()
    body = {
        "campaign_id": campaign["campaign_id"],
        "lead_id": "lead",
        "local_time": f"{day}T10:30:00",
        "agent_id": ann.user_id,
        "note": "asked for ann",
    }
    made = await ann.post("/callbacks", body)
    assert (made["state"], made["zone"], made["made_by"]) == ("open", "Europe/London", "ann")
    assert made["local_time"] == f"{day}T10:30:00"
    path = f"/callbacks/{made['callback_id']}"
    refused(await bob("GET", path), 404, "callback_not_found")
    assert (await bob.get("/callbacks"))["items"] == []
    assert [c["callback_id"] for c in (await ann.get("/callbacks"))["items"]] == [
        made["callback_id"]
    ]
    taken = {**body, "agent_id": bob.user_id}
    refused(await bob("POST", "/callbacks", json=taken), 409, "callback_not_yours")
    at = (utcnow() + timedelta(hours=1)).isoformat()
    moved = ok(await boss("PUT", path, json={"at": at}))
    assert moved["agent_id"] is None
    assert (await bob.get(path))["callback_id"] == made["callback_id"]
    for query, n in ((f"due_before={day}T00:00:00Z", 1), ("state=missed", 0),
                     (f"campaign_id={campaign['campaign_id']}", 1)):  # fmt: skip
        assert len((await boss.get(f"/callbacks?{query}"))["items"]) == n
    for wrong, status, code in (
        ({"note": "when?"}, 422, "callback_invalid"),
        ({"at": at, "agent_id": str(uuid7())}, 409, "callback_invalid"),
    ):
        refused(await boss("PUT", path, json=wrong), status, code)
    refused(await bob("DELETE", path), 409, "callback_not_yours")
    for _ in range(2):
        assert (await boss("DELETE", f"{path}?reason=mind")).status_code == 204
    assert ((await boss.get(path))["state"], (await boss.get(path))["reason"]) == (
        "cancelled", "mind",
    )  # fmt: skip
    refused(await boss("PUT", path, json={"at": at}), 409, "callback_over")
    other = await crm.open_tenant("other")
    refused(await other("GET", path), 404, "callback_not_found")


async def test_an_agent_says_how_his_call_went_and_the_last_word_counts(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    campaign = await campaign_of(crm, boss, [ann.user_id, bob.user_id])
    path = f"/interactions/{campaign['interaction_id']}/disposition"
    refused(await ann("GET", path), 404, "disposition_not_found")
    refused(await bob("PUT", path, json={"code": "sale"}), 409, "disposition_not_yours")
    refused(await ann("PUT", path, json={"code": "nonsense"}), 404, "disposition_unknown")
    at = (utcnow() + timedelta(hours=2)).isoformat()
    said = ok(await ann("PUT", path, json={"code": "callback", "callback": {"at": at}}))
    assert (said["code"], said["set_by"]) == ("callback", "ann")
    (found,) = (await ann.get("/callbacks"))["items"]
    assert (found["state"], found["lead_id"]) == ("open", "lead")
    entries = await boss.post(
        "/dispositions",
        {"code": "later", "name_en": "Later", "name_zh": "以后", "action": "retry", "position": 1},
    )
    assert entries["items"][0]["code"] == "later"
    assert (await ann.get("/dispositions")) == entries
    assert ok(await boss("PUT", path, json={"code": "later"}))["code"] == "later"
    (found,) = (await boss.get("/callbacks"))["items"]
    assert (found["state"], found["reason"]) == ("cancelled", "later")
    (lead,) = await rows_of(crm, "SELECT closed_reason FROM dialer.lead")
    assert lead["closed_reason"] is None
    assert (await ann.get(path))["code"] == "later"
