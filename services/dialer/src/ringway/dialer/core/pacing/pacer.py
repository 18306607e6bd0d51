"""The predictive pacer: one more call while its risk to find no agent is tolerable."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, Self

from ringway.dialer.core.pacing.forecast import Forecast, Outlook
from ringway.dialer.core.pacing.health import Health
from ringway.dialer.core.pacing.snapshot import Floats, PacingSnapshot
from ringway.dialer.core.pacing.steering import Steering

DUMP_VERSION = 1
_AT_ONCE = 64
_LOG_AT_MOST = 6000
_SMALL_TEAM = 2
_LEARN_CALLS = 40.0
_CONTENT_S, _FAR = 2.2, 2.0


class Pacer:
    """Decides how many calls one campaign places now.

    Every call that could be placed has a risk: the chance that it finds no agent in time, if a
    person answers it. Calls are added while the next one's risk is tolerated; the tolerated risk
    is steered so that abandonment stays below the cap, over the day and in every half hour.

    Args:
        settings: As of ``Steering``.
    """

    tick_seconds = 1.0
    wants_events = True

    def __init__(self, **settings: float) -> None:
        self.steering = Steering(**settings)
        self.forecast = Forecast()
        self.health = Health()
        self._read: dict[str, int] = {}
        # Nothing was to be dialed at these counts, nor will be soon while they stay.
        self._content: tuple[int, ...] | None = None
        self._content_at = 0.0
        self._is_far_from_one_more = False
        self._why: dict[str, float | str] = {"reason": "not asked yet"}

    def decide(self, now: float, state: PacingSnapshot) -> int:
        """Return how many calls to place at ``now``, never negative.

        Args:
            now: Seconds, of any origin.
            state: The campaign at this moment, see ``PacingSnapshot``.
        """
        counts = _counts(state)
        if counts == self._content and abs(now - self._content_at) < _CONTENT_S:
            return 0
        outcomes = self._tail("outcomes", state.logs.outcomes)
        self.health.learn(outcomes)
        self.forecast.learn(
            now,
            state,
            outcomes=[] if self.health.is_trunk_sick else outcomes,
            talks=self._tail("talks", state.logs.talks),
            wraps=self._tail("wraps", state.logs.wraps),
            live=self._tail("live", state.logs.live),
        )
        # Not from `n_logged_in`: whether that counts those who pause is told differently.
        at_work = (state.n_idle, state.n_ringing, state.n_talking, state.n_wrapup)
        here = sum(max(0, int(n)) for n in at_work)
        end = math.inf if state.shift_end is None else float(state.shift_end)
        self.steering.observe(
            now,
            int(state.live_total),
            int(state.abandoned_total),
            cap=max(0.0, float(state.target_abandon)),
            agents=here,
            left_s=end - now,
        )
        calls = self._decide(now, end, here, state)
        is_content = calls == 0 and self._is_far_from_one_more
        self._content, self._content_at = counts if is_content else None, now
        return calls

    def explain(self) -> Mapping[str, float | str]:
        """Return the numbers behind the last decision; see ``docs/reference/pacing.md``."""
        return dict(self._why)

    def dump(self) -> dict[str, Any]:
        """Return what was learned as plain JSON data, for ``load`` after a restart."""
        return {
            "version": DUMP_VERSION,
            "forecast": self.forecast.dump(),
            "steering": self.steering.dump(),
            "health": self.health.dump(),
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on with what ``dump`` returned, perhaps of another process.

        Logs may begin anew; the day's counts must go on.

        Raises:
            ValueError: This is not what ``dump`` of this version returns.
        """
        if saved.get("version") != DUMP_VERSION:
            raise ValueError(f"a pacer's state of version {saved.get('version')} is not known")
        forecast, steering, health = Forecast(), copy(self.steering), Health()
        try:
            forecast.restore(saved["forecast"])
            steering.restore(saved["steering"])
            if "health" in saved:  # what earlier releases kept has it not
                health.restore(saved["health"])
        except (KeyError, TypeError, IndexError, AttributeError) as exc:
            raise ValueError("this is no pacer's state") from exc
        self.forecast, self.steering, self.health = forecast, steering, health

    @classmethod
    def load(cls, saved: Mapping[str, Any], **settings: float) -> Self:
        """Return a new pacer that goes on with what ``dump`` returned.

        Raises:
            ValueError: As ``restore``.
        """
        pacer = cls(**settings)
        pacer.restore(saved)
        return pacer

    # -- deciding --------------------------------------------------------------------------------

    def _decide(self, now: float, end: float, here: int, state: PacingSnapshot) -> int:
        idle, waiting = max(0, int(state.n_idle)), max(0, int(state.n_waiting))
        in_flight = int(state.n_dialing) + int(state.n_detecting) + waiting
        # Snapshots of others than ours may have no limit at all.
        lines = math.inf if state.line_cap is None else state.line_cap
        leads = math.inf if state.leads_left is None else state.leads_left
        most = int(max(0, min(lines - state.lines_in_use, leads, _AT_ONCE)))
        tolerated = self.steering.tolerated(here)
        outlook = self.forecast.outlook(state, anticipate=here > _SMALL_TEAM)
        reason, calls, risk = "", 0, 1.0
        self._is_far_from_one_more = False
        if here <= 0 or here == int(state.n_ringing):
            reason = "no agents"
        elif getattr(state, "is_sick", False) or self.health.are_events_missing(state):
            reason = "events are missing"
        elif most == 0:
            reason = "no lines or leads left"
        elif self.forecast.share_in_time(end - now) < 1.0:
            reason = "the shift ends"
        else:
            one_each = max(0, min(most, idle - in_flight))
            seen = self.forecast.answers.seen
            if seen < _LEARN_CALLS:  # from one call per agent on, as the answer rate gets known
                start = math.ceil(idle * (1.0 + 2.0 * seen / _LEARN_CALLS)) - in_flight
                most = max(one_each, min(most, start))
            if self.health.is_trunk_sick:
                calls, reason = min(1, one_each), "the trunk fails"
            elif state.target_abandon <= 0:
                calls, reason = one_each, "one call per agent"
            else:
                calls, risk = self._add(idle - waiting, outlook, most, tolerated)
                reason = "risk" if calls < most else "all that may start at once"
                if calls < one_each:
                    calls, reason = one_each, "one call per agent"
                self._is_far_from_one_more = risk > _FAR * tolerated
        self._explain(state, outlook, here, calls, reason, risk, tolerated)
        return calls

    def _add(self, free: int, outlook: Outlook, most: int, tolerated: float) -> tuple[int, float]:
        """Return how many calls may be added, and the risk of the first that may not."""
        risks: Sequence[float] | Floats = outlook.risks(free, most, tolerated)
        calls = 0
        while calls < len(risks) and risks[calls] <= tolerated:
            calls += 1
        return calls, float(risks[min(calls, len(risks) - 1)]) if len(risks) else 1.0

    def _tail(self, name: str, log: Sequence[Any]) -> Sequence[Any]:
        """Return what was appended since the last look; of very much, the latest."""
        read, size = self._read.get(name, 0), len(log)
        if size < read:  # another log: the dialer has started anew
            read = 0
        self._read[name] = size
        return log[max(read, size - _LOG_AT_MOST) :] if size > read else ()

    def _explain(
        self, state: PacingSnapshot, outlook: Outlook, here: int, calls: int, reason: str,
        risk: float, tolerated: float,
    ) -> None:  # fmt: skip
        steering = self.steering
        live, lost = steering.window
        self._why = {
            "reason": reason,
            "calls": calls,
            "agents": here,
            "idle_agents": int(state.n_idle),
            "calls_in_flight": int(state.n_dialing) + int(state.n_detecting),
            "horizon_s": outlook.horizon_s,
            "predicted_free_agents": outlook.free_agents,
            "predicted_answers": outlook.answers,
            "next_call_risk": risk,
            "tolerated_risk": tolerated,
            "answer_rate": self.forecast.answers.rate,
            "talk_s": self.forecast.talk.mean_s,
            "wrap_up_s": self.forecast.wrap.mean_s,
            "connect_limit_s": self.forecast.patience_s,
            "abandonment_aim": steering.aim,
            "window_live": live,
            "window_abandoned": lost,
            "window_budget_left": steering.window_left,
            "day_budget_left": steering.day_left,
        }


def _counts(state: PacingSnapshot) -> tuple[int, ...]:
    logs = state.logs
    return (
        state.n_idle, state.n_ringing, state.n_talking, state.n_wrapup, state.n_dialing,
        state.n_detecting, state.n_waiting, state.live_total, state.abandoned_total,
        len(state.pause_pending_ids), len(logs.outcomes), len(logs.talks), len(logs.wraps),
    )  # fmt: skip
