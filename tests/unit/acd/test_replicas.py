"""Which replica should have which shard."""

from __future__ import annotations

import pytest

from ringway.acd.replicas import preferred

pytestmark = pytest.mark.unit

KEYS = [f"acd.shard.{n}" for n in range(64)]


def test_who_comes_takes_a_fair_share_and_moves_nothing_between_the_others() -> None:
    before = {key: preferred(key, ["acd-0", "acd-1"]) for key in KEYS}
    after = {key: preferred(key, ["acd-2", "acd-1", "acd-0"]) for key in KEYS}
    assert all(after[key] in (before[key], "acd-2") for key in KEYS)
    for replica in ("acd-0", "acd-1", "acd-2"):
        assert 10 < list(after.values()).count(replica) < 33


def test_nobody_is_preferred_when_nobody_is_there() -> None:
    assert preferred("acd.shard.1", []) is None
