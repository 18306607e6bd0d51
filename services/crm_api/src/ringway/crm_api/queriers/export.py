"""Results as files: CSV and XLSX, written while they are read."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable
from enum import StrEnum
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ringway.crm_api.access import Caller
from ringway.crm_api.core.cells import safe_cell
from ringway.crm_api.core.queriers.query import Query
from ringway.crm_api.deps import Deps
from ringway.crm_api.queriers import running

_MAX_CELL = 32_767  # characters, a spreadsheet's own limit
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
        "</Types>"
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>'
        '<sheet name="Result" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


class Form(StrEnum):
    """What file is made."""

    CSV = "csv"
    XLSX = "xlsx"

    @property
    def media_type(self) -> str:
        """How it is named in Content-Type."""
        return "text/csv; charset=utf-8" if self is Form.CSV else f"{_KIND}.sheet"


class _Taken(io.RawIOBase):
    """What a ZipFile wrote since somebody last took it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


async def lines(
    deps: Deps, caller: Caller, query: Query, heads: list[str], form: Form
) -> AsyncIterator[bytes]:
    """Yield the file. Cells that a spreadsheet would run are made texts."""
    async with running.session(deps, caller) as session:
        blocks = session.stream(query)
        made = _csv(heads, blocks) if form is Form.CSV else _xlsx(heads, blocks)
        async for part in made:
            if part:
                yield part


async def _csv(heads: list[str], blocks: AsyncIterator[list[list[Any]]]) -> AsyncIterator[bytes]:
    # With a byte order mark, or spreadsheets would take UTF-8 for something else.
    yield "\ufeff".encode() + _csv_rows([heads])
    async for block in blocks:
        yield _csv_rows(block)


def _csv_rows(rows: Iterable[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[_csv_cell(cell) for cell in row] for row in rows])
    return text.getvalue().encode()


def _csv_cell(value: Any) -> str:
    # A number is one, whatever its sign; a text that looks like one is a text.
    return _text(value) if isinstance(value, int | float) else safe_cell(_text(value))


async def _xlsx(heads: list[str], blocks: AsyncIterator[list[list[Any]]]) -> AsyncIterator[bytes]:
    out = _Taken()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, content in _PARTS.items():
            archive.writestr(_entry(name), _HEAD + content)
        with archive.open(_entry("xl/worksheets/sheet1.xml"), "w") as sheet:
            sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            sheet.write(_xlsx_rows([heads]))
            async for block in blocks:
                sheet.write(_xlsx_rows(block))
                yield out.take()
            sheet.write(b"</sheetData></worksheet>")
    yield out.take()


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name)
    entry.compress_type = ZIP_DEFLATED
    return entry


def _xlsx_rows(rows: Iterable[list[Any]]) -> bytes:
    return "".join(
        f"<row>{''.join(_xlsx_cell(cell) for cell in row)}</row>" for row in rows
    ).encode()


def _xlsx_cell(value: Any) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float) and abs(value) < 1e15:
        return f"<c><v>{value}</v></c>"
    # A text of its own kind of cell is never run as a formula.
    text = "".join(ch for ch in _text(value)[:_MAX_CELL] if ch >= " " or ch in "\t\n\r")
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
