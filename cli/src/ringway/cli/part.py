"""One part of an installation: how it is started, how one sees that it works, how it is stopped."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

Check = Callable[[], Awaitable[str | None]]
"""Returns ``None`` when all is well, otherwise a short reason."""


@dataclass(frozen=True, slots=True)
class Part:
    """A process that the supervisor keeps running."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    is_ready: Check
    after: tuple[str, ...] = ()
    """Parts and steps that must be ready before this one is started for the first time."""
    needs: tuple[str, ...] = ()
    """Parts that must be running before each start, also after a crash."""
    is_alive: Check | None = None
    """A running process for which this keeps failing is killed and started again. ``None`` for
    parts that hold calls or data, where waiting is better than killing."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 10.0
    config_digest: str = ""
    """Changes when a file that the process has read would now be written differently."""

    @property
    def spec(self) -> str:
        """A digest of how the part is started: a leftover with another one is replaced."""
        how = [self.argv, sorted(self.environment.items()), self.config_digest]
        return hashlib.sha256(json.dumps(how).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Step:
    """Work that is done once per start, before the parts that name it in ``after``."""

    name: str
    after: tuple[str, ...]
    run: Callable[[], Awaitable[None]]
