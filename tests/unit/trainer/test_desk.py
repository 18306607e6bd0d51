"""A simulated person at the console, against a platform that misbehaves."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.proto.acd import AgentState, LegMode
from ringway.trainer.core.desk import (
    BeReady,
    Desk,
    FileDisposition,
    HangUp,
    NoteTalk,
    SignIn,
    SignOut,
    Status,
)

pytestmark = pytest.mark.property


def _desk(talk_s: tuple[float, float] | None = None, mode: LegMode = LegMode.NAILED_UP) -> Desk:
    return Desk(mode, talk_s, (1.0, 2.0), random.Random(1))


def _on_phone(state: AgentState, interaction: str = "") -> Status:
    return Status(state, interaction, is_phone_in_call=True)


def test_a_day_at_the_console() -> None:
    desk = _desk()
    assert desk.handle(Status(AgentState.LOGGED_OUT), 10) == [SignIn()]
    assert desk.handle(_on_phone(AgentState.NOT_READY), 11) == [BeReady()]
    assert desk.handle(_on_phone(AgentState.READY), 12) == []
    assert desk.handle(_on_phone(AgentState.TALKING, "i1"), 15) == []
    assert desk.interactions == 1
    wrapping = _on_phone(AgentState.WRAP_UP, "i1")
    assert desk.handle(wrapping, 20) == [NoteTalk("i1", 15, 20)]
    assert desk.next_deadline is not None
    assert 21 <= desk.next_deadline <= 22
    assert desk.handle(wrapping, 20.5) == []
    assert desk.handle(wrapping, desk.next_deadline) == [FileDisposition("i1")]
    assert desk.handle(_on_phone(AgentState.READY), 23) == []


def test_an_unregistered_phone_waits_and_signing_in_is_not_hammered() -> None:
    desk = _desk()
    gone = Status(AgentState.LOGGED_OUT, is_phone_registered=False)
    assert desk.handle(gone, 1) == []
    assert desk.handle(Status(AgentState.LOGGED_OUT), 2) == [SignIn()]
    assert desk.handle(Status(AgentState.LOGGED_OUT), 2.5) == []
    assert desk.handle(Status(AgentState.LOGGED_OUT), 3.1) == [SignIn()]


def test_a_nailed_up_session_without_its_call_is_given_up() -> None:
    desk = _desk()
    lost = Status(AgentState.READY)
    assert desk.handle(lost, 10) == []
    assert desk.next_deadline == 14
    assert desk.handle(lost, 14) == [SignOut()]
    assert _desk(mode=LegMode.ON_DEMAND).handle(lost, 100) == []


def test_he_hangs_up_once_after_his_time() -> None:
    desk = _desk(talk_s=(3, 3))
    talking = _on_phone(AgentState.TALKING, "i1")
    assert desk.handle(talking, 0) == []
    assert desk.next_deadline == 3
    assert desk.handle(talking, 3) == [HangUp("i1")]
    assert desk.handle(talking, 4) == []


def test_a_new_talk_without_wrap_up_between_is_noted_apart() -> None:
    desk = _desk()
    desk.handle(_on_phone(AgentState.TALKING, "i1"), 0)
    assert desk.handle(_on_phone(AgentState.TALKING, "i2"), 5) == [NoteTalk("i1", 0, 5)]
    assert desk.interactions == 2


@given(
    st.lists(
        st.tuples(
            st.sampled_from(AgentState),
            st.sampled_from(["", "i1", "i2"]),
            st.booleans(),
            st.booleans(),
            st.floats(0, 5),
        )
    )
)
def test_whatever_the_platform_says_he_comes_back_to_work(
    days: list[tuple[AgentState, str, bool, bool, float]],
) -> None:
    desk, at = _desk(talk_s=(1, 3)), 0.0
    for state, interaction, registered, in_call, later in days:
        desk.handle(Status(state, interaction, registered, in_call), at)
        at += later
    at += 60
    assert SignIn() in desk.handle(Status(AgentState.LOGGED_OUT), at)
    assert BeReady() in desk.handle(_on_phone(AgentState.NOT_READY), at + 1)
    desk.handle(_on_phone(AgentState.WRAP_UP, "last"), at + 2)
    assert desk.handle(_on_phone(AgentState.WRAP_UP, "last"), at + 9) == [FileDisposition("last")]
