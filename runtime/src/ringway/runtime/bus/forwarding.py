"""Requests that reach another process than the one that serves their tenant.

Replicas of a service share one queue group, so a request reaches any of them. One that does not
serve the tenant passes the message on as it is to who does; the answer goes straight to who asked.
Each hand-on is acknowledged, so that a request for a process that has just died is kept and
tried again until somebody else serves the tenant, or the asker has given up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

import nats.errors
from nats.aio.msg import Msg
from nats.micro.request import Request as MicroRequest
from prometheus_client import Counter

from ringway.runtime.bus.connection import Connection, Epoch, NoResponders
from ringway.runtime.errors import BusDown

_log = logging.getLogger("ringway.bus")
_forwarded = Counter("ringway_bus_requests_forwarded", "Requests passed on.", ["outcome"])

_SUBJECT = "Ringway-Subject"
_REPLY = "Ringway-Reply"
_HOPS = "Ringway-Hops"
_HOPS_AT_MOST = 3  # a tenant that moves on meanwhile; more would be a circle
_ACK_LIMIT_S = 0.4
_AGAIN_S = 0.1
PATIENCE_S = 4.5  # those who ask wait five seconds

Holder = Callable[[str], Awaitable[str | None]]
"""Who serves a tenant: a process's name, ``None`` for this one, ``""`` while nobody knows."""


class Answers(Protocol):
    """Who answers one type of request (Responder)."""

    async def spawn(self, request: MicroRequest) -> None:
        """Begin to answer a request."""


def subject_of(service: str, name: str) -> str:
    """Return the private subject of one process."""
    return f"{service}.v1.replica.{name}.forwarded"


class Forwarding:
    """Passes requests on, and takes those that others pass on to us.

    Args:
        service: First token of the requests' subjects, such as ``acd``.
        name: Of this process, as ``holder`` of the others calls it.
    """

    def __init__(self, connection: Connection, service: str, name: str, holder: Holder) -> None:
        self._connection = connection
        self._service = service
        self._name = name
        self._holder = holder
        self._answers: dict[str, Answers] = {}

    def add(self, verb: str, answers: Answers) -> None:
        """Know who answers a verb."""
        self._answers[verb] = answers

    async def attach(self, epoch: Epoch) -> None:
        """Listen for what others pass on."""
        await epoch.client.subscribe(self.subject, cb=self._received)

    @property
    def subject(self) -> str:
        """Where others pass requests on to us."""
        return subject_of(self._service, self._name)

    async def passed_on(self, tenant: str, request: MicroRequest) -> bool:
        """Pass a request on unless this process serves the tenant."""
        hops = int((request.headers or {}).get(_HOPS, "0"))
        now = asyncio.get_running_loop().time
        until = now() + PATIENCE_S
        while hops < _HOPS_AT_MOST and now() < until:
            to = await self._holder(tenant)
            if to is None:
                return False
            if to and await self._send(to, request, hops):
                _forwarded.labels("done").inc()
                return True
            await asyncio.sleep(_AGAIN_S)
        _forwarded.labels("given_up").inc()
        return False  # what follows tells the asker that the tenant is not served now

    async def _send(self, to: str, request: MicroRequest, hops: int) -> bool:
        headers = {
            **(request.headers or {}),
            _SUBJECT: request.subject,
            _REPLY: request._msg.reply,
            _HOPS: str(hops + 1),
        }
        try:
            epoch = await self._connection.wait_up(_ACK_LIMIT_S)
            await epoch.request(
                subject_of(self._service, to),
                request.data,
                headers=headers,
                timeout_s=_ACK_LIMIT_S,
            )
        except (NoResponders, TimeoutError, BusDown):
            return False
        return True

    async def _received(self, message: Msg) -> None:
        headers = dict(message.headers or {})
        subject, reply = headers.pop(_SUBJECT, ""), headers.pop(_REPLY, "")
        answers = self._answers.get(subject.rpartition(".")[2])
        if answers is None or not subject.startswith(f"{self._service}."):
            _log.error("A request was passed on that nobody answers.", extra={"subject": subject})
            return
        try:
            await message.respond(b"")
        except nats.errors.Error:
            return  # it was not acknowledged, so it comes again
        original = Msg(
            _client=message._client,
            subject=subject,
            reply=reply,
            data=message.data,
            headers=headers,
        )
        await answers.spawn(MicroRequest(original))
