"""What supervisors ask: each act within their scope, and each told for the audit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from ringway.acd import dialling
from ringway.acd.adoption import Picture
from ringway.acd.app import Acd
from ringway.acd.core import model as m
from ringway.acd.core import talk_model as t
from ringway.acd.core.supervision import HEARING, allowed_modes, visible_agents
from ringway.acd.core.talk_model import NotNow, NotPart
from ringway.acd.interception import intercept
from ringway.acd.presence import chosen_campaigns
from ringway.acd.requests import choose_campaigns
from ringway.acd.runner import FloorRunner
from ringway.acd.supervision import IN_TALK, Supervision
from ringway.acd.supervisor_phones import EAR, ROOM
from ringway.acd.talk_live import Live
from ringway.acd.talks import Talks
from ringway.proto import acd_calls as p
from ringway.proto.acd import AgentState, Direction, HungUpBy
from ringway.proto.acd_choice import ChosenBy
from ringway.proto.acd_config import MonitorGroup, SupervisionMode, Target
from ringway.proto.base import Done
from ringway.runtime.ari import AriDown
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown, Refused

_log = logging.getLogger("ringway.acd.supervision")

_REMEMBERED = 1000  # requests whose repeats are answered like the first time
_IN_CALL = (AgentState.RESERVED, *IN_TALK, AgentState.WRAP_UP)


class SupervisionRequests:
    """Handlers of supervision. Gives every floor that opens its supervisors."""

    def __init__(self, acd: Acd) -> None:
        self._acd = acd
        self._of: dict[str, Supervision] = {}
        self._answers: dict[str, asyncio.Future[None]] = {}  # message id -> what became of it
        acd.on_open(self._opened)
        acd.on_reconcile(self._reconcile)
        acd.on_close(lambda runner: self._of.pop(runner.tenant, None))

    def _opened(self, runner: FloorRunner) -> None:
        runner.supervision = self._of[runner.tenant] = Supervision(runner, self._acd)
        self._of[runner.tenant].restore()

    async def serve(self, bus: Bus) -> None:
        """Register all handlers."""
        await bus.respond(p.SuperviseV1, self.supervise)
        await bus.respond(p.StopSupervisionV1, self.stop)
        await bus.respond(p.WatchGroupV1, self.watch)

    # -- acting --------------------------------------------------------------------------------

    async def supervise(self, request: p.SuperviseV1) -> Done:
        """Do one act; a repeat of the request is answered like the first time."""
        answer = self._answers.get(request.message_id)
        if answer is None:
            answer = self._answers[request.message_id] = asyncio.get_running_loop().create_future()
            while len(self._answers) > _REMEMBERED:
                del self._answers[next(iter(self._answers))]
            try:
                await self._act(request)
            except Exception as error:
                if not isinstance(error, Refused):
                    self._answers.pop(request.message_id, None)  # may be tried again
                answer.set_exception(error)
                answer.exception()  # perhaps nobody repeats
            except BaseException:
                self._answers.pop(request.message_id, None)
                answer.cancel()
                raise
            else:
                answer.set_result(None)
        await asyncio.shield(answer)
        return Done()

    async def _act(self, request: p.SuperviseV1) -> None:
        runner = await self._acd.floor(request.tenant)
        agent = runner.floor.agents.get(request.agent_id)
        interaction_id = agent.interaction_id if agent is not None else None
        outcome, detail = "done", ""
        try:
            self._check(runner, request)
            interaction_id, detail = await self._do(runner, request) or (interaction_id, "")
        except Refused as refused:
            outcome, detail = refused.code, refused.detail
            raise
        except DependencyDown as down:
            outcome, detail = "unavailable", str(down)
            raise
        finally:
            runner.tell(
                p.SupervisedV1(
                    occurred_at=utcnow(),
                    tenant=request.tenant,
                    supervisor_id=request.supervisor_id,
                    agent_id=request.agent_id,
                    mode=request.mode,
                    interaction_id=interaction_id,
                    outcome=outcome,
                    detail=detail,
                )
            )

    def _check(self, runner: FloorRunner, request: p.SuperviseV1) -> None:
        """See that the agent is in the supervisor's scope, and the act allowed there."""
        allowed = allowed_modes(
            runner.configuration.all(MonitorGroup).values(),
            request.supervisor_id,
            request.agent_id,
            everywhere=request.everywhere,
        )
        account = self._acd.accounts.agents.get((request.tenant, request.agent_id))
        if not allowed or account is None:
            raise Refused("agent_unknown", "There is no such agent in your groups.")
        if request.mode not in allowed:
            raise Refused("not_allowed", f"Your groups do not allow {request.mode.value}.")

    async def _do(self, runner: FloorRunner, request: p.SuperviseV1) -> tuple[str, str] | None:
        """Carry the act out; returns the interaction and a detail, where there is one."""
        agent_id, mode = request.agent_id, request.mode
        if mode in HEARING:
            interaction_id = await self._of[request.tenant].hear(
                request.supervisor_id, agent_id, mode, everywhere=request.everywhere
            )
            return interaction_id, ""
        match mode:
            case SupervisionMode.DISCONNECT:
                return self._disconnect(runner, agent_id), ""
            case SupervisionMode.TRANSFER:
                return await self._transfer(runner, request)
            case SupervisionMode.INTERCEPT:
                interaction_id = await intercept(
                    self._acd,
                    self._talks(runner),
                    self._of[request.tenant],
                    request.supervisor_id,
                    agent_id,
                    everywhere=request.everywhere,
                )
                return interaction_id, ""
            case SupervisionMode.STATE:
                self._change_state(runner, request)
            case SupervisionMode.LOG_OUT:
                runner.sign_ins.sign_out(agent_id)
        return None

    def _disconnect(self, runner: FloorRunner, agent_id: str) -> str:
        """End the call for all who are part of it; a consulted agent's part alone."""
        interaction_id, _ = self._of[runner.tenant].talk_of(agent_id)
        call = runner.floor.calls.get(interaction_id)
        if call is not None and call.agent_id != agent_id:
            self._talks(runner).agent_hangs_up(interaction_id, agent_id)
        else:
            runner.apply(m.HangUpAsked(runner.now(), agent_id, HungUpBy.SYSTEM))
        return interaction_id

    async def _transfer(self, runner: FloorRunner, request: p.SuperviseV1) -> tuple[str, str]:
        """Send the agent's customer on, out of whatever the agent does with him."""
        target, agent_id, talks = request.target, request.agent_id, self._talks(runner)
        if target is None:
            raise Refused("invalid", "Say where to transfer to.")
        try:
            live = talks.of_agent(agent_id)
        except NotPart as error:
            raise Refused("not_in_call", "The agent is not in a call.") from error
        live.sent_by = "supervisor"
        try:
            await self._send(runner, talks, live, agent_id, target)
        except BaseException as error:
            live.sent_by = "agent"
            match error:
                case NotNow() | NotPart():
                    raise Refused("not_now", str(error)) from error
                case m.AgentBusy():
                    raise Refused("agent_busy", str(error)) from error
            raise
        return live.talk.interaction_id, f"{target.kind.value} {target.value}".strip()

    async def _send(
        self, runner: FloorRunner, talks: Talks, live: Live, agent_id: str, target: Target
    ) -> None:
        if dialling.is_place(target):
            dialling.check_place(runner, target)
            await talks.tell(live, t.HandOverAsked(runner.now(), agent_id, target))
            return
        whom = await dialling.party(self._acd, runner, agent_id, target)
        if whom.agent_id == agent_id:
            raise Refused("target_not_possible", "The agent has this call already.")
        if live.talk.consult is not None:
            await talks.tell(live, t.CancelConsultAsked(runner.now(), agent_id))
        event = t.TransferAsked(runner.now(), agent_id, whom.target, whom.agent_id, whom.number)
        await talks.consult(live, event, whom.choices)

    def _change_state(self, runner: FloorRunner, request: p.SuperviseV1) -> None:
        agent = runner.floor.agents.get(request.agent_id)
        if request.ready is None and request.campaign_ids is None:
            raise Refused("invalid", "Say whether the agent shall be ready.")
        if agent is None or agent.state is AgentState.LOGGED_OUT:
            raise Refused("agent_logged_out", "The agent is not signed in.")
        if request.campaign_ids is not None:
            by = ChosenBy.SUPERVISOR
            choose_campaigns(runner, agent.agent_id, request.campaign_ids, by)
        if request.ready is None:
            return
        runner.apply(m.Chose(runner.now(), agent.agent_id, request.ready, request.reason))

    async def stop(self, request: p.StopSupervisionV1) -> Done:
        """Let the supervisor's phone leave."""
        await self._acd.floor(request.tenant)
        await self._of[request.tenant].stop(request.supervisor_id)
        return Done()

    @staticmethod
    def _talks(runner: FloorRunner) -> Talks:
        assert isinstance(runner.talks, Talks)
        return runner.talks

    # -- watching ------------------------------------------------------------------------------

    async def watch(self, request: p.WatchGroupV1) -> p.WatchedGroupV1:
        """Return the agents whom the supervisor may see, by number."""
        runner = await self._acd.floor(request.tenant)
        groups: Sequence[MonitorGroup] = tuple(runner.configuration.all(MonitorGroup).values())
        if request.group_id is not None:
            group = runner.configuration.get(MonitorGroup, request.group_id)
            is_his = group is not None and request.supervisor_id in group.supervisor_ids
            if group is None or not (is_his or request.everywhere):
                raise Refused("group_unknown", "There is no such group of yours.")
            seen = frozenset(group.agent_ids)
        elif request.everywhere:
            seen = frozenset(
                a for tenant, a in self._acd.accounts.agents if tenant == runner.tenant
            )
        else:
            seen = visible_agents(groups, request.supervisor_id)
        lines = [line for agent_id in seen if (line := self._line(runner, agent_id)) is not None]
        lines.sort(key=lambda line: (line.number, line.agent_id))
        rest = [line for line in lines if line.number > request.after] if request.after else lines
        page = rest[: request.limit]
        return p.WatchedGroupV1(
            agents=tuple(page),
            next_after=page[-1].number if len(rest) > len(page) else None,
        )

    def _line(self, runner: FloorRunner, agent_id: str) -> p.WatchedAgent | None:
        account = self._acd.accounts.agents.get((runner.tenant, agent_id))
        if account is None:
            return None
        agent = runner.floor.agents.get(agent_id) or m.Agent(agent_id, since=runner.now())
        call = runner.calls.get(agent.interaction_id or "") if agent.state in _IN_CALL else None
        floor_call = runner.floor.calls.get(agent.interaction_id or "") if call else None
        other = queue_id = ""
        if call is not None:
            other = call.caller if call.direction is Direction.INBOUND else call.called
            queue_id = floor_call.queue_id if floor_call is not None else ""
        return p.WatchedAgent(
            agent_id=agent_id,
            number=account.number,
            state=agent.state,
            reason=agent.reason,
            since=runner.wall(agent.since),
            interaction_id=call.interaction_id if call is not None else None,
            other_number=other,
            queue_id=queue_id if queue_id and ":" not in queue_id else None,
            chosen_campaigns=chosen_campaigns(runner.floor, agent_id),
        )

    # -- after a restart -----------------------------------------------------------------------

    def _reconcile(self, picture: Picture, runners: Sequence[FloorRunner]) -> None:
        """Know which supervisors' phones have left, and leave nothing of another process.

        Supervisions that are found as they were go on. Of others the phones that were called for
        them are hung up, and lent ones go home. The talks go on.
        """
        for runner in runners:
            self._of[runner.tenant].reconcile(picture)
            runner.spawn(self._sweep(runner, picture), "sweep")

    async def _sweep(self, runner: FloorRunner, picture: Picture) -> None:
        node, live = picture.node, self._of[runner.tenant].live
        known = {one.ear for one in live.values()} | {one.room for one in live.values()}
        place = {channel: bridge.id for bridge in picture.bridges for channel in bridge.channels}
        with suppress(AriDown):
            for channel_id in picture.channels:
                if channel_id.endswith(f".{runner.tenant}{EAR}") and channel_id not in known:
                    await node.hangup(channel_id)
            for agent_id, leg in tuple(runner.legs.items()):
                agent = runner.floor.agents.get(agent_id)
                is_free = agent is None or agent.state not in (AgentState.RESERVED, *IN_TALK)
                is_away = place.get(leg.channel_id) not in (None, leg.bridge_id)
                if leg.node == node.name and is_free and is_away and agent_id not in live:
                    await runner.phones.release(agent_id)
            for bridge in picture.bridges:
                if bridge.id.endswith(f".{runner.tenant}{ROOM}") and bridge.id not in known:
                    await node.destroy_bridge(bridge.id)
