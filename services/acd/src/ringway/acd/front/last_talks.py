"""Who talked with a number last."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown
from ringway.runtime.postgres import Pool

_log = logging.getLogger("ringway.acd.front")

_LIMIT_S = 1.0  # a caller does not wait for PostgreSQL
_NOTE = """
    INSERT INTO acd.last_talk AS t (tenant_id, number, agent_id, at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, number) DO UPDATE
       SET agent_id = excluded.agent_id, at = excluded.at WHERE t.at < excluded.at
"""
_FIND = "SELECT agent_id FROM acd.last_talk WHERE tenant_id = $1 AND number = $2 AND at >= $3"


class LastTalks:
    """The last talk of each number with one tenant. What PostgreSQL misses is only a preference."""

    def __init__(self, pool: Pool, tenant: str) -> None:
        self._pool = pool
        self._tenant = tenant

    async def note(self, number: str, agent_id: str, at: datetime) -> None:
        """An agent talks with this number."""
        try:
            async with self._pool.tenant(self._tenant) as conn:
                await conn.execute(_NOTE, UUID(self._tenant), number, agent_id, at)
        except DependencyDown:
            _log.info("A last talk is not noted.", extra={"tenant": self._tenant})

    async def find(self, number: str, within_days: int) -> str | None:
        """Return the agent of the last talk, unless it is too long ago or cannot be known now."""
        since = utcnow() - timedelta(days=within_days)
        try:
            async with self._pool.tenant(self._tenant, limit_s=_LIMIT_S) as conn:
                found = await conn.fetchval(_FIND, UUID(self._tenant), number, since)
        except DependencyDown:
            return None
        return str(found) if found is not None else None
