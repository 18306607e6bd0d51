"""What a simulated shift is made of."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MINUTE_S = 60.0
HOUR_S = 3600.0

Draw = Callable[[random.Random], float]
Curve = Callable[[float], float]


def lognormal(mean_s: float, variation: float) -> Draw:
    """Return a lognormal law of this mean and coefficient of variation."""
    spread = math.log(1 + variation**2)
    middle, sigma = math.log(mean_s) - spread / 2, math.sqrt(spread)
    return lambda rng: rng.lognormvariate(middle, sigma)


def gamma(mean_s: float, shape: float) -> Draw:
    """Return a gamma law; shape 1 is exponential."""
    return lambda rng: rng.gammavariate(shape, mean_s / shape)


def mixture(*parts: tuple[float, Draw]) -> Draw:
    """Return a law that takes each part with its share; the shares add up to 1."""

    def draw(rng: random.Random) -> float:
        left = rng.random()
        for share, law in parts:
            left -= share
            if left < 0:
                return law(rng)
        return parts[-1][1](rng)

    return draw


def fixed(seconds: float) -> Draw:
    return lambda _: seconds


def flat(value: float) -> Curve:
    return lambda _: value


def steps(first: float, *later: tuple[float, float]) -> Curve:
    """Return ``first``, then each value from its minute on."""
    starts = [minute * MINUTE_S for minute, _ in later]
    values = [first, *(value for _, value in later)]
    return lambda at: values[bisect_right(starts, at)]


def drift(start: float, end: float, hours: float) -> Curve:
    """Return a straight line from ``start`` to ``end`` over ``hours``."""
    return lambda at: start + (end - start) * min(1.0, at / (hours * HOUR_S))


def wave(middle: float, swing: float, period_min: float) -> Curve:
    return lambda at: middle + swing * math.sin(2 * math.pi * at / (period_min * MINUTE_S))


_TALK, _WRAP, _RING = lognormal(150, 0.9), gamma(20, 2), gamma(11, 2.5)
_BREAK = gamma(420, 3)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One shift of one campaign. Times in seconds from its beginning."""

    name: str
    agents: int
    answer: Curve
    """Chance that a person answers one dial."""
    talk: Draw = _TALK
    wrap: Draw = _WRAP
    ring: Draw = _RING
    """From dialing to the answer of who answers within the ring limit."""
    hours: float = 3.0
    machines: float = 0.0
    """Chance that a machine answers one dial."""
    amd: Draw | None = None
    """Seconds AMD takes to decide."""
    amd_wrong: tuple[float, float] = (0.02, 0.05)
    """Shares of people taken for machines and of machines taken for people."""
    amd_eats_patience: bool = True
    busy: float = 0.05
    """Chance of a quick failure: busy, unobtainable."""
    patience_s: float = 2.0
    ring_timeout_s: float = 25.0
    lines_per_agent: float = 6.0
    cps: float = 1e9
    leads: int = 10**9
    breaks_per_hour: float = 0.0
    break_s: Draw = _BREAK
    joins: Sequence[tuple[float, int]] = ()
    """At which minute how many of the agents come (positive) or go (negative)."""
    absent: int = 0
    """Agents who are not there at the beginning."""
    fault: tuple[float, float] | None = None
    """Minutes between which the carrier fails every call at once."""
    inbound: Curve | None = None
    """Inbound calls a minute; each takes an idle agent away, without notice, for one talk."""
    speed_spread: float = 0.0
    """Agents' own talk times differ by this coefficient of variation."""

    @property
    def length_s(self) -> float:
        return self.hours * HOUR_S
