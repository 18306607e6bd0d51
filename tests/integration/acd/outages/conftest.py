"""One started centre for all tests of a module; its ACD can die, or lose Asterisk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from tests.support.call_desk import Desk, desk_on
from tests.support.cut_proxy import CutProxy, cut_proxy
from tests.support.front_centre import FrontCentre, front_centre
from tests.support.outages import Outages
from tests.support.postgres import PostgresServer
from tests.support.shared import Shared, parts, shared


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def all_outages(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> AsyncIterator[Shared[Outages]]:
    @asynccontextmanager
    async def make() -> AsyncIterator[Outages]:
        async with (
            parts(tmp_path_factory, postgres, "acd") as on,
            front_centre(on.folder, on.database, on.nats, proxied=cut_proxy) as centre,
            on.nats.bus("acd") as bus,
        ):
            yield Outages(centre, bus)

    async with shared(make) as all_outages:
        yield all_outages


@pytest_asyncio.fixture(loop_scope="module")
async def outages(all_outages: Shared[Outages], request: pytest.FixtureRequest) -> Outages:
    return await all_outages.for_test(request.node)


@pytest.fixture
def centre(outages: Outages) -> FrontCentre:
    return outages.centre


@pytest_asyncio.fixture(loop_scope="module")
async def desk(outages: Outages, centre: FrontCentre) -> AsyncIterator[Desk]:
    outages.began = len(centre.acd.facts)
    async with desk_on(centre.acd) as desk:
        yield desk


@pytest.fixture
def proxy(centre: FrontCentre) -> CutProxy:
    assert centre.acd.proxy is not None
    return centre.acd.proxy
