"""What is on an Asterisk node, and taking over what another replica left there.

A channel belongs to the Stasis application of the replica that served it. Who holds a tenant's
lease now moves the tenant's channels to his own application: people who talk or hear music
notice nothing. See docs/adr/0008-take-over-by-move.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from prometheus_client import Counter

from ringway.acd.arrival import is_caller, read_state
from ringway.acd.calls import room_of
from ringway.runtime.ari import (
    AriConflict,
    AriError,
    AriNode,
    AriNotFound,
    Bridge,
    Channel,
)

_log = logging.getLogger("ringway.acd.adoption")
_adopted = Counter("acd_channels_adopted", "Channels taken over from other replicas.", ["outcome"])

FAMILY = "acd-"  # how the applications of all replicas begin
ADOPTED = "adopted"  # first argument of a channel that is moved to us as it is
_AT_ONCE = 16
_SUBSCRIBED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Picture:
    """One node at one moment.

    ``in_bridge``: who is together with a channel, itself included. ``ours``: the channels in our
    application, those just taken over included.
    """

    node: AriNode
    channels: Mapping[str, Channel]
    bridges: Sequence[Bridge]
    in_bridge: Mapping[str, frozenset[str]]
    ours: frozenset[str]

    def without(self, gone: Collection[str]) -> Picture:
        """Return what is left when some channels have ended meanwhile."""
        return replace(self, channels={k: c for k, c in self.channels.items() if k not in gone})


async def look(
    node: AriNode, app: str, tenants: Collection[str], expect: Callable[[str], None]
) -> Picture:
    """Take over the channels of ``tenants`` from other replicas, and see what there is.

    An application goes on to list channels that it made or was subscribed to after they left it.
    So what others list is moved although it may be ours already; that does no harm.

    Args:
        expect: Told of each channel before it is moved.

    Raises:
        AriDown: The node does not answer.
    """
    applications = await node.get_applications()
    channels = {channel.id: channel for channel in await node.get_channels()}
    others = {
        channel_id
        for each in applications
        if each.name.startswith(FAMILY) and each.name != app
        for channel_id in each.channel_ids
    }
    mine = frozenset(x for each in applications if each.name == app for x in each.channel_ids)
    strays = [
        channel
        for channel_id in others
        if (channel := channels.get(channel_id)) is not None
        and read_state(channel).get("tenant") in tenants
    ]
    for channel in strays:
        expect(channel.id)
    taken = await _take(node, app, strays)
    for channel in strays:
        if channel.id not in taken:
            del channels[channel.id]
    bridges = await node.get_bridges()
    return Picture(
        node,
        channels,
        bridges,
        {x: frozenset(bridge.channels) for bridge in bridges for x in bridge.channels},
        mine | taken,
    )


async def _take(node: AriNode, app: str, strays: Sequence[Channel]) -> frozenset[str]:
    """Move channels to our application; return those that are still there."""
    if not strays:
        return frozenset()
    # First, so that the end of a channel is heard of even if it comes before the move.
    for n in range(0, len(strays), _SUBSCRIBED_AT_ONCE):
        some = [f"channel:{channel.id}" for channel in strays[n : n + _SUBSCRIBED_AT_ONCE]]
        try:
            await node.subscribe(app, *some)
        except AriError:  # one of them has gone
            for source in some:
                with suppress(AriError):
                    await node.subscribe(app, source)
    gate = asyncio.Semaphore(_AT_ONCE)
    there: set[str] = set()

    async def one(channel: Channel) -> None:
        async with gate:
            if await _move(node, app, channel):
                there.add(channel.id)

    async with asyncio.TaskGroup() as group:
        for channel in strays:
            group.create_task(one(channel))
    _log.info(
        "Channels are taken over.",
        extra={"node": node.name, "channels": len(there), "gone": len(strays) - len(there)},
    )
    return frozenset(there)


async def _move(node: AriNode, app: str, channel: Channel) -> bool:
    try:
        await node.move(channel.id, app, _arguments(channel))
    except AriNotFound:
        _adopted.labels("gone").inc()
        return False
    except AriConflict:
        # It rings, or is being answered: with its application gone nobody would be there.
        _adopted.labels("ended").inc()
        await end(node, channel)
        return False
    _adopted.labels("moved").inc()
    return True


async def end(node: AriNode, channel: Channel) -> None:
    """End a channel that nobody knows, and its room if it is an agent's leg."""
    is_leg = read_state(channel).get("role") == "agent"
    await node.end(channel.id, *([room_of(channel.id)] if is_leg else []))


def _arguments(channel: Channel) -> tuple[str, ...]:
    """Return how a channel enters: as it is, but phones that dialed, of which nobody knew yet."""
    state = read_state(channel)
    kind, dialled = state.get("kind", ""), state.get("dialled", "")
    if "role" in state or not kind or not dialled or is_caller(state):
        return (ADOPTED,)
    return kind, state["tenant"], state.get("endpoint", ""), dialled
