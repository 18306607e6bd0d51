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
    "pop_unread_at_database_p99_ms": 5.0,
    "pop_unread_over_http_p99_ms": 20.0,
    "first_page_p99_ms": 100.0,
    "deep_page_p99_ms": 100.0,
    "unread_page_p99_ms": 100.0,
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
    """Return the bench's JSON object; it judges what was measured, and nothing else.

    Args:
        figures: ``lists`` by name with ``first``, ``deep`` and ``unread``; ``pop``, ``get`` and
            ``import`` where they were measured.
        baseline: ``pages`` by name; ``select``, ``bare``, ``copy_rows_s``.
    """
    ratios: dict[str, float | None] = {}
    reached: dict[str, float | None] = {}
    if (pop := figures.get("pop")) is not None:
        at_database, over_http = pop["at_database"], pop["over_http"]
        ratios["pop_to_select"] = ratio(at_database["p50_ms"], baseline["select"]["p50_ms"])
        ratios["pop_http_to_database"] = ratio(over_http["p50_ms"], at_database["p50_ms"])
        reached["pop_at_database_p99_ms"] = at_database["p99_ms"]
        reached["pop_over_http_p99_ms"] = over_http["p99_ms"]
        for where in ("at_database", "over_http"):
            reached[f"pop_unread_{where}_p99_ms"] = pop["unread"][where]["p99_ms"]
    alike: list[float | None] = []
    if lists := figures["lists"]:
        for name, each in lists.items():
            alike.append(ratio(each["deep"]["p50_ms"], each["first"]["p50_ms"]))
            ratios[f"{name}_deep_to_first"] = alike[-1]
            ratios[f"{name}_unread_to_first"] = ratio(
                each["unread"]["p50_ms"], each["first"]["p50_ms"]
            )
        for name, each in baseline["pages"].items():
            ratios[f"{name}_to_sql"] = ratio(lists[name]["deep"]["p50_ms"], each["p50_ms"])
        for which in ("first", "deep", "unread"):
            worst = max(each[which]["p99_ms"] for each in lists.values())
            reached[f"{which}_page_p99_ms"] = worst
    if (get := figures.get("get")) is not None:
        ratios["get_to_bare"] = get["to_bare"]
        ratios["get_to_bare_without_reset"] = get["to_bare_without_reset"]
    if (imported := figures.get("import")) is not None:
        ratios["import_to_copy"] = imported.get("to_copy")
    met = {name: _at_most(value, AIMS_MS[name]) for name, value in reached.items()}
    aims = {name: f"<= {AIMS_MS[name]:g}" for name in reached}
    if alike:
        met["pages_alike"] = all(_at_most(value, ALIKE) for value in alike)
        aims["pages_alike"] = f"deep_to_first <= {ALIKE:g}"
    for name, limit in AIMS_RATIO.items():
        if name in ratios:
            met[name] = (ratios[name] or 0) >= limit
            aims[name] = f">= {limit:g}"
    return {
        "bench": "api",
        "figures": dict(figures),
        "baseline": dict(baseline),
        "ratios": ratios,
        "aims": aims,
        "met": met,
    }


def _at_most(value: float | None, limit: float) -> bool:
    return value is not None and value <= limit
