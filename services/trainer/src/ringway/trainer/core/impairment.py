"""A bad network between a phone and whoever hears it: packets lost, late, out of step."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Impairment:
    """What happens to each packet that is sent."""

    loss_rate: float = 0.0  # 0..1, at random
    drop_every: int = 0  # each n-th packet is lost; 0: none
    delay_s: float = 0.0
    jitter_s: float = 0.0  # up to this much more delay, evenly spread
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.loss_rate <= 1 or min(self.drop_every, self.delay_s, self.jitter_s) < 0:
            raise ValueError("a rate lies between 0 and 1, a delay is not negative")


@dataclass(slots=True)
class BadLine:
    """Decides about packets, the same way for the same seed."""

    impairment: Impairment
    lost: int = 0
    _count: int = 0
    _rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.impairment.seed)

    def delay_s(self) -> float | None:
        """How long the next packet takes; ``None``: it is lost."""
        bad = self.impairment
        self._count += 1
        is_nth = bad.drop_every > 0 and self._count % bad.drop_every == 0
        if self._rng.random() < bad.loss_rate or is_nth:
            self.lost += 1
            return None
        return bad.delay_s + self._rng.random() * bad.jitter_s
