"""Notes about calls on a real PostgreSQL: many at once, in order, once, and whatever is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from tests.conftest import MakeDatabase

from ringway.dialer import campaign_store, lead_store
from ringway.dialer.attempt_store import End
from ringway.dialer.books import Books
from ringway.dialer.core.retry import Closed, ClosedReason, DialAgain
from ringway.dialer.gate import Gate
from ringway.dialer.model import BY_INDEX, Attempt
from ringway.proto.dialer import (
    AttemptDisposition,
    CampaignMode,
    CampaignSpec,
    CampaignState,
    LeadRow,
)
from ringway.runtime.clock import utcnow
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

_LIMIT_S = 30.0


@pytest.fixture
async def pool(make_database: MakeDatabase) -> AsyncIterator[Pool]:
    dsn = (await make_database("dialer")).dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=6, application_name="test") as pool:
        yield pool


@pytest.fixture
async def books(pool: Pool) -> AsyncIterator[Books]:
    books = Books(pool)
    task = asyncio.create_task(books.run())
    yield books
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _claimed(pool: Pool, tenant: UUID, leads: int) -> list[Attempt]:
    """Attempts of a running campaign of a tenant, one for each of its leads."""
    spec = CampaignSpec(
        name="c", project_id="p", mode=CampaignMode.SCREENING, list_ids=("l",), trunk_id="t"
    )
    rows = [LeadRow(lead_id=f"lead-{n}", phone_e164=f"+40215{n:06}") for n in range(leads)]
    async with pool.tenant(tenant, settings=BY_INDEX) as conn:
        await campaign_store.put_project(conn, tenant_id=tenant, project_id="p", name="P")
        await lead_store.put_list(conn, tenant_id=tenant, list_id="l", name="L")
        await campaign_store.put_campaign(conn, tenant_id=tenant, campaign_id="c", spec=spec)
        await campaign_store.set_state(
            conn, tenant_id=tenant, campaign_id="c", state=CampaignState.RUNNING
        )
        await lead_store.add_leads(
            conn, tenant_id=tenant, list_id="l", batch_id="b", chunk_no=0, rows=rows
        )
    async with pool.tenant(tenant, settings=BY_INDEX) as conn:
        claimed = await Gate(tenant, "c", spec).claim(conn, nodes=["ast-0"] * leads, now=utcnow())
    assert len(claimed) == leads
    return list(claimed)


def _note_calls(books: Books, attempts: Iterable[Attempt]) -> None:
    """Placed and busy, but for every second, which is answered and reached."""
    for n, attempt in enumerate(attempts):
        now = utcnow()
        books.placed(attempt, now, None)
        answered_at = now if n % 2 else None
        if answered_at is not None:
            books.answered(attempt, answered_at)
        how = End(now, AttemptDisposition.SERVED if n % 2 else AttemptDisposition.BUSY, 16, 0, None)
        then = Closed(ClosedReason.REACHED) if n % 2 else DialAgain(60)
        books.ended(attempt, how, then, placed_at=now, answered_at=answered_at)


async def _told(pool: Pool, tenant: UUID) -> list[str]:
    async with pool.tenant(tenant) as conn:
        rows = await conn.fetch("SELECT message_id FROM dialer.outbox ORDER BY id")
    return [row["message_id"] for row in rows]


async def test_the_notes_of_many_calls_are_written_and_told_in_order_and_once(
    pool: Pool, books: Books
) -> None:
    tenant = uuid4()
    attempts = await _claimed(pool, tenant, 5)
    _note_calls(books, attempts)
    _note_calls(books, attempts)  # as after a commit whose answer was lost
    assert await books.synced(_LIMIT_S)
    assert books.pending == 0
    kinds = (("started", "ended"), ("started", "answered", "ended"))
    assert await _told(pool, tenant) == [
        f"{attempt.attempt_id}-{kind}"
        for n, attempt in enumerate(attempts)
        for kind in kinds[n % 2]
    ]
    async with pool.tenant(tenant) as conn:
        rows = await conn.fetch(
            "SELECT t.disposition, t.answered_at IS NOT NULL AS is_answered, l.closed_reason,"
            " l.last_disposition, l.open_attempt_id, l.next_attempt_at > now() AS is_later"
            " FROM dialer.attempt t JOIN dialer.lead l USING (tenant_id, lead_id)"
            " WHERE t.placed_at IS NOT NULL AND t.ended_at = l.last_attempt_at"
            " ORDER BY l.position"
        )
    busy = ("busy", False, None, "busy", None, True)
    served = ("served", True, "reached", "served", None, False)
    assert [tuple(row) for row in rows] == [busy, served, busy, served, busy]


async def test_a_note_that_can_never_be_written_holds_up_no_other(pool: Pool, books: Books) -> None:
    tenant, other = uuid4(), uuid4()
    first, second = await _claimed(pool, tenant, 2)
    (third,) = await _claimed(pool, other, 1)
    bad = replace(first, caller_id="no text of PostgreSQL has a \0")
    books.placed(bad, utcnow(), None)
    books.given_back(first)
    _note_calls(books, [second])
    _note_calls(books, [third])
    assert await books.synced(_LIMIT_S)
    assert await _told(pool, tenant) == [
        f"{second.attempt_id}-started",
        f"{second.attempt_id}-ended",
    ]
    assert await _told(pool, other) == [f"{third.attempt_id}-started", f"{third.attempt_id}-ended"]
    async with pool.tenant(tenant) as conn:
        lead = await conn.fetchrow(
            "SELECT attempts, open_attempt_id FROM dialer.lead WHERE lead_id = 'lead-0'"
        )
    assert lead is not None
    assert tuple(lead) == (0, None)
