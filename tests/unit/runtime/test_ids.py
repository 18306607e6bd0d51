"""Ids sort by time; tenants stay in their shard."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from ringway.runtime import ids
from ringway.runtime.ids import SHARDS, shard_of, uuid7, uuid7_of

pytestmark = pytest.mark.unit


def test_ids_are_uuids_of_version_7() -> None:
    made = uuid7()
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert abs((made.int >> 80) / 1000 - time.time()) < 5


def test_ids_of_one_process_increase_strictly() -> None:
    made = [uuid7() for _ in range(50_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_what_has_a_beginning_and_a_name_has_always_the_same_id() -> None:
    at = datetime(2026, 5, 4, 3, 2, 1, 678_000, UTC)
    made = uuid7_of(at, "ast-0-1795336937.25")
    assert made == uuid7_of(at, "ast-0-1795336937.25")
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == int(at.timestamp() * 1000)
    many = [(at + timedelta(milliseconds=ms), f"ast-0-{n}") for ms in range(50) for n in range(50)]
    others = {uuid7_of(*each) for each in many}
    assert len(others | {made}) == 2501
    assert uuid7_of(at + timedelta(milliseconds=1), "a") > uuid7_of(at, "b")


def test_ids_increase_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = uuid7()
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1_000_000_000_000_000_000)
    assert uuid7() > before


def test_an_exhausted_millisecond_borrows_from_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    first = uuid7()
    monkeypatch.setattr(ids, "_counter", (1 << 18) - 1)
    monkeypatch.setattr(ids.time, "time_ns", lambda: 0)
    assert uuid7() > first


def test_a_shard_never_changes() -> None:
    # Replicas of different releases must agree, so these numbers are for ever.
    assert shard_of("00000000-0000-0000-0000-000000000000") == 9
    assert shard_of("demo") == 32


def test_tenants_spread_over_all_shards() -> None:
    counts = [0] * SHARDS
    for _ in range(64 * 200):
        counts[shard_of(str(uuid4()))] += 1
    assert min(counts) > 100
    assert max(counts) < 320


def test_any_text_has_a_shard() -> None:
    for text in ("", "租户", str(UUID(int=0)), "x" * 10_000):
        assert 0 <= shard_of(text) < SHARDS
