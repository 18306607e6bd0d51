"""Reconnect means reconcile: compare our picture with Asterisk's before anything else.

Called for each node after every (re)connect, before that connection's events. Asterisk's word
wins: a channel that is there is alive, one that is not has gone, two in a bridge are talking.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from ringway.acd.arrival import call_from, read_state
from ringway.acd.core import model as m
from ringway.acd.core.floor import RECONNECTING
from ringway.acd.core.model import CallState
from ringway.acd.runner import FloorRunner
from ringway.proto.acd import AgentState, LegMode
from ringway.runtime.ari import AriError, AriNode, Channel
from ringway.runtime.clock import utcnow

_log = logging.getLogger("ringway.acd.recovery")

# A customer found without history has waited an unknown time: he gets this long, then the message.
_FOUND_CHANCE_S = 0.5

RunnerOf = Callable[[str], FloorRunner | None]


async def reconcile(
    node: AriNode, app: str, runners: Iterable[FloorRunner], runner_of: RunnerOf, *, first: bool
) -> None:
    """Bring every runner's picture in line with one node.

    Args:
        first: This process sees the node for the first time, so legs of ours that no runner
            knows are left-overs of a dead process.

    Raises:
        AriDown: The node left again; it is called once more when the node is back.
    """
    channels = {channel.id: channel for channel in await node.get_channels()}
    in_bridge = {
        channel_id: frozenset(bridge.channels)
        for bridge in await node.get_bridges()
        for channel_id in bridge.channels
    }
    for runner in runners:
        _customers(runner, node.name, channels, in_bridge)
        _legs(runner, node.name, channels)
    await _strangers(node, app, channels, runner_of, first=first)


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
        floor_call = runner.floor.calls[interaction_id]
        offered_to = floor_call.agent_id or next(iter(floor_call.offers), None)
        if state in (CallState.WAITING, CallState.OFFERED) and partner is not None:
            runner.adopt(interaction_id, partner)
            runner.record_again(interaction_id)
        elif state is CallState.OFFERED and offered_to in runner.legs:
            runner.connect_again(interaction_id, offered_to or "")
        elif state is CallState.OFFERED:
            runner.apply(m.OfferFailed(runner.now(), interaction_id, offered_to or ""))
        elif state is CallState.TALKING and not call.is_recording:
            runner.record_again(interaction_id)
        elif state in (CallState.ABANDONING, CallState.OVER):
            runner.hang_up_again(interaction_id)


def _legs(runner: FloorRunner, node: str, channels: Mapping[str, Channel]) -> None:
    for leg in list(runner.legs.values()):
        if leg.node == node and leg.is_up and leg.channel_id not in channels:
            runner.leg_gone(leg.channel_id, node_lost=True)
    for agent in list(runner.floor.agents.values()):
        if agent.state is AgentState.LOGGED_OUT or agent.leg_mode is not LegMode.NAILED_UP:
            continue
        if agent.agent_id not in runner.legs:
            if agent.has_leg:
                runner.apply(m.LegLost(runner.now(), agent.agent_id, node_lost=True))
            elif agent.reason == RECONNECTING:
                runner.recall(agent.agent_id)
        # Whatever a restored agent is, he is what he chose if nothing stands against it.
        runner.apply(m.Chose(runner.now(), agent.agent_id, agent.chose_ready, agent.chose_reason))


async def _strangers(
    node: AriNode,
    app: str,
    channels: Mapping[str, Channel],
    runner_of: RunnerOf,
    *,
    first: bool,
) -> None:
    """See to channels that are in our application and that nobody here knows."""
    try:
        ours = (await node.get_application(app)).channel_ids
    except AriError:
        return
    for channel_id in ours:
        channel = channels.get(channel_id)
        state = read_state(channel) if channel is not None else {}
        runner = runner_of(state.get("tenant", ""))
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
        elif state.get("role") == "agent" and first and not _is_leg(runner, channel_id):
            await node.hangup(channel_id)


def _is_leg(runner: FloorRunner, channel_id: str) -> bool:
    return any(leg.channel_id == channel_id for leg in runner.legs.values())
