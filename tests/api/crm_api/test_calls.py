"""Call control over REST: each route asks the ACD one thing, and its refusals have a status."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.support.crm import Crm, ok, refused

from ringway.crm_api.access import Role
from ringway.proto import acd_calls as c
from ringway.proto.acd import Direction, HangUpV1
from ringway.proto.base import Request
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused

pytestmark = pytest.mark.api

HERE = "/agents/me/calls/current"
_TARGET = {"target": {"kind": "agent", "value": "bob"}}

ROUTES: tuple[tuple[str, Any, type[Request], dict[str, Any]], ...] = (
    ("/answer", None, c.AnswerV1, {}),
    ("/decline", None, c.DeclineV1, {}),
    ("/hold", None, c.HoldV1, {}),
    ("/resume", None, c.ResumeV1, {}),
    ("/mute", None, c.MuteV1, {"muted": True}),
    ("/unmute", None, c.MuteV1, {"muted": False}),
    ("/digits", {"digits": "12#"}, c.SendDigitsV1, {"digits": "12#"}),
    ("/play", {"sounds": ["hello"]}, c.PlayV1, {"sounds": ["hello"], "digits": "", "text": ""}),
    ("/consult", _TARGET, c.ConsultV1, _TARGET),
    ("/consult/cancel", None, c.CancelConsultV1, {}),
    ("/transfer", _TARGET, c.TransferV1, _TARGET),
    ("/transfer/complete", None, c.CompleteTransferV1, {}),
    ("/merge", None, c.MergeV1, {}),
    ("/leave", None, c.LeaveV1, {}),
    ("/hang-up", None, HangUpV1, {}),
)


async def test_each_route_asks_the_acd_one_thing(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    me = (await ann.get("/me"))["user_id"]
    for path, body, kind, fields in ROUTES:
        ok(await ann("POST", HERE + path, json=body))
        asked = crm.behind.last(kind)
        assert asked.agent_id == me, path
        said = asked.model_dump(mode="json")
        assert {name: said[name] for name in fields} == fields, path
    interaction = str(uuid4())
    ok(await ann("POST", f"{HERE}/hold?interaction_id={interaction}"))
    assert crm.behind.last(c.HoldV1).interaction_id == interaction
    refused(await ann("DELETE", f"{HERE}/parties/p1"), 404, "interaction_unknown")


async def test_refusals_keep_their_code(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    for code, status in (("interaction_unknown", 404), ("not_now", 409), ("agent_busy", 409)):
        crm.behind.refuse[c.HoldV1] = Refused(code, "because")
        refused(await ann("POST", f"{HERE}/hold"), status, code)


async def test_what_makes_no_sense_does_not_reach_the_acd(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    for path, body in (
        ("/digits", {"digits": "12x"}),
        ("/play", {"sounds": ["../../etc/passwd"]}),
        ("/transfer", {"target": {"kind": "moon", "value": "1"}}),
        ("/transfer", {"target": {"kind": "number", "value": "1\r\nX: y"}}),
        ("/consult", {}),
        ("/hold?interaction_id=not-an-id", None),
    ):
        response = await ann("POST", HERE + path, json=body)
        refused(response, 422, "validation_failed")
    leader = await crm.user(boss, "acme", Role.TEAM_LEADER, "lee")
    response = await leader("POST", f"{HERE}/hold")
    assert response.status_code in (403, 409), response.text  # no seat, no calls


async def test_an_agent_sees_his_own_live_interactions_only(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    other = await crm.open_tenant("other")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    me = (await ann.get("/me"))["user_id"]
    tenant = (await boss.get("/me"))["tenant_id"]
    crm.behind.live[tenant] = [_interaction(me), _interaction("bob")]
    assert len((await boss.get("/interactions/live"))["items"]) == 2
    (mine,) = (await ann.get("/interactions/live"))["items"]
    assert mine["agent_id"] == me
    assert (await other.get("/interactions/live"))["items"] == []


def _interaction(agent_id: str) -> c.InteractionStatusV1:
    party = c.Party(
        leg_id="a0", role=c.PartyRole.AGENT, state=c.PartyState.TALKING, agent_id=agent_id
    )
    return c.InteractionStatusV1(
        interaction_id=str(uuid4()),
        direction=Direction.INBOUND,
        agent_id=agent_id,
        parties=(party,),
        began_at=utcnow(),
    )
