"""Proofs that are too old are removed, by the enterprise's period or the platform's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.conftest import MakeDatabase

from ringway.dialer import dnc_store, retention_store
from ringway.proto.dialer_law import DncRow
from ringway.runtime.clock import utcnow
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

STAYS, LEFT = "+442071830001", "+442071830002"
DAYS = (10, 50, 150)  # of age


@pytest.fixture
async def pool(make_database: MakeDatabase) -> AsyncIterator[Pool]:
    dsn = (await make_database("dialer")).dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=2, application_name="test") as pool:
        yield pool


async def _fill(pool: Pool, tenant: UUID, now: datetime) -> None:
    """Have refusals and changes of three ages, and two numbers of which one left its list."""
    key: dict[str, Any] = {"tenant_id": tenant, "list_id": "own", "by": "boss"}
    async with pool.tenant(tenant) as conn:
        rows = [DncRow(phone_e164=number) for number in (STAYS, LEFT)]
        await dnc_store.add(conn, **key, source="t", rows=rows)
        await dnc_store.remove(conn, **key, phone_e164=LEFT, reason="asked")
        for age in DAYS:
            await conn.execute(
                "INSERT INTO dialer.refusal (tenant_id, refusal_id, campaign_id, lead_id, reason,"
                " refused_at) VALUES ($1, uuidv7($2::interval), 'c', 'l', 'min_interval', $3)",
                tenant, timedelta(days=-age), now - timedelta(days=age),
            )  # fmt: skip
            await conn.execute(
                "INSERT INTO dialer.dnc_change (tenant_id, change_id, list_id, action, phone_e164,"
                " done_at) SELECT $1, gen_random_uuid(), 'own', 'added', number, $3"
                " FROM unnest($2::text[]) AS number",
                tenant, [STAYS, LEFT], now - timedelta(days=age),
            )  # fmt: skip


async def _left(pool: Pool, tenant: UUID, now: datetime) -> tuple[list[int], int, int]:
    """The ages of refusals, and how many changes there are of each number."""
    async with pool.tenant(tenant) as conn:
        refusals = await conn.fetch("SELECT refused_at AS at FROM dialer.refusal ORDER BY 1 DESC")
        stays, left = [
            await conn.fetchval(
                "SELECT count(*) FROM dialer.dnc_change WHERE phone_e164 = $1", number
            )
            for number in (STAYS, LEFT)
        ]
    return [(now - row["at"]).days for row in refusals], stays, left


async def test_each_enterprise_keeps_proofs_for_its_own_period(pool: Pool) -> None:
    now = utcnow()
    own, other = uuid4(), uuid4()
    for tenant in (own, other):
        await _fill(pool, tenant, now)
    async with pool.tenant(own) as conn:
        assert await retention_store.get(conn, tenant_id=own) is None
        for days in (365, 30):  # the last word counts
            await retention_store.put(
                conn, tenant_id=own, refusal_days=days, dnc_change_days=100, by="boss"
            )
        assert await retention_store.get(conn, tenant_id=own) == (30, 100)
    async with pool.tenant(other) as conn:
        assert await retention_store.get(conn, tenant_id=other) is None
    async with pool.platform() as conn:
        gone = await retention_store.remove_old(conn, now=now, default_days=120, at_most=100)
        again = await retention_store.remove_old(conn, now=now, default_days=120, at_most=100)
    assert (gone, again) == (2 + 1 + 1 + 1, 0)
    # The number that is on the list keeps the proof of every addition.
    assert await _left(pool, own, now) == ([10], 4, 4)
    assert await _left(pool, other, now) == ([10, 50], 4, 4)


async def test_so_many_are_removed_at_a_time(pool: Pool) -> None:
    now, tenant = utcnow(), uuid4()
    await _fill(pool, tenant, now)
    async with pool.platform() as conn:
        gone = await retention_store.remove_old(
            conn, now=now + timedelta(days=400), default_days=30, at_most=2
        )
    assert gone == 4
    assert len((await _left(pool, tenant, now))[0]) == 1
