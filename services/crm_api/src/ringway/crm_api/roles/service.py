"""Roles: shipped templates that an enterprise may change, and roles that it derives from them.

Nobody grants what he does not have, nobody changes the role that he has himself, and no role
gets more than the level of its template may ever have.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from ringway.crm_api.access import (
    FIXED_ROLES,
    LEVELS,
    ROLE_PERMISSIONS,
    SEAT_ROLES,
    Caller,
    Permission,
    Role,
    ceiling,
    effective,
    roles_of_tenant,
)
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.rights import beyond
from ringway.crm_api.roles import store
from ringway.crm_api.roles.schemas import NewRole, RoleBody, RoleView
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_MOST_ROLES = 200


async def everything(deps: Deps, caller: Caller) -> list[RoleView]:
    """Return all roles that users of the caller's tenant can have, shipped ones first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        stored = await store.all_of(conn, tenant_id=caller.tenant_id)
    changed = {role.role_key: role for role in stored}
    shipped = [role for role in Role if role in roles_of_tenant(caller.tenant_id)]
    views = [_view(role, changed.pop(role.value, None)) for role in shipped]
    return views + [_view(Role(role.template), role) for role in changed.values()]


async def get(deps: Deps, caller: Caller, role_id: str) -> RoleView:
    """Return one role. Raises NotFound."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        return await find(conn, caller.tenant_id, role_id)


async def find(conn: Connection, tenant_id: UUID, role_id: str) -> RoleView:
    """Return one role of a tenant. Raises NotFound."""
    template, stored = await _find(conn, tenant_id, role_id)
    return _view(template, stored)


async def create(deps: Deps, caller: Caller, new: NewRole) -> RoleView:
    """Make a role from a template.

    Raises:
        Invalid: The template does not belong here, or its level may not have a permission.
        Forbidden: The caller gives what he does not have.
        Conflict: The name is taken, or there are too many.
    """
    if new.template not in roles_of_tenant(caller.tenant_id):
        names = ", ".join(sorted(roles_of_tenant(caller.tenant_id)))
        raise Invalid("role_not_here", f"Roles here are made from one of these: {names}.")
    async with deps.pool.tenant(caller.tenant_id) as conn:
        _, of_template = await _find(conn, caller.tenant_id, new.template.value)
        wanted = (
            effective(new.template, of_template.permissions if of_template else None)
            if new.permissions is None
            else frozenset(new.permissions)
        )
        _check(caller, new.template, wanted)
        if len(await store.all_of(conn, tenant_id=caller.tenant_id)) >= _MOST_ROLES:
            raise Conflict("roles_too_many", f"An enterprise has at most {_MOST_ROLES} roles.")
        return await _put(deps, conn, caller, str(uuid7()), new.template, new.name, wanted)


async def change(
    deps: Deps, caller: Caller, role_id: str, version: int | None, wanted: RoleBody
) -> RoleView:
    """Change a role; it holds within a second for everybody who has it.

    Raises:
        Forbidden: It is the caller's own, or he gives or takes what he does not have.
        Conflict: It is fixed, or the name is taken.
        PreconditionFailed: It was changed since ``version``.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        template, before = await _find(conn, caller.tenant_id, role_id, for_update=True)
        _check_may_change(caller, template, role_id)
        _check_version(template, before, version)
        is_own = role_id not in Role.__members__.values()
        if not is_own and wanted.name not in (None, template.value):
            raise Invalid("role_name_fixed", "A shipped role keeps its name; make one of your own.")
        has_now = effective(template, before.permissions if before else None)
        asked = frozenset(wanted.permissions)
        _check(caller, template, asked, has_now)
        name = (wanted.name or before.name) if is_own and before else template.value
        present = _view(template, before)
        if (name, sorted({*asked, Permission.ME})) == (present.name, present.permissions):
            return present
        view = await _put(deps, conn, caller, role_id, template, name, asked)
    deps.rights.forget(caller.tenant_id)
    return view


async def remove(deps: Deps, caller: Caller, role_id: str, version: int | None) -> None:
    """Remove an own role that nobody has, or make a shipped one as it was shipped.

    Raises:
        Conflict: Somebody has it.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        template, before = await _find(conn, caller.tenant_id, role_id, for_update=True)
        _check_may_change(caller, template, role_id)
        _check_version(template, before, version)
        is_own = role_id not in Role.__members__.values()
        if not is_own:
            has_now = effective(template, before.permissions if before else None)
            _check(caller, template, ROLE_PERMISSIONS[template], has_now)
            if before is not None:
                await _put(deps, conn, caller, role_id, template, template.value, None)
        else:
            users = await store.users_with(conn, tenant_id=caller.tenant_id, role_key=role_id)
            if users:
                raise Conflict("role_in_use", f"{users} users have this role; change them first.")
            await store.remove(conn, tenant_id=caller.tenant_id, role_key=role_id)
            await _audit(deps, conn, caller, "role.removed", role_id, {"template": template})
    deps.rights.forget(caller.tenant_id)


def _check(
    caller: Caller,
    template: Role,
    wanted: frozenset[Permission],
    before: frozenset[Permission] = frozenset(),
) -> None:
    never = sorted(wanted - ceiling(template))
    if never:
        raise Invalid(
            "permission_above_level",
            f"A role made from {template} can never have: {', '.join(never)}.",
            extra={"permissions": never},
        )
    not_his = beyond(wanted ^ before, caller)
    if not_his:
        raise Forbidden(
            "permission_not_yours",
            f"Nobody gives or takes what he does not have: {', '.join(not_his)}.",
            extra={"permissions": not_his},
        )


def _check_may_change(caller: Caller, template: Role, role_id: str) -> None:
    if role_id in FIXED_ROLES:
        raise Conflict("role_fixed", f"The role {template} stays as it is shipped.")
    if role_id == (caller.own_role or caller.role.value):
        raise Forbidden("own_access", "Nobody changes the role that he has himself.")


def _check_version(template: Role, before: store.StoredRole | None, version: int | None) -> None:
    present = _view(template, before)
    if version is not None and version != present.version:
        raise PreconditionFailed(
            "role_changed",
            "The role was changed meanwhile; `current` is what it is now.",
            extra={"current": present.model_dump(mode="json")},
        )


async def _find(
    conn: Connection, tenant_id: UUID, role_id: str, *, for_update: bool = False
) -> tuple[Role, store.StoredRole | None]:
    stored = await store.get(conn, tenant_id=tenant_id, role_key=role_id, for_update=for_update)
    if stored is not None:
        return Role(stored.template), stored
    if role_id in {role.value for role in roles_of_tenant(tenant_id)}:
        return Role(role_id), None
    raise NotFound("role_not_found", f"There is no role {role_id}.")


async def _put(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    role_id: str,
    template: Role,
    name: str,
    permissions: Iterable[Permission] | None,
) -> RoleView:
    granted = sorted({*permissions, Permission.ME}) if permissions is not None else None
    try:
        stored = await store.put(
            conn,
            tenant_id=caller.tenant_id,
            role_key=role_id,
            template=template.value,
            name=name,
            permissions=granted,
            now=deps.now(),
        )
    except store.RoleNameTaken:
        raise Conflict("role_name_taken", f"Another role has the name {name}.") from None
    detail = {"name": name, "template": template, "permissions": granted}
    is_new = role_id != template and stored.version == 1
    action = "role.restored" if granted is None else "role.changed"
    action = "role.created" if is_new else action
    await _audit(deps, conn, caller, action, role_id, detail)
    return _view(template, stored)


async def _audit(
    deps: Deps, conn: Connection, caller: Caller, action: str, role_id: str, detail: object
) -> None:
    assert isinstance(detail, dict)
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="role",
        object_id=role_id,
        detail=detail,
    )


def _view(template: Role, stored: store.StoredRole | None) -> RoleView:
    permissions = effective(template, stored.permissions if stored is not None else None)
    is_own = stored is not None and stored.role_key != template.value
    role_id = stored.role_key if stored is not None else template.value
    return RoleView(
        role_id=role_id,
        name=stored.name if stored is not None else template.value,
        template=template,
        level=LEVELS[template],
        is_own=is_own,
        is_changed=permissions != ROLE_PERMISSIONS[template],
        is_fixed=role_id in FIXED_ROLES,
        has_seat=template in SEAT_ROLES,
        permissions=sorted(permissions),
        grantable=sorted(ceiling(template)),
        # As shipped is version 1 of a shipped role; the first change makes it 2.
        version=(stored.version + (not is_own)) if stored is not None else 1,
        changed_at=stored.updated_at if stored is not None else None,
    )
