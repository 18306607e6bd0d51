"""What the steps of a load bench come to: pure arithmetic, no clock, no IO."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

LIMIT_MS = 500.0
_LEAST_OF_RATE = 0.9  # of the calls a second that were asked for
_FULL = 0.85  # of a core, or of the machine


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile; infinite when there is nothing."""
    if not values:
        return math.inf
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@dataclass(frozen=True, slots=True)
class Step:
    """One load of one way.

    Attributes:
        rate: Calls a second that were asked for.
        calls: How many were asked for.
        took_s: From the first call's beginning to the last one's.
        waits_ms: From the answer to the bridge; infinite for calls that were never bridged.
        ways_ms: The same from the caller's INVITE on.
        cpu_s: CPU time by process. busy_s: of the whole machine, whoever for.
        wall_s: How long the CPU was looked at.
    """

    way: str
    rate: float
    calls: int
    took_s: float
    waits_ms: Sequence[float]
    ways_ms: Sequence[float] = ()
    cpu_s: Mapping[str, float] = field(default_factory=dict)
    busy_s: float = 0.0
    wall_s: float = 1.0

    @property
    def all_waits_ms(self) -> list[float]:
        """The waits of all calls: those that Asterisk never saw wait for ever."""
        return [*self.waits_ms, *[math.inf] * (self.calls - len(self.waits_ms))]

    @property
    def is_on_time(self) -> bool:
        """Whether SIPp could make the calls at the rate that was asked for."""
        return self.calls < 2 or (self.calls - 1) >= _LEAST_OF_RATE * self.rate * self.took_s

    @property
    def holds(self) -> bool:
        """Whether this load is sustained."""
        return self.is_on_time and percentile(self.all_waits_ms, 0.95) <= LIMIT_MS

    def cpu_ms_per_call(self, idle: Mapping[str, float]) -> dict[str, float]:
        """Return milliseconds by process, without what it uses when there are no calls.

        Args:
            idle: CPU seconds a second.
        """
        return {
            name: max(0.0, used - idle.get(name, 0.0) * self.wall_s) * 1e3 / self.calls
            for name, used in self.cpu_s.items()
        }


class Ladder:
    """Which rates a way holds. A rate that fails is tried once more: the machine is shared."""

    def __init__(self, rates: Sequence[float]) -> None:
        self._rates = sorted(rates)
        self._failed = 0
        self._at = 0
        self.sustained = 0.0

    @property
    def rate(self) -> float | None:
        """The next rate to try; ``None``: it is decided."""
        return self._rates[self._at] if self._at < len(self._rates) else None

    @property
    def is_open(self) -> bool:
        """Whether even the highest rate held: the way can do more."""
        return bool(self._rates) and self.sustained == self._rates[-1]

    def tried(self, *, holds: bool) -> None:
        """Tell how the rate that was to be tried went."""
        if holds:
            self.sustained = self._rates[self._at]
            self._at += 1
            self._failed = 0
            return
        self._failed += 1
        if self._failed == 2:
            self._at = len(self._rates)


def spread(steps: Iterable[Step]) -> dict[str, float | None]:
    """Return median and 99th percentile over the calls of several steps."""
    steps = tuple(steps)
    waits = [wait for step in steps for wait in step.all_waits_ms]
    ways = [way for step in steps for way in step.ways_ms]
    return {
        "calls": len(waits),
        "bridged": sum(map(math.isfinite, waits)),
        "p50_ms": shown(percentile(waits, 0.5)),
        "p99_ms": shown(percentile(waits, 0.99)),
        "from_invite_p50_ms": shown(percentile(ways, 0.5)),
        "from_invite_p99_ms": shown(percentile(ways, 0.99)),
    }


def middle(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the median of each figure over several rows."""
    return {key: round(statistics.median(row[key] for row in rows), 2) for key in rows[0]}


def limit_of(step: Step, cores: int) -> str:
    """Say in words what was used up when this step was carried."""
    acd, machine = step.cpu_s.get("acd", 0.0) / step.wall_s, step.busy_s / step.wall_s
    ours = sum(step.cpu_s.values()) / step.wall_s
    told = (
        f"at {step.rate:g} calls/s: acd {acd:.2f}, asterisk "
        f"{step.cpu_s.get('asterisk', 0.0) / step.wall_s:.2f}, all of ours {ours:.2f}, "
        f"machine {machine:.2f} of {cores} cores"
    )
    if not step.is_on_time:
        return f"SIPp could not make the calls in time ({told})"
    if acd >= _FULL:
        return f"the ACD's one core ({told})"
    if machine >= _FULL * cores:
        return f"the machine's CPU ({told})"
    return f"neither the ACD's core nor the machine's CPU ({told})"


def shown(value: float, digits: int = 1) -> float | None:
    """Return a figure as JSON can hold it: what is infinite is nothing."""
    return round(value, digits) if math.isfinite(value) else None


def ratio(part: float | None, whole: float | None) -> float | None:
    """Return a ratio, or nothing when one of the two is unknown."""
    return round(part / whole, 2) if part is not None and whole else None
