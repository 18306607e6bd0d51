"""Files of numbers that are not called: one number a line, millions of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from phonenumbers import country_code_for_region

CHUNK = 10_000
_SHOWN = 20
_FIRST_CELLS = re.compile(rb"^[\s\"']*([+0-9() ./\-]+)(?:[,;\t|][\"' ]*([0-9]{7})(?![0-9]))?")
_NOT_DIGITS = re.compile(rb"[^0-9]")
_E164 = re.compile(r"^\+[1-9][0-9]{6,14}$")


@dataclass(slots=True)
class NumberFile:
    """Reads a file chunk by chunk; what could not be read is counted.

    Args:
        region: Of numbers without a country code, such as US; None: they are bad.
    """

    file: BinaryIO
    region: str | None = None
    lines: int = 0
    numbers: int = 0
    bad_lines: int = 0
    first_bad: list[str] = field(default_factory=list)

    def chunks(self) -> Iterator[tuple[str, ...]]:
        """Yield up to CHUNK numbers at a time. The first line may be a header."""
        code = str(country_code_for_region(self.region)) if self.region else ""
        numbers: list[str] = []
        for line in self.file:
            if not line.strip(b" \t\r\n\x00\xef\xbb\xbf"):
                continue
            self.lines += 1
            number = _number(line, code)
            if number is not None:
                numbers.append(number)
                self.numbers += 1
            elif self.lines > 1 or b"+" in line or line[:1].isdigit():
                self._note(line)
            if len(numbers) >= CHUNK:
                yield tuple(numbers)
                numbers = []
        if numbers:
            yield tuple(numbers)

    def _note(self, line: bytes) -> None:
        self.bad_lines += 1
        if len(self.first_bad) < _SHOWN:
            text = line[:100].decode("utf-8", "replace").strip()
            self.first_bad.append(f"{self.lines}: {text}")


def _number(line: bytes, code: str) -> str | None:
    """Return the number that a line begins with; area code and number may be two cells."""
    found = _FIRST_CELLS.match(line.removeprefix(b"\xef\xbb\xbf"))
    if found is None:
        return None
    first, rest = found.groups()
    digits = _NOT_DIGITS.sub(b"", first + (rest or b"")).decode()
    if b"+" in first:
        number = f"+{digits}"
    elif digits.startswith("00"):
        number = f"+{digits[2:]}"
    elif code:
        number = f"+{code}{digits.removeprefix('0')}"
    else:
        return None
    return number if _E164.match(number) else None
