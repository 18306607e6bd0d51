"""G.711, RTP, keys and tones."""

from __future__ import annotations

import contextlib
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.trainer.core import rtp
from ringway.trainer.core.g711 import Law, decode, encode
from ringway.trainer.core.listening import Listener
from ringway.trainer.core.talking import RINGBACK, Say, Talker
from ringway.trainer.core.tone import Tone, ToneLog, find_tones, frames_of, speech_like, tone

pytestmark = pytest.mark.property

packets = st.builds(
    rtp.Packet,
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=200),
    marker=st.booleans(),
)


@pytest.mark.parametrize("law", list(Law))
def test_every_code_survives_decoding_and_encoding(law: Law) -> None:
    codes = bytes(range(256))
    again = encode(decode(codes, law), law)
    assert decode(again, law).tolist() == decode(codes, law).tolist()


@pytest.mark.parametrize("law", list(Law))
def test_companding_is_monotonic_and_close(law: Law) -> None:
    samples = np.arange(-32768, 32768).astype(np.int16)
    back = decode(encode(samples, law), law).astype(int)
    assert (np.diff(back) >= 0).all()
    error = np.abs(back - np.clip(samples.astype(int), -32124, 32124))
    assert (error <= np.maximum(16, np.abs(samples.astype(int)) / 16)).all()


def test_known_codes() -> None:
    assert encode(np.array([0, 32767, -32768], np.int16), Law.ULAW) == bytes([0xFF, 0x80, 0x00])
    assert encode(np.array([0, 32767, -32768], np.int16), Law.ALAW) == bytes([0xD5, 0xAA, 0x2A])


@given(packets)
def test_an_rtp_packet_parses_to_itself(packet: rtp.Packet) -> None:
    assert rtp.parse(packet.serialise()) == packet


@given(st.binary(max_size=80))
def test_any_datagram_parses_or_is_no_rtp(data: bytes) -> None:
    with contextlib.suppress(rtp.NotRtp):
        rtp.parse(data)
    Listener().receive(data, 0.0)


def test_sources_extension_and_padding_are_left_out() -> None:
    raw = bytes([0xB1, 0, 0, 1]) + bytes(8) + bytes(4) + b"\0\0\0\1" + bytes(4) + b"abc\0\2"
    assert rtp.parse(raw).payload == b"abc"


keys = st.text("0123456789*#ABCD", max_size=6)


@given(keys, st.integers(0, 2**31), st.data())
def test_pressed_keys_arrive_once_in_spite_of_loss_and_repeats(
    pressed: str, seed: int, data: st.DataObject
) -> None:
    talker = Talker(Law.ULAW, 0, rng=random.Random(seed))
    talker.dtmf = 101
    talker.press(pressed)
    listener = Listener()
    chance = random.Random(seed)
    for slot in range(13 * (len(pressed) + 1)):
        packet = talker.next_packet()
        assert packet is not None
        # An event of eight packets is never lost whole.
        if slot % 13 in (0, 1, 2, 3, 4) and chance.random() < 0.5:
            continue
        for _ in range(chance.choice((1, 1, 2))):
            listener.receive(packet, slot * 0.02)
    assert listener.keys == pressed


def test_a_letter_is_no_key() -> None:
    with pytest.raises(ValueError, match="no telephone key"):
        Talker(Law.ULAW, 0, rng=random.Random(1)).press("1x")


@given(st.integers(150, 3400), st.sampled_from(Law))
def test_a_tone_is_found_where_it_is(hz: int, law: Law) -> None:
    window = b"".join(tone(hz, law)[:5])
    found = find_tones(window, law)
    assert abs(found[0].hz - hz) < 2


@given(st.integers(200, 1500), st.integers(60, 1500), st.sampled_from(Law))
def test_two_mixed_tones_are_both_found(low: int, apart: int, law: Law) -> None:
    at = np.arange(800) / 8000
    mixed = 5000 * (np.sin(2 * np.pi * low * at) + np.sin(2 * np.pi * (low + apart) * at))
    found = find_tones(b"".join(frames_of(mixed.astype(np.int16), law)), law)
    for hz in (low, low + apart):
        assert any(abs(each.hz - hz) < 4 for each in found), (hz, found)


@pytest.mark.parametrize("law", list(Law))
def test_silence_has_no_tone(law: Law) -> None:
    assert find_tones(bytes([law.silence]) * 800, law) == []


def test_speech_gives_no_lasting_tone() -> None:
    log = ToneLog(join_s=0.2)
    voice = b"".join(speech_like(6, Law.ULAW, 3))
    for index in range(60):
        found = find_tones(voice[index * 800 : index * 800 + 800], Law.ULAW)
        log.add(found, index / 10, (index + 1) / 10)
    assert max((span.heard_s for span in log.spans()), default=0) < 1.0


def _play(talker: Talker, listener: Listener, slots: int, at: float = 0.0) -> float:
    for _ in range(slots):
        at += 0.02
        packet = talker.next_packet()
        if packet is not None:
            listener.receive(packet, at)
    return at


def test_tones_are_logged_with_their_times() -> None:
    talker, listener = Talker(Law.ALAW, 8, rng=random.Random(1)), Listener()
    talker.say((Say(500, 1.0), Say(0, 2.0), Say(700, 1.0)))
    _play(talker, listener, 250)
    first, second = listener.tones.spans()
    assert (round(first.hz), round(second.hz)) == (500, 700)
    assert first.from_s == pytest.approx(0, abs=0.11)
    assert first.to_s == pytest.approx(1, abs=0.11)
    assert second.from_s == pytest.approx(3, abs=0.11)
    assert listener.packets == 250
    assert listener.gaps == []


def test_ringback_repeats() -> None:
    talker, listener = Talker(Law.ULAW, 0, rng=random.Random(1)), Listener()
    talker.say(RINGBACK, repeat=True)
    _play(talker, listener, 550)
    assert [round(span.hz) for span in listener.tones.spans()] == [450, 450, 450]


def test_a_muted_talker_sends_nothing_and_time_goes_on() -> None:
    talker = Talker(Law.ULAW, 0, rng=random.Random(1))
    before = rtp.parse(talker.next_packet() or b"")
    talker.is_muted = True
    assert talker.next_packet() is None
    talker.is_muted = False
    talker.skip(3)
    after = rtp.parse(talker.next_packet() or b"")
    assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == 5 * 160
    assert (after.sequence - before.sequence) & 0xFFFF == 1
    assert after.marker


@given(st.lists(st.integers(0, 8), max_size=30))
def test_a_key_stays_one_key_when_the_process_is_late(late: list[int]) -> None:
    talker, listener = Talker(Law.ULAW, 0, rng=random.Random(1)), Listener()
    talker.dtmf = listener.dtmf
    talker.press("1122")
    for index, slots in enumerate([*late, *[0] * 80]):
        talker.skip(slots)
        listener.receive(talker.next_packet() or b"", index * 0.02)
    assert listener.keys == "1122"


def test_loss_gaps_and_late_packets_are_counted() -> None:
    talker, listener = Talker(Law.ULAW, 0, rng=random.Random(1)), Listener()
    sent = [talker.next_packet() or b"" for _ in range(10)]
    for index in (0, 1, 2, 5, 4, 9):
        listener.receive(sent[index], index * 0.06)
    assert (listener.lost, listener.late, listener.packets) == (5, 1, 6)
    assert [round(end - start, 2) for start, end in listener.gaps] == [0.18, 0.3]


@given(st.lists(st.tuples(st.floats(100, 3400), st.booleans()), max_size=120))
def test_the_tone_log_is_bounded(heard: list[tuple[float, bool]]) -> None:
    log = ToneLog(limit=10)
    for index, (hz, present) in enumerate(heard):
        log.add([Tone(hz, 1000)] if present else [], index * 2.0, index * 2.0 + 0.1)
    spans = log.spans(min_s=0)
    assert len(spans) <= 11
    assert all(span.from_s < span.to_s for span in spans)
