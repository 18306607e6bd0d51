"""Requests of the platform's operators about Asterisk nodes: how they are, and emptying one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from ringway.acd.arrival import interaction_of, is_caller, read_state
from ringway.proto import acd_nodes as p
from ringway.proto.acd import LegMode
from ringway.proto.base import Request
from ringway.runtime.ari import AriClient, AriDown, AriError, AriNode, Channel
from ringway.runtime.bus import Bus
from ringway.runtime.draining import Drain, Draining
from ringway.runtime.errors import Refused


class NodeRequests:
    """Handlers of the requests about nodes. Every replica answers alike: Asterisk is asked."""

    def __init__(self, ari: AriClient, draining: Draining) -> None:
        self._ari = ari
        self._draining = draining

    async def serve(self, bus: Bus) -> None:
        """Register all handlers."""
        await bus.respond(p.ListNodesV1, self.list_nodes)
        await bus.respond(p.DrainNodeV1, self.drain_node)
        await bus.respond(p.UndrainNodeV1, self.undrain_node)

    async def list_nodes(self, request: p.ListNodesV1) -> p.NodeListV1:
        """How every node is."""
        _check_platform(request)
        names = sorted(self._ari.nodes)
        return p.NodeListV1(nodes=tuple(await asyncio.gather(*map(self._status, names))))

    async def drain_node(self, request: p.DrainNodeV1) -> p.NodeV1:
        """Place nothing new on a node while another serves."""
        _check_platform(request)
        node = self._node(request.node)

        def check(drained: Mapping[str, Drain]) -> None:
            serving = {n.name for n in self._ari.nodes.values() if n.connected} - drained.keys()
            if not serving - {node.name} and not request.force:
                raise Refused("last_node", f"No node but {node.name} serves. Force it to drain it.")

        await self._draining.drain(node.name, request.by, check)
        return p.NodeV1(node=await self._status(node.name))

    async def undrain_node(self, request: p.UndrainNodeV1) -> p.NodeV1:
        """Let a node serve again."""
        _check_platform(request)
        node = self._node(request.node)
        await self._draining.undrain(node.name)
        return p.NodeV1(node=await self._status(node.name))

    def _node(self, name: str) -> AriNode:
        node = self._ari.nodes.get(name)
        if node is None:
            known = ", ".join(sorted(self._ari.nodes))
            raise Refused("node_unknown", f"There is no node {name}. There are: {known}.")
        return node

    async def _status(self, name: str) -> p.NodeStatus:
        drain = self._draining.nodes.get(name)
        status = p.NodeStatus(
            node=name,
            is_connected=False,
            draining_since=drain.since if drain is not None else None,
            drained_by=drain.by if drain is not None else "",
        )
        try:
            channels = await self._ari.nodes[name].get_channels()
        except (AriDown, AriError):
            return status
        return status.model_copy(update={"is_connected": True, **count(channels)})


def count(channels: Sequence[Channel]) -> dict[str, int]:
    """Return what ``NodeStatus`` counts: who is on a node, seen from its channels alone."""
    calls: set[str] = set()
    legs = 0
    for channel in channels:
        state = read_state(channel)
        named = is_caller(state) or "interaction" in state
        interaction = interaction_of(channel, state) if named else ""
        if interaction:
            calls.add(interaction)
        elif state.get("role") == "agent" and state.get("mode") == LegMode.NAILED_UP:
            legs += 1
        elif channel.name.startswith("PJSIP/"):
            calls.add(channel.id)  # it has just come in, or is an agent's own call
    return {"calls": len(calls), "agent_legs": legs, "channels": len(channels)}


def _check_platform(request: Request) -> None:
    if request.tenant != p.PLATFORM:
        raise Refused("node_unknown", "There is no such node.")
