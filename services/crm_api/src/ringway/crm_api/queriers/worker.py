"""Asks what is due and does what is to be done with it, for all enterprises, in every replica.

PostgreSQL is the truth: whoever claims a run or an operation holds it for a minute, and when he
dies another goes on from the last step that was committed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from prometheus_client import Counter

from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import ApiError
from ringway.crm_api.queriers import operation_store, operations, schedule_store, schedules
from ringway.runtime.errors import DependencyDown, PostgresDown, Refused

_log = logging.getLogger("ringway.crm_api.queriers")
_runs = Counter("ringway_querier_runs", "Scheduled queriers that were asked.", ["outcome"])
_acts = Counter("ringway_querier_operations", "Operations of queriers that ended.", ["outcome"])

_POLL_S = 2.0
_TRIES = 5  # in a row, without a step that worked
_PAUSE = timedelta(seconds=20)
_STEPS = 10  # of one operation before the next enterprise has its turn


class QuerierWorker:
    """Works on schedules, runs and operations. ``run`` is a worker."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def run(self) -> None:
        """Work until cancelled, through losses of PostgreSQL and NATS."""
        while True:
            try:
                more = await self.work()
            except DependencyDown as error:
                _log.debug("Queriers wait.", extra={"reason": str(error)})
                more = False
            if not more:
                await asyncio.sleep(_POLL_S)

    async def work(self) -> bool:
        """Do one piece of work of each enterprise that has some; whether there was any.

        Raises:
            PostgresDown: It is not reachable.
        """
        async with self._deps.pool.platform() as conn:
            rows = await conn.fetch(
                "SELECT tenant_id FROM crm.tenants_with_querier_work($1) AS w (tenant_id)",
                self._deps.now(),
            )
        did = False
        for row in rows:
            tenant_id = row["tenant_id"]
            for piece in (self._start, self._ask, self._act):
                did = await self._guarded(piece, tenant_id) or did
        return did

    async def _guarded(self, piece: Callable[[UUID], Awaitable[bool]], tenant_id: UUID) -> bool:
        """One enterprise's trouble is not the others'."""
        try:
            return await piece(tenant_id)
        except PostgresDown:
            raise
        except Exception:
            _log.exception("A querier's work failed.", extra={"tenant": str(tenant_id)})
            return False

    async def _start(self, tenant_id: UUID) -> bool:
        return await schedules.start_due(self._deps, tenant_id)

    async def _ask(self, tenant_id: UUID) -> bool:
        now = self._deps.now()
        async with self._deps.pool.tenant(tenant_id) as conn:
            claimed = await schedule_store.claim_run(
                conn, tenant_id=tenant_id, now=now, hold=schedules.HOLD
            )
        if claimed is None:
            return False
        run, query_json = claimed
        try:
            if run.tries > _TRIES:
                raise _too_often()
            await schedules.carry_out(self._deps, tenant_id, run, query_json)
            _runs.labels("finished").inc()
        except PostgresDown:
            raise
        except ApiError as error:
            await schedules.give_up(self._deps, tenant_id, run, error)
            _runs.labels(error.code).inc()
        return True

    async def _act(self, tenant_id: UUID) -> bool:
        async with self._deps.pool.tenant(tenant_id) as conn:
            claimed = await operation_store.claim(
                conn, tenant_id=tenant_id, now=self._deps.now(), hold=operations.HOLD
            )
        if claimed is None:
            return False
        try:
            if claimed.tries > _TRIES:
                raise _too_often()
            for _ in range(_STEPS):
                if not await operations.step(self._deps, tenant_id, claimed):
                    _acts.labels("finished").inc()
                    return True
            await self._leave(tenant_id, claimed, timedelta())  # others have work, too
        except PostgresDown:
            raise
        except (DependencyDown, TimeoutError) as error:
            _log.warning("An operation waits.", extra={"error": repr(error)})
            await self._leave(tenant_id, claimed, _PAUSE)
        except (ApiError, Refused) as error:
            await operations.give_up(self._deps, tenant_id, claimed, error.code, error.detail)
            _acts.labels(error.code).inc()
        return True

    async def _leave(
        self, tenant_id: UUID, claimed: operation_store.Operation, pause: timedelta
    ) -> None:
        async with self._deps.pool.tenant(tenant_id) as conn:
            await operation_store.release(
                conn,
                tenant_id=tenant_id,
                operation_id=claimed.operation_id,
                until=self._deps.now() + pause,
            )


def _too_often() -> ApiError:
    return ApiError("given_up", f"It was tried {_TRIES} times and never came to its end.")
