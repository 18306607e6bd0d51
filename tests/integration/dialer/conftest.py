"""One ACD and one dialer for all tests; each has a tenant, a trunk and customers of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest
from tests.support.dialer_centre import DialerCentre, centre_for
from tests.support.dialer_parts import SharedParts
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session")
def dialer_parts(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> Iterator[SharedParts]:
    shared = SharedParts(partial(tmp_path_factory.mktemp, "centre"), postgres)
    yield shared
    asyncio.run(shared.close())


@pytest.fixture
async def centre(
    dialer_parts: SharedParts, request: pytest.FixtureRequest
) -> AsyncIterator[DialerCentre]:
    async with centre_for(request.node, dialer_parts) as centre:
        yield centre
