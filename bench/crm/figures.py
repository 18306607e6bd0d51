"""What the measurements of the API come to: pure arithmetic."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from bench.load.figures import percentile, shown

# What a figure may be at most (ms), or a ratio at least.
AIMS_MS = {
    "pop_at_database_p99_ms": 5.0,
    "pop_over_http_p99_ms": 20.0,
    "first_page_p99_ms": 100.0,
    "deep_page_p99_ms": 100.0,
}
AIMS_RATIO = {"import_to_copy": 0.3, "get_to_bare": 0.6}
# The ten-thousandth page is like the first: at most so many times as slow.
ALIKE = 2.0


def spread(times_ms: Sequence[float]) -> dict[str, float | None]:
    """Return median, 99th percentile and how many there were."""
    return {
        "p50_ms": shown(percentile(times_ms, 0.5), 2),
        "p99_ms": shown(percentile(times_ms, 0.99), 2),
        "asked": len(times_ms),
    }


def ratio(part: float | None, whole: float | None) -> float | None:
    """Return a ratio; nothing when one of the two is unknown."""
    return round(part / whole, 3) if part is not None and whole else None


def paired(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios of rounds, each beside its neighbour in time."""
    return round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 3)


def report(figures: Mapping[str, Any], baseline: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bench's JSON object.

    Args:
        figures: ``pop``, ``lists`` by name with ``first`` and ``deep``, ``get``, ``import``.
        baseline: ``select``, ``pages`` by name, ``bare``, ``copy_rows_s``.
    """
    pop, lists = figures["pop"], figures["lists"]
    worst = {
        which: max((each[which]["p99_ms"] for each in lists.values()), default=None)
        for which in ("first", "deep")
    }
    ratios = {
        "pop_to_select": ratio(pop["at_database"]["p50_ms"], baseline["select"]["p50_ms"]),
        "pop_http_to_database": ratio(pop["over_http"]["p50_ms"], pop["at_database"]["p50_ms"]),
        **{
            f"{name}_deep_to_first": ratio(each["deep"]["p50_ms"], each["first"]["p50_ms"])
            for name, each in lists.items()
        },
        **{
            f"{name}_to_sql": ratio(lists[name]["deep"]["p50_ms"], each["p50_ms"])
            for name, each in baseline["pages"].items()
        },
        "get_to_bare": figures["get"]["to_bare"],
        "get_to_bare_without_reset": figures["get"]["to_bare_without_reset"],
        "import_to_copy": figures["import"].get("to_copy"),
    }
    reached = {
        "pop_at_database_p99_ms": pop["at_database"]["p99_ms"],
        "pop_over_http_p99_ms": pop["over_http"]["p99_ms"],
        "first_page_p99_ms": worst["first"],
        "deep_page_p99_ms": worst["deep"],
    }
    alike = [value for name, value in ratios.items() if name.endswith("_deep_to_first")]
    met = {name: _at_most(reached[name], limit) for name, limit in AIMS_MS.items()}
    met["pages_alike"] = all(_at_most(value, ALIKE) for value in alike)
    met |= {name: (ratios[name] or 0) >= limit for name, limit in AIMS_RATIO.items()}
    return {
        "bench": "api",
        "figures": dict(figures),
        "baseline": dict(baseline),
        "ratios": ratios,
        "aims": {
            **{name: f"<= {limit:g}" for name, limit in AIMS_MS.items()},
            "pages_alike": f"deep_to_first <= {ALIKE:g}",
            **{name: f">= {limit:g}" for name, limit in AIMS_RATIO.items()},
        },
        "met": met,
    }


def _at_most(value: float | None, limit: float) -> bool:
    return value is not None and value <= limit
