"""The streams, declared in code by whoever connects first.

Declaring twice changes nothing. Subjects are only ever added, so an older release that starts
beside a newer one takes nothing away from it.
"""

from __future__ import annotations

import contextlib
from typing import Any

from ringway.proto.base import Kind, registry
from ringway.runtime.bus.connection import ApiRefused, Epoch

FACTS = "FACTS"
DEAD_LETTER = "DEAD_LETTER"
STREAM_NOT_FOUND = 10059
STREAM_NAME_IN_USE = 10058

_NS = 1_000_000_000
DAY_S = 86_400
# A fact is forgotten when its consumers have had a week, and recognised as a repeat for so long.
_FACTS_MAX_AGE_S = 7 * DAY_S
_DUPLICATE_WINDOW_S = 600
_DEAD_LETTER_MAX_AGE_S = 90 * DAY_S


def fact_subjects() -> list[str]:
    """The subject of every fact that this release knows."""
    return sorted({t.subject_filter() for t in registry() if t.KIND is Kind.FACT})


async def declare_streams(epoch: Epoch, *, replicas: int = 1) -> None:
    """Create the streams that are missing and add the subjects that are new."""
    await _declare(
        epoch,
        {
            "name": FACTS,
            "description": "Everything that happened and must not be lost.",
            "subjects": fact_subjects(),
            "max_age": _FACTS_MAX_AGE_S * _NS,
            "duplicate_window": _DUPLICATE_WINDOW_S * _NS,
            "storage": "file",
            "discard": "old",
            "allow_direct": True,
            "num_replicas": replicas,
        },
    )
    await _declare(
        epoch,
        {
            "name": DEAD_LETTER,
            "description": "Facts that a consumer could not digest.",
            "subjects": ["dead_letter.>"],
            "max_age": _DEAD_LETTER_MAX_AGE_S * _NS,
            "storage": "file",
            "discard": "old",
            "num_replicas": replicas,
        },
    )


async def _declare(epoch: Epoch, config: dict[str, Any]) -> None:
    name = config["name"]
    try:
        info = await epoch.api(f"STREAM.INFO.{name}")
    except ApiRefused as refused:
        if refused.err_code != STREAM_NOT_FOUND:
            raise
        with _somebody_was_faster():
            await epoch.api(f"STREAM.CREATE.{name}", config)
        return
    present = info["config"]
    if not set(config["subjects"]) <= set(present["subjects"]):
        subjects = sorted({*config["subjects"], *present["subjects"]})
        await epoch.api(f"STREAM.UPDATE.{name}", {**present, "subjects": subjects})


@contextlib.contextmanager
def _somebody_was_faster() -> Any:
    try:
        yield
    except ApiRefused as refused:
        if refused.err_code != STREAM_NAME_IN_USE:
            raise
