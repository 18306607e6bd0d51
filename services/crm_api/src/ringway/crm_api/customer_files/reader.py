"""Runs the reading of files of customers in processes of their own, a few at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator

import orjson

from ringway.crm_api.core.cells import ListRefused
from ringway.crm_api.customer_files.reading import Chunk, Order, Outcome
from ringway.crm_api.errors import Unavailable
from ringway.crm_api.tables.processes import reading_process
from ringway.runtime import held

_log = logging.getLogger("ringway.crm_api.customer_files")

_MODULE = "ringway.crm_api.customer_files.reading"
_SILENCE_S = 300.0


class FileReader:
    """Reads files without ever blocking the event loop.

    Args:
        parallel: How many files are read at once; further ones wait.
        silence_s: How long a process may take for one chunk.
    """

    def __init__(self, *, parallel: int = 2, silence_s: float = _SILENCE_S) -> None:
        self._slots = asyncio.Semaphore(parallel)
        self._silence_s = silence_s

    async def read(self, order: Order) -> AsyncGenerator[Chunk, None]:
        """Yield the chunks of a file while it is read. Close the generator to stop early.

        Raises:
            ListRefused: Nothing (more) of the file can be used.
            Unavailable: The process failed or was too slow.
        """
        await held.settle()
        silent = asyncio.subprocess.DEVNULL
        async with self._slots, reading_process(_MODULE, stderr=silent) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(order.model_dump_json().encode())
            process.stdin.close()
            while True:
                try:
                    async with asyncio.timeout(self._silence_s):
                        line = await process.stdout.readline()
                except TimeoutError:
                    raise Unavailable(
                        "import_too_slow", "Reading the file took too long."
                    ) from None
                told = orjson.loads(line) if line else None
                if told is None:
                    break
                if told.get("is_end"):
                    _check_end(Outcome.model_validate(told))
                    return
                yield Chunk.model_validate(told)
        _log.error("A reader of files failed.", extra={"exit_code": process.returncode})
        raise Unavailable("import_failed", "Reading the file failed.")


def _check_end(outcome: Outcome) -> None:
    if outcome.refused_code:
        raise ListRefused(outcome.refused_code, outcome.refused_detail)
