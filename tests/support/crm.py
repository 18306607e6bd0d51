"""The CRM API over real PostgreSQL and NATS, with stand-ins for the services behind the bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from argon2 import PasswordHasher
from tests.support.behind_crm import Behind
from tests.support.config_floors import config_floors
from tests.support.dialer_requests import dialer_requests
from tests.support.nats import PASSWORD, NatsServer
from tests.support.postgres import Database

from ringway.crm_api.__main__ import open_deps
from ringway.crm_api.access import PLATFORM_ROLES, Role
from ringway.crm_api.app import create_app
from ringway.crm_api.auth.passwords import Passwords
from ringway.crm_api.config import Settings
from ringway.crm_api.deps import Deps
from ringway.crm_api.tenants.service import ensure_platform
from ringway.runtime.clock import utcnow
from ringway.runtime.service import Lifecycle

SERVICES = ("acd", "dialer", "recorder", "crm_api")
PLATFORM_PASSWORD = "platform-password"
USER_PASSWORD = "a good password"
# The least that the algorithm allows: tests are about who gets in, not about cost.
_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Clock:
    """The wall clock, which a test may put forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._stopped_at: datetime | None = None

    def __call__(self) -> datetime:
        return (self._stopped_at or utcnow()) + self._ahead

    def stop(self) -> None:
        """Let no time pass from now on but by :meth:`forward`."""
        self._stopped_at = utcnow()

    def forward(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


@dataclass
class Signed:
    """An HTTP client with somebody's token."""

    http: httpx.AsyncClient
    token: str
    refresh_token: str
    user_id: str = ""

    async def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return await self.http.request(method, f"/api/v1{path}", headers=headers, **more)

    async def get(self, path: str, **more: Any) -> Any:
        """GET that must succeed; returns the body."""
        return ok(await self("GET", path, **more))

    async def post(self, path: str, json: Any = None, **more: Any) -> Any:
        """POST that must succeed; returns the body."""
        return ok(await self("POST", path, json=json, **more))

    async def put(self, path: str, json: Any = None, **more: Any) -> Any:
        """PUT that must succeed; returns the body."""
        return ok(await self("PUT", path, json=json, **more))


def ok(response: httpx.Response) -> Any:
    """Return the body of a response that is a success."""
    assert response.is_success, f"{response.status_code} {response.text}"
    return response.json() if response.content else None


def refused(response: httpx.Response, status: int, code: str) -> Any:
    """Return the problem that a response is, which must be this one."""
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert body["status"] == status
    assert body["type"] == f"urn:ringway:problem:{code}"
    return body


@dataclass
class Crm:
    """The application of one test, and ways to become somebody."""

    deps: Deps
    http: httpx.AsyncClient
    behind: Behind
    clock: Clock
    database: Database
    nats: NatsServer
    configuration: AsyncExitStack  # close it, and nobody answers for the ACD's configuration
    dialer: AsyncExitStack  # close it, and nobody answers for the dialer's rows
    platform: Signed = field(init=False)

    async def sign_in(self, login: str, password: str = USER_PASSWORD) -> Signed:
        response = await self.http.post(
            "/api/v1/auth/token",
            data={"grant_type": "password", "username": login, "password": password},
        )
        body = ok(response)
        return Signed(self.http, body["access_token"], body["refresh_token"])

    def forget_guard_freshness(self) -> None:
        """Make what the guard knows a little old, so that it asks again."""
        for known in self.deps.guard._known.values():
            known.asked_at -= 10

    async def open_tenant(self, slug: str) -> Signed:
        """Open an enterprise and return its first admin."""
        admin = {"username": "boss", "password": USER_PASSWORD}
        await self.platform.post("/tenants", {"slug": slug, "name": slug, "admin": admin})
        return await self.sign_in(f"boss@{slug}")

    async def user(
        self, by: Signed, slug: str, role: Role, name: str = "", number: str | None = None
    ) -> Signed:
        """Create a user and sign in as him."""
        name = name or role.replace("_", "-")
        new = {"username": name, "password": USER_PASSWORD, "role": role}
        made = await by.post("/users", {**new, "agent_number": number})
        login = name if role in PLATFORM_ROLES else f"{name}@{slug}"
        signed = await self.sign_in(login)
        return replace(signed, user_id=made["user_id"])


@asynccontextmanager
async def running_crm(
    database: Database, nats: NatsServer, folder: Path, **changed: Any
) -> AsyncIterator[Crm]:
    """Run the application inside of this process."""
    settings = Settings(
        postgres_dsn=database.dsn("ringway_crm_api"),
        nats_url=nats.url,
        nats_user="crm_api",
        nats_password=PASSWORD,
        http_port=0,
        token_secret="t" * 32,
        media_secret="m" * 32,
        sip_address="127.0.0.1:17005",
        sip_ws="ws://127.0.0.1:17004/ws",
        platform_admin_password=PLATFORM_PASSWORD,
        work_dir=folder,
        **{"recorder_url": "http://127.0.0.1:9", **changed},
    )
    clock = Clock()
    async with AsyncExitStack() as stack:
        deps = await stack.enter_async_context(open_deps(settings, Lifecycle(ready=True)))
        deps = replace(deps, now=clock, passwords=Passwords(_CHEAP))
        acd = await stack.enter_async_context(nats.bus("acd"))
        dialer = await stack.enter_async_context(nats.bus("dialer"))
        owner = await asyncpg.connect(database.dsn("ringway_owner"))
        stack.push_async_callback(owner.close)
        behind = Behind(owner)
        await behind.attach(acd, dialer)
        dialer_parts = await stack.enter_async_context(AsyncExitStack())
        await dialer_parts.enter_async_context(dialer_requests(database, nats))
        transport = httpx.ASGITransport(create_app(deps), raise_app_exceptions=False)
        http = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://crm", timeout=30)
        )
        await ensure_platform(deps)
        configuration = await stack.enter_async_context(AsyncExitStack())
        acd_config = await configuration.enter_async_context(nats.bus("acd", name="acd-config"))
        await configuration.enter_async_context(config_floors(database, acd_config))
        crm = Crm(deps, http, behind, clock, database, nats, configuration, dialer_parts)
        crm.platform = await crm.sign_in("admin", PLATFORM_PASSWORD)
        yield crm


async def rows_of(crm: Crm, sql: str, *args: Any) -> list[asyncpg.Record]:
    """Look behind the application's back, as the owner of the tables."""
    return await asyncio.wait_for(crm.behind.owner.fetch(sql, *args), 5)
