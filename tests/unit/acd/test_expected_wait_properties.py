"""Whatever a queue has seen: estimates are finite, in order, and longer further back."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.acd.core.expected_wait import ExpectedWait

pytestmark = pytest.mark.property

_times = st.floats(0, 1e7)
_events = st.lists(
    st.tuples(st.just("handled"), _times)
    | st.tuples(st.just("left"), _times, st.booleans(), st.integers(1, 500)),
    max_size=60,
)


@given(_events, st.integers(1, 300), st.integers(1, 1000))
def test_estimates_are_sound(
    events: list[tuple[str, float] | tuple[str, float, bool, int]], agents: int, place: int
) -> None:
    queue = ExpectedWait()
    for event in events:
        if len(event) == 2:
            queue.handled(event[1])
        else:
            _, waited_s, served, its_place = event
            promised = queue.estimate(its_place, agents, at=0)
            queue.left(waited_s, served=served, promised=promised)
    here = queue.estimate(place, agents, at=0)
    behind = queue.estimate(place + 1, agents, at=0)
    fewer = queue.estimate(place, agents + 1, at=0)
    assert here is not None
    assert behind is not None
    assert fewer is not None
    assert 0 < here.low <= here.seconds <= here.spoken_s
    assert here.seconds <= here.high
    assert isfinite(here.high)
    assert behind.model_s >= here.model_s
    assert fewer.model_s <= here.model_s
    assert 0 <= here.minutes <= 360
