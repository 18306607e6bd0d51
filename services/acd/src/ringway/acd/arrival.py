"""What a channel tells about itself: its one state variable, and the hand-over's arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import orjson

from ringway.acd.calls import Call
from ringway.runtime.ari import Channel
from ringway.runtime.ids import uuid7_of

INBOUND = "inbound"  # the ``kind`` that the dialplan writes on customers' channels


def read_state(channel: Channel) -> Mapping[str, str]:
    """Return ``CC_STATE`` of a channel; empty when there is none or it is not ours."""
    try:
        raw = orjson.loads(channel.channelvars.get("CC_STATE", ""))
    except orjson.JSONDecodeError:
        return {}
    return {str(k): str(v) for k, v in raw.items()} if isinstance(raw, dict) else {}


def interaction_of(channel: Channel, state: Mapping[str, str]) -> str:
    """Return the interaction of a caller's channel: what was written on it, else its own.

    Every process finds the same one, so nothing needs to be written on a channel that arrives.
    """
    return state.get("interaction") or str(uuid7_of(channel.creationtime, channel.id))


def is_caller(state: Mapping[str, str]) -> bool:
    """Tell whether a channel is a customer's who called us: as he arrived, or written on it."""
    return state.get("role", state.get("kind")) in ("caller", INBOUND)


def call_from(
    state: Mapping[str, str], node: str, channel_id: str, *, answered_at: datetime
) -> Call:
    """Build the call that a customer's channel is.

    Raises:
        KeyError: The state names no interaction.
    """
    return Call(
        interaction_id=state["interaction"],
        campaign_id=state.get("campaign", ""),
        attempt_id=state.get("attempt", ""),
        node=node,
        channel_id=channel_id,
        caller=state.get("caller", ""),
        called=state.get("called", ""),
        answered_at=answered_at,
    )


def outbound_call(args: Sequence[str], channel: Channel, node: str) -> tuple[str, Call] | None:
    """Read the dialer's hand-over: tenant and call, or ``None`` when it is not one.

    The arguments are ``outbound,<tenant>,<interaction>,<campaign>,<attempt>,<agent or ->,
    <answered, ms since 1970>``.
    """
    if len(args) < 7 or args[0] != "outbound" or not args[6].isdigit():
        return None
    _, tenant, interaction, campaign, attempt, _, answered_ms = args[:7]
    state = {
        **read_state(channel),
        "interaction": interaction,
        "campaign": campaign,
        "attempt": attempt,
    }
    answered_at = datetime.fromtimestamp(int(answered_ms) / 1000, UTC)
    return tenant, call_from(state, node, channel.id, answered_at=answered_at)
