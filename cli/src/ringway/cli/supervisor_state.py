"""What the supervisor writes down for others to read: one file, replaced whole on each change."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path


class PartState(StrEnum):
    """Where a part is in its life."""

    WAITING = "waiting"
    """For the parts and steps that must be ready first."""
    STARTING = "starting"
    """Its process runs, it is not ready yet."""
    RUNNING = "running"
    BACKING_OFF = "backing_off"
    """Its process ended; the next start comes soon."""
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(slots=True)
class PartReport:
    """One part, as the supervisor sees it."""

    state: PartState = PartState.WAITING
    pid: int | None = None
    started_at: str | None = None
    """UTC, RFC 3339."""
    restarts: int = 0
    problem: str | None = None
    """Why it is not ready or has ended, when that is so."""


@dataclass(slots=True)
class SupervisorReport:
    """The whole installation, as the supervisor sees it."""

    pid: int
    parts: dict[str, PartReport] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    """By step: ``waiting``, ``running``, ``done``, or what went wrong."""


def write(file: Path, report: SupervisorReport) -> None:
    """Replace the file. Readers see the old report or the new one, never a half."""
    scratch = file.with_suffix(".new")
    scratch.write_text(json.dumps(asdict(report)))
    os.replace(scratch, file)


def read(file: Path) -> SupervisorReport | None:
    """Return the last report, or ``None`` when there is none that can be read."""
    try:
        raw = json.loads(file.read_text())
        parts = {
            name: PartReport(**{**values, "state": PartState(values["state"])})
            for name, values in raw["parts"].items()
        }
        return SupervisorReport(pid=raw["pid"], parts=parts, steps=raw["steps"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
