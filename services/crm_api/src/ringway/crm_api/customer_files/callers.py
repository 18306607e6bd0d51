"""Who began a job, for as long as it runs in the background."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller, Permission, Role


def kept(caller: Caller) -> dict[str, Any]:
    """Return a caller as a job keeps him, with what he may do at this moment."""
    return {
        "username": caller.username,
        "role": caller.role.value,
        "own_role": caller.own_role,
        "client_ip": caller.client_ip,
        "permissions": sorted(each.value for each in caller.granted()),
    }


def restored(tenant_id: UUID, user_id: UUID, image: dict[str, Any]) -> Caller:
    """Return the caller who began a job; permissions that no release knows any more are gone."""
    known = [each for each in image["permissions"] if each in Permission.__members__.values()]
    return Caller(
        tenant_id=tenant_id,
        user_id=user_id,
        username=image["username"],
        role=Role(image["role"]),
        agent_number=None,
        session_id=UUID(int=0),
        client_ip=image["client_ip"],
        permissions=frozenset(Permission(each) for each in known),
        own_role=image["own_role"],
    )
