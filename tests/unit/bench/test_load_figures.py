"""What the load bench makes of its steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from bench.acd import OURS, WAYS, Found, report
from bench.load.figures import Ladder, Step, limit_of, middle, percentile, ratio, spread
from bench.load.watch import Watch
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.unit

RATES = (5.0, 10.0, 20.0)


def step(waits: Sequence[float], *, calls: int = 0, rate: float = 10.0, way: str = "x") -> Step:
    calls = calls or len(waits)
    took_s = (calls - 1) / rate
    return Step(way, rate, calls, took_s, waits, waits, {"acd": 0.5, "asterisk": 1.0}, 1.6, 1.0)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_a_value_that_so_many_do_not_pass(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9


def test_of_nothing_no_percentile_is_known() -> None:
    assert percentile([], 0.5) == math.inf


@pytest.mark.parametrize(
    ("waits", "calls", "holds"),
    [
        ([20.0] * 100, 100, True),
        ([20.0] * 95 + [900.0] * 5, 100, True),
        ([20.0] * 94 + [900.0] * 6, 100, False),
        ([20.0] * 95, 100, True),
        ([20.0] * 94, 100, False),  # six calls were never bridged: they wait for ever
        ([], 100, False),
    ],
)
def test_a_rate_holds_when_95_of_100_calls_are_bridged_in_time(
    waits: list[float], calls: int, holds: bool
) -> None:
    assert step(waits, calls=calls).holds is holds


def test_a_rate_that_sipp_could_not_make_does_not_hold() -> None:
    slow = Step("x", 10.0, 100, 99 / 8, [20.0] * 100)
    assert not slow.holds
    assert "SIPp" in limit_of(slow, 2)


def climbed(*answers: bool) -> tuple[Ladder, list[float]]:
    """Answer a ladder until it is decided; returns what it tried, too."""
    ladder, tried = Ladder(RATES), []
    for answer in answers:
        assert ladder.rate is not None
        tried.append(ladder.rate)
        ladder.tried(holds=answer)
    return ladder, tried


def test_a_ladder_ends_at_the_second_failure_of_a_rate() -> None:
    ladder, tried = climbed(True, True, False, False)
    assert tried == [5.0, 10.0, 20.0, 20.0]
    assert (ladder.rate, ladder.sustained, ladder.is_open) == (None, 10.0, False)


def test_one_failure_may_be_somebody_elses_doing() -> None:
    ladder, tried = climbed(False, True, False, True, True)
    assert tried == [5.0, 5.0, 10.0, 10.0, 20.0]
    assert (ladder.rate, ladder.sustained, ladder.is_open) == (None, 20.0, True)


def test_nothing_is_sustained_when_the_first_rate_fails() -> None:
    ladder, _ = climbed(False, False)
    assert (ladder.rate, ladder.sustained, ladder.is_open) == (None, 0.0, False)


def test_cpu_is_told_without_what_idleness_costs() -> None:
    cost = step([1.0] * 10).cpu_ms_per_call({"acd": 0.1, "asterisk": 2.0})
    assert cost == pytest.approx({"acd": 40.0, "asterisk": 0.0})


def test_the_limit_is_the_core_the_machine_or_neither() -> None:
    def limit(acd: float, busy: float) -> str:
        return limit_of(Step("x", 5, 1, 0, [1.0], (), {"acd": acd}, busy, 1.0), 2)

    assert limit(0.9, 1.9).startswith("the ACD's one core")
    assert limit(0.5, 1.8).startswith("the machine's CPU")
    assert limit(0.5, 1.0).startswith("neither")


def test_calls_that_were_never_bridged_are_counted_and_not_numbers() -> None:
    assert spread([step([10.0] * 9, calls=10)]) == {
        "calls": 10,
        "bridged": 9,
        "p50_ms": 10.0,
        "p99_ms": None,
        "from_invite_p50_ms": 10.0,
        "from_invite_p99_ms": 10.0,
    }


def test_medians_and_ratios() -> None:
    assert middle([{"a": 1.0}, {"a": 9.0}, {"a": 2.0}]) == {"a": 2.0}
    assert ratio(1.0, 4.0) == 0.25
    assert ratio(None, 4.0) is ratio(1.0, None) is ratio(1.0, 0.0) is None


def test_the_report_has_the_shape_of_all_benches_and_judges_its_aims() -> None:
    found = Found(idle={"acd": 0.0, "asterisk": 0.0})
    for way, best, wait in (("app_queue", 20.0, 8.0), ("on_demand", 10.0, 9.0)):
        ladder = Ladder(RATES)
        while ladder.rate is not None:
            ladder.tried(holds=ladder.rate <= best)
        found.ladders[way].append(ladder)
        found.slow[way].append(step([wait] * 10, rate=5.0, way=way))
        found.steep[way].append(step([wait] * 10, rate=best / 2, way=way))
    found.ladders["nailed_up"].append(climbed(False, False)[0])
    found.slow["nailed_up"].append(step([], calls=10, rate=5.0))
    found.limits = dict.fromkeys(WAYS, "")
    result = report(found)
    assert set(result) >= {"bench", "figures", "baseline", "ratios", "aims", "met"}
    assert result["ratios"]["on_demand_sustained"] == 0.5
    assert result["figures"]["on_demand"]["at_half_of_sustained"]["bridged"] == 10
    assert result["met"] == {
        "on_demand_sustained": True,
        "nailed_up_sustained": False,
        "on_demand_p99_at_5": False,
        "nailed_up_p99_at_5": False,
    }
    assert set(OURS) < set(WAYS)


def event(kind: str, ms: int, channel: str = "c1", **fields: Any) -> dict[str, Any]:
    name = "PJSIP/trunk-t-1" if channel.startswith("c") else "PJSIP/1001-2"
    return {
        "type": kind,
        "timestamp": f"2026-01-31T10:20:30.{ms:03}+0000",
        "channel": {
            "id": channel,
            "name": name,
            "state": "Up",
            "creationtime": "2026-01-31T10:20:30.100+0000",
        },
        **fields,
    }


def bridge(kind: str, *channels: str) -> dict[str, Any]:
    return {"bridge": {"bridge_type": kind, "channels": list(channels)}}


def test_a_call_is_bridged_when_it_stands_with_an_agent_not_with_music() -> None:
    watch = Watch("PJSIP/trunk-t-")
    watch.on_event(event("ChannelStateChange", 110))
    watch.on_event(event("ChannelStateChange", 115, "a1"))
    watch.on_event(event("ChannelEnteredBridge", 120, **bridge("holding", "c1", "c2")))
    watch.on_event(event("ChannelEnteredBridge", 130, **bridge("mixing", "c1")))
    watch.on_event(event("ChannelEnteredBridge", 150, "a1", **bridge("mixing", "c1", "a1")))
    watch.on_event(event("ChannelEnteredBridge", 190, "a2", **bridge("mixing", "c1", "a2")))
    assert list(watch.calls) == ["c1"]
    assert watch.calls["c1"].wait_ms == pytest.approx(40, abs=0.01)
    assert watch.calls["c1"].way_ms == pytest.approx(50, abs=0.01)
