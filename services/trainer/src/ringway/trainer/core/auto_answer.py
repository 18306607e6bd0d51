"""Headers that ask a phone to answer at once: intercoms and click-to-dial use them."""

from __future__ import annotations

import re

from ringway.trainer.core.message import Headers

_AFTER = re.compile(r";\s*answer-after\s*=\s*(\d{1,3})", re.IGNORECASE)
_WORDS = re.compile(r"auto[ _-]?answer|ring-answer", re.IGNORECASE)


def answer_after_s(headers: Headers) -> float | None:
    """Seconds after which the caller wants the phone to answer by itself, or ``None``."""
    for value in headers.all("Call-Info"):
        match = _AFTER.search(value)
        if match:
            return float(match[1])
    if any(_WORDS.search(value) for value in headers.all("Alert-Info")):
        return 0.0
    mode = headers.get("Answer-Mode") or headers.get("Priv-Answer-Mode")
    return 0.0 if mode.partition(";")[0].strip().lower() == "auto" else None
