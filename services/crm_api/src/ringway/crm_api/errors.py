"""Errors of the API: problem details (RFC 9457) with a stable ``code`` for every one of them.

ApiError
├── BadRequest 400, Unauthorized 401, Forbidden 403, NotFound 404, Conflict 409
├── PreconditionFailed 412, TooLarge 413, UnsupportedMedia 415, Invalid 422
├── PreconditionRequired 428, TooMany 429
└── Unavailable 503            a part we need does not answer; Retry-After says when to try again
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from ringway.crm_api.dispatch import Dispatch
from ringway.runtime.errors import (
    BusDown,
    DependencyDown,
    NobodyAnswers,
    PostgresDown,
    Refused,
    RequestTimedOut,
)

_log = logging.getLogger("ringway.crm_api.errors")

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = 2
_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


class ApiError(Exception):
    """A refusal with a status and a stable code.

    Args:
        code: snake_case; clients decide by it, so it never changes its meaning.
        detail: For the human at the other end: what is wrong and what to do.
        extra: More members of the problem object.
        headers: More headers of the response.
    """

    status = 500

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})


class BadRequest(ApiError):
    """The request cannot be understood."""

    status = 400


class Unauthorized(ApiError):
    """Nobody known makes this request."""

    status = 401

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail, headers={"WWW-Authenticate": 'Bearer realm="ringway"'})


class Forbidden(ApiError):
    """The caller is known and may not do this."""

    status = 403


class NotFound(ApiError):
    """It does not exist, or belongs to another tenant."""

    status = 404


class Conflict(ApiError):
    """The present state forbids it."""

    status = 409


class PreconditionFailed(ApiError):
    """Somebody else changed it meanwhile."""

    status = 412


class TooLarge(ApiError):
    """The body is larger than the limit."""

    status = 413


class UnsupportedMedia(ApiError):
    """The body's type is not one we read."""

    status = 415


class Invalid(ApiError):
    """The payload is malformed."""

    status = 422


class PreconditionRequired(ApiError):
    """An update needs If-Match."""

    status = 428


class TooMany(ApiError):
    """Too many requests; Retry-After says when to try again."""

    status = 429

    def __init__(self, code: str, detail: str, *, retry_after_s: float) -> None:
        super().__init__(code, detail, headers={"Retry-After": str(max(1, round(retry_after_s)))})


class Unavailable(ApiError):
    """A part we need does not answer now."""

    status = 503

    def __init__(self, code: str, detail: str, *, retry_after_s: int = RETRY_AFTER_S) -> None:
        super().__init__(code, detail, headers={"Retry-After": str(retry_after_s)})


def problem(path: str, error: ApiError) -> Response:
    """Render an error as a problem document."""
    body: dict[str, Any] = {
        "type": f"urn:ringway:problem:{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "instance": path,
        **error.extra,
    }
    return Response(
        orjson.dumps(body, default=str),
        status_code=error.status,
        headers=error.headers,
        media_type=PROBLEM_JSON,
    )


def internal_problem(path: str) -> Response:
    """Render an unexpected error without telling what it was."""
    error = ApiError("internal", "An unexpected error happened. It was logged with the request.")
    return problem(path, error)


# What an owner says of a payload that is well formed but makes no sense.
_MALFORMED = frozenset(
    {
        "invalid",
        "announcement_invalid",
        "campaign_invalid",
        "config_invalid",
        "reference_unknown",
        "trunk_invalid",
    }
)


def from_refusal(refused: Refused) -> ApiError:
    """Translate a refusal by the owner of some state. The code stays what the owner said."""
    detail = refused.detail or refused.code.replace("_", " ")
    if refused.code in {"internal", "unavailable"}:
        return Unavailable("service_failed", "The service that owns this failed. Try again.")
    if refused.code in _MALFORMED:
        return Invalid(refused.code, detail)
    if refused.code.endswith(("_not_found", "_unknown")):
        return NotFound(refused.code, detail)
    return Conflict(refused.code, detail)


def from_dependency(error: BaseException) -> ApiError | None:
    """Translate an error of a dependency, or return None when it is none."""
    if isinstance(error, Refused):
        return from_refusal(error)
    if isinstance(error, NobodyAnswers):
        return Unavailable("service_unavailable", "The service that owns this is not running.")
    if isinstance(error, RequestTimedOut):
        return Unavailable(
            "service_timeout",
            "The service that owns this did not answer in time. It may have carried the request "
            "out: read the present state before trying again.",
        )
    if isinstance(error, BusDown):
        return Unavailable("bus_unavailable", "The message bus is not reachable.")
    if isinstance(error, PostgresDown | TimeoutError):
        return Unavailable("database_unavailable", "The database is not reachable.")
    if isinstance(
        error, asyncpg.CharacterNotInRepertoireError | asyncpg.UntranslatableCharacterError
    ):
        return Invalid("text_invalid", "A text holds a character that cannot be stored (NUL).")
    if isinstance(error, DependencyDown):
        return Unavailable("dependency_unavailable", "A part that is needed does not answer.")
    return None


def _from_http(error: HTTPException) -> ApiError:
    codes = {400: "body_invalid", 404: "route_not_found", 405: "method_not_allowed"}
    made = ApiError(
        codes.get(error.status_code, f"http_{error.status_code}"),
        str(error.detail),
        headers=error.headers,
    )
    made.status = error.status_code
    return made


def _from_validation(error: RequestValidationError) -> ApiError:
    # Values are left out on purpose: they may be passwords.
    errors = [
        {
            "location": [str(part) for part in each["loc"]],
            "message": each["msg"],
            "type": each["type"],
        }
        for each in error.errors()
    ]
    if any(each["type"] == "json_invalid" for each in errors):
        return BadRequest("json_invalid", "The body is not JSON.", extra={"errors": errors})
    detail = "; ".join(f"{'.'.join(e['location'])}: {e['message']}" for e in errors[:3])
    return Invalid("validation_failed", detail, extra={"errors": errors})


def translate(error: Exception) -> ApiError | None:
    """Return the API's error for an exception, or None when it is a bug."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, HTTPException):
        return _from_http(error)
    if isinstance(error, RequestValidationError):
        return _from_validation(error)
    return from_dependency(error)


def _allowed(request: Request) -> str:
    """Return the methods of a path. Starlette tells those of one of its routes only."""
    dispatch = request.app.router.middleware_stack
    if isinstance(dispatch, Dispatch) and (known := dispatch.methods(request.url.path)) is not None:
        return ", ".join(sorted(known))
    routes = request.app.router.routes
    scopes = {method: {**request.scope, "method": method} for method in _METHODS}
    return ", ".join(
        method
        for method, scope in scopes.items()
        if any(route.matches(scope)[0] is Match.FULL for route in routes)
    )


def install(app: FastAPI) -> None:
    """Make every error of ``app`` a problem document."""

    async def handle(request: Request, error: Exception) -> Response:
        known = translate(error)
        if known is None:
            _log.error("A request failed.", exc_info=error, extra={"path": request.url.path})
            return internal_problem(request.url.path)
        if known.status == 405:
            known.headers = {"Allow": _allowed(request)}
        if known.status == 503:
            _log.warning(
                "A dependency did not answer.", extra={"code": known.code, "error": repr(error)}
            )
        return problem(request.url.path, known)

    for kind in (
        ApiError,
        HTTPException,
        RequestValidationError,
        DependencyDown,
        Refused,
        asyncpg.PostgresError,
        TimeoutError,
    ):
        app.add_exception_handler(kind, handle)
