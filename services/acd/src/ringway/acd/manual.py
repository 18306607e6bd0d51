"""Calls that agents dial themselves: the agent's phone first, then the number or the colleague.

The number is heard ringing in the agent's own room, with whatever early media its network sends.
From its answer on it is a talk like any other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ringway.acd import dialling, do_not_call, tones
from ringway.acd.adoption import Picture
from ringway.acd.calls import Call, Leg
from ringway.acd.control import PhoneNotAnswered, PhoneNotRegistered, state_variable
from ringway.acd.core import model as m
from ringway.acd.core.talk_model import CUSTOMER
from ringway.acd.outbound import Ringing, begin
from ringway.acd.placing import Attempt, Failure, Placed
from ringway.acd.queue_rules import after_call_s
from ringway.acd.talk_control import RING_S as PHONE_RINGS_S
from ringway.acd.talks import AGENT
from ringway.proto.acd import Direction, LegMode
from ringway.proto.acd_calls import (
    InteractionChangedV1,
    InteractionStartedV1,
    Outcome,
    Party,
    PartyRole,
    PartyState,
)
from ringway.proto.acd_config import Target, TargetKind
from ringway.runtime.ari import AriDown, AriError, ChannelDestroyed, Event, StasisEnd
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused
from ringway.runtime.ids import uuid7

if TYPE_CHECKING:
    from ringway.acd.app import Acd
    from ringway.acd.runner import FloorRunner

_log = logging.getLogger("ringway.acd.manual")

NUMBER_RINGS_S = 60.0
# Left to choose, Asterisk carries calls between agents as linear audio of 192 kHz. The phones then
# translate, and what translates leaves out as late what comes without sequence numbers (music, a
# mixed room) after packets that had them.
_INTERNAL_FORMAT = "ulaw"
DIALING = "dialing"  # in ``Call.extra``: who makes the call, while it is being made
_PHONE_SPEAKS_S = 3.0  # a phone that can be called shows itself within this time
# Why a number was not reached, by Q.850 cause; what is not here is "failed".
_CODES = {
    1: "number_unknown",
    3: "number_unknown",
    16: "given_up",
    17: "busy",
    18: "no_answer",
    19: "no_answer",
    20: "unreachable",
    21: "refused",
    22: "number_changed",
    27: "unreachable",
    28: "number_unknown",
    31: "failed",
    34: "trunks_busy",
}


@dataclass(slots=True)
class Dialing:
    """A call that is being made. ``phone``: set as soon as the agent's phone can be called."""

    call: Call
    agent_id: str
    whom: dialling.Party
    phone: asyncio.Future[None]
    leg: Leg | None = None  # the agent dialed with this phone
    task: asyncio.Task[None] | None = None
    gone: set[str] = field(default_factory=set)
    is_up: bool = False  # the agent's phone
    is_talking: bool = False
    is_over: bool = False  # nobody answered, which the agent is just told

    def phone_rings(self) -> None:
        """The agent's phone is there: whoever asked for the call is answered."""
        if not self.phone.done():
            self.phone.set_result(None)


class Manual:
    """The calls that one tenant's agents dial."""

    def __init__(self, acd: Acd, runner: FloorRunner) -> None:
        self._acd = acd
        self._runner = runner
        self._dialing: dict[str, Dialing] = {}  # agent -> his call

    async def dial(
        self,
        agent_id: str,
        number: str,
        *,
        caller_id: str = "",
        customer_id: str | None = None,
        leg: Leg | None = None,
        despite_list: bool = False,
    ) -> Call:
        """Begin a call and return it when the agent's phone rings, or is up already.

        Args:
            leg: The phone with which the agent dialed, up and in no room.
            despite_list: He was warned that the number is not to be called.

        Raises:
            Refused: See DialV1.
            DependencyDown: PostgreSQL or NATS does not answer.
        """
        runner = self._runner
        known = self._dialing.get(agent_id)
        if known is not None and known.is_over and known.task is not None:
            known.task.cancel()  # he has heard enough
            await asyncio.wait((known.task,))
            known = None
        target = Target(kind=TargetKind.NUMBER, value=number)
        whom = await dialling.party(self._acd, runner, agent_id, target, caller_id=caller_id)
        if known is not None and known.whom.target == whom.target and leg is None:
            return known.call  # a repeat
        if whom.agent_id == agent_id:
            raise Refused("target_not_possible", "This is the agent's own number.")
        if whom.agent_id is None:
            # Whoever dials with his phone cannot be asked.
            is_known = despite_list or leg is not None
            await do_not_call.check(self._acd.bus, runner, whom.number, is_known=is_known)
        dialing = self._begin(agent_id, whom, leg, customer_id)
        with suppress(asyncio.TimeoutError):
            async with asyncio.timeout(_PHONE_SPEAKS_S):
                await asyncio.shield(dialing.phone)
        return dialing.call

    @property
    def is_quiet(self) -> bool:
        """Whether no call is just being made."""
        return not self._dialing

    def give_up(self, interaction_id: str) -> bool:
        """End a call that is still being made. False: there is none."""
        for dialing in self._dialing.values():
            if dialing.call.interaction_id == interaction_id and dialing.task is not None:
                dialing.task.cancel()
                return True
        return False

    # -- one call ------------------------------------------------------------------------------

    def _begin(
        self, agent_id: str, whom: dialling.Party, leg: Leg | None, customer_id: str | None
    ) -> Dialing:
        runner, interaction_id = self._runner, str(uuid7())
        own = leg or runner.legs.get(agent_id)
        account = self._acd.accounts.agents.get((runner.tenant, agent_id))
        number = account.number if account is not None else ""
        colleague = self._acd.accounts.agents.get((runner.tenant, whom.agent_id or ""))
        try:
            node = own.node if own is not None else runner.control.any_node().name
        except AriDown as error:
            raise Refused("trunks_down", "No telephone node works now.") from error
        call = Call(
            interaction_id=interaction_id,
            campaign_id="",
            attempt_id="",
            node=node,
            channel_id=f"{interaction_id}.c",
            caller=whom.choices[0].caller_id if whom.choices else number,
            called=colleague.number if colleague is not None else whom.number,
            answered_at=utcnow(),
            direction=Direction.INTERNAL if whom.agent_id is not None else Direction.OUTBOUND,
            trunk_id=whom.choices[0].trunk_id if whom.choices else "",
            route_id=whom.choices[0].route_id if whom.choices else "",
        )
        call.extra[DIALING] = agent_id
        runner.calls[interaction_id] = call
        try:
            runner.apply(m.Claim(runner.now(), agent_id, interaction_id, own_wish=True))
        except m.AgentBusy as busy:
            runner.calls.pop(interaction_id, None)
            raise Refused("not_now", str(busy)) from busy
        runner.tell(
            InteractionStartedV1(
                message_id=f"{interaction_id}-started",
                occurred_at=call.answered_at,
                tenant=runner.tenant,
                interaction_id=interaction_id,
                direction=call.direction,
                caller=call.caller,
                called=call.called,
                trunk_id=call.trunk_id or None,
                route_id=call.route_id or None,
                agent_id=agent_id,
                customer_id=customer_id,
            )
        )
        phone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        phone.add_done_callback(lambda told: told.cancelled() or told.exception())
        dialing = self._dialing[agent_id] = Dialing(call, agent_id, whom, phone, leg)
        runner.spawn(self._run(dialing), "dial")
        self._show(dialing)
        return dialing

    async def _run(self, dialing: Dialing) -> None:
        """Make the call; whatever ends it before the talk ends here."""
        dialing.task = asyncio.current_task()
        detail, cause = "failed", 31
        try:
            leg = await self._phone(dialing)
            dialing.is_up = True
            self._show(dialing)
            if not dialing.phone.done():
                dialing.phone.set_result(None)
            placed = await self._number(dialing, leg)
            if placed.is_answered:
                detail = self._talk(dialing, leg, placed)
            else:
                cause = placed.cause_q850
                detail = code_of(placed)
                await self._say_why(dialing, leg, detail)
        except PhoneNotRegistered:
            detail, cause = "phone_not_registered", 20
        except PhoneNotAnswered:
            detail, cause = "phone_not_answered", 19
        except asyncio.CancelledError:
            detail, cause = ("given_up", 16) if dialing.is_up else ("phone_not_answered", 19)
        except (AriDown, AriError, TimeoutError) as error:
            _log.info("A call could not be made.", extra={"error": str(error)})
        finally:
            if self._dialing.get(dialing.agent_id) is dialing:
                del self._dialing[dialing.agent_id]
            if not dialing.phone.done():
                if detail == "phone_not_registered":
                    refused = Refused(
                        detail, "The agent's phone is not registered; start it first."
                    )
                    dialing.phone.set_exception(refused)
                else:
                    dialing.phone.set_result(None)
            if not dialing.is_talking:
                self._failed(dialing, detail, cause)

    async def _phone(self, dialing: Dialing) -> Leg:
        """Return the agent's leg, up and in its own room."""
        runner, leg = self._runner, dialing.leg
        if leg is not None:
            runner.legs[dialing.agent_id] = leg
            node = runner.control.node(leg.node)
            await node.create_bridge(leg.bridge_id, exists_ok=True)
        else:
            ringing = runner.phones.ring(
                dialing.agent_id,
                dialing.call.node,
                PHONE_RINGS_S,
                auto_answer=True,
                on_ringing=dialing.phone_rings,
                interaction=dialing.call.interaction_id,
            )
            leg = await ringing
        if leg.leg_mode is LegMode.ON_DEMAND:
            await runner.control.node(leg.node).add_to_bridge(leg.bridge_id, leg.channel_id)
        dialing.call.node = leg.node  # his phone may be registered there only
        return leg

    async def _number(self, dialing: Dialing, leg: Leg) -> Placed:
        """Call the other side in the agent's room."""
        call, runner = dialing.call, self._runner
        state = {
            "tenant": runner.tenant,
            "interaction": call.interaction_id,
            "role": "dialed",
            "agent": dialing.agent_id,
            "direction": call.direction.value,
            "caller": call.caller,
            "called": call.called,
        }

        def on_attempt(channel_id: str) -> None:
            call.channel_id = channel_id
            runner.store(call.interaction_id)
            self._watch(dialing, channel_id)

        if dialing.whom.agent_id is not None:
            return await self._colleague(dialing, leg, state_variable(**state), on_attempt)
        return await self._acd.outbound.place(
            runner.control.node(call.node),
            runner.tenant,
            dialing.whom.choices,
            channel_id=call.channel_id,
            app=self._acd.settings.app,
            app_args=("dial",),
            variables=state_variable(**state),
            ring_s=NUMBER_RINGS_S,
            on_attempt=on_attempt,
            room=leg.bridge_id,
        )

    async def _colleague(
        self,
        dialing: Dialing,
        leg: Leg,
        variables: dict[str, str],
        on_attempt: Callable[[str], None],
    ) -> Placed:
        """Call another agent: a channel of two ends, of which his side is a call of its own."""
        call, runner, app = dialing.call, self._runner, self._acd.settings.app
        args = (runner.tenant, str(uuid7()), dialing.whom.agent_id or "", call.caller, call.called)
        ringing = Ringing(
            runner.control.node(call.node),
            runner.tenant,
            app,
            ("dial",),
            {**variables, "INTERNAL_CALL": ",".join((app, "internal", *args))},
            NUMBER_RINGS_S,
            leg.bridge_id,
            _INTERNAL_FORMAT,
        )
        attempt = Attempt(call.channel_id, is_early=True)
        on_attempt(attempt.channel_id)
        with self._acd.outbound.following(ringing.node, attempt):
            try:
                await begin(ringing, "Local/s@internal/n", attempt, call.caller)
                end = await attempt.end
            except BaseException:
                await ringing.node.end(attempt.channel_id)
                raise
        if end is None:
            return Placed(attempt.channel_id, "", True)
        failure = Failure("", end.cause, 0)
        return Placed(attempt.channel_id, "", False, cause_q850=end.cause, failures=(failure,))

    def _watch(self, dialing: Dialing, channel_id: str) -> None:
        def on_event(_: str, event: Event) -> None:
            if isinstance(event, StasisEnd | ChannelDestroyed):
                dialing.gone.add(channel_id)

        self._acd.watch(channel_id, on_event)

    # -- how it ends ---------------------------------------------------------------------------

    async def _say_why(self, dialing: Dialing, leg: Leg, detail: str) -> None:
        """Tell the agent by word why nobody answered, until he hangs up or dials again."""
        dialing.is_over = True
        self._show(dialing, PartyState.GONE)
        node = self._runner.control.node(leg.node)
        words = tones.why_not(detail, self._runner.configuration.settings.language)
        if words:
            # Whoever stops it does not change why the call ended.
            with suppress(AriDown, AriError, asyncio.CancelledError):
                await tones.say(self._acd, node, leg.channel_id, words)

    def _talk(self, dialing: Dialing, leg: Leg, placed: Placed) -> str:
        """The other side answered: from now on it is a talk. Returns why not, else nothing."""
        call, runner = dialing.call, self._runner
        if runner.legs.get(dialing.agent_id) is not leg or placed.channel_id in dialing.gone:
            runner.spawn(runner.control.hang_up_customer(call), "hang up")
            return "given_up"
        call.channel_id, call.answered_at = placed.channel_id, utcnow()
        del call.extra[DIALING]
        call.trunk_id = placed.trunk_id
        dialing.is_talking = True
        settings = runner.configuration.settings
        wrap_up_s = after_call_s(settings.after_call, settings.after_call_s)
        self._acd.watch_customer(call.channel_id, runner, call.interaction_id)
        now, interaction_id = runner.now(), call.interaction_id
        runner.apply(m.Joined(now, interaction_id, dialing.agent_id, True, wrap_up_s))
        if runner.talks is not None:
            runner.talks.connected(call, leg)
        runner.spawn(self._record(call), "record")
        return ""

    async def _record(self, call: Call) -> None:
        with suppress(AriDown):
            await self._runner.control.record(call)
            if call.interaction_id in self._runner.calls:
                self._runner.store(call.interaction_id)

    def _failed(self, dialing: Dialing, detail: str, cause_q850: int) -> None:
        """No talk came of it; the agent is free again."""
        call, runner = dialing.call, self._runner
        if runner.is_closed:
            return  # the process that serves the tenant now ends it
        call.outcome, call.detail = Outcome.NOT_ANSWERED, detail
        if not dialing.is_over:
            self._show(dialing, PartyState.GONE)
        leg = runner.legs.get(dialing.agent_id)
        if leg is not None and leg.leg_mode is LegMode.ON_DEMAND and leg.is_up:
            del runner.legs[dialing.agent_id]
            runner.spawn(runner.control.hang_up_leg(leg), "end leg")
        runner.customer_gone(call.interaction_id, cause_q850=cause_q850)

    def parties(self, interaction_id: str) -> tuple[Party, ...]:
        """Return who is part of a call that is being made; nobody when it is none."""
        for dialing in self._dialing.values():
            if dialing.call.interaction_id == interaction_id:
                return self._parties(dialing, PartyState.RINGING)
        return ()

    def _parties(self, dialing: Dialing, other: PartyState) -> tuple[Party, ...]:
        agent = self._runner.floor.agents.get(dialing.agent_id)
        return (
            Party(
                leg_id=AGENT,
                role=PartyRole.AGENT,
                state=PartyState.TALKING if dialing.is_up else PartyState.RINGING,
                agent_id=dialing.agent_id,
                number=agent.number if agent is not None else "",
            ),
            Party(
                leg_id=CUSTOMER,
                role=PartyRole.CUSTOMER,
                state=other,
                number=dialing.call.called,
            ),
        )

    def _show(self, dialing: Dialing, other: PartyState = PartyState.RINGING) -> None:
        """Let consoles see how far the call is."""
        self._runner.show(
            InteractionChangedV1(
                occurred_at=utcnow(),
                tenant=self._runner.tenant,
                interaction_id=dialing.call.interaction_id,
                agent_id=dialing.agent_id,
                parties=self._parties(dialing, other),
            )
        )

    def reconcile(self, picture: Picture) -> None:
        """End the calls that a process before this one was making: nobody hears their answer."""
        runner = self._runner
        making = {dialing.call.interaction_id for dialing in self._dialing.values()}
        for call in list(runner.calls.values()):
            if DIALING not in call.extra or call.interaction_id in making:
                continue
            if call.node == picture.node.name:
                call.outcome = Outcome.LOST
                runner.spawn(runner.control.hang_up_customer(call), "hang up")
                runner.customer_gone(call.interaction_id, cause_q850=41, exactly=False)

    # -- phones that dial ----------------------------------------------------------------------

    def own_leg(self, node: str, channel_id: str, agent_id: str) -> Leg:
        """Return the leg that a dialing phone's channel is; its end is the leg's."""
        leg = Leg(agent_id, LegMode.ON_DEMAND, node, channel_id, is_up=True)
        if self._runner.phones.outside is not None:
            self._runner.phones.outside.follow(leg)
        return leg


def code_of(placed: Placed) -> str:
    """Return why a number was not reached, in one word."""
    if placed.sip_code == 404:
        return "number_unknown"
    return _CODES.get(placed.cause_q850, "failed")
