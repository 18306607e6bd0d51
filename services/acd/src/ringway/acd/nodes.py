"""How busy each Asterisk node is, and emptying one that is to be shut down."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from ringway.acd.app import Acd
from ringway.acd.runner import FloorRunner
from ringway.proto.acd import AgentState, LegMode
from ringway.runtime.ari import AriClient, AriDown, AriError

_log = logging.getLogger("ringway.acd.nodes")

_LOOK_S = 2.0
_FREE = (AgentState.READY, AgentState.NOT_READY)


class NodeWatch:
    """Looks at every node, and moves agents' legs away from those that are being drained.

    Calls there end by themselves; nothing new is placed on them while another node is there.
    """

    def __init__(self, acd: Acd, ari: AriClient) -> None:
        self._acd = acd
        self._ari = ari
        self._look = asyncio.Event()

    def drain(self, nodes: frozenset[str]) -> None:
        """Learn which nodes are drained from now on."""
        self._acd.control.draining = nodes
        self._look.set()

    async def run(self) -> None:
        """Worker."""
        while True:
            self._look.clear()
            await self._count()
            for node in self._acd.control.draining & self._ari.nodes.keys():
                for runner in list(self._acd.runners.values()):
                    await self._empty(runner, node)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._look.wait()

    async def _count(self) -> None:
        if len(self._ari.nodes) < 2:
            return
        load: dict[str, int] = {}
        for node in self._ari.nodes.values():
            try:
                load[node.name] = len(await node.get_channels())
            except (AriDown, AriError):
                continue
        self._acd.control.count(load)

    async def _empty(self, runner: FloorRunner, node: str) -> None:
        """Call free agents' nailed-up phones from another node, where they are registered."""
        for agent_id, leg in list(runner.legs.items()):
            agent = runner.floor.agents.get(agent_id)
            if leg.node != node or leg.leg_mode is not LegMode.NAILED_UP or agent is None:
                continue
            if agent.state not in _FREE or not await self._is_elsewhere(runner, agent_id):
                continue
            if runner.legs.get(agent_id) is leg and agent.state in _FREE:
                _log.info("A phone moves to another node.", extra={"agent_id": agent_id})
                runner.leg_gone(leg.channel_id, node_lost=True)

    async def _is_elsewhere(self, runner: FloorRunner, agent_id: str) -> bool:
        username = runner.phones.username_of(agent_id)
        for node in self._acd.control.nodes_by_load():
            if node.name in self._acd.control.draining or username is None:
                continue
            try:
                endpoint = await node.endpoint("PJSIP", username)
            except (AriDown, AriError):
                continue
            if endpoint.state == "online":
                return True
        return False
