"""/me: who is signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.features import Feature
from ringway.crm_api.me.schemas import MeView
from ringway.crm_api.routing import api_router
from ringway.crm_api.tenants import store as tenants
from ringway.crm_api.users import store as users
from ringway.crm_api.users.service import user_not_found

router = api_router("/me", "me")


@router.get("")
async def get_me(
    deps: DepsOf, caller: Annotated[Caller, Depends(requires(Permission.ME))]
) -> MeView:
    """Return who is signed in and what he may do."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        user = await users.get(conn, tenant_id=caller.tenant_id, user_id=caller.user_id)
        tenant = await tenants.get(conn, tenant_id=caller.tenant_id)
    if user is None or tenant is None:
        raise user_not_found(caller.user_id)
    return MeView(
        user_id=user.user_id,
        tenant_id=tenant.tenant_id,
        tenant_slug=tenant.slug,
        tenant_name=tenant.name,
        username=user.username,
        display_name=user.display_name,
        role=user.role,
        permissions=sorted(caller.granted()),
        features=sorted(set(Feature) - caller.features_off),
        outbound_stop_reason=(
            tenant.outbound_stop_reason if tenant.outbound_stopped_at is not None else None
        ),
        agent_id=user.agent_id,
        agent_number=user.agent_number,
    )
