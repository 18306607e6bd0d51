"""Runs the reading of number lists in processes of their own, a few at a time."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from ringway.crm_api.errors import Invalid, Unavailable
from ringway.crm_api.imports.worker import Job, Outcome

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
        async with self._slots:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                _MODULE,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                # The file is a stranger's: the process that reads it is given no secrets.
                env={k: v for k, v in os.environ.items() if not k.startswith("RINGWAY_")},
            )
            try:
                async with asyncio.timeout(self._limit_s):
                    out, err = await process.communicate(job.model_dump_json().encode())
            except TimeoutError:
                raise Unavailable("import_too_slow", "Reading the file took too long.") from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
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
