"""The same act for many orders: each in a transaction of its own, with what became of it."""

from __future__ import annotations

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import ApiError, Invalid
from ringway.crm_api.work_orders import service
from ringway.crm_api.work_orders.schemas import (
    ActBody,
    BulkAct,
    BulkBody,
    BulkResult,
    BulkRow,
)


async def change(deps: Deps, caller: Caller, wanted: BulkBody) -> BulkResult:
    """Assign many orders, or go one way with them all. Raises Invalid."""
    if wanted.act is BulkAct.ASSIGN and wanted.assign is None:
        raise Invalid("assign_missing", "Say in `assign` whom they are given to.")
    if wanted.act is BulkAct.ACT and wanted.action is None:
        raise Invalid("action_missing", "Say in `action` what is done.")
    rows: list[BulkRow] = []
    for work_order_id in dict.fromkeys(wanted.work_order_ids):
        code, detail = "", ""
        try:
            if wanted.act is BulkAct.ASSIGN and wanted.assign is not None:
                await service.assign(deps, caller, work_order_id, wanted.assign, None)
            else:
                more = ActBody(comment=wanted.comment)
                action = wanted.action or ""
                await service.act(deps, caller, work_order_id, action, more, None)
        except ApiError as error:
            code, detail = error.code, error.detail
        rows.append(BulkRow(work_order_id=work_order_id, code=code, detail=detail))
    done = sum(not row.code for row in rows)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=f"work_orders.bulk_{wanted.act}",
            object_type="work_order",
            detail={
                **wanted.model_dump(mode="json", exclude_none=True),
                "done": done,
                "failed": len(rows) - done,
            },
        )
    return BulkResult(done=done, failed=len(rows) - done, rows=rows)
