"""The bench's simulation keeps its books, and its methods are what they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from bench.pacing.baselines import Adaptive, FixedRatio, Keen, Progressive
from bench.pacing.report import METHODS, figures_of, main, report, sizes_in_turn
from bench.pacing.scenario import Scenario, flat, gamma
from bench.pacing.scenarios import held_out, tuning
from bench.pacing.simulation import AnyPacer, Simulation

from ringway.dialer.core.pacing import Pacer

pytestmark = pytest.mark.unit

_SHORT = Scenario(
    "short", 6, flat(0.4), hours=0.2, machines=0.2, amd=gamma(0.8, 8), talk=gamma(40, 2),
    breaks_per_hour=6.0, joins=((3, -2), (6, 2)), inbound=flat(1.0),
)  # fmt: skip


@pytest.mark.parametrize("method", [Progressive, Adaptive, Keen, Pacer])
def test_every_call_and_every_second_is_accounted_for(method: Callable[[], AnyPacer]) -> None:
    shift = Simulation(_SHORT, method(), seed=3)
    result = shift.run()
    assert not shift.dialing
    assert not shift.detecting
    assert not shift.waiting
    assert shift.lines == 0
    humans = [o for o in shift.logs.outcomes if o[2] == "human"]
    assert len(shift.logs.outcomes) == result.dialed
    assert len(humans) == result.live == len(shift.logs.live)
    assert sum(not connected for _, connected, _ in shift.logs.live) == result.abandoned
    assert len(shift.logs.talks) == result.live - result.abandoned
    assert sum(live for live, _ in result.windows) == result.live
    assert 0.0 < result.occupancy < 1.0


def test_the_same_seed_is_the_same_shift() -> None:
    first, second = (Simulation(_SHORT, FixedRatio(2.0), seed=4).run() for _ in range(2))
    assert (first.live, first.abandoned, first.occupancy) == (
        second.live, second.abandoned, second.occupancy
    )  # fmt: skip


def test_the_reported_shifts_are_not_those_tuned_with() -> None:
    assert not {s.name for s in held_out()} & {s.name for s in tuning()}
    assert {s.agents for s in held_out()} == {5, 15, 50, 200, 500}


def test_each_size_has_its_turn_early() -> None:
    order = sizes_in_turn(held_out())
    assert {s.agents for s in order[:5]} == {s.agents for s in held_out()}
    assert sorted(s.name for s in order) == sorted(s.name for s in held_out())


def test_an_interrupted_bench_reports_the_shifts_that_are_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played: list[str] = []

    def run_shift(scenario: Scenario, method: str, seed: int) -> Any:
        if len(played) == 2 * len(METHODS):
            raise KeyboardInterrupt
        played.append(f"{scenario.name} {seed}")
        return Simulation(_SHORT, Progressive(), seed).run()

    monkeypatch.setattr("bench.pacing.report.run_shift", run_shift)
    assert main(["--json", "--only", "5 steady", "--seeds", "3", "--seed", "7"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["figures"]["shifts"]) == ["5 steady", "5 steady #8"]
    assert (found["shifts_played"], found["seeds"]) == (2, [7, 8, 9])


def test_the_report_has_every_aim() -> None:
    figures = figures_of(Simulation(_SHORT, Progressive(), seed=5).run())
    found = report({"short": dict.fromkeys(METHODS, figures)}, {"short": 6})
    assert found["aims"].keys() == found["met"].keys()
    assert found["figures"]["classes"]["6"]["ringway"]["occupancy"] == figures["occupancy"]
