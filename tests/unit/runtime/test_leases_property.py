"""Whatever is lost, delayed or killed: a lease has one owner at a time, and tokens grow."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.support.fake_bucket import FakeBucket

from ringway.runtime.bus import Bus
from ringway.runtime.errors import BusDown
from ringway.runtime.leases import Lease, Leases

pytestmark = pytest.mark.property

TTL_S = 5.0
KEY = "acd.shard.1"
OWNERS = ("acd-0", "acd-1")
owners = st.sampled_from(OWNERS)


def now(coro: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits for anything."""
    try:
        coro.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")


class FakeBus:
    def __init__(self, bucket: FakeBucket) -> None:
        self._bucket = bucket

    def kv(self, name: str, ttl_s: float | None = None) -> FakeBucket:
        return self._bucket


class Replicas(RuleBasedStateMachine):
    """Two replicas compete for one key; each believes its own clock only."""

    @initialize()
    def begin(self) -> None:
        self.bucket = FakeBucket(ttl_s=TTL_S)
        self.lost: list[Lease] = []
        self.tokens: list[int] = []
        self.ever: list[tuple[str, Lease]] = []
        self.replicas = {name: self._start(name) for name in OWNERS}

    def _start(self, name: str) -> Leases:
        leases = Leases(cast(Bus, FakeBus(self.bucket)), name, TTL_S, on_lost=self.lost.append)
        leases._now = lambda: self.bucket.at  # type: ignore[method-assign]
        return leases

    @rule(owner=owners, lose_answer=st.booleans())
    def acquire(self, owner: str, lose_answer: bool) -> None:
        replica = self.replicas[owner]
        held = replica.holds(KEY)
        self.bucket.lose_answer = lose_answer
        try:
            lease = now(replica.acquire(KEY))
        except BusDown:
            lease = None
        self.bucket.lose_answer = False
        if lease is not None:
            self.ever.append((owner, lease))
        if lease is not None and not held:
            assert lease.token > max(self.tokens, default=0)
            self.tokens.append(lease.token)

    @rule(owner=owners, lose_answer=st.booleans())
    def renew(self, owner: str, lose_answer: bool) -> None:
        self.bucket.lose_answer = lose_answer
        for lease in tuple(self.replicas[owner]._leases.values()):
            now(self.replicas[owner]._renew(lease))
        self.bucket.lose_answer = False

    @rule(owner=owners)
    def release(self, owner: str) -> None:
        now(self.replicas[owner].release(KEY))
        assert not self.replicas[owner].holds(KEY)

    @rule(latency_s=st.sampled_from([0.0, 0.2, 1.0]))
    def slow(self, latency_s: float) -> None:
        self.bucket.latency_s = latency_s

    @rule(owner=owners)
    def kill_and_restart(self, owner: str) -> None:
        self.ever = [(name, lease) for name, lease in self.ever if name != owner]
        self.replicas[owner] = self._start(owner)

    @rule(seconds=st.sampled_from([0.1, 1.0, TTL_S / 2, TTL_S]))
    def pass_time(self, seconds: float) -> None:
        self.bucket.at += seconds

    @rule(down=st.booleans())
    def nats(self, down: bool) -> None:
        self.bucket.is_down = down

    @invariant()
    def one_owner_at_most(self) -> None:
        if hasattr(self, "replicas"):
            assert sum(replica.holds(KEY) for replica in self.replicas.values()) <= 1

    @invariant()
    def trust_ends_before_the_server_gives_the_key_away(self) -> None:
        for replica in getattr(self, "replicas", {}).values():
            lease = replica.lease(KEY)
            if lease is not None:
                assert lease.expires_at <= self.bucket.expires_at(KEY) + 1e-9

    @invariant()
    def an_old_lease_is_lost(self) -> None:
        for name, lease in getattr(self, "ever", []):
            if self.replicas[name]._leases.get(KEY) is not lease:
                assert lease.lost.is_set()

    @invariant()
    def a_lost_lease_is_never_held_again(self) -> None:
        if hasattr(self, "lost"):
            assert not any(lease.holds(self.bucket.at) for lease in self.lost)


Replicas.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestReplicas = Replicas.TestCase
