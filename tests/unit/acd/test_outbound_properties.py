"""Whatever the routes: no choice breaks a limit, none is missing, none is twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.acd.core.outbound import OutboundRoute, choose

pytestmark = pytest.mark.property

TRUNKS = ("t1", "t2", "t3")
_trunks = st.sampled_from(TRUNKS)
_routes = st.lists(
    st.builds(
        OutboundRoute,
        route_id=st.text("abcdef", min_size=1, max_size=4),
        order=st.integers(0, 3),
        prefix=st.sampled_from(("", "+", "+8", "+86", "+861", "110")),
        trunk_ids=st.lists(_trunks, max_size=3).map(tuple),
        strip=st.integers(0, 4),
        prepend=st.sampled_from(("", "0", "+")),
        cost=st.integers(0, 2),
        is_allowed=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda route: route.route_id,
)
_counts = st.dictionaries(_trunks, st.integers(0, 2))


@given(_routes, st.sampled_from(("+8613800138000", "+40215550100", "110")), _counts, _counts,
       st.frozensets(_trunks))  # fmt: skip
def test_the_choices_are_sound(
    routes: list[OutboundRoute],
    number: str,
    usage: dict[str, int],
    capacity: dict[str, int],
    down: frozenset[str],
) -> None:
    found = choose(routes, number, usage, capacity, down)
    assert bool(found.choices) is (found.reason is None)
    trunk_ids = [choice.trunk_id for choice in found.choices]
    assert len(set(trunk_ids)) == len(trunk_ids)
    longest = max((len(r.prefix) for r in routes if number.startswith(r.prefix)), default=0)
    for choice in found.choices:
        assert choice.trunk_id not in down
        assert usage.get(choice.trunk_id, 0) < capacity.get(choice.trunk_id, 99)
        assert any(
            r.route_id == choice.route_id
            and len(r.prefix) == longest
            and r.dial_string(number) == choice.dial_string
            for r in routes
        )
    assert choose(reversed(routes), number, usage, capacity, down).reason is found.reason
