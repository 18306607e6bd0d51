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
        self._one_at_a_time: dict[str, asyncio.Lock] = {}  # for each agent
        self._recalling: set[str] = set()
        self._ringing: dict[str, Leg | None] = {}  # agent -> what rings for him now
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
        async with self._alone(agent_id):
            if leg_mode is LegMode.NAILED_UP and agent_id not in runner.legs:
                await self._take(await self._nail_up(agent_id))
            runner.apply(m.SignedIn(runner.now(), agent_id, number, session, leg_mode))

    def _alone(self, agent_id: str) -> asyncio.Lock:
        """His phone is called once at a time, whoever wants it."""
        return self._one_at_a_time.setdefault(agent_id, asyncio.Lock())

    async def _take(self, leg: Leg) -> None:
        if self._runner.is_closed:
            await self._runner.control.hang_up_leg(leg)
        else:
            self._runner.legs[leg.agent_id] = leg

    async def _nail_up(self, agent_id: str) -> Leg:
        """Call a phone on the node where it is registered, first of all the idlest."""
        self._calling += 1
        self._ringing[agent_id] = None
        try:
            if self._runner.supervision is not None:
                await self._runner.supervision.make_way(agent_id)
            control = self._runner.control
            control.any_node()  # there is one
            nodes = control.nodes_by_load()
            for node in nodes:
                if agent_id not in self._ringing:
                    break
                leg = self._ringing[agent_id] = Leg(agent_id, LegMode.NAILED_UP, node.name)
                try:
                    await self._runner.phones.call(leg, self._ring_s, auto_answer=True)
                except PhoneNotRegistered:
                    if node is nodes[-1]:
                        raise
                    continue
                if agent_id in self._ringing:
                    return leg
                await control.hang_up_leg(leg)  # he left while it was answered
                break
            raise PhoneNotAnswered(agent_id)
        finally:
            self._calling -= 1
            self._ringing.pop(agent_id, None)

    async def recall(self, agent_id: str) -> None:
        """Call a nailed-up phone until it is there again: the node, not the agent, had left."""
        if agent_id in self._recalling:
            return
        self._recalling.add(agent_id)
        runner = self._runner
        until = runner.now() + RECALL_LIMIT_S
        try:
            while runner.now() < until and agent_id not in runner.legs:
                try:
                    if await self._recall_once(agent_id):
                        return
                except (PhoneNotRegistered, PhoneNotAnswered, AriDown):
                    await asyncio.sleep(RECALL_EVERY_S)
        finally:
            self._recalling.discard(agent_id)

    async def _recall_once(self, agent_id: str) -> bool:
        """Call his phone. True: he has it again, or wants it no more."""
        runner = self._runner
        async with self._alone(agent_id):
            if not self._wants_phone(agent_id) or agent_id in runner.legs:
                return True
            leg = await self._nail_up(agent_id)
            agent = runner.floor.agents[agent_id]
            if not self._wants_phone(agent_id):  # he left while it was answered
                await runner.control.hang_up_leg(leg)
                return True
            await self._take(leg)
            runner.apply(
                m.SignedIn(
                    runner.now(), agent_id, agent.number, agent.session_id, LegMode.NAILED_UP
                )
            )
            return True

    def _wants_phone(self, agent_id: str) -> bool:
        agent = self._runner.floor.agents[agent_id]
        return agent.state is not AgentState.LOGGED_OUT and agent.leg_mode is LegMode.NAILED_UP

    def sign_out(self, agent_id: str) -> None:
        """End his session after the running interaction, or what is to become one.

        Raises:
            FloorClosed: The floor is another replica's by now.
        """
        self._runner.apply(m.SignOut(self._runner.now(), agent_id))
        self.left(agent_id)

    def left(self, agent_id: str) -> None:
        """The agent has signed out: a phone that is called for his session rings no more."""
        leg = self._ringing.pop(agent_id, None)
        if leg is not None:
            self._runner.spawn(self._runner.control.hang_up_leg(leg), "end leg")
