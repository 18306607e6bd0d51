"""Many rows of a file of customers at once, column by column.

A file has a million rows, and nearly all of them have nothing odd. Each column of a batch is looked
at as a whole; a row with a cell that this does not understand goes to the precise way
(``rows.RowReader``). Both judge every row alike, which a property test holds them to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Any

from ringway.crm_api.core.cells import RISKY
from ringway.crm_api.core.customer_files.columns import FIXED
from ringway.crm_api.core.customer_files.rows import (
    ADDRESS,
    ELEMENT,
    EMAIL,
    FIXED_CELL,
    TEXTS,
    BadCell,
    BadRow,
    MatchBy,
    Parts,
    RowReader,
    as_is,
    as_json,
    look_closely,
    read_tags,
)
from ringway.crm_api.core.phone import NotANumber, QuickNumbers, to_e164

_RISKY = frozenset(RISKY)
_REMEMBERED = 20_000  # values of one column

RawRow = tuple[int, Sequence[str]]
Result = Parts | BadRow | None


class BatchReader:
    """Reads the rows of one file in order, as ``rows`` would read them one by one."""

    def __init__(self, rows: RowReader) -> None:
        self._rows = rows
        columns = rows.columns
        self._column_of = {name: index for index, name in columns.fixed}
        self._quick = QuickNumbers(rows.region)
        self._words = {name: _Words(self._word_reader(name)) for name in FIXED}
        self._own = {key: _Words(rows.own[key]) for _, key in columns.own if key in rows.own}
        self._tags = _Words(read_tags)

    def read(self, raws: Sequence[RawRow]) -> list[Result]:
        """Return of each row its parts, what is wrong, or None when it is blank."""
        width = self._rows.width
        plain = [at for at, (_, cells) in enumerate(raws) if len(cells) == width]
        if not plain:
            return [self._rows.read(*raw) for raw in raws]
        batch = _Batch(list(zip(*(raws[at][1] for at in plain), strict=True)))
        lines = [raws[at][0] for at in plain]
        parts, keys = self._columns(batch, lines)
        rows = zip(*parts, strict=True)
        if len(plain) == len(raws) and not batch.odd and self._are_new(keys, lines):
            return list(rows)
        results: list[Result] = [None] * len(raws)
        good = dict(zip(plain, zip(rows, keys, strict=True), strict=True))
        for at in batch.odd:
            del good[plain[at]]
        for at, (line, cells) in enumerate(raws):
            found = good.get(at)
            results[at] = self._noted(line, *found) if found else self._rows.read(line, cells)
        return results

    def _columns(
        self, batch: _Batch, lines: Sequence[int]
    ) -> tuple[list[Sequence[str]], Sequence[Sequence[object]]]:
        """Return the columns of parts, and what the rows are known by."""
        size = len(lines)
        blank = [""] * size
        for index, limit in self._rows.used:
            batch.look(index, limit)
        phones = self._phones(batch)
        firsts = [each[0] if each else "" for each in phones]
        others = [ELEMENT.join(each[1:]) for each in phones]
        fixed = {name: self._fixed(batch, name) for name in self._column_of}
        texts = [fixed.get(name, blank) for name in TEXTS]
        address = [name for name in ADDRESS if name in fixed]
        addresses = _objects(address, [fixed[name] for name in address]) if address else blank
        named = [key for _, key in self._rows.columns.own]
        values = [self._own_values(batch, index, key) for index, key in self._rows.columns.own]
        data = _objects(named, values) if named else blank
        tags: Sequence[str] = blank
        if (tags_at := self._rows.columns.tags) is not None:
            tags = batch.words(batch.cells[tags_at], self._tags)
        parts = [[*map(str, lines)], firsts, others, *texts, addresses, data, tags]
        own = dict(zip(named, values, strict=True))
        return parts, self._keys(phones, fixed.get("email", blank), own)

    def _phones(self, batch: _Batch) -> list[Sequence[str]]:
        """Return the numbers of each row; a row with one that is none, or with none, is odd."""
        region, check, quick = self._rows.region, self._rows.check, self._quick.read
        columns = []
        for index in self._rows.columns.phones:
            read = []
            for at, cell in enumerate(batch.stripped(index)):
                phone = quick(cell) if cell else ""
                if phone is None:
                    try:
                        phone = to_e164(cell, region, check)
                    except NotANumber:
                        phone = ""
                        batch.odd.add(at)
                read.append(phone)
            columns.append(read)
        if len(columns) == 1:
            rows: list[Sequence[str]] = [(each,) if each else () for each in columns[0]]
        else:
            rows = [
                tuple(dict.fromkeys(each for each in row if each))
                for row in zip(*columns, strict=True)
            ]
        batch.odd.update(at for at, row in enumerate(rows) if not row)
        return rows

    def _fixed(self, batch: _Batch, name: str) -> Sequence[str]:
        values = batch.stripped(self._column_of[name])
        if name == "email":
            batch.odd.update(
                at
                for at, fits in enumerate(map(EMAIL.fullmatch, values))
                if fits is None and values[at]
            )
        elif FIXED_CELL[name] is not as_is or name == "grade":
            return batch.words(values, self._words[name])
        return values

    def _own_values(self, batch: _Batch, index: int, key: str) -> Sequence[object]:
        values = batch.stripped(index)
        return batch.words(values, self._own[key]) if key in self._own else values

    def _keys(
        self,
        phones: Sequence[Sequence[str]],
        emails: Sequence[str],
        own: dict[str, Sequence[object]],
    ) -> Sequence[Sequence[object]]:
        match_by = self._rows.match_by
        if match_by == MatchBy.PHONE:
            return phones
        if match_by == MatchBy.EMAIL:
            return [(email.lower(),) if email else () for email in emails]
        values = own.get(match_by.removeprefix("data.")) if match_by else None
        if values is None:
            return [()] * len(phones)
        return [
            (each,) if each != "" and isinstance(each, str | int | float) else () for each in values
        ]

    def _are_new(self, keys: Sequence[Sequence[object]], lines: Sequence[int]) -> bool:
        """Remember rows if none of them was there before; whether that is so."""
        seen = self._rows.seen
        every = list(chain.from_iterable(keys))
        if len(set(every)) < len(every) or not seen.keys().isdisjoint(every):
            return False
        of_lines = chain.from_iterable(map(repeat, lines, map(len, keys)))
        seen.update(zip(every, of_lines, strict=True))
        return True

    def _noted(self, line: int, parts: Parts, keys: Sequence[object]) -> Result:
        try:
            self._rows.note(line, keys)
        except BadCell as bad:
            return BadRow(line, "", "", bad.code, bad.detail)
        return parts

    def _word_reader(self, name: str) -> Callable[[str], str]:
        if name != "grade":
            return FIXED_CELL[name]

        def read(text: str) -> str:
            self._rows.check_grade(text)
            return text

        return read


class _Batch:
    """Rows of one width, by columns. ``odd`` are the places of those that need a closer look."""

    def __init__(self, cells: list[Sequence[str]]) -> None:
        self.cells = cells
        self.odd: set[int] = set()

    def stripped(self, index: int) -> list[str]:
        return [*map(str.strip, self.cells[index])]

    def look(self, index: int, limit: int) -> None:
        """Find cells that may not be kept; nobody reads them."""
        cells: Sequence[str] = self.cells[index]
        # What is printable has no control characters.
        if (
            "".join(cells).isprintable()
            and _RISKY.isdisjoint([cell[:1] for cell in cells])
            and max(map(len, cells)) <= limit
        ):
            return
        kept = list(cells)
        for at, cell in enumerate(cells):
            if cell:
                try:
                    look_closely(cell, limit)
                except BadCell:
                    self.odd.add(at)
                    kept[at] = ""
        self.cells[index] = kept

    def words(self, cells: Sequence[str], known: _Words) -> list[Any]:
        """Return what the cells say; a row with one that says nothing is odd."""
        values = [known[cell] for cell in cells]
        if _Words.ODD in values:
            for at, value in enumerate(values):
                if value is _Words.ODD:
                    self.odd.add(at)
                    values[at] = ""
        return values


class _Words(dict[str, Any]):
    """What the cells of a column say, as far as they were read before. "" says ""."""

    ODD = object()

    def __init__(self, read: Callable[[str], object]) -> None:
        super().__init__({"": ""})
        self._read = read

    def __missing__(self, cell: str) -> Any:
        try:
            value: object = self._read(cell)
        except BadCell:
            value = self.ODD
        if len(self) < _REMEMBERED:
            self[cell] = value
        return value


def _objects(names: Sequence[str], columns: Sequence[Sequence[object]]) -> list[str]:
    """Return a JSON object of each row, of what is not ""."""
    return [
        as_json({name: value for name, value in zip(names, row) if value != ""})  # noqa: B905
        for row in zip(*columns, strict=True)
    ]
