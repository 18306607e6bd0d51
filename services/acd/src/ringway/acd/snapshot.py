"""A floor in the snapshot bucket, and back.

One key an agent and one an interaction. Asterisk's word goes over a snapshot's wherever they
differ (recovery.py): a snapshot may be a few milliseconds old.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from ringway.acd.calls import Call, Leg
from ringway.acd.core import model as m
from ringway.acd.core.model import CallState
from ringway.proto.acd import AgentState, HungUpBy, LegMode

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

BUCKET = "acd_live"

# bucket, key, value; a value of None deletes the key
Put = tuple[str, str, bytes | None]


def of_agent(runner: FloorRunner, agent_id: str) -> Put:
    """Return what to store about an agent; nothing once he is logged out."""
    key = f"agent.{runner.tenant}.{agent_id}"
    agent = runner.floor.agents.get(agent_id)
    if agent is None or agent.state is AgentState.LOGGED_OUT:
        return BUCKET, key, None
    leg = runner.legs.get(agent_id)
    raw = {
        "number": agent.number,
        "session_id": agent.session_id,
        "leg_mode": agent.leg_mode,
        "state": agent.state,
        "reason": agent.reason,
        "since": runner.wall(agent.since).isoformat(),
        "chose_ready": agent.chose_ready,
        "chose_reason": agent.chose_reason,
        "wants_out": agent.wants_out,
        "interaction_id": agent.interaction_id,
        "deadline": runner.wall(agent.deadline).isoformat() if agent.deadline else None,
        "leg": leg.to_json() if leg is not None and leg.is_up else None,
    }
    return BUCKET, key, orjson.dumps(raw)


def of_call(runner: FloorRunner, interaction_id: str) -> Put:
    """Return what to store about an interaction; nothing once it is over."""
    key = f"interaction.{runner.tenant}.{interaction_id}"
    call, info = runner.floor.calls.get(interaction_id), runner.calls.get(interaction_id)
    if call is None or info is None:
        return BUCKET, key, None
    raw = info.to_json() | {
        "state": call.state,
        "limit_at": runner.wall(call.limit_at).isoformat(),
        "agent_id": call.agent_id,
        "connected_at": _moment(runner, call.connected_at),
        "disconnected_at": _moment(runner, call.disconnected_at),
        "hung_up_by": call.hung_up_by,
        "wrap_up_s": call.wrap_up_s,
    }
    return BUCKET, key, orjson.dumps(raw)


def of_campaign(runner: FloorRunner, campaign_id: str) -> Put:
    """Return what to store about a campaign; nothing once it is gone."""
    key = f"campaign.{runner.tenant}.{campaign_id}"
    campaign = runner.floor.campaigns.get(campaign_id)
    if campaign is None:
        return BUCKET, key, None
    raw = {
        "agent_ids": sorted(campaign.agent_ids),
        "limit_s": campaign.limit_s,
        "wrap_up_s": campaign.wrap_up_s,
    }
    return BUCKET, key, orjson.dumps(raw)


def restore(runner: FloorRunner, entries: Mapping[str, bytes]) -> None:
    """Fill a fresh runner from the bucket's entries of its tenant.

    Raises:
        KeyError, ValueError: An entry is not a snapshot.
    """
    restored = m.Restored()
    for key, value in entries.items():
        kind, _, name = key.split(".", 2)
        raw = orjson.loads(value)
        if kind == "campaign":
            restored.campaigns.append(
                m.Campaign(name, frozenset(raw["agent_ids"]), raw["limit_s"], raw["wrap_up_s"])
            )
        elif kind == "agent":
            restored.agents.append(_agent(runner, name, raw))
            if raw["leg"] is not None:
                runner.legs[name] = Leg.from_json(name, raw["leg"])
        else:
            runner.calls[name] = Call.from_json(raw)
            restored.calls.append(_call(runner, raw))
    _drop_half_pairs(restored)
    runner.floor.restore(restored)


def _drop_half_pairs(restored: m.Restored) -> None:
    """Agent and call are stored one after the other: undo what is known by one side only."""
    calls = {call.interaction_id: call for call in restored.calls}
    agents = {agent.agent_id: agent for agent in restored.agents}
    for agent in restored.agents:
        call = calls.get(agent.interaction_id or "")
        if agent.interaction_id and (call is None or call.agent_id != agent.agent_id):
            agent.interaction_id = agent.deadline = None
            agent.state, agent.reason = AgentState.NOT_READY, agent.chose_reason
    for call in list(restored.calls):
        agent_ = agents.get(call.agent_id or "")
        paired = agent_ is not None and agent_.interaction_id == call.interaction_id
        if call.agent_id is None or paired:
            continue
        if call.state is CallState.WRAP_UP:
            restored.calls.remove(call)  # its end was told before the agent became free
        elif call.state is CallState.OFFERED:
            call.state, call.agent_id = CallState.WAITING, None


def _agent(runner: FloorRunner, agent_id: str, raw: dict[str, Any]) -> m.Agent:
    state = AgentState(raw["state"])
    agent = m.Agent(
        agent_id,
        raw["number"],
        raw["session_id"],
        LegMode(raw["leg_mode"]),
        has_leg=raw["leg"] is not None,
        state=state,
        reason=raw["reason"],
        since=runner.floor_time(_read(raw["since"])),
        chose_ready=raw["chose_ready"],
        chose_reason=raw["chose_reason"],
        wants_out=raw["wants_out"],
        interaction_id=raw["interaction_id"],
        deadline=runner.floor_time(_read(raw["deadline"])) if raw["deadline"] else None,
    )
    agent.idle_since = agent.since
    if state is AgentState.RESERVED and agent.interaction_id is None:
        # The dialer asks again for what it still needs.
        agent.state = AgentState.NOT_READY
        agent.deadline = None
    return agent


def _call(runner: FloorRunner, raw: dict[str, Any]) -> m.Call:
    at = runner.floor_time
    return m.Call(
        raw["interaction_id"],
        raw["campaign_id"],
        raw["attempt_id"],
        at(_read(raw["answered_at"])),
        at(_read(raw["limit_at"])),
        CallState(raw["state"]),
        raw["agent_id"],
        connected_at=at(_read(raw["connected_at"])) if raw["connected_at"] else None,
        disconnected_at=at(_read(raw["disconnected_at"])) if raw["disconnected_at"] else None,
        hung_up_by=HungUpBy(raw["hung_up_by"]) if raw["hung_up_by"] else None,
        wrap_up_s=raw["wrap_up_s"],
    )


def _moment(runner: FloorRunner, at: float | None) -> str | None:
    return runner.wall(at).isoformat() if at is not None else None


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)
