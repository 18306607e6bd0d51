"""What a replica has in memory, for operators and for whoever looks for what is left over."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import Gauge

from ringway.acd.app import Acd
from ringway.acd.front.arrivals import Arrivals
from ringway.acd.runner import FloorRunner
from ringway.acd.talks import Talks

_live = Gauge("acd_live", "What this replica has in memory now.", ["what"])


def show_live(acd: Acd, arrivals: Arrivals) -> None:
    """Let /metrics say how much there is of what lives no longer than calls and agents do."""

    def of_runners(size: Callable[[FloorRunner], int]) -> Callable[[], float]:
        return lambda: float(sum(size(runner) for runner in acd.runners.values()))

    counts: dict[str, Callable[[], float]] = {
        "interactions": of_runners(lambda r: len(r.calls)),
        "floor_calls": of_runners(lambda r: len(r.floor.calls)),
        "waiting": of_runners(lambda r: r.floor.router.waiting),
        "legs": of_runners(lambda r: len(r.legs)),
        "talks": of_runners(lambda r: len(r.talks.live) if isinstance(r.talks, Talks) else 0),
        "visits": lambda: float(sum(len(f.visits) for f in arrivals.fronts.values())),
        "callers": lambda: float(sum(len(f.callers) for f in arrivals.fronts.values())),
        "watched_channels": lambda: float(acd.watched),
    }
    for what, count in counts.items():
        _live.labels(what).set_function(count)
