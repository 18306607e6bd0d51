"""Keys in order, against a sorted list."""

from __future__ import annotations

import random

import pytest

from ringway.acd.core.routing.sorted_keys import SortedKeys

pytestmark = pytest.mark.unit


def test_grows_and_shrinks_like_a_sorted_list() -> None:
    chance = random.Random(7)
    keys: SortedKeys[tuple[int, str]] = SortedKeys()
    model: list[tuple[int, str]] = []
    numbers = chance.sample(range(10**6), 30_000)
    for share_added in (0.9, 0.1, 0.7, 0.0):
        for _ in range(6000):
            if chance.random() < share_added or not model:
                key = (numbers.pop(), "x")
                keys.add(key)
                model.append(key)
            else:
                keys.remove(model.pop(chance.randrange(len(model))))
        model.sort()
        assert list(keys) == model
        assert len(keys) == len(model)
        for index, key in list(enumerate(model))[::97]:
            assert keys.count_before(key, lambda k: k) == index
        assert not model or keys.first == model[0]
    assert not keys


def test_unknown_key_cannot_be_removed() -> None:
    keys: SortedKeys[tuple[int, str]] = SortedKeys()
    with pytest.raises(KeyError):
        keys.remove((2, "a"))
    keys.add((2, "a"))
    for absent in ((1, "a"), (3, "a")):
        with pytest.raises(KeyError):
            keys.remove(absent)
    assert list(keys) == [(2, "a")]
