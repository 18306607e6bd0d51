"""Keys in SIP INFO and as tones; events of RFC 4733 and their end bits."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringway.trainer.core import dtmf, rtp, tone
from ringway.trainer.core.g711 import FRAME_SAMPLES, Law, decode, encode
from ringway.trainer.core.listening import Listener
from ringway.trainer.core.message import Headers, Request
from ringway.trainer.core.talking import Say, Talker

pytestmark = pytest.mark.property

_keys = st.text(alphabet=dtmf.KEYS, min_size=1, max_size=8)
_laws = st.sampled_from(list(Law))


def _info(kind: str, body: bytes) -> Request:
    return Request("INFO", "sip:a@10.0.0.1", Headers.of([("Content-Type", kind)]), body)


@given(key=st.sampled_from(dtmf.KEYS), hold_s=st.floats(0.02, 5))
def test_an_info_tells_its_key(key: str, hold_s: float) -> None:
    assert dtmf.key_of_info(_info(*dtmf.info(key, hold_s))) == key


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", b"Signal= 5\r\nDuration= 160\r\n", "5"),
        ("application/dtmf-relay; charset=utf-8", b"Duration=1\nsignal=a\n", "A"),
        ("application/dtmf", b"#", "#"),
        ("application/dtmf", b"12", ""),
        ("application/dtmf", b"", ""),
        ("application/dtmf-relay", b"Signal=12\r\n", ""),
        ("application/sdp", b"Signal=1\r\n", ""),
    ],
)
def test_infos_of_others(kind: str, body: bytes, key: str) -> None:
    assert dtmf.key_of_info(_info(kind, body)) == key


@settings(max_examples=60)
@given(
    keys=_keys,
    law=_laws,
    offset=st.integers(0, FRAME_SAMPLES - 1),
    gain=st.floats(0.2, 1.2),
    seed=st.integers(0, 99),
)
def test_tones_are_heard_as_keys_out_of_step_quiet_and_with_noise(
    keys: str, law: Law, offset: int, gain: float, seed: int
) -> None:
    samples = decode(b"".join(dtmf.audible_frames(keys, law)), law).astype(np.float64) * gain
    samples += np.random.default_rng(seed).standard_normal(len(samples)) * 60
    shifted = np.concatenate((np.zeros(offset), samples, np.zeros(2 * FRAME_SAMPLES)))
    codes = encode(shifted.astype(np.int16), law)
    detector = dtmf.KeyDetector()
    frames = (codes[at : at + FRAME_SAMPLES] for at in range(0, len(codes), FRAME_SAMPLES))
    assert "".join(detector.hear(frame, law) for frame in frames) == keys


@pytest.mark.parametrize("variant", range(5))
def test_speech_and_single_tones_are_no_keys(variant: int) -> None:
    detector = dtmf.KeyDetector()
    frames = tone.speech_like(12, Law.ULAW, variant) + tone.tone(697 + 40 * variant, Law.ULAW)
    assert "".join(detector.hear(frame, Law.ULAW) for frame in frames) == ""


@given(keys=_keys, slots=st.integers(1, 40), number=st.integers(96, 127))
def test_events_keep_their_timestamp_grow_and_end_three_times(
    keys: str, slots: int, number: int
) -> None:
    talker = Talker(Law.ULAW, 0, rng=random.Random(1))
    talker.dtmf = number
    talker.say((Say(700),))
    talker.press(keys, slots * 0.02)
    packets = [rtp.parse(talker.next_packet() or b"") for _ in range((slots + 9) * len(keys) + 3)]
    assert [p.sequence for p in packets] == [
        (packets[0].sequence + n) & 0xFFFF for n in range(len(packets))
    ]
    begun: dict[int, list[rtp.Packet]] = {}
    for packet in packets:
        if packet.payload_type == number:
            begun.setdefault(packet.timestamp, []).append(packet)
    heard = ""
    for of_key in begun.values():
        events = [rtp.parse_key(packet.payload) for packet in of_key]
        assert all(event is not None for event in events)
        assert [event.is_end for event in events if event] == [False] * slots + [True] * 3
        durations = [event.duration for event in events if event]
        assert durations == [160 * min(n + 1, slots) for n in range(slots + 3)]
        assert [packet.marker for packet in of_key] == [True] + [False] * (slots + 2)
        heard += events[0].key if events[0] else ""
    assert heard == keys


@given(keys=_keys, law=_laws)
def test_a_listener_hears_keys_in_the_audio_only_when_it_is_asked_to(keys: str, law: Law) -> None:
    talker = Talker(law, 0 if law is Law.ULAW else 8, rng=random.Random(1))
    talker.say((Say(500),))
    talker.press(keys, is_audible=True)
    asked, other = Listener(detector=dtmf.KeyDetector()), Listener()
    for slot in range(12 * len(keys)):
        packet = talker.next_packet()
        assert packet is not None
        for listener in (asked, other):
            listener.receive(packet, slot * 0.02)
    assert (asked.keys, other.keys) == (keys, "")


def test_events_and_tones_do_not_mix() -> None:
    talker = Talker(Law.ULAW, 0, rng=random.Random(1))
    talker.dtmf = 101
    talker.press("12")
    talker.press("34", is_audible=True)
    talker.press("5")
    listener = Listener(detector=dtmf.KeyDetector())
    for slot in range(100):
        listener.receive(talker.next_packet() or b"", slot * 0.02)
    assert listener.keys == "12534"  # events first
