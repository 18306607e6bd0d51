"""Stop hammering a trunk that refuses everything, and find out when it works again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class TrunkBreaker:
    """Count the trunk's failures in a row; after some, allow only a probe now and then.

    Args:
        threshold: Failures in a row that open the breaker.
        first_pause_s: Seconds until the first probe; doubles with every failed probe.
        longest_pause_s: Where the doubling ends.
        silent_limit: Calls that may be under way without a word from the trunk.
        trusted_s: How long after its last good word the trunk is taken to be alive.
    """

    threshold: int = 5
    first_pause_s: float = 1.0
    longest_pause_s: float = 30.0
    silent_limit: int = 10
    trusted_s: float = 3.0
    failures: int = 0
    heard_at: float | None = None  # the trunk's last good word
    retry_at: float | None = None  # None while closed
    _pause_s: float = 0.0
    _probe: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the trunk is held to be out of order."""
        return self.retry_at is not None

    def allowance(self, at: float, silent: int = 0) -> int | None:
        """Return how many calls may start: ``None`` any number, 0 none; while open 1, a probe.

        Args:
            silent: Calls under way of which the trunk has not said a word. While it has not said
                any for some seconds, only so many may be: a dead trunk shows by time-outs only,
                and by then a fast campaign would have burnt a good part of its list.
        """
        if self.retry_at is None:
            if self.heard_at is not None and at - self.heard_at <= self.trusted_s:
                return None
            return max(0, self.silent_limit - silent)
        return 1 if at >= self.retry_at and self._probe is None else 0

    def started(self, attempt_id: str) -> None:
        """Note that a call goes to the trunk; while open it is the probe."""
        if self.retry_at is not None and self._probe is None:
            self._probe = attempt_id

    def succeeded(self, at: float) -> None:
        """The trunk did its job for a call: ringing, an answer, or a real outcome."""
        self.heard_at = at
        self.failures = 0
        self.retry_at = None
        self._pause_s = 0.0
        self._probe = None

    def failed(self, attempt_id: str, at: float) -> None:
        """The trunk refused this call, or nothing was heard of it."""
        self.failures += 1
        if self.retry_at is None:
            if self.failures >= self.threshold:
                self._pause_s = self.first_pause_s
                self.retry_at = at + self._pause_s
        elif attempt_id == self._probe:
            self._probe = None
            self._pause_s = min(self.longest_pause_s, self._pause_s * 2)
            self.retry_at = at + self._pause_s
        # Calls that were under way when it opened say nothing new.

    def withdrawn(self, attempt_id: str) -> None:
        """This call ended without a word about the trunk (we gave it up)."""
        if attempt_id == self._probe:
            self._probe = None
