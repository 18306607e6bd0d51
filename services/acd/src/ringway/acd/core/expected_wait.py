"""How long a caller of one queue will wait, from what the queue has seen.

The model. While all agents are busy, callers leave the head of the queue at the rate at which
agents become free (``agents / handling time``), and each caller in line may also give up (at the
rate ``theta``). For the caller at place ``n`` the expected time is the sum of the ``n`` steps

    1 / (agents / handling + k * theta),  k = 0 … n - 1,

the estimator QL_m of Ibrahim and Whitt ("Real-time delay estimation in overloaded multiserver
queues with abandonments", 2009); with theta = 0 it is Whitt's place × handling / agents
("Predicting queueing delays", 1999). We take the sum as an integral, so that it costs the
same for any place.

The correction. Agents who also serve other queues, callers of higher priority who overtake, and
handling times that follow the hour make the model wrong by a factor that changes slowly. So the
quotient of what callers waited and what the model said for them is watched: sliding quantiles of
its logarithm (stochastic approximation: a step up or down with each caller) give the median,
which the caller is told, and the range. Callers who give up say only that they would have waited
longer; that counts where it decides on which side of a quantile they are.

Every event costs O(1). Times are seconds. ``./ringway bench ewt`` measures the error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, exp, log, log1p

_LONGEST_S = 6 * 3600.0
_SHORTEST_S = 1.0
# Chosen by the bench: larger steps follow sooner and tremble more. The median trembles in every
# estimate, the outer quantiles only in the range.
_MIDDLE_STEP = 0.02
_OUTER_STEP = 0.05
_PATIENCE_PRIOR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a caller may expect, in seconds.

    ``seconds`` is the median; ``low`` and ``high`` aim at the range that four of five waits end
    in (the bench finds 50 to 78 % there), ``spoken_s`` at what one caller in four exceeds.
    ``model_s`` is before the correction.
    """

    seconds: float
    low: float
    high: float
    spoken_s: float
    position: int
    model_s: float
    at: float

    @property
    def minutes(self) -> int:
        """What is said: whole minutes, rounded up; 0 stands for less than a minute."""
        return 0 if self.spoken_s < 60 else ceil(self.spoken_s / 60)


@dataclass(slots=True)
class _Quantile:
    """A sliding quantile: a step up with each value above it, a step down with each below."""

    share: float
    value: float
    step: float

    def above(self) -> None:
        self.value += self.step * self.share

    def below(self) -> None:
        self.value -= self.step * (1 - self.share)


def _quantiles() -> tuple[_Quantile, ...]:
    return (
        _Quantile(0.1, -1.0, _OUTER_STEP),
        _Quantile(0.5, 0.0, _MIDDLE_STEP),
        _Quantile(0.75, 0.4, _OUTER_STEP),
        _Quantile(0.9, 0.8, _OUTER_STEP),
    )


@dataclass(slots=True)
class ExpectedWait:
    """Estimate waits of one queue.

    Args:
        handling_s: Handling time (talk and after-call work) that is assumed at the beginning.
        handling_weight: How many calls that assumption counts for.
        memory: How many calls are remembered, in the mean.
    """

    handling_s: float = 180.0
    handling_weight: float = 10.0
    memory: float = 100.0
    _handled: float = 0.0
    _theta_lost: float = 0.0
    _theta_waited_s: float = _PATIENCE_PRIOR_S
    _quantiles: tuple[_Quantile, ...] = field(default_factory=_quantiles)

    def handled(self, seconds: float) -> None:
        """An agent ended a call of this queue: talk and after-call work took so long."""
        self._handled = min(self._handled + 1, self.memory)
        share = 1 / min(self._handled + self.handling_weight, self.memory)
        self.handling_s += share * (max(seconds, 0.0) - self.handling_s)

    def left(self, waited_s: float, *, served: bool, promised: Estimate | None = None) -> None:
        """A caller left the line: an agent answered, or he gave up.

        Args:
            waited_s: Since ``promised`` was made, or since he came when there was none.
            promised: What was estimated for him first.
        """
        keep = 1 - 1 / self.memory
        self._theta_lost = self._theta_lost * keep + (not served)
        self._theta_waited_s = self._theta_waited_s * keep + max(waited_s, 0.0)
        if promised is None:
            return
        deviation = log(max(waited_s, _SHORTEST_S) / promised.model_s)
        for quantile, border in zip(self._quantiles, self._borders(promised.position), strict=True):
            if deviation > border:
                quantile.above()
            elif served:
                quantile.below()

    def estimate(self, position: int, agents_serving: int, at: float) -> Estimate | None:
        """Return what the caller at a place may expect.

        Args:
            position: 1 is the next to be served.
            agents_serving: Agents who take calls of this queue now, busy or not.
            at: Is only kept in the answer.

        Returns:
            ``None`` while nobody serves the queue: then nothing is known.

        Raises:
            ValueError: ``position`` is below 1.
        """
        if position < 1:
            raise ValueError("The first place is 1.")
        if agents_serving < 1:
            return None
        rate = agents_serving / max(self.handling_s, _SHORTEST_S)
        theta = self._theta_lost / max(self._theta_waited_s, 1.0)
        if position * theta < 1e-6 * rate:
            model_s = position / rate
        else:
            # The integral over steps of length 1, shifted by half a step.
            model_s = log1p(position * theta / max(rate - theta / 2, rate / 2)) / theta
        model_s = max(model_s, _SHORTEST_S)
        low, seconds, spoken, high = (
            min(model_s * exp(border), _LONGEST_S) for border in self._borders(position)
        )
        return Estimate(
            seconds=seconds,
            low=min(low, seconds),
            high=max(high, seconds),
            spoken_s=max(spoken, seconds),
            position=position,
            model_s=model_s,
            at=at,
        )

    def _borders(self, position: int) -> tuple[float, ...]:
        """Return the quantiles for a place: the further back, the narrower around the median."""
        # A sum of n independent steps narrows with the root of n, but a wrong handling time is
        # wrong for all of them: the fourth root measures best.
        middle = self._quantiles[1].value
        narrowing = position**-0.25
        return tuple(middle + (q.value - middle) * narrowing for q in self._quantiles)
