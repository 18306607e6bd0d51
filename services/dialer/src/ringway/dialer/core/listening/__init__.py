"""What the first seconds of a call's audio tell: a person, a machine, a tone, an announcement.

Pure: samples and the time at which they arrived go in, findings come out.
"""

from ringway.dialer.core.listening.amd import Amd, Answerer, Verdict
from ringway.dialer.core.listening.early import BY_TONES, EarlyMedia, Finding
from ringway.dialer.core.listening.fingerprint import (
    PRINT_MS,
    Book,
    Match,
    Matcher,
    Print,
    Prints,
    Recording,
    Unusable,
    print_of,
)
from ringway.dialer.core.listening.frames import FRAME_MS, FRAME_SAMPLES, RATE_HZ, Framer
from ringway.dialer.core.listening.tones import Tone, ToneKind, Tones

__all__ = [
    "BY_TONES",
    "FRAME_MS",
    "FRAME_SAMPLES",
    "PRINT_MS",
    "RATE_HZ",
    "Amd",
    "Answerer",
    "Book",
    "EarlyMedia",
    "Finding",
    "Framer",
    "Match",
    "Matcher",
    "Print",
    "Prints",
    "Recording",
    "Tone",
    "ToneKind",
    "Tones",
    "Unusable",
    "Verdict",
    "print_of",
]
