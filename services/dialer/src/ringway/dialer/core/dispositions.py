"""How grades that agents give move leads within their lists. Pure."""

from __future__ import annotations

from ringway.proto.dialer_callback import Grade

# How far a grade moves a lead ahead of its list, or behind it.
_MOVES = {
    Grade.A: 30,
    Grade.INTERESTED: 20,
    Grade.B: 20,
    Grade.C: 10,
    Grade.NOT_INTERESTED: -10,
}


def priority_of_grade(grade: Grade | None) -> int:
    """Return what a grade adds to a lead's priority."""
    return 0 if grade is None else _MOVES[grade]
