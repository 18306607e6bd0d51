"""Is who a token names still allowed in? Asked on every request, answered from a short memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.auth import store
from ringway.crm_api.errors import Unauthorized
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import CONNECT_LIMIT_S, Pool

FRESH_S = 2.0  # a suspension is felt after this at the latest
_PATIENCE_S = 0.3  # with PostgreSQL known to be down, for a caller whom we know
STALE_S = 900.0  # while PostgreSQL is down, who was allowed in lately goes on working


@dataclass(slots=True)
class _Known:
    login: store.Login | None
    asked_at: float
    answered_at: float


class Guard:
    """Refuses disabled users, suspended tenants and roles that have changed since sign-in.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, pool: Pool, clock: Callable[[], float], *, max_users: int = 50_000) -> None:
        self._pool = pool
        self._clock = clock
        self._max_users = max_users
        self._known: OrderedDict[tuple[UUID, UUID], _Known] = OrderedDict()

    async def check(self, caller: Caller) -> None:
        """Return when the caller is allowed in.

        Raises:
            Unauthorized: The user or the tenant is gone, disabled or changed.
            PostgresDown: It cannot be known, and was not known lately either.
        """
        login = await self._login(caller)
        if login is None or not login.is_enabled:
            raise Unauthorized("user_disabled", "This user is disabled.")
        if not login.is_tenant_active:
            raise Unauthorized("tenant_suspended", "This tenant is suspended.")
        if login.role is not caller.role or login.agent_number != caller.agent_number:
            raise Unauthorized("token_outdated", "The user has changed. Refresh the token.")

    def forget(self, tenant_id: UUID, user_id: UUID | None = None) -> None:
        """Forget what is known of a user, or of a whole tenant: it has just changed."""
        if user_id is not None:
            self._known.pop((tenant_id, user_id), None)
            return
        for key in [key for key in self._known if key[0] == tenant_id]:
            del self._known[key]

    async def _login(self, caller: Caller) -> store.Login | None:
        key = (caller.tenant_id, caller.user_id)
        now = self._clock()
        known = self._known.get(key)
        if known is not None and now - known.asked_at < FRESH_S:
            return known.login
        may_be_stale = known is not None and now - known.answered_at < STALE_S
        hurry = may_be_stale and not self._pool.healthy
        try:
            async with self._pool.tenant(
                caller.tenant_id, limit_s=_PATIENCE_S if hurry else CONNECT_LIMIT_S
            ) as conn:
                login = await store.login_of(
                    conn, tenant_id=caller.tenant_id, user_id=caller.user_id
                )
        except PostgresDown:
            if known is None or not may_be_stale:
                raise
            known.asked_at = self._clock()  # not again with the very next request
            return known.login
        self._known[key] = _Known(login, asked_at=now, answered_at=now)
        self._known.move_to_end(key)
        if len(self._known) > self._max_users:
            self._known.popitem(last=False)
        return login
