"""Who gets which customer: nobody is left out, nobody is ahead, and pools add up."""

from __future__ import annotations

from collections import Counter
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ringway.crm_api.core.customers.assignment import Target, by_rules, merged, spread
from ringway.crm_api.customers.care import birthday
from ringway.crm_api.customers.service import age

pytestmark = pytest.mark.property

_WEIGHTS = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def _targets(weights: list[int]) -> list[Target[int]]:
    return [Target(user, weight) for user, weight in enumerate(weights)]


@given(st.integers(0, 200), _WEIGHTS)
def test_everybody_gets_by_his_weight_and_nobody_is_ahead(
    customers: int, weights: list[int]
) -> None:
    targets = _targets(weights)
    given_out = spread(range(customers), targets)
    assert [customer for customer, _ in given_out] == list(range(customers))
    counts = Counter(user for _, user in given_out)
    for a in targets:
        for b in targets:
            of_a = Fraction(counts[a.user], a.weight)
            assert of_a <= Fraction(counts[b.user] + 1, b.weight)


@given(st.integers(0, 200), st.integers(1, 7))
def test_evenly_means_that_counts_differ_by_one_at_most(customers: int, agents: int) -> None:
    counts = Counter(user for _, user in spread(range(customers), _targets([1] * agents)))
    numbers = [counts[user] for user in range(agents)]
    assert max(numbers) - min(numbers) <= 1
    assert sum(numbers) == customers


@given(_WEIGHTS, st.integers(1, 5))
def test_whole_rounds_come_out_exactly(weights: list[int], rounds: int) -> None:
    customers = sum(weights) * rounds
    counts = Counter(user for _, user in spread(range(customers), _targets(weights)))
    assert [counts[user] for user in range(len(weights))] == [w * rounds for w in weights]


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=100),
    st.dictionaries(st.integers(0, 3), _WEIGHTS, max_size=4),
)
def test_rules_give_to_their_own_people_only(
    fitting: list[int | None], weights: dict[int, list[int]]
) -> None:
    rules = {
        n: [Target((n, user), weight) for user, weight in enumerate(each)]
        for n, each in weights.items()
    }
    given_out = dict(by_rules(list(enumerate(fitting)), rules))
    for customer, number in enumerate(fitting):
        if number in rules:
            assert given_out[customer][0] == number
        else:
            assert customer not in given_out


def test_somebody_in_two_teams_counts_once_with_both_weights() -> None:
    assert merged([Target("a", 1), Target("b", 2), Target("a", 3)]) == [
        Target("a", 4),
        Target("b", 2),
    ]
    assert spread(["x"], []) == []
    with pytest.raises(ValueError, match="twice"):
        spread(["x"], [Target("a"), Target("a")])
    with pytest.raises(ValueError, match="below 1"):
        spread(["x"], [Target("a", 0)])


class Pools(RuleBasedStateMachine):
    """Customers go out by acts and come back; the shares of each act are fair by themselves."""

    @initialize(customers=st.integers(1, 60), agents=st.integers(1, 5))
    def open(self, customers: int, agents: int) -> None:
        self.agents = list(range(agents))
        self.owner: dict[int, int | None] = dict.fromkeys(range(customers))

    @rule(data=st.data())
    def assign(self, data: st.DataObject) -> None:
        chosen = data.draw(st.sets(st.sampled_from(self.agents), min_size=1))
        weights = {agent: data.draw(st.integers(1, 4)) for agent in sorted(chosen)}
        public = [customer for customer, owner in self.owner.items() if owner is None]
        most = data.draw(st.integers(0, len(public)))
        out = spread(public[:most], [Target(agent, w) for agent, w in weights.items()])
        assert len(out) == most
        for customer, agent in out:
            assert self.owner[customer] is None
            self.owner[customer] = agent
        counts = Counter(agent for _, agent in out)
        assert all(
            Fraction(counts[a], weights[a]) <= Fraction(counts[b] + 1, weights[b])
            for a in weights
            for b in weights
        )

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        agent = data.draw(st.sampled_from(self.agents))
        for customer, owner in self.owner.items():
            if owner == agent:
                self.owner[customer] = None

    @rule(data=st.data())
    def hand_over(self, data: st.DataObject) -> None:
        agent, heir = (data.draw(st.sampled_from(self.agents)) for _ in range(2))
        has = [customer for customer, owner in self.owner.items() if owner == agent]
        for customer, to in spread(has, [Target(heir)]):
            self.owner[customer] = to

    @invariant()
    def nobody_is_lost(self) -> None:
        if hasattr(self, "owner"):
            private = sum(list(self.owner.values()).count(agent) for agent in self.agents)
            public = list(self.owner.values()).count(None)
            assert private + public == len(self.owner)


TestPools = Pools.TestCase
TestPools.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)


def test_birthdays_of_leap_days_are_kept_in_other_years() -> None:
    assert birthday(date(2026, 2, 28), 0) == ["02-28", "02-29"]
    assert birthday(date(2028, 2, 28), 0) == ["02-28"]
    assert birthday(date(2028, 2, 29), 0) == ["02-29"]
    assert birthday(date(2026, 12, 30), 3) == ["01-02"]


def test_age_is_in_whole_years() -> None:
    assert age(date(1990, 5, 17), date(2026, 5, 16)) == 35
    assert age(date(1990, 5, 17), date(2026, 5, 17)) == 36
    assert age(date(2030, 1, 1), date(2026, 5, 17)) is None
    assert age(None, date(2026, 5, 17)) is None
