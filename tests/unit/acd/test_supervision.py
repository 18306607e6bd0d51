"""Scope of supervisors, and what their phones hear from talk to talk."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringway.acd.core import supervision as s
from ringway.acd.core.supervision import BARGE, IDLE_LIMIT_S, LISTEN, WHISPER, Session
from ringway.proto.acd_config import MonitorGroup, SupervisionMode

pytestmark = pytest.mark.unit

ALL = frozenset(SupervisionMode)


# -- scope -----------------------------------------------------------------------------------------


def test_groups_add_up_and_nobody_supervises_himself() -> None:
    groups = (
        MonitorGroup(
            name="a", agent_ids=("ann", "bob"), supervisor_ids=("sue",), allowed=(LISTEN,)
        ),
        MonitorGroup(name="b", agent_ids=("bob", "sue"), supervisor_ids=("sue",), allowed=(BARGE,)),
        MonitorGroup(name="c", agent_ids=("cid",), supervisor_ids=("tom",)),
    )
    assert s.allowed_modes(groups, "sue", "ann", everywhere=False) == {LISTEN}
    assert s.allowed_modes(groups, "sue", "bob", everywhere=False) == {LISTEN, BARGE}
    assert s.allowed_modes(groups, "sue", "cid", everywhere=False) == frozenset()
    assert s.allowed_modes(groups, "tom", "cid", everywhere=False) == ALL
    assert s.allowed_modes(groups, "sue", "sue", everywhere=False) == frozenset()
    assert s.allowed_modes((), "boss", "ann", everywhere=True) == ALL
    assert s.allowed_modes((), "boss", "boss", everywhere=True) == frozenset()
    assert s.visible_agents(groups, "sue") == {"ann", "bob", "sue"}
    assert s.visible_agents(groups, "eve") == frozenset()


_ids = st.sampled_from(["a", "b", "c", "d"])
_groups = st.lists(
    st.builds(
        MonitorGroup,
        name=st.just("g"),
        agent_ids=st.lists(_ids, unique=True).map(tuple),
        supervisor_ids=st.lists(_ids, unique=True).map(tuple),
        allowed=st.lists(st.sampled_from(SupervisionMode), unique=True).map(tuple),
    ),
    max_size=4,
)


@given(_groups, _ids, _ids)
def test_scope_is_exactly_what_some_group_says(
    groups: list[MonitorGroup], supervisor: str, agent: str
) -> None:
    allowed = s.allowed_modes(groups, supervisor, agent, everywhere=False)
    for mode in SupervisionMode:
        said = any(
            supervisor in g.supervisor_ids and agent in g.agent_ids and mode in g.allowed
            for g in groups
        )
        assert (mode in allowed) == (said and supervisor != agent)
    if allowed:
        assert agent in s.visible_agents(groups, supervisor)


# -- one supervisor --------------------------------------------------------------------------------


def _hearing(mode: SupervisionMode = LISTEN) -> Session:
    session = Session("sue")
    assert session.handle(s.Asked(0, "ann", mode, "i1")) == [s.CallPhone()]
    assert session.handle(s.PhoneUp(2)) == [s.Open("ann", "i1", mode)]
    assert session.handle(s.EarUp(3)) == []
    return session


def test_the_mode_changes_without_dropping_the_phone() -> None:
    session = _hearing()
    assert session.handle(s.Asked(4, "ann", WHISPER, "i1")) == [s.Open("ann", "i1", WHISPER)]
    assert session.handle(s.Asked(5, "ann", WHISPER, "i1")) == []  # a repeat
    assert session.handle(s.Asked(6, "ann", BARGE, "i1")) == [s.Open("ann", "i1", BARGE)]
    assert session.handle(s.Stopped(13)) == [
        s.Close(),
        s.Left("ann", "i1", 10.0),
        s.ReleasePhone(),
    ]
    assert session.is_over
    assert session.handle(s.Asked(14, "ann", LISTEN, "i1")) == []


@pytest.mark.parametrize("mode", sorted(s.HEARING))
def test_the_supervisor_stays_for_the_next_talk_and_only_listens_to_it(
    mode: SupervisionMode,
) -> None:
    session = _hearing(mode)
    assert session.handle(s.TalkChanged(8, "ann", None)) == [s.Close(), s.Left("ann", "i1", 5.0)]
    assert session.handle(s.TalkChanged(9, "bob", "i2")) == []  # whom he does not supervise
    assert session.handle(s.TalkChanged(10, "ann", "i3")) == [
        s.Open("ann", "i3", LISTEN),
        s.Followed("ann", "i3"),
    ]


def test_who_may_only_barge_does_not_follow() -> None:
    session = _hearing(BARGE)
    session.handle(s.TalkChanged(8, "ann", None))
    assert session.handle(s.TalkChanged(9, "ann", "i2", may_listen=False)) == [s.ReleasePhone()]
    assert session.is_over


def test_another_agent_is_heard_on_the_same_phone() -> None:
    session = _hearing()
    assert session.handle(s.Asked(5, "bob", BARGE, "i9")) == [
        s.Left("ann", "i1", 2.0),
        s.Open("bob", "i9", BARGE),
    ]
    assert session.handle(s.TalkChanged(6, "ann", None)) == []


def test_a_talk_that_ends_while_the_phone_rings_is_not_heard() -> None:
    session = Session("sue")
    session.handle(s.Asked(0, "ann", BARGE, "i1"))
    assert session.handle(s.TalkChanged(1, "ann", None)) == []
    assert session.handle(s.TalkChanged(2, "ann", "i2")) == []
    assert session.handle(s.PhoneUp(3)) == [s.Open("ann", "i2", LISTEN)]


def test_an_ear_that_never_was_is_not_told() -> None:
    session = Session("sue")
    session.handle(s.Asked(0, "ann", LISTEN, "i1"))
    session.handle(s.PhoneUp(1))
    assert session.handle(s.EarFailed(2)) == [s.Close()]
    assert session.handle(s.Stopped(3)) == [s.ReleasePhone()]


def test_scope_that_is_lost_ends_it_and_other_changes_do_not() -> None:
    session = _hearing(WHISPER)
    assert session.handle(s.ScopeChanged(4, frozenset({WHISPER}))) == []
    assert s.ReleasePhone() in session.handle(s.ScopeChanged(5, frozenset({LISTEN})))


def test_a_forgotten_supervision_ends() -> None:
    session = _hearing()
    assert session.idle_until is None
    session.handle(s.TalkChanged(10, "ann", None))
    assert session.idle_until == 10 + IDLE_LIMIT_S
    assert session.handle(s.Tick(11)) == []
    assert session.handle(s.Tick(10 + IDLE_LIMIT_S)) == [s.ReleasePhone()]


def test_a_phone_that_left_or_is_taken_is_not_let_go() -> None:
    for event in (s.PhoneGone(5), s.PhoneTaken(5)):
        session = _hearing()
        assert session.handle(event) == [s.Close(), s.Left("ann", "i1", 2.0)]
        assert session.is_over
    session = _hearing()
    assert s.ReleasePhone() in session.handle(s.AgentOut(5, "ann"))


_agents = st.sampled_from(["ann", "bob"])
_talks = st.sampled_from(["i1", "i2", "i3"])
_at = st.just(0.0)
_events = st.lists(
    st.one_of(
        st.builds(s.Asked, _at, _agents, st.sampled_from(sorted(s.HEARING)), _talks),
        st.builds(s.PhoneUp, _at),
        st.builds(s.PhoneGone, _at),
        st.builds(s.PhoneTaken, _at),
        st.builds(s.EarUp, _at),
        st.builds(s.EarFailed, _at),
        st.builds(s.TalkChanged, _at, _agents, st.none() | _talks, st.booleans()),
        st.builds(s.AgentOut, _at, _agents),
        st.builds(s.ScopeChanged, _at, st.frozensets(st.sampled_from(sorted(s.HEARING)))),
        st.builds(s.Stopped, _at),
        st.builds(s.Tick, st.just(IDLE_LIMIT_S * 2)),
    ),
    max_size=30,
)


@settings(max_examples=500)
@given(_events)
def test_whatever_happens(events: list[s.Event]) -> None:
    session = Session("sue")
    ear: s.Open | None = None
    confirmed: tuple[str, str] | None = None  # the talk that is really heard
    calls = releases = 0
    asked: tuple[str, str, SupervisionMode] | None = None  # the last wish
    for event in events:
        was_over = session.is_over
        if isinstance(event, s.Asked) and not was_over:
            asked = (event.agent_id, event.interaction_id, event.mode)
        if isinstance(event, s.EarUp) and ear is not None and confirmed is None:
            confirmed = (ear.agent_id, ear.interaction_id)
        commands = session.handle(event)
        assert not (was_over and commands)
        for command in commands:
            match command:
                case s.CallPhone():
                    calls += 1
                case s.ReleasePhone():
                    releases += 1
                    assert ear is None  # silence first
                case s.Open(agent_id, interaction_id, mode):
                    # More than listening only where it was asked for.
                    assert mode is LISTEN or asked == (agent_id, interaction_id, mode)
                    assert agent_id == session.agent_id
                    ear = command
                case s.Close():
                    assert ear is not None
                    ear = None
                case s.Left(agent_id, interaction_id, listened_s):
                    assert (agent_id, interaction_id) == confirmed  # each told once
                    assert listened_s >= 0
                    confirmed = None
                case s.Followed():
                    assert ear is not None
        assert calls <= 1
        assert releases <= calls
        assert (ear is not None) == (session.heard is not None)
        if ear is not None:
            assert session.phone is s.PhoneState.UP
            assert ear.interaction_id == session.heard == session.interaction_id
        if session.is_over:
            assert ear is None
            assert confirmed is None
            assert session.idle_until is None
