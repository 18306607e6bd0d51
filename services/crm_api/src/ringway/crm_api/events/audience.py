"""Events for people whom they name: a notice reaches those whom it is for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ringway.crm_api.access import Caller
from ringway.crm_api.deps import Deps
from ringway.crm_api.notices.service import reader_of
from ringway.crm_api.objects.catalogue import role_of


async def is_for(deps: Deps, caller: Caller, data: dict[str, Any]) -> bool:
    """Return whether an event is for the caller by its audience, as his teams are now.

    Raises:
        PostgresDown: His teams cannot be known.
    """
    audience = data.get("audience")
    if not isinstance(audience, dict):
        return False
    if audience.get("is_for_all") or _has(audience, "user_ids", {caller.agent_id}):
        return True
    if _has(audience, "roles", {role_of(caller)}):
        return True
    if not audience.get("team_ids"):
        return False
    async with deps.pool.tenant(caller.tenant_id) as conn:
        reader = await reader_of(conn, caller)
    return _has(audience, "team_ids", {str(each) for each in reader.team_ids})


def _has(audience: dict[str, Any], name: str, own: Collection[str]) -> bool:
    return not set(own).isdisjoint(audience.get(name) or ())
