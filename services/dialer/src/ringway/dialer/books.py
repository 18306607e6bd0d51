"""What happened to calls, written to PostgreSQL in order, sooner or later.

Calls end while PostgreSQL is away. Their notes wait here in memory and are written when it is
back; until then no new call is started, so they are bounded by the calls that were under way.
Every note is idempotent, because a commit whose answer was lost is repeated. If this process dies
first, the next one finds the attempts open and settles them from Asterisk (see recovery.py).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from ringway.dialer import (
    attempt_store,
    callback_store,
    disposition_store,
    dnc_store,
    facts,
    law_store,
    metrics,
    mode_store,
)
from ringway.dialer.attempt_store import End
from ringway.dialer.core.retry import Closed, DialAgain
from ringway.dialer.dnc_store import OWN_LIST
from ringway.dialer.law_store import Refusal
from ringway.dialer.mode_store import Skipped
from ringway.dialer.model import Attempt
from ringway.proto.dialer import AttemptDisposition
from ringway.proto.dialer_law import DncRow
from ringway.runtime import outbox
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import Connection, Pool

_log = logging.getLogger("ringway.dialer.books")

SCHEMA = "dialer"
_BATCH = 100
_RETRY_S = 0.25

Write = Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Note:
    tenant_id: UUID
    attempt_id: UUID
    what: str
    write: Write


class Books:
    """The dialer's ledger of attempts. ``run`` is a worker."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._notes: deque[_Note] = deque()
        self._wake = asyncio.Event()
        self._added = 0
        self._written = 0
        self._progress = asyncio.Condition()

    @property
    def pending(self) -> int:
        """Notes that are not in PostgreSQL yet."""
        return len(self._notes)

    def is_pending(self, attempt_id: UUID) -> bool:
        """Whether a note of this attempt waits."""
        return any(note.attempt_id == attempt_id for note in self._notes)

    # -- notes -----------------------------------------------------------------------------------

    def placed(self, attempt: Attempt, at: datetime, reserved_agent_id: str | None) -> None:
        """Asterisk has the call."""

        async def write(conn: Connection) -> None:
            if await attempt_store.note_placed(
                conn,
                tenant_id=UUID(attempt.tenant),
                attempt_id=attempt.attempt_id,
                placed_at=at,
                reserved_agent_id=reserved_agent_id,
                caller_id=attempt.caller_id,
            ):
                await outbox.add(conn, SCHEMA, facts.started(attempt, at))

        self._put(attempt, "placed", write)

    def answered(self, attempt: Attempt, at: datetime) -> None:
        """The far end answered."""

        async def write(conn: Connection) -> None:
            if await attempt_store.note_answered(
                conn,
                tenant_id=UUID(attempt.tenant),
                attempt_id=attempt.attempt_id,
                answered_at=at,
            ):
                await outbox.add(conn, SCHEMA, facts.answered(attempt, at))

        self._put(attempt, "answered", write)

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

        async def write(conn: Connection) -> None:
            if await attempt_store.end(
                conn,
                tenant_id=UUID(attempt.tenant),
                attempt_id=attempt.attempt_id,
                how=how,
                then=then,
            ):
                await disposition_store.attempt_ended(conn, attempt, how, then)
                await outbox.add(conn, SCHEMA, facts.ended(attempt, how, placed_at, answered_at))

        self._put(attempt, "ended", write)

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

    def _put(self, attempt: Attempt, what: str, write: Write) -> None:
        self._notes.append(_Note(UUID(attempt.tenant), attempt.attempt_id, what, write))
        self._added += 1
        metrics.UNWRITTEN.set(len(self._notes))
        self._wake.set()

    # -- writing ---------------------------------------------------------------------------------

    async def synced(self, timeout_s: float) -> bool:
        """Wait until everything noted before this call is written; False: not in time."""
        mark = self._added
        try:
            async with asyncio.timeout(timeout_s), self._progress:
                await self._progress.wait_for(lambda: self._written >= mark)
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Write notes until cancelled, through losses of PostgreSQL."""
        while True:
            self._wake.clear()
            if not self._notes:
                await self._wake.wait()
            batch = self._next_batch()
            try:
                await self._write(batch)
            except PostgresDown:
                await asyncio.sleep(_RETRY_S)
                continue
            for _ in batch:
                self._notes.popleft()
            self._written += len(batch)
            metrics.UNWRITTEN.set(len(self._notes))
            async with self._progress:
                self._progress.notify_all()

    def _next_batch(self) -> list[_Note]:
        """Return the notes at the front that are of one tenant."""
        first = self._notes[0].tenant_id
        batch = []
        for note in islice(self._notes, _BATCH):
            if note.tenant_id != first:
                break
            batch.append(note)
        return batch

    async def _write(self, batch: list[_Note]) -> None:
        """Write a batch in one transaction, or one by one when something in it is wrong."""
        try:
            async with self._pool.tenant(batch[0].tenant_id) as conn:
                for note in batch:
                    await note.write(conn)
            return
        except PostgresDown:
            raise
        except Exception as error:
            if len(batch) == 1:
                self._drop(batch[0], error)
                return
        for note in batch:
            await self._write([note])

    @staticmethod
    def _drop(note: _Note, error: Exception) -> None:
        """A note that can never be written must not hold up those of all other calls."""
        metrics.LOST_NOTES.inc()
        _log.error(
            "A note about an attempt was refused.",
            exc_info=error,
            extra={"tenant": str(note.tenant_id), "attempt": str(note.attempt_id),
                   "what": note.what},
        )  # fmt: skip
