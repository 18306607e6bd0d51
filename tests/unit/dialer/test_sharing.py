"""Agents whom several campaigns share count for one of them at a time."""

from __future__ import annotations

from collections import Counter

import pytest

from ringway.dialer.core.sharing import Shared, Sharing, Standing

pytestmark = pytest.mark.unit


def _all(names: str, campaigns: str = "ab", *, ready: bool = True) -> list[Shared]:
    return [Shared(name, ready, frozenset(campaigns)) for name in names]


def test_the_campaign_of_higher_priority_has_everybody() -> None:
    sharing = Sharing()
    both = [Standing("a", 5), Standing("b", 10)]
    assert set(sharing.divide(both, _all("xyz")).values()) == {"b"}


def test_a_campaign_that_cannot_dial_leaves_its_agents_to_others() -> None:
    sharing = Sharing()
    both = [Standing("a", 5), Standing("b", 10, can_dial=False)]
    assert set(sharing.divide(both, _all("xyz")).values()) == {"a"}


def test_what_the_first_campaign_has_no_lines_for_goes_to_the_second() -> None:
    both = [Standing("a", 5), Standing("b", 10, room=1)]
    assert Counter(Sharing().divide(both, _all("xyz")).values()) == {"b": 1, "a": 2}


def test_equal_campaigns_share_evenly_also_when_one_comes_later() -> None:
    sharing = Sharing()
    alone = [Standing("a")]
    assert Counter(sharing.divide(alone, _all("uvwxyz")).values()) == {"a": 6}
    both = [Standing("a"), Standing("b")]
    shares = sharing.divide(both, _all("uvwxyz"))
    assert Counter(shares.values()) == {"a": 3, "b": 3}
    assert sharing.divide(both, _all("uvwxyz")) == shares


def test_one_agent_serves_equal_campaigns_by_turns() -> None:
    sharing = Sharing()
    both = [Standing("a"), Standing("b")]
    turns = []
    for _ in range(4):
        turns.append(sharing.divide(both, _all("x"))["x"])
        sharing.divide(both, _all("x", ready=False))  # he takes a call
    assert turns in (["a", "b", "a", "b"], ["b", "a", "b", "a"])


def test_an_agent_stays_while_a_call_is_under_way_for_him() -> None:
    sharing = Sharing()
    sharing.divide([Standing("a")], _all("x"))
    higher = [Standing("a", 5, needed=1), Standing("b", 10)]
    assert sharing.divide(higher, _all("x")) == {"x": "a"}
    done = [Standing("a", 5), Standing("b", 10)]
    assert sharing.divide(done, _all("x")) == {"x": "b"}
