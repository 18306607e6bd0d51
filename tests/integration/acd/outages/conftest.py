"""One started centre for all tests of a module; its ACD can die, or lose Asterisk."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.call_desk import Desk, desk_on
from tests.support.cut_proxy import cut_proxy
from tests.support.front_centre import FrontCentre, front_centre
from tests.support.nats import NatsServer
from tests.support.outages import Outages
from tests.support.postgres import PostgresServer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outages(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> AsyncIterator[Outages]:
    folder = tmp_path_factory.mktemp("centre")
    database = await postgres.create_database(("acd",))
    nats = NatsServer(folder / "nats")
    await nats.start()
    try:
        async with (
            front_centre(folder, database, nats, proxied=cut_proxy) as centre,
            nats.bus("acd") as bus,
        ):
            yield Outages(centre, bus)
    finally:
        nats.stop()
        await postgres.drop_database(database)


@pytest.fixture(scope="module")
def centre(outages: Outages) -> FrontCentre:
    return outages.centre


@pytest_asyncio.fixture(loop_scope="module")
async def desk(outages: Outages, centre: FrontCentre) -> AsyncIterator[Desk]:
    outages.began = len(centre.acd.facts)
    async with desk_on(centre.acd) as desk:
        yield desk
