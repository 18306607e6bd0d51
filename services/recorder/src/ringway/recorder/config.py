"""Settings of the recorder."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from ringway.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """Everything the recorder is told from outside (``RINGWAY_RECORDER_<FIELD>``)."""

    store_dir: Path
    """Folder of finished recordings."""
    media_secret: SecretStr
    """Key of the media tokens, shared with the CRM API."""
    concurrency: int = Field(default=4, ge=1, le=64)
    """How many recordings are collected at the same time."""
    sweep_interval_s: float = Field(default=60.0, gt=0)
    """Seconds between two comparisons of a node's files with the index."""
