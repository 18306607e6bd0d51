"""Around every HTTP request: size limits, security headers, a trace, figures."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.trace import Status, StatusCode
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ringway.crm_api.errors import TooLarge, internal_problem, problem, translate
from ringway.runtime import telemetry

_log = logging.getLogger("ringway.crm_api.http")

_requests = Counter(
    "ringway_http_requests", "HTTP requests by route and status.", ["method", "route", "status"]
)
_duration = Histogram(
    "ringway_http_request_duration_seconds",
    "Time from the request's head to the response's end.",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60),
)

# An API answers data only: nothing of it may run, be framed, or be kept by a shared cache.
# As they go over the wire, where a route says nothing else.
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_BULK = re.compile(
    r"^/api/v1/(lists/[^/]+/leads|objects/[^/]+/records/bulk|objects/[^/]+/records/[^/]+/files"
    r"|work-orders/[^/]+/attachments)$"
)
_UPLOAD = re.compile(
    r"^/api/v1/(lists/[^/]+/imports|customers/imports|dnc-lists/[^/]+/file|knowledge/articles/[^/]+/attachments)$"
)


class Edge:
    """The outermost layer of the application.

    Args:
        body_max_bytes: Limit of a request's body.
        bulk_max_bytes: The same for many leads in one request.
        upload_max_bytes: The same for uploads of number lists.
        clock: Monotonic seconds.
        rate_policy: How many requests a caller has, in the words of RateLimit-Policy.
        going: Headers of operations that will go, by their ids.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_max_bytes: int,
        bulk_max_bytes: int,
        upload_max_bytes: int,
        clock: Callable[[], float],
        rate_policy: str,
        going: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._app = app
        self._body_max_bytes = body_max_bytes
        self._bulk_max_bytes = bulk_max_bytes
        self._upload_max_bytes = upload_max_bytes
        self._clock = clock
        self._rate_policy = rate_policy.encode("latin-1")
        self._going = going or {}
        self._tracer = telemetry.tracer("ringway.crm_api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = self._clock()
        headers = Headers(scope=scope)
        status = 500

        async def send_dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._dress(scope, message)
            await send(message)

        with telemetry.server_span(self._tracer, f"HTTP {scope['method']}", headers) as span:
            try:
                await self._serve(scope, headers, receive, send_dressed)
            finally:
                route = getattr(scope.get("route"), "path_format", None) or "unknown"
                span.update_name(f"HTTP {scope['method']} {route}")
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_status(Status(StatusCode.ERROR))
                method = scope["method"]
                _requests.labels(method, route, str(status)).inc()
                _duration.labels(method, route).observe(self._clock() - started)

    def _dress(self, scope: Scope, message: Message) -> None:
        """Add what every answer has to the head of one."""
        own = message["headers"]
        there = {name for name, _ in own}
        message["headers"] = out = [*own, *(each for each in _HEADERS if each[0] not in there)]
        if (rate_limit := scope.get("state", {}).get("rate_limit")) is not None:
            out.append((b"ratelimit", rate_limit.encode("latin-1")))
            out.append((b"ratelimit-policy", self._rate_policy))
        going = self._going.get(getattr(scope.get("route"), "name", ""))
        if going:
            MutableHeaders(scope=message).update(going)

    async def _serve(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        path = scope["path"]
        limit = self._body_max_bytes
        if _UPLOAD.match(path):
            limit = self._upload_max_bytes
        elif _BULK.match(path):
            limit = self._bulk_max_bytes
        body = _LimitedBody(receive, limit)
        has_started = False

        async def send_noted(message: Message) -> None:
            nonlocal has_started
            if body.is_too_large:
                return  # whatever was made of half a body is not the answer
            has_started = True
            await send(message)

        failure: Exception | None = None
        try:
            body.check_announced(headers.get("content-length"))
            await self._app(scope, body.receive, send_noted)
        except Exception as error:
            failure = error
        if has_started:
            if failure is not None:
                raise failure
            return
        answer = _answer(path, failure, body)
        if body.is_too_large:
            # The rest of the body is not read: the connection ends here.
            answer.headers["Connection"] = "close"
        await answer(scope, receive, send)


def _answer(path: str, failure: Exception | None, body: _LimitedBody) -> Response:
    if body.is_too_large:
        return problem(path, body.refusal)
    known = translate(failure) if failure is not None else None
    if known is None:
        _log.error("A request failed.", exc_info=failure, extra={"path": path})
        return internal_problem(path)
    return problem(path, known)


class _LimitedBody:
    def __init__(self, receive: Receive, limit_bytes: int) -> None:
        self._receive = receive
        self._limit_bytes = limit_bytes
        self._seen_bytes = 0
        self.is_too_large = False

    @property
    def refusal(self) -> TooLarge:
        return TooLarge("body_too_large", f"The body is larger than {self._limit_bytes} bytes.")

    def check_announced(self, content_length: str | None) -> None:
        if content_length is not None and content_length.isdigit():
            self._check(int(content_length))

    async def receive(self) -> Message:
        message: dict[str, Any] = dict(await self._receive())
        if message["type"] == "http.request":
            self._seen_bytes += len(message.get("body", b""))
            self._check(self._seen_bytes)
        return message

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self._limit_bytes:
            self.is_too_large = True
            raise self.refusal
