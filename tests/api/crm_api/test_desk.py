"""Dialing, parking, picking up and conferences over REST."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.support.crm import Crm, Signed, ok, refused

from ringway.crm_api.access import Role
from ringway.proto import acd_calls as c
from ringway.proto.base import Request
from ringway.runtime.errors import Refused

pytestmark = pytest.mark.api

ME = "/agents/me"
_BOB = {"kind": "agent", "value": "bob"}

ROUTES: tuple[tuple[str, str, Any, type[Request], dict[str, Any]], ...] = (
    ("POST", "/calls", {"number": "1002"}, c.DialV1, {"number": "1002", "caller_id": ""}),
    ("POST", "/calls/current/park", None, c.ParkV1, {}),
    ("POST", "/calls/retrieve", {"slot": "701"}, c.RetrieveV1, {"slot": "701"}),
    ("POST", "/calls/pick-up", {"from_agent_id": "bob"}, c.PickUpV1, {"from_agent_id": "bob"}),
    ("PUT", "/do-not-disturb", {"enabled": True}, c.SetDoNotDisturbV1, {"on": True}),
)


async def seat(crm: Crm) -> tuple[Signed, str]:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    return ann, (await ann.get("/me"))["user_id"]


async def test_each_route_asks_the_acd_one_thing(crm: Crm) -> None:
    ann, me = await seat(crm)
    for method, path, body, kind, fields in ROUTES:
        ok(await ann(method, ME + path, json=body))
        asked = crm.behind.last(kind)
        assert asked.agent_id == me, path
        said = asked.model_dump(mode="json")
        assert {name: said[name] for name in fields} == fields, path


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("number_too_short", 409),
        ("number_not_allowed", 409),
        ("no_route", 409),
        ("phone_not_registered", 409),
        ("not_now", 409),
    ],
)
async def test_a_call_that_cannot_be_made_says_why(crm: Crm, code: str, status: int) -> None:
    ann, _ = await seat(crm)
    crm.behind.refuse[c.DialV1] = Refused(code, "because")
    refused(await ann("POST", f"{ME}/calls", json={"number": "1"}), status, code)


async def test_what_makes_no_sense_does_not_reach_the_acd(crm: Crm) -> None:
    ann, _ = await seat(crm)
    for path, body in (
        (f"{ME}/calls", {"number": ""}),
        (f"{ME}/calls", {"number": "1\r\nX: y"}),
        (f"{ME}/calls", {"number": "1", "caller_id": "x" * 33}),
        (f"{ME}/calls/retrieve", {"slot": "7o1"}),
        (f"{ME}/calls/pick-up", {"from_agent_id": "a.b"}),
        ("/conferences", {"invite": [{"kind": "moon"}]}),
        ("/conferences", {"invite": [_BOB] * 201}),
    ):
        refused(await ann("POST", path, json=body), 422, "validation_failed")


async def test_a_conference_is_its_organisers(crm: Crm) -> None:
    ann, me = await seat(crm)
    made = ok(await ann("POST", "/conferences", json={"name": "n", "invite": [_BOB]}))
    asked = crm.behind.last(c.StartConferenceV1)
    assert (asked.agent_id, asked.name, asked.record) == (me, "n", True)
    here = f"/conferences/{made['conference_id']}"
    assert (await ann.get(here))["members"][0]["leg_id"] == "p1"
    ok(await ann("POST", f"{here}/members", json={"target": _BOB}))
    for path, leg_id, muted in (
        ("/members/p1/mute", "p1", True),
        ("/members/p1/unmute", "p1", False),
        ("/mute", None, True),
        ("/unmute", None, False),
    ):
        ok(await ann("POST", here + path))
        said = crm.behind.last(c.MuteMemberV1)
        assert (said.leg_id, said.muted) == (leg_id, muted)
    ok(await ann("DELETE", f"{here}/members/p1"))
    boss = await crm.sign_in("boss@acme")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    stranger = await crm.user(await crm.open_tenant("other"), "other", Role.AGENT, number="801")
    for somebody in (bob, stranger):
        refused(await somebody("GET", here), 404, "conference_unknown")
        refused(await somebody("DELETE", here), 404, "conference_unknown")
    refused(await ann("GET", f"/conferences/{uuid4()}"), 404, "conference_unknown")
    ok(await ann("DELETE", here))
    made = ok(await ann("POST", "/conferences", json={"conference_id": "weekly"}))
    assert made["conference_id"] == "weekly"
    assert crm.behind.last(c.StartConferenceV1).conference_id == "weekly"
