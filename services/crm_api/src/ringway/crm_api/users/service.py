"""Users: who may be made by whom, and the SIP account that a seat has."""

from __future__ import annotations

import secrets
from dataclasses import replace
from uuid import UUID, uuid5

from ringway.crm_api.access import SEAT_ROLES, Caller, Role, roles_of_tenant
from ringway.crm_api.audit import store as audit
from ringway.crm_api.auth import account, sessions
from ringway.crm_api.customers import leaving
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.users import standing, store
from ringway.crm_api.users.schemas import NewUser, UserChange, UserView
from ringway.proto.acd import AgentAccountV1, PutAgentV1
from ringway.runtime.postgres import Connection


async def create(deps: Deps, caller: Caller, new: NewUser) -> tuple[store.User, str | None]:
    """Create a user; with an agent number also his SIP account at the ACD.

    Returns:
        The user, and the password of his SIP account if one was made.

    Raises:
        Invalid: The role does not belong to this tenant, or has no seat.
        Conflict: The name or the agent number is taken.
        Refused, DependencyDown: The ACD did not make the account; then there is no user either.
    """
    check_role(caller.tenant_id, new.role)
    if new.agent_number is not None and new.role not in SEAT_ROLES:
        raise Invalid("role_without_seat", f"The role {new.role} has no agent number.")
    good = await account.good_password(
        deps, tenant_id=caller.tenant_id, username=new.username, password=new.password
    )
    must_change = new.must_change_password
    sip_password = None
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await standing.check_grant(conn, caller, new.role, new.own_role_id)
        user = await add(
            deps,
            conn,
            tenant_id=caller.tenant_id,
            new=new,
            password_hash=good.hash,
        )
        await account.write_password(
            deps,
            conn,
            tenant_id=caller.tenant_id,
            user_id=user.user_id,
            good=good,
            must_change=good.must_change_at_first if must_change is None else must_change,
        )
        if user.agent_number is not None:
            # Inside the transaction: without the account there shall be no user. If the commit
            # fails after it, a repeat makes the same ids again and finds its account.
            seat = await put_agent(deps, caller.tenant, user)
            sip_password = seat.sip_password
            user = replace(user, sip_username=seat.sip_username)
            await store.set_sip_username(
                conn,
                tenant_id=caller.tenant_id,
                user_id=user.user_id,
                sip_username=seat.sip_username,
            )
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="user.created",
            object_type="user",
            object_id=user.user_id,
            detail={"username": user.username, "role": user.role},
        )
    return user, sip_password


async def add(
    deps: Deps, conn: Connection, *, tenant_id: UUID, new: NewUser, password_hash: str
) -> store.User:
    """Add the row of a new user. The id follows from the name, so that a repeat is the same."""
    try:
        return await store.add(
            conn,
            tenant_id=tenant_id,
            user_id=uuid5(tenant_id, new.username.lower()),
            username=new.username,
            display_name=new.display_name,
            role=new.role,
            password_hash=password_hash,
            agent_number=new.agent_number,
            now=deps.now(),
            own_role_id=new.own_role_id,
        )
    except store.UsernameTaken:
        raise Conflict("username_taken", f"There is a user {new.username} already.") from None
    except store.AgentNumberTaken:
        detail = f"Another user has the agent number {new.agent_number}."
        raise Conflict("agent_number_taken", detail) from None


async def change(
    deps: Deps, caller: Caller, user_id: UUID, version: int | None, wanted: UserChange
) -> store.User:
    """Change a user. Disabling him, or a new password, ends his sessions.

    Raises:
        Forbidden: He disables himself or takes his own role away.
        PreconditionFailed: He was changed since ``version``.
    """
    if wanted.role is not None:
        check_role(caller.tenant_id, wanted.role)
    gives_role = wanted.role is not None or "own_role_id" in wanted.model_fields_set
    if user_id == caller.user_id and (wanted.is_enabled is False or gives_role):
        raise Forbidden("own_access", "Nobody changes his own role or disables himself.")
    if user_id == caller.user_id and wanted.password is not None:
        raise Forbidden("own_password", "One's own password is changed with POST /me/password.")
    good = await _good_password(deps, caller, user_id, wanted.password)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        before = await store.get(conn, tenant_id=caller.tenant_id, user_id=user_id)
        if before is None:
            raise user_not_found(user_id)
        await standing.check_change(conn, caller, before)
        if gives_role:
            role = wanted.role or before.role
            await standing.check_grant(conn, caller, role, wanted.own_role_id)
        if version in (None, before.version) and _is_same(before, wanted):
            return before
        has_seat = before.agent_number is not None
        if wanted.role is not None and has_seat and wanted.role not in SEAT_ROLES:
            raise Conflict("role_without_seat", f"The role {wanted.role} has no agent number.")
        if wanted.is_enabled is False:
            await leaving.one_by_one(conn, caller.tenant_id)
        user = await store.change(
            conn,
            tenant_id=caller.tenant_id,
            user_id=user_id,
            version=version,
            now=deps.now(),
            display_name=wanted.display_name,
            role=wanted.role,
            password_hash=good.hash if good is not None else None,
            is_enabled=wanted.is_enabled,
            own_role_id=wanted.own_role_id,
            is_role_given=gives_role,
        )
        if user is None:
            present = await store.get(conn, tenant_id=caller.tenant_id, user_id=user_id)
            raise user_changed(present or before)
        if user.agent_number is not None and user.is_enabled != before.is_enabled:
            await put_agent(deps, caller.tenant, user)
        if good is not None:
            must_change = wanted.must_change_password
            await account.write_password(
                deps,
                conn,
                tenant_id=caller.tenant_id,
                user_id=user_id,
                good=good,
                must_change=good.must_change_at_first if must_change is None else must_change,
            )
        if not user.is_enabled or good is not None:
            await sessions.end(
                conn,
                tenant_id=caller.tenant_id,
                user_id=user_id,
                now=deps.now(),
                because="password_set" if user.is_enabled else "disabled",
            )
        if before.is_enabled and not user.is_enabled:
            await leaving.leave(conn, caller, user_id, deps.now())
        elif user.is_enabled and not before.is_enabled:
            await leaving.come_back(conn, caller.tenant_id, user_id)
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="user.changed",
            object_type="user",
            object_id=user_id,
            detail={
                "fields": sorted(wanted.model_fields_set),
                "changes": {
                    name: [getattr(before, name), getattr(user, name)]
                    for name in ("role", "own_role_id", "is_enabled")
                    if getattr(before, name) != getattr(user, name)
                },
            },
        )
    deps.guard.forget(caller.tenant_id, user_id)
    deps.rights.forget(caller.tenant_id)
    return user


def _is_same(present: store.User, wanted: UserChange) -> bool:
    """Whether a user is what is wanted already. A password always counts: it ends his sessions."""
    if wanted.password is not None or wanted.must_change_password is not None:
        return False
    role = present.role if wanted.role is None else wanted.role
    own_role_id = present.own_role_id if wanted.role is None else None
    if "own_role_id" in wanted.model_fields_set:
        own_role_id = wanted.own_role_id
    return (
        (role, own_role_id) == (present.role, present.own_role_id)
        and wanted.display_name in (None, present.display_name)
        and wanted.is_enabled in (None, present.is_enabled)
    )


async def _good_password(
    deps: Deps, caller: Caller, user_id: UUID, password: str | None
) -> account.GoodPassword | None:
    if password is None:
        return None
    async with deps.pool.tenant(caller.tenant_id) as conn:
        user = await store.get(conn, tenant_id=caller.tenant_id, user_id=user_id)
        if user is None:
            raise user_not_found(user_id)
        # First of all: what is wrong with a password tells something about the one that he has.
        await standing.check_change(conn, caller, user)
    return await account.good_password(
        deps,
        tenant_id=caller.tenant_id,
        username=user.username,
        password=password,
        user_id=user_id,
    )


async def new_sip_password(deps: Deps, caller: Caller) -> AgentAccountV1:
    """Give the caller's SIP account a new password; it is shown once, the old one ends."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        user = await store.get(conn, tenant_id=caller.tenant_id, user_id=caller.user_id)
        if user is None or user.agent_number is None:
            raise no_seat()
        seat = await put_agent(deps, caller.tenant, user, sip_password=secrets.token_urlsafe(24))
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="agent.sip_password_renewed",
            object_type="user",
            object_id=user.user_id,
        )
    return seat


def check_role(tenant_id: UUID, role: Role) -> None:
    """Raise Invalid when users of this tenant cannot have ``role``."""
    allowed = roles_of_tenant(tenant_id)
    if role not in allowed:
        names = ", ".join(sorted(allowed))
        raise Invalid("role_not_here", f"Users here have one of these roles: {names}.")


def user_not_found(user_id: UUID) -> NotFound:
    """Return the error for a user that is not there."""
    return NotFound("user_not_found", f"There is no user {user_id}.")


def no_seat() -> Conflict:
    """Return the error for a caller without agent number."""
    return Conflict("no_seat", "This user has no agent number, so no phone and no agent state.")


def user_changed(present: store.User) -> PreconditionFailed:
    """Return the error for a version that is not the present one."""
    return PreconditionFailed(
        "user_changed",
        "The user was changed meanwhile; `current` is what he is now.",
        extra={"current": UserView.model_validate(present).model_dump(mode="json")},
    )


async def put_agent(
    deps: Deps, tenant: str, user: store.User, sip_password: str | None = None
) -> AgentAccountV1:
    """Let the ACD have the SIP account of a user with a seat. Raises Refused, DependencyDown."""
    assert user.agent_number is not None
    seat = await deps.bus.request(
        PutAgentV1(
            occurred_at=deps.now(),
            tenant=tenant,
            agent_id=str(user.user_id),
            number=user.agent_number,
            name=user.display_name or user.username,
            sip_password=sip_password,
            enabled=user.is_enabled,
        ),
        AgentAccountV1,
    )
    if sip_password is not None and seat.sip_password is None:
        return seat.model_copy(update={"sip_password": sip_password})
    return seat
