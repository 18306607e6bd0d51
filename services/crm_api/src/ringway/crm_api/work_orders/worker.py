"""Timers, warnings and broken promises: what happens to orders without anybody doing anything.

Every replica runs this. An alarm's row goes in the transaction of its effect, under the lock of its
order; so a kill at any moment loses nothing, and two replicas never do it twice.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from uuid import UUID

from ringway.crm_api.core.work_orders.model import PromiseDue
from ringway.crm_api.deps import Deps
from ringway.crm_api.work_orders import acting, alarms_store, calendars
from ringway.crm_api.work_orders.scene import Scene, open_scene
from ringway.runtime.errors import DependencyDown, PostgresDown
from ringway.runtime.postgres import Connection

_log = logging.getLogger("ringway.crm_api.work_orders")

_EVERY_S = 1.0
_TENANTS = 100
# So many alarms of one tenant before the next tenant has its turn.
_TURN = 50
_RENEW_ROUNDS = 60
_LATER = timedelta(minutes=5)


class WorkOrderWorker:
    """Does what is due. ``run`` is a worker; several replicas may run it at once."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def run(self) -> None:
        """Work until cancelled, through losses of PostgreSQL and of the ACD."""
        rounds = 0
        while True:
            more = False
            try:
                more = await self.work()
            except PostgresDown as error:
                _log.debug("Work orders wait.", extra={"reason": str(error)})
            rounds += 1
            if rounds % _RENEW_ROUNDS == 1:
                await self._renew()
            if not more:
                await asyncio.sleep(_EVERY_S)

    async def work(self) -> bool:
        """Do what is due now, a turn for each tenant; return whether there may be more.

        Raises:
            PostgresDown: It is away; what was committed is done.
        """
        async with self._deps.pool.platform() as conn:
            tenants = await alarms_store.due_tenants(
                conn, now=self._deps.now(), limit=_TENANTS * _TURN
            )
        more = False
        for tenant_id in tenants:
            done = 0
            while done < _TURN and await self._one(tenant_id):
                done += 1
            more = more or done == _TURN
        return more

    async def _one(self, tenant_id: UUID) -> bool:
        """Do the earliest thing that is due of one order; False: there is nothing left."""
        now = self._deps.now()
        try:
            async with self._deps.pool.tenant(tenant_id) as conn:
                order = await alarms_store.claim(conn, tenant_id=tenant_id, now=now)
                if order is None:
                    return False
                scene = await open_scene(conn, tenant_id=tenant_id, order=order, now=now, by=None)
                await self._happen(conn, scene)
        except PostgresDown:
            raise
        except Exception as error:
            # One order that cannot be worked on must not stop all the others.
            _log.error(
                "A timer of a work order failed.",
                exc_info=error,
                extra={"tenant": str(tenant_id)},
            )
            return False
        return True

    async def _happen(self, conn: Connection, scene: Scene) -> None:
        order = scene.order
        due = await alarms_store.take_due(
            conn, tenant_id=scene.tenant_id, work_order_id=order.work_order_id, now=scene.now
        )
        if due is None:
            return
        if isinstance(due.event, PromiseDue):
            action = "promise_warned" if due.event.is_warning else "promise_broken"
            detail = {"promise": due.event.promise.value}
        else:
            action, detail = "timer", {"timer": due.event.key, "step": due.event.step}
        refusal = await acting.apply(scene, due.event, action, detail=detail)
        if refusal is not None:
            # Too early by a calendar that has changed, or late: alarms follow the present state.
            await alarms_store.replace_all(scene, has_entered=False)

    async def _renew(self) -> None:
        try:
            await calendars.renew(self._deps)
        except DependencyDown as error:
            _log.debug("Calendars' copies wait.", extra={"reason": str(error)})
