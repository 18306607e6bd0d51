"""One row of a file of customers: to the parts that become a customer, or what is wrong with it.

This is the precise way, which finds the first thing that is wrong; ``batches`` is the quick one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import orjson

from ringway.crm_api.core.cells import RISKY, has_control, is_formula, shown
from ringway.crm_api.core.customer_files.columns import FIXED, OWN, Columns
from ringway.crm_api.core.phone import NotANumber, NumberCheck, to_e164

MAX_CELL = 2_000  # characters
MAX_TAGS = 50
MAX_TAG = 50
ADDRESS = ("street", "city", "region", "postal_code", "country")
# Those of FIXED that are parts of their own, in this order; the address is one part.
TEXTS = tuple(name for name in FIXED if name not in ADDRESS)
# The parts of a row that is handed on, in this order; "" is nothing. ``others`` are the further
# numbers, ``address`` and ``data`` JSON objects.
PARTS = ("line", "phone", "others", *TEXTS, "address", "data", "tags")
# What separates columns, their rows, and the elements of others and of tags. Cells hold none of
# the control characters.
COLUMN, ROW, ELEMENT = "\x1d", "\x1e", "|"

EMAIL = re.compile(r"[^\s@<>(),;:\"\\\[\]]{1,64}@[^\s@.,;]+(?:\.[^\s@.,;]+)+")
_SPLIT_TAGS = re.compile(r"[,;，；、|]")
_DATE = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[T ][0:]+)?", re.ASCII)
_SEXES = {
    **dict.fromkeys(("m", "male", "man", "男", "男性", "先生"), "male"),
    **dict.fromkeys(("f", "female", "woman", "女", "女性", "女士"), "female"),
    **dict.fromkeys(("other", "x", "其他", "其它"), "other"),
}
_KINDS = {
    **dict.fromkeys(("person", "individual", "个人"), "person"),
    **dict.fromkeys(("company", "organisation", "organization", "公司", "企业", "单位"), "company"),
}
_INTENTS = {
    **dict.fromkeys(("unknown", "未知"), "unknown"),
    **dict.fromkeys(("interested", "yes", "意向", "有意向", "是"), "interested"),
    **dict.fromkeys(("not_interested", "no", "非意向", "无意向", "否"), "not_interested"),
}
_LEAD_STATUSES = {
    **dict.fromkeys(("new", "新", "新线索"), "new"),
    **dict.fromkeys(("contacted", "已联系"), "contacted"),
    **dict.fromkeys(("qualified", "有效", "合格"), "qualified"),
    **dict.fromkeys(("won", "成交", "已成交"), "won"),
    **dict.fromkeys(("lost", "流失", "丢失"), "lost"),
}
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}")
_COUNTRY = re.compile(r"[A-Z]{2}")


class MatchBy:
    """What tells that a row is a customer who exists; or ``data.<key>``."""

    PHONE = "phone"  # any of his numbers
    EMAIL = "email"
    NOTHING = ""  # every row is new


class BadCell(Exception):
    """Why a cell cannot be used: a code of ``reasons`` and its detail."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used, with the first thing that is wrong."""

    line: int
    column: str
    value: str
    code: str
    detail: str


OwnCell = Callable[[str], object]
Parts = tuple[str, ...]


@dataclass(slots=True)
class RowReader:
    """Reads the rows of one file in order; remembers keys to find repeats.

    Args:
        own: For each own field that is mapped, what makes a value of a cell; raises BadCell.
        grades: Those that the enterprise has.
        match_by: See :class:`MatchBy`.
    """

    columns: Columns
    region: str | None
    check: NumberCheck
    match_by: str
    own: Mapping[str, OwnCell] = field(default_factory=dict)
    grades: frozenset[str] = frozenset()
    seen: dict[object, int] = field(default_factory=dict)
    used: list[tuple[int, int]] = field(init=False)  # index, limit
    width: int = field(init=False)
    _fixed: list[tuple[str, int]] = field(init=False)
    _column_of: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        columns = self.columns
        limits = {index: FIXED[name] for index, name in columns.fixed}
        used = {index for index, _ in (*columns.fixed, *columns.own)}
        if columns.tags is not None:
            used.add(columns.tags)
        self.used = [(index, limits.get(index, MAX_CELL)) for index in sorted(used)]
        self._column_of = {name: index for index, name in columns.fixed}
        # In the order of FIXED: so the first cell that is wrong is always the same one.
        self._fixed = [(n, self._column_of[n]) for n in FIXED if n in self._column_of]
        self.width = len(columns.names)

    def read(self, line: int, cells: Sequence[str]) -> Parts | BadRow | None:
        """Return the ``PARTS`` of the row, what is wrong, or None when it is blank."""
        whole = "".join(cells)
        if not whole or whole.isspace():
            return None
        column = -1
        try:
            cells = self._fit(cells)
            is_suspect = has_control(whole)
            for column, limit in self.used:
                cell = cells[column]
                if cell and (len(cell) > limit or cell[0] in RISKY or is_suspect):
                    look_closely(cell, limit)
            phones: list[str] = []
            for column in self.columns.phones:
                if cell := cells[column].strip():
                    phone = to_e164(cell, self.region, self.check)
                    if phone not in phones:
                        phones.append(phone)
            if not phones:
                column = self.columns.phones[0]
                raise BadCell("phone_missing")
            fixed = dict.fromkeys(FIXED, "")
            for name, column in self._fixed:
                fixed[name] = FIXED_CELL[name](cells[column].strip())
            column = self._column_of.get("grade", -1)
            self.check_grade(fixed["grade"])
            own: dict[str, object] = {}
            for column, key in self.columns.own:
                if cell := cells[column].strip():
                    own[key] = self.own[key](cell) if key in self.own else cell
            tags = ""
            if self.columns.tags is not None:
                column = self.columns.tags
                tags = read_tags(cells[column])
            column = -1
            self.note(line, self.keys(phones, fixed["email"], own))
        except (BadCell, NotANumber) as bad:
            value = shown(cells[column]) if column >= 0 else ""
            name = self.columns.names[column] if column >= 0 else ""
            detail = bad.detail if isinstance(bad, BadCell) else ""
            return BadRow(line, name, value, bad.code, detail)
        address = {name: fixed[name] for name in ADDRESS if fixed[name]}
        return (
            str(line),
            phones[0],
            ELEMENT.join(phones[1:]),
            *(fixed[name] for name in TEXTS),
            as_json(address),
            as_json(own),
            tags,
        )

    def check_grade(self, grade: str) -> None:
        """Raise BadCell when the enterprise has no such grade."""
        if grade and grade not in self.grades:
            raise BadCell("grade_unknown", ", ".join(sorted(self.grades)))

    def _fit(self, cells: Sequence[str]) -> Sequence[str]:
        missing = self.width - len(cells)
        if missing == 0:
            return cells
        if missing > 0:
            return [*cells, *[""] * missing]
        if any(cell.strip() for cell in cells[self.width :]):
            raise BadCell("row_too_long")
        return cells

    def keys(
        self, phones: Sequence[str], email: str, own: Mapping[str, object]
    ) -> Sequence[object]:
        """Return what the row is known by."""
        if self.match_by == MatchBy.PHONE:
            return phones
        if self.match_by == MatchBy.EMAIL:
            return (email.lower(),) if email else ()
        if self.match_by:
            value = own.get(self.match_by.removeprefix(OWN))
            return (value,) if isinstance(value, str | int | float) else ()
        return ()

    def note(self, line: int, keys: Sequence[object]) -> None:
        """Remember what a row is known by. Raises BadCell when it was there before."""
        for key in keys:
            first = self.seen.setdefault(key, line)
            if first != line:
                raise BadCell("duplicate_in_file", str(first))


def as_json(values: Mapping[str, object]) -> str:
    """Return an object as PostgreSQL reads it; "" when it is empty."""
    return orjson.dumps(values).decode() if values else ""


def look_closely(cell: str, limit: int) -> None:
    """Raise BadCell when a cell that is not empty may not be kept."""
    if len(cell) > limit:
        raise BadCell("cell_too_long", str(limit))
    if has_control(cell):
        raise BadCell("control_character")
    if cell[0] in RISKY and is_formula(cell):
        raise BadCell("formula")


def as_is(text: str) -> str:
    """Return any text."""
    return text


def _word_of(words: Mapping[str, str], code: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not text:
            return ""
        found = words.get(text.lower())
        if found is None:
            raise BadCell(code)
        return found

    return read


def _fitting(pattern: re.Pattern[str], code: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text and pattern.fullmatch(text) is None:
            raise BadCell(code)
        return text

    return read


def read_date(text: str) -> str:
    """Return a date as people write it (2026-01-31, 2026/1/31, 2026年1月31日) in ISO form.

    Raises:
        BadCell: It is none.
    """
    if not text:
        return ""
    found = _DATE.fullmatch(text)
    if found is None:
        raise BadCell("date_invalid")
    try:
        return date(*(int(each) for each in found.groups())).isoformat()
    except ValueError:
        raise BadCell("date_invalid") from None


def read_tags(cell: str) -> str:
    """Return the tags of a cell between ELEMENTs. Raises BadCell."""
    if not cell:
        return ""
    tags = list(dict.fromkeys(tag for each in _SPLIT_TAGS.split(cell) if (tag := each.strip())))
    if len(tags) > MAX_TAGS:
        raise BadCell("tag_invalid", f"at most {MAX_TAGS} tags / 最多 {MAX_TAGS} 个")
    if any(len(tag) > MAX_TAG for tag in tags):
        raise BadCell("tag_invalid", f"at most {MAX_TAG} characters / 最多 {MAX_TAG} 个字符")
    return ELEMENT.join(tags)


FIXED_CELL: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(FIXED, as_is),
    "email": _fitting(EMAIL, "email_invalid"),
    "kind": _word_of(_KINDS, "kind_unknown"),
    "sex": _word_of(_SEXES, "sex_unknown"),
    "intent": _word_of(_INTENTS, "intent_unknown"),
    "lead_status": _word_of(_LEAD_STATUSES, "lead_status_unknown"),
    "language": _fitting(_LANGUAGE, "language_invalid"),
    "country": _fitting(_COUNTRY, "country_invalid"),
    "birth_date": read_date,
}
