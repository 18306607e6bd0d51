"""One centre for the tests of a module; each has agents and campaigns of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from tests.support.dialer_centre import DialerCentre, dialer_centre
from tests.support.postgres import PostgresServer
from tests.support.shared import Shared, parts, shared


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centres(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> AsyncIterator[Shared[DialerCentre]]:
    @asynccontextmanager
    async def make() -> AsyncIterator[DialerCentre]:
        async with (
            parts(tmp_path_factory, postgres, "dialer", "acd") as on,
            dialer_centre(on.folder, on.database, on.nats) as centre,
        ):
            yield centre

    async with shared(make) as centres:
        yield centres


@pytest_asyncio.fixture(loop_scope="module")
async def centre(centres: Shared[DialerCentre], request: pytest.FixtureRequest) -> DialerCentre:
    return await centres.for_test(request.node)
