"""The CRM API behind a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.crm import SERVICES, Crm, running_crm
from tests.support.nats import NatsServer
from tests.support.postgres import PostgresServer


@pytest.fixture
async def crm(postgres: PostgresServer, nats: NatsServer, tmp_path: Path) -> AsyncIterator[Crm]:
    """An application with the platform's first admin signed in."""
    database = await postgres.create_database(SERVICES)
    try:
        async with running_crm(database, nats, tmp_path) as running:
            yield running
    finally:
        await postgres.drop_database(database)
