"""Settings of the trainer."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ringway.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read from ``RINGWAY_TRAINER_*``; the trainer needs no database."""

    postgres_dsn: str = ""
    trunk_host: str = "127.0.0.1"
    """Address the trunk's far end listens on, for SIP and RTP; phones use it too."""
    trunk_port: int = Field(ge=0, le=65535)
    state_dir: Path
    """Folder of state.json, trunk.jsonl and agents.jsonl."""
    sip_registrar: str = "127.0.0.1:17005"
    """Where simulated agents' phones register, host:port."""
    advertised_host: str = ""
    """Address Asterisk reaches the trainer at; found by itself when empty."""
