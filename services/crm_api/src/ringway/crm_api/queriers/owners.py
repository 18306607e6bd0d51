"""Whoever something is done for while he is not there: with the rights that he has now."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Forbidden, Unauthorized
from ringway.crm_api.features import Feature
from ringway.crm_api.users import store as users


async def caller_of(
    deps: Deps, tenant_id: UUID, user_id: UUID, scopes: Sequence[str] | None
) -> Caller:
    """Return a user as he would call now.

    Args:
        scopes: Of the key with which he asked for it; None: it was himself.

    Raises:
        Forbidden: He may do nothing with queriers any more.
        PostgresDown: It cannot be known.
    """
    async with deps.pool.tenant(tenant_id) as conn:
        user = await users.get(conn, tenant_id=tenant_id, user_id=user_id)
    if user is None or not user.is_enabled:
        raise _gone()
    known = Permission.__members__.values()
    caller = Caller(
        tenant_id=tenant_id,
        user_id=user_id,
        username=user.username,
        role=user.role,
        agent_number=user.agent_number,
        session_id=UUID(int=0),
        client_ip="",
        scopes=None if scopes is None else frozenset(Permission(s) for s in scopes if s in known),
    )
    try:
        caller = await deps.rights.of(caller, deps.now())
    except Unauthorized as error:
        raise _gone() from error
    if not caller.may(Permission.QUERIERS_WRITE) or Feature.QUERIERS in caller.features_off:
        raise Forbidden("permission_missing", "Its owner may not use queriers any more.")
    return caller


def scopes_of(caller: Caller) -> list[str] | None:
    """Return the scopes of a caller as they are kept."""
    return sorted(caller.scopes) if caller.scopes is not None else None


def _gone() -> Forbidden:
    return Forbidden("owner_gone", "Its owner is disabled: somebody else must make it anew.")
