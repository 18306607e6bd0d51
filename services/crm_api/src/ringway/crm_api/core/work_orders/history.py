"""What a step of a record's life changed, so that every version of it can be made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Changes = dict[str, tuple[Any, Any]]
"""What a field was, and is now. A field that is not there is None."""


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """Return the fields that differ. A field that is missing is as one that is None."""
    return {
        key: (before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    }


def replay(steps: Iterable[Changes], *, checked: bool = True) -> dict[str, Any]:
    """Return the record after these steps, the first of which made it. None is left out.

    Args:
        checked: Whether each step must follow from the one before. What was removed from
            history, such as a person's data, or is hidden from somebody, leaves gaps.

    Raises:
        ValueError: A step does not follow from the one before: something is missing.
    """
    record: dict[str, Any] = {}
    for number, step in enumerate(steps):
        for key, (old, new) in step.items():
            if checked and record.get(key) != old:
                raise ValueError(f"step {number} does not follow: {key} was not {old!r}")
            if new is None:
                record.pop(key, None)
            else:
                record[key] = new
    return record
