"""A process of its own that reads one number list, so that no file can stop the service.

Called as ``python -m ringway.crm_api.imports.worker`` with a job on stdin; writes chunks of good
rows and of bad rows into the job's folder, and the outcome to stdout. Memory is limited.
"""

from __future__ import annotations

import gc
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict

from ringway.crm_api.core.cells import ListRefused
from ringway.crm_api.core.number_list import BadRow, Columns, GoodRow, RowReader
from ringway.crm_api.core.phone import NumberCheck
from ringway.crm_api.tables.reader import Overlong, open_list

CHUNK_ROWS = 5_000
CHUNK_BYTES = 600_000  # a message on the bus is at most 1 MiB
_ROW_BYTES = 140  # of a row besides its name and data
_MEMORY_BYTES = 3 << 30


class Job(BaseModel):
    """What to read and how."""

    model_config = ConfigDict(frozen=True)

    path: Path
    out_dir: Path
    batch_id: UUID
    mapping: dict[str, str] = {}
    region: str | None = None
    check: NumberCheck = NumberCheck.VALID
    encoding: str | None = None
    max_rows: int


class Outcome(BaseModel):
    """What came of it. ``refused_code`` is set when nothing of the file can be used."""

    model_config = ConfigDict(frozen=True)

    encoding: str = ""
    rows: int = 0
    good: int = 0
    bad: int = 0
    duplicates: int = 0
    good_files: tuple[Path, ...] = ()
    bad_files: tuple[Path, ...] = ()
    refused_code: str = ""
    refused_detail: str = ""


class _Chunks:
    """Writes rows as JSON arrays into files that are each small enough for one message."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._rows: list[Any] = []
        self._bytes = 0
        self.files: list[Path] = []

    def add(self, row: dict[str, Any], size_bytes: int) -> None:
        if len(self._rows) >= CHUNK_ROWS or self._bytes + size_bytes > CHUNK_BYTES:
            self.flush()
        self._rows.append(row)
        self._bytes += size_bytes

    def flush(self) -> None:
        if self._rows:
            path = self._folder / f"{self._name}-{len(self.files):05d}.json"
            path.write_bytes(orjson.dumps(self._rows))
            self.files.append(path)
            self._rows, self._bytes = [], 0


def lead_id(batch_id: UUID, line: int) -> UUID:
    """Return the id of the lead from one line of a batch: the same at every repeat.

    A UUIDv7's last 32 bits are random; the line takes their place, so ids keep the order.
    """
    return UUID(int=(batch_id.int >> 32 << 32) | line)


def line_of(lead_id: str) -> int:
    """Return the line that a lead came from."""
    return UUID(lead_id).int & 0xFFFF_FFFF


def read_list(job: Job) -> Outcome:
    """Read a list to its end."""
    try:
        return _read(job)
    except ListRefused as refused:
        return Outcome(refused_code=refused.code, refused_detail=refused.detail)
    except MemoryError:
        return Outcome(refused_code="file_too_large", refused_detail="The file is too large.")


def _read(job: Job) -> Outcome:
    opened = open_list(job.path, job.encoding)
    good, bad = _Chunks(job.out_dir, "good"), _Chunks(job.out_dir, "bad")
    reader: RowReader | None = None
    rows = goods = bads = duplicates = 0
    for raw in opened.rows:
        if isinstance(raw, Overlong):
            result: GoodRow | BadRow | None = BadRow(raw.line, "", "", "row_unreadable", raw.reason)
        else:
            line, cells = raw
            if reader is None:
                if not any(cell.strip() for cell in cells):
                    continue
                columns = Columns.of(cells, job.mapping, job.region)
                reader = RowReader(columns, job.region, job.check)
                if columns.has_header:
                    continue
            result = reader.read(line, cells)
        if result is None:
            continue
        rows += 1
        if rows > job.max_rows:
            raise ListRefused("file_too_many_rows", f"A list has at most {job.max_rows} rows.")
        if isinstance(result, GoodRow):
            goods += 1
            row = {
                "lead_id": lead_id(job.batch_id, result.line),
                "line": result.line,
                "phone_e164": result.phone_e164,
                "name": result.name,
                "priority": result.priority,
                "data": result.data,
                "more_numbers": [{"phone_e164": each} for each in result.more_numbers],
            }
            told = (result.name, result.data, row["more_numbers"])
            good.add(row, _ROW_BYTES + len(orjson.dumps(told)))
        else:
            duplicates += result.code == "duplicate_in_file"
            bads += result.code != "duplicate_in_file"
            bad.add(asdict(result), _ROW_BYTES)
    if rows == 0:
        raise ListRefused("file_without_rows", "The file has a header and no rows.")
    good.flush()
    bad.flush()
    return Outcome(
        encoding=opened.encoding,
        rows=rows,
        good=goods,
        bad=bads,
        duplicates=duplicates,
        good_files=tuple(good.files),
        bad_files=tuple(bad.files),
    )


def main() -> None:
    """Read the job from stdin, write its outcome to stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    # The process ends with its file: what it makes is never garbage for long.
    gc.disable()
    job = Job.model_validate_json(sys.stdin.buffer.read())
    sys.stdout.write(read_list(job).model_dump_json())


if __name__ == "__main__":
    main()
