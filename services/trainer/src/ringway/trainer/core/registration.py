"""When a phone registers: refreshed early, tried again for ever, faster at first.

A registrar that restarts forgets nothing it must be told soon: the refresh interval is short
compared with the lifetime, so a phone is back within seconds of its return.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringway.trainer.core.message import Response


@dataclass(slots=True)
class Registration:
    """One address of record at one registrar. Times are seconds on the clock of ``at``."""

    expires_s: int = 60
    refresh_s: float = 5.0
    first_retry_s: float = 0.4
    longest_retry_s: float = 3.0
    is_registered: bool = False
    last_error: str = ""
    next_at: float = 0.0
    cseq: int = 0
    _expires_at: float = 0.0
    _retry_s: float = 0.4

    def begin(self) -> int:
        """A REGISTER is sent now; returns its sequence number."""
        # Room for the same request with an answered challenge, and once more for a stale nonce.
        self.cseq += 4
        return self.cseq

    def completed(self, response: Response | None, at: float) -> None:
        """Take the outcome of a REGISTER; ``None``: nobody answered."""
        if response is not None and 200 <= response.status < 300:
            self.is_registered, self.last_error = True, ""
            self._retry_s = self.first_retry_s
            self._expires_at = at + self.expires_s
            self.next_at = at + min(self.refresh_s, self.expires_s / 2)
            return
        if response is None:
            self.last_error = "registrar does not answer"
        else:
            self.last_error = f"registrar refuses: {response.status} {response.reason}"
        # A refusal is final at once; silence only when the registrar forgets us anyway.
        self.is_registered = response is None and self.is_registered and at < self._expires_at
        self.next_at = at + self._retry_s
        self._retry_s = min(self._retry_s * 1.6, self.longest_retry_s)
