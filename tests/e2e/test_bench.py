"""The load bench as a user runs it. Real load: only with --soak."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from ringway.cli.places import checkout

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(240)]


async def test_the_queue_bench_prints_what_it_measured() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ringway.cli", "bench", "acd", "--quick", "--json"),
        cwd=checkout(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()[-2000:]
    result = json.loads(out)
    assert result["bench"] == "acd"
    assert set(result) >= {"figures", "baseline", "ratios", "aims", "met"}
    for way in ("app_queue", "on_demand", "nailed_up"):
        slow = result["figures"][way]["at_5_per_s"]
        assert slow["bridged"] == slow["calls"] > 0, complaints.decode()[-2000:]
    assert result["figures"]["on_demand"]["cpu_ms_per_call_at_5_per_s"]["acd"] > 0
