"""An operator works inside of an enterprise: for a time, for a reason, and the enterprise sees it.

He gets an account of its own there, ``operator:<name>``, so that whatever he does stands in the
enterprise's audit log under that name. No name of a user can have a colon, and the account has
no password that anybody knows.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID, uuid5

from ringway.crm_api.access import PLATFORM_TENANT, Caller, Role
from ringway.crm_api.audit import store as audit
from ringway.crm_api.auth import service as auth
from ringway.crm_api.auth import sessions
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, NotFound
from ringway.crm_api.jump_ins import store
from ringway.crm_api.jump_ins.schemas import JumpInView, NewJumpIn, StartedJumpIn
from ringway.crm_api.tenants import store as tenants
from ringway.crm_api.tenants.service import tenant_not_found
from ringway.runtime.ids import uuid7


async def begin(
    deps: Deps, caller: Caller, tenant_id: UUID, new: NewJumpIn, device: auth.Device
) -> StartedJumpIn:
    """Let the calling operator into an enterprise.

    Raises:
        NotFound: There is no such enterprise.
        Conflict: Nobody gets in there now.
    """
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        tenant = await tenants.get(conn, tenant_id=tenant_id)
    if tenant is None or tenant_id == PLATFORM_TENANT:
        raise tenant_not_found(tenant_id)
    if tenant.state != "active":
        raise Conflict("tenant_not_active", f"The enterprise is {tenant.state}.")
    now = deps.now()
    until = now + timedelta(minutes=new.minutes)
    password_hash = await deps.passwords.hash(secrets.token_urlsafe(32))
    jump_in_id = uuid7()
    visitor = Caller(
        tenant_id=tenant_id,
        user_id=uuid5(tenant_id, f"operator:{caller.user_id}"),
        username=f"operator:{caller.username}",
        role=Role.ENTERPRISE_ADMIN,
        agent_number=None,
        session_id=uuid7(),
        client_ip=caller.client_ip,
    )
    detail = {"reason": new.reason, "until": until.isoformat()}
    async with deps.pool.tenant(tenant_id) as conn:
        await store.let_in(
            conn,
            tenant_id=tenant_id,
            user_id=visitor.user_id,
            username=visitor.username,
            password_hash=password_hash,
            role=visitor.role.value,
            now=now,
            until=until,
        )
        await store.add(
            conn,
            tenant_id=tenant_id,
            jump_in_id=jump_in_id,
            user_id=visitor.user_id,
            operator_id=caller.user_id,
            operator=caller.username,
            reason=new.reason,
            now=now,
            until=until,
        )
        await audit.add(
            conn,
            caller=visitor,
            now=now,
            action="jump_in.began",
            object_type="jump_in",
            object_id=jump_in_id,
            detail=detail,
        )
    await _note(deps, caller, "jump_in.began", jump_in_id, {**detail, "tenant": tenant.slug})
    deps.rights.forget(tenant_id)
    pair = await auth.begin_session(deps, visitor, device, method="jump_in")
    return StartedJumpIn(
        jump_in_id=jump_in_id,
        operator=caller.username,
        reason=new.reason,
        began_at=now,
        until=until,
        ended_at=None,
        tenant_id=tenant_id,
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
    )


async def end(deps: Deps, caller: Caller, tenant_id: UUID, jump_in_id: UUID) -> None:
    """End a visit before its time, by either side. Raises NotFound."""
    now = deps.now()
    async with deps.pool.tenant(tenant_id) as conn:
        visit = await store.end(conn, tenant_id=tenant_id, jump_in_id=jump_in_id, now=now)
        if visit is None:
            raise NotFound("jump_in_not_found", f"There was no visit {jump_in_id}.")
        await store.shut_out(conn, tenant_id=tenant_id, user_id=visit.user_id, now=now)
        await sessions.end(
            conn, tenant_id=tenant_id, user_id=visit.user_id, now=now, because="jump_in_ended"
        )
    await _note(deps, caller, "jump_in.ended", jump_in_id, {"operator": visit.operator})
    deps.guard.forget(tenant_id, visit.user_id)
    deps.rights.forget(tenant_id)


async def page(deps: Deps, tenant_id: UUID, before: UUID | None, limit: int) -> list[JumpInView]:
    """Return the visits to an enterprise, newest first."""
    async with deps.pool.tenant(tenant_id) as conn:
        found = await store.page(conn, tenant_id=tenant_id, before=before, limit=limit)
    return [JumpInView.model_validate(visit) for visit in found]


async def _note(
    deps: Deps, caller: Caller, action: str, jump_in_id: UUID, detail: dict[str, str]
) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=action,
            object_type="jump_in",
            object_id=jump_in_id,
            detail=detail,
        )
