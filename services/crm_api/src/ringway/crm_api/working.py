"""What workers of several replicas have in common: step by step until nothing is due."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from ringway.runtime.errors import PostgresDown

_log = logging.getLogger("ringway.crm_api.working")


async def work(step: Callable[[], Awaitable[bool]], *, poll_s: float) -> None:
    """Take steps until cancelled; while PostgreSQL is away, everything waits.

    Args:
        step: Does one thing that is due and says whether there was one. It loses nothing when it
            raises PostgresDown.
        poll_s: Seconds until it is looked again, when nothing is due.
    """
    while True:
        try:
            while await step():
                pass
        except PostgresDown as error:
            name = getattr(step, "__qualname__", "")
            _log.debug("A worker waits.", extra={"step": name, "reason": str(error)})
        await asyncio.sleep(poll_s)
