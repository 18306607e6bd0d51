"""What a restarted trainer must still know: scenarios and agents, in one file."""

from __future__ import annotations

import os
from pathlib import Path

import orjson
from pydantic import ValidationError

from ringway.proto.base import Model
from ringway.proto.trainer import PersonaRule, SimulatedAgent


class TenantScenario(Model):
    """The scenario one tenant put."""

    tenant: str
    rules: tuple[PersonaRule, ...]
    seed: int = 1


class KnownAgent(Model):
    """A running agent, and the port of his phone."""

    tenant: str
    agent: SimulatedAgent
    port: int = 0


class TrainerState(Model):
    """Everything; scenarios in the order in which they were put."""

    scenarios: tuple[TenantScenario, ...] = ()
    agents: tuple[KnownAgent, ...] = ()


def save(path: Path, state: TrainerState) -> None:
    """Write the state so that a kill leaves either the old or the new one.

    Raises:
        OSError: The disk refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    # It holds the passwords of phones and consoles.
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, orjson.dumps(state.model_dump(mode="json")))
    finally:
        os.close(file)
    fresh.replace(path)


def load(path: Path) -> TrainerState:
    """Read the state; none, or an unreadable one, is an empty one."""
    try:
        return TrainerState.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return TrainerState()
