"""Supervisors' phones on agents' legs: listen, whisper, barge.

Who listens or whispers stands in a room of his own with a snoop of the agent's leg, which hears
what the agent says and hears, and lets him speak to nobody or to the agent alone: the talk's rooms
never change, so he comes and goes without anybody noticing, and follows the agent through hold,
consultation and conference. Who barges in stands in the room where the agent talks. (A snoop could
speak for the agent, too, but not while the agent is muted.)
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from prometheus_client import Histogram

from ringway.acd.calls import Leg
from ringway.acd.control import PhoneNotAnswered, PhoneNotRegistered
from ringway.acd.core import supervision as s
from ringway.acd.core.supervision import Session, allowed_modes
from ringway.acd.outbound import Watching
from ringway.proto.acd import AgentState, LegMode
from ringway.proto.acd_calls import SupervisedV1, SupervisionEndedV1
from ringway.proto.acd_config import Config, MonitorGroup, SupervisionMode
from ringway.runtime.ari import (
    AriDown,
    AriError,
    AriNode,
    AriNotFound,
    ChannelDestroyed,
    Direction,
    Event,
    StasisEnd,
)
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused
from ringway.runtime.ids import uuid7

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

_log = logging.getLogger("ringway.acd.supervision")
_opened = Histogram(
    "acd_supervision_opened_seconds",
    "From a supervisor's phone being there to hearing the agent.",
    ["mode"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 3),
)

RING_S = 20.0  # a supervisor's phone may ring this long
IN_TALK = (AgentState.TALKING, AgentState.HOLD)
_BUSY = (AgentState.RESERVED, *IN_TALK)
_SPEAKS_TO: dict[SupervisionMode, Direction] = {
    SupervisionMode.LISTEN: "none",
    SupervisionMode.WHISPER: "out",
}


@dataclass(slots=True)
class Supervisor:
    """One supervisor and what his phone is in Asterisk.

    ``is_lent``: the phone is his own nailed-up leg as an agent, which goes home after.
    ``is_taken``: the phone has become part of a talk and is not ours any more. ``room`` is the
    phone's own, ``place`` where it stands.
    """

    session: Session
    node: str
    phone_up: asyncio.Future[None]
    everywhere: bool = False
    leg: Leg | None = None
    is_lent: bool = False
    is_taken: bool = False
    room: str = ""
    place: str = ""
    ear: str = ""
    ringing: asyncio.Task[None] | None = None
    on_event: Callable[[str, Event], None] | None = None
    timer: asyncio.TimerHandle | None = None
    inbox: deque[s.Command | asyncio.Future[None] | Callable[[], Awaitable[None]]] = field(
        default_factory=deque
    )
    is_working: bool = False


class Supervision:
    """Every supervisor of one tenant whose phone is called for it.

    Args:
        events: Passes on the events of single channels.
    """

    def __init__(self, runner: FloorRunner, events: Watching) -> None:
        self.live: dict[str, Supervisor] = {}
        self._runner = runner
        self._events = events
        runner.configuration.on_change(self._configured)

    # -- what is asked -------------------------------------------------------------------------

    async def hear(
        self, supervisor_id: str, agent_id: str, mode: SupervisionMode, *, everywhere: bool
    ) -> str:
        """Let a supervisor hear an agent's talk, calling his phone first unless it is up.

        Returns:
            The interaction.

        Raises:
            Refused: ``not_in_call``, ``not_now``, ``phone_not_registered``,
                ``phone_not_answered``.
        """
        interaction_id, node = self.talk_of(agent_id)
        one = self.live.get(supervisor_id)
        if one is not None and one.node != node:
            await self.stop(supervisor_id)
            one = None
        if one is None:
            self._check_free(supervisor_id)
            up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            one = self.live[supervisor_id] = Supervisor(Session(supervisor_id), node, up)
        one.everywhere = everywhere
        await self._tell(one, s.Asked(self._runner.now(), agent_id, mode, interaction_id))
        await asyncio.shield(one.phone_up)
        await self._perform(one, ())
        if one.session.heard != interaction_id or one.session.agent_id != agent_id:
            raise Refused("not_in_call", "The call has just ended.")
        return interaction_id

    async def stop(self, supervisor_id: str) -> bool:
        """Let a supervisor's phone leave; the talk goes on. False: there was nothing to leave."""
        one = self.live.get(supervisor_id)
        if one is None:
            return False
        await self._tell(one, s.Stopped(self._runner.now()))
        return True

    def talk_of(self, agent_id: str) -> tuple[str, str]:
        """Return the interaction that an agent talks in, and the node.

        Raises:
            Refused: ``not_in_call``.
        """
        interaction_id = self._interaction(agent_id)
        leg = self._runner.legs.get(agent_id)
        if interaction_id is None or leg is None or not leg.is_up:
            raise Refused("not_in_call", "The agent is not in a call.")
        return interaction_id, leg.node

    async def take_phone(self, supervisor_id: str) -> Supervisor | None:
        """Stop hearing, and give the phone, which is up, to whoever asks: it is part of a talk."""
        one = self.live.get(supervisor_id)
        if one is None or one.session.phone is not s.PhoneState.UP:
            return None
        one.is_taken = True
        await self._tell(one, s.PhoneTaken(self._runner.now()))
        return one

    def _check_free(self, supervisor_id: str) -> None:
        agent = self._runner.floor.agents.get(supervisor_id)
        if agent is not None and agent.state in _BUSY:
            raise Refused("not_now", "Your own phone is in a call, or is just being called.")

    def _interaction(self, agent_id: str) -> str | None:
        agent = self._runner.floor.agents.get(agent_id)
        return agent.interaction_id if agent is not None and agent.state in IN_TALK else None

    # -- what happens --------------------------------------------------------------------------

    def state_changed(self, agent_id: str) -> None:
        """An agent's state may have changed."""
        for one in tuple(self.live.values()):
            if one.session.agent_id != agent_id:
                continue
            agent, now = self._runner.floor.agents.get(agent_id), self._runner.now()
            if agent is None or agent.state is AgentState.LOGGED_OUT:
                self._tell(one, s.AgentOut(now, agent_id))
                continue
            may_listen = SupervisionMode.LISTEN in self._allowed(one)
            talk = self._interaction(agent_id)
            self._tell(one, s.TalkChanged(now, agent_id, talk, may_listen))

    async def make_way(self, agent_id: str) -> None:
        """The agent's own phone is needed for a call: it listens to nobody any more."""
        await self.stop(agent_id)

    def reconcile(self, node: AriNode, channels: set[str]) -> None:
        """Compare with what is on a node: a phone that is not there has left."""
        for one in tuple(self.live.values()):
            if one.node != node.name or one.session.phone is not s.PhoneState.UP:
                continue
            if one.leg is not None and one.leg.channel_id not in channels:
                self._tell(one, s.PhoneGone(self._runner.now()))

    def talk_changed(self, interaction_id: str) -> None:
        """Somebody may stand in another room: who barged in goes along with the agent."""
        for one in tuple(self.live.values()):
            if one.session.heard == interaction_id and one.session.mode is SupervisionMode.BARGE:
                self._perform(one, (partial(self._stand, one),))

    def _configured(self, kind: str, _: str, __: Config | None, ___: Config | None) -> None:
        if kind == MonitorGroup.KIND:
            for one in tuple(self.live.values()):
                self._tell(one, s.ScopeChanged(self._runner.now(), self._allowed(one)))

    def _allowed(self, one: Supervisor) -> frozenset[SupervisionMode]:
        groups = self._runner.configuration.all(MonitorGroup).values()
        session = one.session
        return allowed_modes(
            groups, session.supervisor_id, session.agent_id, everywhere=one.everywhere
        )

    # -- one step after the other --------------------------------------------------------------

    def _tell(self, one: Supervisor, event: s.Event) -> asyncio.Future[None]:
        """Give an event; the result comes when all that follows is done."""
        was_over = one.session.is_over
        steps: list[s.Command | Callable[[], Awaitable[None]]] = [*one.session.handle(event)]
        if one.timer is not None:
            one.timer.cancel()
            one.timer = None
        if (until := one.session.idle_until) is not None:
            one.timer = asyncio.get_running_loop().call_at(
                until, lambda: self._tell(one, s.Tick(self._runner.now()))
            )
        if one.session.is_over and not was_over:
            if self.live.get(one.session.supervisor_id) is one:
                del self.live[one.session.supervisor_id]
            self._phone(one, Refused("not_now", "The supervision has been stopped."))
            steps.append(partial(self._forget, one))
        return self._perform(one, steps)

    def _perform(
        self, one: Supervisor, steps: Sequence[s.Command | Callable[[], Awaitable[None]]]
    ) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        one.inbox.extend((*steps, done))
        if not one.is_working:
            one.is_working = True
            self._runner.spawn(self._work(one), "supervision")
        return done

    async def _work(self, one: Supervisor) -> None:
        try:
            while one.inbox:
                step = one.inbox.popleft()
                if isinstance(step, asyncio.Future):
                    if not step.done():
                        step.set_result(None)
                    continue
                try:
                    await self._one(one, step)
                except (AriDown, AriError) as error:
                    # Who has gone is told by an event; a node that is back is reconciled.
                    _log.info(
                        "A step of a supervision could not be done.",
                        extra={"tenant": self._runner.tenant, "error": str(error)},
                    )
                except Exception:
                    _log.exception(
                        "A step of a supervision failed.", extra={"tenant": self._runner.tenant}
                    )
        finally:
            one.is_working = False

    async def _one(self, one: Supervisor, step: s.Command | Callable[[], Awaitable[None]]) -> None:
        match step:
            case s.CallPhone():
                self._runner.spawn(self._call(one), "supervisor's phone")
            case s.Open():
                await self._open(one, step)
            case s.Close():
                await self._stand(one)
                await self._end_ear(one)
            case s.ReleasePhone():
                await self._release(one)
            case s.Followed(agent_id, interaction_id):
                self._runner.tell(
                    SupervisedV1(
                        occurred_at=utcnow(),
                        tenant=self._runner.tenant,
                        supervisor_id=one.session.supervisor_id,
                        agent_id=agent_id,
                        mode=SupervisionMode.LISTEN,
                        interaction_id=interaction_id,
                        outcome="done",
                        detail="followed the agent",
                    )
                )
            case s.Left(agent_id, interaction_id, listened_s):
                self._runner.tell(
                    SupervisionEndedV1(
                        occurred_at=utcnow(),
                        tenant=self._runner.tenant,
                        supervisor_id=one.session.supervisor_id,
                        agent_id=agent_id,
                        interaction_id=interaction_id,
                        listened_s=listened_s,
                    )
                )
            case _:
                await step()

    # -- the supervisor's phone ----------------------------------------------------------------

    async def _call(self, one: Supervisor) -> None:
        one.ringing = asyncio.current_task()
        supervisor_id = one.session.supervisor_id
        try:
            if one.session.is_over:
                return
            own = self._runner.legs.get(supervisor_id)
            if own is not None and own.is_up and own.leg_mode is LegMode.NAILED_UP:
                await self._lend(one, own)
            else:
                one.leg = leg = Leg(supervisor_id, LegMode.NAILED_UP, one.node)
                await self._runner.phones.call(leg, RING_S, auto_answer=True)
                one.room = one.place = leg.bridge_id
        except PhoneNotRegistered:
            self._failed(one, "phone_not_registered", "Your phone is not registered; start it.")
        except PhoneNotAnswered:
            self._failed(one, "phone_not_answered", "Your phone rang and did not answer.")
        except (AriDown, AriError) as error:
            self._failed(one, "unavailable", str(error))
        else:
            assert one.leg is not None
            one.on_event = self._watcher(one)
            self._events.watch(one.leg.channel_id, one.on_event)
            self._tell(one, s.PhoneUp(self._runner.now()))
            self._phone(one, None)
        finally:
            one.ringing = None

    async def _lend(self, one: Supervisor, leg: Leg) -> None:
        if leg.node != one.node:
            raise PhoneNotRegistered(f"the phone of {leg.agent_id} is on another node")
        one.leg, one.is_lent = leg, True
        one.room = one.place = f"{uuid7()}.{self._runner.tenant}.l"
        await self._node(one).create_bridge(one.room)
        await self._node(one).add_to_bridge(one.room, leg.channel_id)

    def _watcher(self, one: Supervisor) -> Callable[[str, Event], None]:
        def on_event(_: str, event: Event) -> None:
            if isinstance(event, StasisEnd | ChannelDestroyed) and not one.is_taken:
                self._tell(one, s.PhoneGone(self._runner.now()))

        return on_event

    def _failed(self, one: Supervisor, code: str, detail: str) -> None:
        self._phone(one, Refused(code, detail))
        self._tell(one, s.PhoneGone(self._runner.now()))

    @staticmethod
    def _phone(one: Supervisor, refused: Refused | None) -> None:
        """Tell who waits for the phone."""
        if one.phone_up.done():
            return
        if refused is None:
            one.phone_up.set_result(None)
        else:
            one.phone_up.set_exception(refused)
            one.phone_up.exception()  # perhaps nobody waits any more

    async def _release(self, one: Supervisor) -> None:
        if one.ringing is not None:
            one.ringing.cancel()
        leg = one.leg
        if leg is not None and one.is_lent and self._runner.legs.get(leg.agent_id) is leg:
            await self._runner.phones.release(leg.agent_id)

    async def _forget(self, one: Supervisor) -> None:
        """Leave nothing behind."""
        if one.leg is None:
            return
        if one.on_event is not None:
            self._events.unwatch(one.leg.channel_id, one.on_event)
        if one.is_lent:
            await self._node(one).destroy_bridge(one.room)
        elif not one.is_taken:
            await self._runner.control.hang_up_leg(one.leg)

    # -- the agent's leg -----------------------------------------------------------------------

    async def _open(self, one: Supervisor, command: s.Open) -> None:
        began = time.perf_counter()
        try:
            if command.mode is SupervisionMode.BARGE:
                await self._stand(one)
                if one.place == one.room:
                    raise AriNotFound(404, "the agent talks to nobody", "barge")
                await self._end_ear(one)
            else:
                await self._snoop(one, command)
        except (AriDown, AriError, TimeoutError) as error:
            _log.info(
                "An agent's leg cannot be heard.",
                extra={"tenant": self._runner.tenant, "error": str(error)},
            )
            self._tell(one, s.EarFailed(self._runner.now()))
        else:
            _opened.labels(command.mode.value).observe(time.perf_counter() - began)
            self._tell(one, s.EarUp(self._runner.now()))

    async def _snoop(self, one: Supervisor, command: s.Open) -> None:
        """Make the new snoop before the old one goes: nothing that is said is missed."""
        node, old = self._node(one), one.ear
        leg = self._runner.legs.get(command.agent_id)
        one.ear = f"{uuid7()}.{self._runner.tenant}.w"
        try:
            if leg is None or leg.node != one.node:
                raise AriNotFound(404, "the agent's leg has gone", "snoop")
            if self._runner.talks is not None:
                await self._runner.talks.mix(command.interaction_id)
            await self._runner.control.snoop(
                node,
                leg.channel_id,
                one.ear,
                spy="both",
                whisper=_SPEAKS_TO[command.mode],
            )
            await node.add_to_bridge(one.room, one.ear)
            await self._stand(one)
        finally:
            if old:
                with suppress(AriDown, AriError):
                    await node.hangup(old)

    async def _end_ear(self, one: Supervisor) -> None:
        ear, one.ear = one.ear, ""
        if ear:
            await self._node(one).hangup(ear)

    async def _stand(self, one: Supervisor) -> None:
        """Put the phone where it belongs: with the agent after a barge, else in its own room."""
        session, talks = one.session, self._runner.talks
        place = one.room
        if session.heard is not None and session.mode is SupervisionMode.BARGE and talks:
            place = await talks.room_of(session.heard, session.agent_id) or one.room
        if place == one.place or one.leg is None or one.is_taken:
            return
        one.place = place
        await self._node(one).add_to_bridge(place, one.leg.channel_id)

    def _node(self, one: Supervisor) -> AriNode:
        return self._runner.control.node(one.node)
