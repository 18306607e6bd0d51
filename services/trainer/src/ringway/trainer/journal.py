"""Append-only logs of one JSON object a line, which lose nothing when the process is killed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from ringway.runtime.clock import utcnow
from ringway.trainer.core.tone import ToneSpan


class Journal:
    """Writes each line with one system call: once ``write`` returns, the kernel has it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        # It holds phone numbers: nobody else reads it.
        self._file: int | None = os.open(path, flags, 0o600)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")  # a line torn by a power cut must not spoil the next one

    def write(self, record: Mapping[str, Any]) -> None:
        """Append one record; nothing after ``close``."""
        if self._file is not None:
            os.write(self._file, orjson.dumps(record) + b"\n")

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a journal; torn lines are passed over."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(record, dict):
                yield record


def moment(at: float) -> datetime:
    """The UTC time of a moment on the loop's clock."""
    return utcnow() - timedelta(seconds=asyncio.get_running_loop().time() - at)


def iso(at: float | None) -> str | None:
    """The same as text with milliseconds, or ``None``."""
    if at is None:
        return None
    return moment(at).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tones_heard(spans: list[ToneSpan], zero_at: float) -> list[dict[str, Any]]:
    """Tone spans as they are logged: seconds since ``zero_at`` (the answer), and UTC times."""
    return [
        {
            "hz": round(span.hz, 1),
            "from_s": round(span.from_s - zero_at, 2),
            "to_s": round(span.to_s - zero_at, 2),
            "heard_s": round(span.heard_s, 2),
            "from": iso(span.from_s),
            "to": iso(span.to_s),
        }
        for span in spans
    ]
