"""Token buckets in memory: one process's guard against floods, by address, user or key."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimiter:
    """Allow ``burst`` events at once and ``rate`` a second in the long run, for each key.

    Args:
        max_keys: The keys not seen for longest are forgotten beyond this number.
    """

    def __init__(self, *, burst: int, rate: float, max_keys: int = 50_000) -> None:
        self._burst = burst
        self._rate = rate
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str, at: float) -> float:
        """Take one token at ``at`` (monotonic seconds).

        Returns:
            0 when it was taken, else the seconds until the next one is there.
        """
        bucket = self._buckets.pop(key, None) or _Bucket(float(self._burst), at)
        bucket.tokens = min(self._burst, bucket.tokens + max(0.0, at - bucket.at) * self._rate)
        bucket.at = at
        self._buckets[key] = bucket
        if len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return (1 - bucket.tokens) / self._rate

    def state(self, key: str, at: float) -> str:
        """Return what is left for ``key``, as the RateLimit header says it."""
        bucket = self._buckets.get(key)
        left = self._burst if bucket is None else bucket.tokens
        full_in_s = (self._burst - left) / self._rate
        return f'"caller";r={max(0, int(left))};t={ceil(full_in_s)}'

    @property
    def policy(self) -> str:
        """What is allowed, as the RateLimit-Policy header says it."""
        return f'"caller";q={self._burst};w={max(1, ceil(self._burst / self._rate))}'
