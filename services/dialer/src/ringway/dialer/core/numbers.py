"""Which of a lead's several numbers is dialed next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ringway.dialer.core.retry import Closed, ClosedReason, DialAgain
from ringway.proto.dialer import AttemptDisposition as D

# They say something about the number that was dialed, so that the lead's next one is tried.
_TRIES_NEXT = frozenset({D.NO_ANSWER, D.BUSY, D.MACHINE})


class NumberState(StrEnum):
    """Whether one number of a lead may be dialed."""

    OPEN = "open"
    DEAD = "dead"  # it does not exist
    DNC = "dnc"  # it is on a list, or its consent is missing
    DONE = "done"  # reached, or tried often enough


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a lead. ``held_until``: the law lets it rest until then."""

    phone_e164: str
    state: NumberState = NumberState.OPEN
    held_until: datetime | None = None

    def rests(self, now: datetime) -> bool:
        """Whether it may not be dialed yet."""
        return self.held_until is not None and self.held_until > now


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of the number that was dialed or refused, and of its lead.

    Attributes:
        state: Of the number.
        next_number: To be dialed next; None: the same, or none any more.
        then: When the lead is due again, or why it is closed.
    """

    state: NumberState
    next_number: str | None
    then: DialAgain | Closed


@dataclass(frozen=True, slots=True)
class Instead:
    """The number that takes the place of a refused one; ``due_at`` None: it is due now."""

    phone_e164: str
    due_at: datetime | None


def after_attempt(
    numbers: Sequence[Number], dialed: str, disposition: D, then: DialAgain | Closed
) -> Turn:
    """Decide after an attempt to ``dialed`` ended.

    A number that does not exist is dead, and the next one is dialed soon. Nobody's answering
    leads to the next one after the delay of the retry rule. A lead is closed when it was reached,
    or when its attempts or its numbers are used up.

    Args:
        numbers: All of the lead's, in their order.
        then: What the retry rule says of a lead with one number.
    """
    others = _after(numbers, dialed)
    following = next((n for n in others if n.state is NumberState.OPEN), None)
    if disposition is D.INVALID_NUMBER:
        state = NumberState.DEAD
    elif isinstance(then, Closed):
        state = NumberState.DONE
    else:
        state = NumberState.OPEN
    moves_on = disposition is D.INVALID_NUMBER or disposition in _TRIES_NEXT
    if not moves_on:
        return Turn(state, None, then)
    if following is None:
        if disposition is D.INVALID_NUMBER:
            then = Closed(ClosedReason.INVALID)
        return Turn(state, None, then)
    if isinstance(then, Closed):
        if then.other_after_s is None:
            return Turn(state, None, Closed(ClosedReason.EXHAUSTED))
        then = DialAgain(then.other_after_s)
    return Turn(state, following.phone_e164, then)


def after_refusal(numbers: Sequence[Number], refused: str, now: datetime) -> Instead | None:
    """Choose a number instead of one that the law has just closed or lets rest.

    Args:
        numbers: All of the lead's, in their order, ``refused`` as it is now.

    Returns:
        None when no number is left that may ever be dialed.
    """
    usable = [n for n in _after(numbers, refused) if n.state is NumberState.OPEN]
    own = next((n for n in numbers if n.phone_e164 == refused), None)
    if own is not None and own.state is NumberState.OPEN:
        usable.append(own)
    rested = next((n for n in usable if not n.rests(now)), None)
    if rested is not None:
        return Instead(rested.phone_e164, None)
    first = min(usable, key=lambda n: n.held_until or now, default=None)
    return None if first is None else Instead(first.phone_e164, first.held_until)


def _after(numbers: Sequence[Number], phone_e164: str) -> list[Number]:
    """Return the other numbers, beginning with the one behind ``phone_e164``."""
    at = next((i for i, n in enumerate(numbers) if n.phone_e164 == phone_e164), -1)
    turned = [*numbers[at + 1 :], *numbers[: at + 1]]
    return [n for n in turned if n.phone_e164 != phone_e164]
