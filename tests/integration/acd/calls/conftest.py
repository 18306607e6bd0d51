"""One started centre for all tests of a module, and a fresh desk for each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from tests.support.acd_centre import AcdCentre, acd_centre
from tests.support.call_desk import Desk, desk_on
from tests.support.postgres import PostgresServer
from tests.support.shared import Shared, parts, shared


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centres(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> AsyncIterator[Shared[AcdCentre]]:
    @asynccontextmanager
    async def make() -> AsyncIterator[AcdCentre]:
        async with (
            parts(tmp_path_factory, postgres, "acd") as on,
            acd_centre(on.folder, on.database, on.nats) as centre,
        ):
            yield centre

    async with shared(make) as centres:
        yield centres


@pytest_asyncio.fixture(loop_scope="module")
async def centre(centres: Shared[AcdCentre], request: pytest.FixtureRequest) -> AcdCentre:
    return await centres.for_test(request.node)


@pytest_asyncio.fixture(loop_scope="module")
async def desk(centre: AcdCentre) -> AsyncIterator[Desk]:
    async with desk_on(centre) as desk:
        yield desk
