"""Keeping the logs of processes that hold their file open for ever to a bounded size."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

LIMIT_BYTES = 20 * 1024 * 1024
KEEP = 3
LOOK_EVERY_S = 10.0


def rotate(file: Path, *, limit_bytes: int = LIMIT_BYTES, keep: int = KEEP) -> bool:
    """Copy a log that is over its limit to ``<name>.1`` and empty it; older copies move up.

    The writer appends, so it goes on at the new beginning. Lines written between the copy and
    the truncation, some microseconds, are lost.
    """
    if file.stat().st_size <= limit_bytes:
        return False
    for number in range(keep, 1, -1):
        older = file.with_name(f"{file.name}.{number - 1}")
        if older.exists():
            os.replace(older, file.with_name(f"{file.name}.{number}"))
    shutil.copyfile(file, file.with_name(f"{file.name}.1"))
    os.truncate(file, 0)
    return True
