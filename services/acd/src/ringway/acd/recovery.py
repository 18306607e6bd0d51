"""Reconnect means reconcile: compare our picture with Asterisk's before anything else.

Done for each node after every (re)connect, before that connection's events, and for each floor
that is taken over. Asterisk's word wins: a channel that is there is alive, one that is not has
gone, two in a bridge are talking.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from ringway.acd.adoption import Picture, end
from ringway.acd.arrival import call_from, read_state
from ringway.acd.calls import ORIGIN, Leg
from ringway.acd.core import model as m
from ringway.acd.core.floor import RECONNECTING
from ringway.acd.core.model import CallState
from ringway.acd.runner import FloorRunner
from ringway.proto.acd import AgentState, LegMode
from ringway.runtime.ari import Channel
from ringway.runtime.clock import utcnow

_log = logging.getLogger("ringway.acd.recovery")

# A customer found without history has waited an unknown time: he gets this long, then the message.
_FOUND_CHANCE_S = 0.5


def reconcile(picture: Picture, runners: Sequence[FloorRunner], *, first: bool) -> None:
    """Bring every runner's picture in line with one node. Never waits.

    Args:
        first: These floors see the node for the first time, so legs that they do not know are
            left-overs of a dead process.
    """
    node, channels = picture.node.name, picture.channels
    for runner in runners:
        if first:
            _found_legs(runner, picture)
        _customers(runner, node, channels, picture.in_bridge)
        _legs(runner, node, channels)
    _strangers(picture, {runner.tenant: runner for runner in runners}, first=first)


def _found_legs(runner: FloorRunner, picture: Picture) -> None:
    """Know the phones on demand that were answered in the moment of a process's death."""
    for channel_id in picture.ours:
        channel = picture.channels.get(channel_id)
        state = read_state(channel) if channel is not None else {}
        agent_id, call = (
            state.get("agent", ""),
            runner.floor.calls.get(state.get("interaction", "")),
        )
        if channel is None or call is None or state.get("tenant") != runner.tenant:
            continue
        rang = state.get("role") == "agent" and state.get("mode") == LegMode.ON_DEMAND
        is_offered = call.state is CallState.OFFERED and agent_id in call.offers
        if rang and channel.state == "Up" and is_offered and agent_id not in runner.legs:
            runner.legs[agent_id] = Leg(
                agent_id, LegMode.ON_DEMAND, picture.node.name, channel_id, is_up=True
            )


def _customers(
    runner: FloorRunner,
    node: str,
    channels: Mapping[str, Channel],
    in_bridge: Mapping[str, frozenset[str]],
) -> None:
    leg_owner = {leg.channel_id: agent_id for agent_id, leg in runner.legs.items()}
    for interaction_id, call in list(runner.calls.items()):
        if call.node != node or interaction_id not in runner.floor.calls:
            continue
        state = runner.floor.calls[interaction_id].state
        if call.channel_id not in channels:
            if state is not CallState.OVER and call.channel_id:
                runner.customer_gone(interaction_id, cause_q850=0, exactly=False)
            continue
        together = in_bridge.get(call.channel_id, frozenset())
        partner = next((leg_owner[c] for c in together if c in leg_owner), None)
        if state in (CallState.WAITING, CallState.OFFERED) and partner is not None:
            runner.adopt(interaction_id, partner)
            runner.record_again(interaction_id)
        elif state is CallState.OFFERED:
            _offers(runner, interaction_id)
        elif state is CallState.TALKING and not call.is_recording:
            runner.record_again(interaction_id)
        elif state in (CallState.ABANDONING, CallState.OVER):
            runner.hang_up_again(interaction_id)


def _offers(runner: FloorRunner, interaction_id: str) -> None:
    """Go on with what was under way between a customer and the agents he was offered to."""
    call = runner.floor.calls[interaction_id]
    for agent_id in [call.agent_id] if call.agent_id else list(call.offers):
        leg, agent = runner.legs.get(agent_id), runner.floor.agents.get(agent_id)
        if call.state is not CallState.OFFERED or call.interaction_id not in runner.floor.calls:
            return  # one of the agents has him
        if leg is None or agent is None:
            ring = agent is not None and agent.leg_mode is LegMode.ON_DEMAND
            runner.apply(m.OfferFailed(runner.now(), interaction_id, agent_id, interrupted=ring))
        elif call.agent_id == agent_id:
            runner.connect_again(interaction_id, agent_id)
        elif leg.is_up and (leg.leg_mode is LegMode.ON_DEMAND or agent.auto_answer):
            runner.apply(m.Accepted(runner.now(), interaction_id, agent_id))


def _legs(runner: FloorRunner, node: str, channels: Mapping[str, Channel]) -> None:
    for leg in list(runner.legs.values()):
        if leg.node == node and leg.is_up and leg.channel_id not in channels:
            runner.leg_gone(leg.channel_id, node_lost=True)
    for agent in list(runner.floor.agents.values()):
        if agent.state is AgentState.LOGGED_OUT:
            continue
        if agent.leg_mode is LegMode.NAILED_UP and agent.agent_id not in runner.legs:
            if agent.has_leg:
                runner.apply(m.LegLost(runner.now(), agent.agent_id, node_lost=True))
            elif agent.reason == RECONNECTING:
                runner.recall(agent.agent_id)
        # Whatever a restored agent is, he is what he chose if nothing stands against it.
        runner.apply(m.Chose(runner.now(), agent.agent_id, agent.chose_ready, agent.chose_reason))


def _strangers(picture: Picture, runners: Mapping[str, FloorRunner], *, first: bool) -> None:
    """See to channels that are in our application and that nobody here knows."""
    node = picture.node
    for channel_id in picture.ours:
        channel = picture.channels.get(channel_id)
        state = read_state(channel) if channel is not None else {}
        runner = runners.get(state.get("tenant", ""))
        if channel is None or runner is None:
            continue
        if state.get("role") == "customer" and state.get("interaction") not in runner.calls:
            _log.warning(
                "Found a customer whom nobody told us of.",
                extra={"tenant": runner.tenant, "interaction_id": state.get("interaction")},
            )
            campaign = runner.floor.campaigns.get(state.get("campaign", ""))
            limit_s = campaign.limit_s if campaign else 2.0
            answered_at = utcnow() - timedelta(seconds=max(0.0, limit_s - _FOUND_CHANCE_S))
            runner.arrived(call_from(state, node.name, channel_id, answered_at=answered_at))
        elif state.get("role") == "link" and first and not _is_link(runner, channel_id):
            runner.spawn(end(node, channel), "end stray link")
        elif state.get("role") == "agent" and first and not _is_leg(runner, channel_id):
            runner.spawn(end(node, channel), "end stray leg")
        elif state.get("role") == "party" and first and channel_id not in picture.in_bridge:
            runner.spawn(end(node, channel), "end stray party")  # it rings for a dead process


def _is_leg(runner: FloorRunner, channel_id: str) -> bool:
    if runner.supervision is not None and runner.supervision.has_phone(channel_id):
        return True
    return any(leg.channel_id == channel_id for leg in runner.legs.values())


def _is_link(runner: FloorRunner, channel_id: str) -> bool:
    if runner.links is not None and runner.links.knows(channel_id):
        return True
    return any(
        channel_id in (call.channel_id, call.extra.get(ORIGIN, {}).get("link_id"))
        for call in runner.calls.values()
    )
