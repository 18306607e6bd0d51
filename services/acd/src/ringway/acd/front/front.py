"""One tenant's front: who is on the way to an agent, and what the runner asks of it."""

from __future__ import annotations

import logging
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from ringway.acd.calls import VISIT, Call
from ringway.acd.core import model as m
from ringway.acd.core.numbers import NumberPlan, NumberRefused, normalise
from ringway.acd.core.records import CallState
from ringway.acd.core.speaking import agent_number_announcement
from ringway.acd.front import forwarding, joining, rating
from ringway.acd.front.callbacks import Callbacks
from ringway.acd.front.caller import Caller, CallerGone
from ringway.acd.front.figures import Figures
from ringway.acd.front.last_talks import LastTalks
from ringway.acd.front.plan import Plan
from ringway.acd.front.visit import Visit
from ringway.acd.front.voicemail import Voicemail
from ringway.proto import acd_config as c
from ringway.proto.acd_calls import InteractionFinishedV1, Outcome
from ringway.proto.acd_config import Target, TargetKind
from ringway.runtime.ari import AriDown, AriError, AriNode, Event
from ringway.runtime.clock import utcnow

if TYPE_CHECKING:
    from ringway.acd.app import Acd
    from ringway.acd.outbound import Outbound
    from ringway.acd.runner import FloorRunner
    from ringway.runtime.postgres import Pool

_log = logging.getLogger("ringway.acd.front")
_HANG_UP = Target(kind=TargetKind.HANG_UP)


class Conferences(Protocol):
    """Who lets callers into conferences."""

    async def admit(self, call: Call, conference_id: str) -> bool:
        """Take the customer. False: there is no such conference."""

    def has(self, call: Call, conference_id: str) -> bool:
        """Tell whether the customer is in it."""


class Front:
    """What one tenant's customers meet before and after agents (hooks.FrontHooks)."""

    def __init__(self, acd: Acd, runner: FloorRunner, pool: Pool, outbound: Outbound) -> None:
        self.acd = acd
        self.runner = runner
        self.plan = Plan(runner.configuration)
        self.callbacks = Callbacks(self)
        self.figures = Figures(self)
        self.voicemail = Voicemail(self, pool)
        self.conferences: Conferences | None = None
        self.visits: dict[str, Visit] = {}
        self.callers: dict[str, Caller] = {}
        self._calls: dict[str, Call] = {}  # of those who are here, also when no floor knows them
        self._last_talks = LastTalks(pool, runner.tenant)
        self._outbound = outbound

    # -- customers come ------------------------------------------------------------------------

    def visit(self, call: Call, target: Target, *, is_answered: bool = True) -> Visit:
        """Let a customer begin his way at a target."""
        visit = Visit(self, call, self.caller_of(call), target)
        visit.is_answered = is_answered
        if (known := self._floor_call(call.interaction_id)) is not None:
            visit.priority, visit.vip = known.priority, known.vip
            visit.value_grade = known.value_grade
        self.visits[call.interaction_id] = visit
        self._calls[call.interaction_id] = call
        return visit

    def start(self, visit: Visit) -> None:
        """Begin a visit that has been prepared."""
        self.remember(visit)
        self.spawn(self._run(visit), "visit")

    def waits(self, interaction_id: str) -> None:
        """A customer who was with an agent waits in a queue now: music and announcements begin."""
        call, known = self.runner.calls.get(interaction_id), self._floor_call(interaction_id)
        if call is None or known is None or interaction_id in self.visits or not call.channel_id:
            return
        call.extra["in_floor"] = True
        if known.queue_id.startswith("agent:"):
            target = Target(kind=TargetKind.AGENT, value=known.queue_id.removeprefix("agent:"))
        else:
            target = Target(kind=TargetKind.QUEUE, value=known.queue_id)
        self.start(self.visit(call, target))

    def send_to(self, call: Call, target: Target) -> None:
        """A customer who was with an agent goes to a target."""
        if call.interaction_id in self.runner.floor.calls:
            call.extra["in_floor"] = True
        self.start(self.visit(call, target))

    async def _run(self, visit: Visit) -> None:
        interaction_id = visit.call.interaction_id
        try:
            await visit.run()
        except Exception:
            await visit.caller.hang_up()  # a bug must not leave a caller in silence
            raise
        finally:
            if self.visits.get(interaction_id) is visit:
                del self.visits[interaction_id]

    def caller_of(self, call: Call) -> Caller:
        """Return the customer's channel as something one can talk to."""
        caller = self.callers.get(call.interaction_id)
        if caller is None or caller.channel_id != call.channel_id:
            caller = Caller(self.runner.control, call.node, call.channel_id)
            caller.language = self.runner.configuration.settings.language
            self.callers[call.interaction_id] = caller
            self._follow(caller)
        return caller

    def _follow(self, caller: Caller) -> None:
        """Tell a caller what happens on his channel, until it leaves us: no more is heard then."""

        def on_event(node: str, event: Event) -> None:
            caller.on_event(event)
            if caller.is_gone:
                self.acd.unwatch(caller.channel_id, on_event)

        self.acd.watch(caller.channel_id, on_event)

    # -- what the runner asks (hooks.FrontHooks) -------------------------------------------------

    @property
    def is_quiet(self) -> bool:
        """Whether customers only wait, with music."""
        return self.callbacks.is_quiet and all(
            (known := self._floor_call(interaction_id)) is not None
            and known.state is CallState.WAITING
            and not visit.caller.is_playing
            for interaction_id, visit in self.visits.items()
        )

    def overflowed(self, command: m.Overflow) -> None:
        """The queue gave a call up."""
        interaction_id = command.interaction_id
        if interaction_id in self.callbacks:
            self.callbacks.overflowed(command)
            return
        visit = self.visits.get(interaction_id)
        if visit is None:
            call = self.runner.calls.get(interaction_id)
            if call is None or not call.channel_id:
                return
            visit = self.visit(call, self._overflow_target(command))
            visit.overflow = command
            self.start(visit)
            return
        visit.overflow = command
        visit.caller.nudge()

    async def make_way(self, call: Call) -> None:
        """The customer is about to be joined to an agent: nothing else touches his channel now.

        Raises:
            AriDown: The node does not answer.
        """
        visit = self.visits.get(call.interaction_id)
        if visit is None:
            return
        visit.joining = True
        await visit.caller.hush()
        async with visit.placing:
            visit.caller.nudge()

    async def hush(self, call: Call) -> None:
        """Stop what the customer is just told: he cannot be moved before its end."""
        caller = self.callers.get(call.interaction_id)
        if caller is not None:
            with suppress(AriDown, AriError):
                await caller.hush()

    def connected(self, call: Call, agent_id: str) -> None:
        """An agent has the customer now."""
        visit = self.visits.pop(call.interaction_id, None)
        if visit is not None:
            visit.is_connected = True
            visit.caller.nudge()
            call.extra.pop(VISIT, None)
        self.figures.connected(call)
        if call.caller:
            self.spawn(self._last_talks.note(call.caller, agent_id, utcnow()), "last talk")
        queue = self._queue_of(call)
        agent = self.runner.floor.agents.get(agent_id)
        if queue is not None and queue.announce_agent_number and agent is not None:
            words = agent_number_announcement(agent.number, queue.language)
            self.spawn(self._announce(self.caller_of(call), words), "agent number")

    def customer_gone(self, interaction_id: str) -> None:
        """The customer's channel is no more."""
        caller = self.callers.pop(interaction_id, None)
        visit = self.visits.pop(interaction_id, None)
        call = self._calls.pop(interaction_id, None)
        self.figures.gone(interaction_id)
        if caller is not None:
            caller.gone()
        if call is not None and not call.extra.get("in_floor") and not call.extra.get("moved"):
            self._finished(call)
        if visit is not None:
            visit.caller.nudge()

    def keeps_customer(self, call: Call) -> bool:
        """The agent hung up: the customer stays when his queue wants a rating."""
        queue, known = self._queue_of(call), self._floor_call(call.interaction_id)
        if queue is None or known is None or not queue.rating.enabled or call.is_gone:
            return False
        caller = self.caller_of(call)
        if caller.is_gone or known.agent_id is None:
            return False
        caller.language = queue.language
        call.extra[VISIT] = {"target": _HANG_UP.model_dump(mode="json")}
        self._calls[call.interaction_id] = call
        call.extra["in_floor"] = True
        self.spawn(
            rating.rate(self, call, caller, queue.rating, known.agent_id, known.queue_id), "rating"
        )
        return True

    async def reach(self, call: Call, agent_id: str) -> bool:
        """Call back a customer who waits without a channel."""
        return await self.callbacks.reach(call, agent_id)

    # -- what visits ask -------------------------------------------------------------------------

    async def forward(
        self, visit: Visit, number: str, *, ring_s: float = forwarding.RING_S, leg: int = 1
    ) -> Target | None:
        """Connect the customer with an outside number."""
        return await forwarding.forward(self, visit, number, ring_s=ring_s, leg=leg)

    async def to_flow(self, visit: Visit, flow_id: str) -> Target | None:
        """Give the customer to the IVR."""
        return await forwarding.to_flow(self, visit, flow_id)

    async def to_conference(self, visit: Visit, conference_id: str) -> Target | None:
        """Let the customer into a conference."""
        return await joining.join(self, visit, conference_id)

    async def leave_voicemail(self, visit: Visit, box_id: str) -> None:
        """Let the customer leave a message, or see to what he left before he hung up unseen."""
        if not visit.caller.is_gone:
            await visit.answer()
        await self.voicemail.leave(visit, box_id)

    async def last_agent(self, number: str, within_days: int) -> str | None:
        """Return who talked with this number last, if not too long ago."""
        return await self._last_talks.find(number, within_days)

    def leave_queue(self, visit: Visit) -> None:
        """Take the customer out of his queue; he is still there."""
        self.runner.apply(m.LeftQueue(self.runner.now(), visit.call.interaction_id))

    def place_of(self, interaction_id: str) -> int:
        """Return a waiting customer's place in his queue; 1 is the next."""
        try:
            return max(1, self.runner.floor.router.position(interaction_id)[0])
        except KeyError:
            return 1

    def dialable(self, digits: str) -> str | None:
        """Return the number that these digits mean, or ``None`` when it cannot be called."""
        return _dialable(digits, self._number_plan()) if digits else None

    def e164(self, digits: str) -> str:
        """Return a number of the network in full, or as it is when it cannot be understood."""
        return self.dialable(digits) or digits

    async def call_out(
        self,
        number: str,
        *,
        node: str,
        channel_id: str,
        variables: Mapping[str, str],
        ring_s: float,
        caller_id: str,
    ) -> str | None:
        """Call a number by the tenant's routes; the answered channel's id, or ``None``."""
        return await forwarding.call_out(
            self,
            self._outbound,
            number,
            node=node,
            channel_id=channel_id,
            variables=variables,
            ring_s=ring_s,
            caller_id=caller_id,
        )

    def let_channel_go(self, call: Call) -> None:
        """The customer's channel ends and the interaction does not."""
        self.acd.unwatch_customer(call.channel_id)
        call.channel_id = call.node = ""
        self.callers.pop(call.interaction_id, None)

    def take_channel(self, call: Call, node: str, channel_id: str) -> None:
        """The customer has a channel again."""
        call.node, call.channel_id = node, channel_id
        self.acd.watch_customer(channel_id, self.runner, call.interaction_id)
        self.caller_of(call)
        self.runner.store(call.interaction_id)

    def remember(self, visit: Visit) -> None:
        """Write down where the customer is, for a process that comes after this one."""
        call = visit.call
        call.extra[VISIT] = {
            "target": visit.target.model_dump(mode="json"),
            "priority": visit.priority,
            "vip": visit.vip,
            "value_grade": visit.value_grade,
            "owner_agent_id": visit.owner_agent_id,
        }
        # Into a queue he comes at once, and the floor stores him then.
        is_waiting = visit.target.kind in (TargetKind.QUEUE, TargetKind.AGENT)
        if call.interaction_id in self.runner.floor.calls or not is_waiting:
            self.runner.store(call.interaction_id)

    def keep(self, visit: Visit) -> None:
        """Write down a customer whom no floor knows, with what he has come to."""
        if visit.call.interaction_id not in self.runner.floor.calls:
            self.runner.store(visit.call.interaction_id)

    def forget(self, visit: Visit) -> None:
        """Somebody else has the customer: his channel's end is not ours to tell."""
        call = visit.call
        call.extra["moved"] = True
        self.acd.unwatch_customer(call.channel_id)
        self._calls.pop(call.interaction_id, None)
        self.callers.pop(call.interaction_id, None)
        if call.interaction_id in self.runner.floor.calls:
            self.runner.apply(m.CustomerGone(self.runner.now(), call.interaction_id))
        self.runner.calls.pop(call.interaction_id, None)
        self.runner.store(call.interaction_id)

    def spawn(self, coro: Coroutine[None, None, None], name: str) -> None:
        """Run something beside; its failure is logged."""
        self.runner.spawn(coro, name)

    # -- after a restart -------------------------------------------------------------------------

    def restore(self) -> None:
        """Go on with the customers of the snapshot."""
        for interaction_id, call in list(self.runner.calls.items()):
            known = self._floor_call(interaction_id)
            if call.campaign_id:
                continue
            if known is None:
                self._restore_visit(call)
            elif "callback" in call.extra and not call.channel_id:
                self.callbacks.restore(call)
            elif known.state in (CallState.WAITING, CallState.OFFERED):
                self.waits(interaction_id)
            elif known.state is CallState.ELSEWHERE and VISIT in call.extra:
                target = Target.model_validate(call.extra[VISIT]["target"])
                self.start(self.visit(call, target))

    def _restore_visit(self, call: Call) -> None:
        """Go on with a customer who was in no queue yet; if he has gone, it is told."""
        raw = call.extra[VISIT]
        target = Target.model_validate(raw["target"])
        if target.kind is TargetKind.CONFERENCE and call.outcome is Outcome.FORWARDED:
            self._calls[call.interaction_id] = call  # the conference has him
            return
        visit = self.visit(call, target, is_answered=False)  # else Asterisk tells
        visit.priority, visit.vip = raw.get("priority", 5), raw.get("vip", False)
        visit.value_grade, visit.owner_agent_id = (
            raw.get("value_grade", 0),
            raw.get("owner_agent_id"),
        )
        route = self.runner.configuration.get(c.InboundRoute, call.route_id)
        visit.fallback = route.closed_target if route is not None else None
        self.start(visit)

    # -- small parts -----------------------------------------------------------------------------

    async def _announce(self, caller: Caller, words: list[str]) -> None:
        with suppress(CallerGone, AriDown, AriError):  # the talk is what matters
            await caller.play(words)

    def _finished(self, call: Call) -> None:
        """Tell the end of a call that no queue ever had."""
        self.runner.tell(
            InteractionFinishedV1(
                message_id=f"{call.interaction_id}-finished",
                occurred_at=utcnow(),
                tenant=self.runner.tenant,
                interaction_id=call.interaction_id,
                outcome=call.outcome or Outcome.LEFT,
                direction=call.direction,
                caller=call.caller,
                called=call.called,
                cause_q850=call.cause_q850,
                detail=call.detail,
                began_at=call.answered_at,
                node=call.node or None,
            )
        )

    def _overflow_target(self, command: m.Overflow) -> Target:
        queue = self.runner.configuration.get(c.Queue, command.queue_id)
        if queue is None:
            return _HANG_UP
        on = {
            "full": queue.on_full,
            "timeout": queue.on_timeout,
            "no_agents": queue.on_no_agents,
        }
        return on.get(command.reason, queue.on_closed)

    def _floor_call(self, interaction_id: str) -> m.Call | None:
        return self.runner.floor.calls.get(interaction_id)

    def _queue_of(self, call: Call) -> c.Queue | None:
        known = self._floor_call(call.interaction_id)
        return self.runner.configuration.get(c.Queue, known.queue_id) if known else None

    def _number_plan(self) -> NumberPlan:
        settings = self.runner.configuration.settings
        return NumberPlan(
            settings.country_code,
            settings.national_prefix,
            settings.international_prefixes,
            settings.area_code,
            must_be_assigned=False,
        )

    def node(self, name: str) -> AriNode:
        """Return a node. Raises AriDown."""
        return self.runner.control.node(name)


@lru_cache(maxsize=4096)
def _dialable(digits: str, plan: NumberPlan) -> str | None:
    try:
        return normalise(digits, plan).value
    except NumberRefused:
        return None
