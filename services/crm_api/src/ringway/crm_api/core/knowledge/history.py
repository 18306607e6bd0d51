"""What changed between two texts, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

# Comparing costs up to the product of both: longer stretches that differ count as replaced, and
# in long ones lines that occur often are not looked for (autojunk).
_MOST_LINES = 1_500


class Change(StrEnum):
    """What became of lines."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines that stand together and share their fate."""

    change: Change
    lines: tuple[str, ...]


def difference(old: str, new: str) -> list[Stretch]:
    """Return how ``new`` came from ``old``: without what is added it is the old text."""
    before, after = old.split("\n"), new.split("\n")
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    middle = _middle(before[head : len(before) - tail], after[head : len(after) - tail])
    whole = [
        Stretch(Change.SAME, tuple(before[:head])),
        *middle,
        Stretch(Change.SAME, tuple(before[len(before) - tail :])),
    ]
    return [stretch for stretch in whole if stretch.lines]


def _middle(old: list[str], new: list[str]) -> list[Stretch]:
    if max(len(old), len(new)) > _MOST_LINES:
        return [Stretch(Change.REMOVED, tuple(old)), Stretch(Change.ADDED, tuple(new))]
    found: list[Stretch] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            found.append(Stretch(Change.SAME, tuple(old[a:b])))
        else:
            found.append(Stretch(Change.REMOVED, tuple(old[a:b])))
            found.append(Stretch(Change.ADDED, tuple(new[c:d])))
    return found
