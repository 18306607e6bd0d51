"""The two clients: :class:`Ringway` blocks, :class:`AsyncRingway` is for asyncio."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from ringway_client import core
from ringway_client.core import Call
from ringway_client.credentials import ApiKey, Password, Session
from ringway_client.errors import NotSignedIn
from ringway_client.generated.aio import Groups as AsyncGroups
from ringway_client.generated.sync import Groups

T = TypeVar("T")
_TIMEOUT_S = 60.0
_CONNECT_S = 10.0


def _session(api_key: str | None, username: str | None, password: str | None) -> Session:
    if api_key is not None and username is None and password is None:
        return Session(ApiKey(api_key))
    if username is not None and password is not None and api_key is None:
        return Session(Password(username, password))
    raise ValueError("Give either api_key, or username and password.")


class Ringway(Groups, AbstractContextManager["Ringway"]):
    """Ringway's API, one attribute a noun: ``client.customers.create_customer(...)``.

    Safe to share among threads. Requests that were surely not carried out, and those that may
    be repeated, are made again for a while; POSTs carry an Idempotency-Key for this.

    Args:
        base_url: Such as ``https://ringway.example``.
        api_key: A key for programs; or
        username, password: of a user, ``user@enterprise``.
        repeats: How often a failed request is made again.
        transport: For tests, and for what httpx can be told about connections.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        username: str | None = None,
        password: str | None = None,
        timeout_s: float = _TIMEOUT_S,
        repeats: int = 4,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._session = _session(api_key, username, password)
        self._signing_in = threading.Lock()
        self._repeats = repeats
        self._http = httpx.Client(
            base_url=base_url.rstrip("/"),
            timeout=httpx.Timeout(timeout_s, connect=_CONNECT_S),
            transport=transport,
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """Make a request and return its answer. Raises RingwayError."""
        renewed = False
        while True:
            bearer = self._bearer()
            try:
                return core.read(call, self._exchange(call, bearer))
            except NotSignedIn:
                if renewed or call.files is not None or not self._refused(bearer):
                    raise
                renewed = True

    def _bearer(self) -> str:
        bearer = self._session.bearer(time.monotonic())
        if bearer is not None:
            return bearer
        with self._signing_in:
            bearer = self._session.bearer(time.monotonic())
            return bearer if bearer is not None else self._sign_in()

    def _sign_in(self) -> str:
        grants = self._session.grants()
        for number, grant in enumerate(grants):
            try:
                pair = core.read_token(self._exchange(core.ask_token(grant), None))
                self._session.signed_in(pair, time.monotonic())
                return str(pair["access_token"])
            except NotSignedIn:
                if number == len(grants) - 1:
                    raise
        raise AssertionError("a session without credentials")

    def _refused(self, bearer: str) -> bool:
        with self._signing_in:
            if self._session.access_token not in (None, bearer):
                return True  # another thread has signed in meanwhile
            return self._session.refused()

    def _exchange(self, call: Call[Any], bearer: str | None) -> httpx.Response:
        arguments = call.arguments()
        if bearer is not None:
            arguments["headers"]["Authorization"] = f"Bearer {bearer}"
        attempt = 0
        while True:
            outcome: httpx.Response | httpx.TransportError
            try:
                outcome = self._http.request(**arguments)
                if outcome.status_code < 429:
                    return outcome
            except httpx.TransportError as error:
                outcome = error
            wait_s = core.wait_s(call, attempt, outcome) if attempt < self._repeats else None
            if wait_s is None:
                if isinstance(outcome, httpx.Response):
                    return outcome
                raise core.unreachable(outcome) from outcome
            attempt += 1
            time.sleep(wait_s)


class AsyncRingway(AsyncGroups, AbstractAsyncContextManager["AsyncRingway"]):
    """The same for asyncio; see :class:`Ringway`."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        username: str | None = None,
        password: str | None = None,
        timeout_s: float = _TIMEOUT_S,
        repeats: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._session = _session(api_key, username, password)
        self._signing_in = asyncio.Lock()
        self._repeats = repeats
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/"),
            timeout=httpx.Timeout(timeout_s, connect=_CONNECT_S),
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
        """Make a request and return its answer. Raises RingwayError."""
        renewed = False
        while True:
            bearer = await self._bearer()
            try:
                return core.read(call, await self._exchange(call, bearer))
            except NotSignedIn:
                if renewed or call.files is not None or not await self._refused(bearer):
                    raise
                renewed = True

    async def _bearer(self) -> str:
        bearer = self._session.bearer(time.monotonic())
        if bearer is not None:
            return bearer
        async with self._signing_in:
            bearer = self._session.bearer(time.monotonic())
            return bearer if bearer is not None else await self._sign_in()

    async def _sign_in(self) -> str:
        grants = self._session.grants()
        for number, grant in enumerate(grants):
            try:
                pair = core.read_token(await self._exchange(core.ask_token(grant), None))
                self._session.signed_in(pair, time.monotonic())
                return str(pair["access_token"])
            except NotSignedIn:
                if number == len(grants) - 1:
                    raise
        raise AssertionError("a session without credentials")

    async def _refused(self, bearer: str) -> bool:
        async with self._signing_in:
            if self._session.access_token not in (None, bearer):
                return True  # another task has signed in meanwhile
            return self._session.refused()

    async def _exchange(self, call: Call[Any], bearer: str | None) -> httpx.Response:
        arguments = call.arguments()
        if bearer is not None:
            arguments["headers"]["Authorization"] = f"Bearer {bearer}"
        attempt = 0
        while True:
            outcome: httpx.Response | httpx.TransportError
            try:
                outcome = await self._http.request(**arguments)
                if outcome.status_code < 429:
                    return outcome
            except httpx.TransportError as error:
                outcome = error
            wait_s = core.wait_s(call, attempt, outcome) if attempt < self._repeats else None
            if wait_s is None:
                if isinstance(outcome, httpx.Response):
                    return outcome
                raise core.unreachable(outcome) from outcome
            attempt += 1
            await asyncio.sleep(wait_s)
