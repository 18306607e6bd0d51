"""Keeps one node's event connection alive for ever.

One connection goes through: ping → event socket → event filter → reconcile hooks, while the
events that arrive meanwhile are kept → kept events → live events → lost. The reader only
dispatches to a synchronous callback; it never waits for a handler, because a handler that
waits for a later event would stop the very events it waits for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Sequence

import aiohttp
import orjson
from prometheus_client import Counter

from ringway.runtime.ari import metrics
from ringway.runtime.ari.errors import AppReplaced, AriDown, AriError
from ringway.runtime.ari.events import (
    DISALLOWED_TYPES,
    KNOWN_TYPES,
    ApplicationReplaced,
    ChannelDestroyed,
    ChannelHangupRequest,
    Event,
    StasisEnd,
    Unknown,
    parse,
)
from ringway.runtime.ari.http import EventSocket, HttpPool
from ringway.runtime.ari.node import AriNode
from ringway.runtime.tasks import TaskSet

_log = logging.getLogger("ringway.ari")

ConnectHook = Callable[[AriNode], Awaitable[None]]
LostHook = Callable[[AriNode], None]
EventHook = Callable[[str, Event], None]

# A node that says nothing is pinged every tick from QUIET_S on, and lost after SILENT_S.
TICK_S = 0.5
QUIET_S = 1.0
SILENT_S = 3.0
CONNECT_TIMEOUT_S = 3.0
RECONCILE_TIMEOUT_S = 60.0
FIRST_DELAY_S = 0.2
MAX_DELAY_S = 2.0
# How long after a handshake that we gave up Asterisk may still carry it out.
GHOST_S = 60.0
# Some minutes of one busy node's events; more than that means the hooks do not get on.
MAX_KEPT_EVENTS = 100_000

_ENDS = (ChannelDestroyed, ChannelHangupRequest, StasisEnd)


class _Lost(Exception):
    """Why a connection ended, in words."""


class Connection:
    """The event connection of one node, in one application's name."""

    def __init__(
        self,
        node: AriNode,
        app: str,
        *,
        hooks: Sequence[ConnectHook],
        lost_hooks: Sequence[LostHook],
        event_hooks: Sequence[EventHook],
        unwanted: Collection[str] = (),
    ) -> None:
        self._node = node
        self._app = app
        self._hooks = hooks
        self._lost_hooks = lost_hooks
        self._event_hooks = event_hooks
        self._unwanted = frozenset((*DISALLOWED_TYPES, *unwanted))
        # Events that arrived while the hooks run; None when events are dispatched at once.
        self._kept: list[Event] | None = None
        self._tasks = TaskSet("ari")
        self._heard_at = 0.0
        self._flowed = False
        self._fault: BaseException | None = None
        self._gave_up_at: float | None = None
        self._lost_at: float | None = None
        self._counters: dict[str, Counter] = {}
        self._facts = {"node": node.name, "app": app}

    async def run(self) -> None:
        """Connect, and connect again after every loss.

        Raises:
            AppReplaced: Another client uses our application name; carrying on would mean
                two processes that both believe to control the same calls.
        """
        attempt = 0
        while True:
            self._flowed = False
            self._fault = None
            pool = HttpPool(self._node.settings)
            try:
                await self._one_connection(pool)
            finally:
                self._node._detach()
                await pool.close()
            attempt = 1 if self._flowed else attempt + 1
            self._note_loss()
            # Jitter keeps the replicas of a service from knocking in step.
            longest_s = min(MAX_DELAY_S, FIRST_DELAY_S * 2.0**attempt)
            await asyncio.sleep(random.uniform(FIRST_DELAY_S, longest_s))

    async def _one_connection(self, pool: HttpPool) -> None:
        """Connect, reconcile and read to the end, which leaves its reason in ``_fault``."""
        try:
            socket = await self._knock(pool)
        except (AriDown, AriError, aiohttp.ClientError, OSError, TimeoutError) as error:
            self._fault = error
            return
        self._kept = []
        self._heard_at = asyncio.get_running_loop().time()
        self._node._attach(pool)
        try:
            async with asyncio.TaskGroup() as group:
                beside = [
                    group.create_task(each, name=f"ari-{self._node.name}")
                    for each in (self._reconcile(pool), self._watch(socket, pool))
                ]
                replaced = await self._read(socket)
                self._node._detach()
                for task in beside:
                    task.cancel()
        finally:
            self._node._detach()
            await self._tasks.cancel()
            with contextlib.suppress(Exception):
                await socket.close()
        self._tell_lost()
        if replaced:
            if not self._may_be_own_ghost():
                raise AppReplaced(self._node.name, self._app)
            self._gave_up_at = None
            self._fault = _Lost("replaced by our own earlier handshake")
        self._fault = self._fault or socket.exception() or _Lost("closed by Asterisk")

    async def _drop(self, pool: HttpPool, fault: Exception) -> None:
        """End the connection from our side: refuse commands, fail those in flight."""
        self._fault = fault
        self._node._detach()
        await pool.close()

    async def _knock(self, pool: HttpPool) -> EventSocket:
        """Open the event socket, but only of a node that answers.

        A frozen Asterisk accepts connections in its backlog and serves them all when it
        thaws: an abandoned handshake then registers our name after the living one. So the
        node must answer a ping first, and a handshake given up nevertheless is remembered.
        """
        await pool.request("ping", "GET", "asterisk/ping", timeout_s=CONNECT_TIMEOUT_S)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                return await pool.events(self._app)
        except (TimeoutError, OSError, aiohttp.ClientError):
            self._gave_up_at = asyncio.get_running_loop().time()
            raise

    def _may_be_own_ghost(self) -> bool:
        """Whether a handshake that we gave up lately may have taken our own name over."""
        now = asyncio.get_running_loop().time()
        return self._gave_up_at is not None and now - self._gave_up_at < GHOST_S

    async def _watch(self, socket: EventSocket, pool: HttpPool) -> None:
        """Ping a quiet node; drop one that stays silent.

        A pong counts only when this process has run to read it. After our own standstill (a
        blocked loop, a paused machine) the node gets its time anew.
        """
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await asyncio.sleep(TICK_S)
            now = loop.time()
            if now - began > 2 * TICK_S:
                self._heard_at = now
            if now - self._heard_at > SILENT_S:
                await self._drop(pool, _Lost(f"silent for {SILENT_S} s"))
                return
            if now - self._heard_at >= QUIET_S:
                with contextlib.suppress(ConnectionError):
                    await socket.ping()

    async def _reconcile(self, pool: HttpPool) -> None:
        """Filter events, run the connect hooks, then let the kept and the live events flow."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(RECONCILE_TIMEOUT_S):
                await self._node.disallow_events(self._app, sorted(self._unwanted))
                await self._node.settle()
                for hook in self._hooks:
                    await hook(self._node)
        except Exception as error:
            if not isinstance(error, AriDown):
                _log.exception("reconcile failed", extra=self._facts)
            await self._drop(pool, error)
            return
        if not self._node.attached:
            return  # lost meanwhile, and the hooks did not mind
        metrics.RECONCILE_SECONDS.observe(loop.time() - began)
        kept, self._kept = self._kept or [], None
        self._note_return(reconcile_s=loop.time() - began, kept_events=len(kept))
        self._flowed = True
        self._node._flowing()
        # No await from here to the end: the reader cannot overtake the kept events.
        for event in kept:
            self._dispatch(event)

    async def _read(self, socket: EventSocket) -> bool:
        """Dispatch events until the socket ends. Returns whether our name was taken over."""
        loop = asyncio.get_running_loop()
        in_one_go = 0
        async for message in socket:
            self._heard_at = loop.time()
            if message.type is not aiohttp.WSMsgType.TEXT:
                if message.type is aiohttp.WSMsgType.PING:
                    with contextlib.suppress(ConnectionError):
                        await socket.pong(message.data)
                continue
            event = self._understand(message.data)
            if event is None:
                continue
            if isinstance(event, ApplicationReplaced):
                return True
            if self._kept is None:
                self._dispatch(event)
            else:
                self._kept.append(event)
                if len(self._kept) > MAX_KEPT_EVENTS:
                    self._fault = _Lost("too many events while reconciling")
                    return False
            # A full buffer is read without ever suspending; others want to run, too.
            in_one_go += 1
            if in_one_go % 50 == 0:
                await asyncio.sleep(0)
        return False

    def _understand(self, data: bytes) -> Event | None:
        """Parse one message; ``None`` for what nobody wants."""
        try:
            raw = orjson.loads(data)
            if raw.get("type") in self._unwanted:
                return None  # sent before the filter was set
            event = parse(raw)
        except (ValueError, AttributeError):
            metrics.EVENT_FAULTS.labels(self._node.name, "unreadable").inc()
            _log.exception("unreadable event", extra=self._facts)
            return None
        if isinstance(event, Unknown):
            name = "unknown"
            if event.type in KNOWN_TYPES:
                metrics.EVENT_FAULTS.labels(self._node.name, "malformed").inc()
                _log.error("event lacks a field", extra=self._facts | {"event_type": event.type})
        else:
            name = type(event).__name__
        counter = self._counters.get(name)
        if counter is None:
            counter = self._counters[name] = metrics.EVENTS.labels(self._node.name, name)
        counter.inc()
        return event

    def _dispatch(self, event: Event) -> None:
        """Hand an event over; one hook's bug must not stop the events of all other calls."""
        if not isinstance(event, _ENDS) and self._node._came_late(event.channel_id):
            self._tasks.spawn(self._end(event.channel_id or ""), name=f"ari-{self._node.name}")
        for hook in self._event_hooks:
            try:
                hook(self._node.name, event)
            except Exception:
                metrics.EVENT_FAULTS.labels(self._node.name, "handler").inc()
                _log.exception(
                    "event dispatcher failed",
                    extra=self._facts
                    | {"event_type": type(event).__name__, "channel_id": event.channel_id},
                )

    async def _end(self, channel: str) -> None:
        """Hang up a channel that was made after its hang-up had been asked for."""
        with contextlib.suppress(AriDown, AriError):
            if await self._node.hangup(channel):
                _log.info("late channel ended", extra=self._facts | {"channel_id": channel})

    def _tell_lost(self) -> None:
        for hook in self._lost_hooks:
            try:
                hook(self._node)
            except Exception:
                _log.exception("lost hook failed", extra=self._facts)

    def _note_loss(self) -> None:
        if self._lost_at is None:
            self._lost_at = asyncio.get_running_loop().time()
            _log.warning("asterisk node lost", extra=self._facts | {"reason": repr(self._fault)})

    def _note_return(self, *, reconcile_s: float, kept_events: int) -> None:
        metrics.CONNECTS.labels(self._node.name).inc()
        facts: dict[str, object] = {
            "reconcile_s": round(reconcile_s, 3),
            "kept_events": kept_events,
        }
        if self._lost_at is not None:
            facts["lost_for_s"] = round(asyncio.get_running_loop().time() - self._lost_at, 3)
        self._lost_at = None
        _log.info("asterisk node connected", extra=self._facts | facts)
