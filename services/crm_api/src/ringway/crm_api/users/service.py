"""Users: who may be made by whom, and the SIP account that a seat has."""

from __future__ import annotations

import secrets
from dataclasses import replace
from uuid import UUID, uuid5

from ringway.crm_api.access import SEAT_ROLES, Caller, Role, roles_of_tenant
from ringway.crm_api.audit import store as audit
from ringway.crm_api.auth import store as auth_store
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.users import store
from ringway.crm_api.users.schemas import NewUser, UserChange
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
    password_hash = await deps.passwords.hash(new.password)
    sip_password = None
    async with deps.pool.tenant(caller.tenant_id) as conn:
        user = await add(
            deps,
            conn,
            tenant_id=caller.tenant_id,
            new=new,
            password_hash=password_hash,
        )
        if user.agent_number is not None:
            # Inside the transaction: without the account there shall be no user. If the commit
            # fails after it, a repeat makes the same ids again and finds its account.
            account = await _put_agent(deps, caller.tenant, user)
            sip_password = account.sip_password
            user = replace(user, sip_username=account.sip_username)
            await store.set_sip_username(
                conn,
                tenant_id=caller.tenant_id,
                user_id=user.user_id,
                sip_username=account.sip_username,
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
    if user_id == caller.user_id and (wanted.is_enabled is False or wanted.role is not None):
        raise Forbidden("own_access", "Nobody changes his own role or disables himself.")
    hashed = await deps.passwords.hash(wanted.password) if wanted.password is not None else None
    async with deps.pool.tenant(caller.tenant_id) as conn:
        before = await store.get(conn, tenant_id=caller.tenant_id, user_id=user_id)
        if before is None:
            raise user_not_found(user_id)
        has_seat = before.agent_number is not None
        if wanted.role is not None and has_seat and wanted.role not in SEAT_ROLES:
            raise Conflict("role_without_seat", f"The role {wanted.role} has no agent number.")
        user = await store.change(
            conn,
            tenant_id=caller.tenant_id,
            user_id=user_id,
            version=version,
            now=deps.now(),
            display_name=wanted.display_name,
            role=wanted.role,
            password_hash=hashed,
            is_enabled=wanted.is_enabled,
        )
        if user is None:
            raise PreconditionFailed("user_changed", "The user was changed meanwhile; read again.")
        if user.agent_number is not None and user.is_enabled != before.is_enabled:
            await _put_agent(deps, caller.tenant, user)
        if not user.is_enabled or hashed is not None:
            await auth_store.end_sessions_of(conn, tenant_id=caller.tenant_id, user_id=user_id)
        fields = sorted(wanted.model_fields_set)
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="user.changed",
            object_type="user",
            object_id=user_id,
            detail={"fields": fields},
        )
    deps.guard.forget(caller.tenant_id, user_id)
    return user


async def new_sip_password(deps: Deps, caller: Caller) -> AgentAccountV1:
    """Give the caller's SIP account a new password; it is shown once, the old one ends."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        user = await store.get(conn, tenant_id=caller.tenant_id, user_id=caller.user_id)
        if user is None or user.agent_number is None:
            raise no_seat()
        account = await _put_agent(
            deps, caller.tenant, user, sip_password=secrets.token_urlsafe(24)
        )
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="agent.sip_password_renewed",
            object_type="user",
            object_id=user.user_id,
        )
    return account


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


async def _put_agent(
    deps: Deps, tenant: str, user: store.User, sip_password: str | None = None
) -> AgentAccountV1:
    assert user.agent_number is not None
    account = await deps.bus.request(
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
    if sip_password is not None and account.sip_password is None:
        return account.model_copy(update={"sip_password": sip_password})
    return account
