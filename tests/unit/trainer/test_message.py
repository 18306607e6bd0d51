"""SIP messages: what is serialised parses to the same; what is broken is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.trainer.core.address import NameAddr, Uri, Via
from ringway.trainer.core.message import Headers, Malformed, Request, Response, parse, split_list

pytestmark = pytest.mark.property

token = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-._", min_size=1, max_size=12)
value = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30
).map(str.strip)
host = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{2,5})?", fullmatch=True),
)
port = st.none() | st.integers(1, 65535)
params = st.lists(
    st.tuples(st.text("abcdefgh-", min_size=1, max_size=6), st.text("abcXYZ019.", max_size=6)),
    max_size=3,
).map(tuple)
uri = st.builds(
    Uri, user=st.text("0123456789+abc%#@ ;é", max_size=12), host=host, port=port, params=params
)
display = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=12)
name_addr = st.builds(NameAddr, uri=uri, display=display, params=params)
via = st.builds(Via, host=host, port=port, params=params, transport=st.sampled_from(["UDP", "WS"]))


@st.composite
def headers(draw: st.DrawFn, method: str) -> Headers:
    items = [
        ("Via", str(draw(via))),
        ("From", str(draw(name_addr))),
        ("To", str(draw(name_addr))),
        ("Call-ID", draw(token)),
        ("CSeq", f"{draw(st.integers(0, 2**31))} {method}"),
    ]
    items += draw(st.lists(st.tuples(st.sampled_from(["X-One", "Subject", "Allow"]), value)))
    return Headers.of(items)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    method = draw(st.sampled_from(["INVITE", "BYE", "REGISTER", "FOO"]))
    return Request(method, str(draw(uri)), draw(headers(method)), draw(st.binary(max_size=60)))


@st.composite
def responses(draw: st.DrawFn) -> Response:
    status = draw(st.integers(100, 699))
    return Response(status, draw(token), draw(headers("INVITE")), draw(st.binary(max_size=60)))


@given(requests() | responses())
def test_a_serialised_message_parses_to_itself(message: Request | Response) -> None:
    assert parse(message.serialise()) == message


@given(uri)
def test_a_uri_parses_to_itself(original: Uri) -> None:
    assert Uri.parse(str(original)) == original


@given(name_addr)
def test_a_name_addr_parses_to_itself(original: NameAddr) -> None:
    assert NameAddr.parse(str(original)) == original


@given(via)
def test_a_via_parses_to_itself(original: Via) -> None:
    assert Via.parse(str(original)) == original


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


@given(requests(), st.data())
def test_a_damaged_message_parses_or_is_malformed(message: Request, data: st.DataObject) -> None:
    raw = bytearray(message.serialise())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Malformed):
        parse(bytes(raw))


def test_compact_names_folding_and_lists_are_understood() -> None:
    message = parse(
        b"INVITE sip:1@h SIP/2.0\r\n"
        b"v: SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2\r\n"
        b"f: <sip:x@a>;tag=1\r\nt: <sip:1@h>\r\ni: abc\r\ncseq: 7 INVITE\r\n"
        b"Subject: one\r\n two\r\n"
        b'm: "A, B" <sip:x@a;x=1,2>, <sip:y@a>\r\nl: 2\r\n\r\nhello'
    )
    assert message.headers.all("Via") == (
        "SIP/2.0/UDP a;branch=z9hG4bK1",
        "SIP/2.0/UDP b;branch=z9hG4bK2",
    )
    assert message.headers.get("Subject") == "one two"
    assert message.headers.all("Contact") == ('"A, B" <sip:x@a;x=1,2>', "<sip:y@a>")
    assert message.body == b"he"


def test_a_comma_in_quotes_does_not_split() -> None:
    assert split_list(r'"a, \"b" <x>, c') == [r'"a, \"b" <x>', "c"]


@pytest.mark.parametrize(
    "text", ["", "http://x", "sip:", "sip:a@b:99999", "sip:a@b c", "sip:a@[::1", "mailto:a@b"]
)
def test_an_invalid_uri_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        Uri.parse(text)


def test_a_tel_uri_keeps_its_number() -> None:
    assert Uri.parse("tel:+8613800000000;phone-context=x").user == "+8613800000000"
