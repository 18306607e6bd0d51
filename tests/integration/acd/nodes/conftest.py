"""Two Asterisk nodes for all tests of a module, and a fresh desk for each."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.call_desk import Desk, desk_on
from tests.support.cut_proxy import cut_proxy
from tests.support.nats import NatsServer
from tests.support.node_pair import NodePair, node_pair
from tests.support.postgres import PostgresServer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> AsyncIterator[NodePair]:
    folder = tmp_path_factory.mktemp("pair")
    database = await postgres.create_database(("acd",))
    nats = NatsServer(folder / "nats")
    await nats.start()
    try:
        async with node_pair(folder, database, nats, cut_proxy) as pair:
            yield pair
    finally:
        nats.stop()
        await postgres.drop_database(database)


@pytest_asyncio.fixture(loop_scope="module")
async def desk(pair: NodePair) -> AsyncIterator[Desk]:
    """A desk; after each test nothing may be left on either node."""
    async with desk_on(pair.centre) as desk:
        yield desk
        await desk.close()
        await pair.until_empty()
