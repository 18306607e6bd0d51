"""What happened to calls, written to PostgreSQL in order, sooner or later.

Calls end while PostgreSQL is away. Their notes wait here in memory and are written when it is
back; until then no new call is started, so they are bounded by the calls that were under way.
Every note is idempotent, because a commit whose answer was lost is repeated. If this process dies
first, the next one finds the attempts open and settles them from Asterisk (see recovery.py).

Many notes are written in few statements (see call_notes.py), so while there are many they wait a
moment for each other; what cannot be found out from Asterisk later does not wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from uuid import UUID

from ringway.dialer import (
    attempt_store,
    call_notes,
    callback_store,
    campaign_store,
    disposition_store,
    dnc_store,
    facts,
    law_store,
    metrics,
    mode_store,
)
from ringway.dialer.attempt_store import End
from ringway.dialer.call_notes import SCHEMA, Answered, CallNote, Ended, Placed
from ringway.dialer.core.retry import Closed, DialAgain
from ringway.dialer.dnc_store import OWN_LIST
from ringway.dialer.law_store import Refusal
from ringway.dialer.mode_store import Skipped
from ringway.dialer.model import BY_INDEX, Attempt
from ringway.proto.dialer import AttemptDisposition
from ringway.proto.dialer_law import DncRow
from ringway.runtime import outbox
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import Connection, Pool

__all__ = ["SCHEMA", "Books"]

_log = logging.getLogger("ringway.dialer.books")

_BATCH = 200
_GATHER_S = 0.1  # from one batch's begin to the next one's, while nobody waits for them
_RETRY_S = 0.25

Write = Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Note:
    """One note: about a call, or whatever ``write`` does. They are numbered as they come."""

    number: int
    attempt_id: UUID
    what: str
    call: CallNote | None
    write: Write | None = None


class Books:
    """The dialer's ledger of attempts. ``run`` is a worker."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._notes: dict[UUID, deque[_Note]] = {}  # by tenant: who waits longest is first
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._added = 0
        self._written = 0
        self._progress = asyncio.Condition()

    @property
    def pending(self) -> int:
        """Notes that are not in PostgreSQL yet."""
        return self._added - self._written

    def is_pending(self, attempt_id: UUID) -> bool:
        """Whether a note of this attempt waits."""
        return any(n.attempt_id == attempt_id for notes in self._notes.values() for n in notes)

    # -- notes -----------------------------------------------------------------------------------

    def placed(self, attempt: Attempt, at: datetime, reserved_agent_id: str | None) -> None:
        """Asterisk has the call."""
        self._put_call("placed", Placed(attempt, at, reserved_agent_id))

    def answered(self, attempt: Attempt, at: datetime) -> None:
        """The far end answered."""
        self._put_call("answered", Answered(attempt, at))

    def ended(
        self,
        attempt: Attempt,
        how: End,
        then: DialAgain | Closed,
        *,
        placed_at: datetime,
        answered_at: datetime | None,
    ) -> None:
        """The attempt is over; its lead is due again or done."""
        self._put_call("ended", Ended(attempt, how, then, placed_at, answered_at))

    def never_again(self, attempt: Attempt) -> None:
        """The person asked not to be called any more."""

        async def write(conn: Connection) -> None:
            await dnc_store.add(
                conn,
                tenant_id=UUID(attempt.tenant),
                list_id=OWN_LIST,
                rows=(DncRow(phone_e164=attempt.phone_e164, reason="asked by key"),),
                source="script",
                by=attempt.campaign_id,
            )

        self._put(attempt, "never again", write)

    def given_back(self, attempt: Attempt, refusal: Refusal | None = None) -> None:
        """The call never left us: the lead is as before, or held back by the law."""

        async def write(conn: Connection) -> None:
            ids = {"tenant_id": UUID(attempt.tenant), "attempt_id": attempt.attempt_id}
            if await attempt_store.remove(conn, **ids):
                metrics.GIVEN_BACK.inc()
                if refusal is not None:
                    told = await law_store.refuse(
                        conn,
                        tenant_id=ids["tenant_id"],
                        campaign_id=attempt.campaign_id,
                        refusals=[refusal],
                        now=utcnow(),
                    )
                    await outbox.add_many(conn, SCHEMA, told)
                return
            # It was announced as placed, so it stays on record, as a fault of ours.
            how = End(utcnow(), AttemptDisposition.FAILED, 0, 0, None)
            if await attempt_store.end(conn, **ids, how=how, then=DialAgain(0)):
                await disposition_store.attempt_ended(conn, attempt, how, DialAgain(0))
                fact = facts.ended(attempt, how, attempt.placed_at or attempt.claimed_at, None)
                await outbox.add(conn, SCHEMA, fact)

        self._put(attempt, "given back", write)

    def skipped(self, attempt: Attempt, how: Skipped) -> None:
        """An agent was shown the lead and did not want it dialed now."""

        async def write(conn: Connection) -> None:
            if await mode_store.skip(conn, attempt=attempt, skipped=how):
                await callback_store.skipped(conn, attempt, how.due_at)
                await outbox.add(conn, SCHEMA, facts.skipped(attempt, how))

        self._put(attempt, "skipped", write)

    def _put_call(self, what: str, call: CallNote) -> None:
        attempt = call.attempt
        self._add(attempt, _Note(self._added, attempt.attempt_id, what, call))

    def _put(self, attempt: Attempt, what: str, write: Write) -> None:
        self._add(attempt, _Note(self._added, attempt.attempt_id, what, None, write))
        self._hurry.set()

    def _add(self, attempt: Attempt, note: _Note) -> None:
        self._notes.setdefault(UUID(attempt.tenant), deque()).append(note)
        self._added += 1
        metrics.UNWRITTEN.set(self.pending)
        self._wake.set()

    # -- writing ---------------------------------------------------------------------------------

    async def synced(self, timeout_s: float) -> bool:
        """Wait until everything noted before this call is written; False: not in time."""
        mark = self._added
        self._hurry.set()
        try:
            async with asyncio.timeout(timeout_s), self._progress:
                await self._progress.wait_for(lambda: self._is_written(mark))
        except TimeoutError:
            return False
        return True

    def _is_written(self, mark: int) -> bool:
        return all(notes[0].number >= mark for notes in self._notes.values())

    async def run(self) -> None:
        """Write notes until cancelled, through losses of PostgreSQL."""
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        while True:
            self._wake.clear()
            if not self._notes:
                await self._wake.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(next_at):
                    await self._hurry.wait()
            self._hurry.clear()
            next_at = loop.time() + _GATHER_S
            try:
                for tenant_id in list(self._notes):
                    await self._write_some(tenant_id)
            except PostgresDown:
                await asyncio.sleep(_RETRY_S)

    async def _write_some(self, tenant_id: UUID) -> None:
        """Write the first of a tenant's notes, then let those of others go first."""
        notes = self._notes[tenant_id]
        batch = list(islice(notes, _BATCH))
        await self._write(tenant_id, batch)
        for _ in batch:
            notes.popleft()
        del self._notes[tenant_id]
        if notes:
            self._notes[tenant_id] = notes
            self._hurry.set()
        self._written += len(batch)
        metrics.UNWRITTEN.set(self.pending)
        async with self._progress:
            self._progress.notify_all()

    async def _write(self, tenant_id: UUID, batch: Sequence[_Note]) -> None:
        """Write a batch in one transaction, or one by one when something in it is wrong."""
        try:
            async with self._pool.tenant(tenant_id, settings=BY_INDEX) as conn:
                # What agents said of these calls may have them called again.
                await campaign_store.promising(conn, tenant_id=tenant_id)
                for _, run in groupby(batch, key=lambda note: note.call is None):
                    await _write_run(conn, list(run))
            return
        except PostgresDown:
            raise
        except Exception as error:
            if len(batch) == 1:
                self._drop(tenant_id, batch[0], error)
                return
        for note in batch:
            await self._write(tenant_id, [note])

    @staticmethod
    def _drop(tenant_id: UUID, note: _Note, error: Exception) -> None:
        """A note that can never be written must not hold up those of all other calls."""
        metrics.LOST_NOTES.inc()
        _log.error(
            "A note about an attempt was refused.",
            exc_info=error,
            extra={"tenant": str(tenant_id), "attempt": str(note.attempt_id), "what": note.what},
        )


async def _write_run(conn: Connection, notes: Sequence[_Note]) -> None:
    """Write notes that are all about calls, or none of them."""
    calls = [note.call for note in notes if note.call is not None]
    if calls:
        await call_notes.write(conn, calls)
    for note in notes:
        if note.write is not None:
            await note.write(conn)
