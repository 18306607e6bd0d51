"""The database under the bench of the API: a server of its own, filled once and kept if wanted."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID, uuid5

import asyncpg
from bench.crm import people
from bench.crm.people import Tenant
from tests.support.crm import SERVICES, Crm, running_crm
from tests.support.nats import NatsServer
from tests.support.postgres import Database, PostgresServer

from ringway.cli.say import say, step
from ringway.crm_api.access import Role
from ringway.crm_api.objects import key_columns
from ringway.runtime.migrate import migrate, migrations_folder
from ringway.runtime.postgres import Connection

BOSS, AGENT = "boss", "ann"
_MARK = "ground.json"
_GIB = 1 << 30
_DESIGN = {
    "kind": "customer",
    "name": "Customers",
    "fields": list(people.FIELDS),
    "lists": list(people.LISTS),
}


@dataclass(frozen=True, slots=True)
class Ground:
    """Where everything is. ``tenants[0]`` is the big one."""

    server: PostgresServer
    nats: NatsServer
    database: Database
    tenants: tuple[Tenant, ...]
    took_s: float
    bytes: int

    @property
    def big(self) -> Tenant:
        return self.tenants[0]

    async def admin(self) -> asyncpg.Connection[asyncpg.Record]:
        """Open a connection that sees everything."""
        return await asyncpg.connect(self.database.dsn("ringway_admin"))


@asynccontextmanager
async def ground(folder: Path, customers: int, interactions: int) -> AsyncIterator[Ground]:
    """Start the servers, and make the data unless ``folder`` has what is wanted already."""
    mark = folder / _MARK
    wanted = {"customers": customers, "interactions": interactions}
    kept = json.loads(mark.read_text()) if mark.exists() else None
    if kept is None or kept["wanted"] != wanted:
        shutil.rmtree(folder / "postgres", ignore_errors=True)
        mark.unlink(missing_ok=True)
        kept = None
    os.makedirs(folder, exist_ok=True)
    shutil.rmtree(folder / "nats", ignore_errors=True)
    server = PostgresServer(folder / "postgres", _settings())
    nats = NatsServer(folder / "nats")
    try:
        await nats.start()
        if kept is None:
            kept = await _made(server, nats, folder, wanted)
            mark.write_text(json.dumps(kept))
        await server.start()
        database = Database(kept["database"], server.port)
        # What has been added since to the schema comes as it comes to an installation.
        done = await migrate(
            database.dsn("ringway_owner"), [(name, migrations_folder(name)) for name in SERVICES]
        )
        say(f"Data of {folder}; migrations since: {len(done)}")
        if await _listed(database, nats, folder, kept):
            mark.write_text(json.dumps(kept))
        tenants = tuple(_tenant(each) for each in kept["tenants"])
        yield Ground(server, nats, database, tenants, kept["took_s"], kept["bytes"])
        admin = await asyncpg.connect(database.dsn("ringway_admin"))
        await admin.execute("CHECKPOINT")  # a kept one starts soon
        await admin.close()
    finally:
        nats.stop()
        server.stop()


async def _made(
    server: PostgresServer, nats: NatsServer, folder: Path, wanted: dict[str, int]
) -> dict[str, Any]:
    began = monotonic()
    database = await server.create_database(SERVICES)
    customers = people.shares(wanted["customers"])
    interactions = people.shares(wanted["interactions"])
    async with running_crm(database, nats, folder) as crm:
        tenants = [
            await _open(crm, slug, customers[slug], interactions[slug]) for slug in customers
        ]
    admin = await asyncpg.connect(database.dsn("ringway_admin"))
    other = await asyncpg.connect(database.dsn("ringway_admin"))
    try:
        with step(f"Making {wanted['customers']} customers, {wanted['interactions']} interactions"):
            await people.make(admin, other, tenants)
        size = await admin.fetchval("SELECT pg_database_size(current_database())")
    finally:
        await other.close()
        await admin.close()
    say(f"The database has {size / _GIB:.1f} GiB")
    return {
        "wanted": wanted,
        "database": database.name,
        "tenants": [_plain(each) for each in tenants],
        "took_s": round(monotonic() - began, 1),
        "bytes": size,
    }


async def _open(crm: Crm, slug: str, customers: int, interactions: int) -> Tenant:
    """Open an enterprise as an operator does, and index fields of its own."""
    boss = await crm.open_tenant(slug)
    agent = await crm.user(boss, slug, Role.AGENT, AGENT, "1001")
    await boss.post("/objects", _DESIGN)
    while await key_columns.build_some(crm.deps.pool):
        pass
    owner = crm.behind.owner
    tenant_id = await owner.fetchval("SELECT tenant_id FROM crm.tenant WHERE slug = $1", slug)
    columns = await _columns(owner, slug, tenant_id)
    others = [uuid5(tenant_id, f"agent {n}") for n in range(1, people.AGENTS)]
    return Tenant(slug, tenant_id, customers, interactions, [UUID(agent.user_id), *others], columns)


async def _columns(conn: Connection, slug: str, tenant_id: UUID) -> dict[str, str]:
    rows = await conn.fetch(
        "SELECT key, key_column FROM crm.data_object_key WHERE tenant_id = $1", tenant_id
    )
    columns = {row["key"]: row["key_column"] for row in rows}
    indexed = sum(bool(each.get("is_indexed")) for each in people.FIELDS)
    if len(columns) != indexed + len(people.LISTS):
        raise RuntimeError(f"{slug}: not all fields and lists are indexed: {columns}")
    return columns


async def _listed(database: Database, nats: NatsServer, folder: Path, kept: dict[str, Any]) -> bool:
    """Give customers who were made before there were lists what lists have; return whether so."""
    if all(any(":" in key for key in each["columns"]) for each in kept["tenants"]):
        return False
    async with running_crm(database, nats, folder) as crm:
        for each in kept["tenants"]:
            boss = await crm.sign_in(f"{BOSS}@{each['slug']}")
            (found,) = (await boss.get("/objects?kind=customer"))["items"]
            await boss.put(f"/objects/{found['object_id']}", _DESIGN, headers={"If-Match": "*"})
            tenant_id = UUID(each["tenant_id"])
            each["columns"] = await _columns(crm.behind.owner, each["slug"], tenant_id)
    admin = await asyncpg.connect(database.dsn("ringway_admin"))
    try:
        with step("Making lists of customers"):
            await people.add_lists(admin, [_tenant(each) for each in kept["tenants"]])
    finally:
        await admin.close()
    return True


def _plain(tenant: Tenant) -> dict[str, Any]:
    members = {name: getattr(tenant, name) for name in Tenant.__dataclass_fields__}
    agents = [str(each) for each in tenant.agents]
    return {**members, "tenant_id": str(tenant.tenant_id), "agents": agents}


def _tenant(kept: dict[str, Any]) -> Tenant:
    agents = [UUID(each) for each in kept["agents"]]
    return Tenant(**{**kept, "tenant_id": UUID(kept["tenant_id"]), "agents": agents})


def _settings() -> dict[str, str]:
    """Return what an operator would set on a server of this size, and what makes filling quick."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "shared_buffers": f"{min(4 * _GIB, memory // 4) >> 20}MB",
        "effective_cache_size": f"{memory // 2 >> 20}MB",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "30min",
    }
