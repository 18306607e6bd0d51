"""The least that answers the same question: FastAPI, asyncpg, one query, nobody who checks.

``/customers/{id}`` asks as one writes it with asyncpg's pool, which puts every connection back as
it was; ``/lean/{id}`` has a pool that does not. Both answer in the shape of Ringway.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
from fastapi import FastAPI, HTTPException

from ringway.crm_api.customers.fields import Fields
from ringway.crm_api.customers.schemas import CustomerView
from ringway.crm_api.customers.service import view
from ringway.crm_api.customers.store import COLUMNS, customer_of

_QUERY = f"SELECT {COLUMNS} FROM crm.customer c WHERE c.tenant_id = $1 AND c.customer_id = $2"


def make_app(dsn: str, tenant_id: UUID) -> FastAPI:
    """Return the application."""
    pools: dict[str, asyncpg.Pool[asyncpg.Record]] = {}
    settings = {"ringway.tenant_id": str(tenant_id)}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with (
            asyncpg.create_pool(dsn, max_size=16, server_settings=settings) as usual,
            asyncpg.create_pool(
                dsn, max_size=16, server_settings=settings, reset=_as_it_is
            ) as lean,
        ):
            pools.update(usual=usual, lean=lean)
            yield

    app = FastAPI(lifespan=lifespan)

    async def find(which: str, customer_id: UUID) -> CustomerView:
        row = await pools[which].fetchrow(_QUERY, tenant_id, customer_id)
        if row is None:
            raise HTTPException(404)
        return view(customer_of(row), Fields(), datetime.now(UTC).date())

    @app.get("/customers/{customer_id}")
    async def get_customer(customer_id: UUID) -> CustomerView:
        return await find("usual", customer_id)

    @app.get("/lean/{customer_id}")
    async def get_lean(customer_id: UUID) -> CustomerView:
        return await find("lean", customer_id)

    return app


async def _as_it_is(_: Any) -> None:
    return None


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--tenant", type=UUID, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    uvicorn.run(
        make_app(arguments.dsn, arguments.tenant),
        port=arguments.port,
        http="httptools",
        loop="uvloop",
        access_log=False,
        log_level="warning",
        server_header=False,
    )
