"""What the dialer's bench makes of its steps."""

from __future__ import annotations

from typing import Any

import pytest
from bench.dialer import WAYS, Found, Step, report
from bench.dialing.long_list import Figures
from bench.dialing.office import numbers
from bench.load.scenarios import called

pytestmark = pytest.mark.unit


def step(way: str, rate: float, apart_s: float, *, recorded: int = 10, missing: int = 0) -> Step:
    came = [n * apart_s for n in range(10 - missing)]
    return Step(way, rate, 10, came, {"dialer": 0.2, "asterisk": 0.1}, 1.0, recorded, 2.0)


def found(claim_ms: float = 5.0, recorded: int = 10, **ours: float) -> dict[str, Any]:
    long = Figures(1000, 10.0, {1: [claim_ms], 10: [claim_ms]}, 11, 1)
    made = Found(long, {"dialer": 0.1}, first_dial_ms={"long_list": 300.0})
    for way in WAYS:
        apart_s = ours.get("apart_s", 0.1) if way == "dialer" else 0.1
        made.ladder[way] = [step(way, 10, apart_s, recorded=recorded)]
        made.flat_out[way] = step(way, 0, 0.01)
    return report(made)


def test_the_object_has_what_every_bench_has() -> None:
    told = found()
    assert {"bench", "figures", "baseline", "ratios", "aims", "met"} <= set(told)
    assert set(told["met"]) == set(told["aims"])
    assert all(told["met"].values())


def test_idle_cpu_is_not_the_calls() -> None:
    cpu = step("dialer", 10, 0.1).cpu_ms({"dialer": 0.1})
    assert cpu == {"dialer": 10.0, "asterisk": 10.0, "all": 20.0}


def test_a_rate_with_calls_missing_or_late_is_not_sustained() -> None:
    assert step("dialer", 10, 0.1, missing=1).achieved == 0
    assert not found(apart_s=0.2)["met"]["sustained"]


def test_slow_claims_and_lost_records_are_told() -> None:
    assert not found(claim_ms=51)["met"]["claim_p99"]
    assert not found(recorded=9)["met"]["all_recorded"]


def test_numbers_are_different_and_end_as_asked() -> None:
    made = numbers(0, 1000, "567")
    assert len(set(made)) == 1000
    assert {number[-1] for number in made} == {"5", "6", "7"}


def test_the_scenario_has_no_word_left_to_fill() -> None:
    text = called(0.2)
    assert "@RING" not in text
    assert "@HEADERS@" not in text
    assert "@SDP@" not in text
