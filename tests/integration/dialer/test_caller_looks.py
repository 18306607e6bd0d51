"""Caller ids on a real PostgreSQL: what calls change while the pools are being looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.conftest import MakeDatabase

from ringway.dialer import caller_store
from ringway.dialer.callers import Callers
from ringway.dialer.model import Attempt
from ringway.proto.dialer import AttemptDisposition, CampaignMode
from ringway.proto.dialer_pool import CallerNumberState, CallerPool
from ringway.runtime.clock import utcnow
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

NUMBERS = ("+442079460001", "+442079460002", "+442079460003")


@pytest.fixture
async def pool(make_database: MakeDatabase) -> AsyncIterator[Pool]:
    dsn = (await make_database("dialer")).dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=6, application_name="test") as pool:
        yield pool


async def _fill(pool: Pool, tenant: UUID) -> None:
    """A pool of numbers of which each is rested after ten calls that nobody answers."""
    settings = CallerPool(name="Pool", min_dials=10, expected_answer_rate=0.9)
    async with pool.tenant(tenant) as conn:
        await caller_store.put_pool(conn, tenant_id=tenant, pool_id="pool", pool=settings)
        await caller_store.allot(conn, tenant_id=tenant, phones_e164=NUMBERS, allotted_by="x")
        for number in NUMBERS:
            await caller_store.put_number(
                conn, tenant_id=tenant, phone_e164=number, pool_id="pool", agent_id=None,
                state=CallerNumberState.ACTIVE, daily_cap=None,
            )  # fmt: skip


def _attempt(tenant: UUID, number: str) -> Attempt:
    return Attempt(
        tenant=str(tenant), attempt_id=uuid4(), interaction_id=uuid4(), campaign_id="c",
        list_id="l", lead_id="lead", attempt_no=1, phone_e164="+40215000001", caller_id=number,
        mode=CampaignMode.SCREENING, trunk_id="t", node="ast-0", claimed_at=utcnow(),
    )  # fmt: skip


async def _states(pool: Pool, tenant: UUID) -> dict[str, str]:
    async with pool.tenant(tenant) as conn:
        rows = await conn.fetch("SELECT phone_e164, state FROM dialer.caller_number")
    return {row["phone_e164"]: row["state"] for row in rows}


async def test_a_number_that_is_rested_during_a_look_is_written_down_by_the_next(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = uuid4()
    await _fill(pool, tenant)
    callers = Callers(pool)

    def nobody_answers(number: str) -> None:
        for _ in range(10):
            attempt = _attempt(tenant, number)
            callers.ended("pool", attempt, AttemptDisposition.NO_ANSWER, is_answered=False)

    async with callers.turn(str(tenant)):
        await callers.room(str(tenant), "pool")
    nobody_answers(NUMBERS[0])
    note_state, version = caller_store.note_state, caller_store.version
    said, go_on = asyncio.Event(), asyncio.Event()

    async def slow_note(*args: Any, **more: Any) -> bool:
        done = await note_state(*args, **more)
        said.set()
        await go_on.wait()
        return done

    async def slow_version(*args: Any, **more: Any) -> str:
        found = await version(*args, **more)
        nobody_answers(NUMBERS[2])
        monkeypatch.undo()
        return found

    monkeypatch.setattr(caller_store, "note_state", slow_note)
    monkeypatch.setattr(caller_store, "version", slow_version)
    async with callers.turn(str(tenant)), asyncio.TaskGroup() as group:
        group.create_task(callers.look(str(tenant)))
        await said.wait()
        nobody_answers(NUMBERS[1])
        go_on.set()
    async with callers.turn(str(tenant)):
        await callers.look(str(tenant))
    assert await _states(pool, tenant) == dict.fromkeys(NUMBERS, CallerNumberState.RESTING)
