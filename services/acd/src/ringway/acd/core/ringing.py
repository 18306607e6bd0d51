"""How an agent's phones share the time of one offer."""

from __future__ import annotations

from collections.abc import Sequence

# Number to call (empty: the agent's own phone) and how long it may ring, seconds.
Rings = Sequence[tuple[str, float]]

_LEAST_S = 5.0  # shorter nobody reaches his phone


def share(offer_s: float, others: Sequence[tuple[str, float]]) -> Rings:
    """Return the phones to ring one after the other, and for how long each.

    The further phones get what they ask for as long as the first keeps its part; where the time
    is too short for all, each gets the same, and those for which nothing is left are not rung.

    Args:
        offer_s: The time of all together.
        others: Numbers and the seconds that each may ring.
    """
    if not others:
        return [("", offer_s)]
    count = max(1, min(len(others) + 1, int(offer_s // _LEAST_S)))
    even = offer_s / count
    wished = [(number, min(ring_s, even)) for number, ring_s in others[: count - 1]]
    return [("", offer_s - sum(ring_s for _, ring_s in wished)), *wished]
