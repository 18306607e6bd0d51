"""Benches as a user runs them. Real load: only with --soak."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest

from ringway.cli.places import checkout

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(240)]


async def quick(name: str) -> tuple[dict[str, Any], str]:
    """Run a bench; return what it printed, and its progress."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ringway.cli", "bench", name, "--quick", "--json"),
        cwd=checkout(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaints = await process.communicate()
    told = complaints.decode()[-2000:]
    assert process.returncode == 0, told
    result = json.loads(out)
    assert result["bench"] == name
    assert set(result) >= {"figures", "baseline", "ratios", "aims", "met"}
    return result, told


async def test_the_queue_bench_prints_what_it_measured() -> None:
    result, told = await quick("acd")
    for way in ("app_queue", "on_demand", "nailed_up"):
        slow = result["figures"][way]["at_5_per_s"]
        assert slow["bridged"] == slow["calls"] > 0, told
    assert result["figures"]["on_demand"]["cpu_ms_per_call_at_5_per_s"]["acd"] > 0


@pytest.mark.timeout(600)
async def test_the_bench_of_the_api_finds_everybody_and_every_page() -> None:
    result, _ = await quick("api")
    figures = result["figures"]
    assert figures["pop"]["over_http"]["asked"] > 0
    assert len(figures["lists"]) == len(result["baseline"]["pages"]) > 0
    for name, each in figures["lists"].items():
        assert each["deep_page"] > 1, name
        assert each["first"]["p99_ms"] > 0, name
        assert each["deep"]["p99_ms"] > 0, name
    assert result["baseline"]["bare"]["per_s"] > 0
    assert figures["get"]["per_s"] > 0
    assert figures["import"]["import_rows_s"] > 0
