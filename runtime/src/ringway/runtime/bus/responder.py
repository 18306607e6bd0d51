"""Answering requests as a NATS micro service, so they can be discovered (``nats micro ls``)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, TypeVar

import nats.micro
import orjson
from nats.micro.request import Request as MicroRequest
from nats.micro.service import EndpointConfig, ServiceConfig
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Histogram
from pydantic import ValidationError

from ringway.proto.base import Reply, Request
from ringway.runtime import telemetry
from ringway.runtime.bus.codec import tenant_of
from ringway.runtime.bus.connection import Epoch
from ringway.runtime.bus.forwarding import Forwarding
from ringway.runtime.errors import BusDown, DependencyDown, Refused
from ringway.runtime.tasks import TaskSet

_log = logging.getLogger("ringway.bus")
_tracer = telemetry.tracer("ringway.bus")
_answered = Counter("ringway_bus_requests_answered", "Requests answered.", ["verb", "outcome"])
_seconds = Histogram("ringway_bus_request_seconds", "Time to an answer.", ["verb"])

CODE_HEADER = "Nats-Service-Error-Code"
TEXT_HEADER = "Nats-Service-Error"
VERSION = "1.0.0"

Q = TypeVar("Q", bound=Request)
Owns = Callable[[str], bool | Awaitable[bool]]
Settle = Callable[[str], Awaitable[None]]
"""Waits until what a tenant's requests changed would survive this process."""


class Responder:
    """Answers one type of request. Each runs in its own task, so a slow one delays no other."""

    def __init__(
        self,
        kind: type[Q],
        handler: Callable[[Q], Awaitable[Reply]],
        owns: Owns | None,
        tasks: TaskSet,
        instance: str,
        forwarding: Forwarding | None = None,
        settle: Settle | None = None,
    ) -> None:
        self._kind: type[Request] = kind
        self._handler: Callable[[Any], Awaitable[Reply]] = handler
        self._owns = owns
        self._tasks = tasks
        self._instance = instance
        self._service, _, rest = kind.SUBJECT.partition(".")
        self._verb = rest.rpartition(".")[2]
        self._forwarding = forwarding
        self._settle = settle
        if forwarding is not None:
            forwarding.add(self._verb, self)

    async def attach(self, epoch: Epoch) -> None:
        """Add the endpoint to this epoch's micro service."""
        service = epoch.services.get(self._service)
        if service is None:
            service = await nats.micro.add_service(
                epoch.client, ServiceConfig(name=self._service, version=VERSION)
            )
            epoch.services[self._service] = service
        await service.add_endpoint(
            EndpointConfig(
                name=self._verb,
                subject=self._kind.subject_filter(),
                # Replicas share a queue group, except where only the owner of the tenant may
                # answer: then every replica sees the request.
                queue_group="q" if self._owns is None else f"q-{self._instance}",
                handler=self.spawn,
            )
        )

    async def spawn(self, request: MicroRequest) -> None:
        """Begin to answer a request."""
        self._tasks.spawn(self._answer(request), name=f"request {self._verb}")

    async def _answer(self, request: MicroRequest) -> None:
        if self._owns is not None:
            owns = self._owns(tenant_of(self._kind.SUBJECT, request.subject))
            if not (await owns if isawaitable(owns) else owns):
                return
        if self._forwarding is not None and await self._forwarding.passed_on(
            tenant_of(self._kind.SUBJECT, request.subject), request
        ):
            return
        headers: dict[str, str] | None = None
        with _seconds.labels(self._verb).time():
            try:
                reply = await self._handle(request)
                if self._settle is not None:
                    await self._settle(tenant_of(self._kind.SUBJECT, request.subject))
            except Refused as refused:
                outcome = refused.code
                headers = {CODE_HEADER: refused.code, TEXT_HEADER: refused.code}
                payload = orjson.dumps({"code": refused.code, "detail": refused.detail})
            else:
                outcome = "done"
                payload = reply.model_dump_json().encode()
        _answered.labels(self._verb, outcome).inc()
        try:
            await request.respond(payload, headers=headers)
        except Exception as error:  # the asker is gone with the connection, and will ask again
            _log.info("An answer could not be sent.", extra={"reason": repr(error)})

    async def _handle(self, request: MicroRequest) -> Reply:
        try:
            question = self._kind.model_validate_json(request.data)
        except ValidationError as error:
            raise Refused("invalid", _briefly(error)) from None
        if question.subject != request.subject:
            raise Refused("invalid", "the payload names another subject")
        span = _tracer.start_as_current_span(
            f"{self._service} {self._verb}",
            context=telemetry.extract(request.headers),
            kind=SpanKind.SERVER,
            attributes={"tenant": question.tenant, "message_id": question.message_id},
        )
        facts = {"verb": self._verb, "tenant": question.tenant, "message_id": question.message_id}
        with span:
            try:
                return await self._handler(question)
            except Refused:
                raise
            except (DependencyDown, BusDown) as error:
                _log.warning(
                    "A request met a part that is down.", extra={**facts, "reason": repr(error)}
                )
                raise Refused("unavailable", type(error).__name__) from error
            except Exception as error:
                _log.exception("A request failed.", extra=facts)
                raise Refused("internal") from error


def _briefly(error: ValidationError) -> str:
    """Name the wrong fields without their values: they may be personal."""
    details = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, d['loc']))}: {d['msg']}" for d in details[:5])
