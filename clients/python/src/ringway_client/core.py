"""Requests and answers as values: what both clients, blocking and asyncio, have in common."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, Generic, TypeVar, cast
from uuid import uuid4

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic_core import from_json, to_json

from ringway_client.errors import NotSignedIn, RingwayError, Unavailable, error_of

T = TypeVar("T")
API = "/api/v1"
_LONGEST_WAIT_S = 30.0
_SURE = {429, 503}  # answered so, nothing was carried out


class Model(BaseModel):
    """Base of all payloads. Fields that a newer server adds are kept, not refused."""

    model_config = ConfigDict(extra="allow", defer_build=True, populate_by_name=True)


@dataclass(frozen=True)  # with slots a Call[T] could not be made
class Call(Generic[T]):
    """One request of the API.

    Attributes:
        path: Behind ``/api/v1``.
        reply: What the answer is read as: a type, ``bytes``, or ``None`` for no content.
        query: Parameters; those that are None are left out.
        headers: Likewise.
        body: A model or a mapping, sent as JSON.
        form: Fields of a form, sent with ``files`` as multipart.
    """

    method: str
    path: str
    reply: type[T]
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: Any = None
    form: Mapping[str, Any] | None = None
    files: Mapping[str, Any] | None = None

    def arguments(self) -> dict[str, Any]:
        """Return what ``httpx`` is given, without the credentials."""
        headers = {name: value for name, value in self.headers.items() if value is not None}
        made: dict[str, Any] = {"method": self.method, "url": API + self.path}
        query = [pair for name, value in self.query.items() for pair in _pairs(name, value)]
        if query:
            made["params"] = query
        if self.body is not None:
            made["content"] = _json(self.body)
            headers["Content-Type"] = "application/json"
        if self.form is not None:
            form = {name: _form_value(each) for name, each in self.form.items() if each is not None}
            made["data"] = form
        if self.files is not None:
            made["files"] = {name: each for name, each in self.files.items() if each is not None}
        return {**made, "headers": headers}

    @property
    def may_repeat(self) -> bool:
        """Whether carrying it out twice does no more than once, also when an answer was lost."""
        if self.files is not None:
            return False  # a file that was read is not there a second time
        return self.method == "GET" or bool(self.headers.get("Idempotency-Key"))


def new_key() -> str:
    """Return a new Idempotency-Key."""
    return str(uuid4())


def etag(version: int | str | None) -> str | None:
    """Return the If-Match of a version; ``"*"`` stands for any."""
    return f'"{version}"' if isinstance(version, int) else version


def read(call: Call[T], response: httpx.Response) -> T:
    """Return what the answer says.

    Raises:
        RingwayError: It is no success.
    """
    if not response.is_success:
        raise failure(response)
    kind: Any = call.reply
    if kind is type(None):
        value = None
    elif kind is bytes:
        value = response.content
    else:
        value = _adapter(kind).validate_json(response.content)
    return cast(T, value)


def failure(response: httpx.Response) -> RingwayError:
    """Return the exception for an answer that is no success."""
    try:
        problem = from_json(response.content)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    return error_of(response.status_code, problem, _retry_after(response))


def unreachable(error: httpx.TransportError) -> Unavailable:
    """Return the exception for no answer."""
    return Unavailable(0, "no_answer", f"{type(error).__name__}: {error}")


def wait_s(
    call: Call[Any], attempt: int, outcome: httpx.Response | httpx.TransportError
) -> float | None:
    """Return how long to wait before the request is made again, or None: do not.

    Args:
        attempt: 0 for the first.
    """
    if isinstance(outcome, httpx.TransportError):
        was_not_sent = isinstance(outcome, (httpx.ConnectError, httpx.ConnectTimeout))
        if not (call.may_repeat or (was_not_sent and call.files is None)):
            return None
    elif outcome.status_code not in _SURE:
        if outcome.status_code not in (502, 504) or not call.may_repeat:
            return None
    elif call.files is not None:
        return None
    backoff = min(0.2 * 2.0**attempt, 5.0) * random.uniform(0.8, 1.2)
    asked = _retry_after(outcome) if isinstance(outcome, httpx.Response) else None
    if asked is not None and asked > _LONGEST_WAIT_S:
        return None
    return max(backoff, asked or 0.0)


def ask_token(grant: Mapping[str, str]) -> Call[dict[str, Any]]:
    """Return the request for an access token."""
    return Call("POST", "/auth/token", dict[str, Any], form=grant)


def read_token(response: httpx.Response) -> Mapping[str, Any]:
    """Return the tokens of a sign-in.

    Raises:
        NotSignedIn: The credentials are not right, which OAuth2 says by 400.
        RingwayError: Another failure.
    """
    if response.status_code in (400, 401):
        known = failure(response)
        raise NotSignedIn(known.status, known.code, known.detail, known.problem)
    return read(ask_token({}), response)


def _retry_after(response: httpx.Response) -> float | None:
    text = str(response.headers.get("Retry-After", ""))
    return float(text) if text.isascii() and text.isdigit() else None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _json(body: Any) -> bytes:
    if isinstance(body, BaseModel):
        return body.model_dump_json(by_alias=True, exclude_unset=True).encode()
    return to_json(body, by_alias=True)


def _form_value(value: Any) -> Any:
    if isinstance(value, (BaseModel, Mapping)):
        return _json(value).decode()
    return _text(value)


def _pairs(name: str, value: Any) -> Iterable[tuple[str, str]]:
    if value is None:
        return ()
    if isinstance(value, (list, tuple, set, frozenset)):
        return [(name, _text(each)) for each in value]
    return [(name, _text(value))]


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)
