"""One number list: which column is what, and what is wrong with a row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ringway.crm_api.core.cells import (
    RISKY,
    ListRefused,
    has_control,
    is_formula,
    shown,
)
from ringway.crm_api.core.phone import NotANumber, NumberCheck, to_e164

MAX_COLUMNS = 100
MAX_CELL = 2_000  # characters
MAX_MORE_PHONES = 9
_MAX_NAME = 200

_PHONE_NAMES = (
    *("phone_e164", "phone", "number", "phone_number", "phonenumber", "mobile", "mobile_number"),
    *("telephone", "tel", "msisdn", "电话", "电话号码", "手机", "手机号", "手机号码", "号码"),
    *("联系电话", "客户电话", "被叫", "被叫号码"),
)
_NAME_NAMES = (
    *("name", "full_name", "customer", "customer_name", "姓名", "名称", "客户", "客户姓名"),
    *("客户名称", "联系人"),
)
_PRIORITY_NAMES = ["priority", "优先级"]
_E164 = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)
_MORE_PHONES = re.compile(r"(phone|mobile|tel|电话|手机)_?[2-9]")


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A row that becomes a lead. ``line`` counts from 1 as an editor shows it."""

    line: int
    phone_e164: str
    name: str
    priority: int
    data: dict[str, str]
    more_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that does not, with the first thing that is wrong."""

    line: int
    column: str
    value: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row what is. ``data`` holds (index, key) of all that is kept besides."""

    names: tuple[str, ...]
    phone: int
    name: int | None
    priority: int | None
    data: tuple[tuple[int, str], ...]
    has_header: bool
    more_phones: frozenset[int] = frozenset()

    @classmethod
    def of(
        cls, first_row: Sequence[str], mapping: Mapping[str, str], region: str | None
    ) -> Columns:
        """Read the columns from the first row.

        Args:
            mapping: ``phone``, ``name``, ``priority`` to the header that means it; what is
                not given is found by usual names in English and Chinese.
            region: As in :func:`to_e164`, to know a list without header by its number.

        Raises:
            ListRefused: There is no column of numbers.
        """
        names = [cell.strip() for cell in first_row]
        if len(names) > MAX_COLUMNS:
            raise ListRefused("file_too_many_columns", f"A list has at most {MAX_COLUMNS} columns.")
        known = {_normal(name): index for index, name in reversed(list(enumerate(names)))}
        phone = _column("phone", mapping, known, _PHONE_NAMES)
        if phone is None and not mapping:
            return cls._without_header(names, region)
        if phone is None:
            raise ListRefused(
                "phone_column_missing",
                "No column is known as the phone number. Name it in mapping, such as "
                '{"phone": "Tel"}. The columns are: ' + ", ".join(names)[:300],
            )
        name = _column("name", mapping, known, _NAME_NAMES)
        priority = _column("priority", mapping, known, _PRIORITY_NAMES)
        taken = {phone, name, priority}
        rest = [index for index in range(len(names)) if index not in taken]
        keys = _unique([names[index] or f"column_{index + 1}" for index in rest])
        shown = tuple(text or f"column_{index + 1}" for index, text in enumerate(names))
        data = tuple(zip(rest, keys, strict=True))
        more = frozenset([i for i in rest if is_further_phone(names[i])][:MAX_MORE_PHONES])
        return cls(shown, phone, name, priority, data, has_header=True, more_phones=more)

    @classmethod
    def _without_header(cls, cells: Sequence[str], region: str | None) -> Columns:
        """A bare list of numbers has no header: its first row is a row."""
        for index, cell in enumerate(cells):
            try:
                to_e164(cell, region, NumberCheck.POSSIBLE)
            except NotANumber:
                continue
            names = tuple(f"column_{each + 1}" for each in range(len(cells)))
            rest = tuple((i, name) for i, name in enumerate(names) if i != index)
            return cls(names, index, None, None, rest, has_header=False)
        raise ListRefused(
            "phone_column_missing",
            "No column is known as the phone number. Begin the file with a header such as "
            "phone,name or name the column in mapping. The first row is: " + ", ".join(cells)[:300],
        )


@dataclass(slots=True)
class RowReader:
    """Reads the rows of one file in order; remembers the numbers to find repeats."""

    columns: Columns
    region: str | None
    check: NumberCheck
    _seen: dict[str, int] = field(default_factory=dict)

    def read(self, line: int, cells: Sequence[str]) -> GoodRow | BadRow | None:
        """Return what a row is; None when it is blank."""
        if not any(cell.strip() for cell in cells):
            return None
        columns = self.columns
        wrong = self._wrong_cell(line, cells)
        if wrong is not None:
            return wrong
        text = cells[columns.phone] if columns.phone < len(cells) else ""
        phone_column = columns.names[columns.phone]
        try:
            phone = to_e164(text, self.region, self.check)
        except NotANumber as bad:
            return BadRow(line, phone_column, shown(text), bad.code, bad.reason)
        first = self._seen.setdefault(phone, line)
        if first != line:
            reason = f"The number is on line {first} already."
            return BadRow(line, phone_column, shown(text), "duplicate_in_file", reason)
        name = self._cell(cells, columns.name)
        priority = self._priority(line, cells)
        if isinstance(priority, BadRow):
            return priority
        data = {
            key: cell
            for index, key in columns.data
            if index < len(cells) and (cell := cells[index].strip())
        }
        more: list[str] = []
        for index, key in columns.data:
            if index in columns.more_phones and key in data:
                try:
                    data[key] = to_e164(data[key], self.region, self.check)
                except NotANumber as bad:
                    column = columns.names[index]
                    return BadRow(line, column, shown(data[key]), bad.code, bad.reason)
                more.append(data[key])
        return GoodRow(line, phone, name, priority, data, tuple(more))

    def _wrong_cell(self, line: int, cells: Sequence[str]) -> BadRow | None:
        columns = self.columns
        if len(cells) > len(columns.names) and any(c.strip() for c in cells[len(columns.names) :]):
            reason = f"The row has {len(cells)} cells, the header has {len(columns.names)}."
            return BadRow(line, "", "", "row_too_long", reason)
        # One search over the whole row: nearly all rows are clean.
        is_suspect = has_control("".join(cells))
        for index, cell in enumerate(cells[: len(columns.names)]):
            if not cell:
                continue
            limit = _MAX_NAME if index == columns.name else MAX_CELL
            code = reason = ""
            if len(cell) > limit:
                code, reason = "cell_too_long", f"The cell is longer than {limit} characters."
            elif is_suspect and has_control(cell):
                code, reason = "control_character", "The cell holds a control character."
            elif cell[0] in RISKY and index != columns.phone and is_formula(cell):
                code = "formula"
                reason = f"The cell begins with {cell[0]!r}: a spreadsheet would run it."
            if code:
                return BadRow(line, columns.names[index], shown(cell), code, reason)
        return None

    def _priority(self, line: int, cells: Sequence[str]) -> int | BadRow:
        text = self._cell(cells, self.columns.priority)
        if not text:
            return 0
        if re.fullmatch(r"-?[0-9]{1,4}", text, re.ASCII) and -1000 <= int(text) <= 1000:
            return int(text)
        column = self.columns.names[self.columns.priority or 0]
        reason = "A priority is a whole number from -1000 to 1000."
        return BadRow(line, column, shown(text), "priority_invalid", reason)

    @staticmethod
    def _cell(cells: Sequence[str], index: int | None) -> str:
        return cells[index].strip() if index is not None and index < len(cells) else ""


def further_numbers(data: Mapping[str, str]) -> list[str]:
    """Return the further numbers of a row that was read before, from what was kept of it."""
    found = [text for key, text in data.items() if is_further_phone(key) and _E164.fullmatch(text)]
    return found[:MAX_MORE_PHONES]


def is_further_phone(name: str) -> bool:
    """Whether a column of this name holds further numbers of the party: phone2 to phone9."""
    return _MORE_PHONES.fullmatch(_normal(name)) is not None


def _column(
    what: str, mapping: Mapping[str, str], known: Mapping[str, int], usual: Sequence[str]
) -> int | None:
    if what in mapping:
        index = known.get(_normal(mapping[what]))
        if index is None:
            raise ListRefused(
                "mapped_column_missing", f"The file has no column {mapping[what]!r} for {what}."
            )
        return index
    return next((known[name] for name in usual if name in known), None)


def _normal(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def _unique(names: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    unique = []
    for name in names:
        candidate, n = name[:100], 2
        while candidate in taken:
            candidate, n = f"{name[:95]}_{n}", n + 1
        taken.add(candidate)
        unique.append(candidate)
    return unique
