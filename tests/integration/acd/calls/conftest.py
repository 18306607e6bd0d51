"""One started centre for all tests of a module, and a fresh desk for each."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.acd_centre import AcdCentre, acd_centre
from tests.support.call_desk import Desk, desk_on
from tests.support.nats import NatsServer
from tests.support.postgres import PostgresServer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> AsyncIterator[AcdCentre]:
    folder = tmp_path_factory.mktemp("centre")
    database = await postgres.create_database(("acd",))
    nats = NatsServer(folder / "nats")
    await nats.start()
    try:
        async with acd_centre(folder, database, nats) as centre:
            yield centre
    finally:
        nats.stop()
        await postgres.drop_database(database)


@pytest_asyncio.fixture(loop_scope="module")
async def desk(centre: AcdCentre) -> AsyncIterator[Desk]:
    async with desk_on(centre) as desk:
        yield desk
