"""What goes wrong: every answer of the API that is no success, as an exception."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class RingwayError(Exception):
    """The API refused, or did not answer as it should.

    Attributes:
        status: HTTP status; 0 when there was no answer at all.
        code: Stable word to decide by, such as ``customer_not_found``.
        detail: What happened and what to do, for people.
        problem: The whole problem document (RFC 9457).
        retry_after_s: How long to wait, when the API says so.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        problem: Mapping[str, Any] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}" if status else f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.problem = dict(problem or {})
        self.retry_after_s = retry_after_s

    @property
    def current(self) -> dict[str, Any] | None:
        """What the object is now, where somebody else changed it first (412)."""
        found = self.problem.get("current")
        return found if isinstance(found, dict) else None


class NotSignedIn(RingwayError):
    """401: the credentials are wrong, or do not work any more."""


class Forbidden(RingwayError):
    """403: the role or the key may not do this."""


class NotFound(RingwayError):
    """404: it does not exist, or belongs to another enterprise."""


class Conflict(RingwayError):
    """409: the present state forbids it."""


class ChangedMeanwhile(RingwayError):
    """412: somebody else changed the object; see ``current``."""


class Invalid(RingwayError):
    """400, 413, 422, 428: the request is wrong; ``problem["errors"]`` says where."""


class TooManyRequests(RingwayError):
    """429: slow down."""


class Unavailable(RingwayError):
    """5xx, or no answer: a part is down. Nothing says whether a change was carried out."""


_BY_STATUS: dict[int, type[RingwayError]] = {
    400: Invalid,
    401: NotSignedIn,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: ChangedMeanwhile,
    413: Invalid,
    422: Invalid,
    428: Invalid,
    429: TooManyRequests,
}


def error_of(status: int, problem: Mapping[str, Any], retry_after_s: float | None) -> RingwayError:
    """Return the exception for an answer."""
    kind = _BY_STATUS.get(status, Unavailable if status >= 500 else RingwayError)
    code = str(problem.get("code") or f"http_{status}")
    detail = str(problem.get("detail") or problem.get("title") or "The answer has no details.")
    return kind(status, code, detail, problem, retry_after_s)
