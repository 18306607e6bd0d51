"""A key-value bucket: the last value of each key, with revisions and watching."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import nats.errors
from nats.aio.msg import Msg

from ringway.runtime.bus.connection import (
    ApiRefused,
    Connection,
    Epoch,
    NoResponders,
    checked,
    is_status,
)
from ringway.runtime.bus.pull import ConsumerGone, Pull
from ringway.runtime.bus.streams import STREAM_NAME_IN_USE, STREAM_NOT_FOUND
from ringway.runtime.errors import BusDown

_log = logging.getLogger("ringway.bus")

_NS = 1_000_000_000
_OPERATION = "KV-Operation"
_MARKER_TTL_S = 3600  # no watch that goes on is so far behind; one that begins needs no markers
DELETED = {_OPERATION: "DEL", "Nats-TTL": f"{_MARKER_TTL_S}s"}  # headers of a deletion
_EXPECTED = "Nats-Expected-Last-Subject-Sequence"
_WRONG_LAST_SEQUENCE = (10071, 10164)
_TIMEOUT_S = 3.0


class WrongRevision(Exception):
    """The key changed meanwhile, or exists already."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key at one revision. ``value`` is None when it was deleted."""

    key: str
    value: bytes | None
    revision: int


class Bucket:
    """A key-value bucket that is made on first use and survives every loss of NATS.

    Args:
        ttl_s: A key vanishes when it was not written for so long. None keeps it for ever.
    """

    def __init__(
        self, connection: Connection, name: str, *, ttl_s: float | None, replicas: int = 1
    ) -> None:
        self.name = name
        self._connection = connection
        self._stream = f"KV_{name}"
        self._prefix = f"$KV.{name}."
        self._ttl_s = ttl_s
        self._replicas = replicas
        self._declared: Epoch | None = None

    async def ready(self, *, timeout_s: float = _TIMEOUT_S) -> None:
        """Make the bucket exist. Raises BusDown."""
        await self._epoch(timeout_s)

    async def get(self, key: str, *, timeout_s: float = _TIMEOUT_S) -> Entry | None:
        """Return a key, or None when it does not exist or was deleted. Raises BusDown."""
        entry = await self._last(key, timeout_s)
        return None if entry is None or entry.value is None else entry

    async def put(self, key: str, value: bytes, *, timeout_s: float = _TIMEOUT_S) -> int:
        """Write a key whatever it was and return the revision. Raises BusDown."""
        return await self._write(key, value, {}, timeout_s)

    async def create(self, key: str, value: bytes, *, timeout_s: float = _TIMEOUT_S) -> int:
        """Write a key that does not exist and return the revision.

        Raises:
            WrongRevision: It exists.
            BusDown: Nobody knows whether it was written.
        """
        try:
            return await self.update(key, value, last=0, timeout_s=timeout_s)
        except WrongRevision:
            entry = await self._last(key, timeout_s)
            if entry is None or entry.value is not None:
                raise
            return await self.update(key, value, last=entry.revision, timeout_s=timeout_s)

    async def update(
        self, key: str, value: bytes, *, last: int, timeout_s: float = _TIMEOUT_S
    ) -> int:
        """Write a key that is still at revision ``last`` and return the new revision.

        Raises:
            WrongRevision: It is not.
            BusDown: Nobody knows whether it was written.
        """
        return await self._write(key, value, {_EXPECTED: str(last)}, timeout_s)

    async def delete(
        self, key: str, *, last: int | None = None, timeout_s: float = _TIMEOUT_S
    ) -> None:
        """Delete a key, if ``last`` is given only at that revision. Raises as update does."""
        headers = dict(DELETED)
        if last is not None:
            headers[_EXPECTED] = str(last)
        await self._write(key, b"", headers, timeout_s)

    async def items(self, pattern: str = ">", *, timeout_s: float = _TIMEOUT_S) -> dict[str, Entry]:
        """Return every key that fits ``pattern`` and exists. Raises BusDown."""
        found: dict[str, Entry] = {}
        try:
            async with asyncio.timeout(timeout_s):
                epoch = await self._epoch(timeout_s)
                changes = self._follow(epoch, pattern)
                try:
                    async for entry in changes:
                        if entry is None:
                            break
                        if entry.value is None:
                            found.pop(entry.key, None)
                        else:
                            found[entry.key] = entry
                finally:
                    await changes.aclose()  # type: ignore[attr-defined]
        except (TimeoutError, ConsumerGone, ApiRefused, nats.errors.Error) as error:
            raise BusDown(f"cannot read bucket {self.name}") from error
        return found

    async def keys(self, pattern: str = ">", *, timeout_s: float = _TIMEOUT_S) -> list[str]:
        """Return the names of the keys that fit ``pattern`` and exist. Raises BusDown."""
        return sorted(await self.items(pattern, timeout_s=timeout_s))

    async def watch(self, pattern: str = ">") -> AsyncIterator[Entry | None]:
        """Yield every key as it is now, then None, then each change, for ever.

        After a loss of NATS it starts over with every key as it is then; what was deleted or
        expired meanwhile is simply not among them. Expiry by ttl is not announced.
        """
        while True:
            try:
                epoch = await self._epoch(None)
                async for entry in self._follow(epoch, pattern):
                    yield entry
            except (BusDown, ConsumerGone, ApiRefused, nats.errors.Error, TimeoutError) as error:
                _log.info(
                    "A watch begins again.", extra={"bucket": self.name, "reason": str(error)}
                )
            await asyncio.sleep(random.uniform(0.05, 0.2))

    async def _follow(self, epoch: Epoch, pattern: str) -> AsyncIterator[Entry | None]:
        config = {
            "deliver_policy": "last_per_subject",
            "ack_policy": "none",
            "filter_subject": f"{self._prefix}{pattern}",
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": 15 * _NS,
        }
        made = await epoch.api(
            f"CONSUMER.CREATE.{self._stream}", {"stream_name": self._stream, "config": config}
        )
        complete = not made["num_pending"]
        if complete:
            yield None
        async with Pull.of(epoch, self._stream, made["name"], batch=256) as pull:
            while True:
                message = await pull.next()
                yield self._entry(message, message.metadata.sequence.stream)
                if not complete and message.metadata.num_pending == 0:
                    complete = True
                    yield None

    def _entry(self, message: Msg, revision: int) -> Entry:
        headers = message.headers or {}
        subject = headers.get("Nats-Subject", message.subject)
        gone = _OPERATION in headers or "Nats-Marker-Reason" in headers
        return Entry(subject.removeprefix(self._prefix), None if gone else message.data, revision)

    async def _last(self, key: str, timeout_s: float) -> Entry | None:
        epoch = await self._epoch(timeout_s)
        try:
            message = await epoch.request(
                f"$JS.API.DIRECT.GET.{self._stream}.{self._prefix}{key}", timeout_s=timeout_s
            )
        except (NoResponders, TimeoutError) as error:
            raise BusDown(f"bucket {self.name} does not answer") from error
        if is_status(message, "404"):
            return None
        return self._entry(message, int((message.headers or {})["Nats-Sequence"]))

    async def _write(
        self, key: str, value: bytes, headers: Mapping[str, str], timeout_s: float
    ) -> int:
        epoch = await self._epoch(timeout_s)
        try:
            answer = await epoch.request(
                f"{self._prefix}{key}", value, timeout_s=timeout_s, headers=headers
            )
            return int(checked(answer)["seq"])
        except ApiRefused as refused:
            if refused.err_code in _WRONG_LAST_SEQUENCE:
                raise WrongRevision(key) from refused
            raise BusDown(str(refused)) from refused
        except (NoResponders, TimeoutError) as error:
            raise BusDown(f"bucket {self.name} does not answer") from error

    async def _epoch(self, timeout_s: float | None) -> Epoch:
        """Return the running epoch with the bucket declared in it."""
        epoch = await self._connection.wait_up(timeout_s)
        if self._declared is not epoch:
            await declare_bucket(epoch, self.name, ttl_s=self._ttl_s, replicas=self._replicas)
            self._declared = epoch
        return epoch


async def declare_bucket(
    epoch: Epoch, name: str, *, ttl_s: float | None, replicas: int = 1
) -> None:
    """Make a bucket if it is missing; its keys live no longer than asked. Raises BusDown."""
    stream = f"KV_{name}"
    ttl_ns = int((ttl_s or 0) * _NS)
    config = {
        "name": stream,
        "subjects": [f"$KV.{name}.>"],
        "max_msgs_per_subject": 1,
        "max_age": ttl_ns,
        "duplicate_window": min(120 * _NS, ttl_ns) if ttl_ns else 120 * _NS,
        "storage": "file",
        "discard": "new",
        "allow_direct": True,
        "allow_msg_ttl": True,
        "allow_rollup_hdrs": True,
        "deny_delete": True,
        "num_replicas": replicas,
    }
    try:
        try:
            there = (await epoch.api(f"STREAM.INFO.{stream}"))["config"]
        except ApiRefused as refused:
            if refused.err_code != STREAM_NOT_FOUND:
                raise
            await epoch.api(f"STREAM.CREATE.{stream}", config)
            return
        changed: dict[str, int] = {} if there.get("allow_msg_ttl") else {"allow_msg_ttl": True}
        if 0 < ttl_ns < there.get("max_age", 0):
            # An earlier release let keys live longer. Others who still count on that renew in time.
            changed |= {"max_age": ttl_ns, "duplicate_window": min(120 * _NS, ttl_ns)}
        if changed:
            await epoch.api(f"STREAM.UPDATE.{stream}", there | changed)
    except ApiRefused as refused:
        if refused.err_code != STREAM_NAME_IN_USE:
            raise BusDown(str(refused)) from refused
