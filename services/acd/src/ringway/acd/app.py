"""The ACD: which tenants it serves, and how events find their floor."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ringway.acd import account_store, recovery, snapshot
from ringway.acd.accounts import Accounts
from ringway.acd.arrival import outbound_call
from ringway.acd.config import Settings
from ringway.acd.configuration import Configuration
from ringway.acd.control import CallControl
from ringway.acd.outbound import Outbound
from ringway.acd.runner import FloorRunner
from ringway.acd.trunk_watch import TrunkWatch
from ringway.runtime.ari import (
    AriClient,
    AriNode,
    Channel,
    ChannelDestroyed,
    ChannelHangupRequest,
    Event,
    StasisEnd,
    StasisStart,
)
from ringway.runtime.bus import Bus, FactWriter
from ringway.runtime.errors import DependencyDown
from ringway.runtime.ids import shard_of
from ringway.runtime.leases import Leases
from ringway.runtime.postgres import Pool
from ringway.runtime.tasks import TaskSet

_log = logging.getLogger("ringway.acd")
_RETRY_S = 0.5
_DRAIN_LOOK_S = 0.05

# Called with the node's name and the event.
OnStart = Callable[[str, StasisStart], None]
OnEvent = Callable[[str, Event], None]
OnOpen = Callable[[FloorRunner], None]
# Floor, node, the dialing phone's channel, agent and number; whether it has the call now.
OnDialed = Callable[[FloorRunner, str, Channel, str, str], bool]


def event_channel(event: Event) -> str | None:
    """Return the id of the channel that an event is about."""
    channel = getattr(event, "channel", None)
    if channel is not None:
        return str(channel.id)
    channel_id = getattr(event, "channel_id", None)
    return str(channel_id) if channel_id is not None else None


class LeaseTaken(Exception):
    """Another replica holds the lease of a floor that is open here."""


class Acd:
    """Every floor that this replica holds the lease of."""

    def __init__(
        self,
        settings: Settings,
        pool: Pool,
        bus: Bus,
        ari: AriClient,
        leases: Leases,
        writer: FactWriter,
        tasks: TaskSet,
    ) -> None:
        self.settings = settings
        self.accounts = Accounts(pool, ari, settings.sip_realm)
        self.runners: dict[str, FloorRunner] = {}
        self.configurations: dict[str, Configuration] = {}
        self.trunk_watch = TrunkWatch(self.accounts.trunks, ari, writer)
        self.outbound = Outbound(self.accounts.trunks, self.trunk_watch, self.configurations, self)
        self._pool = pool
        self._bus = bus
        self._ari = ari
        self._leases = leases
        self._writer = writer
        self._tasks = tasks
        self.control = self._control = CallControl(ari, settings.app, settings.abandonment_message)
        self._channels: dict[str, tuple[FloorRunner, str]] = {}  # customer channel -> interaction
        self._watchers: dict[str, list[OnEvent]] = {}  # channel -> who wants its events
        self._starts: dict[str, OnStart] = {"outbound": self._arrived}
        self._opened: list[OnOpen] = []
        self.on_dialed: OnDialed | None = None  # an agent's phone dialed by itself
        self._opening = asyncio.Lock()
        self._seen_nodes: set[str] = set()
        ari.on_connect(self._on_connect)
        ari.on_event(self._on_event)

    # -- tenants -------------------------------------------------------------------------------

    async def open_floors(self) -> None:
        """Open the floor of every tenant that has agents; waits for what is down meanwhile."""
        while True:
            try:
                for tenant in await account_store.tenants(self._pool):
                    await self.floor(tenant)
            except DependencyDown as down:
                _log.warning("Floors wait for a dependency.", extra={"reason": str(down)})
                await asyncio.sleep(_RETRY_S)
            else:
                return

    async def floor(self, tenant: str) -> FloorRunner:
        """Return a tenant's floor, opening it when this replica may.

        Raises:
            DependencyDown: PostgreSQL or NATS does not answer, or another replica holds the
                lease.
        """
        if (runner := self.runners.get(tenant)) is not None:
            return runner
        async with self._opening:
            if (runner := self.runners.get(tenant)) is not None:
                return runner
            key = f"acd.shard.{shard_of(tenant)}"
            if not self._leases.holds(key) and await self._leases.acquire(key) is None:
                raise DependencyDown(f"another replica holds {key}")
            await self.accounts.load(tenant)
            self.configurations[tenant] = await Configuration.load(self._pool, tenant)
            bucket = self._bus.kv(snapshot.BUCKET)
            entries = await bucket.items(f"*.{tenant}.>")
            runner = FloorRunner(
                tenant,
                self._control,
                self._writer,
                self._bus,
                self._tasks,
                self.configurations[tenant],
                ring_s=self.settings.sign_in_ring_s,
                username_of=lambda agent_id: self._username(tenant, agent_id),
            )
            values = {key: entry.value for key, entry in entries.items() if entry.value}
            snapshot.restore(runner, values)
            for call in runner.calls.values():
                self.watch_customer(call.channel_id, runner, call.interaction_id)
            for opened in self._opened:
                opened(runner)
            self._tasks.spawn(runner.run_timers(), name=f"timers {tenant}")
            self.runners[tenant] = runner
            _log.info(
                "A floor is open.",
                extra={
                    "tenant": tenant,
                    "agents": len(runner.floor.agents),
                    "interactions": len(runner.calls),
                },
            )
            return runner

    async def keep_leases(self) -> None:
        """Worker: take back leases that ended while NATS was away.

        Raises:
            LeaseTaken: Another replica was faster: it serves the tenant now. The process must
                end, because what it knows of that tenant is no longer true.
        """
        while True:
            await asyncio.sleep(self.settings.lease_ttl_s / 4)
            for tenant in list(self.runners):
                key = f"acd.shard.{shard_of(tenant)}"
                if self._leases.holds(key):
                    continue
                try:
                    if await self._leases.acquire(key) is None:
                        raise LeaseTaken(key)
                except DependencyDown:
                    break  # NATS is still away: calls go on, and nobody else can have it either

    def _username(self, tenant: str, agent_id: str) -> str | None:
        account = self.accounts.agents.get((tenant, agent_id))
        return account.sip_username if account is not None and account.is_enabled else None

    # -- Asterisk ------------------------------------------------------------------------------

    async def _on_connect(self, node: AriNode) -> None:
        first = node.name not in self._seen_nodes
        await self.accounts.push_all(node)
        await recovery.reconcile(
            node,
            self.settings.app,
            list(self.runners.values()),
            self.runners.get,
            first=first,
        )
        for runner in self.runners.values():
            for call in runner.calls.values():
                self.watch_customer(call.channel_id, runner, call.interaction_id)
        self._seen_nodes.add(node.name)

    def on_open(self, opened: OnOpen) -> None:
        """Be told of every floor that opens, before its first event."""
        self._opened.append(opened)

    def on_start(self, kind: str, handler: OnStart) -> None:
        """Be told of channels that enter our application with ``kind`` as first argument."""
        self._starts[kind] = handler

    def watch(self, channel_id: str, handler: OnEvent) -> None:
        """Be told of every event of one channel, until it is gone or ``unwatch``."""
        self._watchers.setdefault(channel_id, []).append(handler)

    def unwatch(self, channel_id: str, handler: OnEvent | None = None) -> None:
        """Hear no more of a channel; without ``handler`` nobody does."""
        if handler is None:
            self._watchers.pop(channel_id, None)
        elif handler in (handlers := self._watchers.get(channel_id, [])):
            handlers.remove(handler)

    def watch_customer(self, channel_id: str, runner: FloorRunner, interaction_id: str) -> None:
        """Let the end of this channel be the end of the interaction's customer."""
        if channel_id:
            self._channels[channel_id] = (runner, interaction_id)

    def unwatch_customer(self, channel_id: str) -> None:
        """The channel's end means nothing any more."""
        self._channels.pop(channel_id, None)

    def _on_event(self, node: str, event: Event) -> None:
        self._control.on_event(event)
        channel_id = event_channel(event)
        for handler in tuple(self._watchers.get(channel_id or "", ())):
            handler(node, event)
        match event:
            case StasisStart() if event.args and event.args[0] in self._starts:
                self._starts[event.args[0]](node, event)
            case ChannelHangupRequest():
                known = self._channels.get(event.channel.id)
                if known is not None and event.cause:
                    call = known[0].calls.get(known[1])
                    if call is not None:
                        call.cause_q850 = event.cause
            case StasisEnd():
                self._channel_gone(event.channel.id, 0)
            case ChannelDestroyed():
                self._channel_gone(event.channel.id, event.cause)
                self._watchers.pop(event.channel.id, None)
            case _:
                pass

    def _arrived(self, node: str, event: StasisStart) -> None:
        parsed = outbound_call(event.args, event.channel, node)
        if parsed is None:
            _log.error(
                "A hand-over cannot be read.",
                extra={"channel_id": event.channel.id, "arguments": len(event.args)},
            )
            return
        tenant, call = parsed
        runner = self.runners.get(tenant)
        if runner is None:
            self._tasks.spawn(self._late_floor(tenant, node, event), name="late floor")
            return
        self.watch_customer(call.channel_id, runner, call.interaction_id)
        runner.arrived(call)

    async def _late_floor(self, tenant: str, node: str, event: StasisStart) -> None:
        """A customer of a tenant whose floor is not open yet."""
        try:
            await self.floor(tenant)
        except DependencyDown as down:
            _log.error(
                "A customer's floor cannot be opened.",
                extra={"tenant": tenant, "reason": str(down)},
            )
            await self._control.node(node).hangup(event.channel.id)
            return
        self._arrived(node, event)

    def _channel_gone(self, channel_id: str, cause: int) -> None:
        known = self._channels.pop(channel_id, None)
        if known is not None:
            runner, interaction_id = known
            runner.customer_gone(interaction_id, cause_q850=cause)
            return
        if channel_id.endswith(".a"):
            for runner in self.runners.values():
                runner.leg_gone(channel_id)

    # -- draining ------------------------------------------------------------------------------

    async def until_no_open_offers(self) -> None:
        """Drain: let connects that are under way finish; talks go on without us."""
        while any(r.has_open_offers for r in self.runners.values()):  # noqa: ASYNC110 - bounded
            await asyncio.sleep(_DRAIN_LOOK_S)
        await self._writer.flush(2.0)
        await self._leases.release_all()
