"""Whom a caller may make, and whom he may change: never anybody who may do more than he may."""

from __future__ import annotations

from uuid import UUID

from ringway.crm_api.access import Caller, Permission, Role, effective
from ringway.crm_api.errors import Forbidden, Invalid
from ringway.crm_api.rights import beyond
from ringway.crm_api.roles import store as roles
from ringway.crm_api.users import store as users
from ringway.crm_api.users.store import User
from ringway.runtime.postgres import Connection


async def check_grant(
    conn: Connection, caller: Caller, role: Role, own_role_id: str | None
) -> None:
    """Return when the caller may give somebody this role.

    Raises:
        Invalid: There is no such own role, or it is made from another template.
        Forbidden: Its permissions go beyond the caller's.
    """
    granted = await _permissions(conn, caller.tenant_id, role, own_role_id)
    if granted is None:
        raise Invalid("role_unknown", f"There is no role {own_role_id} made from {role.value}.")
    missing = beyond(granted, caller)
    if missing:
        raise Forbidden(
            "permission_not_yours",
            f"This role may do what you may not: {', '.join(missing)}.",
            extra={"permissions": missing},
        )


async def check_change(conn: Connection, caller: Caller, user: User) -> None:
    """Return when the caller may change this user.

    Raises:
        Forbidden: The user may do more than the caller.
    """
    if user.user_id == caller.user_id:
        return
    if user.access_until is not None:
        raise Forbidden("operator_account", "This is an operator's; end his visit instead.")
    has = await _permissions(conn, caller.tenant_id, user.role, user.own_role_id)
    missing = beyond(has or frozenset(), caller)
    if missing:
        raise Forbidden(
            "user_above",
            f"This user may do what you may not: {', '.join(missing)}.",
            extra={"permissions": missing},
        )


async def check_access_change(conn: Connection, caller: Caller, user_id: UUID) -> None:
    """The same for a user's means of access, by his id; of nobody there is nothing to take.

    Raises:
        Forbidden: The user may do more than the caller.
    """
    user = await users.get(conn, tenant_id=caller.tenant_id, user_id=user_id)
    if user is not None:
        await check_change(conn, caller, user)


async def _permissions(
    conn: Connection, tenant_id: UUID, role: Role, own_role_id: str | None
) -> frozenset[Permission] | None:
    stored = await roles.get(conn, tenant_id=tenant_id, role_key=own_role_id or role.value)
    if own_role_id is not None and (
        stored is None or stored.template != role.value or stored.role_key == role.value
    ):
        return None
    return effective(role, stored.permissions if stored is not None else None)
