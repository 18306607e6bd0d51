"""A recorder's database and its stores."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.conftest import MakeDatabase
from tests.support.postgres import Database

from ringway.recorder.job_store import JobStore
from ringway.runtime.postgres import Pool


@pytest.fixture
async def database(make_database: MakeDatabase) -> Database:
    return await make_database("recorder")


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    async with Pool.open(database.dsn("ringway_recorder"), application_name="test") as pool:
        yield pool


@pytest.fixture
def jobs(pool: Pool) -> JobStore:
    return JobStore(pool, claimer="recorder-0")
