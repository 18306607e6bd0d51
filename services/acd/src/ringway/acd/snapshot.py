"""A floor in the snapshot bucket, and back.

One key an agent and one an interaction. Asterisk's word goes over a snapshot's wherever they
differ (recovery.py): a snapshot may be a few milliseconds old.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from ringway.acd.calls import VISIT, Call, Leg
from ringway.acd.core import model as m
from ringway.acd.core.records import CallState, WrapUp
from ringway.proto.acd import AgentState, HungUpBy, LegMode

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

BUCKET = "acd_live"

_AGENT_PLAIN = (
    "number",
    "session_id",
    "leg_mode",
    "auto_answer",
    "state",
    "reason",
    "chose_ready",
    "chose_reason",
    "wants_out",
    "do_not_disturb",
    "interaction_id",
)
_CALL_PLAIN = (
    "queue_id",
    "state",
    "agent_id",
    "hung_up_by",
    "wrap_up_s",
    "segment",
    "held_s",
    "priority",
    "vip",
    "value_grade",
)
_CALL_TIMES = ("limit_at", "waiting_since", "offer_until", "connected_at", "held_since")


def key(tenant: str, kind: str, id_: str) -> str:
    """Return the key of an ``agent``, an ``interaction`` or a ``campaign``."""
    return f"{kind}.{tenant}.{id_}"


def of_agent(runner: FloorRunner, agent_id: str) -> bytes | None:
    """Return what to store about an agent; nothing once he is logged out."""
    agent = runner.floor.agents.get(agent_id)
    if agent is None or agent.state is AgentState.LOGGED_OUT:
        return None
    leg = runner.legs.get(agent_id)
    raw: dict[str, Any] = {name: getattr(agent, name) for name in _AGENT_PLAIN}
    raw["since"] = runner.wall(agent.since).isoformat()
    raw["idle_since"] = runner.wall(agent.idle_since).isoformat()
    raw["deadline"] = _moment(runner, agent.deadline)
    raw["chosen"] = sorted(agent.chosen) if agent.chosen is not None else None
    raw["leg"] = leg.to_json() if leg is not None and leg.is_up else None
    if (done := agent.wrap_up) is not None:
        raw["wrap_up"] = {
            "interaction_id": done.interaction_id,
            "segment": done.segment,
            "since": runner.wall(done.since).isoformat(),
            "is_last": done.is_last,
        }
    return orjson.dumps(raw)


def of_call(runner: FloorRunner, interaction_id: str) -> bytes | None:
    """Return what to store about an interaction; nothing once it is over."""
    call, info = runner.floor.calls.get(interaction_id), runner.calls.get(interaction_id)
    if call is None and info is not None and VISIT in info.extra and not info.is_gone:
        return orjson.dumps(info.to_json())
    if call is None or info is None:
        return None
    raw = info.to_json() | {name: getattr(call, name) for name in _CALL_PLAIN}
    raw |= {name: _moment(runner, getattr(call, name)) for name in _CALL_TIMES}
    raw["excluded"], raw["declined"] = sorted(call.excluded), sorted(call.declined)
    raw["offers"] = {a: runner.wall(at).isoformat() for a, at in call.offers.items()}
    return orjson.dumps(raw)


def of_campaign(runner: FloorRunner, campaign_id: str) -> bytes | None:
    """Return what to store about a campaign; nothing once it is gone."""
    campaign = runner.floor.campaigns.get(campaign_id)
    if campaign is None:
        return None
    raw = {
        "agent_ids": sorted(campaign.agent_ids),
        "limit_s": campaign.limit_s,
        "wrap_up_s": campaign.wrap_up_s,
        "message": campaign.message,
    }
    return orjson.dumps(raw)


def restore(runner: FloorRunner, entries: Mapping[str, bytes]) -> None:
    """Fill a fresh runner from the bucket's entries of its tenant.

    Raises:
        KeyError, ValueError: An entry is not a snapshot.
    """
    restored = m.Restored()
    for entry, value in entries.items():
        kind, _, name = entry.split(".", 2)
        raw = orjson.loads(value)
        if kind == "campaign":
            restored.campaigns.append(
                m.Campaign(
                    name,
                    frozenset(raw["agent_ids"]),
                    raw["limit_s"],
                    raw["wrap_up_s"],
                    tuple(raw.get("message", ())),  # of an older release: none
                )
            )
        elif kind == "agent":
            restored.agents.append(_agent(runner, name, raw))
            if raw["leg"] is not None:
                runner.legs[name] = Leg.from_json(name, raw["leg"])
        elif kind == "supervision":
            runner.supervisions[name] = raw
        elif kind == "interaction":
            runner.calls[name] = Call.from_json(raw)
            if "state" in raw:  # else he was with nobody yet, and in no queue
                restored.calls.append(_call(runner, raw))
    _agree(restored)
    runner.floor.restore(restored)


def _agree(restored: m.Restored) -> None:
    """Agent and call are stored one after the other: undo what is known by one side only."""
    calls = {call.interaction_id: call for call in restored.calls}
    for agent in restored.agents:
        call = calls.get(agent.interaction_id or "")
        if agent.interaction_id is None:
            continue
        if call is not None and agent.state is AgentState.WRAP_UP and agent.wrap_up is not None:
            call.wrap_ups += 1
        elif call is not None and agent.state in (AgentState.TALKING, AgentState.HOLD):
            call.members.add(agent.agent_id)
        elif call is None or not (agent.agent_id in call.offers or call.agent_id == agent.agent_id):
            # His state is told as over when the floor hears what he chose.
            agent.interaction_id = agent.deadline = agent.wrap_up = None
    reserved = {a.agent_id: a.interaction_id for a in restored.agents}
    for call in list(restored.calls):
        call.offers = {
            a: at for a, at in call.offers.items() if reserved.get(a) == call.interaction_id
        }
        if call.state is CallState.OVER and call.wrap_ups == 0:
            restored.calls.remove(call)  # its end was told before the agent became free
        elif call.state is CallState.OFFERED and not call.offers:
            call.state, call.agent_id = CallState.WAITING, None
        elif call.state is CallState.TALKING and call.agent_id not in call.members:
            call.state, call.agent_id = CallState.ELSEWHERE, None


def _agent(runner: FloorRunner, agent_id: str, raw: dict[str, Any]) -> m.Agent:
    at = runner.floor_time
    state = AgentState(raw["state"])
    agent = m.Agent(
        agent_id,
        raw["number"],
        raw["session_id"],
        LegMode(raw["leg_mode"]),
        auto_answer=raw.get("auto_answer", True),
        has_leg=raw["leg"] is not None,
        state=state,
        reason=raw["reason"],
        since=at(_read(raw["since"])),
        chose_ready=raw["chose_ready"],
        chose_reason=raw["chose_reason"],
        wants_out=raw["wants_out"],
        do_not_disturb=raw.get("do_not_disturb", False),
        interaction_id=raw["interaction_id"],
        deadline=at(_read(raw["deadline"])) if raw["deadline"] else None,
    )
    if (chosen := raw.get("chosen")) is not None:  # of an older release: none
        agent.chosen = frozenset(chosen)
    agent.idle_since = at(_read(raw.get("idle_since") or raw["since"]))
    if (done := raw.get("wrap_up")) is not None:
        agent.wrap_up = WrapUp(
            done["interaction_id"], done["segment"], at(_read(done["since"])), done["is_last"]
        )
    if state is AgentState.RESERVED and agent.interaction_id is None:
        agent.deadline = None  # the dialer asks again for what it still needs
    return agent


def _call(runner: FloorRunner, raw: dict[str, Any]) -> m.Call:
    def at(name: str) -> float | None:
        return runner.floor_time(_read(raw[name])) if raw.get(name) else None

    answered_at = runner.floor_time(_read(raw["answered_at"]))
    return m.Call(
        raw["interaction_id"],
        raw["campaign_id"],
        raw["attempt_id"],
        raw.get("queue_id", ""),
        answered_at,
        limit_at=at("limit_at"),
        waiting_since=at("waiting_since") or answered_at,
        state=CallState(raw["state"]),
        agent_id=raw["agent_id"],
        offers={a: runner.floor_time(_read(t)) for a, t in raw.get("offers", {}).items()},
        offer_until=at("offer_until"),
        connected_at=at("connected_at"),
        hung_up_by=HungUpBy(raw["hung_up_by"]) if raw["hung_up_by"] else None,
        wrap_up_s=raw["wrap_up_s"],
        segment=raw.get("segment", 0),
        held_since=at("held_since"),
        held_s=raw.get("held_s", 0.0),
        priority=raw.get("priority", 5),
        vip=raw.get("vip", False),
        value_grade=raw.get("value_grade", 0),
        excluded=frozenset(raw.get("excluded", ())),
        declined=frozenset(raw.get("declined", ())),
    )


def _moment(runner: FloorRunner, at: float | None) -> str | None:
    return runner.wall(at).isoformat() if at is not None else None


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)
