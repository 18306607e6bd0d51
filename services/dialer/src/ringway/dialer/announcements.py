"""The announcements that calls are compared with, ready for each tenant; and their requests."""

from __future__ import annotations

import asyncio
import binascii
import logging
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from ringway.dialer import announcement_store
from ringway.dialer.announcement_store import Edition, Stored
from ringway.dialer.core.listening import (
    PRINT_MS,
    RATE_HZ,
    Book,
    Print,
    Recording,
    Unusable,
    print_of,
)
from ringway.dialer.tenants import tenant_id_of
from ringway.proto import dialer_announcements as p
from ringway.proto.base import Done
from ringway.runtime.bus import Bus
from ringway.runtime.errors import PostgresDown, Refused
from ringway.runtime.postgres import Pool

_log = logging.getLogger("ringway.dialer.announcements")

_LOOK_AGAIN_S = 2.0
_KEPT = 50  # tenants whose books stay ready


@dataclass(slots=True)
class _Shelf:
    """One tenant's book, and whether it is the last edition."""

    book: Book = field(default_factory=lambda: Book(()))
    edition: Edition | None = None
    looked_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Announcements:
    """Books of announcements by tenant."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._shelves: dict[UUID, _Shelf] = {}

    async def book(self, tenant_id: UUID) -> Book:
        """Return the tenant's recordings and the platform's, as they were 2 s ago at the most.

        Without PostgreSQL it is the last one known.
        """
        shelf = self._shelves.pop(tenant_id, None) or _Shelf()
        self._shelves[tenant_id] = shelf  # the last one used is the last to go
        while len(self._shelves) > _KEPT:
            del self._shelves[next(iter(self._shelves))]
        async with shelf.lock:
            now = asyncio.get_running_loop().time()
            if now - shelf.looked_at >= _LOOK_AGAIN_S:
                try:
                    await self._look(tenant_id, shelf)
                except PostgresDown:
                    _log.debug("Announcements are not looked for now.")
                shelf.looked_at = now
        return shelf.book

    async def _look(self, tenant_id: UUID, shelf: _Shelf) -> None:
        async with self._pool.tenant(tenant_id) as conn:
            edition = await announcement_store.edition(conn)
            if edition == shelf.edition:
                return
            stored = await announcement_store.stored(conn)
        shelf.book = await asyncio.to_thread(_bind, stored)
        shelf.edition = edition


class AnnouncementRequests:
    """Answers requests on the bus; any replica may answer any tenant's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def serve(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.respond(p.PutAnnouncementV1, self.put)
        await bus.respond(p.RemoveAnnouncementV1, self.remove)

    async def put(self, request: p.PutAnnouncementV1) -> p.AnnouncementPutV1:
        """Store a recording by which something can be recognised."""
        tenant_id = tenant_id_of(request)
        try:
            raw = b64decode(request.audio, validate=True)
            made = await asyncio.to_thread(_print_of, raw)
        except (binascii.Error, Unusable) as exc:
            raise Refused("announcement_invalid", f"The recording is of no use: {exc}.") from exc
        duration_s = len(raw) / 2 / RATE_HZ
        used_s = float(made.is_active.sum()) * PRINT_MS / 1000
        try:
            async with self._pool.tenant(tenant_id) as conn:
                await announcement_store.put(
                    conn,
                    tenant_id=tenant_id,
                    announcement_id=request.announcement_id,
                    name=request.name,
                    meaning=request.meaning,
                    samples=raw,
                    duration_s=duration_s,
                    used_s=used_s,
                    by=request.by,
                )
        except announcement_store.TooMany as exc:
            raise Refused(
                "too_many_announcements",
                f"There are {announcement_store.MOST} recordings; remove one first.",
            ) from exc
        return p.AnnouncementPutV1(duration_s=duration_s, used_s=used_s)

    async def remove(self, request: p.RemoveAnnouncementV1) -> Done:
        """Remove a recording."""
        tenant_id = tenant_id_of(request)
        try:
            async with self._pool.tenant(tenant_id) as conn:
                await announcement_store.remove(
                    conn, tenant_id=tenant_id, announcement_id=request.announcement_id
                )
        except announcement_store.AnnouncementMissing as exc:
            raise Refused("announcement_not_found", "There is no such recording.") from exc
        return Done()


def _bind(stored: Sequence[Stored]) -> Book:
    recordings = []
    for each in stored:
        try:
            made = _print_of(each.samples)
        except Unusable as error:
            _log.warning(
                "A recording is of no use.",
                extra={"announcement": each.announcement_id, "error": str(error)},
            )
            continue
        recordings.append(Recording(each.announcement_id, each.meaning.value, made))
    return Book(recordings)


def _print_of(raw: bytes) -> Print:
    if len(raw) % 2:
        raise Unusable("half a sample is left over")
    if len(raw) > p.ANNOUNCEMENT_MOST_S * RATE_HZ * 2:
        raise Unusable(f"it is longer than {p.ANNOUNCEMENT_MOST_S} seconds")
    return print_of(np.frombuffer(raw, dtype="<i2"))
