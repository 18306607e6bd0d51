"""Which of a pool's numbers a call shows, and when a number needs a rest.

Pure: times are seconds since the epoch, days are the caller's to count. A number that is seldom
answered is usually one that handsets or carriers mark as spam; it is rested and a spare takes its
place. Whether its answers fell off is a question of chance, so it is put as one: how likely are so
few answers among so many dials, if the number were still as good as it has to be?
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from ringway.proto.dialer_pool import CallerNumberState, CallerPool, CallerPoolRule

REMEMBERED_DIALS = 200  # of each number; older ones say nothing about how it is seen today
_LEAST_COMMON = 4  # digits of the country code and at least the first of the area
_CHANCE = 0.01  # how sure we are before a number is rested


@dataclass(slots=True)
class Number:
    """One number of a pool.

    Attributes:
        dials_today: Dials on the present day, those under way included.
        last_dial_at: Epoch seconds; 0: never.
        recent: Whether each of the last dials was answered, oldest first.
        rest_until: Epoch seconds, while it rests.
    """

    phone_e164: str
    state: CallerNumberState = CallerNumberState.ACTIVE
    daily_cap: int | None = None
    dials_today: int = 0
    last_dial_at: float = 0.0
    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=REMEMBERED_DIALS))
    rest_until: float | None = None
    rests: int = 0

    @property
    def answer_rate(self) -> float | None:
        """Share of the recent dials that were answered; None without any."""
        return sum(self.recent) / len(self.recent) if self.recent else None


@dataclass(frozen=True, slots=True)
class Rest:
    """A number is rested from now on, or given up; a spare may take its place."""

    number: Number
    answer_rate: float
    pool_rate: float
    rest_until: float | None  # None: it is not to come back by itself
    replaced_by: Number | None


class Rotation:
    """The numbers of one pool and the rule by which they take turns.

    Args:
        pool: The pool's settings; may be replaced at any time.
        numbers: Its numbers with what is known of their past.
    """

    def __init__(self, pool: CallerPool, numbers: Iterable[Number]) -> None:
        self.pool = pool
        self._numbers = {n.phone_e164: n for n in numbers}

    @property
    def numbers(self) -> tuple[Number, ...]:
        """All numbers of the pool, whatever their state."""
        return tuple(self._numbers.values())

    def room(self) -> int | None:
        """Return how many more calls may be placed today; None: no cap ends."""
        left = 0
        for number in self._usable():
            cap = self._cap(number)
            if cap is None:
                return None
            left += cap - number.dials_today
        return left

    def choose(self, called: str, at: float) -> str | None:
        """Return the number to show to ``called`` and count the dial; None: all are used up.

        Args:
            called: E.164.
            at: Epoch seconds.
        """
        usable = self._usable()
        if not usable:
            return None
        match self.pool.rule:
            case CallerPoolRule.IN_TURN:
                chosen = min(usable, key=_turn)
            case CallerPoolRule.LEAST_USED:
                chosen = min(usable, key=_least_used)
            case CallerPoolRule.BEST_ANSWER_RATE:
                dials = sum(len(n.recent) for n in usable)
                chosen = max(usable, key=lambda n: (_promise(n, dials), -n.last_dial_at))
            case CallerPoolRule.LOCAL_MATCH:
                chosen = self._nearest(usable, called)
        chosen.dials_today += 1
        chosen.last_dial_at = at
        return chosen.phone_e164

    def undone(self, phone_e164: str) -> None:
        """A dial that was counted never left us."""
        number = self._numbers.get(phone_e164)
        if number is not None and number.dials_today:
            number.dials_today -= 1

    def ended(self, phone_e164: str, *, is_answered: bool, at: float) -> Rest | None:
        """Remember how a dial ended; return what follows for its number.

        Only dials that rang somewhere belong here: a trunk that refused says nothing about how
        people see the number.
        """
        number = self._numbers.get(phone_e164)
        if number is None:
            return None
        number.recent.append(is_answered)
        if number.state is not CallerNumberState.ACTIVE or len(number.recent) < self.pool.min_dials:
            return None
        pool_rate = self._rate_of_others(number)
        if pool_rate is None:
            return None
        needed = pool_rate * self.pool.rest_below
        if chance_of_at_most(sum(number.recent), len(number.recent), needed) >= _CHANCE:
            return None
        return self._rest(number, pool_rate, at)

    def new_day(self) -> None:
        """Counts of the day begin again."""
        for number in self._numbers.values():
            number.dials_today = 0

    def wake(self, at: float) -> list[Number]:
        """Return the numbers whose rest is over; they take part again, as if new."""
        woken = [
            n
            for n in self._numbers.values()
            if n.state is CallerNumberState.RESTING
            and n.rest_until is not None
            and n.rest_until <= at
        ]
        for number in woken:
            number.state, number.rest_until = CallerNumberState.ACTIVE, None
            number.recent.clear()
        return woken

    def _rest(self, number: Number, pool_rate: float, at: float) -> Rest:
        rate = number.answer_rate
        assert rate is not None
        number.rests += 1
        if number.rests > self.pool.rests_at_most:
            number.state, number.rest_until = CallerNumberState.FLAGGED, None
        else:
            number.state = CallerNumberState.RESTING
            number.rest_until = at + self.pool.rest_days * 86_400
        spare = next(
            (n for n in self._numbers.values() if n.state is CallerNumberState.SPARE), None
        )
        if spare is not None:
            spare.state = CallerNumberState.ACTIVE
        return Rest(number, rate, pool_rate, number.rest_until, spare)

    def _rate_of_others(self, number: Number) -> float | None:
        """Answer rate of the pool's other active numbers, or the pool's own floor."""
        others = [
            n
            for n in self._numbers.values()
            if n is not number and n.state is CallerNumberState.ACTIVE
        ]
        dials = sum(len(n.recent) for n in others)
        if dials >= self.pool.min_dials:
            return sum(sum(n.recent) for n in others) / dials
        return self.pool.expected_answer_rate

    def _usable(self) -> list[Number]:
        return [
            n
            for n in self._numbers.values()
            if n.state is CallerNumberState.ACTIVE
            and ((cap := self._cap(n)) is None or n.dials_today < cap)
        ]

    def _cap(self, number: Number) -> int | None:
        return self.pool.daily_cap if number.daily_cap is None else number.daily_cap

    @staticmethod
    def _nearest(usable: list[Number], called: str) -> Number:
        common = {n.phone_e164: _common(n.phone_e164, called) for n in usable}
        longest = max(common.values())
        if longest < _LEAST_COMMON:
            return min(usable, key=_least_used)
        near = [n for n in usable if common[n.phone_e164] == longest]
        return min(near, key=_least_used)


def chance_of_at_most(answered: int, dials: int, rate: float) -> float:
    """Return the probability of at most ``answered`` successes in ``dials`` trials of ``rate``.

    The lower tail of the binomial distribution, summed term by term in logarithms.
    """
    if rate <= 0 or answered >= dials:
        return 1.0
    if rate >= 1:
        return 0.0
    log_p, log_q = math.log(rate), math.log1p(-rate)
    whole = math.lgamma(dials + 1)
    return min(
        1.0,
        sum(
            math.exp(
                whole
                - math.lgamma(k + 1)
                - math.lgamma(dials - k + 1)
                + k * log_p
                + (dials - k) * log_q
            )
            for k in range(answered + 1)
        ),
    )


def _turn(number: Number) -> tuple[float, str]:
    return number.last_dial_at, number.phone_e164


def _least_used(number: Number) -> tuple[int, float, str]:
    return number.dials_today, number.last_dial_at, number.phone_e164


def _promise(number: Number, dials: int) -> float:
    """The answer rate that the number may well have: UCB1 (Auer et al. 2002).

    A number that is tried seldom is given the benefit of the doubt, so that it is not forgotten.
    """
    tried = len(number.recent)
    if tried == 0:
        return math.inf
    return sum(number.recent) / tried + math.sqrt(2 * math.log(max(dials, 2)) / tried) / 4


def _common(one: str, other: str) -> int:
    """How many leading digits two E.164 numbers share."""
    count = 0
    for a, b in zip(one[1:], other[1:], strict=False):
        if a != b:
            break
        count += 1
    return count
