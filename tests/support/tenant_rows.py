"""What answers in the ACD and the dialer when all that they have of an enterprise shall go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import asyncpg
from tests.support.nats import NatsServer
from tests.support.postgres import Database

from ringway.proto.tenant_deletion import DeleteAcdTenantV1, DeleteDialerTenantV1
from ringway.runtime.postgres import Pool
from ringway.runtime.tenant_rows import TenantRows

SCHEMAS = ("crm", "acd", "dialer", "recorder")


@asynccontextmanager
async def row_deleters(
    database: Database, nats: NatsServer, services: tuple[str, ...] = ("acd", "dialer")
) -> AsyncIterator[None]:
    """Answer for as long as the context lasts, over each service's own user and role."""
    kinds = {"acd": DeleteAcdTenantV1, "dialer": DeleteDialerTenantV1}
    async with AsyncExitStack() as stack:
        for name in services:
            bus = await stack.enter_async_context(nats.bus(name, name=f"{name}-deletion"))
            pool = await stack.enter_async_context(
                Pool.open(
                    database.dsn(f"ringway_{name}"),
                    max_size=1,
                    application_name=f"{name}-deletion",
                )
            )
            await bus.respond(kinds[name], TenantRows(pool, name).delete)
        yield


async def owned(admin: asyncpg.Connection[asyncpg.Record], tenant_id: str) -> dict[str, int]:
    """Count the rows of a tenant in every table that has a tenant, as nobody but a superuser."""
    tables = await admin.fetch(
        """
        SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
         WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        """,
        list(SCHEMAS),
    )
    counts = {
        row["name"]: await admin.fetchval(
            f"SELECT count(*) FROM {row['name']} WHERE tenant_id = $1", UUID(tenant_id)
        )
        for row in tables
    }
    return {name: count for name, count in counts.items() if count}
