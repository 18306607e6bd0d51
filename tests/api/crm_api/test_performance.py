"""What agents' calls came to: made, answered by number, talk, deals and orders of a month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.crm import Crm, Signed, refused, rows_of

from ringway.crm_api.access import Role
from ringway.runtime.ids import uuid7_of

pytestmark = pytest.mark.api

ONE, TWO, HAND = "+442079460001", "+442079460002", "+442079460009"
_PATH = "/reports/agent-performance"


class Calls:
    """Puts calls into the books of the dialer and of the projector."""

    def __init__(self, crm: Crm, tenant_id: str) -> None:
        self._crm = crm
        self._tenant_id = tenant_id
        self._made = 0

    def _id(self, at: datetime) -> UUID:
        self._made += 1
        return uuid7_of(at, f"{self._made}")

    async def dialed(
        self, agent: str, shown: str, at: datetime, *, rings_s: float | None = None, says: str = ""
    ) -> None:
        """A campaign's call for an agent; ``rings_s`` until the answer, None: nobody answered."""
        interaction = self._id(at)
        answered = at + timedelta(seconds=rings_s) if rings_s is not None else None
        await rows_of(
            self._crm,
            """
            INSERT INTO dialer.attempt
                   (tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id,
                    attempt_no, phone_e164, caller_id, mode, trunk_id, node, claimed_at, placed_at,
                    answered_at, ended_at, disposition, agent_id, reserved_agent_id)
            VALUES ($1, $2, $3, 'c', 'l', $4, 1, '+447700900000', $5, 'precise', 't', 'ast-0',
                    $6, $6, $7, $6, $8, $9, $10)
            """,
            *(self._tenant_id, self._id(at), interaction, str(interaction), shown, at, answered),
            *("connected" if answered else "no_answer", agent if answered else None, agent),
        )
        if answered is not None:
            await self.talked(agent, at, answered, shown, says=says, interaction=interaction)

    async def talked(
        self,
        agent: str,
        at: datetime,
        connected: datetime | None,
        caller: str,
        *,
        direction: str = "outbound",
        says: str = "",
        interaction: UUID | None = None,
    ) -> None:
        """An interaction with a talk of a minute, or with none; with an id: of a campaign."""
        its_id = interaction or self._id(at)
        await rows_of(
            self._crm,
            """
            INSERT INTO crm.interaction
                   (tenant_id, interaction_id, attempt_id, direction, caller, called, agent_id,
                    agent_number, started_at, answered_at, connected_at, ring_s, disposition,
                    agent_disposition, is_live, sources)
            VALUES ($1, $2, $3, $4, $5, '+40215550100', $6, '', $7, $8, $8, $9, '', $10, false,
                    '{}')
            """,
            *(self._tenant_id, its_id, interaction, direction, caller, agent, at, connected),
            *((connected - at).total_seconds() if connected else None, says),
        )
        if connected is not None:
            await rows_of(
                self._crm,
                "INSERT INTO crm.interaction_segment (tenant_id, interaction_id, segment, agent_id,"
                " agent_number, connected_at, talk_s, held_s, is_last)"
                " VALUES ($1, $2, 1, $3, '', $4, 60, 0, true)",
                *(self._tenant_id, its_id, agent, connected),
            )


async def _lines(signed: Signed, **asked: Any) -> dict[str, Any]:
    report = await signed.get(_PATH, params=asked)
    return {line["display_name"]: line for line in report["items"]}


async def test_a_month_of_calls_by_agent_and_number(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    await crm.open_tenant("other")
    tenant = (await boss.get("/me"))["tenant_id"]
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="1001")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="1002")
    for each, name in ((ann, "Ann"), (bob, "Bob")):
        await boss("PATCH", f"/users/{each.user_id}", json={"display_name": name})
    team = (await boss.post("/teams", {"name": "North"}))["team_id"]
    await boss.post(f"/teams/{team}/members", {"user_ids": [bob.user_id]})
    await boss.post("/dispositions", {"code": "deal", "name_en": "Deal", "name_zh": "成交",
                                      "counts_as_success": True})  # fmt: skip
    # The middle of a day and of a month: both sides of every period are somewhere else.
    crm.clock.stop()
    noon = datetime(2027, 3, 15, 12, tzinfo=UTC)
    crm.clock.forward((noon - crm.deps.now()).total_seconds())
    ann, bob, boss = [await crm.sign_in(f"{each}@acme") for each in ("ann", "bob", "boss")]
    a, b = [(await each.get("/me"))["user_id"] for each in (ann, bob)]
    calls = Calls(crm, tenant)
    week, hour = noon - timedelta(days=7), noon - timedelta(hours=1)
    await calls.dialed(a, ONE, week, rings_s=10, says="deal")
    await calls.dialed(a, ONE, hour)
    await calls.dialed(a, TWO, hour, rings_s=5)
    await calls.talked(a, hour, hour + timedelta(seconds=3), HAND, says="deal")
    await calls.talked(a, hour, None, HAND)
    await calls.talked(a, hour, hour, "+40215550100", direction="inbound")
    await calls.dialed(a, ONE, noon - timedelta(days=20), rings_s=9)  # last month
    await calls.dialed(b, TWO, hour)
    await rows_of(
        crm,
        """
        INSERT INTO crm.sales_order (tenant_id, order_id, order_number, currency,
               prices_include_tax, order_discount, note, agent_id, list_amount, discount, net, tax,
               total, state, payment_state, shipment_state, created_at, updated_at)
        SELECT $1, gen_random_uuid(), 'S' || n, 'CNY', true, 0, '', $2, n, 0, n, 0, n,
               CASE n WHEN 3 THEN 'cancelled' ELSE 'open' END, 'open', 'open', $3, $3
          FROM generate_series(1, 3) AS n
        """,
        *(tenant, b, hour),
    )

    month = await _lines(boss)
    line = month["Ann"]
    shown = {key: line[key] for key in ("agent_number", "inbound", "dials", "answered")}
    assert shown == {"agent_number": "1001", "inbound": 1, "dials": 5, "answered": 3}
    assert (line["connect_rate"], line["connected"], line["ring_s"]) == (0.6, 3, 18)
    assert (line["talks"], line["talk_s"], line["talk_average_s"]) == (4, 240, 60)
    assert (line["deals"], line["deal_rate"], line["sales"]) == (2, 0.5, [])
    numbers = [(n["phone_e164"], n["dials"], n["connect_rate"]) for n in line["numbers"]]
    assert numbers == [(ONE, 2, 0.5), (HAND, 2, 0.5), (TWO, 1, 1.0)]
    assert (month["Bob"]["connect_rate"], month["Bob"]["talk_average_s"]) == (0, None)
    assert month["Bob"]["sales"] == [{"currency": "CNY", "orders": 2, "total": 3}]

    assert (await _lines(boss, period="today"))["Ann"]["dials"] == 4
    assert (await _lines(boss, period="last_month"))["Ann"]["dials"] == 1
    assert (await _lines(boss, **{"from": hour.isoformat()}))["Ann"]["deals"] == 1
    assert list(await _lines(boss, team_id=team)) == ["Bob"]
    assert list(await _lines(boss, agent_id=a)) == ["Ann"]
    assert await _lines(boss, agent_id=a, team_id=team) == {}
    assert list(await _lines(bob)) == ["Bob"]
    assert await _lines(bob, agent_id=a) == {}
    # Days are the enterprise's: in Auckland this one is an hour old.
    await calls.dialed(b, TWO, hour - timedelta(minutes=30))
    assert (await _lines(boss, period="today"))["Bob"]["dials"] == 2
    await boss.put("/querier-settings", {"zone": "Pacific/Auckland"})
    assert (await _lines(boss, period="today"))["Bob"]["dials"] == 1
    refused(await boss("GET", f"{_PATH}?from=2027-03-16T00:00:00Z"), 400, "period_invalid")
    refused(await boss("GET", f"{_PATH}?from=2026-03-16T00:00:00Z"), 400, "period_invalid")
    nobody = f"{_PATH}?team_id={a}"
    refused(await boss("GET", nobody), 404, "team_not_found")
    assert await _lines(await crm.sign_in("boss@other")) == {}
