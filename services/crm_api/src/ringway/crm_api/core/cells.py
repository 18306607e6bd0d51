"""Cells of tables that strangers send and that spreadsheets open."""

from __future__ import annotations

import re

SHOWN = 80  # characters of a bad value that are reported

# A cell that begins like this is run by a spreadsheet when somebody opens an export.
RISKY = "=@+-\t\r"
_FORMULA = re.compile(r"[=@\t\r]|[+\-].*[^0-9 .,()/-]", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


class ListRefused(Exception):
    """Nothing of the file can be used."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def safe_cell(text: str) -> str:
    """Return ``text`` so that no spreadsheet runs it when an export is opened."""
    return f"'{text}" if text and text[0] in RISKY else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would run the cell; signed numbers and phone numbers are none."""
    return _FORMULA.match(text) is not None


def has_control(text: str) -> bool:
    """Whether the text holds what cannot be stored or shown."""
    return _CONTROL.search(text) is not None


def shown(text: str) -> str:
    """Return a bad value as it is reported: short, and nothing unprintable in it."""
    clean = _CONTROL.sub("\ufffd", text)
    return clean if len(clean) <= SHOWN else f"{clean[:SHOWN]}…"
