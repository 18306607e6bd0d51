"""When a delivery that failed is tried again, and when an endpoint is given up."""

from __future__ import annotations

# Seconds after the 1st, 2nd, … failure; all of them are a little more than three days.
DELAYS_S: tuple[float, ...] = (
    *(5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400),
    *(28_800, 28_800, 43_200, 43_200, 43_200, 57_600),
)
_JITTER = 0.2  # so much longer at most
_ASKED_WAIT_MAX_S = 86_400.0
_PAUSE_MAX_S = 300.0
# An endpoint that has failed for so long, and so often, without one success is switched off.
GIVE_UP_AFTER_S = 3 * 86_400.0
GIVE_UP_FAILURES = 10


def retry_after_s(tries: int, *, luck: float, asked_s: float | None = None) -> float | None:
    """Return how long to wait after the ``tries``-th failure; ``None``: it is given up.

    Args:
        tries: Failures so far, at least 1.
        luck: Chance in [0, 1), so that receivers are not called by everybody at once.
        asked_s: What the receiver asked for (Retry-After).

    Raises:
        ValueError: ``tries`` is below 1.
    """
    if tries < 1:
        raise ValueError("a retry follows a failure")
    if tries > len(DELAYS_S):
        return None
    wait_s = DELAYS_S[tries - 1] * (1 + _JITTER * luck)
    return max(wait_s, min(asked_s, _ASKED_WAIT_MAX_S)) if asked_s is not None else wait_s


def pause_s(failures: int) -> float:
    """Return how long an endpoint is left in peace after so many failures in a row."""
    return min(_PAUSE_MAX_S, 2.0 ** min(failures, 20))


def is_given_up(failures: int, failing_s: float) -> bool:
    """Return whether an endpoint that fails since ``failing_s`` seconds is switched off."""
    return failures >= GIVE_UP_FAILURES and failing_s >= GIVE_UP_AFTER_S
