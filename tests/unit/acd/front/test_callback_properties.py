"""Callbacks among waiting callers: nobody is lost, called too often or overtaken unfairly."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from ringway.acd.core.callback import Callback, CallbackState, Dialogue, Requested, Say
from ringway.acd.core.routing import Offer, Queue, Router, Waiting

pytestmark = pytest.mark.property

RETRY_S = 60.0


@given(st.text("0123456789*#", max_size=60), st.sampled_from(["", "+8613800000001"]))
def test_whatever_is_pressed_the_dialogue_asks_for_one_number_at_most(
    pressed: str, number: str
) -> None:
    dialogue = Dialogue(number, lambda digits: f"+{digits}" if len(digits) > 5 else None)
    said, requests, at = len(dialogue.begin()), 0, 0.0
    for digit in pressed:
        at += 1
        commands = dialogue.key(at, digit)
        said += sum(isinstance(c, Say) for c in commands)
        requests += sum(isinstance(c, Requested) and bool(c.number) for c in commands)
    assert requests <= 1
    assert not requests or dialogue.is_over
    assert said <= len(pressed) + 8


class Line(RuleBasedStateMachine):
    """One queue with one agent: calls and callbacks, first come first served."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0
        self.router = Router()
        self.router.put_queue(0, Queue("q"))
        self.router.put_agent(0, "ann", {})
        self.calls: dict[str, float] = {}  # who waits in the queue, and since when
        self.callbacks: dict[str, Callback] = {}
        self.serving: str | None = None
        self.served: list[str] = []
        self.called: dict[str, int] = {}

    def pass_time(self, seconds: float = 1.0) -> None:
        self.at += seconds

    def offered(self, decisions: object) -> None:
        assert isinstance(decisions, list)
        for decision in decisions:
            if isinstance(decision, Offer):
                assert self.serving is None
                self.serving = decision.interaction_id
                # Nobody who waits has been waiting for longer: place counts, not channel.
                since = self.calls[self.serving]
                assert all(since <= other for other in self.calls.values())
                self.router.accept(self.at, self.serving, "ann")
                del self.calls[self.serving]

    def enqueue(self, name: str, since: float) -> None:
        self.calls[name] = since
        self.offered(self.router.enqueue(self.at, Waiting(name, "q", since)))

    @rule()
    def caller_comes(self) -> None:
        self.pass_time()
        self.enqueue(f"i{len(self.called)}-{self.at}", self.at)

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), attempts=st.integers(1, 3))
    def caller_asks_for_a_callback(self, data: st.DataObject, attempts: int) -> None:
        self.pass_time()
        name = data.draw(st.sampled_from(sorted(self.calls)))
        if name not in self.callbacks:
            self.callbacks[name] = Callback("+1", self.calls[name], attempts)

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def caller_hangs_up(self, data: st.DataObject) -> None:
        self.pass_time()
        name = data.draw(st.sampled_from(sorted(self.calls)))
        if name not in self.callbacks:
            del self.calls[name]
            self.offered(self.router.leave(self.at, name))

    @precondition(lambda self: self.serving is None)
    @rule()
    def agent_is_ready(self) -> None:
        self.pass_time()
        self.offered(self.router.ready(self.at, "ann", self.at))

    @precondition(lambda self: self.serving is not None)
    @rule(answers=st.booleans())
    def the_served_one_is_done(self, answers: bool) -> None:
        self.pass_time()
        name, self.serving = self.serving or "", None
        self.router.busy(self.at, "ann")
        callback = self.callbacks.get(name)
        if callback is None:
            return
        assert callback.turn()
        self.called[name] = self.called.get(name, 0) + 1
        if answers:
            assert callback.answered()
        else:
            callback.failed(self.at)

    @rule()
    def a_minute_passes(self) -> None:
        self.pass_time(RETRY_S)
        for name, callback in self.callbacks.items():
            if callback.rested(self.at):
                self.enqueue(name, callback.since)

    @invariant()
    def nobody_is_lost_or_called_too_often(self) -> None:
        for name, callback in self.callbacks.items():
            assert self.called.get(name, 0) <= callback.attempts
            here = name in self.calls or self.serving == name
            assert here == (callback.state is CallbackState.WAITING)


TestLine = Line.TestCase
TestLine.settings = settings(max_examples=50)
