"""Orders as a caller sees them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from ringway.crm_api.core.objects.definition import Definition
from ringway.crm_api.core.work_orders import machine
from ringway.crm_api.core.work_orders.model import Refusal
from ringway.crm_api.errors import ApiError, Conflict, Forbidden, Invalid, NotFound
from ringway.crm_api.errors import PreconditionFailed as Changed
from ringway.crm_api.work_orders import own_fields
from ringway.crm_api.work_orders.reach import Reach
from ringway.crm_api.work_orders.scene import Scene
from ringway.crm_api.work_orders.schemas import ActionView, OrderView
from ringway.crm_api.work_orders.store import Order
from ringway.runtime.postgres import Connection

_INVALID = frozenset({"fields_missing", "comment_missing", "step_unknown"})


async def full_view(scene: Scene, reach: Reach) -> OrderView:
    """Return one order with what the caller may do now."""
    definition = await own_fields.definition_of(
        scene.conn, tenant_id=scene.tenant_id, object_id=scene.order.object_id
    )
    actions = [
        ActionView(
            action=way.key,
            name_en=way.name_en,
            name_zh=way.name_zh,
            to=way.to,
            required=list(way.required),
            needs_comment=way.needs_comment,
        )
        for way in machine.possible(scene.order.state, scene.design, reach.who)
    ]
    return view(scene.order, definition, reach, actions)


def view(
    order: Order,
    definition: Definition | None,
    reach: Reach,
    actions: list[ActionView] | None = None,
) -> OrderView:
    """Return an order without the own fields that the caller may not see."""
    shown: dict[str, Any] = asdict(order)
    shown["data"] = own_fields.shown(definition, order.data, reach.role)
    return OrderView.model_validate({**shown, "actions": actions})


async def views(conn: Connection, orders: list[Order], reach: Reach) -> list[OrderView]:
    """Return orders of several types."""
    definitions: dict[UUID | None, Definition | None] = {}
    for each in orders:
        if each.object_id not in definitions:
            definitions[each.object_id] = await own_fields.definition_of(
                conn, tenant_id=reach.tenant_id, object_id=each.object_id
            )
    return [view(each, definitions[each.object_id], reach) for each in orders]


def not_found(work_order_id: UUID) -> NotFound:
    """Return the error for an order that is not there, or does not concern the caller."""
    return NotFound("work_order_not_found", f"There is no work order {work_order_id}.")


def changed(current: OrderView) -> Changed:
    """Return the error for an order that somebody changed meanwhile."""
    return Changed(
        "work_order_changed",
        "The work order was changed meanwhile; `current` is what it is now.",
        extra={"current": current.model_dump(mode="json")},
    )


def refused(refusal: Refusal) -> ApiError:
    """Return the error for what the machine refused."""
    if refusal.code == "action_not_yours":
        return Forbidden(refusal.code, refusal.detail)
    if refusal.code in _INVALID:
        extra = {"fields": list(refusal.fields)} if refusal.fields else None
        return Invalid(refusal.code, refusal.detail, extra=extra)
    return Conflict(refusal.code, refusal.detail)
