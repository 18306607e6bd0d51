"""Agents' phones: calling them, and giving their legs back after a talk."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from ringway.acd.calls import Leg
from ringway.acd.control import CallControl, PhoneNotRegistered, state_variable
from ringway.proto.acd import LegMode
from ringway.runtime.ari import AriDown, AriError

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

_log = logging.getLogger("ringway.acd.phones")

# Headers that phones know as "answer by yourself"; browsers' and desk phones' ways differ.
_AUTO_ANSWER = {
    "PJSIP_HEADER(add,Alert-Info)": "<http://ringway>;info=alert-autoanswer",
    "PJSIP_HEADER(add,Call-Info)": "<sip:ringway>;answer-after=0",
}


class Phones:
    """One tenant's agents' phones.

    Args:
        username_of: Agent id to SIP username, ``None`` when he is unknown or disabled.
    """

    def __init__(
        self,
        runner: FloorRunner,
        control: CallControl,
        username_of: Callable[[str], str | None],
    ) -> None:
        self._runner = runner
        self._control = control
        self._username_of = username_of

    async def call(
        self,
        leg: Leg,
        ring_s: float,
        *,
        auto_answer: bool = False,
        variables: dict[str, str] | None = None,
        **state: str,
    ) -> None:
        """Call an agent's phone; on return it is up, and a nailed-up leg is in its room.

        Args:
            ring_s: How long it may ring, seconds.
            auto_answer: Ask the phone to answer by itself.
            state: What ``CC_STATE`` says beside tenant, agent and role.

        Raises:
            PhoneNotRegistered, PhoneNotAnswered, AriDown: See CallControl.call_phone.
        """
        username = self._username_of(leg.agent_id)
        if username is None:
            raise PhoneNotRegistered(leg.agent_id)
        set_ = {
            **state_variable(
                tenant=self._runner.tenant,
                agent=leg.agent_id,
                role="agent",
                mode=leg.leg_mode,
                **state,
            ),
            # A transfer that the phone itself asks for (REFER) is carried out by us.
            "PJSIP_TRANSFER_HANDLING()": "ari-only",
            **(_AUTO_ANSWER if auto_answer else {}),
            **(variables or {}),
        }
        await self._control.call_phone(leg, username, set_, ring_s)

    async def ring(
        self,
        agent_id: str,
        node: str,
        ring_s: float,
        *,
        auto_answer: bool = False,
        variables: dict[str, str] | None = None,
        **state: str,
    ) -> Leg:
        """Return the agent's leg, calling his phone unless it is nailed up already.

        Raises:
            PhoneNotRegistered, PhoneNotAnswered, AriDown: See CallControl.call_phone.
        """
        legs = self._runner.legs
        if self._runner.supervision is not None:
            await self._runner.supervision.make_way(agent_id)
        if (leg := legs.get(agent_id)) is not None and leg.is_up:
            return leg
        leg = Leg(agent_id, LegMode.ON_DEMAND, node)
        legs[agent_id] = leg
        try:
            await self.call(leg, ring_s, auto_answer=auto_answer, variables=variables, **state)
        except BaseException:
            if legs.get(agent_id) is leg:
                del legs[agent_id]
            raise
        if legs.get(agent_id) is not leg:
            await self._control.hang_up_leg(leg)
            raise PhoneNotRegistered("withdrawn while it was answered")
        return leg

    async def release(self, agent_id: str) -> None:
        """Give a leg back after a talk: nailed up it goes to its own room, else it is hung up."""
        leg = self._runner.legs.get(agent_id)
        if leg is None:
            return
        if leg.leg_mode is LegMode.ON_DEMAND:
            del self._runner.legs[agent_id]
            await self._control.hang_up_leg(leg)
            return
        try:
            await self._control.node(leg.node).add_to_bridge(leg.bridge_id, leg.channel_id)
        except (AriDown, AriError):
            _log.info("A leg could not be put back now.", extra={"channel_id": leg.channel_id})
