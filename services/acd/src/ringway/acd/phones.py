"""Agents' phones: calling them, and giving their legs back after a talk.

A phone is what the agent's profile says: one with a SIP account of ours, or any telephone, called
by the outbound routes. When an agent on demand does not answer his phone, his further ones
(follow-me) are called one after the other.

A phone that rings cannot be answered from here. Who answers by key has it called again, asked to
answer by itself: SIP knows no other way that phones of many makers understand.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ringway.acd.calls import Leg
from ringway.acd.control import (
    CallControl,
    PhoneNotAnswered,
    PhoneNotRegistered,
    state_variable,
)
from ringway.acd.core.ringing import Rings, share
from ringway.proto.acd import LegMode
from ringway.proto.acd_config import AgentProfile, PhoneKind
from ringway.runtime.ari import AriDown, AriError
from ringway.runtime.errors import Refused
from ringway.runtime.ids import uuid7

if TYPE_CHECKING:
    from ringway.acd.outside_phones import OutsidePhones
    from ringway.acd.runner import FloorRunner

_log = logging.getLogger("ringway.acd.phones")

# Calls a phone: the leg, the number of a telephone instead of his own phone, seconds.
_Call = Callable[[Leg, str, float], Awaitable[None]]

# Headers that phones know as "answer by yourself"; browsers' and desk phones' ways differ.
_AUTO_ANSWER = {
    "PJSIP_HEADER(add,Alert-Info)": "<http://ringway>;info=alert-autoanswer",
    "PJSIP_HEADER(add,Call-Info)": "<sip:ringway>;answer-after=0",
}
_BY_HAND_S = 25.0  # an ordinary telephone is answered by hand, and its network takes its time
_AGAIN_S = 1.0  # with less time left a phone is not called again


class _Withdrawn(PhoneNotRegistered):
    """Nobody wants the phone any more."""


@dataclass(slots=True)
class _Ring:
    """The phones of an agent that are called for one offer.

    ``leg``: what rings now, or is about to. ``by_itself``: the phone is asked to answer so.
    """

    by_itself: bool
    leg: Leg | None = None
    is_ours: bool = True  # a phone with an account, no ordinary telephone


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
        self.outside: OutsidePhones | None = None
        self._ringing: dict[str, _Ring] = {}  # agent -> what is called for him
        self._rooms_ending = 0
        self._runner = runner
        self._control = control
        self._username_of = username_of

    @property
    def is_quiet(self) -> bool:
        """Whether no room is about to end: another process would not know of it."""
        return not self._rooms_ending

    def username_of(self, agent_id: str) -> str | None:
        """Return the name of an agent's SIP account; ``None`` when he has none now."""
        return self._username_of(agent_id)

    async def call(
        self,
        leg: Leg,
        ring_s: float,
        *,
        auto_answer: bool = False,
        variables: dict[str, str] | None = None,
        on_ringing: Callable[[], object] | None = None,
        number: str = "",
        **state: str,
    ) -> None:
        """Call an agent's phone; on return it is up, and a nailed-up leg is in its room.

        Args:
            ring_s: How long it may ring, seconds.
            auto_answer: Ask the phone to answer by itself.
            on_ringing: Told once it is certain that there is a phone to call.
            number: Call this telephone instead of his own phone.
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
            **(variables or {}),
        }
        profile = self._profile(leg.agent_id)
        if not number and profile.phone is PhoneKind.NUMBER:
            number = profile.phone_number
            if leg.leg_mode is LegMode.NAILED_UP:
                ring_s = max(ring_s, _BY_HAND_S)
        if number:
            if self.outside is None:
                raise PhoneNotRegistered(number)
            if on_ringing is not None:
                on_ringing()
            await self.outside.call(leg, number, set_, ring_s)
            return
        if auto_answer:
            set_ |= _AUTO_ANSWER
        if on_ringing is not None and self.outside is not None:
            self.outside.tell_first(leg.channel_id, on_ringing)
        await self._control.call_phone(leg, username, set_, ring_s)

    async def ring(
        self,
        agent_id: str,
        node: str,
        ring_s: float,
        *,
        auto_answer: bool = False,
        variables: dict[str, str] | None = None,
        on_ringing: Callable[[], object] | None = None,
        is_wanted: Callable[[], bool] = lambda: True,
        **state: str,
    ) -> Leg:
        """Return the agent's leg, calling his phones unless it is nailed up already.

        Args:
            node: Where he is best called. His own phone is called where it is registered.
            is_wanted: Whether he is still to be called when his phone is free for it.

        Raises:
            PhoneNotRegistered, PhoneNotAnswered, AriDown: See CallControl.call_phone.
        """
        ring = self._ringing[agent_id] = _Ring(auto_answer)
        try:
            if self._runner.supervision is not None:
                await self._runner.supervision.make_way(agent_id)
            if not is_wanted():
                raise _Withdrawn(agent_id)
            leg = self._runner.legs.get(agent_id)
            if leg is not None and leg.is_up:
                return leg

            async def call(leg: Leg, number: str, seconds: float) -> None:
                await self.call(
                    leg,
                    seconds,
                    auto_answer=ring.by_itself,
                    variables=variables,
                    on_ringing=on_ringing,
                    number=number,
                    **state,
                )

            return await self._one_after_another(ring, agent_id, node, ring_s, call)
        finally:
            if self._ringing.get(agent_id) is ring:
                del self._ringing[agent_id]

    async def _one_after_another(
        self, ring: _Ring, agent_id: str, node: str, ring_s: float, call: _Call
    ) -> Leg:
        profile = self._profile(agent_id)
        rings = share(ring_s, [(f.number, f.ring_s) for f in profile.follow_me])
        failure: Exception = PhoneNotAnswered(agent_id)
        for n, (number, seconds) in enumerate(rings):
            ring.is_ours = not number and profile.phone is not PhoneKind.NUMBER
            nodes = [each.name for each in self._control.nodes_by_load(node)]
            if not nodes:
                raise AriDown("no Asterisk node is connected")
            for name in nodes if ring.is_ours else [node]:
                ring.leg = self._new_leg(agent_id, name, profile, rings)
                try:
                    return await self._one(ring, ring.leg, number, seconds, call)
                except _Withdrawn:
                    raise
                except PhoneNotRegistered as error:
                    failure = error if n == 0 else failure
                except PhoneNotAnswered as error:
                    failure = error
                    break
        raise failure

    async def _one(self, ring: _Ring, leg: Leg, number: str, seconds: float, call: _Call) -> Leg:
        legs, agent_id = self._runner.legs, leg.agent_id
        legs[agent_id] = leg
        try:
            return await self._until_answered(ring, leg, number, seconds, call)
        except BaseException as error:
            if legs.get(agent_id) is ring.leg:
                del legs[agent_id]
            elif isinstance(error, PhoneNotAnswered | PhoneNotRegistered):
                raise _Withdrawn(agent_id) from error
            raise

    async def _until_answered(
        self, ring: _Ring, leg: Leg, number: str, seconds: float, call: _Call
    ) -> Leg:
        """Call one phone; once more when somebody asks for it to be answered."""
        legs, until = self._runner.legs, self._runner.now() + seconds
        while True:
            try:
                await call(leg, number, until - self._runner.now())
            except (PhoneNotAnswered, PhoneNotRegistered):
                again = ring.leg
                if again is leg or again is None:
                    raise
                await self._control.until_gone(leg)
                leg = again
                if legs.get(leg.agent_id) is not leg or until - self._runner.now() < _AGAIN_S:
                    raise
            else:
                if legs.get(leg.agent_id) is not leg:
                    await self._control.hang_up_leg(leg)
                    raise _Withdrawn("withdrawn while it was answered")
                return leg

    def answer(self, agent_id: str) -> None:
        """Let the agent's phone, which rings, answer by itself; a repeat changes nothing.

        It is called again within the same time. One that answers only by hand rings on.

        Raises:
            Refused: ``not_now``: nothing rings, or an ordinary telephone does.
        """
        ring, legs = self._ringing.get(agent_id), self._runner.legs
        if ring is None:
            if (up := legs.get(agent_id)) is not None and up.is_up:
                return  # he has just answered
            raise Refused("not_now", "No phone of yours rings now.")
        if not ring.is_ours:
            raise Refused("not_now", "An ordinary telephone rings; only there it can be answered.")
        if ring.by_itself:
            return
        leg = ring.leg
        if leg is None:
            ring.by_itself = True
        elif legs.get(agent_id) is leg and self._control.call_off(leg):
            ring.by_itself = True
            # At once, so that the end of what rang is not the end of the agent's part.
            ring.leg = legs[agent_id] = self._again(leg)

    def _again(self, leg: Leg) -> Leg:
        """Return a leg like one that was called off."""
        again = Leg(leg.agent_id, leg.leg_mode, leg.node)
        if not leg.channel_id.endswith(".a") and self.outside is not None:
            again.channel_id = f"{uuid7()}.n"
            self.outside.follow(again)
        return again

    def _new_leg(self, agent_id: str, node: str, profile: AgentProfile, rings: Rings) -> Leg:
        """Return a leg to be called.

        The end of a leg ``.a`` is the end of the agent's part at once; where another telephone may
        follow, it is not, until one is answered.
        """
        if self.outside is None or (len(rings) == 1 and profile.phone is not PhoneKind.NUMBER):
            return Leg(agent_id, LegMode.ON_DEMAND, node)
        leg = Leg(agent_id, LegMode.ON_DEMAND, node, f"{uuid7()}.n")
        self.outside.follow(leg)
        return leg

    def _profile(self, agent_id: str) -> AgentProfile:
        return self._runner.configuration.get(AgentProfile, agent_id) or AgentProfile()

    async def release(self, agent_id: str) -> None:
        """Give a leg back after a talk: nailed up it goes to its own room, else it is hung up."""
        leg = self._runner.legs.get(agent_id)
        if leg is None:
            return
        if leg.leg_mode is LegMode.ON_DEMAND:
            del self._runner.legs[agent_id]
            await self.end(leg)
            return
        try:
            await self._control.node(leg.node).add_to_bridge(leg.bridge_id, leg.channel_id)
        except (AriDown, AriError):
            _log.info("A leg could not be put back now.", extra={"channel_id": leg.channel_id})

    async def end(self, leg: Leg) -> None:
        """End a leg; its room ends when those whom the agent leaves are out of it.

        Asterisk 22 may lose a channel that is moved while its bridge is ended: it answers that the
        channel has been moved, but the channel is nowhere and hears nothing.
        """
        await self._control.hang_up_phone(leg)
        self._rooms_ending += 1
        self._runner.spawn(self._end_room(leg), "end room")

    async def _end_room(self, leg: Leg) -> None:
        talks, supervision = self._runner.talks, self._runner.supervision
        try:
            await self._runner.placed()
            if talks is not None:
                await talks.settled()
            if supervision is not None:
                await supervision.settled()
            await self._control.end_bridge(leg)
        finally:
            self._rooms_ending -= 1
