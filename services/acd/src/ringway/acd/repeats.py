"""Requests that ended an agent's part of a call: a repeat finds him gone, and is answered alike."""

from __future__ import annotations

from collections.abc import Callable

_REMEMBERED_S = 30.0


class Repeats:
    """What agents did a moment ago."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._done: dict[tuple[str, str, str], float] = {}  # agent, interaction, what -> when

    def note_done(self, agent_id: str, interaction_id: str, what: str) -> None:
        """Remember what ended an agent's part, for its repeats."""
        now = self._now()
        self._done = {k: at for k, at in self._done.items() if now - at < _REMEMBERED_S}
        self._done[agent_id, interaction_id, what] = now

    def was_done(self, agent_id: str, interaction_id: str | None, what: str) -> bool:
        """Tell whether this is a repeat; without an interaction: of the agent's last one."""
        now = self._now()
        return any(
            agent == agent_id
            and done == what
            and interaction_id in (None, of)
            and now - at < _REMEMBERED_S
            for (agent, of, done), at in self._done.items()
        )
