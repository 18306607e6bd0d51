"""Hypothesis tries to break a talk: a customer in silence, somebody in two places, leftovers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from tests.support.talk_world import GONE, TalkWorld, plain_talk

from ringway.acd.core import talk_model as t
from ringway.acd.core.talk_model import CUSTOMER, ON_HOLD, NotNow, NotPart
from ringway.proto.acd_config import Target, TargetKind

pytestmark = pytest.mark.property

AGENTS = ("ann", "bob", "cid")
TARGETS = (
    Target(kind=TargetKind.AGENT, value="bob"),
    Target(kind=TargetKind.AGENT, value="cid"),
    Target(kind=TargetKind.AGENT, value="ann"),
    Target(kind=TargetKind.NUMBER, value="+441"),
    Target(kind=TargetKind.NUMBER, value="+442"),
)
agents = st.sampled_from(AGENTS)
targets = st.sampled_from(TARGETS)
times = st.floats(0, 5)
legs = st.sampled_from(
    (CUSTOMER, "a0", *(f"p{n}" for n in range(1, 7)), *(f"l{n}" for n in range(1, 5)))
)

CONSULTING = (t.ConsultAsked, t.TransferAsked, t.ReferAsked, t.LineAsked)
PLAIN: dict[str, Callable[[float, str], t.Event]] = {
    "hold": t.HoldAsked,
    "resume": t.ResumeAsked,
    "mute": lambda at, by: t.MuteAsked(at, by, True),
    "unmute": lambda at, by: t.MuteAsked(at, by, False),
    "cancel": t.CancelConsultAsked,
    "complete": t.CompleteAsked,
    "merge": t.MergeAsked,
    "leave": t.LeaveAsked,
    "hang_up": t.HangUpAsked,
}


class TalkMachine(RuleBasedStateMachine):
    """Operations and interruptions in any order, also late, repeated and by strangers."""

    def __init__(self) -> None:
        super().__init__()
        self.world: TalkWorld = plain_talk()
        self.now = 0.0

    def ask(self, event: t.Event, *, is_idempotent: bool = True) -> None:
        talk = self.world.talk
        before = {p.leg_id: (p.state, p.place, p.role, p.is_muted) for p in talk.parties.values()}
        try:
            self.world.do(event)
        except (NotNow, NotPart):
            after = {
                p.leg_id: (p.state, p.place, p.role, p.is_muted) for p in talk.parties.values()
            }
            assert before == after, "a refused operation changed something"
            return
        if is_idempotent:
            try:
                again = self.world.do(event)
            except (NotNow, NotPart):
                return
            assert again == [], f"a repeat of {event} did something"

    def at(self, seconds: float) -> float:
        self.now += seconds
        return self.now

    @rule(name=st.sampled_from(sorted(PLAIN)), by=agents, after=times)
    def asks(self, name: str, by: str, after: float) -> None:
        self.ask(PLAIN[name](self.at(after), by))

    @rule(by=agents, whom=targets, after=times, kind=st.sampled_from(CONSULTING))
    def consults(self, by: str, whom: Target, after: float, kind: type[t.ConsultAsked]) -> None:
        target = whom
        is_agent = target.kind is TargetKind.AGENT
        agent = target.value if is_agent else None
        busy = set(self.world.joined) | self.world.claimed
        consult = self.world.talk.consult
        if agent in busy and not (consult is not None and consult.target == target):
            return  # the floor refuses the claim before the talk is asked
        self.ask(kind(self.at(after), by, target, agent, "" if is_agent else target.value))

    @rule(by=agents, after=times)
    def sends_to_queue(self, by: str, after: float) -> None:
        self.ask(t.HandOverAsked(self.at(after), by, Target(kind=TargetKind.QUEUE, value="q")))

    @rule(by=agents, leg=legs, after=times)
    def removes(self, by: str, leg: str, after: float) -> None:
        self.ask(t.RemoveAsked(self.at(after), by, leg))

    @precondition(lambda self: self.world.ringing)
    @rule(data=st.data(), after=times, nailed=st.booleans(), is_near=st.booleans())
    def answers(self, data: st.DataObject, after: float, nailed: bool, is_near: bool) -> None:
        """An agent's phone that is on another node has no home for this talk."""
        leg = data.draw(st.sampled_from(sorted(self.world.ringing)))
        home = f"{leg}.b" if leg in self.world.agents and is_near else None
        self.world.nailed[leg] = nailed
        self.ask(t.PartyAnswered(self.at(after), leg, home))

    @precondition(lambda self: self.world.ringing)
    @rule(data=st.data(), after=times)
    def fails(self, data: st.DataObject, after: float) -> None:
        leg = data.draw(st.sampled_from(sorted(self.world.ringing)))
        self.ask(t.PartyFailed(self.at(after), leg))

    @rule(leg=legs, after=times)
    def hangs_up(self, leg: str, after: float) -> None:
        if leg in self.world.at:
            self.ask(t.PartyGone(self.at(after), leg))

    @rule(leg=legs, after=times)
    def late_news(self, leg: str, after: float) -> None:
        """Answers and failures of legs that do not ring."""
        if leg not in self.world.ringing:
            for event in (t.PartyAnswered(self.at(after), leg), t.PartyFailed(self.at(0), leg)):
                assert self.world.do(event) == []

    @rule(data=st.data(), place=st.sampled_from((ON_HOLD, "nowhere", "ann.b", "p1.b")))
    def is_lost(self, data: st.DataObject, place: str) -> None:
        """A command was not carried out, and nobody told us."""
        talk = self.world.talk
        there = [p.leg_id for p in talk.parties.values() if p.place is not None]
        if there and not talk.is_ending:
            self.world.lose(data.draw(st.sampled_from(there)), place)

    def teardown(self) -> None:
        """Whatever state it is in: the customer goes, and nothing remains."""
        world = self.world
        if world.talk.customer is not None:
            world.do(t.PartyGone(self.at(1), CUSTOMER))
        assert world.is_over
        left = {leg: place for leg, place in world.at.items() if place not in (GONE, "home")}
        assert not left or (set(left) == {CUSTOMER} and world.handed_to)


TestTalk = TalkMachine.TestCase
TestTalk.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
