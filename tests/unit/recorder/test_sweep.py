from __future__ import annotations

from uuid import UUID

import pytest

from ringway.recorder.core.retry import Miss
from ringway.recorder.core.sweep import ORPHAN_AGE_S, Ages, Knowledge, Known, compare

pytestmark = pytest.mark.unit

A, B, C, D, E, F = (UUID(int=n) for n in range(6))


def test_each_file_is_treated_by_what_is_known_of_its_interaction() -> None:
    findings = compare(
        [f"{A}.in", f"{A}.out", f"{B}.in", f"{C}.in", f"{D}.out", f"{E}.in", f"{F}.in", "hello"],
        {
            A: Knowledge(Known.STORED),
            B: Knowledge(Known.WAITING),
            C: Knowledge(Known.MISSING, Miss.NOT_FOUND),
            D: Knowledge(Known.MISSING, Miss.EMPTY),
            E: Knowledge(Known.MISSING, Miss.UNREADABLE),
        },
    )
    assert findings.delete == [f"{A}.in", f"{A}.out", f"{D}.out"]
    assert findings.wake == {B, C}
    assert findings.unknown == [f"{F}.in"]


def test_a_file_is_old_after_it_was_seen_long_enough_without_a_gap() -> None:
    ages = Ages()
    assert ages.note(["x"], 0) == []
    assert ages.note(["x"], ORPHAN_AGE_S - 1) == []
    assert ages.note(["x"], ORPHAN_AGE_S) == ["x"]
    assert ages.note([], ORPHAN_AGE_S + 1) == []
    assert ages.note(["x"], ORPHAN_AGE_S + 2) == []


def test_an_orphan_is_reported_once_until_it_comes_back() -> None:
    ages = Ages()
    ages.note(["x"], 0)
    assert ages.first_report("x")
    assert not ages.first_report("x")
    ages.note([], 1)
    ages.note(["x"], 2)
    assert ages.first_report("x")
