"""Orders that a request may see, locked when it changes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.deps import Deps
from ringway.crm_api.work_orders import store, views
from ringway.crm_api.work_orders.reach import Reach, reach_of
from ringway.crm_api.work_orders.scene import Scene, open_scene
from ringway.crm_api.work_orders.store import Order
from ringway.runtime.postgres import Connection


async def find(conn: Connection, reach: Reach, work_order_id: UUID, *, lock: bool = False) -> Order:
    """Return an order that concerns the caller. Raises NotFound.

    ``lock``: nobody else changes it until the transaction ends.
    """
    found = await store.concerning(conn, reach=reach, work_order_id=work_order_id, lock=lock)
    if found is None:
        raise views.not_found(work_order_id)
    return found


@asynccontextmanager
async def changing(
    deps: Deps, caller: Caller, work_order_id: UUID, version: int | None = None
) -> AsyncIterator[tuple[Scene, Reach]]:
    """Open a transaction that changes one order.

    Args:
        version: The one that the caller has seen; None: whatever it is now.

    Raises:
        NotFound: There is none that concerns the caller.
        PreconditionFailed: It was changed since ``version``.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        reach = await reach_of(conn, caller)
        order = await find(conn, reach, work_order_id, lock=True)
        scene = await open_scene(
            conn, tenant_id=caller.tenant_id, order=order, now=deps.now(), by=reach
        )
        if version is not None and version != order.version:
            raise views.changed(await views.full_view(scene, reach))
        yield scene, reach
