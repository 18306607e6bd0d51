"""Waiting for a condition of the outside world that gives no signal."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable


async def eventually(
    check: Callable[[], bool | Awaitable[bool]],
    *,
    within_s: float = 15.0,
    what: str | Callable[[], str] = "",
) -> float:
    """Return when ``check`` is true, and how many seconds that took.

    Raises:
        TimeoutError: It is still false after ``within_s``; the message has what ``what`` says.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        result = check()
        if await result if inspect.isawaitable(result) else result:
            return loop.time() - began
        if loop.time() - began > within_s:
            said = what if isinstance(what, str) else what()
            raise TimeoutError(f"not within {within_s} s: {said or check}")
        await asyncio.sleep(0.01)
