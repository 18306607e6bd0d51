"""Work orders as they are, and as they were."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.core.work_orders.history import replay
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import NotFound
from ringway.crm_api.objects import catalogue
from ringway.crm_api.objects.catalogue import StoredObject
from ringway.crm_api.objects.record_store import LIST_SETTINGS
from ringway.crm_api.work_orders import designs_store as designs
from ringway.crm_api.work_orders import own_fields, store, views
from ringway.crm_api.work_orders.finding import find
from ringway.crm_api.work_orders.listing import Found, Wanted, page, sort_of
from ringway.crm_api.work_orders.reach import reach_of
from ringway.crm_api.work_orders.scene import open_scene
from ringway.crm_api.work_orders.schemas import EntryView, OrderView, WorkOrderVersionView
from ringway.runtime.postgres import Connection


async def get(deps: Deps, caller: Caller, work_order_id: UUID) -> OrderView:
    """Return an order that concerns the caller. Raises NotFound."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        reach = await reach_of(conn, caller)
        order = await find(conn, reach, work_order_id)
        scene = await open_scene(
            conn, tenant_id=caller.tenant_id, order=order, now=deps.now(), by=reach
        )
        return await views.full_view(scene, reach)


async def listed(
    deps: Deps,
    caller: Caller,
    wanted: Wanted,
    sort: str | None,
    after: Sequence[str] | None,
    limit: int,
) -> tuple[Found, list[OrderView]]:
    """Return a page of the orders that concern the caller. Raises Invalid, BadRequest."""
    async with deps.pool.tenant(caller.tenant_id, settings=LIST_SETTINGS) as conn:
        reach = await reach_of(conn, caller)
        own = await _object_of(conn, caller.tenant_id, wanted)
        found = await page(
            conn,
            reach=reach,
            wanted=wanted,
            limit=limit,
            sort=sort_of(sort, own, reach.role),
            after=after,
            definition=own.definition if own is not None else None,
            now=deps.now(),
        )
        return found, await views.views(conn, found.orders, reach)


async def history(
    deps: Deps, caller: Caller, work_order_id: UUID, after: int, limit: int
) -> list[EntryView]:
    """Return who did what with an order, oldest first, as far as the caller sees its fields."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        reach = await reach_of(conn, caller)
        order = await find(conn, reach, work_order_id)
        definition = await own_fields.definition_of(
            conn, tenant_id=caller.tenant_id, object_id=order.object_id
        )
        entries = await store.entries(
            conn,
            tenant_id=caller.tenant_id,
            work_order_id=work_order_id,
            after=after,
            limit=limit,
        )
    return [
        EntryView(
            seq=each.seq,
            version=each.version,
            at=each.at,
            actor_id=each.actor_id,
            actor=each.actor,
            action=each.action,
            detail=each.detail,
            changes=own_fields.shown_changes(definition, each.changes, reach.role),
        )
        for each in entries
    ]


async def version(
    deps: Deps, caller: Caller, work_order_id: UUID, number: int
) -> WorkOrderVersionView:
    """Return an order as it was. Raises NotFound."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        reach = await reach_of(conn, caller)
        order = await find(conn, reach, work_order_id)
        if not 1 <= number <= order.version:
            raise NotFound("version_not_found", f"There is no version {number}.")
        definition = await own_fields.definition_of(
            conn, tenant_id=caller.tenant_id, object_id=order.object_id
        )
        steps = await store.entry_changes(
            conn, tenant_id=caller.tenant_id, work_order_id=work_order_id, version=number
        )
    seen = [own_fields.shown_changes(definition, step, reach.role) for step in steps]
    return WorkOrderVersionView(version=number, order=replay(seen, checked=False))


async def _object_of(conn: Connection, tenant_id: UUID, wanted: Wanted) -> StoredObject | None:
    """Return the form whose fields a list of one business type is filtered and sorted by."""
    if len(wanted.business_type_id) != 1:
        return None
    kind = await designs.business_type(
        conn, tenant_id=tenant_id, business_type_id=wanted.business_type_id[0]
    )
    if kind is None or kind.object_id is None:
        return None
    return await catalogue.get(conn, tenant_id=tenant_id, object_id=kind.object_id)
