"""Good rows of a chunk as a reader hands them on: column by column, so that PostgreSQL takes them
apart and not the event loop."""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import islice

from ringway.crm_api.core.customer_files.rows import COLUMN, PARTS, ROW, Parts

# With own fields there are also: all values of a new customer as JSON, and which one he lacks.
_ALL = (*PARTS, "whole", "missing")


class GoodRows:
    """Rows that can become customers.

    Args:
        text: The content of a ``good_file``; see ``reading.Chunk``.
    """

    def __init__(self, text: str) -> None:
        columns = dict(zip(_ALL, text.split(COLUMN), strict=False)) if text else {}
        self._columns = {name: column for name, column in columns.items() if column}
        lines = self._columns.get("line", "")
        self.count = lines.count(ROW) + 1 if lines else 0

    def has(self, name: str) -> bool:
        """Whether any row has this part."""
        return name in self._columns

    def column(self, name: str) -> str:
        """Return a column, its values between ROWs."""
        return self._columns.get(name, "")

    def missing(self) -> dict[int, str]:
        """Return which required own field rows lack, by line."""
        if not self.has("missing"):
            return {}
        pairs = zip(self._split("line"), self._split("missing"), strict=True)
        return {int(line): name for line, name in pairs if name}

    def of_lines(self, lines: Container[int]) -> list[Parts]:
        """Return the parts of the rows of some lines."""
        return [row for row in self._rows() if int(row[0]) in lines]

    def first(self, limit: int) -> list[Parts]:
        """Return the parts of the first rows."""
        return list(islice(self._rows(), limit))

    def _rows(self) -> zip[Parts]:
        return zip(*map(self._split, PARTS), strict=True)

    def _split(self, name: str) -> Sequence[str]:
        column = self._columns.get(name)
        return column.split(ROW) if column else [""] * self.count
