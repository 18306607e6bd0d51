"""The only place that reads the wall clock. Durations are measured with ``loop.time()``."""

from __future__ import annotations

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Return this moment as a timezone-aware UTC datetime."""
    return datetime.now(UTC)
