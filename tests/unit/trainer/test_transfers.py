"""REFER, INFO and refusals between two user agents; what a guard answers in their place."""

from __future__ import annotations

import pytest
from tests.support.sip_network import Network

from ringway.trainer.core import auto_answer, dtmf
from ringway.trainer.core.address import NameAddr, Uri
from ringway.trainer.core.call import EndedBy
from ringway.trainer.core.events import (
    Completed,
    Ended,
    Event,
    Incoming,
    KeyPressed,
    TransferNews,
)
from ringway.trainer.core.message import Headers, Request, Response, parse
from ringway.trainer.core.sdp import Media

pytestmark = pytest.mark.unit

ALICE, BOB = 5060, 5070


class Line:
    """Alice called Bob, who answered; Alice may be asked to follow a REFER by hand."""

    def __init__(self) -> None:
        self.network = Network()
        self.alice = self.network.agent(ALICE, "alice")
        self.bob = self.network.agent(BOB, "bob")
        self.call = self.dial()

    def dial(self) -> str:
        target = Uri("bob", "10.0.0.1", BOB)
        call, effects = self.alice.invite(
            target,
            target.address,
            self.network.at,
            ours=NameAddr(Uri("alice", "10.0.0.1")),
            media=Media("10.0.0.1", 4000),
        )
        self.network.do(ALICE, effects)
        self.network.run(0.1)
        incoming = self.of(BOB, Incoming)[-1]
        assert isinstance(incoming, Incoming)
        answer = self.bob.answer(incoming.call, self.network.at, Media("10.0.0.1", 4002))
        self.network.do(BOB, answer)
        self.network.run(0.1)
        return call

    def of(self, port: int, kind: type[Event]) -> list[Event]:
        return [e for e in self.network.events[("10.0.0.1", port)] if isinstance(e, kind)]

    def sent(self, method: str) -> list[Request]:
        found = [parse(data) for _, _, data in self.network.sent]
        return [m for m in found if isinstance(m, Request) and m.method == method]

    def refer(self, target: str, replaces: str = "") -> Request:
        token, effects = self.alice.refer(self.call, self.network.at, target, replaces)
        assert token
        self.network.do(ALICE, effects)
        self.network.run(0.1)
        return self.sent("REFER")[-1]

    def notify(self, status: str, state: str, event: str = "refer") -> None:
        """Bob tells Alice about the transfer."""
        incoming = self.of(BOB, Incoming)[0]
        assert isinstance(incoming, Incoming)
        _, effects = self.bob.tell(
            incoming.call,
            "NOTIFY",
            self.network.at,
            content=("message/sipfrag;version=2.0", f"SIP/2.0 {status}\r\n".encode()),
            extra=(("Event", event), ("Subscription-State", state)),
        )
        self.network.do(BOB, effects)
        self.network.run(0.1)


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("carol", "<sip:carol@10.0.0.1:5070>"),
        ("sip:carol@10.0.0.9:5080", "<sip:carol@10.0.0.9:5080>"),
    ],
)
def test_a_blind_transfer_names_its_target(line: Line, target: str, uri: str) -> None:
    request = line.refer(target)
    assert request.headers.get("Refer-To") == uri
    assert request.headers.get("Referred-By") == "<sip:alice@10.0.0.1>"
    done = line.of(ALICE, Completed)[-1]
    assert isinstance(done, Completed)
    assert done.response is not None
    assert done.response.status == 405  # this user agent follows no REFER itself


def test_an_attended_transfer_names_the_other_dialog(line: Line) -> None:
    other = line.dial()
    request = line.refer("", other)
    incoming = line.of(BOB, Incoming)[-1]
    assert isinstance(incoming, Incoming)
    value = f"{incoming.call_id}%3Bto-tag%3D{incoming.call}%3Bfrom-tag%3D{other}"
    assert request.headers.get("Refer-To") == f"<sip:bob@10.0.0.1:5070?Replaces={value}>"


def test_only_calls_that_are_up_are_transferred(line: Line) -> None:
    assert line.alice.refer("unknown", line.network.at, "carol") == ("", [])
    assert line.alice.refer(line.call, line.network.at, "", "unknown") == ("", [])
    line.network.do(ALICE, line.alice.hang_up(line.call, line.network.at))
    assert line.alice.refer(line.call, line.network.at, "carol") == ("", [])


@pytest.mark.parametrize(
    ("status", "state", "is_last"),
    [
        ("100 Trying", "active;expires=60", False),
        ("183 Session Progress", "active", False),
        ("200 OK", "terminated;reason=noresource", True),
        ("503 Service Unavailable", "active", True),
    ],
)
def test_news_of_a_transfer(line: Line, status: str, state: str, is_last: bool) -> None:
    line.refer("carol")
    line.notify(status, state)
    assert line.of(ALICE, TransferNews) == [TransferNews(line.call, int(status[:3]), is_last)]


def test_news_nobody_asked_for_is_no_news(line: Line) -> None:
    line.notify("200 OK", "terminated")
    line.refer("carol")
    line.notify("200 OK", "terminated", event="message-summary")
    assert line.of(ALICE, TransferNews) == []
    line.notify("200 OK", "terminated")
    line.notify("200 OK", "terminated")  # it is over
    assert len(line.of(ALICE, TransferNews)) == 1


def test_news_may_come_after_the_end_of_the_call(line: Line) -> None:
    line.refer("carol")
    line.notify("100 Trying", "active")
    incoming = line.of(BOB, Incoming)[0]
    assert isinstance(incoming, Incoming)
    line.network.do(BOB, line.bob.hang_up(incoming.call, line.network.at))
    line.network.run(1)
    assert line.of(ALICE, Ended)
    (early,) = line.sent("NOTIFY")
    via = early.headers.get("Via").replace("branch=", "branch=z9hG4bKlate")
    headers = early.headers.replaced("Via", via).replaced("CSeq", "900 NOTIFY")
    late = Request("NOTIFY", early.uri, headers, b"SIP/2.0 200 OK\r\n").serialise()
    line.network.do(ALICE, line.alice.receive(late, ("10.0.0.1", BOB), line.network.at))
    assert line.of(ALICE, TransferNews)[-1] == TransferNews(line.call, 200, True)
    answers = [m for _, _, data in line.network.sent if isinstance(m := parse(data), Response)]
    assert answers[-1].status == 200


def test_keys_in_infos_are_told_in_order(line: Line) -> None:
    for key in "1#":
        _, effects = line.alice.tell(
            line.call, "INFO", line.network.at, content=dtmf.info(key, 0.1)
        )
        line.network.do(ALICE, effects)
        line.network.run(0.1)
    incoming = line.of(BOB, Incoming)[0]
    assert isinstance(incoming, Incoming)
    assert line.of(BOB, KeyPressed) == [
        KeyPressed(incoming.call, "1"),
        KeyPressed(incoming.call, "#"),
    ]
    assert line.alice.tell("unknown", "INFO", line.network.at) == ("", [])


def test_a_refusal_tells_its_cause() -> None:
    network = Network()
    alice, bob = network.agent(ALICE), network.agent(BOB)
    target = Uri("bob", "10.0.0.1", BOB)
    call, effects = alice.invite(
        target, target.address, 0, ours=NameAddr(target), media=Media("10.0.0.1", 4000)
    )
    network.do(ALICE, effects)
    network.run(0.1)
    (incoming,) = network.events[("10.0.0.1", BOB)]
    assert isinstance(incoming, Incoming)
    network.do(BOB, bob.refuse(incoming.call, network.at, 603, 21, (("X-Why", "no"),)))
    network.run(1)
    assert Ended(call, EndedBy.PEER, 603, 21) in network.events[("10.0.0.1", ALICE)]
    refusal = next(m for _, _, data in network.sent if isinstance(m := parse(data), Response))
    assert refusal.headers.get("X-Why") == "no"


@pytest.mark.parametrize(
    ("name", "value", "after_s"),
    [
        ("Call-Info", "<sip:a>;answer-after=0", 0),
        ("Call-Info", "<sip:a>; Answer-After = 3", 3),
        ("Call-Info", "<sip:a>;purpose=icon", None),
        ("Alert-Info", "<http://a>;info=alert-autoanswer;delay=0", 0),
        ("Alert-Info", "Auto Answer", 0),
        ("Alert-Info", "<http://a/ringing.wav>", None),
        ("Answer-Mode", "Auto;require", 0),
        ("Answer-Mode", "Manual", None),
        ("Subject", "Auto", None),
    ],
)
def test_headers_that_ask_for_an_answer(name: str, value: str, after_s: float | None) -> None:
    assert auto_answer.answer_after_s(Headers.of([(name, value)])) == after_s
