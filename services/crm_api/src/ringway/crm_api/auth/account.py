"""One's own password and sessions, and what an administrator does about others'."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.auth import lockout, password_rules, policy, service, sessions, store
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import BadRequest, Invalid, NotFound
from ringway.crm_api.tenants import store as tenants
from ringway.crm_api.users import standing
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class GoodPassword:
    """A password that the rules allow, hashed."""

    hash: str
    must_change_at_first: bool
    history: int


async def good_password(
    deps: Deps, *, tenant_id: UUID, username: str, password: str, user_id: UUID | None = None
) -> GoodPassword:
    """Hash a password for a user of a tenant.

    Args:
        user_id: Of a user who has a password already; it and the last ones are not taken again.

    Raises:
        Invalid: The tenant's rules do not allow it.
    """
    async with deps.pool.tenant(tenant_id) as conn:
        rules = await policy.get(conn, tenant_id=tenant_id)
        tenant = await tenants.get(conn, tenant_id=tenant_id)
        earlier = (
            await store.password_hashes(
                conn, tenant_id=tenant_id, user_id=user_id, limit=rules.password_history
            )
            if user_id is not None
            else []
        )
    password_rules.check(
        password,
        username=username,
        tenant=tenant.slug if tenant is not None else "",
        min_length=rules.password_min_length,
    )
    for each in earlier:
        if await deps.passwords.verify(each, password):
            raise Invalid("password_used_before", "This password was used lately.")
    return GoodPassword(
        await deps.passwords.hash(password), rules.change_at_first_sign_in, rules.password_history
    )


async def write_password(
    deps: Deps,
    conn: Connection,
    *,
    tenant_id: UUID,
    user_id: UUID,
    good: GoodPassword,
    must_change: bool,
) -> None:
    """Give a user a password that was found good."""
    await store.set_password(
        conn,
        tenant_id=tenant_id,
        user_id=user_id,
        password_hash=good.hash,
        must_change=must_change,
        kept=good.history,
        now=deps.now(),
    )


async def change_own_password(deps: Deps, caller: Caller, *, present: str, wanted: str) -> None:
    """Change the caller's password. All his other sessions end.

    Raises:
        BadRequest: The present password is wrong.
        TooMany: It was wrong too often.
        Invalid: The new one is not allowed.
    """
    await check_own_password(deps, caller, present)
    good = await good_password(
        deps,
        tenant_id=caller.tenant_id,
        username=caller.username,
        password=wanted,
        user_id=caller.user_id,
    )
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await write_password(
            deps,
            conn,
            tenant_id=caller.tenant_id,
            user_id=caller.user_id,
            good=good,
            must_change=False,
        )
        ended = await sessions.end(
            conn,
            tenant_id=caller.tenant_id,
            user_id=caller.user_id,
            except_session_id=caller.session_id,
            now=deps.now(),
            because="password_changed",
        )
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="auth.password_changed",
            object_type="user",
            object_id=caller.user_id,
            detail={"sessions_ended": ended},
        )
    deps.guard.forget(caller.tenant_id, caller.user_id)


async def check_own_password(deps: Deps, caller: Caller, present: str) -> str:
    """Ask for the caller's password again, before something that a thief of a token would do.

    Returns:
        The slug of his tenant.

    Raises:
        BadRequest: It is wrong.
        TooMany: It was wrong too often.
    """
    service.check_rate(deps, caller.client_ip)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        login = await store.login_of(conn, tenant_id=caller.tenant_id, user_id=caller.user_id)
        tenant = await tenants.get(conn, tenant_id=caller.tenant_id)
    if login is None or tenant is None:
        raise _session_not_found(caller.session_id)
    key = lockout.key_of(f"{login.username.lower()}@{tenant.slug}", caller.client_ip)
    async with deps.turns.of(key):
        await service.refuse_locked(deps, key, login)
        if not await deps.passwords.verify(login.password_hash, present):
            await service.count_failure(deps, key)
            raise BadRequest("password_wrong", "The present password is wrong.")
    return tenant.slug


async def end_sessions(
    deps: Deps, caller: Caller, *, user_id: UUID, session_id: UUID | None = None
) -> int:
    """End one session of a user, or all of them. Returns how many were open.

    Raises:
        NotFound: The one session is not open.
        Forbidden: The user may do more than the caller.
    """
    because = "ended_by_owner" if user_id == caller.user_id else "ended_by_administrator"
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await standing.check_access_change(conn, caller, user_id)
        ended = await sessions.end(
            conn,
            tenant_id=caller.tenant_id,
            user_id=user_id,
            session_id=session_id,
            now=deps.now(),
            because=because,
        )
        if session_id is not None and not ended:
            raise _session_not_found(session_id)
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="session.ended",
            object_type="user",
            object_id=user_id,
            detail={"session_id": session_id, "sessions": ended},
        )
    deps.guard.forget(caller.tenant_id, user_id)
    return ended


def _session_not_found(session_id: UUID) -> NotFound:
    return NotFound("session_not_found", f"There is no open session {session_id}.")
