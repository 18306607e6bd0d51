"""The connection to NATS, as a sequence of epochs.

An *epoch* is one TCP connection with all that hangs on it. When it breaks, everything of it is
void at once: answers that were awaited fail, subscriptions are gone. The next epoch starts from
nothing and attaches everything again. So there is one way of coming up, which runs at the start
and after each loss alike, and nothing is sent late from some buffer.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import nats.errors
import orjson
from nats.aio.msg import Msg
from nats.micro.service import Service
from prometheus_client import Counter, Gauge

from ringway.runtime.bus.client import Client
from ringway.runtime.errors import BusDown

_log = logging.getLogger("ringway.bus")
_connected = Gauge("ringway_bus_connected", "1 while connected to NATS.")
_losses = Counter("ringway_bus_losses", "Lost connections to NATS.")

API_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 3.0
_PING_INTERVAL_S = 3  # a peer that answers no ping twice is lost
_RETRY_S = (0.1, 1.0)  # the wait before the next try is drawn from this span


class ApiRefused(Exception):
    """JetStream refused. ``err_code`` is its stable number, such as 10059 stream not found."""

    def __init__(self, code: int, err_code: int, description: str) -> None:
        super().__init__(f"{description} ({err_code})")
        self.code = code
        self.err_code = err_code


class NoResponders(Exception):
    """Nobody listens on the subject of a request."""


class Epoch:
    """One connection, from its making to its loss."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.lost = asyncio.Event()
        self.services: dict[str, Service] = {}
        self._inbox = client.new_inbox()
        self._answers: dict[str, asyncio.Future[Msg]] = {}
        self._tokens = itertools.count(1)
        self._on_lost: set[Callable[[], None]] = set()

    async def begin(self) -> None:
        """Listen for answers."""
        await self.client.listen(self._inbox, self._on_answer)

    async def settle(self) -> None:
        """Wait until the server has done all it was sent, such as subscriptions."""
        # The client writes a ping past commands that still wait in its buffer. By the first answer
        # they are written, so the second ping follows them.
        for _ in range(2):
            await self.client.flush(timeout=int(API_TIMEOUT_S))

    def end(self) -> None:
        """Mark the epoch lost and fail everything that waits for it. Repeats do nothing."""
        if self.lost.is_set():
            return
        self.lost.set()
        answers, self._answers = self._answers, {}
        for answer in answers.values():
            if not answer.done():
                answer.set_exception(BusDown("the connection to NATS broke"))
                # Nobody may be waiting any more; an unread exception is not worth a warning.
                answer.exception()
        for call in tuple(self._on_lost):
            call()

    def on_lost(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call ``call`` when the epoch is lost; returns how to take that back."""
        self._on_lost.add(call)
        return lambda: self._on_lost.discard(call)

    async def send(
        self, subject: str, payload: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        """Publish without waiting for anything. Raises BusDown."""
        try:
            await self.client.write(subject, "", payload, headers)
        except (nats.errors.Error, OSError) as error:
            if isinstance(error, nats.errors.MaxPayloadError):
                raise
            raise self._unsent(error) from error

    def send_soon(
        self, subject: str, payload: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        """Publish in a moment, together with what follows; it is dropped when there is no room."""
        with suppress(nats.errors.Error):
            self.client.write_soon(subject, payload, headers)

    async def begin_request(
        self, subject: str, payload: bytes, headers: Mapping[str, str] | None = None
    ) -> asyncio.Future[Msg]:
        """Send a request and return the future of its answer, which fails when the epoch ends."""
        if self.lost.is_set():
            raise BusDown("not connected to NATS")
        token = str(next(self._tokens))
        answer: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        self._answers[token] = answer
        answer.add_done_callback(lambda _: self._answers.pop(token, None))
        try:
            await self.client.write(subject, f"{self._inbox}.{token}", payload, headers)
        except nats.errors.MaxPayloadError:
            answer.cancel()
            raise
        except (nats.errors.Error, OSError) as error:
            answer.cancel()
            raise self._unsent(error) from error
        return answer

    async def request(
        self,
        subject: str,
        payload: bytes = b"",
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> Msg:
        """Send a request and wait for its answer.

        Raises:
            BusDown: The connection broke.
            NoResponders: Nobody listens.
            TimeoutError: No answer in ``timeout_s``.
        """
        answer = await self.begin_request(subject, payload, headers)
        try:
            async with asyncio.timeout(timeout_s):
                message = await answer
        finally:
            answer.cancel()
        if is_status(message, "503"):
            raise NoResponders(subject)
        return message

    async def api(self, verb: str, body: Any = None, *, timeout_s: float = API_TIMEOUT_S) -> Any:
        """Call JetStream's API and return its answer.

        Raises:
            ApiRefused: It said no.
            BusDown: The connection broke, or it did not answer in time.
        """
        payload = b"" if body is None else orjson.dumps(body)
        try:
            message = await self.request(f"$JS.API.{verb}", payload, timeout_s=timeout_s)
        except (NoResponders, TimeoutError) as error:
            raise BusDown(f"JetStream does not answer {verb.split('.', 2)[:2]}") from error
        return checked(message)

    def _unsent(self, error: Exception) -> BusDown:
        if self.client.is_closed:
            self.end()
        return BusDown(f"cannot publish: {error}")

    def _on_answer(self, token: str, message: Msg) -> None:
        answer = self._answers.get(token)
        if answer is not None and not answer.done():
            answer.set_result(message)


def is_status(message: Msg, *codes: str) -> bool:
    """Whether a message is one of the server's own status answers."""
    return (
        message.headers is not None and not message.data and message.headers.get("Status") in codes
    )


def _check_not_cancelled() -> None:
    """Raise the cancellation that the client's waits dropped: with its answer came ours."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def checked(message: Msg) -> Any:
    """Return JetStream's answer as parsed JSON. Raises ApiRefused."""
    answer = orjson.loads(message.data)
    if "error" in answer:
        error = answer["error"]
        raise ApiRefused(
            error.get("code", 0), error.get("err_code", 0), error.get("description", "")
        )
    return answer


Attach = Callable[[Epoch], Awaitable[None]]


class Connection:
    """Keeps one epoch alive. ``run`` does the work and never ends by itself."""

    def __init__(self, servers: Sequence[str], *, user: str, password: str, name: str) -> None:
        self._servers = list(servers)
        self._user = user
        self._password = password
        self._name = name
        self._epoch: Epoch | None = None
        self._up = asyncio.Event()
        self._attaching = asyncio.Lock()
        self._attachments: list[Attach] = []
        self._known_down = False
        self._has_been_up = False

    @property
    def epoch(self) -> Epoch | None:
        """The running epoch, fully attached, or None while there is none."""
        return self._epoch

    async def wait_up(self, timeout_s: float | None = None) -> Epoch:
        """Return the running epoch, waiting for one if need be. Raises BusDown."""
        if self._epoch is not None:
            return self._epoch
        try:
            async with asyncio.timeout(timeout_s):
                while self._epoch is None:
                    await self._up.wait()
        except TimeoutError:
            raise BusDown("not connected to NATS") from None
        return self._epoch

    async def attach(self, call: Attach) -> None:
        """Call ``call`` now, if connected, and at the beginning of each later epoch."""
        async with self._attaching:
            self._attachments.append(call)
            if self._epoch is not None:
                # A loss meanwhile is no failure: the next epoch attaches it.
                with suppress(BusDown, TimeoutError, nats.errors.Error, OSError):
                    await call(self._epoch)
                    await self._epoch.settle()

    async def run(self) -> None:
        """Connect, attach, wait for the loss, and begin again, until cancelled."""
        while True:
            epoch = None
            try:
                epoch = await self._connect()
                async with self._attaching:
                    for call in self._attachments:
                        await call(epoch)
                    await epoch.settle()
                    self._came_up(epoch)
                _check_not_cancelled()
                await epoch.lost.wait()
            except (
                BusDown,
                ApiRefused,
                NoResponders,
                TimeoutError,
                nats.errors.Error,
                OSError,
            ) as e:
                self._went_down(e)
            finally:
                if epoch is not None:
                    await self._discard(epoch)
            await asyncio.sleep(random.uniform(*_RETRY_S))

    def _came_up(self, epoch: Epoch) -> None:
        if epoch.lost.is_set():
            raise BusDown("the connection to NATS broke")
        self._epoch = epoch
        self._up.set()
        _connected.set(1)
        if self._known_down or not self._has_been_up:
            _log.info("NATS is connected.", extra={"again": self._has_been_up})
        self._known_down = False
        self._has_been_up = True

    def _went_down(self, reason: object) -> None:
        _connected.set(0)
        if not self._known_down:
            self._known_down = True
            _log.warning("NATS is lost.", extra={"reason": str(reason) or repr(reason)})

    async def _connect(self) -> Epoch:
        client = Client()
        made: list[Epoch] = []
        errors: list[Exception] = []

        async def on_closed() -> None:
            for epoch in made:
                epoch.end()

        async def on_error(error: Exception) -> None:
            errors.append(error)
            if "ermissions" in str(error):
                _log.error("NATS refused a subject.", extra={"reason": str(error)})

        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await client.connect(
                    list(self._servers),
                    user=self._user or None,
                    password=self._password or None,
                    name=self._name,
                    inbox_prefix=f"_INBOX.{self._user}" if self._user else "_INBOX",
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=2,
                    ping_interval=_PING_INTERVAL_S,
                    max_outstanding_pings=2,
                    closed_cb=on_closed,
                    error_cb=on_error,
                )
            epoch = Epoch(client)
            made.append(epoch)
            if client.is_closed:
                epoch.end()
            await epoch.begin()
        except BaseException as error:
            with suppress(Exception):
                await client.close()
            if isinstance(error, nats.errors.NoServersError) and errors:
                raise BusDown(str(errors[-1]) or repr(errors[-1])) from error
            raise
        return epoch

    async def _discard(self, epoch: Epoch) -> None:
        was_up = self._epoch is epoch
        self._epoch = None
        self._up.clear()
        if was_up and epoch.lost.is_set():
            _losses.inc()
            self._went_down("the connection broke")
        epoch.end()
        _connected.set(0)
        with suppress(Exception):
            if not epoch.client.is_closed:
                await epoch.client.flush(timeout=1)
        with suppress(Exception):
            await epoch.client.close()
