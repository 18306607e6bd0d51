"""What the permission matrix asks of webhooks and of enterprises that are deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.support.crm import Crm, Signed, rows_of

_URL = "https://hooks.example/ringway"


async def objects(crm: Crm, boss: Signed, slug: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Make an endpoint with a delivery that failed."""
    body = {"url": _URL, "event_types": ["*"], "description": slug}
    webhook_id = (await boss.post("/webhooks", body))["webhook_id"]
    delivery = await boss.post(f"/webhooks/{webhook_id}/test")
    await rows_of(
        crm,
        "UPDATE crm.webhook_delivery SET state = 'failed', next_try_at = NULL WHERE tenant_id = $1",
        UUID(ids["tenant_id"]),
    )
    return {"webhook_id": webhook_id, "delivery_id": delivery["delivery_id"]}


def arguments(name: str, ids: Mapping[str, str], n: int) -> dict[str, Any] | None:
    """Return arguments of a request that an operation would carry out; None: not of this area."""
    bodies: dict[str, dict[str, Any]] = {
        "create_webhook": {"url": _URL, "event_types": ["acd.v1.trunk.*"]},
        "change_webhook": {"url": _URL, "event_types": ["*"], "description": f"d{n}"},
        "rotate_webhook_secret": {},
        "extend_tenant_grace": {"grace_days": 30},
        "delete_tenant": {"slug": "nobody"},  # who confirms nothing deletes nothing
        "replay_webhook": {"since": "2026-11-01T00:00:00Z"},
    }
    if name not in bodies:
        return None
    more: dict[str, Any] = {"json": bodies[name]}
    if name == "change_webhook":
        more["headers"] = {"If-Match": "*"}
    return more
