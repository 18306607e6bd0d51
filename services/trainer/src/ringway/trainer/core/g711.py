"""G.711: mu-law and A-law to 16-bit linear samples and back, by tables."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Pcm: TypeAlias = npt.NDArray[np.int16]

SAMPLE_RATE_HZ = 8000
FRAME_SAMPLES = 160  # 20 ms


class Law(StrEnum):
    """Which of the two companding laws."""

    ULAW = "ulaw"
    ALAW = "alaw"

    @property
    def silence(self) -> int:
        """The code of a sample of (nearly) zero."""
        return 0xFF if self is Law.ULAW else 0xD5


def decode(codes: bytes, law: Law = Law.ULAW) -> Pcm:
    """Linear samples of companded codes."""
    return _decoder(law)[np.frombuffer(codes, np.uint8)]


def encode(samples: Pcm, law: Law = Law.ULAW) -> bytes:
    """Companded codes of linear samples."""
    return _encoder(law)[samples.view(np.uint16)].tobytes()


@cache
def _decoder(law: Law) -> Pcm:
    code = np.arange(256)
    if law is Law.ULAW:
        code = code ^ 0xFF
        exponent, mantissa = (code >> 4) & 7, code & 15
        magnitude = (((mantissa << 1) + 33) << (exponent + 2)) - 132
        negative = (code & 0x80) != 0
    else:
        code = code ^ 0x55
        exponent, mantissa = (code >> 4) & 7, code & 15
        linear = (mantissa << 4) + 8
        magnitude = np.where(exponent == 0, linear, (linear + 256) << np.maximum(exponent - 1, 0))
        negative = (code & 0x80) == 0
    return np.where(negative, -magnitude, magnitude).astype(np.int16)


@cache
def _encoder(law: Law) -> npt.NDArray[np.uint8]:
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    ends = np.array([255, 511, 1023, 2047, 4095, 8191, 16383])
    if law is Law.ULAW:
        magnitude = np.minimum(np.abs(sample), 32635) + 132
        exponent = np.searchsorted(ends, magnitude)
        mantissa = (magnitude >> (exponent + 3)) & 15
        code = ((sample < 0) * 0x80 | (exponent << 4) | mantissa) ^ 0xFF
    else:
        magnitude = np.where(sample < 0, -sample - 1, sample)
        exponent = np.searchsorted(ends, magnitude)
        mantissa = (magnitude >> np.maximum(exponent + 3, 4)) & 15
        code = ((sample >= 0) * 0x80 | (exponent << 4) | mantissa) ^ 0x55
    return code.astype(np.uint8)
