"""One attempt over HTTP: bounded in time and size, to public addresses only, never redirected."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver

from ringway.crm_api.outside import AddressRefused, InsideRefused, OutsideOnly, Plain, check_url
from ringway.runtime import held

LIMIT_S = 15.0
_CONNECT_S = 5.0
_ANSWER_BYTES = 1_000
_WHO = "An endpoint"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. ``status`` is None when there was no answer.

    ``asked_s``: after so many seconds the receiver wants to be asked again.
    """

    status: int | None
    latency_s: float
    error: str = ""
    answer: str = ""
    asked_s: float | None = None

    @property
    def is_good(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants nothing any more."""
        return self.status == 410


class Sender:
    """Sends events. Make it with :meth:`open`.

    Args:
        inside_hosts: Hosts that may be inside of a network, and plain http.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        inside_hosts: frozenset[str],
        clock: Callable[[], float],
        limit_s: float,
    ) -> None:
        self._http = http
        self._inside_hosts = inside_hosts
        self._clock = clock
        self._limit_s = limit_s

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        inside_hosts: frozenset[str],
        clock: Callable[[], float],
        *,
        resolver: AbstractResolver | None = None,
        limit_s: float = LIMIT_S,
    ) -> AsyncIterator[Sender]:
        """Open connections' home, for as long as the context lasts."""
        connector = aiohttp.TCPConnector(
            resolver=OutsideOnly(inside_hosts, resolver), use_dns_cache=False, limit=0
        )
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
        ) as http:
            yield cls(http, inside_hosts, clock, limit_s)

    async def send(self, url: str, headers: Mapping[str, str], body: str) -> Outcome:
        """POST an event and return what became of it; never raises for the receiver's fault."""
        await held.settle()
        begun = self._clock()
        try:
            check_url(url, self._inside_hosts, plain=Plain.INSIDE, who=_WHO)
            async with (
                asyncio.timeout(self._limit_s),
                self._http.post(
                    url, data=body.encode(), headers=headers, allow_redirects=False
                ) as answer,
            ):
                said = await _beginning(answer)
                return Outcome(
                    answer.status,
                    self._clock() - begun,
                    answer=said,
                    error="" if 200 <= answer.status < 300 else f"It answered {answer.status}.",
                    asked_s=_seconds(answer.headers.get("Retry-After")),
                )
        except TimeoutError:
            error = f"It did not answer within {self._limit_s:g} seconds."
        except (AddressRefused, InsideRefused) as refused:
            error = str(refused.args[-1] if refused.args else refused)
        except (aiohttp.ClientError, OSError, ValueError) as failed:
            cause = failed.__cause__
            inside = isinstance(cause, InsideRefused)
            error = str(cause.args[-1]) if inside and cause is not None else _why(failed)
        return Outcome(None, self._clock() - begun, error=error[:300])


async def _beginning(answer: aiohttp.ClientResponse) -> str:
    """Return the first bytes of an answer as text that can be stored; the rest is not read."""
    raw = b""
    while len(raw) < _ANSWER_BYTES:
        part = await answer.content.read(_ANSWER_BYTES - len(raw))
        if not part:
            break
        raw += part
    if not answer.content.at_eof():
        answer.close()
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        return "(compressed)" if raw else ""
    return _CONTROL.sub("\ufffd", raw.decode("utf-8", "replace"))


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and re.fullmatch(r"[0-9]{1,7}", text) else None


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
