"""Conferences as a pure state machine."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from ringway.acd.core import conference as c
from ringway.proto.acd_calls import PartyState

pytestmark = pytest.mark.unit


class Meetings(RuleBasedStateMachine):
    """A room that does what the conference says; whatever comes in whatever order."""

    legs = Bundle("legs")

    def __init__(self) -> None:
        super().__init__()
        self.conference = c.Conference()
        self.room: set[str] = set()
        self.muted: set[str] = set()
        self.called: set[str] = set()
        self.overs = 0

    def do(self, commands: object) -> None:
        assert isinstance(commands, list)
        for command in commands:
            match command:
                case c.Enter(leg_id):
                    assert leg_id not in self.room
                    self.room.add(leg_id)
                case c.Mute(leg_id, muted):
                    assert leg_id in self.room
                    (self.muted.add if muted else self.muted.discard)(leg_id)
                case c.LetGo(leg_id):
                    self.room.discard(leg_id)
                    self.called.discard(leg_id)
                case c.Over():
                    self.overs += 1

    @rule(target=legs, number=st.integers(1, 8), organises=st.booleans())
    def invite(self, number: int, organises: bool) -> object:
        is_first = not self.conference.members
        member = self.conference.invite(number=str(number), is_organiser=is_first and organises)
        if member is None:
            return multiple()
        self.called.add(member.leg_id)
        return member.leg_id

    @rule(leg_id=legs)
    def answers(self, leg_id: str) -> None:
        self.do(list(self.conference.answered(leg_id)))

    @rule(leg_id=consumes(legs))
    def goes(self, leg_id: str) -> None:
        self.room.discard(leg_id)
        self.called.discard(leg_id)
        self.do(list(self.conference.gone(leg_id)))

    @rule(leg_id=legs | st.none(), muted=st.booleans())
    def mutes(self, leg_id: str | None, muted: bool) -> None:
        self.do(list(self.conference.mute(leg_id, muted=muted)))

    @rule(leg_id=legs)
    def removes(self, leg_id: str) -> None:
        self.do(list(self.conference.remove(leg_id)))

    @rule()
    def ends(self) -> None:
        self.do(list(self.conference.end()))

    @invariant()
    def everybody_is_where_he_belongs(self) -> None:
        members = self.conference.members.values()
        assert self.room == {m.leg_id for m in members if m.state is PartyState.TALKING}
        for member in members:
            if member.leg_id in self.room:
                assert (member.leg_id in self.muted) is member.is_muted

    @invariant()
    def nobody_is_left_alone_and_it_ends_once(self) -> None:
        assert self.overs == self.conference.is_over
        if self.conference.is_over:
            assert not self.room
            assert not self.called
        assert self.conference.most >= len(self.room)

    @invariant()
    def nobody_is_called_twice_at_once(self) -> None:
        there = [m.number for m in self.conference.members.values() if m.state is not c.GONE]
        assert len(there) == len(set(there))


TestMeetings = Meetings.TestCase
TestMeetings.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def test_there_is_a_largest_conference() -> None:
    conference = c.Conference()
    for number in range(c.MOST_MEMBERS):
        conference.invite(number=str(number))
    with pytest.raises(c.Full):
        conference.invite(number="one more")
