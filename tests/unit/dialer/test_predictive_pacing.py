"""The predictive pacer keeps what must always hold, whatever it is shown."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from numpy.typing import NDArray
from tests.support.pacing_floor import Floor, Logs, Snapshot

from ringway.dialer.core.pacing import Pacer, PacingSnapshot
from ringway.dialer.core.pacing.answers import Answers
from ringway.dialer.core.pacing.durations import EDGES_S, Durations, time_at_risk
from ringway.dialer.core.pacing.shortfall import exact_risks, moments_of, normal_risks
from ringway.dialer.core.pacing.steering import Steering

pytestmark = pytest.mark.property

Floats = NDArray[np.float64]


def decided(pacer: Pacer, now: float, snapshot: Any) -> int:
    state: PacingSnapshot = snapshot
    return pacer.decide(now, state)


_elapsed = st.one_of(st.floats(0, 5000), st.sampled_from([0.0, 1e9, math.inf, math.nan, -3.0]))
_some = st.lists(_elapsed, max_size=40)
_outcome = st.tuples(
    st.floats(0, 1e5),
    st.floats(0, 1e5),
    st.sampled_from(["human", "machine", "noanswer", "busy", "never heard of"]),
    st.one_of(st.floats(0, 200), st.sampled_from([None, math.nan, math.inf, -1.0])),
    st.one_of(st.floats(0, 10), st.sampled_from([None, math.nan, math.inf, -1.0])),
)
_logs = st.builds(
    Logs,
    outcomes=st.lists(_outcome, max_size=30),
    live=st.lists(st.tuples(st.floats(0, 1e5), st.booleans(), st.floats(0, 60)), max_size=10),
    talks=st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 9000), st.text()), max_size=20),
    wraps=st.lists(
        st.tuples(st.floats(0, 1e5), st.floats(0, 9000), st.integers(), st.text()), max_size=20
    ),
)
snapshots = st.builds(
    Snapshot,
    idle=_some, ringing=_some, talking=_some, wrapup=_some, paused=_some,
    dialing=_some, detecting=_some, waiting=_some,
    line_cap=st.integers(0, 500),
    leads_left=st.sampled_from([0, 1, 5, 10**9]),
    target_abandon=st.sampled_from([0.0, 0.001, 0.03, 1.0]),
    patience_s=st.floats(0, 30),
    ring_timeout_s=st.floats(1, 300),
    live_total=st.integers(0, 10**6),
    abandoned_total=st.integers(0, 1000),
    shift_end=st.sampled_from([None, math.inf, 0.0, 100.0, 1e6]),
    logs=_logs,
)  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 10_000), snapshots), min_size=1, max_size=3))
def test_any_snapshots_are_answered_with_a_number_that_can_be_placed(
    moments: list[tuple[float, Snapshot]],
) -> None:
    pacer = Pacer()
    for now, snapshot in moments:
        calls = decided(pacer, now, snapshot)
        assert isinstance(calls, int)
        free_lines = max(0, snapshot.line_cap - snapshot.lines_in_use)
        assert 0 <= calls <= min(free_lines, snapshot.leads_left)
        assert all(isinstance(v, str) or math.isfinite(v) for v in pacer.explain().values())
        again = Pacer.load(json.loads(json.dumps(pacer.dump(), allow_nan=False)))
        assert decided(again, now, snapshot) >= 0


@settings(max_examples=20, deadline=None)
@given(snapshots)
def test_nobody_to_talk_to_means_no_calls(snapshot: Snapshot) -> None:
    gone = dataclasses.replace(snapshot, idle=[], ringing=[], talking=[], wrapup=[])
    assert decided(Pacer(), 0.0, gone) == 0
    sick = dataclasses.replace(snapshot, is_sick=True)
    assert decided(Pacer(), 0.0, sick) == 0


def test_when_all_agents_vanish_no_call_starts_from_then_on(learned: dict[str, Any]) -> None:
    pacer = Pacer.load(learned)
    busy = Snapshot(idle=[1.0] * 4, talking=[30.0] * 8, dialing=[3.0] * 2)
    assert decided(pacer, 100.0, busy) > 0
    gone = dataclasses.replace(busy, idle=[], talking=[], live_total=8)
    for tenth in range(1, 50):
        assert decided(pacer, 100.0 + tenth / 10, gone) == 0
    assert pacer.explain()["reason"] == "no agents"


@settings(max_examples=20, deadline=None)
@given(snapshots)
def test_agents_about_to_pause_are_no_capacity(snapshot: Snapshot) -> None:
    leaving = dataclasses.replace(
        snapshot,
        idle=[],
        pause_pending_ids={(f"{s}_ids", i) for s in ("talking", "wrapup") for i in range(40)},
    )
    assert decided(Pacer(), 0.0, leaving) == 0


@settings(max_examples=20, deadline=None)
@given(snapshots, st.integers(1, 2))
def test_of_one_or_two_agents_only_the_idle_are_capacity(snapshot: Snapshot, here: int) -> None:
    busy = dataclasses.replace(snapshot, idle=[], ringing=[], wrapup=[], talking=[400.0] * here)
    assert decided(Pacer(), 0.0, busy) == 0
    idle = dataclasses.replace(
        Snapshot(), idle=[3.0] * here, dialing=snapshot.dialing[:here], target_abandon=0.03
    )
    assert decided(Pacer(), 0.0, idle) <= here


@pytest.fixture(scope="module")
def learned() -> dict[str, Any]:
    """What a pacer knows after ten minutes with twelve agents."""
    floor = Floor(agents=12, answer_rate=0.3, seed=4)
    floor.run_for(600.0)
    return floor.pacer.dump()


def test_asked_again_about_the_same_moment_it_is_content(learned: dict[str, Any]) -> None:
    pacer, snapshot = Pacer.load(learned), Snapshot(idle=[1.0] * 5, talking=[40.0] * 7)
    first = decided(pacer, 1.0, snapshot)
    assert first >= 5
    snapshot.dialing = [0.0] * first
    assert decided(pacer, 1.0, snapshot) <= 1


def test_it_starts_with_one_call_per_agent() -> None:
    for agents in (5, 40):
        assert decided(Pacer(), 0.0, Snapshot(idle=[1.0] * agents)) == agents


def test_more_idle_agents_and_fewer_calls_never_mean_fewer_calls(
    learned: dict[str, Any],
) -> None:
    def calls(idle: int, dialing: int) -> int:
        snapshot = Snapshot(
            idle=[1.0] * idle, talking=[30.0] * (30 - idle), dialing=[4.0] * dialing
        )
        return decided(Pacer.load(learned), 0.0, snapshot)

    by_idle = [calls(n, 10) for n in range(0, 30, 3)]
    assert by_idle == sorted(by_idle)
    by_calls = [calls(10, n) for n in range(0, 40, 4)]
    assert by_calls == sorted(by_calls, reverse=True)


def test_age_matters(learned: dict[str, Any]) -> None:
    fresh = Snapshot(idle=[1.0] * 3, talking=[30.0] * 12, dialing=[0.0] * 8)
    stale = dataclasses.replace(fresh, dialing=[24.0] * 8)
    assert decided(Pacer.load(learned), 0.0, stale) > decided(Pacer.load(learned), 0.0, fresh)


def test_no_call_starts_that_would_be_answered_after_the_shift() -> None:
    for end, expected in ((5.0, False), (600.0, True)):
        snapshot = Snapshot(idle=[1.0] * 20, shift_end=1000.0 + end)
        assert (decided(Pacer(), 1000.0, snapshot) > 0) is expected


def test_calls_that_never_end_stop_the_dialing() -> None:
    snapshot = Snapshot(idle=[1.0] * 50, dialing=[90.0] * 10)
    pacer = Pacer()
    assert decided(pacer, 0.0, snapshot) == 0
    assert pacer.explain()["reason"] == "events are missing"


def test_a_failing_trunk_is_probed_and_does_not_teach() -> None:
    pacer, snapshot = Pacer(), Snapshot(idle=[1.0] * 50)
    rng, log = random.Random(1), snapshot.logs.outcomes
    for i in range(600):
        kind = "human" if rng.random() < 0.3 else "noanswer"
        log.append((float(i), i + 20.0, kind, 20.0, 0.0))
    decided(pacer, 620.0, snapshot)
    before = pacer.forecast.answers.rate
    log += [(620.0 + i / 10, 620.3 + i / 10, "busy", 0.3, 0.0) for i in range(100)]
    assert decided(pacer, 632.0, snapshot) <= 1
    assert pacer.explain()["reason"] == "the trunk fails"
    assert pacer.forecast.answers.rate == pytest.approx(before, abs=0.02)


def test_who_was_content_answers_at_once_when_somebody_is_free(learned: dict[str, Any]) -> None:
    pacer, busy = Pacer.load(learned), Snapshot(talking=[5.0] * 12, dialing=[2.0] * 12)
    assert [decided(pacer, at, busy) for at in (10.0, 10.5, 11.0)] == [0, 0, 0]
    free = dataclasses.replace(busy, idle=[0.0] * 12, talking=[])
    assert decided(pacer, 11.2, free) > 0
    # Calls that only grow old are looked at again, too.
    pacer = Pacer.load(learned)
    aging = [dataclasses.replace(busy, dialing=[float(s)] * 12, idle=[1.0]) for s in range(2, 30)]
    assert sum(decided(pacer, 10.0 + s, state) for s, state in enumerate(aging)) > 0


def test_the_budget_of_a_half_hour_is_spread_over_what_is_left_of_it() -> None:
    def cut(lost_early: int) -> list[float]:
        steering, cuts = Steering(), []
        for second in range(0, 2400, 10):
            live = second * 500 // 1800
            lost = min(lost_early, live // 20)
            steering.observe(
                float(second), live, lost, cap=0.03, agents=60, left_s=20_000.0 - second
            )
            cuts.append(steering.half_cut)
        return cuts

    assert min(cut(2)) == 1.0
    many = cut(13)
    assert min(many[:179]) < 0.3
    assert many[181] == 1.0  # the next one


def test_abandonment_over_the_cap_lowers_the_risk_and_smoothly() -> None:
    steering, risks = Steering(), []
    for tick in range(1200):
        live, lost = tick, max(0, (tick - 300) // 12)
        steering.observe(float(tick), live, lost, cap=0.03, agents=50, left_s=20_000.0)
        risks.append(steering.tolerated(50))
    assert risks[-1] < 0.4 * risks[300]
    assert max(a / b for a, b in itertools.pairwise(risks)) < 1.9


# -- learning ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.1, 0.35, 0.6])
def test_the_answer_rate_is_learned(rate: float) -> None:
    answers, rng = Answers(), random.Random(5)
    for _ in range(60):
        humans, ended = answers.learn(
            [
                (0.0, 15.0, "human" if rng.random() < rate else "noanswer", 15.0, 0.0)
                for _ in range(50)
            ]
        )
        answers.count(humans, ended, np.zeros(0))
    assert answers.rate == pytest.approx(rate, abs=0.05)


def test_a_step_of_the_answer_rate_is_noticed_within_some_hundred_calls() -> None:
    answers, rng = Answers(), random.Random(6)
    for batch in range(220):
        rate = 0.15 if batch < 200 else 0.5
        kinds = ["human" if rng.random() < rate else "noanswer" for _ in range(10)]
        humans, ended = answers.learn([(0.0, 9.0, kind, 9.0, 0.0) for kind in kinds])
        answers.count(humans, ended, np.zeros(0))
    assert answers.steps >= 1
    assert answers.rate == pytest.approx(0.5, abs=0.12)


def test_first_answers_of_a_cohort_are_no_high_rate() -> None:
    # 400 calls at once, 10 % are answered; after 12 s only answers have come in.
    answers = Answers()
    for age in range(12):
        humans, ended = answers.learn([(0.0, age + 0.5, "human", age + 0.5, 0.0)] * 3)
        left = 400 - 3 * (age + 1)
        answers.count(humans, ended, np.full(left, age + 1.0))
        answers.refresh(answers.cautious_rate)
    assert answers.rate < 0.3


@given(
    st.lists(
        st.tuples(
            st.integers(0, 300), st.integers(0, 300), st.lists(st.floats(0, 60), max_size=99)
        ),
        max_size=12,
    )
)
@settings(max_examples=30, deadline=None)
def test_the_answer_rate_stays_a_rate_whatever_ends_at_once(
    ticks: list[tuple[int, int, list[float]]],
) -> None:
    answers = Answers()
    for humans, others, dialing in ticks:
        answers.count(humans, humans + others, np.array(dialing))
        answers.refresh(answers.cautious_rate)
        assert 0.0 < answers.rate <= 1.0
        assert answers.live_within(answers.times(8)).max() <= 1.0


@given(
    st.lists(st.floats(0.5, 3000), min_size=5, max_size=60),
    st.lists(st.floats(0, 3000), max_size=30),
)
@settings(max_examples=30, deadline=None)
def test_time_at_risk_equals_a_slow_count(ended: list[float], running: list[float]) -> None:
    elapsed = [*ended, *running]
    slow = [
        sum(max(0.0, min(e, high) - low) for e in elapsed)
        for low, high in itertools.pairwise(EDGES_S)
    ]
    assert time_at_risk(np.array(elapsed)) == pytest.approx(slow)


def test_long_talks_that_run_are_not_missed() -> None:
    rng = random.Random(7)
    ended: list[float] = []
    running: list[float] = []
    for _ in range(2000):
        talk_s, cut_s = rng.expovariate(1 / 200), rng.uniform(0, 400)
        (ended if talk_s < cut_s else running).append(min(talk_s, cut_s))
    learned = Durations(50.0)
    learned.learn(np.array(ended))
    learned.refresh(np.array(running))
    assert learned.mean_s == pytest.approx(200, rel=0.2)
    assert learned.ends_within(np.array([100.0]), np.array([30.0]))[0, 0] == pytest.approx(
        1 - math.exp(-30 / 200), rel=0.3
    )


# -- the risk of one more call -------------------------------------------------------------------

_chances = st.lists(st.floats(0, 1), max_size=9)


@given(st.integers(-3, 5), _chances, _chances, st.floats(0.01, 0.9))
@settings(max_examples=30, deadline=None)
def test_exact_risks_equal_a_slow_count(
    free: int, calls: list[float], agents: list[float], added: float
) -> None:
    def law(chances: list[float]) -> dict[int, float]:
        counts = {0: 1.0}
        for chance in chances:
            counts = {
                n: counts.get(n, 0.0) * (1 - chance) + counts.get(n - 1, 0.0) * chance
                for n in range(len(counts) + 1)
            }
        return counts

    column: Any = np.array
    risks = exact_risks(
        free, column(calls).reshape(-1, 1), column(agents).reshape(-1, 1), column([added]), 4, 2.0
    )
    for extra, risk in enumerate(risks):
        slow = sum(
            p * q
            for came, p in law([*calls, *[added] * extra]).items()
            for freed, q in law(agents).items()
            if came >= freed + free
        )
        assert risk == pytest.approx(slow, abs=1e-9)
    assert all(b >= a - 1e-9 for a, b in itertools.pairwise(risks))


def test_moments_give_the_exact_risks_of_large_teams() -> None:
    rng = np.random.default_rng(8)
    calls, agents = rng.uniform(0, 0.4, (60, 8)), rng.uniform(0, 0.25, (120, 8))
    calls.sort(axis=1)
    agents.sort(axis=1)
    added = 0.3 * (np.arange(8) + 0.5) / 8
    for free in (-2, 0, 3):
        exact = exact_risks(free, calls, agents, added, 12, 2.0)
        near = normal_risks(free, moments_of(calls), moments_of(agents), added, 12)
        assert near == pytest.approx(exact, abs=0.004)


# -- over time -----------------------------------------------------------------------------------


def test_memory_is_bounded() -> None:
    floor = Floor(agents=6, answer_rate=0.4, seed=9)
    sizes = []
    for _ in range(2):
        floor.run_for(300.0)
        sizes.append(len(json.dumps(floor.pacer.dump())))
    assert sizes[1] < sizes[0] * 1.5


def test_a_restarted_pacer_goes_on_where_it_was() -> None:
    floor = Floor(agents=6, answer_rate=0.4, seed=10)
    floor.run_for(600.0)
    old, new = floor.pacer, Pacer.load(json.loads(json.dumps(floor.pacer.dump())))
    snapshot = floor.snapshot()
    decided(old, floor.now, snapshot)
    snapshot.logs = Logs()
    decided(new, 5.0, snapshot)
    for key in ("answer_rate", "talk_s", "wrap_up_s", "tolerated_risk", "window_live"):
        assert new.explain()[key] == pytest.approx(old.explain()[key], rel=0.1), key


@pytest.mark.parametrize("agents", [6, 20])
def test_a_restarted_pacer_decides_as_the_old_one_would(agents: int) -> None:
    floor = Floor(agents=agents, answer_rate=0.3, seed=12)
    floor.run_for(700.0)
    old, kept = floor.pacer, json.loads(json.dumps(floor.pacer.dump()))
    before = dataclasses.asdict(floor.snapshot().logs)
    twin, pairs = Pacer.load(kept), []

    class Both(Pacer):
        def decide(self, now: float, state: Any) -> int:
            calls = old.decide(now, state)
            logs = {k: getattr(state.logs, k)[len(v) :] for k, v in before.items()}
            anew = dataclasses.replace(state, logs=Logs(**logs))
            # Another process: another clock, and logs that begin anew.
            pairs.append((calls, decided(twin, now + 5000.0, anew)))
            return calls

    floor.pacer = Both()
    floor.run_for(240.0)
    assert sum(a for a, _ in pairs) > 20
    assert max(abs(a - b) for a, b in pairs) <= 1
    assert sum(a != b for a, b in pairs) <= 6
    assert abs(sum(a - b for a, b in pairs)) <= 3


def test_a_restarted_pacer_knows_that_the_trunk_fails() -> None:
    pacer, snapshot = Pacer(), Snapshot(idle=[1.0] * 50)
    fails = [(i / 10, i / 10 + 0.3, "busy", 0.3, 0.0) for i in range(100)]
    snapshot.logs.outcomes += [(0.0, 20.0, "noanswer", 20.0, 0.0)] * 300 + fails
    assert decided(pacer, 20.0, snapshot) <= 1
    again = Pacer.load(json.loads(json.dumps(pacer.dump())))
    assert decided(again, 3.0, Snapshot(idle=[1.0] * 50)) <= 1


def test_state_of_earlier_releases_is_taken(learned: dict[str, Any]) -> None:
    older = json.loads(json.dumps(learned))
    del older["health"], older["steering"]["half_hour"], older["forecast"]["answers"]["exposed"]
    snapshot = Snapshot(idle=[1.0] * 5, talking=[40.0] * 7)
    assert decided(Pacer.load(older), 1.0, snapshot) >= 5


@pytest.mark.parametrize("saved", [{}, {"version": 1}, {"version": 1, "forecast": {"answers": 3}}])
def test_what_is_no_state_is_refused(saved: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="state"):
        Pacer.load(saved)


class Day(RuleBasedStateMachine):
    """A small floor on which everything may happen at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = Floor(agents=5, answer_rate=0.3, seed=11)

    @rule(seconds=st.sampled_from([1.0, 5.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self.floor.run_for(seconds)

    @rule(rate=st.sampled_from([0.0, 0.1, 0.5, 0.9]))
    def another_list(self, rate: float) -> None:
        self.floor.answer_rate = rate

    @rule()
    def one_comes(self) -> None:
        self.floor.agent_comes()

    @rule()
    def one_goes(self) -> None:
        self.floor.agent_goes()

    @rule()
    def all_go(self) -> None:
        while self.floor.agents:
            self.floor.agent_goes()
        before = self.floor.dialed
        self.floor.run_for(2.0)
        assert self.floor.dialed == before

    @rule()
    def the_dialer_restarts(self) -> None:
        self.floor.pacer = Pacer.load(json.loads(json.dumps(self.floor.pacer.dump())))

    @invariant()
    def no_flood(self) -> None:
        # With a rate of one in ten or more, ten calls in flight per agent are never sensible.
        assert len(self.floor.dialing) <= 12 * max(1, self.floor.most_agents)


TestDay = Day.TestCase
TestDay.settings = settings(max_examples=8, stateful_step_count=12, deadline=None)
