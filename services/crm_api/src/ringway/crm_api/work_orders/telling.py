"""Who is told of what happens to an order: notices of people, facts for everybody else."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from ringway.crm_api.core.work_orders.design import Party
from ringway.crm_api.core.work_orders.model import Tell
from ringway.crm_api.work_orders import people
from ringway.crm_api.work_orders.scene import Scene
from ringway.proto.crm_work_orders import WorkOrderChangedV1, WorkOrderNoticeV1
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7

_SCHEMA = "crm"


async def notify(scene: Scene, user_ids: Iterable[UUID], reason: str) -> None:
    """Tell users of an order, but not whoever does it himself."""
    wanted = sorted({each for each in user_ids if each != scene.actor_id})
    if not wanted:
        return
    ids = {user_id: uuid7() for user_id in wanted}
    await scene.conn.executemany(
        """
        INSERT INTO crm.work_order_notice (tenant_id, notice_id, user_id, work_order_id, reason,
                                           created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        [
            (scene.tenant_id, notice_id, user_id, scene.order.work_order_id, reason, scene.now)
            for user_id, notice_id in ids.items()
        ],
    )
    facts = [
        WorkOrderNoticeV1(
            occurred_at=scene.now,
            tenant=str(scene.tenant_id),
            work_order_id=str(scene.order.work_order_id),
            notice_id=str(notice_id),
            agent_id=str(user_id),
            reason=reason,
        )
        for user_id, notice_id in ids.items()
    ]
    await outbox.add_many(scene.conn, _SCHEMA, facts)


async def tell(scene: Scene, tells: Iterable[Tell]) -> None:
    """Tell parties of an order: everybody once for each reason."""
    by_reason: dict[str, list[Party]] = {}
    for each in tells:
        by_reason.setdefault(each.reason, []).append(each.party)
    for reason, parties in by_reason.items():
        found = await people.told(
            scene.conn,
            tenant_id=scene.tenant_id,
            parties=parties,
            order=scene.order,
            now=scene.now,
        )
        await notify(scene, found, reason)


async def announce(scene: Scene, action: str, transition: str = "") -> None:
    """Announce that an order was changed when the transaction commits."""
    order = scene.order
    fact = WorkOrderChangedV1.model_validate(
        {
            "occurred_at": scene.now,
            "tenant": str(scene.tenant_id),
            "work_order_id": str(order.work_order_id),
            "business_type_id": str(order.business_type_id),
            "action": action,
            "transition": transition,
            "step": order.step,
            "step_kind": order.step_kind,
            "version": order.version,
            "agent_id": str(order.assignee_id) if order.assignee_id is not None else None,
            "team_id": str(order.team_id) if order.team_id is not None else None,
        }
    )
    await outbox.add(scene.conn, _SCHEMA, fact)
