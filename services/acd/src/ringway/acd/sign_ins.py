"""Signing in, and the phones that stay up meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ringway.acd.calls import Leg
from ringway.acd.control import PhoneNotAnswered, PhoneNotRegistered
from ringway.acd.core import model as m
from ringway.proto.acd import AgentState, LegMode
from ringway.runtime.ari import AriDown

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

RECALL_EVERY_S = 1.0
RECALL_LIMIT_S = 120.0


class SignIns:
    """One tenant's agents who begin a session.

    Args:
        ring_s: How long a nailed-up phone may ring.
    """

    def __init__(self, runner: FloorRunner, ring_s: float) -> None:
        self._runner = runner
        self._ring_s = ring_s
        self._recalling: set[str] = set()
        self._calling = 0

    @property
    def is_calling(self) -> bool:
        """Whether phones are being called."""
        return self._calling > 0

    async def sign_in(self, agent_id: str, number: str, leg_mode: LegMode, session: str) -> None:
        """Begin a session; a nailed-up phone is called and must answer.

        Raises:
            PhoneNotRegistered, PhoneNotAnswered, AriDown: See CallControl.call_phone.
            FloorClosed: The floor is another replica's by now.
        """
        runner = self._runner
        if leg_mode is LegMode.NAILED_UP and agent_id not in runner.legs:
            if runner.supervision is not None:
                await runner.supervision.make_way(agent_id)
            self._calling += 1
            try:
                leg = await self._nail_up(agent_id)
            finally:
                self._calling -= 1
            if runner.is_closed:
                await runner.control.hang_up_leg(leg)
            else:
                runner.legs[agent_id] = leg
        runner.apply(m.SignedIn(runner.now(), agent_id, number, session, leg_mode))

    async def _nail_up(self, agent_id: str) -> Leg:
        """Call a phone on the node where it is registered, first of all the idlest."""
        control = self._runner.control
        control.any_node()  # there is one
        nodes = control.nodes_by_load()
        for node in nodes:
            leg = Leg(agent_id, LegMode.NAILED_UP, node.name)
            try:
                await self._runner.phones.call(leg, self._ring_s, auto_answer=True)
            except PhoneNotRegistered:
                if node is nodes[-1]:
                    raise
            else:
                return leg
        raise AriDown("no Asterisk node is connected")

    async def recall(self, agent_id: str) -> None:
        """Call a nailed-up phone until it is there again: the node, not the agent, had left."""
        if agent_id in self._recalling:
            return
        self._recalling.add(agent_id)
        runner = self._runner
        until = runner.now() + RECALL_LIMIT_S
        try:
            while runner.now() < until and agent_id not in runner.legs:
                agent = runner.floor.agents[agent_id]
                if agent.state is AgentState.LOGGED_OUT:
                    return
                try:
                    await self.sign_in(agent_id, agent.number, LegMode.NAILED_UP, agent.session_id)
                except (PhoneNotRegistered, PhoneNotAnswered, AriDown):
                    await asyncio.sleep(RECALL_EVERY_S)
        finally:
            self._recalling.discard(agent_id)
