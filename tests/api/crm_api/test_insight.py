"""What the platform's operators see of one enterprise's calling."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from tests.support.crm import Crm, ok, refused, rows_of

from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.api

SHOWN, IDLE, OWN = "+442079460001", "+442079460002", "+442079460009"


async def test_the_platform_sees_lines_numbers_agents_and_calls_of_one_enterprise(
    crm: Crm,
) -> None:
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    tenant = (await boss.get("/me"))["tenant_id"]
    figures = f"/tenants/{tenant}/outbound-figures"
    empty = await crm.platform.get(figures)
    assert (empty["dials"], empty["connect_rate"], empty["lines"]) == (0, None, [])

    await crm.platform.post(f"/tenants/{tenant}/caller-numbers", {"phones_e164": [SHOWN, IDLE]})
    trunk = (await boss.post("/trunks", {"name": "t", "host": "sip.example"}))["trunk_id"]
    at = crm.deps.now() - timedelta(days=1)
    for end in ("connected", "no_answer", "abandoned", "congestion"):
        await _attempt(crm, tenant, trunk, SHOWN, end, at)
    await _attempt(crm, tenant, "gone", OWN, "connected", at)
    await _attempt(crm, tenant, trunk, SHOWN, "connected", at - timedelta(days=60))
    agent, interaction = uuid7(), uuid7()
    await rows_of(
        crm,
        "INSERT INTO crm.agent_state_log (tenant_id, message_id, agent_id, session_id, previous,"
        " previous_s, state, reason, occurred_at)"
        " VALUES ($1, 'm', $2, 's', 'logged_out', 0, 'ready', '', $3)",
        *(tenant, agent, at),
    )
    await rows_of(
        crm,
        "INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called,"
        " agent_number, disposition, agent_disposition, is_live, sources, answered_at)"
        " VALUES ($1, $2, 'outbound', $3, '+40215550100', '', 'connected', '', false, '{}', $4)",
        *(tenant, interaction, SHOWN, at),
    )

    seen = await crm.platform.get(figures)
    assert (seen["dials"], seen["answered"], seen["connected"], seen["abandoned"]) == (5, 3, 2, 1)
    lines = [(each["trunk_id"], each["name"], each["connect_rate"]) for each in seen["lines"]]
    assert lines == [(trunk, "t", 0.5), ("gone", None, 1.0)]
    numbers = {
        each["phone_e164"]: (each["is_allotted"], each["dials"], each["rang"], each["connect_rate"])
        for each in seen["numbers"]
    }
    assert numbers == {SHOWN: (True, 4, 3, 0.5), OWN: (False, 1, 1, 1.0), IDLE: (True, 0, 0, None)}
    assert [(each["agent_id"], each["logins"]) for each in seen["agents"]] == [(str(agent), 1)]
    calls = await crm.platform.get(f"/tenants/{tenant}/interactions")
    assert [each["interaction_id"] for each in calls["items"]] == [str(interaction)]

    # Whoever is looked at sees it, and nobody of an enterprise may look at any.
    for signed, wanted in (
        (crm.platform, {"tenant.figures_read", "tenant.interactions_read"}),
        (boss, {"operator.figures_read", "operator.interactions_read"}),
    ):
        entries = (await signed.get("/audit-log"))["items"]
        assert wanted <= {each["action"] for each in entries}
    for each in (boss, other):
        refused(await each("GET", figures), 403, "permission_missing")
    refused(
        await crm.platform("GET", f"/tenants/{uuid4()}/outbound-figures"), 404, "tenant_not_found"
    )
    long = {"from": "2026-01-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"}
    refused(await crm.platform("GET", figures, params=long), 400, "period_invalid")
    now = {"from": at.isoformat(), "to": crm.deps.now().isoformat()}
    assert ok(await crm.platform("GET", figures, params=now))["dials"] == 5


async def _attempt(
    crm: Crm, tenant_id: str, trunk_id: str, shown: str, end: str, at: datetime
) -> None:
    await crm.behind.owner.execute(
        """
        INSERT INTO dialer.attempt
               (tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id, attempt_no,
                phone_e164, caller_id, mode, trunk_id, node, claimed_at, placed_at, answered_at,
                ended_at, disposition)
        VALUES ($1, $2, $3, 'c', 'l', $4, 1, '+447700900000', $5, 'progressive', $6, 'ast-0',
                $7, $7, $8, $7, $9)
        """,
        *(tenant_id, uuid7(), uuid7(), str(uuid4()), shown, trunk_id, at),
        *(at if end in ("connected", "abandoned") else None, end),
    )
