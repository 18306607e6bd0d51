"""One centre for each test that wants one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.conftest import MakeDatabase
from tests.support.dialer_centre import DialerCentre, dialer_centre
from tests.support.nats import NatsServer


@pytest.fixture
async def centre(
    tmp_path: Path, make_database: MakeDatabase, nats: NatsServer
) -> AsyncIterator[DialerCentre]:
    async with dialer_centre(tmp_path, await make_database("dialer", "acd"), nats) as centre:
        yield centre
