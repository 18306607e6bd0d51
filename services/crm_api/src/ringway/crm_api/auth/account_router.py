"""/me/password, /me/sessions, /users/{user_id}/sessions, /security-policy."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission, Role, roles_of_tenant
from ringway.crm_api.audit import store as audit
from ringway.crm_api.auth import account, policy, sessions
from ringway.crm_api.auth.schemas import (
    EndedSessions,
    PasswordChange,
    SecurityPolicyBody,
    SecurityPolicyView,
    SessionView,
)
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import Invalid, PreconditionFailed
from ringway.crm_api.etag import IfMatch, expected_version, says_nothing_new, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of
from ringway.crm_api.users import store as users
from ringway.crm_api.users.service import user_not_found

of_me = api_router("/me", "me")
of_users = api_router("/users", "users")
rules = api_router("/security-policy", "security")
Self = Annotated[Caller, Depends(requires(Permission.ME))]
Admin = Annotated[Caller, Depends(requires(Permission.USERS_WRITE))]
RulesReader = Annotated[Caller, Depends(requires(Permission.USERS_READ))]


@of_me.post("/password", status_code=204)
async def change_own_password(change: PasswordChange, deps: DepsOf, caller: Self) -> None:
    """Change one's own password. All other sessions of the caller end."""
    await account.change_own_password(
        deps, caller, present=change.current_password, wanted=change.new_password
    )


@of_me.get("/sessions")
async def list_own_sessions(
    deps: DepsOf, caller: Self, limit: Limit = 100, cursor: Cursor = None
) -> Page[SessionView]:
    """List where the caller is signed in: device, address, last seen."""
    return await _page(deps, caller, caller.user_id, limit, cursor)


@of_me.delete("/sessions/{session_id}", status_code=204)
async def end_own_session(session_id: UUID, deps: DepsOf, caller: Self) -> None:
    """End one session of the caller. Its tokens are refused within a second, everywhere."""
    await account.end_sessions(deps, caller, user_id=caller.user_id, session_id=session_id)


@of_users.get("/{user_id}/sessions")
async def list_user_sessions(
    user_id: UUID, deps: DepsOf, caller: Admin, limit: Limit = 100, cursor: Cursor = None
) -> Page[SessionView]:
    """List where a user is signed in."""
    await _check_user(deps, caller, user_id)
    return await _page(deps, caller, user_id, limit, cursor)


@of_users.delete("/{user_id}/sessions")
async def end_user_sessions(user_id: UUID, deps: DepsOf, caller: Admin) -> EndedSessions:
    """End all sessions of a user. Their tokens are refused within a second, everywhere."""
    await _check_user(deps, caller, user_id)
    return EndedSessions(ended=await account.end_sessions(deps, caller, user_id=user_id))


@of_users.delete("/{user_id}/sessions/{session_id}", status_code=204)
async def end_user_session(user_id: UUID, session_id: UUID, deps: DepsOf, caller: Admin) -> None:
    """End one session of a user."""
    await _check_user(deps, caller, user_id)
    await account.end_sessions(deps, caller, user_id=user_id, session_id=session_id)


@rules.get("")
async def get_security_policy(
    deps: DepsOf, caller: RulesReader, response: Response
) -> SecurityPolicyView:
    """Return the rules of passwords and sign-ins in the caller's tenant."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await policy.get(conn, tenant_id=caller.tenant_id)
    set_etag(response, found.version)
    return SecurityPolicyView.model_validate(found)


@rules.put("")
async def put_security_policy(
    wanted: SecurityPolicyBody,
    deps: DepsOf,
    caller: Admin,
    response: Response,
    if_match: IfMatch = None,
) -> SecurityPolicyView:
    """Replace the rules. Passwords that exist stay; the rules hold for the next ones."""
    here = roles_of_tenant(caller.tenant_id)
    if strange := [role for role in wanted.second_factor_roles if role not in here]:
        raise Invalid("role_not_here", f"Users here have no role {strange[0]}.")
    version = expected_version(if_match)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        shown = SecurityPolicyView.model_validate(
            await policy.get(conn, tenant_id=caller.tenant_id)
        )
        if version in (None, shown.version) and says_nothing_new(shown, wanted):
            set_etag(response, shown.version)
            return shown
        written = await policy.put(
            conn,
            tenant_id=caller.tenant_id,
            wanted=policy.SecurityPolicy(
                **{**wanted.model_dump(), "second_factor_roles": _unique(wanted)}
            ),
            version=version,
            now=deps.now(),
        )
        if written is None:
            present = await policy.get(conn, tenant_id=caller.tenant_id)
            raise PreconditionFailed(
                "policy_changed",
                "The rules were changed meanwhile; `current` is what they are now.",
                extra={
                    "current": SecurityPolicyView.model_validate(present).model_dump(mode="json")
                },
            )
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="security_policy.changed",
            object_type="security_policy",
            detail=wanted.model_dump(mode="json"),
        )
    deps.guard.forget(caller.tenant_id)
    set_etag(response, written.version)
    return SecurityPolicyView.model_validate(written)


def _unique(wanted: SecurityPolicyBody) -> tuple[Role, ...]:
    return tuple(dict.fromkeys(wanted.second_factor_roles))


async def _check_user(deps: Deps, caller: Caller, user_id: UUID) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if await users.get(conn, tenant_id=caller.tenant_id, user_id=user_id) is None:
            raise user_not_found(user_id)


async def _page(
    deps: Deps, caller: Caller, user_id: UUID, limit: int, cursor: str | None
) -> Page[SessionView]:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await sessions.page(
            conn,
            tenant_id=caller.tenant_id,
            user_id=user_id,
            now=deps.now(),
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [
        SessionView(
            **{name: getattr(each, name) for name in SessionView.model_fields if name != "current"},
            current=each.session_id == caller.session_id,
        )
        for each in found
    ]
    return page_of(items, limit, lambda last: last.session_id)
