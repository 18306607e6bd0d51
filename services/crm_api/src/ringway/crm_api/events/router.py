"""/events: a WebSocket that tells what happens, resumable from the last seen event id.

A person opens it with his access token, a program with an API key that has the scope
``events.read`` and those that show it the same on a page; either in ``Authorization: Bearer`` or,
as browsers cannot set headers, in ``?access_token=``.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, suppress
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any, cast

import orjson
from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect
from prometheus_client import Counter, Gauge
from starlette.websockets import WebSocketState

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.auth.keys import is_key
from ringway.crm_api.deps import Deps, DepsOf, client_ip
from ringway.crm_api.errors import ApiError
from ringway.crm_api.events.audience import is_for
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
        feed = await _Feed.open(socket, deps, access_token or _bearer(socket))
    except ApiError as error:
        await _close(socket, Close.NOT_SIGNED_IN, error.code)
        return
    except DependencyDown:
        await _close(socket, Close.TRY_AGAIN, "database_unavailable")
        return
    if not feed.caller.may(Permission.EVENTS_READ):
        await _close(socket, Close.FORBIDDEN, "permission_missing")
        return
    with _open.track_inprogress():
        await feed.run(last_event_id)


def _bearer(socket: WebSocket) -> str:
    kind, _, token = socket.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


class _Ended(Exception):
    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Feed:
    """One client's stream. Its tasks end together.

    Args:
        expires_at: When its token does; None for an API key, which is asked about every time.
    """

    def __init__(
        self,
        socket: WebSocket,
        deps: Deps,
        token: str,
        caller: Caller,
        expires_at: datetime | None,
    ) -> None:
        self._socket = socket
        self._deps = deps
        self._token = token
        self.caller = caller
        self._expires_at = expires_at
        self._view = View(caller)
        self._names = FactNames()

    @classmethod
    async def open(cls, socket: WebSocket, deps: Deps, token: str) -> _Feed:
        """Return the stream of whoever has this token. Raises as the guard and the keys do."""
        now, address = deps.now(), client_ip(socket)
        if is_key(token):
            caller = await deps.rights.of(await deps.keys.caller(token, now, address), now)
            return cls(socket, deps, token, caller, None)
        caller, expires_at = deps.tokens.read(token, now, address)
        await deps.guard.check(caller, now)
        return cls(socket, deps, token, await deps.rights.of(caller, now), expires_at)

    async def run(self, last_event_id: int | None) -> None:
        tenant = self.caller.tenant
        after = last_event_id if last_event_id is not None else await self._now()
        subscription = self._deps.hub.open(tenant, self._view.sees_presence)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send_facts(last_event_id, after), name="facts")
                group.create_task(self._send_presence(subscription), name="presence")
                group.create_task(self._watch(), name="watch")
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
        tenant = self.caller.tenant
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
                if self._view.is_off(name, data):
                    continue
                if self._view.sees_fact(name, data) or await self._is_for_caller(data):
                    await self._send(fact_message(sequence, name, tenant, data))

    async def _is_for_caller(self, data: dict[str, Any]) -> bool:
        with suppress(DependencyDown):
            return await is_for(self._deps, self.caller, data)
        return False  # a page that is read anew shows it all the same

    async def _send_presence(self, subscription: Subscription) -> None:
        while True:
            for presence in await subscription.take():
                await self._send(presence_message(presence))

    async def _watch(self) -> None:
        """End the stream when the token expires or its user loses access."""
        while True:
            wait_s = _WATCH_EVERY_S
            if self._expires_at is not None:
                left_s = (self._expires_at - self._deps.now()).total_seconds()
                if left_s <= 0:
                    raise _Ended(Close.NOT_SIGNED_IN, "token_expired")
                wait_s = min(left_s, wait_s)
            await asyncio.sleep(wait_s)
            try:
                now = await self._known_now()
            except ApiError as error:
                raise _Ended(Close.NOT_SIGNED_IN, error.code) from error
            except DependencyDown:
                continue
            known = (self.caller.granted(), self.caller.features_off)
            if (now.granted(), now.features_off) != known:
                # What he is told depends on them: let him come again.
                raise _Ended(Close.NOT_SIGNED_IN, "permissions_changed")

    async def _known_now(self) -> Caller:
        deps, now = self._deps, self._deps.now()
        if self._expires_at is None:
            caller = await deps.keys.caller(self._token, now, self.caller.client_ip)
            return await deps.rights.of(caller, now)
        await deps.guard.check(self.caller, now)
        return await deps.rights.of(self.caller, now)

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
