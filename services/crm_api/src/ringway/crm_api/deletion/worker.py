"""Deletes enterprises whose grace period is over: in every service, for good.

It is made of steps that may each be repeated: a process that is killed leaves a claim that ends,
and another goes on. When all is gone it looks once more after a while, for what came late.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

import asyncpg

from ringway.crm_api.access import PLATFORM_TENANT
from ringway.crm_api.audit import store as audit
from ringway.crm_api.audit.system import SYSTEM, system_caller
from ringway.crm_api.deletion import store
from ringway.crm_api.deletion.store import Tombstone
from ringway.crm_api.deps import Deps
from ringway.crm_api.working import work
from ringway.proto.tenant_deletion import (
    DeleteAcdTenantV1,
    DeleteDialerTenantV1,
    DeleteRecorderTenantV1,
    DeleteTenantRequest,
    TenantPartDeletedV1,
)
from ringway.runtime.bus.connection import ApiRefused
from ringway.runtime.errors import DependencyDown, Refused

_log = logging.getLogger("ringway.crm_api.deletion")

_POLL_S = 5.0
_HOLD = timedelta(minutes=2)
_AGAIN_AFTER = timedelta(seconds=30)
_ANSWER_LIMIT_S = 60.0
_ROWS_AT_ONCE = 20_000
_OWN = "crm_api"
_LATER = (DependencyDown, Refused, ApiRefused, TimeoutError)
# Whoever makes calls first, so that nothing new comes of them.
_SERVICES: dict[str, type[DeleteTenantRequest]] = {
    "acd": DeleteAcdTenantV1,
    "dialer": DeleteDialerTenantV1,
    "recorder": DeleteRecorderTenantV1,
}


class DeletionWorker:
    """Begins and goes on with deletions; several replicas run it at once."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def run(self) -> None:
        """Delete until cancelled; a worker."""
        await work(self.step, poll_s=_POLL_S)

    async def step(self) -> bool:
        """Begin what is due and go on with one enterprise; False: there was nothing to do.

        Raises:
            PostgresDown: Nothing is lost; a later step goes on.
        """
        now = self._deps.now()
        async with self._deps.pool.tenant(PLATFORM_TENANT) as conn:
            for tenant_id in await store.begin(conn, tenant_id=None, by=SYSTEM, now=now):
                await audit.add(
                    conn,
                    caller=system_caller(PLATFORM_TENANT),
                    now=now,
                    action="tenant.deletion_begun",
                    object_type="tenant",
                    object_id=tenant_id,
                )
                self._deps.guard.forget(tenant_id)
        async with self._deps.pool.tenant(PLATFORM_TENANT) as conn:
            tombstone = await store.claim(conn, now=now, hold=_HOLD)
        if tombstone is None:
            return False
        try:
            await self._delete(tombstone)
        except (*_LATER, asyncpg.PostgresError) as error:
            _log.warning(
                "The deletion of an enterprise waits.",
                extra={"tenant": str(tombstone.enterprise_id), "reason": str(error)},
            )
            async with self._deps.pool.tenant(PLATFORM_TENANT) as conn:
                await store.postpone(
                    conn,
                    enterprise_id=tombstone.enterprise_id,
                    error=f"{type(error).__name__}: {error}",
                    until=self._deps.now() + _AGAIN_AFTER,
                )
        return True

    async def _delete(self, tombstone: Tombstone) -> None:
        tenant_id = tombstone.enterprise_id
        for service, kind in _SERVICES.items():
            while True:
                question = kind(occurred_at=self._deps.now(), tenant=str(tenant_id))
                part = await self._deps.bus.request(
                    question, TenantPartDeletedV1, timeout_s=_ANSWER_LIMIT_S
                )
                await self._note(tenant_id, service, part.removed, is_done=part.is_done)
                if part.is_done:
                    break
        await self._purge_facts(tenant_id)
        while removed := await self._own_rows(tenant_id):
            await self._note(tenant_id, _OWN, removed, is_done=False)
        await self._note(tenant_id, _OWN, {}, is_done=True)
        now = self._deps.now()
        async with self._deps.pool.tenant(PLATFORM_TENANT) as conn:
            await store.finish(conn, tombstone=tombstone, now=now)
            if tombstone.deleted_at is None:
                await audit.add(
                    conn,
                    caller=system_caller(PLATFORM_TENANT),
                    now=now,
                    action="tenant.deleted",
                    object_type="tenant",
                    object_id=tenant_id,
                    detail={"slug": tombstone.slug},
                )
        _log.info("An enterprise was deleted.", extra={"tenant": str(tenant_id)})

    async def _own_rows(self, tenant_id: UUID) -> dict[str, int]:
        async with self._deps.pool.platform() as conn:
            rows = await conn.fetch(
                "SELECT * FROM crm.delete_enterprise_rows($1, $2)", tenant_id, _ROWS_AT_ONCE
            )
        return {row["table_name"]: row["removed"] for row in rows}

    async def _note(
        self, tenant_id: UUID, service: str, removed: dict[str, int], *, is_done: bool
    ) -> None:
        now = self._deps.now()
        async with self._deps.pool.tenant(PLATFORM_TENANT) as conn:
            await store.note(
                conn,
                enterprise_id=tenant_id,
                removed={f"{service}.{name}": count for name, count in removed.items()},
                confirmed={service: now.isoformat()} if is_done else {},
                hold_until=now + _HOLD,
            )

    async def _purge_facts(self, tenant_id: UUID) -> None:
        """Take its facts out of the stream: nobody resumes from them, and they name people."""
        epoch = await self._deps.bus.connection.wait_up(_ANSWER_LIMIT_S)
        await epoch.api("STREAM.PURGE.FACTS", {"filter": f"*.v1.{tenant_id}.>"})
