"""Which objects of a configuration are refused beside which others, and what the refusal says."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import pytest
from pydantic import ValidationError

from ringway.acd.config_checks import Known, check_delete, check_put
from ringway.acd.config_references import unique_fields
from ringway.proto import acd_config as c
from ringway.runtime.errors import Refused

pytestmark = pytest.mark.unit

M = TypeVar("M", bound=c.Config)
KNOWN = Known(has_agent={"ann", "bob"}.__contains__, has_trunk={"t1", "t2"}.__contains__)
OPEN_9_TO_5 = {"mon": [{"start": "09:00", "end": "17:00"}]}


class Tenant:
    """The objects of one tenant, checked as they are added."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], c.Config] = {}

    def all(self, model: type[M], /) -> Mapping[str, M]:
        return {
            key: each
            for (kind, key), each in self._objects.items()
            if kind == model.KIND and isinstance(each, model)
        }

    def holder(self, kind: str, field: str, value: Hashable, /) -> str | None:
        for (other, key), each in self._objects.items():
            if other == kind and (field, value) in list(unique_fields(each)):
                return key
        return None

    def put(self, model: type[c.Config], object_id: str, **fields: Any) -> None:
        new = model.model_validate(fields)
        check_put(self, object_id, new, KNOWN)
        self._objects[model.KIND, object_id] = new

    def delete(self, model: type[c.Config], object_id: str) -> None:
        check_delete(self, model.KIND, object_id)
        del self._objects[model.KIND, object_id]


@pytest.fixture
def tenant() -> Tenant:
    """A tenant with one object of most kinds."""
    made = Tenant()
    made.put(c.Skill, "s1", name="Dutch")
    made.put(c.Calendar, "c1", name="Office", weekly=OPEN_9_TO_5)
    made.put(c.VoicemailBox, "v1", name="Sales", number="80", agent_ids=["ann"])
    made.put(c.Queue, "q1", name="Sales")
    return made


def refused(tenant: Tenant, code: str, field: str, model: type[c.Config], **fields: Any) -> str:
    with pytest.raises(Refused) as refusal:
        tenant.put(model, fields.pop("object_id", "new"), **fields)
    assert refusal.value.code == code, refusal.value
    assert refusal.value.detail.startswith(f"{field}: "), refusal.value
    return refusal.value.detail


def queue_target(queue_id: str) -> dict[str, str]:
    return {"kind": "queue", "value": queue_id}


ROUTE = {"name": "Main", "did": "+40215550100", "target": {"kind": "queue", "value": "q1"}}


@pytest.mark.parametrize(
    ("model", "fields", "field"),
    [
        (
            c.Queue,
            {"rings": [{"after_s": 0, "needs": [{"skill_id": "no"}]}]},
            "rings.0.needs.0.skill_id",
        ),
        (c.Queue, {"agent_ids": ["ann", "eve"]}, "agent_ids.1"),
        (c.Queue, {"calendar_id": "no"}, "calendar_id"),
        (c.Queue, {"on_timeout": queue_target("no")}, "on_timeout.value"),
        (c.Queue, {"on_full": {"kind": "voicemail", "value": "no"}}, "on_full.value"),
        (c.Queue, {"on_closed": {"kind": "agent", "value": "eve"}}, "on_closed.value"),
        (c.AgentProfile, {"object_id": "eve"}, "object_id"),
        (c.AgentProfile, {"object_id": "ann", "skills": {"no": 3}}, "skills.no"),
        (c.AgentProfile, {"object_id": "ann", "voicemail_id": "no"}, "voicemail_id"),
        (c.InboundRoute, {**ROUTE, "trunk_id": "no"}, "trunk_id"),
        (c.InboundRoute, {**ROUTE, "calendar_id": "no"}, "calendar_id"),
        (c.InboundRoute, {**ROUTE, "target": queue_target("no")}, "target.value"),
        (
            c.InboundRoute,
            {**ROUTE, "duty": [{"calendar_id": "no", "target": queue_target("q1")}]},
            "duty.0.calendar_id",
        ),
        (
            c.InboundRoute,
            {**ROUTE, "duty": [{"calendar_id": "c1", "target": queue_target("no")}]},
            "duty.0.target.value",
        ),
        (
            c.InboundRoute,
            {**ROUTE, "caller_rules": [{"prefix": "+4", "owner_agent_id": "eve"}]},
            "caller_rules.0.owner_agent_id",
        ),
        (c.OutboundRoute, {"name": "x", "trunk_ids": ["t1", "no"]}, "trunk_ids.1"),
        (c.MonitorGroup, {"name": "x", "agent_ids": ["eve"]}, "agent_ids.0"),
        (c.VoicemailBox, {"name": "x", "agent_ids": ["eve"]}, "agent_ids.0"),
    ],
)
def test_an_object_that_names_nothing_is_refused(
    tenant: Tenant, model: type[c.Config], fields: dict[str, Any], field: str
) -> None:
    if model is c.Queue:
        fields = {"name": "Support", **fields}
    assert "create" in refused(tenant, "reference_unknown", field, model, **fields)


@pytest.mark.parametrize(
    ("model", "fields", "field"),
    [
        (c.Queue, {"name": "x", "rings": []}, "rings.0.after_s"),
        (c.Queue, {"name": "x", "rings": [{"after_s": 5}]}, "rings.0.after_s"),
        (c.Queue, {"name": "x", "rings": [{"after_s": 0}, {"after_s": 0}]}, "rings.1.after_s"),
        (
            c.Queue,
            {"name": "x", "rings": [{"after_s": 0, "needs": [{"skill_id": "s1"}] * 2}]},
            "rings.0.needs.1",
        ),
        (c.Queue, {"name": "x", "agent_ids": ["ann", "ann"]}, "agent_ids.1"),
        (c.Queue, {"name": "x", "on_full": {"kind": "busy", "value": "b"}}, "on_full.value"),
        (c.Queue, {"name": "x", "on_full": {"kind": "number", "value": "1;rm"}}, "on_full.value"),
        (c.Queue, {"name": "x", "on_full": {"kind": "flow"}}, "on_full.value"),
        (
            c.Queue,
            {"name": "x", "on_full": {"kind": "announcement", "value": "../etc/passwd"}},
            "on_full.value",
        ),
        (c.InboundRoute, {**ROUTE, "target": {"kind": "callback"}}, "target"),
        (c.InboundRoute, {**ROUTE, "closed_target": {"kind": "busy"}}, "closed_target"),
        (c.InboundRoute, {**ROUTE, "caller_rules": [{"prefix": "1"}] * 2}, "caller_rules.1"),
        (c.OutboundRoute, {"name": "x", "trunk_ids": ["t1", "t1"]}, "trunk_ids.1"),
        (
            c.OutboundRoute,
            {"name": "x", "trunk_ids": ["t1"], "caller_id": "fixed"},
            "fixed_caller_id",
        ),
        (c.AgentProfile, {"object_id": "ann", "phone": "number"}, "phone_number"),
        (c.Calendar, {"name": "x", "time_zone": "Mars/Olympus"}, "time_zone"),
        (c.Calendar, {"name": "x", "time_zone": "../../etc/passwd"}, "time_zone"),
        (c.Calendar, {"name": "x", "time_zone": ""}, "time_zone"),
        (
            c.Calendar,
            {"name": "x", "weekly": {"tue": [{"start": "17:00", "end": "09:00"}]}},
            "weekly.tue.0",
        ),
        (
            c.Calendar,
            {
                "name": "x",
                "weekly": {
                    "tue": [{"start": "12:00", "end": "24:00"}, {"start": "09:00", "end": "12:01"}]
                },
            },
            "weekly.tue",
        ),
        (c.Calendar, {"name": "x", "days": [{"date": "2026-02-30"}]}, "days.0.date"),
        (c.Calendar, {"name": "x", "days": [{"date": "2026-02-28"}] * 2}, "days.1"),
        (
            c.Calendar,
            {
                "name": "x",
                "days": [
                    {
                        "date": "2026-02-28",
                        "like": "mon",
                        "slots": [{"start": "09:00", "end": "10:00"}],
                    }
                ],
            },
            "days.0.like",
        ),
        (c.VoicemailBox, {"name": "box", "time_zone": "Asia/Atlantis"}, "time_zone"),
        (c.AcdSettings, {"object_id": "tenant", "time_zone": "Asia/Atlantis"}, "time_zone"),
        (c.AcdSettings, {"object_id": "mine"}, "object_id"),
        (c.AcdSettings, {"object_id": "tenant", "park_first": 9, "park_last": 8}, "park_last"),
        (c.AcdSettings, {"object_id": "tenant", "park_first": 1, "park_last": 9999}, "park_last"),
    ],
)
def test_an_object_that_contradicts_itself_is_refused(
    tenant: Tenant, model: type[c.Config], fields: dict[str, Any], field: str
) -> None:
    refused(tenant, "config_invalid", field, model, **fields)


def test_everything_that_may_stand_together_does(tenant: Tenant) -> None:
    tenant.put(
        c.Queue,
        "q2",
        name="Support",
        rings=[{"after_s": 0, "needs": [{"skill_id": "s1", "level": 5}]}, {"after_s": 20}],
        agent_ids=["ann", "bob"],
        calendar_id="c1",
        on_closed={"kind": "voicemail", "value": "v1"},
        on_full={"kind": "number", "value": "+40215550199"},
        on_timeout=queue_target("q1"),
        on_no_agents={"kind": "callback"},
    )
    tenant.put(c.AgentProfile, "ann", skills={"s1": 7}, voicemail_id="v1")
    tenant.put(
        c.Calendar,
        "c2",
        name="Round the clock",
        time_zone="Europe/Bucharest",
        weekly={"mon": [{"start": "00:00", "end": "12:00"}, {"start": "12:00", "end": "24:00"}]},
        days=[{"date": "2026-10-01", "name": "国庆节"}, {"date": "2026-10-10", "like": "mon"}],
    )
    tenant.put(
        c.InboundRoute,
        "r1",
        **ROUTE,
        trunk_id="t1",
        calendar_id="c1",
        closed_target={"kind": "announcement", "value": "custom/closed"},
        duty=[{"calendar_id": "c2", "target": {"kind": "agent", "value": "bob"}}],
        caller_rules=[{"prefix": "+86", "vip": True, "owner_agent_id": "ann"}],
    )
    tenant.put(c.OutboundRoute, "o1", name="All", trunk_ids=["t1", "t2"])
    tenant.put(c.MonitorGroup, "g1", name="All", agent_ids=["ann"], supervisor_ids=["no-seat"])
    tenant.put(c.AcdSettings, "tenant", park_first=700, park_last=700)


def test_names_numbers_and_dids_belong_to_one_object(tenant: Tenant) -> None:
    refused(tenant, "name_taken", "name", c.Queue, name="SALES")
    tenant.put(c.Skill, "s2", name="Sales")  # another kind is another matter
    refused(tenant, "name_taken", "number", c.VoicemailBox, name="x", number="80")
    tenant.put(c.VoicemailBox, "v2", name="without number")
    tenant.put(c.VoicemailBox, "v3", name="without number, too")
    tenant.put(c.InboundRoute, "r1", **ROUTE)
    refused(tenant, "name_taken", "did", c.InboundRoute, **{**ROUTE, "name": "Other"})
    tenant.put(c.InboundRoute, "r2", **{**ROUTE, "name": "Other", "trunk_id": "t1"})
    tenant.put(c.BlockedCaller, "b1", number="+40215550100")
    refused(tenant, "name_taken", "number", c.BlockedCaller, number="+40215550100")
    tenant.put(c.Queue, "q1", name="sales", priority=9)  # its own name is free for it


def test_overflow_never_leads_back(tenant: Tenant) -> None:
    tenant.put(c.Queue, "q2", name="Support", on_timeout=queue_target("q1"))
    tenant.put(c.Queue, "q3", name="Night", on_full=queue_target("q2"))
    said = refused(
        tenant,
        "config_invalid",
        "on_no_agents",
        c.Queue,
        object_id="q1",
        name="Sales",
        on_no_agents=queue_target("q3"),
    )
    assert "Sales → Night → Support → Sales" in said
    refused(
        tenant,
        "config_invalid",
        "on_full",
        c.Queue,
        object_id="q9",
        name="Self",
        on_full=queue_target("q9"),
    )
    # Two ways to one queue are no circle.
    tenant.put(c.Queue, "q4", name="D", on_full=queue_target("q2"), on_timeout=queue_target("q1"))


def test_time_conditions_never_lead_back_nor_to_what_is_not_there(tenant: Tenant) -> None:
    def condition(to: str, kind: str = "time_condition") -> dict[str, Any]:
        return {"name": f"to {to}", "calendar_id": "c1", "target": {"kind": kind, "value": to}}

    tenant.put(c.TimeCondition, "day", **condition("q1", "queue"))
    tenant.put(c.TimeCondition, "season", **condition("day"))
    refused(tenant, "reference_unknown", "target.value", c.TimeCondition, **condition("none"))
    refused(
        tenant, "reference_unknown", "calendar_id", c.TimeCondition,
        **{**condition("day"), "calendar_id": "none"},
    )  # fmt: skip
    back = {"object_id": "day", **condition("season"), "name": "to q1"}
    said = refused(tenant, "config_invalid", "target", c.TimeCondition, **back)
    assert "to q1 → to day → to q1" in said
    # Also not by way of a queue.
    closed = {"name": "Sales", "on_closed": {"kind": "time_condition", "value": "season"}}
    said = refused(tenant, "config_invalid", "on_closed", c.Queue, object_id="q1", **closed)
    assert "Sales → to day → to q1 → Sales" in said
    with pytest.raises(Refused, match="config_in_use"):
        tenant.delete(c.TimeCondition, "day")
    tenant.put(c.InboundRoute, "r1", name="Main", did="*", target=condition("season")["target"])
    with pytest.raises(Refused, match="config_in_use"):
        tenant.delete(c.TimeCondition, "season")


def test_groups_of_callers_name_queues_and_agents_that_are_there(tenant: Tenant) -> None:
    group = {"name": "Gold", "numbers": ("+8613800000001",)}
    tenant.put(c.CallerGroup, "g1", **group, queues={"*": "q1"}, owner_agent_id="ann")
    for fields, field in (
        ({"queues": {"q1": "none"}}, "queues.q1"),
        ({"queues": {"none": "q1"}}, "queues.none"),
        ({"owner_agent_id": "eve"}, "owner_agent_id"),
    ):
        refused(tenant, "reference_unknown", field, c.CallerGroup, name="x", **fields)
    twice = ("+8613800000001", "+8613800000001")
    refused(tenant, "config_invalid", "numbers.1", c.CallerGroup, name="x", numbers=twice)
    with pytest.raises(Refused, match="config_in_use"):
        tenant.delete(c.Queue, "q1")


def test_what_is_used_is_not_deleted_and_the_users_are_named(tenant: Tenant) -> None:
    tenant.put(c.AgentProfile, "ann", skills={"s1": 7}, voicemail_id="v1")
    tenant.put(c.Queue, "q2", name="Support", calendar_id="c1", on_timeout=queue_target("q1"))
    used: dict[type[c.Config], tuple[str, str]] = {
        c.Skill: ("s1", "agent_profile ann (skills.s1)"),
        c.VoicemailBox: ("v1", "agent_profile ann (voicemail_id)"),
        c.Calendar: ("c1", "queue Support (q2) (calendar_id)"),
        c.Queue: ("q1", "queue Support (q2) (on_timeout.value)"),
    }
    for model, (object_id, user) in used.items():
        with pytest.raises(Refused) as refusal:
            tenant.delete(model, object_id)
        assert refusal.value.code == "config_in_use"
        assert user in refusal.value.detail
    tenant.delete(c.Queue, "q2")
    tenant.delete(c.AgentProfile, "ann")
    for model, (object_id, _) in used.items():
        tenant.delete(model, object_id)


def test_a_refusal_names_some_of_many_users(tenant: Tenant) -> None:
    for n in range(8):
        tenant.put(c.Queue, f"u{n}", name=f"User {n}", calendar_id="c1")
    with pytest.raises(Refused, match="and 3 more"):
        tenant.delete(c.Calendar, "c1")


@pytest.mark.parametrize("text", ["a\x00b", "a\nb", "\x7f"])
def test_text_that_cannot_be_stored_or_shown_is_no_name(text: str) -> None:
    with pytest.raises(ValidationError):
        c.Skill(name=text)
    assert c.Skill(name=" Dutch ").name == "Dutch"
