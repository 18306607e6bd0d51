"""What to do with the files that Asterisk has stored, compared with what we know.

Rule 1: a file is deleted only when its audio is in our store, or when it holds no audio.
Rule 2: what nobody has claimed is kept and reported, never deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from ringway.recorder.core.naming import interaction_of
from ringway.recorder.core.retry import Miss

ORPHAN_AGE_S = 600.0


class Known(StrEnum):
    """What the index says of an interaction."""

    STORED = "stored"
    MISSING = "missing"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The state of one interaction's recording, and why it is missing."""

    state: Known
    reason: str = ""


@dataclass(slots=True)
class Findings:
    """What one look at a node's files asks for."""

    delete: list[str] = field(default_factory=list)
    wake: set[UUID] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)


def compare(names: Iterable[str], known: Mapping[UUID, Knowledge]) -> Findings:
    """Sort a node's stored files by what is to be done with them.

    Names that are not ``<interaction>.in``/``.out`` belong to somebody else and are left alone.
    """
    findings = Findings()
    for name in names:
        interaction = interaction_of(name)
        if interaction is None:
            continue
        match known.get(interaction):
            case None:
                findings.unknown.append(name)
            case Knowledge(Known.STORED) | Knowledge(Known.MISSING, Miss.EMPTY):
                findings.delete.append(name)
            case Knowledge(Known.MISSING, Miss.UNREADABLE):
                pass  # trying again would read the same bytes; the file is kept for people
            case _:
                findings.wake.add(interaction)
    return findings


@dataclass(slots=True)
class Ages:
    """How long each unknown file of one node has been seen; Asterisk does not tell its age."""

    _since: dict[str, float] = field(default_factory=dict)
    _reported: set[str] = field(default_factory=set)

    def note(self, names: Iterable[str], at: float) -> list[str]:
        """Remember the unknown files seen at ``at`` (seconds); return those that are too old."""
        self._since = {name: self._since.get(name, at) for name in names}
        self._reported &= self._since.keys()
        return [name for name, since in self._since.items() if at - since >= ORPHAN_AGE_S]

    def first_report(self, name: str) -> bool:
        """Tell, once per file, that it has not been reported yet."""
        if name in self._reported:
            return False
        self._reported.add(name)
        return True
