"""When busy agents become free."""

from __future__ import annotations

import math

import numpy as np

from ringway.dialer.core.pacing.durations import Durations
from ringway.dialer.core.pacing.snapshot import Floats

HORIZON_S = 64
_AHEAD: Floats = np.arange(HORIZON_S + 1, dtype=float)
# Rows of the tables: every second at first, then ever coarser.
_ROWS_S: Floats = np.unique(
    np.concatenate([np.arange(0, 32), np.round(32 * 1.12 ** np.arange(0, 48))])
).astype(float)
_START: Floats = np.zeros(1)


class FreeTimes:
    """Chance that an agent who talks, or wraps up, since so long is free so soon."""

    after_talk: Floats
    after_wrap: Floats

    def __init__(self, talk: Durations, wrap: Durations) -> None:
        self._talk = talk
        self._wrap = wrap
        self.refresh(0.0, np.arange(1.0, 9.0))

    def refresh(self, no_wrap_rate: float, ahead_s: Floats) -> None:
        """Make the tables anew.

        Args:
            no_wrap_rate: Share of talks that are followed by no wrap-up.
            ahead_s: The columns: seconds from now.
        """
        ahead_s = np.minimum(ahead_s, HORIZON_S)
        steps = _AHEAD[: math.ceil(float(ahead_s.max())) + 1]
        # A talk that ends within second j leaves the rest of the time to wrap up.
        left = np.maximum(ahead_s[None, :] - steps[:-1, None] - 0.5, 0.0)
        wrapped = self._wrap.ends_within(_START, left.ravel())[0].reshape(left.shape)
        in_time = ahead_s[None, :] > steps[:-1, None]
        after = np.where(in_time, no_wrap_rate + (1.0 - no_wrap_rate) * wrapped, 0.0)
        ended = np.diff(self._talk.ends_within(_ROWS_S, steps), axis=1)
        # Not `@`: the library behind it wakes threads for this, which costs more than the sum.
        self.after_talk = np.einsum("rj,jc->rc", ended, after)
        self.after_wrap = self._wrap.ends_within(_ROWS_S, ahead_s)


def rows(elapsed_s: Floats) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return the table row of each elapsed time."""
    return np.maximum(np.searchsorted(_ROWS_S, elapsed_s, side="right") - 1, 0)


N_ROWS = len(_ROWS_S)
