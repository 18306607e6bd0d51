"""How many calls start now."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.dialer.core.breaker import TrunkBreaker
from ringway.dialer.core.pacing import RateLimit, precise_calls, progressive_calls

pytestmark = pytest.mark.property

_small = st.integers(0, 300)


def test_progressive_dials_the_ratio_less_what_is_in_flight() -> None:
    assert progressive_calls(ready=10, ratio=1.5, in_flight=4, free_lines=100) == 11
    assert progressive_calls(ready=10, ratio=1.1, in_flight=0, free_lines=100) == 11
    assert progressive_calls(ready=10, ratio=1.5, in_flight=4, free_lines=3) == 3


@given(_small, st.floats(1, 10), _small, _small)
def test_progressive_never_exceeds_ratio_or_lines(
    ready: int, ratio: float, in_flight: int, free: int
) -> None:
    calls = progressive_calls(ready=ready, ratio=ratio, in_flight=in_flight, free_lines=free)
    assert 0 <= calls <= free
    assert calls == 0 or calls + in_flight <= ready * ratio + 1e-6


@given(_small, _small, _small, _small)
def test_precise_never_exceeds_the_agents(ready: int, kept: int, booking: int, free: int) -> None:
    calls = precise_calls(ready=ready, kept=kept, booking=booking, free_lines=free)
    assert 0 <= calls <= min(free, kept + ready)


@given(st.floats(0.1, 100), st.lists(st.floats(0, 2), min_size=1, max_size=60))
def test_a_rate_is_kept_over_any_span(rate_cps: float, gaps_s: list[float]) -> None:
    limit, at, started = RateLimit(rate_cps), 0.0, 0
    for gap_s in gaps_s:
        at += gap_s
        calls = limit.allowed(at)
        limit.spend(calls, at)
        started += calls
        assert started <= at * rate_cps + max(1.0, rate_cps) + 1e-6


def test_the_next_call_of_a_rate_is_allowed_when_it_says() -> None:
    limit = RateLimit(4)
    assert limit.allowed(0) == 1
    limit.spend(1, 0)
    assert limit.allowed(0) == 0
    assert limit.next_at(0) == pytest.approx(0.25)
    assert limit.allowed(limit.next_at(0)) == 1


def test_the_breaker_opens_probes_and_backs_off() -> None:
    breaker = TrunkBreaker(threshold=3)
    for name in "abc":
        assert breaker.allowance(0) == breaker.silent_limit
        breaker.failed(name, 0)
    assert breaker.allowance(0.5) == 0
    assert breaker.allowance(1) == 1
    breaker.started("d")
    assert breaker.allowance(1) == 0
    breaker.failed("late", 1.1)  # was under way when it opened
    breaker.failed("d", 1.2)
    assert breaker.retry_at == pytest.approx(3.2)
    breaker.started("e")
    breaker.succeeded(3.9)
    assert breaker.allowance(4) is None


def test_the_breakers_pause_has_an_upper_limit() -> None:
    breaker, at = TrunkBreaker(threshold=1), 0.0
    breaker.failed("0", at)
    for n in range(1, 12):
        at = breaker.retry_at or 0
        breaker.started(str(n))
        breaker.failed(str(n), at)
    assert breaker.retry_at == pytest.approx(at + 30)


def test_a_probe_that_was_withdrawn_lets_another_one_go() -> None:
    breaker = TrunkBreaker(threshold=1)
    breaker.failed("a", 0)
    breaker.started("b")
    breaker.withdrawn("b")
    assert breaker.allowance(2) == 1


def test_a_trunk_that_says_nothing_gets_a_few_calls_only() -> None:
    breaker = TrunkBreaker(silent_limit=4, trusted_s=3)
    assert breaker.allowance(0, silent=1) == 3
    assert breaker.allowance(0, silent=9) == 0
    breaker.succeeded(1)
    assert breaker.allowance(2, silent=9) is None
    assert breaker.allowance(5, silent=9) == 0
