"""Identifiers that sort by time, and the shard a tenant belongs to."""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime
from hashlib import blake2b
from uuid import UUID
from zlib import crc32

SHARDS = 64

_COUNTER_BITS = 18
_lock = threading.Lock()
_last_ms = 0
_counter = 0


def uuid7() -> UUID:
    """Return a UUIDv7 (RFC 9562). Ids of one process are strictly increasing.

    Within one millisecond a counter, seeded at random in its lower half, keeps the order. A
    clock that is set back does not: the last millisecond is used until the clock passes it.
    """
    global _last_ms, _counter
    now_ms = time.time_ns() // 1_000_000
    with _lock:
        if now_ms > _last_ms:
            _last_ms = now_ms
            _counter = int.from_bytes(os.urandom(3), "big") >> (24 - _COUNTER_BITS + 1)
        else:
            _counter += 1
            if _counter >> _COUNTER_BITS:
                _last_ms += 1
                _counter = 0
        at_ms, counter = _last_ms, _counter
    # 12 counter bits go into rand_a and the remaining 6 lead rand_b, so that they sort first.
    high, low = counter >> 6, counter & 0x3F
    rand = int.from_bytes(os.urandom(7), "big")
    value = (at_ms & (1 << 48) - 1) << 80 | 7 << 76 | high << 64 | 0b10 << 62 | low << 56 | rand
    return UUID(int=value)


def uuid7_of(moment: datetime, name: str) -> UUID:
    """Return the UUIDv7 of something that has a beginning and a name: always the same one."""
    ms = int(moment.timestamp() * 1000)
    rest = int.from_bytes(blake2b(name.encode(), digest_size=10).digest(), "big")
    value = (ms & (1 << 48) - 1) << 80 | 7 << 76 | (rest >> 62 & 0xFFF) << 64 | 0b10 << 62
    return UUID(int=value | rest & (1 << 62) - 1)


def shard_of(tenant: str) -> int:
    """Return the shard of a tenant: 0..63, the same on every machine and in every release."""
    return crc32(tenant.encode()) % SHARDS
