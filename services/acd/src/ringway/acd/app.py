"""The ACD: which tenants it serves, and how events find their floor."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from typing import Any

from ringway.acd import adoption, recovery, snapshot
from ringway.acd.accounts import Accounts
from ringway.acd.adoption import Picture
from ringway.acd.arrival import outbound_call
from ringway.acd.config import Settings
from ringway.acd.configuration import Configuration
from ringway.acd.control import CallControl
from ringway.acd.outbound import Outbound
from ringway.acd.runner import FloorRunner
from ringway.acd.trunk_watch import TrunkWatch
from ringway.runtime.ari import (
    AriClient,
    AriDown,
    AriError,
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
from ringway.runtime.leases import Lease, Leases
from ringway.runtime.postgres import Pool
from ringway.runtime.tasks import TaskSet

_log = logging.getLogger("ringway.acd")
_LOOK_AGAIN_S = 0.05
_LATE_S = 6.0  # longer than a dead replica's lease lasts
_FLUSH_S = 2.0
_LEAVING_S = 0.5  # a channel that ends is there a moment longer than it is ours

# Called with the node's name and the event.
OnStart = Callable[[str, StasisStart], None]
OnEvent = Callable[[str, Event], None]
OnOpen = Callable[[FloorRunner], object]
OnReconcile = Callable[[Picture, Sequence[FloorRunner]], None]
# Floor, node, the dialing phone's channel, agent and number; whether it has the call now.
OnDialed = Callable[[FloorRunner, str, Channel, str, str], bool]


def event_channel(event: Event) -> str | None:
    """Return the id of the channel that an event is about."""
    channel = getattr(event, "channel", None)
    if channel is not None:
        return str(channel.id)
    channel_id = getattr(event, "channel_id", None)
    return str(channel_id) if channel_id is not None else None


def shard_key(tenant: str) -> str:
    """Return the lease under which a tenant is served."""
    return f"acd.shard.{shard_of(tenant)}"


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
        self.bus = self._bus = bus
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
        self._closing: dict[str, asyncio.Event] = {}  # leases that are being handed over
        self._adopting: set[str] = set()  # channels that are being moved to us
        self._ended: set[str] | None = None  # channels that ended while a floor opens
        self._late: set[str] = set()  # channels of customers whose floor is not open yet
        self._held_events: list[tuple[str, Event]] = []
        self._awaited: dict[str, asyncio.Event] = {}  # tenants whose callers are offered to us
        self._closed: list[OnOpen] = []
        self._reconcilers: list[OnReconcile] = []
        self._any: list[OnEvent] = []
        self._lease_lost = asyncio.Event()
        self._has_lost = False  # a lease of ours ended against our will
        self._is_taken = False
        ari.on_connect(self._on_connect)
        ari.on_event(self._on_event)

    # -- tenants -------------------------------------------------------------------------------

    async def floor(self, tenant: str) -> FloorRunner:
        """Return a tenant's floor, opening it when this replica may.

        Raises:
            DependencyDown: PostgreSQL or NATS does not answer, or another replica holds the
                lease.
        """
        if self._leases.is_fenced:
            raise DependencyDown("this replica has slept and does not know what is its own")
        if (runner := self.runners.get(tenant)) is not None:
            return runner
        key = shard_key(tenant)
        if key in self._closing or await self._leases.acquire(key) is None:
            raise DependencyDown(f"another replica holds {key}")
        await self.open_floors((tenant,))
        return self.runners[tenant]

    async def open_floors(self, tenants: Collection[str]) -> None:
        """Open floors whose leases this replica holds, and take over what belongs to them.

        Raises:
            DependencyDown: PostgreSQL or NATS does not answer; those that opened stay open.
        """
        async with self._opening:
            wanted = [tenant for tenant in tenants if tenant not in self.runners]
            if not wanted:
                return
            fresh = [await self._load(tenant) for tenant in wanted]
            self._ended = set()
            try:
                looks = (self._look(node, wanted) for node in self._ari.nodes.values())
                pictures = [p for p in await asyncio.gather(*looks) if p is not None]
            except BaseException:
                self._ended = None
                raise
            # No await from here on: nobody acts before all is known.
            ended, self._ended = self._ended, None
            for runner in fresh:
                self._begin(runner, [picture.without(ended) for picture in pictures])

    async def _load(self, tenant: str) -> FloorRunner:
        await self.accounts.load(tenant)
        self.configurations[tenant] = await Configuration.load(self._pool, tenant)
        entries = await self._bus.kv(snapshot.BUCKET).items(f"*.{tenant}.>")
        runner = FloorRunner(
            tenant,
            self._control,
            self._writer,
            self._bus,
            TaskSet("floor"),
            self.configurations[tenant],
            ring_s=self.settings.sign_in_ring_s,
            username_of=lambda agent_id: self._username(tenant, agent_id),
        )
        snapshot.restore(
            runner, {key: entry.value for key, entry in entries.items() if entry.value}
        )
        return runner

    async def _look(self, node: AriNode, tenants: Sequence[str]) -> Picture | None:
        """Take over and look; a node that is away is seen to when it is back."""
        if not node.connected:
            return None
        try:
            return await adoption.look(node, self.settings.app, tenants, self._adopting.add)
        except AriDown:
            return None

    def _begin(self, runner: FloorRunner, pictures: Sequence[Picture]) -> None:
        tenant = runner.tenant
        for call in runner.calls.values():
            self.watch_customer(call.channel_id, runner, call.interaction_id)
        for opened in self._opened:
            opened(runner)
        self.runners[tenant] = runner
        for picture in pictures:
            self._reconcile(picture, [runner], first=True)
        runner.spawn(runner.run_timers(), "timers")
        if pictures:
            runner.spawn(self._push_accounts(runner), "accounts")
        if (waiter := self._awaited.pop(tenant, None)) is not None:
            waiter.set()
        _log.info(
            "A floor is open.",
            extra={
                "tenant": tenant,
                "agents": len(runner.floor.agents),
                "interactions": len(runner.calls),
            },
        )

    async def _push_accounts(self, runner: FloorRunner) -> None:
        """Give the nodes the tenant's accounts: one may have come back with nobody to do it."""
        for node in self._ari.nodes.values():
            with suppress(DependencyDown):
                await self.accounts.push_tenant(node, runner.tenant)

    async def hand_over(self, key: str, to: str) -> None:
        """Close a shard's floors and let another replica go on with them."""
        done = self._closing[key] = asyncio.Event()
        try:
            async with self._opening:
                for runner in [r for r in self.runners.values() if shard_key(r.tenant) == key]:
                    await self._close(runner)
            await self._writer.flush(_FLUSH_S)
            await self._leases.hand_over(key, to)
        finally:
            del self._closing[key]
            done.set()

    async def close_floor(self, tenant: str) -> None:
        """Close a floor if it is open here: its tenant is no more."""
        async with self._opening:
            if (runner := self.runners.get(tenant)) is not None:
                await self._close(runner)

    async def _close(self, runner: FloorRunner) -> None:
        del self.runners[runner.tenant]
        await runner.close()
        for closed in self._closed:
            closed(runner)
        self._channels = {k: known for k, known in self._channels.items() if known[0] is not runner}
        self.accounts.forget(runner.tenant)
        del self.configurations[runner.tenant]
        _log.info("A floor is closed.", extra={"tenant": runner.tenant})

    async def close(self) -> None:
        """Stop every floor; leases and snapshots stay as they are."""
        for runner in list(self.runners.values()):
            await runner.close()

    async def holder(self, tenant: str) -> str | None:
        """Say who serves a tenant (see bus.Holder)."""
        if self._leases.is_fenced:
            return ""
        if tenant in self.runners:
            return None
        key = shard_key(tenant)
        if (closing := self._closing.get(key)) is not None:
            await closing.wait()
        owner = await self._leases.owner_of(key)
        if owner is not None and owner != self._leases.owner:
            return owner
        try:
            return None if await self._leases.acquire(key) is not None else ""
        except DependencyDown:
            return ""

    async def is_ours(self, tenant: str, within_s: float) -> bool:
        """Tell whether this replica serves a tenant now, or will within ``within_s`` seconds."""
        if tenant in self.runners and not self._leases.is_fenced:
            return True
        opened = self._awaited.setdefault(tenant, asyncio.Event())
        try:
            async with asyncio.timeout(within_s):
                await opened.wait()
        except TimeoutError:
            return False
        return tenant in self.runners

    async def keep_leases(self) -> None:
        """Worker: take back leases that ended while NATS was away, or this process slept.

        Raises:
            LeaseTaken: Another replica was faster: it serves the tenant now. The process must
                end, because what it knows of that tenant is no longer true.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.settings.lease_ttl_s / 4):
                    await self._lease_lost.wait()
            self._lease_lost.clear()
            if self._is_taken:
                raise LeaseTaken("a channel was moved to another replica")
            try:
                for key in {shard_key(tenant) for tenant in list(self.runners)}:
                    if self._leases.holds(key) or key in self._closing:
                        continue
                    if await self._leases.acquire(key) is None:
                        raise LeaseTaken(key)
            except DependencyDown:
                continue  # NATS is still away: calls go on, and nobody else can have it either
            self._has_lost = False
            if self._held_events and not self._leases.is_fenced:
                await self._go_on()

    def lease_lost(self, lease: Lease) -> None:
        """See to it soon that a lease is ours again."""
        self._has_lost = True
        self._lease_lost.set()

    async def _go_on(self) -> None:
        """After a sleep nobody took anything over: see what happened meanwhile."""
        _log.warning("This process has slept.", extra={"events": len(self._held_events)})
        runners = list(self.runners.values())
        for node in self._ari.nodes.values():
            picture = await self._look(node, [runner.tenant for runner in runners])
            if picture is not None:
                self._reconcile(picture, runners, first=False)
        held, self._held_events = self._held_events, []
        for name, event in held:
            self._on_event(name, event)

    def _username(self, tenant: str, agent_id: str) -> str | None:
        account = self.accounts.agents.get((tenant, agent_id))
        return account.sip_username if account is not None and account.is_enabled else None

    # -- Asterisk ------------------------------------------------------------------------------

    async def _on_connect(self, node: AriNode) -> None:
        first = node.name not in self._seen_nodes
        await self.accounts.push_all(node)
        runners = list(self.runners.values())
        tenants = [runner.tenant for runner in runners]
        expected, called = self._control.expected, self.outbound.expected
        picture = await adoption.look(node, self.settings.app, tenants, self._adopting.add)
        self._control.catch_up(picture, expected)
        self.outbound.catch_up(picture, called)
        self._reconcile(picture, runners, first=first)
        for runner in runners:
            for call in runner.calls.values():
                self.watch_customer(call.channel_id, runner, call.interaction_id)
        self._seen_nodes.add(node.name)

    def _reconcile(self, picture: Picture, runners: Sequence[FloorRunner], *, first: bool) -> None:
        self._control.know_music(picture)
        recovery.reconcile(picture, runners, first=first)
        for reconcile in self._reconcilers:
            reconcile(picture, runners)

    def on_reconcile(self, reconcile: OnReconcile) -> None:
        """Be told what there is on a node, for floors that are to be brought in line with it."""
        self._reconcilers.append(reconcile)

    def on_close(self, closed: OnOpen) -> None:
        """Be told of every floor that this replica serves no more; others do."""
        self._closed.append(closed)

    def on_any(self, handler: OnEvent) -> None:
        """Be told of every event, but those of before this process slept."""
        self._any.append(handler)

    def spawn(self, coro: Coroutine[Any, Any, None], name: str) -> None:
        """Run something that belongs to no floor; its failure is logged."""
        self._tasks.spawn(coro, name=name)

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
            if not handlers:
                del self._watchers[channel_id]

    @property
    def watched(self) -> int:
        """How many channels somebody wants to hear of."""
        return len(self._watchers.keys() | self._channels.keys())

    def watch_customer(self, channel_id: str, runner: FloorRunner, interaction_id: str) -> None:
        """Let the end of this channel be the end of the interaction's customer."""
        if channel_id:
            self._channels[channel_id] = (runner, interaction_id)

    def unwatch_customer(self, channel_id: str) -> None:
        """The channel's end means nothing any more."""
        self._channels.pop(channel_id, None)

    def _on_event(self, node: str, event: Event) -> None:
        if self._leases.is_fenced:
            self._held_events.append((node, event))
            return
        channel_id = event_channel(event)
        if self._is_of_move(event, channel_id or ""):
            return
        self._control.on_event(event)
        for handle in self._any:
            handle(node, event)
        for handler in tuple(self._watchers.get(channel_id or "", ())):
            handler(node, event)
        match event:
            case StasisStart() if event.args and event.args[0] in self._starts:
                self._starts[event.args[0]](node, event)
            case ChannelHangupRequest():
                if (known := self._channels.get(event.channel.id)) is not None and event.cause:
                    call = known[0].calls.get(known[1])
                    if call is not None:
                        call.cause_q850 = event.cause
            case StasisEnd() if self._has_lost:
                self._tasks.spawn(self._left(node, event.channel.id), name="left")
            case StasisEnd():
                self._channel_gone(event.channel.id, 0)
            case ChannelDestroyed():
                self._channel_gone(event.channel.id, event.cause)
                self._watchers.pop(event.channel.id, None)

    def _is_of_move(self, event: Event, channel_id: str) -> bool:
        """See to the events of channels that are just moved to us. True: there is no more to it."""
        match event:
            case StasisStart() if event.args and event.args[0] == adoption.ADOPTED:
                self._adopting.discard(channel_id)
                return True
            case StasisStart():
                self._adopting.discard(channel_id)
            case StasisEnd() if channel_id in self._adopting:
                return True  # it leaves the application it was in, perhaps our own
            case StasisEnd() | ChannelDestroyed():
                self._adopting.discard(channel_id)
                self._late.discard(channel_id)
                if self._ended is not None:
                    self._ended.add(channel_id)
        return False

    def _arrived(self, node: str, event: StasisStart) -> None:
        parsed = outbound_call(event.args, event.channel, node)
        if parsed is None:
            _log.error(
                "A hand-over cannot be read.",
                extra={"channel_id": event.channel.id, "arguments": len(event.args)},
            )
            return
        tenant, call = parsed
        if (runner := self.runners.get(tenant)) is None:
            self._late.add(event.channel.id)
            self._tasks.spawn(self._late_floor(tenant, node, event), name="late floor")
            return
        self.watch_customer(call.channel_id, runner, call.interaction_id)
        runner.arrived(call)

    async def _late_floor(self, tenant: str, node: str, event: StasisStart) -> None:
        """A customer of a tenant whose floor is not open here: open it, or pass him on."""
        until, channel_id = asyncio.get_running_loop().time() + _LATE_S, event.channel.id
        while channel_id in self._late and asyncio.get_running_loop().time() < until:
            holder = await self.holder(tenant)
            try:
                if holder is None:
                    await self.floor(tenant)
                    if channel_id in self._late:
                        self._late.discard(channel_id)
                        self._arrived(node, event)
                    return
                if holder:
                    await self._control.node(node).move(event.channel.id, holder, event.args)
                    return  # when it fails to arrive there, its new holder finds it
            except (DependencyDown, AriError) as error:
                _log.info("A customer waits for his floor.", extra={"reason": str(error)})
            await asyncio.sleep(_LOOK_AGAIN_S)
        if channel_id not in self._late:
            return  # he has hung up
        self._late.discard(channel_id)
        _log.error("A customer's floor cannot be opened.", extra={"tenant": tenant})
        with suppress(AriDown, AriError):
            await self._control.node(node).hangup(event.channel.id)

    async def _left(self, node: str, channel_id: str) -> None:
        """A channel left us while we do not hold every lease: it ended, or was taken from us."""
        await asyncio.sleep(_LEAVING_S)
        with suppress(AriDown, AriError):
            if await self._control.is_there(node, channel_id):
                self._is_taken = True
                self._lease_lost.set()
                return
        self._channel_gone(channel_id, 0)

    def _channel_gone(self, channel_id: str, cause: int) -> None:
        known = self._channels.pop(channel_id, None)
        if known is not None:
            runner, interaction_id = known
            runner.customer_gone(interaction_id, cause_q850=cause)
            return
        if channel_id.endswith(".a"):
            for runner in self.runners.values():
                runner.leg_gone(channel_id)
