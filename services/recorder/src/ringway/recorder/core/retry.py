"""When to try a recording again, and when to say that its audio cannot be had.

Two kinds of failure differ. A *hindrance* (Asterisk unreachable, disk full) says nothing about
the audio: the job waits for as long as it takes. A *miss* (Asterisk answers and has no such
file) may be a race at first, but a file that is still not there after all the misses is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_HINDRANCE_DELAYS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
_MISS_DELAYS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
# A closed file does not change: it is read again only in case the transfer was at fault.
_SAME_FILE_TRIES = 3


class Miss(StrEnum):
    """Why there is no audio, for people and for statistics."""

    NOT_FOUND = "not_found"  # Asterisk has neither half
    NODE_UNKNOWN = "node_unknown"  # the call's Asterisk node is not configured any more
    EMPTY = "empty"  # files without a single sample
    UNREADABLE = "unreadable"  # not the audio format that is recorded


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Try the job again after ``delay_s``."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Announce the audio as missing. It may still turn up: the sweep looks for it."""

    reason: Miss


def after_hindrance(tries: int) -> TryAgain:
    """Decide after the ``tries``-th failed try (1 is the first) that was nobody's loss."""
    return TryAgain(_HINDRANCE_DELAYS_S[min(tries, len(_HINDRANCE_DELAYS_S)) - 1])


def after_miss(misses: int, reason: Miss) -> TryAgain | GiveUp:
    """Decide after the ``misses``-th miss (1 is the first)."""
    limit = len(_MISS_DELAYS_S)
    if reason in (Miss.EMPTY, Miss.UNREADABLE):
        limit = _SAME_FILE_TRIES - 1
    if misses > limit:
        return GiveUp(reason)
    return TryAgain(_MISS_DELAYS_S[misses - 1])


def is_last_miss(misses: int) -> bool:
    """Tell whether one more miss would end the patience: half a recording is then taken."""
    return misses >= len(_MISS_DELAYS_S)
