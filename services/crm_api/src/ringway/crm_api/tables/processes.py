"""Processes that read files of strangers, so that no file can stop the service."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_LINE_BYTES = 1 << 20


@asynccontextmanager
async def reading_process(module: str, *, stderr: int) -> AsyncIterator[Process]:
    """Run ``module`` with pipes for stdin and stdout; it is dead afterwards.

    Args:
        stderr: As of ``asyncio.create_subprocess_exec``.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        limit=_LINE_BYTES,
        # The file is a stranger's: the process that reads it is given no secrets.
        env={name: value for name, value in os.environ.items() if not name.startswith("RINGWAY_")},
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            if process.returncode is None:
                process.kill()
        await process.wait()
