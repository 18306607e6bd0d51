"""The same as for its neighbours, on the event loop of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.dialer_centre import DialerCentre, centre_for
from tests.support.dialer_parts import SharedParts


@pytest_asyncio.fixture(loop_scope="module")
async def centre(
    dialer_parts: SharedParts, request: pytest.FixtureRequest
) -> AsyncIterator[DialerCentre]:
    async with centre_for(request.node, dialer_parts) as centre:
        yield centre
