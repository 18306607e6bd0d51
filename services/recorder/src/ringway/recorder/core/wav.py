"""WAV as Asterisk writes it (mono, 8 kHz, 16 bit) and as we keep it (stereo, agent left).

Asterisk fills in the sizes of a WAV header when it closes the file. A file whose writer was
killed says 0 or 0xFFFFFFFF, or ends inside its header; its audio is as good as any other's, so
the length of such a file is taken from what is there.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

RATE_HZ = 8000
SAMPLE_BYTES = 2
FRAME_BYTES = 2 * SAMPLE_BYTES  # one sample of each side
HEADER_BYTES = 44
# A header longer than this is not one of Asterisk's.
PREFIX_BYTES = 4096

_PCM = 1
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)
_MAX_DATA_BYTES = 0xFFFFFFFF - HEADER_BYTES


class UnreadableWav(Exception):
    """The file is not mono 8 kHz 16-bit PCM in a RIFF container."""


@dataclass(frozen=True, slots=True)
class WavData:
    """Where the samples of a mono file are."""

    offset: int  # bytes from the start of the file
    samples: int


def locate(prefix: bytes, file_size: int) -> WavData:
    """Find the samples of a mono file from its first bytes.

    Args:
        prefix: The first bytes of the file, all of them or at least ``PREFIX_BYTES``.
        file_size: Bytes in the whole file.

    Raises:
        UnreadableWav: It is some other kind of file. A file that ends before its header is
            complete is not: it holds no samples.
    """
    if file_size < 12:
        if b"RIFF".startswith(prefix[:4]):
            return WavData(file_size, 0)
        raise UnreadableWav("no RIFF header")
    if prefix[:4] != b"RIFF" or prefix[8:12] != b"WAVE":
        raise UnreadableWav("no RIFF/WAVE header")
    at = 12
    has_format = False
    while at + _CHUNK.size <= len(prefix):
        name, size = _CHUNK.unpack_from(prefix, at)
        at += _CHUNK.size
        if name == b"data":
            if not has_format:
                raise UnreadableWav("data before format")
            return WavData(at, _data_bytes(size, file_size - at) // SAMPLE_BYTES)
        if name == b"fmt ":
            if at + _FORMAT.size > len(prefix):
                break
            _check_format(prefix, at)
            has_format = True
        at += size + (size & 1)
    if len(prefix) < file_size:
        raise UnreadableWav("no data chunk near the start")
    return WavData(file_size, 0)


def stereo_header(frames: int) -> bytes:
    """Return the 44-byte header of a stereo file with ``frames`` samples per side."""
    data_bytes = min(frames * FRAME_BYTES, _MAX_DATA_BYTES)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        data_bytes + HEADER_BYTES - 8,
        b"WAVE",
        b"fmt ",
        16,
        _PCM,
        2,
        RATE_HZ,
        RATE_HZ * FRAME_BYTES,
        FRAME_BYTES,
        8 * SAMPLE_BYTES,
        b"data",
        data_bytes,
    )


def interleave(left: bytes, right: bytes) -> bytes:
    """Join two runs of 16-bit samples; the shorter one is followed by silence."""
    frames = max(len(left), len(right)) // SAMPLE_BYTES
    out = np.zeros((frames, 2), dtype="<i2")
    for side, data in enumerate((left, right)):
        samples = np.frombuffer(data, dtype="<i2", count=len(data) // SAMPLE_BYTES)
        out[: len(samples), side] = samples
    return out.tobytes()


def _data_bytes(declared: int, available: int) -> int:
    if declared in _UNKNOWN_SIZES or declared > available:
        return available
    return declared


def _check_format(prefix: bytes, at: int) -> None:
    kind, channels, rate_hz, _, _, bits = _FORMAT.unpack_from(prefix, at)
    if (kind, channels, rate_hz, bits) != (_PCM, 1, RATE_HZ, 8 * SAMPLE_BYTES):
        raise UnreadableWav(
            f"format {kind}, {channels} channels, {rate_hz} Hz, {bits} bits; not 1, 1, 8000, 16"
        )
