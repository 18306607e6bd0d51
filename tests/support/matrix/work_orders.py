"""What the permission matrix asks of work orders, their designs and business types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.support.crm import Crm, Signed, ok

_TEXT = ("n.txt", b"text", "text/plain")
_DESIGN = {
    "start": "new",
    "steps": [
        {"key": "new", "name_en": "New"},
        {"key": "done", "name_en": "Done", "kind": "done"},
    ],
    "transitions": [{"key": "finish", "name_en": "Finish", "sources": ["new"], "to": "done"}],
}
_ANY_VERSION = {"If-Match": "*"}
_PERIOD = {"from": "2026-01-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}


async def objects(crm: Crm, boss: Signed, slug: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Make one object of each noun; return path parameters by name."""
    design = {"name_en": f"design of {slug}", "design": _DESIGN}
    design_id = (await boss.post("/work-order-designs", design))["design_id"]
    kind = _type(f"type of {slug}", design_id)
    type_id = (await boss.post("/business-types", kind))["business_type_id"]
    order = await boss.post("/work-orders", {"business_type_id": type_id, "title": slug})
    path = f"/work-orders/{order['work_order_id']}"
    task = await boss.post(f"{path}/tasks", {"title": "t", "assignee_id": ids["user_id"]})
    kept = ok(await boss("POST", f"{path}/attachments", files={"file": _TEXT}))
    return {
        "design_id": design_id,
        "business_type_id": type_id,
        "work_order_id": order["work_order_id"],
        "work_order_version": "1",
        "action": "finish",
        "task_id": task["task_id"],
        "attachment_id": kept["attachment_id"],
    }


def _type(name: str, design_id: str) -> dict[str, Any]:
    return {"kind": "other", "name_en": name, "design_id": design_id}


def arguments(name: str, ids: dict[str, str], n: int) -> dict[str, Any] | None:
    """Return arguments of a request that an operation would carry out; None: not of this area."""
    order = ids.get("work_order_id", "")
    design = {"name_en": f"design {n}", "design": _DESIGN}
    bodies: dict[str, Any] = {
        "create_work_order_design": design,
        "check_work_order_design": _DESIGN,
        "change_work_order_design": design,
        "create_business_type": _type(f"type {n}", ids.get("design_id", "")),
        "change_business_type": _type(f"type {n}", ids.get("design_id", "")),
        "create_work_order": {"business_type_id": ids.get("business_type_id"), "title": "t"},
        "change_work_order": {"title": f"t {n}"},
        "change_work_orders": {"work_order_ids": [order], "act": "act", "action": "finish"},
        "act_on_work_order": {},
        "assign_work_order": {"assignee_id": ids["user_id"]},
        "reopen_work_order": {},
        "migrate_work_order": {"design_version": 1},
        "put_work_order_participants": {"user_ids": [ids["user_id"]]},
        "add_work_order_comment": {"text": "c"},
        "add_work_order_task": {"title": "t", "assignee_id": ids["user_id"]},
        "change_work_order_task": {"state": "done"},
        "link_interaction_to_work_order": {"interaction_id": ids["interaction_id"]},
        "read_work_order_notices": {"notice_ids": [str(uuid4())]},
    }
    if name == "add_work_order_attachment":
        return {"files": {"file": _TEXT}}
    if name in ("summarize_work_orders", "report_complaints"):
        return {"params": _PERIOD}
    if name in ("take_work_order", "return_work_order"):
        return {}
    if name not in bodies:
        return None
    return {"json": bodies[name], "headers": _ANY_VERSION}
