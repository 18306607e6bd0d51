"""Removes what was attached to interactions (R17) once it is old; several replicas may."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import Pool

_log = logging.getLogger("ringway.crm_api.objects")

_EVERY_S = 600.0
BATCH = 5_000  # rows of one transaction


async def run(pool: Pool, now: Callable[[], datetime], keep: timedelta) -> None:
    """Worker: remove what is older than ``keep``, for ever, through losses of PostgreSQL."""
    while True:
        try:
            while await prune_some(pool, now() - keep) == BATCH:
                pass
        except PostgresDown as error:
            _log.debug("Removing old attached data waits.", extra={"reason": str(error)})
        await asyncio.sleep(_EVERY_S)


async def prune_some(pool: Pool, before: datetime) -> int:
    """Remove a batch of what was attached before a moment; how much. Raises PostgresDown."""
    async with pool.platform() as conn:
        removed: int = await conn.fetchval("SELECT crm.prune_attached_data($1, $2)", before, BATCH)
    return removed
