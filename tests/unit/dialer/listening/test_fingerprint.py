"""Announcements are recognised by their sound: on made words whose truth is known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ringway.dialer.core.listening import (
    FRAME_SAMPLES,
    RATE_HZ,
    Book,
    EarlyMedia,
    Finding,
    Matcher,
    Prints,
    Recording,
    Unusable,
    print_of,
)
from ringway.proto.dialer_spec import NumberState
from ringway.trainer.core.g711 import Law, decode, encode
from ringway.trainer.core.tone import speech_like

pytestmark = pytest.mark.property

Samples = NDArray[np.int16]
STATES = (NumberState.VACANT, NumberState.POWERED_OFF, NumberState.SUSPENDED)
SIT_HZ = (950, 1400, 1800)


@cache
def words(variant: int, seconds: float = 6) -> Samples:
    spoken = b"".join(speech_like(12, Law.ULAW, variant))
    return np.asarray(decode(spoken, Law.ULAW)[: round(seconds * RATE_HZ)], dtype=np.int16)


@cache
def book() -> Book:
    return Book([Recording(f"a{n}", STATES[n], print_of(words(n))) for n in range(len(STATES))])


def tone(ms: int, hz: float) -> Samples:
    seconds = np.arange(ms * RATE_HZ // 1000) / RATE_HZ
    return (4000 * np.sin(2 * np.pi * hz * seconds)).astype(np.int16)


def silence(ms: int) -> Samples:
    return np.zeros(ms * RATE_HZ // 1000, dtype=np.int16)


def ring_tone() -> Samples:
    return np.concatenate([tone(1000, 450), silence(4000)])


def by_line(clean: Samples, law: Law, gain: float, snr_db: float, seed: int = 0) -> Samples:
    """What is left of it at the other end of a line."""
    loud = clean.astype(float) * gain
    power = float(np.sqrt(np.mean(loud[loud != 0] ** 2)))
    hiss = np.random.default_rng(seed).normal(size=len(loud)) * power * 10 ** (-snr_db / 20)
    sent = np.clip(loud + hiss, -32768, 32767).astype(np.int16)
    return np.asarray(decode(encode(sent, law), law), dtype=np.int16)


def listen(*parts: Samples, among: Book | None = None, end: bool = False) -> Finding | None:
    ear = EarlyMedia(book() if among is None else among)
    whole = np.concatenate(parts)
    for begin in range(0, len(whole), FRAME_SAMPLES):
        found = ear.add(whole[begin : begin + FRAME_SAMPLES])
        if found is not None:
            return found
    return ear.end() if end else None


@settings(max_examples=12)
@given(
    which=st.integers(0, 2),
    cut=st.integers(0, 2 * RATE_HZ),
    before=st.integers(0, RATE_HZ),
    gain=st.floats(0.08, 2.0),
    snr_db=st.floats(15, 60),
    law=st.sampled_from(Law),
    seed=st.integers(0, 99),
)
def test_a_known_recording_is_recognised_whatever_the_line_does_to_it(
    which: int, cut: int, before: int, gain: float, snr_db: float, law: Law, seed: int
) -> None:
    """Cut off at its beginning, at any offset, softer or louder, with noise, in G.711."""
    heard = by_line(words(which), law, gain, snr_db, seed)[cut:]
    found = listen(silence(before * 1000 // RATE_HZ + 1), heard)
    assert found is not None
    assert (found.state, found.reason) == (STATES[which], f"a{which}")
    assert found.at_ms <= before / 8 + 4600


@settings(max_examples=5)
@given(
    variant=st.integers(3, 7),
    gain=st.floats(0.1, 2.0),
    snr_db=st.floats(5, 60),
    law=st.sampled_from(Law),
)
def test_other_words_are_not_taken_for_it(
    variant: int, gain: float, snr_db: float, law: Law
) -> None:
    assert listen(by_line(words(variant, 8), law, gain, snr_db)) is None


def test_noise_music_silence_and_ring_tones_say_nothing() -> None:
    hiss = (np.random.default_rng(1).normal(size=10 * RATE_HZ) * 800).astype(np.int16)
    tune = np.concatenate([tone(250, 261.6 * 2 ** (n % 12 / 12)) for n in range(40)])
    for heard in (hiss, tune, silence(10_000), np.concatenate([ring_tone()] * 3)):
        assert listen(heard) is None


def test_a_recording_with_ring_tones_in_it_is_not_recognised_by_these() -> None:
    ring = ring_tone()
    stored = np.concatenate([ring, words(0)])
    among = Book([Recording("a", NumberState.VACANT, print_of(stored))])
    assert listen(*[ring] * 3, among=among) is None
    found = listen(ring, words(0), among=among)
    assert found is not None
    assert found.at_ms > 5000


def test_what_two_recordings_of_different_meaning_share_proves_nothing() -> None:
    sorry = words(5, 4)
    stored = [np.concatenate([sorry, words(n)]) for n in (0, 1)]
    among = Book([Recording(f"a{n}", STATES[n], print_of(each)) for n, each in enumerate(stored)])
    assert listen(sorry, silence(3000), among=among) is None
    for n, each in enumerate(stored):
        found = listen(by_line(each, Law.ALAW, 0.5, 30), among=among)
        assert found is not None
        assert found.reason == f"a{n}"


def test_two_recordings_of_one_meaning_may_share_words() -> None:
    both = [Recording(key, NumberState.BUSY, print_of(words(0))) for key in "ab"]
    found = listen(words(0), among=Book(both))
    assert found is not None
    assert found.state is NumberState.BUSY


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        (words(0, 2), "shorter"),
        (silence(5000), "silence or tones"),
        (np.concatenate([ring_tone()] * 2), "silence or tones"),
        (np.zeros(0, dtype=np.int16), "shorter"),
    ],
)
def test_a_recording_by_which_nothing_can_be_recognised_is_refused(
    samples: Samples, why: str
) -> None:
    with pytest.raises(Unusable, match=why):
        print_of(samples)


def test_information_tones_alone_are_a_vacant_number() -> None:
    tones = [tone(330, hz) for hz in SIT_HZ]
    nothing_known = Book([])
    found = listen(*tones, words(4), among=nothing_known)
    assert found is not None
    assert (found.state, found.reason) == (NumberState.VACANT, "special_information_tone")
    assert found.at_ms < 1300
    # Where recordings are known, the words after the tones are waited for, but not for ever.
    late = listen(*tones, words(4, 12))
    assert late is not None
    assert late.reason == "special_information_tone"
    assert 6000 < late.at_ms < 8000
    assert listen(*tones, words(4, 2), end=True) is not None


def test_the_words_after_the_tones_tell_more_than_the_tones() -> None:
    found = listen(*[tone(330, hz) for hz in SIT_HZ], words(1))
    assert found is not None
    assert (found.state, found.reason) == (NumberState.POWERED_OFF, "a1")


@settings(max_examples=10)
@given(sizes=st.lists(st.integers(1, 900), min_size=1, max_size=20))
def test_it_does_not_matter_in_which_pieces_audio_comes(sizes: list[int]) -> None:
    whole, together = words(0, 3), Prints().add(words(0, 3))
    prints, begin, apart = Prints(), 0, []
    for size in [*sizes, len(whole)]:
        apart += prints.add(whole[begin : begin + size])
        begin += size
    assert apart == together


def test_running_sums_are_what_a_comparison_from_scratch_gives() -> None:
    among, matcher = book(), Matcher(book())
    heard = Prints().add(words(6, 5))
    for word, is_active in heard:
        matcher.step(word, is_active)
    last = heard[-64:]
    place = 100  # of the first recording
    expected = 0
    for back, (word, is_active) in enumerate(reversed(last)):
        at = place - back
        if among.weight[at]:
            expected += int(among.bits[at] ^ word).bit_count() if is_active else 8
    assert int(matcher.differ[place]) == expected
