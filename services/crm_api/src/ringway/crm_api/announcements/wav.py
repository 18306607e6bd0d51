"""WAV files, as far as they are taken: one channel, 8 kHz, 16 bit."""

from __future__ import annotations

import wave
from typing import BinaryIO

from ringway.crm_api.errors import Invalid
from ringway.proto.dialer_announcements import ANNOUNCEMENT_MOST_S, ANNOUNCEMENT_RATE_HZ

_HOW = "Convert it, for example with: ffmpeg -i in.wav -ac 1 -ar 8000 -c:a pcm_s16le out.wav"


def samples_of(file: BinaryIO) -> bytes:
    """Return a file's samples.

    Raises:
        Invalid: It is no WAV, of another format, or too long.
    """
    try:
        with wave.open(file, "rb") as wav:
            form = (wav.getnchannels(), wav.getframerate(), wav.getsampwidth())
            if form != (1, ANNOUNCEMENT_RATE_HZ, 2):
                raise _invalid(f"It has {form[0]} channels at {form[1]} Hz of {8 * form[2]} bit.")
            most = ANNOUNCEMENT_MOST_S * ANNOUNCEMENT_RATE_HZ
            samples = wav.readframes(most + 1)
    except (wave.Error, EOFError, ValueError, RuntimeError) as error:
        raise _invalid(f"The file is no WAV of plain samples: {error}.") from error
    if len(samples) > most * 2:
        raise Invalid(
            "announcement_invalid",
            f"The recording is longer than {ANNOUNCEMENT_MOST_S} seconds; cut out its words.",
        )
    return samples[: len(samples) & ~1]


def _invalid(what: str) -> Invalid:
    return Invalid(
        "announcement_invalid", f"{what} One channel at 8000 Hz of 16 bit is needed. {_HOW}"
    )
