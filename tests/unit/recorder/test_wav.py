from __future__ import annotations

import io
import struct
import wave

import numpy as np
import pytest
from tests.support.audio import tone

from ringway.recorder.core.wav import (
    HEADER_BYTES,
    UnreadableWav,
    WavData,
    interleave,
    locate,
    stereo_header,
)

pytestmark = pytest.mark.unit


def mono(samples: bytes, *, rate_hz: int = 8000, channels: int = 1) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples)
    return out.getvalue()


def test_samples_of_a_finished_file_are_found() -> None:
    data = mono(tone(440, 0.5).tobytes())
    assert locate(data, len(data)) == WavData(HEADER_BYTES, 4000)


@pytest.mark.parametrize("declared", [0, 0xFFFFFFFF, 999_999])
def test_a_file_whose_writer_was_killed_has_all_its_samples(declared: int) -> None:
    data = bytearray(mono(tone(440, 0.5).tobytes()))
    struct.pack_into("<I", data, 40, declared)
    assert locate(bytes(data), len(data)) == WavData(HEADER_BYTES, 4000)


def test_a_half_written_sample_is_left_out() -> None:
    data = mono(tone(440, 0.5).tobytes())[:-1]
    assert locate(data, len(data)).samples == 3999


def test_chunks_before_the_samples_are_skipped() -> None:
    plain = mono(b"\x01\x00" * 10)
    extra = plain[:36] + struct.pack("<4sI", b"LIST", 3) + b"abc\x00" + plain[36:]
    assert locate(extra, len(extra)) == WavData(HEADER_BYTES + 12, 10)


def test_what_follows_the_samples_is_not_sound() -> None:
    data = mono(b"\x01\x00" * 10) + struct.pack("<4sI", b"LIST", 4) + b"abcd"
    assert locate(data, len(data)).samples == 10


@pytest.mark.parametrize("length", range(HEADER_BYTES + 1))
def test_a_file_that_ends_in_its_header_has_no_samples(length: int) -> None:
    data = mono(b"")[:length]
    assert locate(data, length).samples == 0


@pytest.mark.parametrize(
    "data",
    [
        b"not a wave file at all",
        b"junk",
        mono(b"\x00" * 8, rate_hz=16000),
        mono(b"\x00" * 8, channels=2),
        mono(b"")[:12] + mono(b"")[36:],
    ],
)
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadableWav):
        locate(data, len(data))


def test_a_header_without_end_is_refused() -> None:
    start = mono(b"")[:36] + struct.pack("<4sI", b"LIST", 100_000) + b"x" * 4000
    with pytest.raises(UnreadableWav):
        locate(start, 200_000)


def test_the_stereo_header_is_what_other_programs_expect() -> None:
    body = interleave(tone(500, 0.1).tobytes(), tone(700, 0.1).tobytes())
    with wave.open(io.BytesIO(stereo_header(800) + body), "rb") as file:
        assert file.getparams()[:4] == (2, 2, 8000, 800)


def test_the_shorter_side_ends_in_silence() -> None:
    both = np.frombuffer(interleave(b"\x01\x00" * 3, b"\x02\x00"), "<i2").reshape(-1, 2)
    assert both.tolist() == [[1, 2], [1, 0], [1, 0]]
