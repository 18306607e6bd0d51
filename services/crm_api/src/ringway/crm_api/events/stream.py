"""What one browser is told of, and in which form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from ringway.crm_api.access import Caller
from ringway.crm_api.events.sight import is_off, sees
from ringway.proto.acd import CampaignAgentsV1
from ringway.proto.base import Kind, Presence, registry

RESUME_GAP = "crm.v1.events.gap"
# Each agent's own figure (AgentPresenceV1) tells it; this one says only what changed.
_NOT_SHOWN = {"agents", "is_whole"}


@dataclass(frozen=True, slots=True)
class _FactType:
    pattern: re.Pattern[str]
    name: str


def _fact_types() -> tuple[_FactType, ...]:
    return tuple(
        _FactType(
            re.compile(re.escape(kind.subject_filter()).replace(r"\*", "[^.]+")), kind.type_name()
        )
        for kind in registry()
        if kind.KIND is Kind.FACT
    )


class FactNames:
    """Finds the stable name of a fact by its subject."""

    def __init__(self) -> None:
        self._types = _fact_types()

    def name_of(self, subject: str) -> str | None:
        """Return the type name of the fact with this subject, None when we know none."""
        return next((t.name for t in self._types if t.pattern.fullmatch(subject)), None)


@dataclass(frozen=True, slots=True)
class View:
    """Which messages a caller sees (see sight.py)."""

    caller: Caller

    def sees_fact(self, name: str, data: dict[str, Any]) -> bool:
        """Return whether a fact is for the caller."""
        return sees(self.caller, name, data)

    def is_off(self, name: str, data: dict[str, Any]) -> bool:
        """Return whether a fact is of a feature that the caller's enterprise does not have."""
        return is_off(self.caller, name, data)

    def sees_presence(self, presence: Presence) -> bool:
        """Return whether a live figure is for the caller."""
        about = {"agent_id": getattr(presence, "agent_id", None)}
        return sees(self.caller, type(presence).type_name(), about)


def fact_message(sequence: int, name: str, tenant: str, data: dict[str, Any]) -> str:
    """Return one fact as it is sent; its sequence resumes a broken connection."""
    return _message(sequence, name, tenant, data)


def presence_message(presence: Presence) -> str:
    """Return one live figure as it is sent; it has no id, the next one replaces it."""
    hidden = _NOT_SHOWN if isinstance(presence, CampaignAgentsV1) else None
    data = presence.model_dump(mode="json", exclude=hidden)
    return _message(None, type(presence).type_name(), presence.tenant, data)


def gap_message(tenant: str, first: int) -> str:
    """Return the notice that facts after ``last_event_id`` are no longer kept: read anew."""
    return _message(None, RESUME_GAP, tenant, {"first_event_id": first})


def _message(sequence: int | None, name: str, tenant: str, data: dict[str, Any]) -> str:
    message = {"id": sequence, "type": name, "tenant": tenant, "data": data}
    return orjson.dumps(message).decode()
