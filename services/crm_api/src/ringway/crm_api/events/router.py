"""/events: a WebSocket that tells what happens, resumable from the last seen event id."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, suppress
from datetime import datetime
from enum import IntEnum
from typing import Annotated, cast

import orjson
from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect
from prometheus_client import Counter, Gauge
from starlette.websockets import WebSocketState

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Deps, DepsOf, client_ip
from ringway.crm_api.errors import ApiError
from ringway.crm_api.events.hub import Subscription
from ringway.crm_api.events.stream import (
    FactNames,
    View,
    fact_message,
    gap_message,
    presence_message,
)
from ringway.runtime.errors import DependencyDown

_log = logging.getLogger("ringway.crm_api.events")
_open = Gauge("ringway_event_sockets", "Open event WebSockets.")
_closed = Counter("ringway_event_sockets_closed", "Event WebSockets closed by us.", ["reason"])

router = APIRouter(tags=["events"])

_WATCH_EVERY_S = 1.0  # so long a stream outlives the session it was opened with


class Close(IntEnum):
    """Why we close a socket. The 44xx are as the HTTP status with these last digits."""

    GOING_AWAY = 1001
    TRY_AGAIN = 1013
    NOT_SIGNED_IN = 4401  # also when the token expires: refresh it and resume
    FORBIDDEN = 4403
    TOO_SLOW = 4408


@router.websocket("/events")
async def stream_events(
    socket: WebSocket,
    deps: DepsOf,
    access_token: Annotated[str, Query(max_length=4000)] = "",
    last_event_id: Annotated[int | None, Query(ge=0)] = None,
) -> None:
    """Send facts (with an id) and live figures (without) until either side ends."""
    await socket.accept()
    try:
        caller, expires_at = deps.tokens.read(access_token, deps.now(), client_ip(socket))
        await deps.guard.check(caller, deps.now())
        caller = await deps.rights.of(caller, deps.now())
    except ApiError as error:
        await _close(socket, Close.NOT_SIGNED_IN, error.code)
        return
    except DependencyDown:
        await _close(socket, Close.TRY_AGAIN, "database_unavailable")
        return
    if not caller.may(Permission.EVENTS_READ):
        await _close(socket, Close.FORBIDDEN, "permission_missing")
        return
    with _open.track_inprogress():
        await _Feed(socket, deps, caller).run(last_event_id, expires_at)


class _Ended(Exception):
    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Feed:
    """One browser's stream. Its tasks end together."""

    def __init__(self, socket: WebSocket, deps: Deps, caller: Caller) -> None:
        self._socket = socket
        self._deps = deps
        self._caller = caller
        self._view = View(caller)
        self._names = FactNames()

    async def run(self, last_event_id: int | None, expires_at: datetime) -> None:
        tenant = self._caller.tenant
        after = last_event_id if last_event_id is not None else await self._now()
        subscription = self._deps.hub.open(tenant, self._view.sees_presence)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send_facts(last_event_id, after), name="facts")
                group.create_task(self._send_presence(subscription), name="presence")
                group.create_task(self._watch(expires_at), name="watch")
                group.create_task(self._read(), name="read")
        except* _Ended as ended:
            first = cast(_Ended, ended.exceptions[0])
            await _close(self._socket, first.code, first.reason)
        except* WebSocketDisconnect:
            pass
        finally:
            self._deps.hub.close(tenant, subscription)

    async def _now(self) -> int | None:
        """Return the newest fact: what comes after it is told, however long subscribing takes."""
        with suppress(DependencyDown):
            return (await self._deps.bus.facts_range()).last
        return None

    async def _send_facts(self, last_event_id: int | None, after: int | None) -> None:
        """Send facts after ``after``; who asked for older ones is told when they are gone."""
        tenant = self._caller.tenant
        if last_event_id is not None:
            with suppress(DependencyDown):
                kept = await self._deps.bus.facts_range()
                if last_event_id + 1 < kept.first:
                    await self._send(gap_message(tenant, kept.first))
        facts = self._deps.bus.facts_from(tenant, after)
        async with aclosing(facts):  # type: ignore[type-var]
            async for sequence, subject, payload in facts:
                name = self._names.name_of(subject)
                if name is None:
                    continue
                data = orjson.loads(payload)
                if self._view.sees_fact(data):
                    await self._send(fact_message(sequence, name, tenant, data))

    async def _send_presence(self, subscription: Subscription) -> None:
        while True:
            for presence in await subscription.take():
                await self._send(presence_message(presence))

    async def _watch(self, expires_at: datetime) -> None:
        """End the stream when the token expires or its user loses access."""
        while True:
            left_s = (expires_at - self._deps.now()).total_seconds()
            if left_s <= 0:
                raise _Ended(Close.NOT_SIGNED_IN, "token_expired")
            await asyncio.sleep(min(left_s, _WATCH_EVERY_S))
            try:
                await self._deps.guard.check(self._caller, self._deps.now())
                now = await self._deps.rights.of(self._caller, self._deps.now())
            except ApiError as error:
                raise _Ended(Close.NOT_SIGNED_IN, error.code) from error
            except DependencyDown:
                continue
            if now.permissions != self._caller.permissions:
                # What he is told depends on them: let him come again.
                raise _Ended(Close.NOT_SIGNED_IN, "permissions_changed")

    async def _read(self) -> None:
        """Notice when the browser goes away; what it says is not read."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._deps.settings.event_send_timeout_s):
                await self._socket.send_text(text)
        except TimeoutError:
            raise _Ended(Close.TOO_SLOW, "too_slow") from None
        except RuntimeError as error:  # the socket was closed meanwhile
            raise WebSocketDisconnect(1006) from error


async def _close(socket: WebSocket, code: Close, reason: str) -> None:
    _closed.labels(reason).inc()
    if socket.application_state is WebSocketState.CONNECTED:
        with suppress(RuntimeError, TimeoutError):
            async with asyncio.timeout(2):
                await socket.close(code, reason)
