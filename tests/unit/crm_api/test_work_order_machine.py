"""Orders are always in exactly one step, and their history makes them again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ringway.crm_api.core.work_orders import machine
from ringway.crm_api.core.work_orders.alarms import Alarm, alarms_of_promises, alarms_of_step
from ringway.crm_api.core.work_orders.design import (
    Assign,
    AssignKind,
    Design,
    Party,
    PartyKind,
    Sla,
    Step,
    StepKind,
    Timer,
    TimerKind,
    Transition,
)
from ringway.crm_api.core.work_orders.history import Changes, changes, replay
from ringway.crm_api.core.work_orders.hours import Always, Hours
from ringway.crm_api.core.work_orders.model import (
    Act,
    AssignTo,
    Event,
    Facts,
    GiveBack,
    Migrate,
    Outcome,
    PromiseDue,
    Refusal,
    Reopen,
    State,
    Take,
    TimerDue,
    Who,
)
from ringway.crm_api.core.work_orders.records import clocks_from, clocks_to, record_of
from ringway.crm_api.core.work_orders.shipped import DESIGNS
from ringway.crm_api.core.work_orders.sla import Promise

pytestmark = pytest.mark.unit

_NOW = datetime(2026, 3, 27, 8, tzinfo=UTC)  # the clock changes two days later
_TEAM, _OTHER = UUID(int=11), UUID(int=12)
_ANN = Who(UUID(int=1), frozenset({"agent"}), teams=frozenset({_TEAM}))
_BOB = Who(UUID(int=2), frozenset({"agent"}), teams=frozenset({_OTHER}))
_LEA = Who(UUID(int=3), frozenset({"team_leader"}), leads=frozenset({_TEAM}))
_BOSS = Who(UUID(int=4), frozenset({"enterprise_admin"}), is_manager=True)
_NONE = Facts()

_STRICT = Design(
    start="new",
    steps=(
        Step(key="new", name_en="New"),
        Step(
            key="work",
            name_en="Work",
            milestone="sale",
            timers=(
                Timer(
                    key="late",
                    after_s=3600,
                    business_hours=False,
                    kind=TimerKind.ESCALATE,
                    tell=(Party(kind=PartyKind.LEADERS),),
                    assign=Assign(kind=AssignKind.TEAM, team_id=_OTHER),
                ),
                Timer(
                    key="away", after_s=7200, business_hours=False, kind=TimerKind.MOVE, to="done"
                ),
            ),
        ),
        Step(key="wait", name_en="Wait", kind=StepKind.WAITING),
        Step(key="done", name_en="Done", kind=StepKind.DONE),
        Step(key="gone", name_en="Gone", kind=StepKind.CANCELLED),
    ),
    transitions=(
        Transition(
            key="begin",
            name_en="Begin",
            sources=("new",),
            to="work",
            team_ids=(_TEAM,),
            assign=Assign(kind=AssignKind.ACTOR),
        ),
        Transition(key="wait", name_en="Wait", sources=("work",), to="wait"),
        Transition(key="on", name_en="On", sources=("wait",), to="work"),
        Transition(
            key="finish",
            name_en="Finish",
            sources=("work",),
            to="done",
            assignee_only=True,
            required=("result",),
        ),
        Transition(
            key="drop",
            name_en="Drop",
            sources=("new", "work"),
            to="gone",
            roles=("team_leader",),
            needs_comment=True,
        ),
    ),
)
_SLA = Sla(response_s=1800, resolution_s=7200)


def _begun(design: Design = _STRICT, sla: Sla = _SLA) -> State:
    made = machine.begin(
        design, 1, sla, created_by=_ANN.user_id, priority=3, assign=None, now=_NOW, hours=Always()
    )
    return made.state


def _do(event: Event, state: State, who: Who | None = _ANN, facts: Facts = _NONE) -> Any:
    return machine.apply(event, state, _STRICT, who=who, facts=facts, now=_NOW, hours=Always())


def _code(outcome: Outcome | Refusal) -> str:
    assert isinstance(outcome, Refusal)
    assert outcome.detail
    return outcome.code


def test_only_those_whom_the_design_names_may_act() -> None:
    new = _begun()
    assert _code(_do(Act("begin"), new, _BOB)) == "action_not_yours"
    assert _code(_do(Act("finish"), new)) == "action_unknown"
    work = _do(Act("begin"), new)
    assert work.choose == Assign(kind=AssignKind.ACTOR)
    mine = replace(work.state, assignee_id=_ANN.user_id, team_id=_TEAM)
    filled = Facts(frozenset({"result"}))
    assert _code(_do(Act("finish"), mine, _BOB, filled)) == "action_not_yours"
    missing = _do(Act("finish"), mine)
    assert (_code(missing), missing.fields) == ("fields_missing", ("result",))
    assert _code(_do(Act("finish"), mine, _ANN, replace(filled, open_tasks=1))) == "tasks_open"
    for who in (_ANN, _LEA, _BOSS):
        assert _do(Act("finish"), mine, who, filled).state.kind is StepKind.DONE
    assert _code(_do(Act("drop"), mine, _ANN)) == "action_not_yours"
    assert _code(_do(Act("drop"), mine, _LEA)) == "comment_missing"
    assert _do(Act("drop"), mine, _LEA, Facts(has_comment=True)).state.step == "gone"
    assert [t.key for t in machine.possible(mine, _STRICT, _LEA)] == ["wait", "finish", "drop"]
    assert [t.key for t in machine.possible(mine, _STRICT, _BOB)] == ["wait"]


def test_an_order_is_taken_by_one_and_returned_to_his_team() -> None:
    new = _do(AssignTo(None, _TEAM), _begun(), None).state
    taken = _do(Take(), new).state
    assert taken.assignee_id == _ANN.user_id
    assert taken.clocks[Promise.RESPONSE].stopped_at == _NOW
    assert _do(Take(), taken).state == taken
    assert _code(_do(Take(), taken, _BOB)) == "order_taken"
    assert _code(_do(GiveBack(), taken, _BOB)) == "action_not_yours"
    back = _do(GiveBack(), taken, _LEA)
    assert (back.state.assignee_id, back.state.team_id) == (None, _TEAM)
    assert [tell.reason for tell in back.tells] == ["returned"]
    assert _code(_do(GiveBack(), back.state)) == "order_not_assigned"


def test_promises_stand_still_while_the_customer_is_waited_for() -> None:
    def at(hour: float, event: Event, state: State) -> Any:
        now = _NOW + timedelta(hours=hour)
        return machine.apply(
            event, state, _STRICT, who=_BOSS, facts=Facts(frozenset({"result"})), now=now,
            hours=Always(),
        )  # fmt: skip

    work = at(0.25, Act("begin"), _begun()).state
    assert work.clocks[Promise.RESPONSE].spent_s == 900
    waiting = at(1, Act("wait"), work).state
    assert alarms_of_promises(waiting, _SLA, Always()) == []
    again = at(5, Act("on"), waiting).state
    (warning, broken) = alarms_of_promises(again, _SLA, Always())
    assert warning.due_at == _NOW + timedelta(hours=5.6)  # four fifths of two hours
    assert broken.due_at == _NOW + timedelta(hours=6)
    assert _code(at(5.9, broken.event, again)) == "late"
    warned = at(5.9, warning.event, again).state
    assert [each.key for each in alarms_of_promises(warned, _SLA, Always())] == [broken.key]
    breached = at(6, broken.event, warned).state
    assert alarms_of_promises(breached, _SLA, Always()) == []
    assert _code(at(6, broken.event, breached)) == "late"
    done = at(6.5, Act("finish"), breached).state
    assert done.clocks[Promise.RESOLUTION].spent_s == 2.5 * 3600
    open_again = at(8, Reopen(), done).state
    assert (open_again.step, open_again.times_reopened) == ("new", 1)
    # Found late only when it ends: broken all the same.
    quick = at(3, Act("finish"), work).state
    assert quick.clocks[Promise.RESOLUTION].breached_at == _NOW + timedelta(hours=3)


def test_timers_of_a_step_that_was_left_are_late() -> None:
    work = _do(Act("begin"), _begun()).state
    late, away = alarms_of_step(work, _STRICT, Always())
    assert (late.due_at, away.due_at) == (_NOW + timedelta(hours=1), _NOW + timedelta(hours=2))
    escalated = _do(late.event, work, None)
    assert (escalated.state.priority, escalated.choose.team_id) == (4, _OTHER)
    assert [tell.party.kind for tell in escalated.tells] == [PartyKind.LEADERS]
    done = _do(away.event, work, None).state
    assert (done.kind, done.milestones) == (StepKind.DONE, ("sale",))
    assert _code(_do(late.event, done, None)) == "late"


def test_an_order_goes_on_by_another_version_only_where_that_has_its_step() -> None:
    work = _do(Act("begin"), _begun()).state
    simple = DESIGNS[0].design
    assert _code(_do(Migrate(simple, 2), work, _BOSS)) == "step_unknown"
    moved = _do(Migrate(simple, 2, "handling"), work, _BOSS)
    assert (moved.state.step, moved.state.design_version) == ("handling", 2)
    assert moved.has_entered


@dataclass
class _Order:
    state: State
    design: Design
    steps: list[Changes]
    alarms: dict[str, Alarm] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    # The slow reference: business minutes that ran, counted one by one.
    ran_s: dict[Promise, float] = field(default_factory=dict)


_HOURS = Hours(ZoneInfo("Europe/Berlin"), dict.fromkeys(range(6), ((480, 1080),)))
_DESIGNS = [_STRICT, *(each.design for each in DESIGNS)]
_PEOPLE = [_ANN, _BOB, _LEA, _BOSS]
_MINUTE = timedelta(minutes=1)


class Desk(RuleBasedStateMachine):
    """Several orders, worked on by anybody in any order, with time passing."""

    def __init__(self) -> None:
        super().__init__()
        self.now = _NOW
        self.orders: list[_Order] = []
        self.made = 0

    @initialize()
    def open_desk(self) -> None:
        self.create(_STRICT)

    @rule(design=st.sampled_from(_DESIGNS))
    def create(self, design: Design) -> None:
        made = machine.begin(
            design, 1, _SLA, created_by=_ANN.user_id, priority=3,
            assign=Assign(kind=AssignKind.TEAM, team_id=_TEAM), now=self.now, hours=_HOURS,
        )  # fmt: skip
        order = _Order(made.state, design, [])
        order.steps.append(changes({}, record_of(made.state)))
        order.ran_s = dict.fromkeys(made.state.clocks, 0.0)
        self._alarm(order, has_entered=True)
        self.orders.append(order)
        self.made += 1

    @precondition(lambda self: self.orders)
    @rule(
        n=st.integers(0, 5),
        action=st.sampled_from(sorted({t.key for design in _DESIGNS for t in design.transitions})),
        who=st.sampled_from(_PEOPLE),
        facts=st.builds(
            Facts,
            filled=st.sampled_from([frozenset[str](), frozenset({"result"})]),
            open_tasks=st.sampled_from([0, 0, 1]),
            has_comment=st.booleans(),
        ),
    )
    def act(self, n: int, action: str, who: Who, facts: Facts) -> None:
        order = self.orders[n % len(self.orders)]
        before = order.state
        outcome = self._apply(order, Act(action), who, facts)
        if isinstance(outcome, Outcome):
            transition = order.design.transition(before.step, action)
            assert transition is not None
            assert outcome.state.step == transition.to
            assert machine.may_go(transition, before, who)
            assert set(transition.required) <= facts.filled

    @precondition(lambda self: self.orders)
    @rule(
        n=st.integers(0, 5),
        event=st.sampled_from(
            [Take(), GiveBack(), Reopen(), AssignTo(_BOB.user_id, _OTHER), AssignTo(None, _TEAM)]
        ),
        who=st.sampled_from(_PEOPLE),
    )
    def handle(self, n: int, event: Event, who: Who) -> None:
        self._apply(self.orders[n % len(self.orders)], event, who)

    @precondition(lambda self: self.orders)
    @rule(n=st.integers(0, 5), design=st.sampled_from(_DESIGNS))
    def migrate(self, n: int, design: Design) -> None:
        order = self.orders[n % len(self.orders)]
        outcome = self._apply(order, Migrate(design, order.state.design_version + 1), _BOSS)
        if isinstance(outcome, Outcome):
            order.design = design

    @rule(minutes=st.sampled_from([1, 7, 45, 120, 600, 3000]))
    def time_passes(self, minutes: int) -> None:
        until = self.now + minutes * _MINUTE
        while True:
            due = [
                (alarm.due_at, n, alarm)
                for n, order in enumerate(self.orders)
                for alarm in order.alarms.values()
                if alarm.due_at <= until
            ]
            if not due:
                break
            at, n, alarm = min(due, key=lambda each: each[:2])
            # A worker looks once a minute: what is due is done at the next full one.
            late = at.replace(second=0, microsecond=0)
            self._let_run(late if late == at else late + _MINUTE)
            order = self.orders[n]
            del order.alarms[alarm.key]
            self._apply(order, alarm.event, None)
            again = self._apply(order, alarm.event, None, is_repeat=True)
            if isinstance(alarm.event, PromiseDue):
                assert isinstance(again, Refusal), "a promise is told of once"
        self._let_run(max(until, self.now))

    @invariant()
    def every_order_is_in_exactly_one_step(self) -> None:
        assert len(self.orders) == self.made
        for order in self.orders:
            steps = [step for step in order.design.steps if step.key == order.state.step]
            assert [step.kind for step in steps] == [order.state.kind]

    @invariant()
    def history_makes_the_present_again(self) -> None:
        for order in self.orders:
            present = {k: v for k, v in record_of(order.state).items() if v is not None}
            assert replay(order.steps) == present
            assert clocks_from(clocks_to(order.state.clocks)) == order.state.clocks

    @invariant()
    def clocks_show_what_ran(self) -> None:
        for order in self.orders:
            for promise, clock in order.state.clocks.items():
                assert clock.spent(self.now, _HOURS) == order.ran_s[promise]
                is_open = order.state.kind is StepKind.OPEN
                assert clock.since is None or is_open

    @invariant()
    def ended_orders_wait_for_nothing(self) -> None:
        for order in self.orders:
            if order.state.kind.is_end:
                assert not order.alarms
                assert machine.possible(order.state, order.design, _BOSS) == []

    def _apply(
        self,
        order: _Order,
        event: Event,
        who: Who | None,
        facts: Facts = _NONE,
        *,
        is_repeat: bool = False,
    ) -> Outcome | Refusal:
        outcome = machine.apply(
            event, order.state, order.design, who=who, facts=facts, now=self.now, hours=_HOURS
        )
        if is_repeat and isinstance(event, TimerDue):
            return outcome  # a timer's row is gone: it does not come again
        if isinstance(outcome, Refusal):
            return outcome
        order.steps.append(changes(record_of(order.state), record_of(outcome.state)))
        order.state = outcome.state
        if isinstance(event, Migrate):
            order.design = event.design
        self._alarm(order, has_entered=outcome.has_entered)
        return outcome

    def _alarm(self, order: _Order, *, has_entered: bool) -> None:
        kept = {} if has_entered else {k: a for k, a in order.alarms.items() if k[:5] == "step:"}
        made = alarms_of_promises(order.state, _SLA, _HOURS)
        if has_entered:
            made += alarms_of_step(order.state, order.design, _HOURS)
        order.alarms = kept | {alarm.key: alarm for alarm in made}

    def _let_run(self, until: datetime) -> None:
        while self.now < until:
            wall = self.now.astimezone(_HOURS.zone)
            if wall.weekday() < 6 and 8 <= wall.hour < 18:
                for order in self.orders:
                    for promise, clock in order.state.clocks.items():
                        if clock.since is not None:
                            order.ran_s[promise] += 60
            self.now += _MINUTE


Desk.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestDesk = Desk.TestCase
