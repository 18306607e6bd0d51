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
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ringway.acd import supervision_kept as kept
from ringway.acd.adoption import Picture
from ringway.acd.control import PhoneNotAnswered, PhoneNotRegistered
from ringway.acd.core import supervision as s
from ringway.acd.core.supervision import Session, allowed_modes
from ringway.acd.outbound import Watching
from ringway.acd.supervisor_phones import Step, Supervisor, SupervisorPhones
from ringway.proto.acd import AgentState
from ringway.proto.acd_calls import SupervisedV1, SupervisionEndedV1
from ringway.proto.acd_config import Config, MonitorGroup, SupervisionMode
from ringway.runtime.ari import AriDown, AriError, ChannelDestroyed, Event, StasisEnd
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

_log = logging.getLogger("ringway.acd.supervision")

IN_TALK = (AgentState.TALKING, AgentState.HOLD)
_BUSY = (AgentState.RESERVED, *IN_TALK)


class Supervision:
    """Every supervisor of one tenant whose phone is called for it.

    Args:
        events: Passes on the events of single channels.
    """

    def __init__(self, runner: FloorRunner, events: Watching) -> None:
        self.live: dict[str, Supervisor] = {}
        self._working: dict[int, Supervisor] = {}  # by identity; also those that are over
        self._runner = runner
        self._events = events
        self._phones = SupervisorPhones(runner, self._unlinked)
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
        leg, call = self._runner.legs.get(agent_id), self._runner.calls.get(interaction_id or "")
        if interaction_id is None or call is None or leg is None or not leg.is_up:
            raise Refused("not_in_call", "The agent is not in a call.")
        return interaction_id, call.node

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

    async def settled(self) -> None:
        """Wait until all that was decided so far is done: no phone is on its way to elsewhere."""
        for one in tuple(self._working.values()):
            await self._perform(one, ())

    def has_phone(self, channel_id: str) -> bool:
        """Whether this channel is the phone of somebody who supervises."""
        return any(
            one.leg is not None and one.leg.channel_id == channel_id for one in self.live.values()
        )

    def restore(self) -> None:
        """Go on with the supervisions of a process before this one; tell of those that cannot."""
        for supervisor_id, raw in self._runner.supervisions.items():
            one = kept.from_json(self._runner, supervisor_id, raw)
            if one is None:
                self._broken_off(supervisor_id, raw)
                continue
            self.live[supervisor_id] = one
            self._watch(one)

    def _broken_off(self, supervisor_id: str, raw: Mapping[str, Any]) -> None:
        now = utcnow()
        if raw["heard"] is not None:
            self._runner.tell(
                SupervisionEndedV1(
                    message_id=f"{raw['leg']['channel_id'].removesuffix('.a')}-broken-off",
                    occurred_at=now,
                    tenant=self._runner.tenant,
                    supervisor_id=supervisor_id,
                    agent_id=raw["agent_id"],
                    interaction_id=raw["heard"],
                    listened_s=kept.listened_s(raw, now),
                    reason="interrupted",
                )
            )
        self._runner.keep(kept.KIND, supervisor_id, lambda: None)

    def reconcile(self, picture: Picture) -> None:
        """Compare with what is on a node: a phone that is not there has left."""
        for one in tuple(self.live.values()):
            leg, now = one.leg, self._runner.now()
            is_here = leg is not None and leg.node == picture.node.name
            if leg is None or not is_here or one.session.phone is not s.PhoneState.UP:
                continue
            if leg.channel_id not in picture.channels:
                self._tell(one, s.PhoneGone(now))
            elif one.is_kept:
                one.is_kept = False
                self._go_on(one, picture)

    def _go_on(self, one: Supervisor, picture: Picture) -> None:
        """Supervise as before, unless what it was about has changed while nobody was there."""
        session = one.session
        self._tell(one, s.ScopeChanged(self._runner.now(), self._allowed(one)))
        self.state_changed(session.agent_id)
        if session.heard is not None and not kept.is_as_it_was(one, picture):
            self._perform(one, (s.Open(session.agent_id, session.heard, session.mode),))

    def talk_changed(self, interaction_id: str) -> None:
        """Somebody may stand in another room: who barged in goes along with the agent."""
        for one in tuple(self.live.values()):
            if one.session.heard == interaction_id and one.session.mode is SupervisionMode.BARGE:
                self._perform(one, (partial(self._phones.stand, one),))

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
        steps: list[Step] = [*one.session.handle(event)]
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
            if one.leg is not None and one.on_event is not None:
                self._events.unwatch(one.leg.channel_id, one.on_event)
            self._keep(one)
            self._phone(one, Refused("not_now", "The supervision has been stopped."))
            steps.append(partial(self._phones.forget, one))
        return self._perform(one, steps)

    def _perform(self, one: Supervisor, steps: Sequence[Step]) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        one.inbox.extend((*steps, done))
        if not one.is_working:
            one.is_working = True
            self._working[id(one)] = one
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
                self._keep(one)
        finally:
            one.is_working = False
            del self._working[id(one)]

    def _keep(self, one: Supervisor) -> None:
        supervisor_id = one.session.supervisor_id
        self._runner.keep(
            kept.KIND,
            supervisor_id,
            lambda: kept.to_json(self._runner, self.live.get(supervisor_id)),
        )

    async def _one(self, one: Supervisor, step: s.Command | Callable[[], Awaitable[None]]) -> None:
        match step:
            case s.CallPhone():
                self._runner.spawn(self._call(one), "supervisor's phone")
            case s.Open():
                await self._open(one, step)
            case s.Close():
                await self._phones.close(one)
            case s.ReleasePhone():
                await self._phones.release(one)
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

    # -- what is done in Asterisk --------------------------------------------------------------

    async def _call(self, one: Supervisor) -> None:
        if one.session.is_over:
            return
        one.ringing = asyncio.current_task()
        try:
            await self._phones.call(one)
        except PhoneNotRegistered:
            self._failed(one, "phone_not_registered", "Your phone is not registered; start it.")
        except PhoneNotAnswered:
            self._failed(one, "phone_not_answered", "Your phone rang and did not answer.")
        except (AriDown, AriError) as error:
            self._failed(one, "unavailable", str(error))
        else:
            self._watch(one)
            self._tell(one, s.PhoneUp(self._runner.now()))
            self._phone(one, None)
        finally:
            one.ringing = None

    def _watch(self, one: Supervisor) -> None:
        """Know when the phone leaves."""

        def on_event(_: str, event: Event) -> None:
            if isinstance(event, StasisEnd | ChannelDestroyed) and not one.is_taken:
                self._tell(one, s.PhoneGone(self._runner.now()))

        if one.leg is not None:
            one.on_event = on_event
            self._events.watch(one.leg.channel_id, on_event)

    def _unlinked(self, one: Supervisor) -> None:
        """The node of the talk, or of the phone, cannot be reached any more."""
        self._tell(one, s.PhoneGone(self._runner.now()))

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

    async def _open(self, one: Supervisor, command: s.Open) -> None:
        try:
            await self._phones.open(one, command)
        except (AriDown, AriError, TimeoutError) as error:
            _log.info(
                "An agent's leg cannot be heard.",
                extra={"tenant": self._runner.tenant, "error": str(error)},
            )
            self._tell(one, s.EarFailed(self._runner.now()))
        else:
            self._tell(one, s.EarUp(self._runner.now()))
