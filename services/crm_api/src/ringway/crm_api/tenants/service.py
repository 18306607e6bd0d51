"""Opening and suspending enterprises; the platform's own beginning."""

from __future__ import annotations

import logging
from uuid import UUID

from ringway.crm_api.access import PLATFORM_TENANT, Caller, Role
from ringway.crm_api.audit import store as audit
from ringway.crm_api.auth import password_rules
from ringway.crm_api.auth.service import PLATFORM_SLUG
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, NotFound
from ringway.crm_api.tenants import store
from ringway.crm_api.tenants.schemas import NewTenant, TenantState
from ringway.crm_api.users import service as users
from ringway.crm_api.users.schemas import NewUser
from ringway.runtime.ids import uuid7

_log = logging.getLogger("ringway.crm_api.tenants")


async def open_tenant(deps: Deps, caller: Caller, new: NewTenant) -> store.Tenant:
    """Open an enterprise with its first admin, in one transaction.

    Raises:
        Conflict: The slug is taken.
        Invalid: The admin's password is too easily guessed.
    """
    tenant_id = uuid7()
    password_rules.check(new.admin.password, username=new.admin.username, tenant=new.slug)
    password_hash = await deps.passwords.hash(new.admin.password)
    admin = NewUser(
        username=new.admin.username,
        password=new.admin.password,
        display_name=new.admin.display_name,
        role=Role.ENTERPRISE_ADMIN,
    )
    try:
        async with deps.pool.tenant(tenant_id) as conn:
            tenant = await store.add(
                conn, tenant_id=tenant_id, slug=new.slug, name=new.name, now=deps.now()
            )
            await users.add(deps, conn, tenant_id=tenant_id, new=admin, password_hash=password_hash)
    except store.SlugTaken:
        raise Conflict("slug_taken", f"Another tenant has the slug {new.slug}.") from None
    await _audit(deps, caller, "tenant.opened", tenant_id, {"slug": new.slug})
    return tenant


async def set_state(
    deps: Deps, caller: Caller, tenant_id: UUID, state: TenantState
) -> store.Tenant:
    """Suspend or resume an enterprise. Access ends at once, within seconds on other replicas."""
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        tenant = await store.set_state(conn, tenant_id=tenant_id, state=state.value, now=deps.now())
        if tenant is None:
            raise tenant_not_found(tenant_id)
    deps.guard.forget(tenant_id)
    deps.keys.forget(tenant_id)
    action = "tenant.suspended" if state is TenantState.SUSPENDED else "tenant.resumed"
    await _audit(deps, caller, action, tenant_id, {})
    return tenant


async def ensure_platform(deps: Deps) -> None:
    """Make the platform's own tenant and its first admin, if they are not there yet."""
    now = deps.now()
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        if await store.get(conn, tenant_id=PLATFORM_TENANT) is not None:
            return
    password = deps.settings.platform_admin_password.get_secret_value()
    hashed = await deps.passwords.hash(password)
    admin = NewUser(username="admin", password=password, role=Role.SYSTEM_ADMIN)
    try:
        async with deps.pool.tenant(PLATFORM_TENANT) as conn:
            await store.add(
                conn, tenant_id=PLATFORM_TENANT, slug=PLATFORM_SLUG, name="Platform", now=now
            )
            await users.add(deps, conn, tenant_id=PLATFORM_TENANT, new=admin, password_hash=hashed)
    except store.SlugTaken:
        return  # another replica was first
    _log.info("The platform's first admin was made.", extra={"username": "admin"})


def tenant_not_found(tenant_id: UUID) -> NotFound:
    """Return the error for a tenant that is not there."""
    return NotFound("tenant_not_found", f"There is no tenant {tenant_id}.")


async def _audit(
    deps: Deps, caller: Caller, action: str, tenant_id: UUID, detail: dict[str, str]
) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=action,
            object_type="tenant",
            object_id=tenant_id,
            detail=detail,
        )
