"""When the platform must look at an order by itself. The caller owns the transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from ringway.crm_api.core.work_orders.alarms import Alarm, alarms_of_promises, alarms_of_step
from ringway.crm_api.core.work_orders.model import PromiseDue, TimerDue
from ringway.crm_api.core.work_orders.sla import Promise
from ringway.crm_api.work_orders.scene import Scene
from ringway.crm_api.work_orders.store import QUALIFIED, Order, order_of
from ringway.runtime.postgres import Connection

# The order is locked, not the alarm: whoever changes an order locks that first. One that somebody
# works on at this moment is left for the next round.
_CLAIM = f"""
    SELECT {QUALIFIED} FROM crm.work_order_alarm a
      JOIN crm.work_order o USING (tenant_id, work_order_id)
     WHERE a.tenant_id = $1 AND a.due_at <= $2 ORDER BY a.due_at LIMIT 1
       FOR UPDATE OF o SKIP LOCKED
"""  # noqa: S608 - names of columns


@dataclass(frozen=True, slots=True)
class DueAlarm:
    """An alarm that is due."""

    key: str
    event: TimerDue | PromiseDue
    due_at: datetime


async def replace_all(scene: Scene, *, has_entered: bool) -> None:
    """Replace the alarms that depend on what has just changed: timers run on within a step."""
    order = scene.order
    await scene.conn.execute(
        "DELETE FROM crm.work_order_alarm WHERE tenant_id = $1 AND work_order_id = $2 "
        "AND ($3 OR alarm_key NOT LIKE 'step:%')",
        *(scene.tenant_id, order.work_order_id, has_entered),
    )
    made = alarms_of_promises(order.state, scene.type.rules.sla, scene.hours)
    made += alarms_of_step(order.state, scene.design, scene.hours) if has_entered else []
    await scene.conn.executemany(
        "INSERT INTO crm.work_order_alarm (tenant_id, work_order_id, alarm_key, event, due_at) "
        "VALUES ($1, $2, $3, $4::jsonb, $5)",
        [
            (scene.tenant_id, order.work_order_id, each.key, _event_to(each), each.due_at)
            for each in made
        ],
    )


async def due_tenants(conn: Connection, *, now: datetime, limit: int) -> list[UUID]:
    """Return tenants that have something due, of a transaction of no tenant."""
    rows = await conn.fetch("SELECT tenant_id FROM crm.work_orders_due($1, $2)", now, limit)
    return [row["tenant_id"] for row in rows]


async def claim(conn: Connection, *, tenant_id: UUID, now: datetime) -> Order | None:
    """Lock one order that has an alarm due and that nobody else works on; None: there is none."""
    row = await conn.fetchrow(_CLAIM, tenant_id, now)
    return order_of(row) if row is not None else None


async def take_due(
    conn: Connection, *, tenant_id: UUID, work_order_id: UUID, now: datetime
) -> DueAlarm | None:
    """Remove and return the earliest alarm that is due of an order that is locked."""
    row = await conn.fetchrow(
        """
        DELETE FROM crm.work_order_alarm a
         WHERE a.tenant_id = $1 AND a.work_order_id = $2 AND a.alarm_key = (
               SELECT d.alarm_key FROM crm.work_order_alarm d
                WHERE d.tenant_id = $1 AND d.work_order_id = $2 AND d.due_at <= $3
                ORDER BY d.due_at, d.alarm_key LIMIT 1)
        RETURNING a.alarm_key, a.event, a.due_at
        """,
        *(tenant_id, work_order_id, now),
    )
    if row is None:
        return None
    return DueAlarm(row["alarm_key"], _event_from(row["event"]), row["due_at"])


async def put_off(
    conn: Connection, *, tenant_id: UUID, work_order_id: UUID, now: datetime, to: datetime
) -> None:
    """Look at what is due of an order later."""
    await conn.execute(
        "UPDATE crm.work_order_alarm SET due_at = $4 "
        "WHERE tenant_id = $1 AND work_order_id = $2 AND due_at <= $3",
        *(tenant_id, work_order_id, now, to),
    )


def _event_to(alarm: Alarm) -> str:
    event = alarm.event
    if isinstance(event, TimerDue):
        return orjson.dumps({"step": event.step, "key": event.key}).decode()
    what = {"promise": event.promise.value, "is_warning": event.is_warning}
    return orjson.dumps(what).decode()


def _event_from(text: str) -> TimerDue | PromiseDue:
    what = orjson.loads(text)
    if "promise" in what:
        return PromiseDue(Promise(what["promise"]), what["is_warning"])
    return TimerDue(what["step"], what["key"])
