"""Tables to files, block by block: however many rows, little memory.

A text that a spreadsheet would run is defused in CSV; in XLSX every text is a text. Numbers are
numbers in both.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol
from xml.sax.saxutils import escape

from ringway.crm_api.core.cells import safe_cell

MAX_XLSX_ROWS = 1_048_575  # of one sheet, besides its header
_MAX_XLSX_CELL = 32_767
_EXACT = 10**15  # below it, a number is the same as a double
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


Cell = str | int | float | bool | None


class Format(StrEnum):
    """Of a file."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class TableWriter(Protocol):
    """Writes a table; what each call returns is the next piece of the file."""

    def begin(self, header: Sequence[str]) -> bytes:
        """Begin the file with its header."""

    def rows(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        """Add rows."""

    def end(self) -> bytes:
        """End the file."""


def writer(format_: Format) -> TableWriter:
    """Return what writes a file of this format."""
    return CsvWriter() if format_ is Format.CSV else XlsxWriter()


class CsvWriter:
    """CSV in UTF-8, with a byte order mark, or spreadsheets would take it for something else."""

    def begin(self, header: Sequence[str]) -> bytes:
        """Return the header."""
        return "\ufeff".encode() + self.rows([header])

    def rows(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        """Return rows."""
        text = io.StringIO()
        csv.writer(text).writerows([[_csv_cell(cell) for cell in row] for row in rows])
        return text.getvalue().encode("utf-8", "replace")

    def end(self) -> bytes:
        """Return nothing more."""
        return b""


class _Sink(io.RawIOBase):
    """Takes what a zip file is made of and hands it on; nothing is read or sought again."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        taken = bytes(piece)  # type: ignore[call-overload]
        self._pieces.append(taken)
        return len(taken)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class XlsxWriter:
    """A workbook of one sheet."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED)

    def begin(self, header: Sequence[str]) -> bytes:
        """Begin the workbook."""
        for name, content in _PARTS.items():
            self._archive.writestr(name, content)
        self._sheet = self._archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True)
        self._sheet.write(_SHEET_BEGIN.encode())
        return self.rows([header])

    def rows(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        """Add rows."""
        self._sheet.write("".join(map(_row, rows)).encode())
        return self._sink.take()

    def end(self) -> bytes:
        """End the workbook."""
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()
        self._archive.close()
        return self._sink.take()


def _csv_cell(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return str(cell)
    return safe_cell(cell or "")


def _row(cells: Sequence[Cell]) -> str:
    return f"<row>{''.join(map(_cell, cells))}</row>"


def _cell(cell: Cell) -> str:
    if isinstance(cell, bool):
        return f'<c t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, int | float) and abs(cell) < _EXACT:
        return f"<c><v>{cell}</v></c>"
    if cell is None or cell == "":
        return "<c/>"
    clean = escape(_NOT_XML.sub("\ufffd", str(cell)[:_MAX_XLSX_CELL]))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{clean}</t></is></c>'


_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
    "</Types>",
    "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="Table" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    "</Relationships>",
}
_SHEET_BEGIN = f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'
