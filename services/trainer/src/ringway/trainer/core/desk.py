"""What a simulated person at the console does next, from what the platform says about him.

He wants to work: he signs in whenever he is signed out, is ready whenever he is not, files a
disposition after each talk. Whatever threw him out (a restart, a lost phone call), the next
status tells, and the same rules bring him back. Times are seconds on the clock of ``at``.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from ringway.proto.acd import AgentState, LegMode

# A nailed-up session without a call to the phone is dead; the call may be just arriving, though.
_LEG_LIMIT_S = 4.0
_SIGN_IN_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class SignIn:
    """Begin a session."""


@dataclass(frozen=True, slots=True)
class SignOut:
    """End a session whose phone call is gone."""


@dataclass(frozen=True, slots=True)
class BeReady:
    """Say ready."""


@dataclass(frozen=True, slots=True)
class FileDisposition:
    """Finish wrap-up."""

    interaction_id: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the talk."""

    interaction_id: str


@dataclass(frozen=True, slots=True)
class NoteTalk:
    """A talk is over: write down what was heard in it."""

    interaction_id: str
    from_at: float
    to_at: float


Action = SignIn | SignOut | BeReady | FileDisposition | HangUp | NoteTalk


@dataclass(frozen=True, slots=True)
class Status:
    """What the platform says about the agent, and what his phone says."""

    state: AgentState
    interaction_id: str = ""
    is_phone_registered: bool = True
    is_phone_in_call: bool = False


@dataclass(slots=True)
class Desk:
    """One simulated agent's behaviour.

    Args:
        leg_mode: Nailed-up agents give up a session whose phone call is gone.
        talk_s: He hangs up after so long; ``None`` leaves it to the customer.
        wrap_up_s: How long he takes to file the disposition.
    """

    leg_mode: LegMode
    talk_s: tuple[float, float] | None
    wrap_up_s: tuple[float, float]
    rng: random.Random = field(default_factory=random.Random)
    interactions: int = 0
    _talk: tuple[str, float, float | None] | None = None  # interaction, since, hang up at
    _wrap_up: tuple[str, float] | None = None  # interaction, file at
    _no_leg_since: float | None = None
    _sign_in_at: float = 0.0
    _hung_up: str = ""

    def handle(self, status: Status, at: float) -> list[Action]:
        """Say what is to be done now, in order.

        Nothing counts as done before a status shows it: what failed is asked for again.
        """
        out: list[Action] = []
        out += self._follow_talk(status, at)
        self._follow_leg(status, at)
        match status.state:
            case AgentState.LOGGED_OUT:
                if status.is_phone_registered and at >= self._sign_in_at:
                    self._sign_in_at = at + _SIGN_IN_AGAIN_S
                    self._no_leg_since = None
                    out.append(SignIn())
            case _ if self._no_leg_since is not None and at - self._no_leg_since >= _LEG_LIMIT_S:
                self._no_leg_since = at
                out.append(SignOut())
            case AgentState.NOT_READY:
                out.append(BeReady())
            case AgentState.WRAP_UP:
                out += self._wrap_up_action(status, at)
            case AgentState.TALKING if self._talk is not None:
                interaction, _, hang_up_at = self._talk
                if hang_up_at is not None and at >= hang_up_at and self._hung_up != interaction:
                    self._hung_up = interaction
                    out.append(HangUp(interaction))
            case _:
                pass
        if status.state is not AgentState.WRAP_UP:
            self._wrap_up = None
        return out

    @property
    def next_deadline(self) -> float | None:
        """When ``handle`` wants to be asked again although nothing changed."""
        times = []
        if self._talk is not None and self._talk[2] is not None and self._hung_up != self._talk[0]:
            times.append(self._talk[2])
        if self._wrap_up is not None:
            times.append(self._wrap_up[1])
        if self._no_leg_since is not None:
            times.append(self._no_leg_since + _LEG_LIMIT_S)
        return min(times, default=None)

    def _follow_talk(self, status: Status, at: float) -> list[Action]:
        talks = status.state in (AgentState.TALKING, AgentState.HOLD)
        out: list[Action] = []
        if self._talk is not None and (not talks or self._talk[0] != status.interaction_id):
            out.append(NoteTalk(self._talk[0], self._talk[1], at))
            self._talk = None
        if talks and self._talk is None:
            self.interactions += 1
            after = None if self.talk_s is None else self.rng.uniform(*sorted(self.talk_s))
            self._talk = (status.interaction_id, at, None if after is None else at + after)
        return out

    def _follow_leg(self, status: Status, at: float) -> None:
        needs_leg = self.leg_mode is LegMode.NAILED_UP and status.state is not AgentState.LOGGED_OUT
        if not needs_leg or status.is_phone_in_call:
            self._no_leg_since = None
        elif self._no_leg_since is None:
            self._no_leg_since = at

    def _wrap_up_action(self, status: Status, at: float) -> list[Action]:
        if self._wrap_up is None or self._wrap_up[0] != status.interaction_id:
            after = self.rng.uniform(*sorted(self.wrap_up_s))
            self._wrap_up = (status.interaction_id, at + after)
        if at >= self._wrap_up[1]:
            self._wrap_up = (status.interaction_id, at + 1.0)  # ask again if it was not taken
            return [FileDisposition(status.interaction_id)]
        return []
