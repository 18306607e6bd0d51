"""Who gets which customer: evenly, by weights, by rules. No IO and no chance: the same again.

Customers are given out one by one, each to the one who would then have the least for his weight.
So after every customer, for any two agents a and b, a's count over his weight is never more than
b's count and one more over b's weight: nobody waits while another is ahead of him.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)
U = TypeVar("U", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Target(Generic[U]):
    """Somebody who gets customers. ``weight`` is at least 1: twice of it, twice as many."""

    user: U
    weight: int = 1


def merged(targets: Iterable[Target[U]]) -> list[Target[U]]:
    """Return each user once, with his weights added up, in the order of their first naming."""
    weights: Counter[U] = Counter()
    for each in targets:
        weights[each.user] += each.weight
    return [Target(user, weight) for user, weight in weights.items()]


def spread(customers: Sequence[C], targets: Sequence[Target[U]]) -> list[tuple[C, U]]:
    """Return who gets each customer, in their order; nobody gets any when nobody is there.

    Args:
        targets: Each user once. Who stands first gets first.

    Raises:
        ValueError: A weight is below 1, or somebody is there twice.
    """
    if len({each.user for each in targets}) < len(targets):
        raise ValueError("somebody is there twice")
    if any(each.weight < 1 for each in targets):
        raise ValueError("a weight is below 1")
    if not targets:
        return []
    # What each would have for his weight with one more, and his place.
    queue = [(Fraction(1, each.weight), place) for place, each in enumerate(targets)]
    heapq.heapify(queue)
    given: list[tuple[C, U]] = []
    for customer in customers:
        load, place = queue[0]
        target = targets[place]
        given.append((customer, target.user))
        heapq.heapreplace(queue, (load + Fraction(1, target.weight), place))
    return given


def by_rules(
    customers: Sequence[tuple[C, int | None]], rules: Mapping[int, Sequence[Target[U]]]
) -> list[tuple[C, U]]:
    """Return who gets each customer by the rule that fits him, spread within each rule.

    Args:
        customers: Each with the number of his rule; None: no rule fits, and nobody gets him.
        rules: Who gets those of a rule; a rule that is missing gives to nobody.
    """
    given: list[tuple[C, U]] = []
    for number, targets in rules.items():
        mine = [customer for customer, rule in customers if rule == number]
        given += spread(mine, merged(targets))
    return given
