"""What agents do at their desks beside a talk: dial, park and take back, pick up, not disturb."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ringway.acd.adoption import Picture
from ringway.acd.calls import Leg
from ringway.acd.core import model as m
from ringway.acd.core.talk_model import NotNow, NotPart
from ringway.acd.internal_calls import InternalCalls
from ringway.acd.manual import Manual
from ringway.acd.outside_phones import OutsidePhones
from ringway.acd.parking import Parking
from ringway.acd.pick_up import PickUp
from ringway.acd.runner import FloorRunner
from ringway.acd.second_line import consult_on
from ringway.acd.talks import Talks
from ringway.proto import acd_calls as p
from ringway.proto.acd import AgentState, LegMode
from ringway.proto.base import Done
from ringway.runtime.ari import AriDown, AriError, Channel, StasisStart
from ringway.runtime.bus import Bus
from ringway.runtime.errors import DependencyDown, Refused

if TYPE_CHECKING:
    from ringway.acd.app import Acd

PICK_UP_CODE = "*8"
# What a phone that dials hears when we do not take its call, by Q.850.
_CAUSES = {
    "number_not_allowed": 21,
    "no_route": 3,
    "trunks_busy": 34,
    "trunks_down": 34,
    "not_now": 17,
    "slot_empty": 1,
    "nothing_rings": 1,
}


@dataclass(frozen=True, slots=True)
class _Desk:
    runner: FloorRunner
    talks: Talks
    manual: Manual
    parking: Parking
    pick_up: PickUp
    internal: InternalCalls
    outside: OutsidePhones


class DeskRequests:
    """Handlers of what agents ask beside their talks. Opened after the talks."""

    def __init__(self, acd: Acd) -> None:
        self._acd = acd
        self._desks: dict[str, _Desk] = {}
        acd.on_open(self._opened)
        acd.on_close(lambda runner: self._desks.pop(runner.tenant, None))
        acd.on_reconcile(self._reconcile)
        acd.on_start("internal", self._internal)
        acd.on_start("dial", _nothing)
        acd.on_dialed = self._dialed

    def _opened(self, runner: FloorRunner) -> None:
        talks = cast("Talks", runner.talks)
        manual = Manual(self._acd, runner)
        talks.give_up = lambda interaction_id, _: manual.give_up(interaction_id)
        talks.other_parties = manual.parties
        talks.nobody_dials = lambda: manual.is_quiet
        runner.phones.outside = OutsidePhones(self._acd, runner)
        parking = Parking(runner, talks)
        parking.restore()
        self._desks[runner.tenant] = _Desk(
            runner,
            talks,
            manual,
            parking,
            PickUp(runner, talks),
            InternalCalls(self._acd, runner, talks),
            runner.phones.outside,
        )

    def _reconcile(self, picture: Picture, runners: Sequence[FloorRunner]) -> None:
        for runner in runners:
            if (desk := self._desks.get(runner.tenant)) is not None:
                desk.manual.reconcile(picture)

    async def serve(self, bus: Bus) -> None:
        """Register all handlers."""
        await bus.respond(p.DialV1, self.dial)
        await bus.respond(p.ParkV1, self.park)
        await bus.respond(p.RetrieveV1, self.retrieve)
        await bus.respond(p.PickUpV1, self.pick_up)
        await bus.respond(p.SetDoNotDisturbV1, self.set_do_not_disturb)

    async def dial(self, request: p.DialV1) -> p.DialingV1:
        """Call a number, or a colleague."""
        desk = await self._desk(request.tenant, request.agent_id)
        call = await desk.manual.dial(
            request.agent_id,
            request.number,
            caller_id=request.caller_id,
            customer_id=request.customer_id,
            despite_list=request.despite_list,
        )
        return p.DialingV1(interaction_id=call.interaction_id, number=call.called)

    async def park(self, request: p.ParkV1) -> p.ParkedV1:
        """Park the customer."""
        desk = await self._desk(request.tenant, request.agent_id)
        try:
            call, slot = await desk.parking.park(request.agent_id, request.interaction_id)
        except NotPart as error:
            raise Refused("interaction_unknown", "There is no such call of this agent.") from error
        except NotNow as error:
            raise Refused("not_now", str(error)) from error
        return p.ParkedV1(interaction_id=call.interaction_id, slot=slot)

    async def retrieve(self, request: p.RetrieveV1) -> Done:
        """Take a parked customer."""
        desk = await self._desk(request.tenant, request.agent_id)
        desk.parking.retrieve(request.agent_id, request.slot)
        return Done()

    async def pick_up(self, request: p.PickUpV1) -> Done:
        """Take a call that rings elsewhere."""
        desk = await self._desk(request.tenant, request.agent_id)
        desk.pick_up.take(request.agent_id, request.from_agent_id)
        return Done()

    async def set_do_not_disturb(self, request: p.SetDoNotDisturbV1) -> Done:
        """Ring no more for internal or direct calls, or again."""
        desk = await self._desk(request.tenant, request.agent_id)
        runner = desk.runner
        runner.apply(m.DoNotDisturb(runner.now(), request.agent_id, request.on))
        return Done()

    async def _desk(self, tenant: str, agent_id: str) -> _Desk:
        runner = await self._acd.floor(tenant)
        agent = runner.floor.agents.get(agent_id)
        if agent is None or agent.state is AgentState.LOGGED_OUT:
            raise Refused("agent_logged_out", "The agent is not signed in; sign in first.")
        return self._desks[tenant]

    # -- what phones do ------------------------------------------------------------------------

    def _internal(self, node: str, event: StasisStart) -> None:
        desk = self._desks.get(event.args[1]) if len(event.args) > 5 else None
        if desk is not None:
            desk.internal.arrived(node, event)

    def _dialed(
        self, runner: FloorRunner, node: str, channel: Channel, agent_id: str, number: str
    ) -> bool:
        """An agent's phone dialed by itself."""
        desk = self._desks.get(runner.tenant)
        if desk is None:
            return False
        runner.spawn(self._serve_phone(desk, node, channel.id, agent_id, number), "dialed")
        return True

    async def _serve_phone(
        self, desk: _Desk, node: str, channel_id: str, agent_id: str, number: str
    ) -> None:
        runner, ari = desk.runner, desk.runner.control.node(node)
        agent = runner.floor.agents.get(agent_id)
        try:
            if agent is not None and agent.state in (AgentState.TALKING, AgentState.HOLD):
                try:
                    await consult_on(self._acd, desk.talks, node, channel_id, agent_id, number)
                except Refused as refused:
                    await ari.continue_(channel_id, "refused", str(_cause(refused)), 1)
                return
            if agent is None or agent.state not in (AgentState.READY, AgentState.NOT_READY):
                await ari.continue_(channel_id, "refused", "17" if agent else "21", 1)
                return
            leg: Leg | None = None
            if agent.leg_mode is LegMode.ON_DEMAND:
                leg = desk.manual.own_leg(node, channel_id, agent_id)
                await ari.create_bridge(leg.bridge_id, exists_ok=True)
                await ari.answer(channel_id)
                if not leg.is_up:  # it was put down meanwhile
                    await ari.destroy_bridge(leg.bridge_id)
                    return
            try:
                await self._do(desk, agent_id, number, leg)
            except Refused as refused:
                await ari.hangup(channel_id, _cause(refused))
                if leg is not None:
                    await ari.destroy_bridge(leg.bridge_id)
                return
            if leg is None:
                await ari.hangup(channel_id)  # his nailed-up phone has the call
        except (AriError, AriDown, DependencyDown):
            with suppress(AriError, AriDown):
                await ari.hangup(channel_id)

    @staticmethod
    async def _do(desk: _Desk, agent_id: str, number: str, leg: Leg | None) -> None:
        if number.startswith(PICK_UP_CODE):
            desk.pick_up.take_number(agent_id, number.removeprefix(PICK_UP_CODE), leg)
        elif desk.parking.call_in(number) is not None:
            desk.parking.retrieve(agent_id, number, leg)
        else:
            await desk.manual.dial(agent_id, number, leg=leg)


def _cause(refused: Refused) -> int:
    """Return the Q.850 cause that a phone hears."""
    return _CAUSES.get(refused.code, 1 if refused.code.startswith("number_") else 31)


def _nothing(node: str, event: StasisStart) -> None:
    """A channel that is being dialed: who dials it sees to it."""
