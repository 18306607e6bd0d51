"""When, if ever, a lead is dialed again after one attempt ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import RetryRule


class ClosedReason(StrEnum):
    """Why a lead is dialed no more."""

    REACHED = "reached"  # a live person answered
    INVALID = "invalid"  # the number does not exist
    REFUSED = "refused"  # the far end said no
    EXHAUSTED = "exhausted"  # the number of attempts is used up
    DISPOSITION = "disposition"  # an agent said so


@dataclass(frozen=True, slots=True)
class DialAgain:
    """The lead becomes due again ``delay_s`` seconds after the attempt's end."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class Closed:
    """The lead is done, unless it has another number.

    ``other_after_s``: seconds until another number of the lead may be dialed; None: the lead's
    attempts are used up, or it was reached.
    """

    reason: ClosedReason
    other_after_s: float | None = field(default=None, compare=False)


# Seconds until the next attempt where the campaign has no rule of its own. An outcome that is
# missing here closes the lead.
DEFAULT_DELAY_S = {
    D.BUSY: 300.0,
    D.NO_ANSWER: 1800.0,
    D.CONGESTION: 120.0,
    D.FAILED: 120.0,
    D.LOST: 300.0,
    D.CANCELLED: 60.0,
    D.MACHINE: 7200.0,
}
_NEXT_NUMBER_S = 5.0  # after a number that does not exist
_CLOSES = {
    D.CONNECTED: ClosedReason.REACHED,
    D.SERVED: ClosedReason.REACHED,
    D.ABANDONED: ClosedReason.REACHED,
    D.HUNG_UP_EARLY: ClosedReason.REACHED,
    D.INVALID_NUMBER: ClosedReason.INVALID,
    D.REJECTED: ClosedReason.REFUSED,
}


def after(
    disposition: D, *, attempt_no: int, max_attempts: int, rules: Iterable[RetryRule] = ()
) -> DialAgain | Closed:
    """Decide what happens to a lead after its ``attempt_no``-th attempt ended.

    The campaign's rule for this outcome comes first, else the default. A rule ends the lead at
    its own ``max_attempts`` or the campaign's, whichever is lower. A lead that talked to an
    agent, or heard the script of a campaign without agents, is never dialed again by rule.

    Args:
        disposition: How the attempt ended.
        attempt_no: Number of this attempt of the lead, from 1.
        max_attempts: The campaign's limit of attempts of one lead.
        rules: The campaign's rules; the first one for the outcome counts.

    Raises:
        ValueError: ``attempt_no`` is below 1.
    """
    if attempt_no < 1:
        raise ValueError(f"attempt_no is {attempt_no}, must be at least 1")
    if disposition in (D.CONNECTED, D.SERVED):
        return Closed(ClosedReason.REACHED)
    rule = next((r for r in rules if r.disposition is disposition), None)
    if rule is not None:
        grown_s = rule.delay_s * rule.growth ** (attempt_no - 1)
        delay_s: float | None = min(grown_s, max(rule.delay_s, rule.max_delay_s))
        limit = min(rule.max_attempts, max_attempts)
    else:
        delay_s = DEFAULT_DELAY_S.get(disposition)
        limit = max_attempts
    has_attempts = attempt_no < max_attempts
    if delay_s is None:
        is_dead = disposition is D.INVALID_NUMBER
        return Closed(_CLOSES[disposition], _NEXT_NUMBER_S if is_dead and has_attempts else None)
    if attempt_no >= limit:
        return Closed(ClosedReason.EXHAUSTED, delay_s if has_attempts else None)
    return DialAgain(delay_s)
