"""One order that a transaction has locked, and all that a decision on it needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway.crm_api.core.work_orders.design import Design
from ringway.crm_api.core.work_orders.hours import AnyHours
from ringway.crm_api.core.work_orders.model import Facts
from ringway.crm_api.core.work_orders.records import record_of
from ringway.crm_api.work_orders import calendars
from ringway.crm_api.work_orders import designs_store as designs
from ringway.crm_api.work_orders.designs_store import BusinessType
from ringway.crm_api.work_orders.reach import Reach
from ringway.crm_api.work_orders.store import Order
from ringway.runtime.postgres import Connection

# What of an order history keeps beside the machine's state and its own fields.
_KEPT = (
    "title",
    "description",
    "customer_id",
    "customer_name",
    "phone_e164",
    "interaction_id",
)


@dataclass(slots=True)
class Scene:
    """What is decided on, where and when.

    Args:
        by: Who acts; None: the platform itself.
    """

    conn: Connection
    tenant_id: UUID
    order: Order
    type: BusinessType
    design: Design
    hours: AnyHours
    now: datetime
    by: Reach | None

    @property
    def actor(self) -> str:
        """The name that history shows; empty for the platform itself."""
        return self.by.name if self.by is not None else ""

    @property
    def actor_id(self) -> UUID | None:
        """Who acts; None for the platform itself."""
        return self.by.user_id if self.by is not None else None


async def open_scene(
    conn: Connection, *, tenant_id: UUID, order: Order, now: datetime, by: Reach | None
) -> Scene:
    """Read what a decision on an order needs. The caller has locked the order."""
    kind = await designs.business_type(
        conn, tenant_id=tenant_id, business_type_id=order.business_type_id
    )
    design = await designs.design_version(
        conn, tenant_id=tenant_id, design_id=order.design_id, number=order.design_version
    )
    if kind is None or design is None:
        raise LookupError(f"the type or the design of {order.work_order_id} is gone")
    calendar_id = kind.rules.sla.calendar_id
    hours = await calendars.hours(conn, tenant_id=tenant_id, calendar_id=calendar_id)
    return Scene(conn, tenant_id, order, kind, design, hours, now, by)


async def facts_of(scene: Scene, order: Order, *, has_comment: bool = False) -> Facts:
    """Return what beside the state a decision depends on, of the order as it is to be."""
    open_tasks = await scene.conn.fetchval(
        "SELECT count(*) FROM crm.work_order_task WHERE tenant_id = $1 AND work_order_id = $2 "
        "AND state = 'open' AND is_needed",
        scene.tenant_id,
        scene.order.work_order_id,
    )
    filled = {key for key, value in order.data.items() if value not in (None, "", [])}
    filled |= {name for name in _KEPT if getattr(order, name)}
    return Facts(frozenset(filled), open_tasks, has_comment)


def history_of(order: Order) -> dict[str, Any]:
    """Return what history keeps of an order, as JSON; own fields as ``data.<key>``."""
    kept = {name: getattr(order, name) for name in _KEPT}
    return {
        **record_of(order.state),
        **{name: str(value) if value else None for name, value in kept.items()},
        "participant_ids": [str(each) for each in order.participant_ids],
        **{f"data.{key}": value for key, value in order.data.items()},
    }
