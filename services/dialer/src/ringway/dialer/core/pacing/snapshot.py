"""What a pacer is shown at one moment."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Outcome = tuple[float, float, str, float, float]
"""``(t_dial, t_result, kind, ring_s, detect_s)`` of one call, kind as the dialer believes it."""
Live = tuple[float, bool, float]
"""``(t_live, connected, wait_s)`` of one call that was handed to the live queue."""
Talk = tuple[float, float, Hashable]
"""``(t_end, talk_s, agent_id)``."""
Wrap = tuple[float, float, Hashable, str]
"""``(t_end, wrap_s, agent_id, disposition)``."""


class PacingLogs(Protocol):
    """What has ended so far: append-only lists, oldest first."""

    @property
    def outcomes(self) -> Sequence[Outcome]: ...
    @property
    def live(self) -> Sequence[Live]: ...
    @property
    def talks(self) -> Sequence[Talk]: ...
    @property
    def wraps(self) -> Sequence[Wrap]: ...


class PacingSnapshot(Protocol):
    """One campaign at one moment; all parts from the same moment, or too many calls start.

    ``*_elapsed`` are seconds, one entry for each agent or call; ``*_ids`` are in their order. A
    snapshot may also have ``is_sick``: while that is true (trunk failing, events missing) no call
    starts.
    """

    n_idle: int
    n_ringing: int
    n_talking: int
    n_wrapup: int
    n_paused: int
    n_logged_in: int
    idle_elapsed: Floats
    ringing_elapsed: Floats
    talking_elapsed: Floats
    wrapup_elapsed: Floats
    paused_elapsed: Floats
    idle_ids: Sequence[Any]
    talking_ids: Sequence[Any]
    wrapup_ids: Sequence[Any]
    pause_pending_ids: Collection[Any]
    """Busy agents who pause or leave after this call."""
    n_dialing: int
    dialing_elapsed: Floats
    n_detecting: int
    detecting_elapsed: Floats
    n_waiting: int
    waiting_elapsed: Floats
    lines_in_use: int
    line_cap: int
    cps_cap: float
    leads_left: int
    target_abandon: float
    """The cap on abandonment, a rate."""
    patience_s: float
    ring_timeout_s: float
    live_total: int
    abandoned_total: int
    dialed_total: int
    shift_end: float | None
    """When the shift ends, on the clock of ``now``; ``None`` or infinite when unknown."""

    @property
    def logs(self) -> PacingLogs: ...
