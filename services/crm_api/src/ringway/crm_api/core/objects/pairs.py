"""Keys of lists that are filtered by one own field and ordered by another.

A pair column holds both values, the one after the other, so that the rows of one value stand
together in its index, in the order of the second. ``crm.pair_key`` of the database makes the same
texts; they order by code points.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ringway.crm_api.core.objects.definition import Field

# Where the first value ends; in a value, \x01 is followed by \x03.
_END, _AFTER = "\x01\x02", "\x01\x03"
_ALL = (1 << 64) - 1
_SIGN = 1 << 63


@dataclass(frozen=True, slots=True)
class Pair:
    """The pair column of a list, and the value that it is filtered by.

    ``value`` and what keys are made of are texts, or numbers where the field is one (see
    ``Field.is_number``); an empty one is ``""`` or -Infinity.
    """

    column: str
    by: Field
    order: Field
    value: object

    @property
    def empty(self) -> str | float:
        """What stands for nothing in the field of the order."""
        return float("-inf") if self.order.is_number else ""

    @property
    def bounds(self) -> tuple[str, str]:
        """Keys with the value: from the first of the two, before the second."""
        first = self._first()
        return f"{first}{_END}", f"{first}{_AFTER}"

    def key(self, value: object) -> str:
        """Return the key of a row with ``value`` in the field of the order."""
        return f"{self._first()}{_END}{_text(self.order, value)}"

    def _first(self) -> str:
        text = _text(self.by, self.value)
        return text if self.by.is_number else text.replace("\x01", _AFTER)


def name_of(by: Field, order: Field) -> str:
    """Return what the database is told of a pair: ``tn:tier:balance``, a text before a number."""
    return f"{_letter(by)}{_letter(order)}:{by.key}:{order.key}"


def fields_of(name: str) -> tuple[str, str]:
    """Return the keys of the fields in a pair's name: the filter's and the order's."""
    _, by, order = name.split(":")
    return by, order


def number_text(number: float) -> str:
    """Return a text of 16 characters that orders as the number does; NaN is none."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", number + 0.0))
    return f"{bits ^ (_ALL if bits & _SIGN else _SIGN):016x}"


def _text(field: Field, value: object) -> str:
    if not field.is_number:
        return str(value)
    return number_text(float(value) if isinstance(value, bool) else float(str(value)))


def _letter(field: Field) -> str:
    return "n" if field.is_number else "t"
