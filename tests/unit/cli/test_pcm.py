"""Sound for the telephone keeps what can be heard there, and nothing else."""

from __future__ import annotations

import wave
from math import pi, sin, sqrt
from pathlib import Path

import pytest

from ringway.cli.pcm import RATE_HZ, levelled, resampled, samples_of, trimmed, write_wav

pytestmark = pytest.mark.unit

VOICE_HZ = 22050


def tone(hz: float, rate_hz: int, seconds: float = 0.2, amplitude: float = 8000) -> list[int]:
    count = int(rate_hz * seconds)
    return [round(amplitude * sin(2 * pi * hz * n / rate_hz)) for n in range(count)]


def level(samples: list[int]) -> float:
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    return sqrt(sum(value * value for value in middle) / len(middle))


@pytest.mark.parametrize("hz", [300, 1000, 2500])
def test_what_a_telephone_carries_stays(hz: float) -> None:
    found = resampled(tone(hz, VOICE_HZ), VOICE_HZ)
    wanted = tone(hz, RATE_HZ)
    assert abs(len(found) - len(wanted)) <= 1
    middle = range(200, 1400)
    assert max(abs(found[n] - wanted[n]) for n in middle) < 400


@pytest.mark.parametrize("hz", [5000, 7000, 10000])
def test_what_would_fold_back_is_gone(hz: float) -> None:
    assert level(resampled(tone(hz, VOICE_HZ), VOICE_HZ)) < 8000 / sqrt(2) / 100


def test_sound_of_the_right_rate_is_left_alone() -> None:
    assert resampled([1, 2, 3], RATE_HZ) == [1, 2, 3]


def test_silence_around_the_sound_is_cut_off() -> None:
    sound = tone(500, RATE_HZ)
    found = trimmed([0] * 4000 + sound + [0] * 4000)
    assert len(sound) < len(found) < len(sound) + 800
    assert trimmed([0] * 100) == []


def test_sounds_become_equally_loud_without_clipping() -> None:
    quiet, loud = levelled(tone(500, RATE_HZ, amplitude=900)), levelled(tone(500, RATE_HZ))
    assert level(quiet) == pytest.approx(level(loud), rel=0.1)
    click = levelled([300] * 5000 + [32000])
    assert max(click) <= 30000
    assert levelled([0, 0]) == [0, 0]


def test_a_file_is_plain_pcm(tmp_path: Path) -> None:
    file = tmp_path / "tone.wav"
    write_wav(file, [0, 1000, -1000])
    assert file.read_bytes()[20:22] == b"\x01\x00"  # neither extensible nor compressed
    with wave.open(str(file), "rb") as wav:
        assert (wav.getframerate(), wav.getsampwidth(), wav.getnchannels()) == (RATE_HZ, 2, 1)
        assert samples_of(wav.readframes(3)) == [0, 1000, -1000]
