"""What agents may say of a call, and what it does to the lead. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ringway.proto.dialer_callback import Disposition, DispositionAction, Grade

_A = DispositionAction

# What a tenant has until it changes something; a change of one entry leaves the others.
DEFAULTS: Mapping[str, Disposition] = {
    "sale": Disposition(
        name_en="Sale", name_zh="成交", action=_A.CLOSE, grade=Grade.A, counts_as_success=True,
        position=10,
    ),
    "interested": Disposition(
        name_en="Interested", name_zh="有意向", action=_A.RETRY, retry_s=86_400,
        grade=Grade.INTERESTED, counts_as_success=True, position=20,
    ),
    "callback": Disposition(
        name_en="Call back", name_zh="预约回拨", action=_A.CALLBACK, position=30
    ),
    "no_time": Disposition(
        name_en="No time now", name_zh="暂时没空", action=_A.RETRY, retry_s=7200, position=40
    ),
    "answering_machine": Disposition(
        name_en="Answering machine", name_zh="语音信箱", action=_A.RETRY, retry_s=14_400,
        position=50,
    ),
    "not_interested": Disposition(
        name_en="Not interested", name_zh="无意向", action=_A.CLOSE, grade=Grade.NOT_INTERESTED,
        position=60,
    ),
    "wrong_number": Disposition(
        name_en="Wrong number", name_zh="号码错误", action=_A.CLOSE, position=70
    ),
    "do_not_call": Disposition(
        name_en="Do not call", name_zh="拒绝来电", action=_A.DNC, position=80
    ),
}  # fmt: skip
# How far a grade moves a lead ahead of its list, or behind it.
_MOVES = {
    Grade.A: 30,
    Grade.INTERESTED: 20,
    Grade.B: 20,
    Grade.C: 10,
    Grade.NOT_INTERESTED: -10,
}


def catalogue(changed: Mapping[str, Disposition]) -> dict[str, Disposition]:
    """Return the entries of a tenant by code, in the order in which they are shown."""
    entries = {**DEFAULTS, **changed}
    return dict(sorted(entries.items(), key=lambda each: (each[1].position, each[0])))


def priority_of_grade(grade: Grade | None) -> int:
    """Return what a grade adds to a lead's priority."""
    return 0 if grade is None else _MOVES[grade]
