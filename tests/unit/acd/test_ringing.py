"""Phones that share an offer's time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.acd.core.ringing import share

pytestmark = pytest.mark.unit

_OTHERS = st.lists(st.tuples(st.just("+8613800138000"), st.floats(5, 60)), max_size=3)


@given(offer_s=st.floats(5, 120), others=_OTHERS)
def test_all_phones_ring_within_the_offers_time(
    offer_s: float, others: list[tuple[str, float]]
) -> None:
    rings = share(offer_s, others)
    assert rings[0][0] == ""
    assert sum(seconds for _, seconds in rings) == pytest.approx(offer_s)
    assert all(seconds >= 5 - 1e-9 for _, seconds in rings)
    assert [number for number, _ in rings[1:]] == [n for n, _ in others[: len(rings) - 1]]
    assert all(s <= asked + 1e-9 for (_, s), (_, asked) in zip(rings[1:], others, strict=False))


@pytest.mark.parametrize(
    ("offer_s", "others", "expected"),
    [
        (15, [], [("", 15)]),
        (20, [("1", 5)], [("", 15), ("1", 5)]),
        (15, [("1", 15), ("2", 15)], [("", 5), ("1", 5), ("2", 5)]),
        (6, [("1", 15), ("2", 15)], [("", 6)]),
    ],
)
def test_what_each_gets(
    offer_s: float, others: list[tuple[str, float]], expected: list[tuple[str, float]]
) -> None:
    assert list(share(offer_s, others)) == expected
