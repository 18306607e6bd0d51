"""Callbacks: the dialogue in which a waiting caller asks for one, and its attempts. Pure.

The caller keeps his place: his interaction stays in the queue as it is, only without a channel.
When an agent is reserved for it, the customer is called; whoever has been called as often as the
queue says and did not answer has lost his place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

KEY_LIMIT_S = 8.0  # of silence after a prompt
RETRY_AFTER_S = 60.0
_TRIES = 3
_LONGEST = 20


class Prompt(StrEnum):
    """What the caller is told in the dialogue."""

    CONFIRM = "confirm"  # the number, and: 1 is right, 2 is another, star goes on waiting
    ENTER = "enter"  # the number to be called, then the hash key
    INVALID = "invalid"
    GOODBYE = "goodbye"


@dataclass(frozen=True, slots=True)
class Say:
    """Say this; a key stops it. ``number`` is read out."""

    prompt: Prompt
    number: str = ""


@dataclass(frozen=True, slots=True)
class Requested:
    """The caller wants to be called back at this number."""

    number: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The caller goes on waiting as before."""


Command = Say | Requested | Cancelled


class _Step(StrEnum):
    CONFIRM = "confirm"
    ENTER = "enter"
    OVER = "over"


class Dialogue:
    """One caller's dialogue. Times are seconds; a late or repeated event changes nothing.

    Args:
        number: The caller's, as it would be dialled; empty when it is withheld.
        check: Turns entered digits into a number that can be called, or ``None``.
    """

    def __init__(self, number: str, check: Callable[[str], str | None]) -> None:
        self._number = number
        self._check = check
        self._step = _Step.OVER
        self._digits = ""
        self._tries = _TRIES
        self.deadline: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether the dialogue has ended, or has not begun."""
        return self._step is _Step.OVER

    def begin(self) -> list[Command]:
        """The caller pressed the offered key."""
        if self._number:
            return self._confirm(self._number)
        return self._enter()

    def said(self, at: float) -> None:
        """A prompt has been said to its end: from now on the caller has time for his key."""
        if not self.is_over:
            self.deadline = at + KEY_LIMIT_S

    def key(self, at: float, digit: str) -> list[Command]:
        """The caller pressed a key."""
        self.deadline = None if self.is_over else at + KEY_LIMIT_S
        match self._step:
            case _Step.OVER:
                return []
            case _ if digit == "*":
                return self._cancel()
            case _Step.CONFIRM if digit == "1":
                number = self._number
                self._over()
                return [Requested(number), Say(Prompt.GOODBYE, number)]
            case _Step.CONFIRM if digit == "2":
                return self._enter()
            case _Step.CONFIRM:
                return self._again(Say(Prompt.CONFIRM, self._number))
            case _:
                return self._typed(digit)

    def tick(self, at: float) -> list[Command]:
        """Time has passed."""
        if self.is_over or self.deadline is None or at < self.deadline:
            return []
        self.deadline = None
        if self._step is _Step.ENTER and self._digits:
            return self._typed("#")
        return self._again(
            Say(Prompt.CONFIRM, self._number) if self._step is _Step.CONFIRM else Say(Prompt.ENTER)
        )

    # -- small parts ---------------------------------------------------------------------------

    def _typed(self, digit: str) -> list[Command]:
        if digit != "#":
            self._digits += digit if len(self._digits) < _LONGEST else ""
            return []
        number, self._digits = self._check(self._digits), ""
        if number is None:
            return self._again(Say(Prompt.INVALID), Say(Prompt.ENTER))
        return self._confirm(number)

    def _confirm(self, number: str) -> list[Command]:
        self._number, self._step = number, _Step.CONFIRM
        self.deadline = None
        return [Say(Prompt.CONFIRM, number)]

    def _enter(self) -> list[Command]:
        self._step, self._digits = _Step.ENTER, ""
        self.deadline = None
        return [Say(Prompt.ENTER)]

    def _again(self, *says: Say) -> list[Command]:
        self._tries -= 1
        self.deadline = None
        return list(says) if self._tries > 0 else self._cancel()

    def _cancel(self) -> list[Command]:
        self._over()
        return [Cancelled()]

    def _over(self) -> None:
        self._step = _Step.OVER
        self.deadline = None


class CallbackState(StrEnum):
    """Where a callback is."""

    WAITING = "waiting"  # in its queue, at home
    CALLING = "calling"  # an agent is reserved and the customer's phone rings
    RESTING = "resting"  # did not answer; back in the queue after a while
    CONNECTED = "connected"
    NOT_ANSWERED = "not_answered"
    CANCELLED = "cancelled"


OVER = frozenset({CallbackState.CONNECTED, CallbackState.NOT_ANSWERED, CallbackState.CANCELLED})


@dataclass(slots=True)
class Callback:
    """One callback from the request to its end.

    Args:
        since: When the caller began to wait: his place in the queue, whatever happens.
        attempts: How often he is called at most.
    """

    number: str
    since: float
    attempts: int = 1
    called: int = 0
    state: CallbackState = CallbackState.WAITING
    retry_at: float | None = None

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError("A callback is attempted at least once.")

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in OVER

    def turn(self) -> bool:
        """An agent is reserved. Returns whether the customer is to be called now."""
        if self.state is not CallbackState.WAITING or self.called >= self.attempts:
            return False
        self.called += 1
        self.state = CallbackState.CALLING
        return True

    def answered(self) -> bool:
        """The customer answered. Returns whether he was still being called."""
        if self.state is not CallbackState.CALLING:
            return False
        self.state = CallbackState.CONNECTED
        return True

    def failed(self, at: float, *, ours: bool = False) -> None:
        """The customer did not answer; ``ours``: he could not even be called."""
        if self.state is not CallbackState.CALLING:
            return
        if ours:
            self.called -= 1
        if self.called >= self.attempts:
            self.state = CallbackState.NOT_ANSWERED
        else:
            self.state, self.retry_at = CallbackState.RESTING, at + RETRY_AFTER_S

    def rested(self, at: float) -> bool:
        """Time has passed. Returns whether he goes back into the queue now, at his place."""
        if self.state is not CallbackState.RESTING or self.retry_at is None or at < self.retry_at:
            return False
        self.state, self.retry_at = CallbackState.WAITING, None
        return True

    def cancel(self) -> bool:
        """Give it up. Returns whether it was not over yet."""
        if self.is_over:
            return False
        self.state = CallbackState.CANCELLED
        return True
