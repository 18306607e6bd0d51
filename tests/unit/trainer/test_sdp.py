"""Offer and answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.trainer.core import sdp
from ringway.trainer.core.g711 import Law
from ringway.trainer.core.sdp import Direction, InvalidSdp, Media, NoCommonCodec

pytestmark = pytest.mark.property

media = st.builds(
    Media,
    address=st.ip_addresses(v=4).map(str),
    port=st.integers(1, 65535),
    codecs=st.permutations([(0, Law.ULAW), (8, Law.ALAW)]).map(tuple),
    dtmf=st.none() | st.integers(96, 127),
    direction=st.sampled_from(Direction),
)


@given(media)
def test_a_description_parses_to_what_was_described(original: Media) -> None:
    parsed = sdp.parse(original.serialise())
    assert parsed.codecs == original.codecs
    assert parsed.dtmf == original.dtmf
    assert parsed.direction == original.direction
    assert (parsed.address, parsed.port) == (original.address, original.port)


@given(media, media)
def test_an_answer_agrees_with_its_offer(offered: Media, local: Media) -> None:
    offer = sdp.parse(offered.serialise())
    agreed = sdp.parse(sdp.answer(offer, local).serialise())
    assert agreed.codecs == offer.codecs[:1]
    assert not (agreed.direction.hears and offer.direction is Direction.RECEIVE)
    assert not (agreed.wants_audio and not local.direction.hears)
    assert not (agreed.direction in (Direction.BOTH, Direction.SEND) and not offer.direction.hears)


@given(st.binary(max_size=200))
def test_garbage_is_invalid(body: bytes) -> None:
    with pytest.raises(InvalidSdp):
        sdp.parse(body)


def test_every_stream_of_the_offer_is_answered_in_its_place() -> None:
    offer = sdp.parse(
        b"v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\n"
        b"m=video 9 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
        b"m=audio 4000 RTP/AVP 9 8 101\r\nc=IN IP4 5.6.7.8\r\na=sendonly\r\n"
        b"a=rtpmap:9 G722/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
    )
    assert (offer.address, offer.port, offer.codecs) == ("5.6.7.8", 4000, ((8, Law.ALAW),))
    text = sdp.answer(offer, Media("9.9.9.9", 7)).serialise().decode()
    lines = [line for line in text.splitlines() if line.startswith(("m=", "a=recv"))]
    assert lines == ["m=video 0 RTP/AVP 96", "m=audio 7 RTP/AVP 8 101", "a=recvonly"]


def test_hold_by_the_zero_address_is_understood() -> None:
    held = sdp.parse(Media("0.0.0.0", 4000).serialise())
    assert not held.wants_audio


def test_no_common_codec_is_said_so() -> None:
    with pytest.raises(NoCommonCodec):
        sdp.answer(Media("1.1.1.1", 1, ((8, Law.ALAW),)), Media("2.2.2.2", 2, ((0, Law.ULAW),)))
