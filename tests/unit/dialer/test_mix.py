"""From which list the next lead comes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.dialer.core.mix import Mix

pytestmark = pytest.mark.unit


def leads(**counts: int) -> list[tuple[str, str]]:
    return [(each, f"{each}{n}") for each, count in counts.items() for n in range(count)]


def test_lists_give_by_their_weights_in_turn() -> None:
    drawn = Mix({"a": 3, "b": 1}).draw(leads(a=9, b=9), 8)
    assert Counter(each[0] for each in drawn) == {"a": 6, "b": 2}
    assert [each for each in drawn if each[0] == "a"] == [f"a{n}" for n in range(6)]


def test_one_lead_at_a_time_is_as_fair() -> None:
    mix = Mix({"a": 3, "b": 1})
    drawn = [mix.draw(leads(a=1, b=1), 1)[0][0] for _ in range(40)]
    assert Counter(drawn) == {"a": 30, "b": 10}


def test_what_a_list_lacks_the_others_give() -> None:
    assert Counter(each[0] for each in Mix({"a": 9, "b": 1}).draw(leads(a=2, b=9), 8)) == {
        "a": 2,
        "b": 6,
    }


def test_a_list_that_had_nothing_does_not_make_up_for_it() -> None:
    mix = Mix({"a": 1, "b": 1})
    mix.draw(leads(b=50), 50)
    assert Counter(each[0] for each in mix.draw(leads(a=20, b=20), 21)) == {"a": 11, "b": 10}


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 20), min_size=1),
    st.lists(st.sampled_from("abcd"), max_size=60),
    st.integers(0, 60),
)
def test_no_lead_is_lost_or_drawn_twice(
    weights: dict[str, int], lists: list[str], count: int
) -> None:
    offered = [(each, f"{each}{n}") for n, each in enumerate(lists)]
    drawn = Mix(weights).draw(offered, count)
    assert len(drawn) == len(set(drawn)) == min(count, len(offered))
    assert drawn == Mix(weights).draw(offered, count)
