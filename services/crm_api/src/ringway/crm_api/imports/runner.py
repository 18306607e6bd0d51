"""Runs the reading of number lists in processes of their own, a few at a time."""

from __future__ import annotations

import asyncio
import logging

from ringway.crm_api.errors import Invalid, Unavailable
from ringway.crm_api.imports.worker import Job, Outcome
from ringway.crm_api.tables.processes import reading_process
from ringway.runtime import held

_log = logging.getLogger("ringway.crm_api.imports")

_LIMIT_S = 600.0
_MODULE = "ringway.crm_api.imports.worker"


class ImportRunner:
    """Reads lists without ever blocking the event loop.

    Args:
        parallel: How many lists are read at once; further ones wait.
    """

    def __init__(self, *, parallel: int = 2, limit_s: float = _LIMIT_S) -> None:
        self._slots = asyncio.Semaphore(parallel)
        self._limit_s = limit_s

    async def read(self, job: Job) -> Outcome:
        """Read one list.

        Raises:
            Invalid: Nothing of the file can be used.
            Unavailable: The process failed or was too slow.
        """
        await held.settle()
        heard = asyncio.subprocess.PIPE
        async with self._slots, reading_process(_MODULE, stderr=heard) as process:
            try:
                async with asyncio.timeout(self._limit_s):
                    out, err = await process.communicate(job.model_dump_json().encode())
            except TimeoutError:
                raise Unavailable("import_too_slow", "Reading the file took too long.") from None
        if process.returncode != 0:
            _log.error(
                "A reader of number lists failed.",
                extra={
                    "exit_code": process.returncode,
                    "stderr": err[-2000:].decode(errors="replace"),
                },
            )
            raise Unavailable("import_failed", "Reading the file failed.")
        outcome = Outcome.model_validate_json(out)
        if outcome.refused_code:
            raise Invalid(outcome.refused_code, outcome.refused_detail)
        return outcome
