"""Calls between two user agents over a network that loses, repeats and reorders."""

from __future__ import annotations

import random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.support.sip_network import Network

from ringway.trainer.core.address import NameAddr, Uri
from ringway.trainer.core.call import EndedBy
from ringway.trainer.core.events import (
    Answered,
    Completed,
    Confirmed,
    Ended,
    Event,
    Incoming,
    MediaChanged,
    Ringing,
)
from ringway.trainer.core.message import Request, parse
from ringway.trainer.core.sdp import Direction, Media

pytestmark = pytest.mark.property

ALICE, BOB = 5060, 5070
# Explaining a failure takes longer than the limit of a test.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)


class Line:
    """Alice calls Bob; short words for what a test does and sees."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.alice = network.agent(ALICE, "alice")
        self.bob = network.agent(BOB, "bob")

    def dial(self) -> str:
        target = Uri("bob", "10.0.0.1", BOB)
        handle, effects = self.alice.invite(
            target,
            target.address,
            self.network.at,
            ours=NameAddr(Uri("alice", "10.0.0.1")),
            media=Media("10.0.0.1", 4000),
        )
        self.network.do(ALICE, effects)
        return handle

    def of(self, port: int, kind: type[Event]) -> list[Event]:
        return [e for e in self.network.events[("10.0.0.1", port)] if isinstance(e, kind)]

    @property
    def incoming(self) -> str:
        event = self.of(BOB, Incoming)[-1]
        assert isinstance(event, Incoming)
        return event.call

    def bob_rings(self, status: int = 180, media: Media | None = None) -> None:
        self.network.do(BOB, self.bob.ring(self.incoming, self.network.at, status, media))

    def bob_answers(self) -> None:
        media = Media("10.0.0.1", 4002)
        self.network.do(BOB, self.bob.answer(self.incoming, self.network.at, media))

    def bob_refuses(self, status: int) -> None:
        self.network.do(BOB, self.bob.refuse(self.incoming, self.network.at, status))

    def alice_hangs_up(self, call: str) -> None:
        self.network.do(ALICE, self.alice.hang_up(call, self.network.at))

    def bob_hangs_up(self) -> None:
        if self.of(BOB, Incoming):
            self.network.do(BOB, self.bob.hang_up(self.incoming, self.network.at))


@pytest.fixture
def line() -> Line:
    return Line(Network())


def _answered(line: Line) -> str:
    call = line.dial()
    line.network.run(0.1)
    line.bob_rings()
    line.network.run(0.1)
    line.bob_answers()
    line.network.run(0.1)
    return call


def test_a_call_is_answered_and_ended_by_the_called_party(line: Line) -> None:
    call = _answered(line)
    (ringing,) = line.of(ALICE, Ringing)
    assert isinstance(ringing, Ringing)
    assert ringing.status == 180
    (answered,) = line.of(ALICE, Answered)
    assert isinstance(answered, Answered)
    assert (answered.remote.address, answered.remote.port) == ("10.0.0.1", 4002)
    assert line.of(BOB, Confirmed)
    line.bob_hangs_up()
    line.network.run(1)
    assert line.of(ALICE, Ended) == [Ended(call, EndedBy.PEER, 200, 16)]
    assert line.of(BOB, Ended) == [Ended(line.incoming, EndedBy.US, 200, 16)]
    line.network.run(70)
    assert line.alice.is_idle
    assert line.bob.is_idle


@pytest.mark.parametrize("status", [404, 486, 503, 603])
def test_a_refusal_is_told_with_its_status(line: Line, status: int) -> None:
    call = line.dial()
    line.network.run(0.1)
    line.bob_refuses(status)
    line.network.run(1)
    assert line.of(ALICE, Ended) == [Ended(call, EndedBy.PEER, status, None)]
    line.network.run(70)
    assert line.alice.is_idle
    assert line.bob.is_idle


def test_a_ringing_call_is_cancelled(line: Line) -> None:
    call = line.dial()
    line.network.run(0.1)
    line.bob_rings()
    line.network.run(5)
    line.alice_hangs_up(call)
    line.network.run(1)
    assert line.of(ALICE, Ended) == [Ended(call, EndedBy.US, 487, None)]
    assert line.of(BOB, Ended) == [Ended(line.incoming, EndedBy.PEER, 487, 16)]
    line.network.run(70)
    assert line.alice.is_idle
    assert line.bob.is_idle


def test_cancelling_before_anything_was_heard_waits_for_the_first_response(line: Line) -> None:
    call = line.dial()
    line.alice_hangs_up(call)
    line.network.run(0.1)
    assert line.of(ALICE, Ended) == []
    line.bob_rings()
    line.network.run(0.1)
    assert line.of(ALICE, Ended) == [Ended(call, EndedBy.US, 487, None)]


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up(line: Line) -> None:
    call = line.dial()
    line.network.run(0.1)
    line.bob_rings()
    line.network.run(0.1)
    line.alice_hangs_up(call)
    line.bob_answers()
    line.network.run(1)
    assert line.of(ALICE, Ended) == [Ended(call, EndedBy.US, 200, 16)]
    assert line.of(BOB, Ended) == [Ended(line.incoming, EndedBy.PEER, 200, 16)]


def test_hanging_up_before_the_ack_waits_for_it(line: Line) -> None:
    line.dial()
    line.network.run(0.1)
    line.bob_answers()
    line.bob_hangs_up()
    assert line.of(BOB, Ended) == []
    line.network.run(0.1)
    assert line.of(BOB, Ended) == [Ended(line.incoming, EndedBy.US, 200, 16)]


def test_early_media_is_described_and_kept_for_the_answer(line: Line) -> None:
    line.dial()
    line.network.run(0.1)
    line.bob_rings(183, Media("10.0.0.1", 4002))
    line.network.run(0.1)
    (early,) = line.of(ALICE, Ringing)
    assert isinstance(early, Ringing)
    assert early.remote is not None
    assert early.remote.port == 4002


def test_nobody_there_ends_the_call_after_the_limit() -> None:
    line = Line(Network(fate=list))
    call = line.dial()
    line.network.run(40)
    assert line.of(ALICE, Ended) == [Ended(call, EndedBy.FAULT, 408, None)]
    moments = [round(at, 1) for at, _, _ in line.network.sent]
    assert moments == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]


def test_an_answer_nobody_acknowledges_is_repeated_and_given_up(line: Line) -> None:
    line.dial()
    line.network.run(0.1)
    line.network.fate = list
    line.bob_answers()
    line.network.run(31)
    answers = [data for _, (_, port), data in line.network.sent if port == BOB]
    assert len(answers) >= 10
    assert len(set(answers)) == 1
    line.network.run(5)
    (ended,) = line.of(BOB, Ended)
    assert isinstance(ended, Ended)
    assert ended.by is EndedBy.FAULT


def test_hold_and_resume_change_the_direction(line: Line) -> None:
    call = _answered(line)
    for wanted, seen in ((Direction.SEND, Direction.RECEIVE), (Direction.BOTH, Direction.BOTH)):
        token, effects = line.alice.reoffer(call, line.network.at, wanted)
        line.network.do(ALICE, effects)
        line.network.run(0.1)
        (completed,) = [e for e in line.of(ALICE, Completed) if e.token == token]  # type: ignore[union-attr]
        assert completed.response is not None  # type: ignore[union-attr]
        changed = line.of(BOB, MediaChanged)[-1]
        assert isinstance(changed, MediaChanged)
        assert (changed.remote.direction, changed.media.direction) == (wanted, seen)
    line.alice_hangs_up(call)
    line.network.run(70)
    assert line.alice.is_idle
    assert line.bob.is_idle


def test_two_holds_at_once_do_not_break_the_call(line: Line) -> None:
    call = _answered(line)
    line.network.do(ALICE, line.alice.reoffer(call, line.network.at, Direction.SEND)[1])
    line.network.do(BOB, line.bob.reoffer(line.incoming, line.network.at, Direction.SEND)[1])
    line.network.run(2)
    statuses = [
        e.response.status
        for port in (ALICE, BOB)
        for e in line.of(port, Completed)
        if isinstance(e, Completed) and e.response is not None
    ]
    assert statuses == [491, 491]
    line.alice_hangs_up(call)
    line.network.run(1)
    assert line.of(BOB, Ended)


def test_a_probe_of_a_forgotten_call_ends_it(line: Line) -> None:
    call = _answered(line)
    line.network.do(ALICE, line.alice.probe(call, line.network.at))
    line.network.run(1)
    assert line.of(ALICE, Ended) == []
    fresh = line.network.agent(BOB, "bob")  # Bob was restarted
    line.network.do(ALICE, line.alice.probe(call, line.network.at))
    line.network.run(1)
    assert line.of(ALICE, Ended) == [Ended(call, EndedBy.FAULT, 200, None)]
    line.network.run(70)
    assert fresh.is_idle


def test_both_hanging_up_at_once_is_normal(line: Line) -> None:
    call = _answered(line)
    line.alice_hangs_up(call)
    line.bob_hangs_up()
    line.network.run(70)
    assert line.of(ALICE, Ended) == [Ended(call, EndedBy.US, 200, 16)]
    assert line.of(BOB, Ended) == [Ended(line.incoming, EndedBy.US, 200, 16)]
    assert line.alice.is_idle
    assert line.bob.is_idle


@settings(max_examples=60, deadline=None, phases=_PHASES)
@given(
    seed=st.integers(0, 2**32),
    loss=st.floats(0, 0.4),
    repeat=st.floats(0, 0.4),
    jitter=st.floats(0, 0.8),
    rings=st.booleans(),
    outcome=st.sampled_from(["answer", "refuse", "ring"]),
    answer_after=st.floats(0, 3),
    alice_after=st.none() | st.floats(0, 6),
    bob_after=st.none() | st.floats(0, 6),
)
def test_every_call_ends_once_on_both_sides_whatever_the_network_does(
    seed: int,
    loss: float,
    repeat: float,
    jitter: float,
    rings: bool,
    outcome: str,
    answer_after: float,
    alice_after: float | None,
    bob_after: float | None,
) -> None:
    chance = random.Random(seed)

    def fate() -> list[float]:
        if chance.random() < loss:
            return []
        copies = 2 if chance.random() < repeat else 1
        return [0.001 + chance.random() * jitter for _ in range(copies)]

    line = Line(Network(fate, seed))
    network = line.network
    call = line.dial()
    started = False

    def step() -> None:
        nonlocal started
        if line.of(BOB, Incoming) and not started:
            started = True
            if rings:
                line.bob_rings()
            if outcome == "answer":
                network.later(answer_after, line.bob_answers)
            elif outcome == "refuse":
                network.later(answer_after, lambda: line.bob_refuses(486))
            if bob_after is not None:
                network.later(bob_after, line.bob_hangs_up)

    if alice_after is not None:
        network.later(alice_after, lambda: line.alice_hangs_up(call))
    network.run(40, step)
    line.alice_hangs_up(call)
    network.run(40, step)
    line.bob_hangs_up()
    network.run(120, step)

    assert len(line.of(ALICE, Ended)) == 1
    assert len(line.of(BOB, Incoming)) <= 1
    assert len(line.of(BOB, Ended)) == len(line.of(BOB, Incoming))
    assert len(line.of(ALICE, Answered)) <= 1
    assert line.alice.is_idle
    assert line.bob.is_idle
    for _, _, data in network.sent:
        parse(data)


@settings(max_examples=60, deadline=None, phases=_PHASES)
@given(st.lists(st.binary(max_size=400), max_size=5), st.data())
def test_a_user_agent_survives_everything_that_arrives(
    garbage: list[bytes], data: st.DataObject
) -> None:
    line = Line(Network())
    call = _answered(line)
    for raw in garbage:
        line.network.do(ALICE, line.alice.receive(raw, ("10.9.9.9", 1), line.network.at))
    sent = [datagram for _, _, datagram in line.network.sent]
    for _ in range(5):
        damaged = bytearray(data.draw(st.sampled_from(sent)))
        for _ in range(data.draw(st.integers(1, 3))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        for port, agent in ((ALICE, line.alice), (BOB, line.bob)):
            effects = agent.receive(bytes(damaged), ("10.0.0.1", 9), line.network.at)
            line.network.do(port, effects)
    line.network.run(5)
    line.alice_hangs_up(call)
    line.bob_hangs_up()
    line.network.run(100)
    for port, agent in ((ALICE, line.alice), (BOB, line.bob)):
        for each in line.of(port, Incoming):
            assert isinstance(each, Incoming)
            line.network.do(port, agent.refuse(each.call, line.network.at, 486))
    line.network.run(100)
    assert line.alice.open_calls == 0
    assert line.bob.open_calls == 0


def test_options_is_answered_and_an_unknown_extension_is_named(line: Line) -> None:
    raw = (
        "OPTIONS sip:bob@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKa\r\n"
        "From: <sip:x@y>;tag=1\r\nTo: <sip:bob@10.0.0.1>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"
    )
    (effect,) = line.bob.receive((raw + "\r\n").encode(), ("10.9.9.9", 7), 0)
    answer = parse(effect.data)  # type: ignore[union-attr]
    assert not isinstance(answer, Request)
    assert answer.status == 200
    assert "rport=7" in answer.headers.get("Via")
    raw = raw.replace("z9hG4bKa", "z9hG4bKb") + "Require: 100rel\r\n\r\n"
    (effect,) = line.bob.receive(raw.encode(), ("10.9.9.9", 7), 0)
    assert b" 420 " in effect.data.splitlines()[0]  # type: ignore[union-attr]
