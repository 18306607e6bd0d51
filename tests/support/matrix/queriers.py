"""What the permission matrix asks of queriers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.crm import Crm, Signed, rows_of

from ringway.runtime.ids import uuid7

_QUERY = {"source": "agents", "columns": [{"field": "username"}]}
_QUERIER = {"name": "q", "query": _QUERY}
_ACTION = {"action": {"kind": "send"}}
_SCHEDULE = {"every_minutes": 60}


async def objects(crm: Crm, boss: Signed, slug: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Make a querier, its schedule, an answer of it, and an operation."""
    shared = {"shared_roles": ["agent", "team_leader", "staff", "qc_agent"]}
    querier = await boss.post("/queriers", {**_QUERIER, **shared})
    path = f"/queriers/{querier['querier_id']}"
    schedule = await boss.post(f"{path}/schedules", _SCHEDULE)
    operation = await boss.post(f"{path}/operations", _ACTION)
    run_id = str(uuid7())
    await rows_of(
        crm,
        """
        INSERT INTO crm.querier_run (tenant_id, run_id, querier_id, schedule_id, owner_id, due_at,
                                     state, query, finished_at)
        VALUES ($1, $2, $3, $4, $5, now(), 'finished', '{"source": "agents",
                "columns": [{"field": "username"}]}', now())
        """,
        *(ids["tenant_id"], run_id, querier["querier_id"], schedule["schedule_id"]),
        querier["owner_id"],
    )
    return {
        "querier_id": querier["querier_id"],
        "querier_schedule_id": schedule["schedule_id"],
        "querier_run_id": run_id,
        "querier_operation_id": operation["operation_id"],
    }


def arguments(name: str, ids: dict[str, str], n: int) -> dict[str, Any] | None:
    """Return arguments of a request that an operation would carry out; None: not of this area."""
    bodies: dict[str, dict[str, Any]] = {
        "create_querier": _QUERIER,
        "change_querier": _QUERIER,
        "put_querier_settings": {"zone": "Europe/Bucharest"},
        "preview_query": {"query": _QUERY},
        "find_problems": {"query": _QUERY, "field": "username"},
        "run_querier": {},
        "import_querier_template": {"template": "call_history"},
        "create_querier_schedule": _SCHEDULE,
        "change_querier_schedule": _SCHEDULE,
        "propose_querier_operation": _ACTION,
        "confirm_querier_operation": {"total": 1},
    }
    if name == "search_everything":
        return {"params": {"q": "zz"}}
    if name not in bodies:
        return None
    if name in ("change_querier", "change_querier_schedule"):
        return {"json": bodies[name], "headers": {"If-Match": "*"}}
    return {"json": bodies[name]}
