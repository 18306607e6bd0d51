"""Files as they come: CSV in several encodings and delimiters, or XLSX, to rows of text.

Nothing is trusted: a file may be empty, binary, a zip bomb, one endless line, or half a quote.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ringway.crm_api.core.cells import ListRefused

MAX_LINE = 65_536  # characters of one physical line
MAX_FIELD = 32_768
MAX_RECORD_LINES = 50  # of one row, by line ends inside of quotes
_PROBE_BYTES = 65_536
_BLOCK = 1 << 18  # characters that are split into lines, and mostly into cells, at once
_DELIMITERS = ",;\t|"
_XLSX_MAGIC = b"PK\x03\x04"
_XLS_MAGIC = b"\xd0\xcf\x11\xe0"
_MAX_UNPACKED_BYTES = 1_000_000_000
_MAX_RATIO = 300  # of a zip's contents to its size; spreadsheets are below 50
# Before GB18030, because text in UTF-8 can look like it but hardly the other way round.
_TRIALS = ("utf-8", "gb18030")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Overlong:
    """Stands for a row that is not read because it is too long."""

    line: int
    reason: str


RawRow = tuple[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class OpenedList:
    """The rows of a file, and how they were read (``xlsx`` or the encoding)."""

    encoding: str
    rows: Iterator[RawRow | Overlong]


def open_list(path: Path, encoding: str | None = None) -> OpenedList:
    """Open a number list.

    Args:
        encoding: A Python codec that the caller insists on; None finds out.

    Raises:
        ListRefused: It is nothing that we can read.
    """
    with path.open("rb") as file:
        head = file.read(_PROBE_BYTES)
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise ListRefused("file_empty", "The file is empty.")
    if head.startswith(_XLSX_MAGIC):
        return OpenedList("xlsx", _xlsx_rows(path))
    if head.startswith(_XLS_MAGIC):
        raise ListRefused("file_old_excel", "This is an old .xls file: save it as .xlsx or CSV.")
    found = encoding or _find_encoding(path, head)
    return OpenedList(found.removesuffix("-sig"), _csv_rows(path, found))


# -- CSV -----------------------------------------------------------------------------------------


def _find_encoding(path: Path, head: bytes) -> str:
    for bom, name in _BOMS:
        if head.startswith(bom):
            _check_decodes(path, name)
            return name
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even + odd > len(head) // 8:
        # Text of Latin letters and digits in UTF-16 is half NULs, all on one side.
        name = "utf-16-le" if odd > even else "utf-16-be"
        if min(even, odd) * 20 > max(even, odd) or not _decodes(path, name):
            raise ListRefused("file_binary", "The file is not text.")
        return name
    for name in _TRIALS:
        if _decodes(path, name):
            return name
    raise ListRefused(
        "file_encoding_unknown",
        "The text is neither UTF-8, UTF-16 nor GB18030: save it as UTF-8, or name its encoding.",
    )


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _check_decodes(path: Path, encoding: str) -> None:
    if not _decodes(path, encoding):
        raise ListRefused("file_damaged", f"The file says it is {encoding}, but it is not.")


def _csv_rows(path: Path, encoding: str) -> Iterator[RawRow | Overlong]:
    try:
        # newline='' leaves line ends inside quotes to the csv module.
        with path.open(encoding=encoding, errors="strict", newline="") as text:
            lines = _Lines(text)
            csv.field_size_limit(MAX_FIELD)
            delimiter = _find_delimiter(lines.peek())
            while block := lines.take():
                rows = _rows_of_lines(block, delimiter)
                if rows is not None:
                    yield from enumerate(rows, lines.number - len(block) + 1)
                else:
                    lines.give_back(block)
                    yield from _one_by_one(lines, delimiter)
    except UnicodeError as error:
        raise ListRefused("file_damaged", f"The file is not {encoding}: {error}.") from None


def _rows_of_lines(lines: list[str], delimiter: str) -> list[list[str]] | None:
    """Return the cells of lines that are one row each; None when one is not, or is odd."""
    if max(map(len, lines)) > MAX_LINE:
        return None
    try:
        rows = list(csv.reader([*lines, _MARK], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return None
    # Every row takes a line at least, so as many rows as lines are a line each. A quote that the
    # last line leaves open would take the mark.
    return rows[:-1] if len(rows) == len(lines) + 1 else None


_MARK = "end"


def _one_by_one(lines: _Lines, delimiter: str) -> Iterator[RawRow | Overlong]:
    """Read rows until no line waits: with line ends in quotes, quotes left open, endless lines."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    while lines.is_waiting:
        begins = lines.begin_record()
        try:
            cells = next(reader)
        except csv.Error as error:
            # A quote that is never closed would swallow what follows: only its own line is lost.
            lines.give_back_all_but_first()
            yield Overlong(begins, f"The row cannot be read: {error}.")
            continue
        if lines.was_cut:
            yield Overlong(begins, f"The line is longer than {MAX_LINE} characters.")
        else:
            yield begins, cells


class _Lines:
    """Physical lines of bounded length, many at once or one by one; these may be given back."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._waiting: deque[str] = deque()
        self._begun = ""  # a line whose end was not read yet
        self._record: list[str] = []
        self.number = 0  # of the last line given, from 1
        self.was_cut = False

    @property
    def is_waiting(self) -> bool:
        """Whether lines were read that nobody has taken."""
        return bool(self._waiting)

    def peek(self) -> str:
        """Return the first line without taking it."""
        self._fill()
        return self._waiting[0] if self._waiting else ""

    def take(self) -> list[str]:
        """Return the next lines; none: that was all."""
        self._fill()
        taken = list(self._waiting)
        self._waiting.clear()
        self.number += len(taken)
        return taken

    def give_back(self, lines: list[str]) -> None:
        """Take lines back that were taken last."""
        self.number -= len(lines)
        self._waiting.extendleft(reversed(lines))

    def begin_record(self) -> int:
        """Begin a new row; return the number of its first line."""
        self._record.clear()
        self.was_cut = False
        return self.number + 1

    def give_back_all_but_first(self) -> None:
        """Read the lines of this row after its first one again, as rows of their own."""
        self.give_back(self._record[1:])

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._record) >= MAX_RECORD_LINES:
            raise csv.Error(f"a quote is not closed within {MAX_RECORD_LINES} lines")
        self._fill()
        if not self._waiting:
            if self._record:
                raise csv.Error("a quote is not closed")
            raise StopIteration
        line = self._waiting.popleft()
        self.number += 1
        self._record.append(line)
        if len(line) > MAX_LINE:
            self.was_cut = True
            return "\n"
        return line

    def _fill(self) -> None:
        while not self._waiting and (block := self._text.read(_BLOCK)):
            lines = io.StringIO(self._begun + block, newline="").readlines()
            self._begun = _cut(lines.pop())
            self._waiting.extend(map(_cut, lines))
        if not self._waiting and self._begun:
            self._waiting.append(self._begun)
            self._begun = ""


def _cut(line: str) -> str:
    """Return a line of which no more is kept than tells that it is too long."""
    return line if len(line) <= MAX_LINE or line[-1] in "\r\n" else line[: MAX_LINE + 1]


def _find_delimiter(first_line: str) -> str:
    """Return the delimiter that the header uses most, outside of quotes."""
    outside = "".join(first_line.split('"')[0::2])
    return max(_DELIMITERS, key=lambda char: (outside.count(char), char == ","))


# -- XLSX ----------------------------------------------------------------------------------------


def _xlsx_rows(path: Path) -> Iterator[RawRow | Overlong]:
    _check_unpacked_size(path)
    # Imported late: most lists are CSV.
    from ringway.crm_api.tables.workbook import workbook_rows

    return workbook_rows(path)


def _check_unpacked_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ListRefused("file_damaged", "The workbook is not a whole zip file.") from error
    packed = max(1, path.stat().st_size)
    if unpacked > _MAX_UNPACKED_BYTES or (unpacked > 50_000_000 and unpacked / packed > _MAX_RATIO):
        raise ListRefused("file_too_large", "The workbook unpacks to more than is sensible.")
