"""The clock of a promise: so many business seconds until something is done.

It runs, is paused (while the customer is waited for) and stops once. Seconds are counted on
business hours up to the last change; when it is due follows from what is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ringway.crm_api.core.work_orders.hours import AnyHours

# Moments are whole microseconds: what is due then must be found broken then.
_ROUNDING_S = 0.001


class Promise(StrEnum):
    """What is promised of a work order."""

    RESPONSE = "response"  # somebody takes care of it
    RESOLUTION = "resolution"  # it is done


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise's clock.

    Args:
        target_s: Business seconds that were promised.
        spent_s: Business seconds that had run up to ``since``, or in all when it does not run.
        since: When it was set going last; None: it is paused, or stopped.
        stopped_at: When what was promised was done.
        warned_at: When somebody was warned that it is due soon.
        breached_at: When it was found that the promise is broken.
    """

    target_s: float
    spent_s: float = 0.0
    since: datetime | None = None
    stopped_at: datetime | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None

    def run(self, now: datetime) -> Clock:
        """Set it going; one that goes or is stopped stays as it is."""
        if self.since is not None or self.stopped_at is not None:
            return self
        return replace(self, since=now)

    def pause(self, now: datetime, hours: AnyHours) -> Clock:
        """Let no more time count; one that does not go stays as it is."""
        if self.since is None:
            return self
        return replace(self, spent_s=self.spent(now, hours), since=None)

    def stop(self, now: datetime, hours: AnyHours) -> Clock:
        """End it: what was promised is done. One that is stopped stays as it is."""
        if self.stopped_at is not None:
            return self
        paused = self.pause(now, hours)
        is_late = paused.breached_at is None and paused.is_broken(now, hours)
        return replace(paused, stopped_at=now, breached_at=now if is_late else paused.breached_at)

    def reopen(self, now: datetime) -> Clock:
        """Set a stopped clock going again: what was spent before counts."""
        return replace(self, stopped_at=None).run(now)

    def spent(self, now: datetime, hours: AnyHours) -> float:
        """Return the business seconds that count until ``now``."""
        if self.since is None:
            return self.spent_s
        return self.spent_s + hours.between(self.since, now)

    def due_at(self, hours: AnyHours, share: float = 1.0) -> datetime | None:
        """Return when ``share`` of the target will have passed; None while it does not run.

        It is ``since`` itself when that was before, and None when the business never opens.
        """
        if self.since is None:
            return None
        return hours.after(self.since, self.target_s * share - self.spent_s)

    def is_broken(self, now: datetime, hours: AnyHours) -> bool:
        """Return whether all that was promised is spent."""
        return self.spent(now, hours) >= self.target_s - _ROUNDING_S
