"""How many calls to start now."""

from ringway.dialer.core.pacing.fixed import RateLimit, precise_calls, progressive_calls
from ringway.dialer.core.pacing.pacer import Pacer
from ringway.dialer.core.pacing.snapshot import PacingLogs, PacingSnapshot

__all__ = [
    "Pacer",
    "PacingLogs",
    "PacingSnapshot",
    "RateLimit",
    "precise_calls",
    "progressive_calls",
]
