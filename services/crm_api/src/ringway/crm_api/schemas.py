"""What the payloads of all nouns share."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ringway.crm_api.errors import BadRequest
from ringway.proto.exact import Exact

T = TypeVar("T")


# Blanks at the ends of these go, after the text was judged as it came: a pattern allows them, and
# a parameter, which is in no Body, is Measured.
Shaped = Annotated[str, StringConstraints(strip_whitespace=True)]
# What PostgreSQL can store and a log line can show. For another pattern take Shaped.
Text = Annotated[Shaped, StringConstraints(pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$")]
Name = Annotated[Text, Field(min_length=1, max_length=200)]
Username = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{1,63}$", examples=["ann"])]
Password = Annotated[str, Field(min_length=8, max_length=256, examples=["correct horse battery"])]
AgentNumber = Annotated[str, Field(pattern=r"^[0-9]{2,10}$", examples=["1001"])]


class Body(Exact):
    """A payload from outside: a field that we do not know is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """A payload to outside."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Page(View, Generic[T]):
    """One page of a list. ``next_cursor`` is null on the last page."""

    items: list[T]
    next_cursor: str | None = None


class Problem(View):
    """Problem details (RFC 9457). ``code`` is stable; clients decide by it."""

    type: str = Field(examples=["urn:ringway:problem:user_not_found"])
    title: str
    status: int
    code: str
    detail: str
    instance: str
    errors: list[dict[str, Any]] | None = None


def encode_cursor(*key: object) -> str:
    """Return an opaque cursor for the position after ``key``."""
    raw = orjson.dumps([k.isoformat() if isinstance(k, datetime) else str(k) for k in key])
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def page_of(items: Sequence[T], limit: int, place: Callable[[T], object]) -> Page[T]:
    """Return a page of what was read: one item more than ``limit`` tells that more follow.

    Args:
        place: Tells where an item stands in the list, by a key or a tuple of keys.
    """
    shown = list(items[:limit])
    if len(items) <= limit:
        return Page(items=shown)
    key = place(shown[-1])
    return Page(items=shown, next_cursor=encode_cursor(*(key if isinstance(key, tuple) else [key])))


def decode_cursor(cursor: str, length: int) -> list[str]:
    """Return the key inside a cursor.

    Raises:
        BadRequest: It is not one of ours.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        key = orjson.loads(raw)
    except (binascii.Error, ValueError) as error:
        raise _bad_cursor() from error
    if not isinstance(key, list) or len(key) != length or not all(isinstance(k, str) for k in key):
        raise _bad_cursor()
    return key


def _bad_cursor() -> BadRequest:
    return BadRequest("cursor_invalid", "Use next_cursor of the previous page unchanged.")


def cursor_uuid(cursor: str | None) -> UUID | None:
    """Return the id inside a cursor of one id; None begins at the first page."""
    if cursor is None:
        return None
    try:
        return UUID(decode_cursor(cursor, 1)[0])
    except ValueError as error:
        raise _bad_cursor() from error


def cursor_number(cursor: str | None) -> int | None:
    """Return the number inside a cursor of one number; None begins at the first page."""
    if cursor is None:
        return None
    text = decode_cursor(cursor, 1)[0]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise _bad_cursor()
    return int(text)
