"""Calls that reach the ACD by themselves: customers by trunks, agents' phones that dial.

The dialplan offers each to every ACD; the one that serves the tenant claims it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from ringway.acd.adoption import Picture
from ringway.acd.app import Acd
from ringway.acd.arrival import interaction_of, is_caller, read_state
from ringway.acd.calls import Call
from ringway.acd.core.inbound_rules import Busy
from ringway.acd.core.trunk import Trunk
from ringway.acd.front.front import Front
from ringway.acd.front.plan import target_of
from ringway.acd.front.visit import Visit
from ringway.acd.outbound import Outbound
from ringway.acd.runner import FloorRunner
from ringway.proto.acd import Direction
from ringway.proto.acd_calls import InteractionStartedV1, Outcome
from ringway.proto.acd_config import InboundRoute, Target, TargetKind
from ringway.runtime.ari import (
    AriClient,
    AriDown,
    AriError,
    CallBroadcast,
    Channel,
    Event,
    StasisStart,
)
from ringway.runtime.clock import utcnow
from ringway.runtime.postgres import Pool
from ringway.runtime.tasks import TaskSet

_log = logging.getLogger("ringway.acd.front")

_OFFERED_S = 4.0  # as long as the dialplan waits for somebody who claims
_DIALLED = re.compile(r"[+0-9A-Za-z*#]{1,40}")
_NUMBER = re.compile(r"\+?[0-9]{2,20}")
_TRUNK = "trunk-"
_NODE_LIMIT_S = 60.0
_TOLD_AFTER = timedelta(seconds=60)  # a repeat is recognised for longer (bus/streams.py)
UNALLOCATED = 1
TRUNK_FULL = 34  # no circuit available: SIP 503, on which carriers try another way
VOICEMAIL_CODE = "*97"


class Arrivals:
    """Every call that arrives, for all tenants of this replica."""

    def __init__(
        self, acd: Acd, ari: AriClient, pool: Pool, outbound: Outbound, tasks: TaskSet
    ) -> None:
        self.fronts: dict[str, Front] = {}
        self._acd = acd
        self._ari = ari
        self._pool = pool
        self._outbound = outbound
        self._tasks = tasks
        acd.on_open(self._opened)
        acd.on_start("inbound", self._inbound)
        acd.on_start("dialed", self._dialed)
        acd.on_start("target", self._returned)
        acd.on_any(self._on_event)
        acd.on_reconcile(self._reconcile)
        acd.on_close(self._closed)

    def _opened(self, runner: FloorRunner) -> None:
        front = Front(self._acd, runner, self._pool, self._outbound)
        runner.front = front
        self.fronts[runner.tenant] = front
        front.restore()
        runner.spawn(front.figures.run(), "figures")
        runner.spawn(self._fetch_missing(front), "voicemail")

    def _closed(self, runner: FloorRunner) -> None:
        self.fronts.pop(runner.tenant, None)

    async def _fetch_missing(self, front: Front) -> None:
        with suppress(AriDown):
            for node in self._ari.nodes.values():
                await node.wait_connected(_NODE_LIMIT_S)
        await front.voicemail.fetch_missing()

    # -- claiming ------------------------------------------------------------------------------

    def _on_event(self, node: str, event: Event) -> None:
        if isinstance(event, CallBroadcast):
            tenant = read_state(event.channel).get("tenant", "")
            if tenant:
                self._tasks.spawn(self._claim(node, event.channel.id, tenant), name="claim")

    async def _claim(self, node: str, channel_id: str, tenant: str) -> None:
        """Take a caller whose tenant is ours, or becomes ours while he is offered."""
        if not await self._acd.is_ours(tenant, within_s=_OFFERED_S):
            return
        with suppress(AriDown, AriError):  # the dialplan tells a caller whom nobody claims
            await self._ari.nodes[node].claim(channel_id, self._acd.settings.app)

    # -- customers -----------------------------------------------------------------------------

    def _inbound(self, node: str, event: StasisStart) -> None:
        """``inbound,<tenant>,<endpoint>,<dialled>``."""
        channel = event.channel
        front = self.fronts.get(event.args[1]) if len(event.args) > 3 else None
        if front is None or not _DIALLED.fullmatch(event.args[3]):
            _log.error("An arrival cannot be read.", extra={"channel_id": channel.id})
            self._tasks.spawn(self._drop(node, channel.id), name="drop")
            return
        if interaction_of(channel, read_state(channel)) not in front.runner.calls:  # else a repeat
            self._arrive(front, node, channel, event.args[2], event.args[3])

    def _trunk_of(self, front: Front, endpoint: str) -> str:
        for trunk in self._acd.accounts.trunks.of(front.runner.tenant):
            if trunk.endpoint == endpoint:
                return trunk.trunk_id
        return endpoint.removeprefix(_TRUNK)

    def _arrive(
        self,
        front: Front,
        node: str,
        channel: Channel,
        endpoint: str,
        dialled: str,
        *,
        is_known: bool = False,
    ) -> None:
        runner, trunk_id = front.runner, self._trunk_of(front, endpoint)
        told = channel.caller_number
        caller = front.e164(told) if _NUMBER.fullmatch(told) else ""
        called = _called(front, dialled)
        found = front.plan.resolve(called, caller, utcnow(), trunk_id)
        call = Call(
            interaction_id=interaction_of(channel, read_state(channel)),
            campaign_id="",
            attempt_id="",
            node=node,
            channel_id=channel.id,
            caller=caller,
            called=called,
            answered_at=utcnow(),
            direction=Direction.INBOUND,
            trunk_id=trunk_id,
            route_id=found.route_id or "",
        )
        if not is_known:
            runner.tell(
                InteractionStartedV1(
                    message_id=f"{call.interaction_id}-started",
                    occurred_at=call.answered_at,
                    tenant=runner.tenant,
                    interaction_id=call.interaction_id,
                    direction=Direction.INBOUND,
                    caller=caller,
                    called=called,
                    trunk_id=trunk_id or None,
                    route_id=found.route_id,
                    trail=found.trail,
                )
            )
        self._begin(front, call, target_of(found.target), is_answered=channel.state == "Up")
        visit = front.visits[call.interaction_id]
        visit.priority, visit.vip = found.priority, found.vip
        visit.value_grade = found.value_grade
        visit.owner_agent_id = found.owner_agent_id
        route = runner.configuration.get(InboundRoute, call.route_id)
        visit.fallback = route.closed_target if route is not None else None
        match found.target:
            case Busy("blocked"):
                call.outcome, call.detail = Outcome.BLOCKED, "blocked"
            case Busy("unassigned"):
                call.outcome, call.detail = Outcome.REFUSED, "unassigned"
                visit.busy_cause = UNALLOCATED
            case _:
                pass
        trunk = self._acd.accounts.trunks.get(runner.tenant, trunk_id)
        if trunk is None or not trunk.max_channels or call.outcome is not None:
            front.start(visit)
        else:
            front.spawn(self._let_in(front, visit, trunk), "let in")

    async def _let_in(self, front: Front, visit: Visit, trunk: Trunk) -> None:
        """Refuse a caller whose trunk carries as many calls as it may."""
        call = visit.call
        if not await self._outbound.has_room(trunk, call.channel_id):
            call.outcome, call.detail = Outcome.REFUSED, "trunk_full"
            call.cause_q850 = TRUNK_FULL
            visit.target, visit.busy_cause = Target(kind=TargetKind.BUSY), TRUNK_FULL
        if not visit.caller.is_gone:
            front.start(visit)

    def _begin(self, front: Front, call: Call, target: Target, *, is_answered: bool) -> None:
        runner = front.runner
        runner.calls[call.interaction_id] = call
        self._acd.watch_customer(call.channel_id, runner, call.interaction_id)
        front.visit(call, target, is_answered=is_answered)

    def _returned(self, node: str, event: StasisStart) -> None:
        """``target,<tenant>,<interaction>,<kind>,<value>``: the IVR sends a customer on."""
        args = event.args
        front = self.fronts.get(args[1]) if len(args) > 3 else None
        try:
            if front is None:
                raise ValueError("no such tenant here")
            target = Target(kind=TargetKind(args[3]), value=args[4] if len(args) > 4 else "")
        except ValueError:
            _log.error("A hand-over cannot be read.", extra={"channel_id": event.channel.id})
            self._tasks.spawn(self._drop(node, event.channel.id), name="drop")
            return
        if args[2] in front.runner.calls:
            return
        call = self._call_of(event.channel, node, args[2])
        self._begin(front, call, target, is_answered=event.channel.state == "Up")
        front.start(front.visits[call.interaction_id])

    @staticmethod
    def _call_of(channel: Channel, node: str, interaction_id: str) -> Call:
        state = read_state(channel)
        return Call(
            interaction_id=interaction_id,
            campaign_id="",
            attempt_id="",
            node=node,
            channel_id=channel.id,
            caller=state.get("caller", ""),
            called=state.get("called", ""),
            answered_at=utcnow(),
            direction=Direction.INBOUND,
            trunk_id=state.get("trunk", ""),
            route_id=state.get("route", ""),
        )

    async def _drop(self, node: str, channel_id: str) -> None:
        with suppress(AriDown, AriError):
            await self._ari.nodes[node].hangup(channel_id)

    # -- agents' phones --------------------------------------------------------------------------

    def _dialed(self, node: str, event: StasisStart) -> None:
        """``dialed,<tenant>,<endpoint>,<dialled>``."""
        front = self.fronts.get(event.args[1]) if len(event.args) > 3 else None
        agent_id = self._agent_of(event.args[1], event.args[2]) if front is not None else None
        if front is None or agent_id is None:
            self._tasks.spawn(self._drop(node, event.channel.id), name="drop")
            return
        dialled = event.args[3]
        if dialled.startswith(VOICEMAIL_CODE):
            box = dialled.removeprefix(VOICEMAIL_CODE)
            self._tasks.spawn(
                front.voicemail.by_phone(node, event.channel.id, agent_id, box), name="voicemail"
            )
            return
        hook = self._acd.on_dialed
        if hook is None or not hook(front.runner, node, event.channel, agent_id, dialled):
            self._tasks.spawn(self._drop(node, event.channel.id), name="drop")

    def _agent_of(self, tenant: str, username: str) -> str | None:
        for (its_tenant, agent_id), account in self._acd.accounts.agents.items():
            if its_tenant == tenant and account.sip_username == username and account.is_enabled:
                return agent_id
        return None

    # -- reconnect means reconcile -----------------------------------------------------------------

    def _reconcile(self, picture: Picture, runners: Sequence[FloorRunner]) -> None:
        """Go on with callers whom a dead process left: nobody had them yet, so they begin again."""
        node, channels = picture.node.name, picture.channels
        fronts = [f for r in runners if (f := self.fronts.get(r.tenant)) is not None]
        by_tenant = {front.runner.tenant: front for front in fronts}
        for channel_id in picture.ours:
            channel = channels.get(channel_id)
            state = read_state(channel) if channel is not None else {}
            front = by_tenant.get(state.get("tenant", ""))
            if channel is None or front is None or not is_caller(state):
                continue
            interaction_id = interaction_of(channel, state)
            if interaction_id in front.runner.calls:
                if (visit := front.visits.get(interaction_id)) is not None:
                    visit.is_answered = visit.is_answered or channel.state == "Up"
                continue
            if "role" not in state:
                # His arrival may not have been told. One that was is known by its message's id.
                is_old = utcnow() - channel.creationtime > _TOLD_AFTER
                where = state["endpoint"], state["dialled"]
                self._arrive(front, node, channel, *where, is_known=is_old)
                continue
            call = self._call_of(channel, node, interaction_id)
            found = front.plan.resolve(call.called, call.caller, utcnow(), call.trunk_id)
            self._begin(front, call, target_of(found.target), is_answered=channel.state == "Up")
            front.start(front.visits[call.interaction_id])
        for front in fronts:
            for call in list(front.runner.calls.values()):
                gone = call.channel_id and call.channel_id not in channels
                if call.node == node and gone and call.direction is Direction.INBOUND:
                    front.runner.customer_gone(call.interaction_id, cause_q850=0, exactly=False)


def _called(front: Front, dialled: str) -> str:
    """Return the dialled number as the routes write it, else in full."""
    full = front.e164(dialled)
    if full == dialled:
        return full
    dids = {route.did for route in front.runner.configuration.all(InboundRoute).values()}
    return dialled if dialled in dids and full not in dids else full
