"""Prove who heard whom: measure tones in audio, and make files with tones."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ringway.trainer.core.g711 import Law, decode
from ringway.trainer.core.tone import speech_like

SILENCE_DBFS = -120.0
Samples = NDArray[np.int16]


def read_wav(path: str | Path) -> tuple[int, Samples]:
    """Return the rate in Hz and the samples, shaped (frames, channels), of a 16-bit WAV."""
    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 2, "only 16-bit files"
        raw = file.readframes(file.getnframes())
        samples = np.frombuffer(raw, dtype="<i2").astype(np.int16)
        return file.getframerate(), samples.reshape(-1, file.getnchannels())


def tones(
    source: str | Path | Samples,
    channel: int,
    freqs: Iterable[float],
    start_s: float = 0.0,
    end_s: float | None = None,
    *,
    rate_hz: int = 8000,
) -> dict[float, float]:
    """Measure how loud each frequency is in one channel of a file or of samples.

    Args:
        source: A WAV path, or 16-bit samples shaped (frames,) or (frames, channels).
        channel: 0 is left (the agent in a recording), 1 is right (the customer).
        freqs: Frequencies to look for, in Hz.
        start_s: Where the measured part begins.
        end_s: Where it ends; ``None`` is the end of the audio.
        rate_hz: Rate of ``source`` when it is samples.

    Returns:
        The level of each frequency in dBFS: 0 is a full-scale sine, -120 is nothing. A part
        without samples measures as nothing.
    """
    if isinstance(source, str | Path):
        rate_hz, samples = read_wav(source)
    else:
        samples = source if source.ndim == 2 else source.reshape(-1, 1)
    end = None if end_s is None else round(end_s * rate_hz)
    part = samples[round(start_s * rate_hz) : end, channel].astype(np.float64) / 32768.0
    if not len(part):
        return dict.fromkeys(freqs, SILENCE_DBFS)
    window = np.hanning(len(part) + 2)[1:-1]
    steps = np.arange(len(part)) / rate_hz
    levels: dict[float, float] = {}
    for hz in freqs:
        peak = 2 * abs(np.sum(part * window * np.exp(-2j * np.pi * hz * steps))) / window.sum()
        levels[hz] = max(SILENCE_DBFS, float(20 * np.log10(max(peak, 1e-9))))
    return levels


def heard(
    source: str | Path | Samples,
    channel: int,
    hz: float,
    start_s: float = 0.0,
    end_s: float | None = None,
    *,
    above_dbfs: float = -40.0,
    rate_hz: int = 8000,
) -> bool:
    """Tell whether a tone is clearly there."""
    return tones(source, channel, [hz], start_s, end_s, rate_hz=rate_hz)[hz] > above_dbfs


def tone(hz: float, duration_s: float, *, level: float = 0.25, rate_hz: int = 8000) -> Samples:
    """Make a sine of ``level`` (0..1 of full scale); 0 Hz makes silence."""
    steps = np.arange(round(duration_s * rate_hz)) / rate_hz
    wavy: Samples = (32767 * level * np.sin(2 * np.pi * hz * steps)).astype(np.int16)
    return wavy


def write_wav(path: str | Path, samples: Samples, *, rate_hz: int = 8000) -> Path:
    """Write samples, shaped (frames,) or (frames, channels), as a 16-bit WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.astype("<i2").tobytes())
    return Path(path)


def wav_of(samples: Samples, *, rate_hz: int = 8000, channels: int = 1) -> bytes:
    """A 16-bit WAV file of these samples."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(rate_hz)
        wav.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


@cache
def spoken_wav(variant: int = 0, seconds: float = 4) -> bytes:
    """A WAV file of something like words; the same number, the same words."""
    spoken = decode(b"".join(speech_like(12, Law.ULAW, variant)), Law.ULAW)
    return wav_of(np.asarray(spoken, dtype=np.int16)[: round(seconds * 8000)])
