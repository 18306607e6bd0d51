"""Is who a token names still allowed in? Asked on every request, answered from a short memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.auth import sessions, store
from ringway.crm_api.errors import Forbidden, Unauthorized
from ringway.runtime import held
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import CONNECT_LIMIT_S, Connection, Pool

FRESH_S = 0.8  # a suspension or an ended session is felt after this at the latest
_PATIENCE_S = 0.3  # with PostgreSQL known to be down, for a caller whom we know
STALE_S = 900.0  # while PostgreSQL is down, who was allowed in lately goes on working


@dataclass(slots=True)
class _Known:
    access: store.Access | None
    asked_at: float
    answered_at: float


class Guard:
    """Refuses ended sessions, disabled users, suspended tenants and roles that have changed.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        pool: Pool,
        clock: Callable[[], float],
        *,
        max_sessions: int = 50_000,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._max_sessions = max_sessions
        self._known: OrderedDict[tuple[UUID, UUID, UUID], _Known] = OrderedDict()

    async def check(self, caller: Caller, at: datetime, *, may_be_unfinished: bool = False) -> None:
        """Return when the caller is allowed in.

        Args:
            at: The present time, for the session's last sign of life.
            may_be_unfinished: Also while he has to choose a password or a second factor.

        Raises:
            Unauthorized: The session has ended, or the user or tenant is gone or changed.
            Forbidden: He must choose a password or a second factor first.
            PostgresDown: It cannot be known, and was not known lately either.
        """
        access = await self._access(caller, at)
        if access is None:
            raise Unauthorized("session_ended", "This session has ended. Sign in again.")
        login = access.login
        if not login.is_enabled:
            raise Unauthorized("user_disabled", "This user is disabled.")
        if not login.is_tenant_active:
            raise Unauthorized("tenant_suspended", "This tenant is suspended.")
        if access.has_ended:
            raise Unauthorized("session_ended", "This session has ended. Sign in again.")
        if login.role is not caller.role or login.agent_number != caller.agent_number:
            raise Unauthorized("token_outdated", "The user has changed. Refresh the token.")
        if login.must_change_password and not may_be_unfinished:
            raise Forbidden(
                "password_change_required", "Choose a password of your own: POST /me/password."
            )
        if access.lacks_factor and not may_be_unfinished:
            raise Forbidden(
                "second_factor_missing", "This role needs a second factor: POST /me/second-factor."
            )

    def forget(self, tenant_id: UUID, user_id: UUID | None = None) -> None:
        """Forget what is known of a user, or of a whole tenant: it has just changed."""

        def forget() -> None:
            for key in [
                key for key in self._known if key[0] == tenant_id and user_id in (None, key[1])
            ]:
                del self._known[key]

        held.afterwards(forget)

    async def _access(self, caller: Caller, at: datetime) -> store.Access | None:
        key = (caller.tenant_id, caller.user_id, caller.session_id)
        now = self._clock()
        known = self._known.get(key)
        if known is not None and now - known.asked_at < FRESH_S:
            return known.access
        may_be_stale = known is not None and now - known.answered_at < STALE_S
        hurry = may_be_stale and not self._pool.healthy
        try:
            async with self._pool.tenant(
                caller.tenant_id, limit_s=_PATIENCE_S if hurry else CONNECT_LIMIT_S
            ) as conn:
                access = await self._ask(conn, caller, at)
        except PostgresDown:
            if known is None or not may_be_stale:
                raise
            known.asked_at = self._clock()  # not again with the very next request
            return known.access
        self._known[key] = _Known(access, asked_at=now, answered_at=now)
        self._known.move_to_end(key)
        if len(self._known) > self._max_sessions:
            self._known.popitem(last=False)
        return access

    async def _ask(self, conn: Connection, caller: Caller, at: datetime) -> store.Access | None:
        access = await store.access_of(
            conn,
            tenant_id=caller.tenant_id,
            user_id=caller.user_id,
            session_id=caller.session_id,
        )
        if (
            access is not None
            and not access.has_ended
            and (at - access.last_seen_at).total_seconds() >= sessions.SEEN_EVERY_S
        ):
            await sessions.seen(
                conn,
                tenant_id=caller.tenant_id,
                session_id=caller.session_id,
                client_ip=caller.client_ip,
                now=at,
            )
        return access
