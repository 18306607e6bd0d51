"""Ids and names that follow from an interaction, so that a repeated fact makes nothing new."""

from __future__ import annotations

import re
from uuid import UUID, uuid5

_NAMESPACE = UUID("6f2b8a4e-6c1d-5e0f-9a57-3d1c0b7e5a21")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_MAX_FOLDER = 32
_HALF = re.compile(
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.(?:in|out)", re.ASCII
)


def recording_id(tenant_id: UUID, interaction_id: UUID) -> UUID:
    """Return the id of the recording of an interaction: always the same one."""
    return uuid5(_NAMESPACE, f"{tenant_id}.{interaction_id}")


def message_id(recording: UUID, event: str) -> str:
    """Return the id of the fact that announces ``event`` of a recording."""
    return uuid5(recording, event).hex


def agent_folder(agent_number: str) -> str:
    """Return the folder name of an agent: his number, with anything odd in it made harmless."""
    return _UNSAFE.sub("_", agent_number)[:_MAX_FOLDER] or "none"


def file_name(tenant_id: UUID, folder: str, number: int) -> str:
    """Return the name of a file inside the store, ``{tenant}/{folder}/{number:08d}.wav``.

    Raises:
        ValueError: ``folder`` did not come from ``agent_folder`` or ``number`` is below 1.
    """
    if number < 1 or folder != agent_folder(folder):
        raise ValueError(f"not a folder and number: {folder!r}, {number}")
    return f"{tenant_id}/{folder}/{number:08d}.wav"


def interaction_of(half: str) -> UUID | None:
    """Return the interaction that a stored half ``<interaction>.in``/``.out`` belongs to.

    ``None`` when the name is not one of ours, such as a prompt recorded by somebody else.
    """
    match = _HALF.fullmatch(half)
    return UUID(match.group(1)) if match else None
