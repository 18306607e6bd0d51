"""People, machines, tones: on made audio whose truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ringway.dialer.core.listening import (
    FRAME_MS,
    RATE_HZ,
    Amd,
    Answerer,
    Framer,
    Tone,
    ToneKind,
    Tones,
    Verdict,
)
from ringway.proto.dialer_spec import AmdRule

pytestmark = pytest.mark.property

Samples = NDArray[np.int16]
RULE = AmdRule(enabled=True)


def silence(ms: int) -> Samples:
    return np.zeros(ms * RATE_HZ // 1000, dtype=np.int16)


def noise(ms: int, level: float, seed: int = 0) -> Samples:
    made = np.random.default_rng(seed).normal(size=ms * RATE_HZ // 1000)
    return (made * level * 1.25).astype(np.int16)


def tone(ms: int, hz: float, level: float = 4000) -> Samples:
    seconds = np.arange(ms * RATE_HZ // 1000) / RATE_HZ
    return (level * np.sin(2 * np.pi * hz * seconds)).astype(np.int16)


def speech(ms: int, level: float = 3000) -> Samples:
    """Something with many frequencies at once, in syllables: loud 180 ms, softer 60 ms."""
    whole = noise(ms, level, seed=7).astype(float)
    seconds = np.arange(len(whole)) / RATE_HZ
    return (whole * np.where(seconds % 0.24 < 0.18, 1.0, 0.4)).astype(np.int16)


def on(line: Samples, background: float = 0.0) -> Samples:
    return line + noise(len(line) * 1000 // RATE_HZ, background, seed=3) if background else line


def decide(*parts: Samples, rule: AmdRule = RULE, background: float = 0.0) -> Verdict:
    amd, framer = Amd(rule), Framer()
    frames = framer.add(on(np.concatenate(parts), background))
    frames += framer.silence_until(framer.at_ms + 12_000)
    verdicts = [v for f in frames if (v := amd.add(f)) is not None]
    assert len(verdicts) == 1  # once, and always
    return verdicts[0]


def tones_of(*parts: Samples) -> list[Tone]:
    found = Tones()
    return [t for f in Framer().add(np.concatenate([*parts, silence(300)])) if (t := found.add(f))]


@pytest.mark.parametrize("background", [0, 80, 300])
def test_a_few_words_and_a_pause_are_a_person(background: float) -> None:
    verdict = decide(silence(400), speech(700), silence(3000), background=background)
    assert (verdict.answerer, verdict.reason) == (Answerer.PERSON, "greeting_and_pause")
    assert verdict.speech_ends_ms == pytest.approx(1100, abs=80)
    assert verdict.at_ms == pytest.approx(1100 + RULE.after_greeting_silence_ms, abs=100)


@pytest.mark.parametrize("background", [0, 80, 300])
def test_who_talks_on_is_a_machine(background: float) -> None:
    verdict = decide(silence(400), speech(5000), background=background)
    assert (verdict.answerer, verdict.reason) == (Answerer.MACHINE, "long_greeting")
    assert verdict.at_ms == pytest.approx(400 + RULE.greeting_ms, abs=150)


def test_a_beep_after_a_word_is_a_machine() -> None:
    verdict = decide(silence(300), speech(500), silence(300), tone(400, 1000), silence(2000))
    assert (verdict.answerer, verdict.reason) == (Answerer.MACHINE, "beep")


def test_who_says_nothing_is_not_hung_up_on() -> None:
    verdict = decide(silence(6000))
    assert (verdict.answerer, verdict.reason) == (Answerer.UNSURE, "nothing_said")
    assert verdict.at_ms == RULE.initial_silence_ms
    assert decide(noise(6000, 200)).answerer is Answerer.UNSURE


def test_the_decision_is_never_later_than_allowed() -> None:
    rule = AmdRule(enabled=True, decide_within_ms=1000, greeting_ms=5000)
    verdict = decide(silence(200), speech(5000), rule=rule)
    assert (verdict.reason, verdict.at_ms) == ("time_is_up", 1000)


def test_special_information_tones_are_nobody() -> None:
    verdict = decide(silence(200), tone(330, 950), tone(330, 1400), tone(330, 1800), speech(2000))
    assert (verdict.answerer, verdict.reason) == (Answerer.NOBODY, "special_information_tone")


@pytest.mark.parametrize("hz", [1100, 2100])
def test_a_fax_is_told_by_its_tone(hz: float) -> None:
    assert decide(silence(500), tone(2000, hz)).answerer is Answerer.FAX


def test_a_ring_tone_after_the_answer_is_neither_speech_nor_beep() -> None:
    verdict = decide(silence(200), tone(1000, 450), silence(1500), speech(600), silence(3000))
    assert verdict.answerer is Answerer.PERSON


def test_the_message_waits_for_the_beep() -> None:
    amd = Amd(RULE)
    line = [silence(300), speech(4000), silence(400), tone(300, 1000), silence(500)]
    at = None
    for frame in Framer().add(np.concatenate(line)):
        amd.add(frame)
        if amd.beep_ms is not None:
            at = frame.at_ms
            break
    assert amd.beep_ms == pytest.approx(5100, abs=140)
    assert at is not None
    assert at <= 5200


def test_a_machine_that_never_beeps_has_finished_after_a_silence() -> None:
    amd = Amd(RULE)
    for frame in Framer().add(np.concatenate([speech(4000), silence(3000)])):
        amd.add(frame)
    assert amd.beep_ms == pytest.approx(6000, abs=100)


def test_tones_are_told_apart() -> None:
    assert [t.kind for t in tones_of(tone(330, 950), tone(330, 1400), tone(330, 1800))] == ["sit"]
    assert [t.kind for t in tones_of(tone(330, 1400), tone(330, 1800))] == ["sit"]
    assert "sit" not in [t.kind for t in tones_of(tone(330, 950), tone(330, 1800))]
    assert "sit" not in [t.kind for t in tones_of(tone(330, 1800), tone(330, 1400))]
    assert [t.kind for t in tones_of(tone(330, 950), silence(500), tone(330, 1400))] != ["sit"]
    assert [t.kind for t in tones_of(tone(400, 1000))] == ["beep"]
    assert [t.kind for t in tones_of(tone(1000, 440))] == ["line"]
    assert [t.kind for t in tones_of(tone(3000, 1000))] == []  # too long for a beep
    assert tones_of(speech(3000)) == []


def test_a_beeps_place_is_known_to_two_frames() -> None:
    (beep,) = tones_of(silence(500), tone(400, 1400))
    assert beep.kind is ToneKind.BEEP
    assert beep.begins_ms == pytest.approx(500, abs=2 * FRAME_MS)
    assert beep.ends_ms == pytest.approx(900, abs=2 * FRAME_MS)


@given(
    cuts=st.lists(st.integers(1, 700), min_size=1, max_size=30),
    seed=st.integers(0, 9),
)
def test_how_samples_are_cut_into_packets_changes_nothing(cuts: list[int], seed: int) -> None:
    whole = noise(1000, 2000, seed)
    at_once = Framer().add(whole)
    framer, frames, at = Framer(), [], 0
    for cut in cuts:
        frames += framer.add(whole[at : at + cut])
        at += cut
    frames += framer.add(whole[at:])
    assert frames == at_once


@settings(max_examples=40)
@given(
    parts=st.lists(
        st.tuples(st.sampled_from(["silence", "speech", "tone", "noise"]), st.integers(20, 1500)),
        max_size=8,
    ),
    hz=st.sampled_from([440.0, 950.0, 1000.0, 1400.0, 2100.0]),
)
def test_every_call_gets_one_verdict_in_time(parts: list[tuple[str, int]], hz: float) -> None:
    make: dict[str, Callable[[int], Samples]] = {
        "silence": silence,
        "speech": speech,
        "noise": lambda ms: noise(ms, 100),
        "tone": lambda ms: tone(ms, hz),
    }
    verdict = decide(*(make[kind](ms) for kind, ms in parts), silence(20))
    assert 0 < verdict.at_ms <= RULE.decide_within_ms
    if verdict.answerer is Answerer.PERSON:
        assert verdict.speech_ends_ms is not None
        assert verdict.speech_ends_ms < verdict.at_ms
