"""The chance that one more call, if answered, finds no agent."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ringway.dialer.core.pacing.snapshot import Floats

EXACT_UP_TO = 28
"""With this many uncertain calls and agents, or fewer, chances are counted exactly."""


def exact_risks(
    free: int, calls: Floats, agents: Floats, added: Floats, most: int, tolerated: float
) -> list[float]:
    """Return the risk of the first, second, ... added call, up to the first beyond ``tolerated``.

    Args:
        free: Agents free now less live calls waiting now.
        calls: Chance of each call in flight (rows) to be live before each moment (columns).
        agents: Chance of each busy agent (rows) to be free before each moment, patience included.
        added: Chance of one added call to be live before each moment.
        most: How many added calls to look at.
    """
    # A call finds nobody when those who came and those who stay busy are `need` or more.
    need = free + len(agents)
    if need <= 0:
        return [1.0] * min(most, 1 if tolerated < 1.0 else most)
    counts = _counts(np.concatenate([calls, 1.0 - agents]), most)
    risks: list[float] = []
    for _ in range(most):
        risks.append(float(counts[:, need:].sum()) / len(added))
        if risks[-1] > tolerated:
            break
        came = counts * added[:, None]
        counts -= came
        counts[:, 1:] += came[:, :-1]
    return risks


def _counts(chances: Floats, more: int) -> Floats:
    """Return, by moment (rows), the chance of so many (columns); with room for ``more``."""
    n, moments = chances.shape
    size = 16 * ((n + 16) // 16)
    turn, room = _turns(size), np.zeros((moments, size + more))
    # The product of the transforms of all chances is the transform of their sum's law.
    law = np.multiply.reduce(chances[:, :, None] * turn + 1.0, axis=0)
    room[:, :size] = np.maximum(np.fft.irfft(law, size), 0.0)
    return room


@cache
def _turns(size: int) -> NDArray[np.complex128]:
    turns: NDArray[np.complex128] = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size) - 1.0
    return turns


def moments_of(chances: Floats, weights: Floats | None = None) -> Floats:
    """Return mean, variance and third central moment of a sum of chances, by column."""
    spread = chances * (1 - chances)
    skew = spread * (1 - 2 * chances)
    if weights is None:
        return np.stack([chances.sum(0), spread.sum(0), skew.sum(0)])
    return np.stack([weights @ chances, weights @ spread, weights @ skew])


def normal_risks(free: int, calls: Floats, agents: Floats, added: Floats, most: int) -> Floats:
    """Return the risks as ``exact_risks`` does, from moments; for many calls and agents.

    Args:
        calls: Moments of the calls in flight, from ``moments_of``.
        agents: Moments of the busy agents.
    """
    n = np.arange(most, dtype=float)[:, None]
    spread = added * (1 - added)
    mean = calls[0] + n * added - free - agents[0]
    var = calls[1] + n * spread + agents[1] + 1e-4
    third = calls[2] + n * spread * (1 - 2 * added) - agents[2]
    sigma = np.sqrt(var)
    x = (-0.5 - mean) / sigma
    skew = third / (sigma * var)
    below = _phi(x) + skew * (1 - x * x) * np.exp(-0.5 * x * x) * 0.0664904  # 1/(6 sqrt(2 pi))
    risks: Floats = np.clip(1.0 - below, 0.0, 1.0).sum(1) / len(added)
    return risks


def _phi(x: Floats) -> Floats:
    """Return the normal distribution function (Abramowitz and Stegun 26.2.17)."""
    size = np.abs(x)
    t = 1.0 / (1.0 + 0.2316419 * size)
    poly = t * (
        0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))
    )
    upper = np.exp(-0.5 * size * size) * poly / math.sqrt(2 * math.pi)
    return np.where(x >= 0, 1.0 - upper, upper)
