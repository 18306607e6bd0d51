"""What a caller may do now, by his role and his enterprise. Answered from a short memory.

PostgreSQL is asked again after FRESH_S, by every replica for itself: a change is felt everywhere
within a second without anybody having to be told of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from ringway.crm_api.access import PERSONAL, Caller, Permission, effective
from ringway.crm_api.errors import Unauthorized
from ringway.crm_api.features import Feature
from ringway.runtime import held
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import CONNECT_LIMIT_S, Connection, Pool

FRESH_S = 0.8
STALE_S = 900.0  # while PostgreSQL is down, what was known lately holds
_PATIENCE_S = 0.3  # with PostgreSQL known to be down, for a caller whom we know


_effective = lru_cache(maxsize=1_000)(effective)


@dataclass(slots=True)
class _Known:
    stored: tuple[str, ...] | None
    own_role: str | None
    features_off: frozenset[str]
    access_until: datetime | None
    asked_at: float
    answered_at: float
    told: tuple[Caller, Caller] | None = None  # who asked last, and what he was told


class Rights:
    """Tells what callers may do.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, pool: Pool, clock: Callable[[], float], *, max_users: int = 50_000) -> None:
        self._pool = pool
        self._clock = clock
        self._max_users = max_users
        self._known: OrderedDict[tuple[UUID, UUID], _Known] = OrderedDict()

    async def of(self, caller: Caller, now: datetime) -> Caller:
        """Return the caller with his permissions and the features that his enterprise lacks.

        Raises:
            Unauthorized: His access has ended by itself, or he is no more.
            PostgresDown: It cannot be known, and was not known lately either.
        """
        known = await self._find(caller)
        if known is None:
            raise Unauthorized("user_disabled", "This user is disabled.")
        if known.access_until is not None and known.access_until <= now:
            raise Unauthorized("access_ended", "This access was for a limited time, which is over.")
        if known.told is None or known.told[0] is not caller:
            allowed = replace(
                caller,
                permissions=_effective(caller.role, known.stored),
                own_role=known.own_role,
                features_off=known.features_off,
            )
            known.told = (caller, allowed)
        return known.told[1]

    def forget(self, tenant_id: UUID) -> None:
        """Forget what is known of a tenant: it has just changed here."""

        def forget() -> None:
            for key in [key for key in self._known if key[0] == tenant_id]:
                del self._known[key]

        held.afterwards(forget)

    async def _find(self, caller: Caller) -> _Known | None:
        key = (caller.tenant_id, caller.user_id)
        now = self._clock()
        known = self._known.get(key)
        if known is not None and now - known.asked_at < FRESH_S:
            return known
        may_be_stale = known is not None and now - known.answered_at < STALE_S
        hurry = may_be_stale and not self._pool.healthy
        try:
            async with self._pool.tenant(
                caller.tenant_id, limit_s=_PATIENCE_S if hurry else CONNECT_LIMIT_S
            ) as conn:
                found = await _read(conn, *key, now)
        except PostgresDown:
            if known is None or not may_be_stale:
                raise
            known.asked_at = self._clock()  # not again with the very next request
            return known
        if found is None:
            self._known.pop(key, None)
            return None
        self._known[key] = found
        self._known.move_to_end(key)
        if len(self._known) > self._max_users:
            self._known.popitem(last=False)
        return found


async def _read(conn: Connection, tenant_id: UUID, user_id: UUID, now: float) -> _Known | None:
    row = await conn.fetchrow(
        """
        SELECT r.permissions, u.own_role, u.access_until, t.features_off,
               t.outbound_stopped_at IS NOT NULL AS is_outbound_stopped
          FROM crm.user_account u JOIN crm.tenant t USING (tenant_id)
          LEFT JOIN crm.role r
            ON r.tenant_id = u.tenant_id AND r.role_key = coalesce(u.own_role, u.role)
         WHERE u.tenant_id = $1 AND u.user_id = $2
        """,
        tenant_id,
        user_id,
    )
    if row is None:
        return None
    stored = row["permissions"]
    return _Known(
        tuple(stored) if stored is not None else None,
        row["own_role"],
        frozenset(row["features_off"])
        | ({Feature.OUTBOUND_CALLS} if row["is_outbound_stopped"] else frozenset()),
        row["access_until"],
        asked_at=now,
        answered_at=now,
    )


def beyond(granted: frozenset[Permission], caller: Caller) -> list[Permission]:
    """Return what of ``granted`` the caller cannot give, because he does not have it."""
    return sorted(granted - PERSONAL - caller.granted())
