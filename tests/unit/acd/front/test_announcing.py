"""When a waiting caller is told what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.acd.core.announcing import Announcer, Due, Item, Plan

pytestmark = pytest.mark.unit

TOLD = [Due(Item.POSITION), Due(Item.EXPECTED_WAIT)]


def heard(announcer: Announcer, until: float) -> list[tuple[float, list[Due]]]:
    out: list[tuple[float, list[Due]]] = []
    while announcer.next_at is not None and announcer.next_at <= until:
        at = announcer.next_at
        out.append((at, announcer.due(at)))
    return out


def test_announcements_comfort_and_callback_have_their_times() -> None:
    plan = Plan(first_after_s=10, every_s=60, comfort=("a", "b"), callback_after_s=30)
    assert heard(Announcer(plan), 135) == [
        (10, TOLD),
        (30, [Due(Item.CALLBACK)]),
        (40, [Due(Item.COMFORT, "a")]),
        (70, [*TOLD, Due(Item.CALLBACK)]),
        (100, [Due(Item.COMFORT, "b")]),
        (130, [*TOLD, Due(Item.CALLBACK)]),
    ]


def test_a_queue_that_announces_nothing_needs_no_timer() -> None:
    assert Announcer(Plan(position=False, expected_wait=False)).next_at is None


def test_what_was_missed_is_not_made_up_for() -> None:
    announcer = Announcer(Plan(first_after_s=10, every_s=60, comfort=("a",)))
    assert announcer.due(200) == TOLD
    assert announcer.next_at == 220


def test_after_a_restart_it_goes_on_where_the_caller_is() -> None:
    announcer = Announcer(Plan(first_after_s=10, every_s=60, comfort=("a",)), waited_s=75)
    assert announcer.next_at == 100


def test_comfort_alone_comes_regularly() -> None:
    plan = Plan(position=False, expected_wait=False, first_after_s=0, every_s=20, comfort=("a",))
    assert [at for at, _ in heard(Announcer(plan), 60)] == [10, 30, 50]


@given(
    st.floats(0, 100),
    st.floats(10, 100),
    st.lists(st.floats(0, 50), max_size=30),
    st.booleans(),
)
def test_time_never_stands_still(
    first: float, every: float, steps: list[float], late: bool
) -> None:
    announcer = Announcer(Plan(first_after_s=first, every_s=every, comfort=("a", "b")))
    at = 0.0
    for step in steps:
        at = max(at + step, announcer.next_at or 0) if late else at + step
        announcer.due(at)
        assert announcer.next_at is not None
        assert announcer.next_at > at
