"""One started centre for all tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from tests.support.front_centre import FrontCentre, front_centre
from tests.support.postgres import PostgresServer
from tests.support.shared import Shared, parts, shared


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centres(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> AsyncIterator[Shared[FrontCentre]]:
    @asynccontextmanager
    async def make() -> AsyncIterator[FrontCentre]:
        async with (
            parts(tmp_path_factory, postgres, "acd") as on,
            front_centre(on.folder, on.database, on.nats) as centre,
        ):
            yield centre

    async with shared(make) as centres:
        yield centres


@pytest_asyncio.fixture(loop_scope="module")
async def centre(centres: Shared[FrontCentre], request: pytest.FixtureRequest) -> FrontCentre:
    return await centres.for_test(request.node)
