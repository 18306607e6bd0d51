"""Who talked with a number last."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from uuid import UUID

from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown
from ringway.runtime.postgres import Pool

_log = logging.getLogger("ringway.acd.front")

_LIMIT_S = 1.0  # a caller does not wait for PostgreSQL
_TOGETHER_S = 1.0  # a transaction for each talk would cost as much as a tenth of the call
_NOTE = """
    INSERT INTO acd.last_talk AS t (tenant_id, number, agent_id, at)
    SELECT $1, * FROM unnest($2::text[], $3::text[], $4::timestamptz[])
    ON CONFLICT (tenant_id, number) DO UPDATE
       SET agent_id = excluded.agent_id, at = excluded.at WHERE t.at < excluded.at
"""
_FIND = "SELECT agent_id FROM acd.last_talk WHERE tenant_id = $1 AND number = $2 AND at >= $3"


class LastTalks:
    """The last talk of each number with one tenant. What PostgreSQL misses is only a preference."""

    def __init__(self, pool: Pool, tenant: str) -> None:
        self._pool = pool
        self._tenant = tenant
        self._unwritten: dict[str, tuple[str, datetime]] = {}
        self._is_writing = False

    async def note(self, number: str, agent_id: str, at: datetime) -> None:
        """An agent talks with this number; it is known at once and written a moment later."""
        self._unwritten[number] = (agent_id, at)
        if self._is_writing:
            return
        self._is_writing = True
        try:
            while self._unwritten:
                await asyncio.sleep(_TOGETHER_S)
                await self._write(dict(self._unwritten))
        finally:
            self._is_writing = False

    async def _write(self, talks: dict[str, tuple[str, datetime]]) -> None:
        agents, moments = zip(*talks.values(), strict=True)
        try:
            async with self._pool.tenant(self._tenant) as conn:
                await conn.execute(_NOTE, UUID(self._tenant), list(talks), agents, moments)
        except DependencyDown:
            _log.info("Last talks are not noted.", extra={"tenant": self._tenant})
        for number, talk in talks.items():
            if self._unwritten.get(number) == talk:
                del self._unwritten[number]

    async def find(self, number: str, within_days: int) -> str | None:
        """Return the agent of the last talk, unless it is too long ago or cannot be known now."""
        if (talk := self._unwritten.get(number)) is not None:
            return talk[0]
        since = utcnow() - timedelta(days=within_days)
        try:
            async with self._pool.tenant(self._tenant, limit_s=_LIMIT_S) as conn:
                found = await conn.fetchval(_FIND, UUID(self._tenant), number, since)
        except DependencyDown:
            return None
        return str(found) if found is not None else None
