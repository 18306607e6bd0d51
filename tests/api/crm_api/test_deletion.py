"""The end of an enterprise: its data exported, kept for a time, and deleted everywhere."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.support.crm import Crm, Signed, refused, rows_of
from tests.support.matrix import make_objects
from tests.support.nats import NatsServer
from tests.support.postgres import PostgresServer, connect
from tests.support.tenant_rows import SCHEMAS, owned, row_deleters

from ringway.crm_api.access import Role
from ringway.crm_api.deletion.worker import DeletionWorker
from ringway.proto.acd import InteractionEndedV1
from ringway.proto.base import Request
from ringway.proto.tenant_deletion import (
    DeleteAcdTenantV1,
    TenantPartDeletedV1,
)
from ringway.recorder.app import serve_deletion
from ringway.recorder.audio_store import FolderStore
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Pool

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]

_WHY = {"reason": "a good reason"}


@asynccontextmanager
async def _services(crm: Crm, nats: NatsServer, store: FolderStore) -> AsyncIterator[None]:
    """What answers in the other services, over their own users and roles."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(row_deleters(crm.database, nats))
        bus = await stack.enter_async_context(nats.bus("recorder"))
        pool = await stack.enter_async_context(
            Pool.open(crm.database.dsn("ringway_recorder"), max_size=1, application_name="rec")
        )
        await serve_deletion(bus, pool, store)
        yield


async def _mentioned(admin: asyncpg.Connection[asyncpg.Record], text: str) -> set[str]:
    """Return the tables of all schemas in which a text stands anywhere."""
    tables = await admin.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
        "WHERE schemaname = ANY ($1)",
        list(SCHEMAS),
    )
    return {
        row["name"]
        for row in tables
        if await admin.fetchval(
            f"SELECT EXISTS (SELECT 1 FROM {row['name']} t WHERE strpos(t::text, $1) > 0)", text
        )
    }


async def _close(crm: Crm, tenant_id: str, days: int = 1) -> None:
    await crm.platform.post(f"/tenants/{tenant_id}/close", {**_WHY, "grace_days": days})


async def test_nothing_is_left_of_a_deleted_enterprise_but_its_tombstone(
    crm: Crm, nats: NatsServer, tmp_path: Path
) -> None:
    bosses = {slug: await crm.open_tenant(slug) for slug in ("acme", "other")}
    ids = {slug: await make_objects(crm, boss, slug) for slug, boss in bosses.items()}
    acme, other = ids["acme"]["tenant_id"], ids["other"]["tenant_id"]
    await crm.http.post(
        "/api/v1/auth/token",
        data={"grant_type": "password", "username": "boss@acme", "password": "wrong"},
    )
    store = FolderStore(tmp_path / "audio", owner="test")
    await store.open()
    for each in (acme, other):
        (tmp_path / "half").write_bytes(b"RIFF")
        await store.put(tmp_path / "half", f"{each}/900/00000001.wav")
    async with nats.bus("acd", name="facts") as bus:
        for each in (acme, other):
            fact = {"interaction_id": str(uuid7()), "agent_id": "x", "wrap_up_s": 1}
            await bus.publish(InteractionEndedV1(occurred_at=utcnow(), tenant=each, **fact))
    admin = await connect(crm.database, "ringway_admin")
    worker = DeletionWorker(crm.deps)
    try:
        async with _services(crm, nats, store):
            before = await owned(admin, acme)
            theirs = await owned(admin, other)
            assert len(before) > 40
            await _close(crm, acme)
            assert not await worker.step()  # its time is not over
            crm.clock.forward(86_401)
            crm.platform = await crm.sign_in("admin", "platform-password")
            assert await worker.step()
            assert await owned(admin, acme) == {}
            assert await owned(admin, other) == theirs
            assert await _mentioned(admin, acme) <= {
                "crm.tombstone",  # and what the platform's own people did
                "crm.audit_log",
                "crm.idempotency_key",
            }
            assert not await _mentioned(admin, "boss@acme")
            assert not (tmp_path / "audio" / acme).exists()
            assert (tmp_path / "audio" / other / "900" / "00000001.wav").exists()
            facts = crm.deps.bus.facts_from(other, 0)
            assert (await anext(facts))[1].split(".")[2] == other
            await facts.aclose()  # type: ignore[attr-defined]
            (left,) = (await crm.platform.get("/deleted-tenants"))["items"]
            assert (left["slug"], left["begun_by"]) == ("acme", "system")
            assert set(left["confirmed"]) == {"acd", "dialer", "recorder", "crm_api"}
            assert left["removed"]["recorder.files"] == 1
            assert left["removed"]["crm_api.customer"] >= 1
            removed = {f"{name.split('.')[1]}" for name in before}
            assert removed - {"tenant"} <= {name.split(".")[1] for name in left["removed"]}
            refused(await crm.platform("GET", f"/tenants/{acme}"), 404, "tenant_not_found")
            # What comes late is looked for once more.
            await rows_of(
                crm,
                "INSERT INTO crm.interaction_pending VALUES ($1, $2, '{}', now())",
                *(UUID(acme), uuid7()),
            )
            assert not await worker.step()
            crm.clock.forward(16 * 60)
            assert await worker.step()
            assert await owned(admin, acme) == {}
            crm.platform = await crm.sign_in("admin", "platform-password")
            (left,) = (await crm.platform.get("/deleted-tenants"))["items"]
            assert left["swept_at"] is not None
            assert not await worker.step()
            # Its name is free again.
            await crm.open_tenant("acme")
    finally:
        await admin.close()


async def test_a_deletion_that_is_killed_or_not_answered_goes_on(
    crm: Crm, nats: NatsServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    boss = await crm.open_tenant("acme")
    await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    tenant_id = (await boss.get("/me"))["tenant_id"]
    path = f"/tenants/{tenant_id}"
    refused(
        await crm.platform("POST", f"{path}/delete", json={"slug": "acme"}),
        409,
        "tenant_not_closed",
    )
    await _close(crm, tenant_id)
    refused(
        await crm.platform("POST", f"{path}/delete", json={"slug": "wrong"}), 422, "slug_mismatch"
    )
    assert (await crm.platform.post(f"{path}/delete", {"slug": "acme"}))["state"] == "deleting"
    for act in ("reopen", "close", "extend-grace", "delete"):
        body = {"slug": "acme"} if act == "delete" else {"grace_days": 3}
        more = {**body, **_WHY} if act == "close" else body
        refused(await crm.platform("POST", f"{path}/{act}", json=more), 409, "tenant_deleting")
    store = FolderStore(tmp_path / "audio", owner="test")
    await store.open()
    worker = DeletionWorker(crm.deps)
    assert await worker.step()  # nobody answers
    (left,) = (await crm.platform.get("/deleted-tenants"))["items"]
    assert "NobodyAnswers" in left["last_error"]
    assert left["deleted_at"] is None
    assert not await worker.step()  # it waits
    crm.clock.forward(31)
    hanging = asyncio.Event()

    async def hangs(request: Request) -> TenantPartDeletedV1:
        hanging.set()
        await asyncio.Event().wait()
        raise AssertionError(request)

    async with nats.bus("acd", name="hanging") as bus:
        await bus.respond(DeleteAcdTenantV1, hangs)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(worker.step())
            async with asyncio.timeout(20):
                await hanging.wait()
            task.cancel()  # as a kill would
    async with _services(crm, nats, store):
        assert not await worker.step()  # its claim is still held
        crm.clock.forward(121)
        assert await worker.step()
    crm.platform = await crm.sign_in("admin", "platform-password")
    (left,) = (await crm.platform.get("/deleted-tenants"))["items"]
    assert left["deleted_at"] is not None
    assert left["begun_by"] == "admin"


async def test_whoever_is_reopened_in_time_is_not_deleted_and_is_what_he_was(
    crm: Crm, nats: NatsServer
) -> None:
    boss = await crm.open_tenant("acme")
    tenant_id = (await boss.get("/me"))["tenant_id"]
    path = f"/tenants/{tenant_id}"
    await crm.platform.post(f"{path}/suspend")
    await _close(crm, tenant_id)
    await _close(crm, tenant_id, 2)  # once more: it is still what it was before
    assert (await crm.platform.post(f"{path}/reopen"))["state"] == "suspended"
    await crm.platform.post(f"{path}/resume")
    await _close(crm, tenant_id)
    view = await crm.platform.post(f"{path}/extend-grace", {"grace_days": 60})
    assert view["delete_after"] > view["closed_at"]
    crm.clock.forward(30 * 86_400)
    crm.platform = await crm.sign_in("admin", "platform-password")
    worker = DeletionWorker(crm.deps)
    assert not await worker.step()
    # Both at once, at the last moment: one of them wins, and nothing is in between.
    crm.clock.stop()
    crm.clock.forward(30 * 86_400 - 1)
    crm.platform = await crm.sign_in("admin", "platform-password")

    async def race() -> int:
        response = await crm.platform("POST", f"{path}/reopen")
        return response.status_code

    async def delete() -> bool:
        crm.clock.forward(2)
        return await worker.step()

    status, begun = await asyncio.gather(race(), delete())
    (row,) = await rows_of(
        crm, "SELECT state FROM crm.tenant WHERE tenant_id = $1", UUID(tenant_id)
    )
    tombs = await rows_of(crm, "SELECT 1 FROM crm.tombstone")
    if status == 200:
        assert (row["state"], tombs, begun) == ("active", [], False)
        assert (await crm.sign_in("boss@acme")).token
    else:
        assert (status, row["state"], len(tombs), begun) == (409, "deleting", 1, True)


async def _files(signed: Signed, tenant_id: str) -> dict[str, list[dict[str, Any]]]:
    response = await signed("GET", f"/tenants/{tenant_id}/export")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    assert archive.testzip() is None
    return {
        name: [json.loads(line) for line in archive.read(name).decode().splitlines()]
        for name in archive.namelist()
        if name != "manifest.json"
    }


async def test_an_enterprise_takes_its_data_along_without_secrets(crm: Crm) -> None:
    bosses = {slug: await crm.open_tenant(slug) for slug in ("acme", "other")}
    ids = {slug: await make_objects(crm, boss, slug) for slug, boss in bosses.items()}
    acme, other = ids["acme"]["tenant_id"], ids["other"]["tenant_id"]
    files = await _files(bosses["acme"], acme)
    (customer,) = [c for c in files["crm/customer.jsonl"] if c["name"] == "acme"]
    assert customer["customer_id"] == ids["acme"]["customer_id"]
    assert files["dialer/lead_v.jsonl"]
    assert files["recorder/recording_v.jsonl"]
    assert all(len(entry["hash"]) == 64 for entry in files["crm/audit_log.jsonl"])
    assert "password_hash" not in files["crm/user_account.jsonl"][0]
    assert not {"crm/session.jsonl", "crm/outbox.jsonl", "crm/refresh_token.jsonl"} & set(files)
    assert other not in json.dumps(files)
    tenants = {row["tenant_id"] for rows in files.values() for row in rows}
    assert tenants == {acme}
    refused(await bosses["acme"]("GET", f"/tenants/{other}/export"), 404, "tenant_not_found")
    refused(await crm.platform("GET", f"/tenants/{acme}/export"), 409, "tenant_not_closed")
    (entry,) = (await bosses["acme"].get("/audit-log?action=tenant.exported"))["items"]
    assert entry["actor"] == "boss"
    await _close(crm, acme)
    files = await _files(crm.platform, acme)
    actors = {e["actor"] for e in files["crm/audit_log.jsonl"] if e["action"] == "tenant.exported"}
    assert actors == {"boss", "operator:admin"}
