"""A process of its own that reads one file of customers, so that no file can stop the service.

Called as ``python -m ringway.crm_api.customer_files.reading`` with an Order on stdin. Writes
chunks of good rows and of bad ones into the order's folder, and a line of JSON to stdout for each
(:class:`Chunk`), at the end an :class:`Outcome`. Memory is limited.
"""

from __future__ import annotations

import gc
import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel, ConfigDict

from ringway.crm_api.core.cells import ListRefused
from ringway.crm_api.core.customer_files.batches import BatchReader, Result
from ringway.crm_api.core.customer_files.columns import Columns
from ringway.crm_api.core.customer_files.rows import COLUMN, PARTS, ROW, BadRow, Parts, RowReader
from ringway.crm_api.core.phone import NumberCheck
from ringway.crm_api.tables.reader import Overlong, RawRow, open_list

if TYPE_CHECKING:
    from ringway.crm_api.core.objects.definition import Definition

PROBED_ROWS = 20
_BATCH = 2_000  # rows that are looked at together
_MEMORY_BYTES = 3 << 30


class Order(BaseModel):
    """What to read and how.

    Attributes:
        own: The definition of own fields; None: they are any texts.
        role: The importer's, as rights of fields name it.
        after_line: Rows up to this line were handed on before, and are only remembered.
        is_probe: Read the first rows only, to know whether this is a file of customers.
    """

    model_config = ConfigDict(frozen=True)

    path: Path
    out_dir: Path
    mapping: dict[str, str] = {}
    region: str | None = None
    check: NumberCheck = NumberCheck.VALID
    encoding: str | None = None
    match_by: str = ""
    own: dict[str, Any] | None = None
    role: str = ""
    grades: tuple[str, ...] = ()
    after_line: int = 0
    chunk_rows: int = 5_000
    max_rows: int
    is_probe: bool = False


class Chunk(BaseModel):
    """Rows that were read: good ones in ``good_file``, bad ones in ``bad_file``, if any.

    The good ones are their columns, in the order of ``rows.PARTS``, between COLUMNs; a column is
    its values between ROWs, or "" when nobody has one.
    """

    model_config = ConfigDict(frozen=True)

    good_file: Path
    bad_file: Path
    last_line: int
    good: int
    bad: int
    duplicates: int
    encoding: str
    columns: dict[str, str]


class Outcome(BaseModel):
    """The end. ``refused_code`` is set when nothing (more) of the file can be used."""

    model_config = ConfigDict(frozen=True)

    is_end: bool = True
    refused_code: str = ""
    refused_detail: str = ""


Tell = Callable[[BaseModel], None]
_Read = Callable[[Sequence[RawRow]], Sequence[Result]]


def read_file(order: Order, tell: Tell) -> None:
    """Read a file to its end and tell of each chunk, then of the end."""
    try:
        _read(order, tell)
        tell(Outcome())
    except ListRefused as refused:
        tell(Outcome(refused_code=refused.code, refused_detail=refused.detail))
    except MemoryError:
        tell(Outcome(refused_code="file_too_large", refused_detail="The file is too large."))


class _Chunks:
    def __init__(self, order: Order, encoding: str, tell: Tell) -> None:
        self._order = order
        self._encoding = encoding
        self._tell = tell
        self._count = 0
        self._good: list[Parts] = []
        self._bad: list[BadRow] = []
        self.columns: dict[str, str] = {}

    def add(self, line: int, row: Parts | BadRow) -> None:
        if isinstance(row, BadRow):
            self._bad.append(row)
        else:
            self._good.append(row)
        if len(self._good) + len(self._bad) >= self._order.chunk_rows:
            self.flush(line)

    def flush(self, last_line: int) -> None:
        if not self._good and not self._bad:
            return
        name = f"{self._count:05d}"
        good_file = self._order.out_dir / f"good-{name}"
        bad_file = self._order.out_dir / f"bad-{name}.json"
        columns = zip(*self._good, strict=True)
        good = COLUMN.join(ROW.join(each) if any(each) else "" for each in columns)
        good_file.write_bytes(good.encode())
        bad_file.write_bytes(orjson.dumps(self._bad))
        self._tell(
            Chunk(
                good_file=good_file,
                bad_file=bad_file,
                last_line=last_line,
                good=len(self._good),
                bad=len(self._bad),
                duplicates=sum(each.code == "duplicate_in_file" for each in self._bad),
                encoding=self._encoding,
                columns=self.columns,
            )
        )
        self._count += 1
        self._good, self._bad = [], []


def _read(order: Order, tell: Tell) -> None:
    opened = open_list(order.path, order.encoding)
    definition = _definition(order)
    chunks = _Chunks(order, opened.encoding, tell)
    rows = line = 0
    raws = iter(opened.rows)
    columns, raws = _header(order, definition, raws)
    chunks.columns = _told(columns)
    read = _reader(order, definition, columns)
    for line, row in _judged(raws, read, PROBED_ROWS if order.is_probe else _BATCH):
        rows += 1
        if rows > order.max_rows:
            raise ListRefused("file_too_many_rows", f"A file has at most {order.max_rows} rows.")
        if line > order.after_line:
            chunks.add(line, row)
        if order.is_probe and rows >= PROBED_ROWS:
            break
    if rows == 0:
        raise ListRefused("file_without_rows", "The file has a header and no rows.")
    chunks.flush(line)


def _judged(
    raws: Iterator[RawRow | Overlong], read: _Read, at_once: int
) -> Iterator[tuple[int, Parts | BadRow]]:
    """Yield the rows that are not blank, and their lines."""
    while batch := list(islice(raws, at_once)):
        results = iter(read([each for each in batch if not isinstance(each, Overlong)]))
        for raw in batch:
            if isinstance(raw, Overlong):
                yield raw.line, BadRow(raw.line, "", "", "row_unreadable", raw.reason)
            elif (row := next(results)) is not None:
                yield raw[0], row


def _definition(order: Order) -> Definition | None:
    if order.own is None:
        return None
    # Imported late, here and below: it takes longer than the rest, and most have no own fields.
    from ringway.crm_api.core.objects.definition import Definition

    return Definition.model_validate(order.own)


def _header(
    order: Order, definition: Definition | None, raws: Iterator[Any]
) -> tuple[Columns, Iterator[Any]]:
    own = None
    if definition is not None:
        from ringway.crm_api.core.customer_files import own_cells

        own = own_cells.names_of(own_cells.writable(definition, order.role))
    for raw in raws:
        if isinstance(raw, Overlong):
            raise ListRefused("header_unreadable", raw.reason)
        if any(cell.strip() for cell in raw[1]):
            return Columns.of(raw[1], order.mapping, own), raws
    raise ListRefused("file_empty", "The file is empty.")


def _told(columns: Columns) -> dict[str, str]:
    """Return the target of every header that has one."""
    told = {columns.names[index]: "phone" for index in columns.phones}
    told |= {columns.names[index]: name for index, name in columns.fixed}
    told |= {columns.names[index]: f"data.{key}" for index, key in columns.own}
    return told | ({columns.names[columns.tags]: "tags"} if columns.tags is not None else {})


def _reader(order: Order, definition: Definition | None, columns: Columns) -> _Read:
    grades = frozenset(order.grades)
    if definition is None:
        plain = RowReader(columns, order.region, order.check, order.match_by, {}, grades)
        return BatchReader(plain).read
    from ringway.crm_api.core.customer_files import own_cells

    fields = definition.by_key
    cells = {key: own_cells.cell_reader(fields[key]) for _, key in columns.own if key in fields}
    rows = RowReader(columns, order.region, order.check, order.match_by, cells, grades)
    reader = BatchReader(rows)
    known: dict[str, tuple[str, str]] = {}

    def completed(row: Parts) -> Parts:
        """Add to a row what a new customer would have: see ``own_cells.completed``."""
        data = row[_DATA_AT]
        found = known.get(data)
        if found is None:
            values: Mapping[str, Any] = orjson.loads(data) if data else {}
            whole, missing = own_cells.completed(definition, values)
            found = orjson.dumps(whole).decode(), missing
            if len(known) < _REMEMBERED:
                known[data] = found
        return (*row, *found)

    def read(raws: Sequence[RawRow]) -> Sequence[Result]:
        return [completed(row) if isinstance(row, tuple) else row for row in reader.read(raws)]

    return read


_DATA_AT = PARTS.index("data")
_REMEMBERED = 1_000  # sets of values


def main() -> None:
    """Read the order from stdin, tell of what was read on stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    # The process ends with its file: what it makes is never garbage for long.
    gc.disable()
    order = Order.model_validate_json(sys.stdin.buffer.read())

    def tell(what: BaseModel) -> None:
        sys.stdout.write(what.model_dump_json() + "\n")
        sys.stdout.flush()

    read_file(order, tell)


if __name__ == "__main__":
    main()
