"""One started centre for all tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.front_centre import FrontCentre, front_centre
from tests.support.nats import NatsServer
from tests.support.postgres import PostgresServer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> AsyncIterator[FrontCentre]:
    folder = tmp_path_factory.mktemp("centre")
    database = await postgres.create_database(("acd",))
    nats = NatsServer(folder / "nats")
    await nats.start()
    try:
        async with front_centre(folder, database, nats) as centre:
            yield centre
    finally:
        nats.stop()
        await postgres.drop_database(database)
