"""Who may supervise whom, and what one supervisor's phone hears from talk to talk.

Rule 1: no IO and no clock here. Time enters as ``at`` on every event.
Rule 2: supervision belongs to an agent, not to a call: scope is given over agents. So the
        supervisor stays when the agent's talk ends or the agent gives his call away, hears nothing
        in between (the agent's open microphone is nobody's business), and hears the next talk.
Rule 3: what was asked for one talk is not carried into another: every next talk begins with
        listening, and only while that is still allowed.
Rule 4: the phone is called once. Changing the mode, or the agent, does not drop it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ringway.proto.acd_config import MonitorGroup, SupervisionMode

LISTEN, WHISPER, BARGE = SupervisionMode.LISTEN, SupervisionMode.WHISPER, SupervisionMode.BARGE
HEARING = frozenset({LISTEN, WHISPER, BARGE})  # the modes for which a phone is called

IDLE_LIMIT_S = 900.0  # a forgotten supervision ends after so long without a talk


# -- scope -----------------------------------------------------------------------------------------


def allowed_modes(
    groups: Iterable[MonitorGroup], supervisor_id: str, agent_id: str, *, everywhere: bool
) -> frozenset[SupervisionMode]:
    """Return what a supervisor may do with an agent: what all his groups together allow.

    Nothing means that the agent does not exist for him. Nobody supervises himself.
    """
    if supervisor_id == agent_id:
        return frozenset()
    if everywhere:
        return frozenset(SupervisionMode)
    return frozenset(
        mode
        for group in groups
        if supervisor_id in group.supervisor_ids and agent_id in group.agent_ids
        for mode in group.allowed
    )


def visible_agents(groups: Iterable[MonitorGroup], supervisor_id: str) -> frozenset[str]:
    """Return the agents whom a supervisor's groups show to him, himself too if he is in one."""
    return frozenset(
        agent_id
        for group in groups
        if supervisor_id in group.supervisor_ids
        for agent_id in group.agent_ids
    )


# -- events ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """The supervisor wants this mode at an agent, who is in this interaction."""

    at: float
    agent_id: str
    mode: SupervisionMode
    interaction_id: str


@dataclass(frozen=True, slots=True)
class PhoneUp:
    at: float


@dataclass(frozen=True, slots=True)
class PhoneGone:
    """The supervisor hung up, could not be reached, or his phone left."""

    at: float


@dataclass(frozen=True, slots=True)
class PhoneTaken:
    """The phone is used for something else from now on: it is not ours to let go."""

    at: float


@dataclass(frozen=True, slots=True)
class EarUp:
    at: float


@dataclass(frozen=True, slots=True)
class EarFailed:
    """The agent's leg had gone."""

    at: float


@dataclass(frozen=True, slots=True)
class TalkChanged:
    """What the agent is in now; ``may_listen``: whether the supervisor may still hear him."""

    at: float
    agent_id: str
    interaction_id: str | None
    may_listen: bool = True


@dataclass(frozen=True, slots=True)
class AgentOut:
    """The agent signed out."""

    at: float
    agent_id: str


@dataclass(frozen=True, slots=True)
class ScopeChanged:
    """What the supervisor may do with the agent from now on."""

    at: float
    allowed: frozenset[SupervisionMode]


@dataclass(frozen=True, slots=True)
class Stopped:
    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    at: float


Event = (
    Asked
    | PhoneUp
    | PhoneGone
    | PhoneTaken
    | EarUp
    | EarFailed
    | TalkChanged
    | AgentOut
    | ScopeChanged
    | Stopped
    | Tick
)


# -- commands --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallPhone:
    """Call the supervisor's phone; report PhoneUp or PhoneGone."""


@dataclass(frozen=True, slots=True)
class ReleasePhone:
    """The supervisor's phone is not needed any more, whether it rings or is up."""


@dataclass(frozen=True, slots=True)
class Open:
    """Let the phone hear the agent's leg, in place of what it heard; report EarUp or EarFailed."""

    agent_id: str
    interaction_id: str
    mode: SupervisionMode


@dataclass(frozen=True, slots=True)
class Close:
    """Let the phone hear nothing."""


@dataclass(frozen=True, slots=True)
class Followed:
    """To be told: the supervisor hears one more talk of the agent, without having asked again."""

    agent_id: str
    interaction_id: str


@dataclass(frozen=True, slots=True)
class Left:
    """To be told: the supervisor heard a talk, and does no more."""

    agent_id: str
    interaction_id: str
    listened_s: float


Command = CallPhone | ReleasePhone | Open | Close | Followed | Left


# -- one supervisor --------------------------------------------------------------------------------


class PhoneState(StrEnum):
    """Where the supervisor's phone is."""

    NONE = "none"
    RINGING = "ringing"
    UP = "up"
    OVER = "over"


class Session:
    """One supervisor at one agent after the other, until he stops or his phone leaves."""

    def __init__(self, supervisor_id: str) -> None:
        self.supervisor_id = supervisor_id
        self.phone = PhoneState.NONE
        self.agent_id = ""
        self.mode = LISTEN
        self.interaction_id: str | None = None  # what the agent is in
        self.heard: str | None = None  # what the phone hears, or is about to
        self.idle_since: float | None = None
        self.opened_at: float | None = None  # the ear is really there since then

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen here any more."""
        return self.phone is PhoneState.OVER

    @property
    def idle_until(self) -> float | None:
        """When a Tick is due."""
        return None if self.idle_since is None else self.idle_since + IDLE_LIMIT_S

    def handle(self, event: Event) -> Sequence[Command]:
        """Advance by one event and return commands, to be performed in order."""
        if self.is_over:
            return []
        match event:
            case Asked():
                return self._asked(event)
            case PhoneUp() if self.phone is PhoneState.RINGING:
                self.phone = PhoneState.UP
                return self._open()
            case PhoneGone(at) | PhoneTaken(at):
                return self._end(at, has_phone=False)
            case EarUp(at):
                if self.heard is not None and self.opened_at is None:
                    self.opened_at = at
            case EarFailed(at):
                return self._close(at)
            case TalkChanged(at, agent_id) if agent_id == self.agent_id:
                return self._talk_changed(event)
            case AgentOut(at, agent_id) if agent_id == self.agent_id:
                return self._end(at)
            case ScopeChanged(at, allowed) if self.mode not in allowed:
                return self._end(at)
            case Stopped(at):
                return self._end(at)
            case Tick(at) if self.idle_until is not None and at >= self.idle_until:
                return self._end(at)
        return []

    def _asked(self, event: Asked) -> Sequence[Command]:
        out: list[Command] = []
        is_same_talk = (event.agent_id, event.interaction_id) == (self.agent_id, self.heard)
        if is_same_talk and event.mode is self.mode:
            return []
        if not is_same_talk:
            out += self._left(event.at)
        self.agent_id, self.interaction_id = event.agent_id, event.interaction_id
        self.mode, self.idle_since = event.mode, None
        if self.phone is PhoneState.NONE:
            self.phone = PhoneState.RINGING
            return [*out, CallPhone()]
        return [*out, *self._open()]

    def _talk_changed(self, event: TalkChanged) -> Sequence[Command]:
        if event.interaction_id == self.interaction_id:
            return []
        self.interaction_id = event.interaction_id
        self.mode = LISTEN
        if event.interaction_id is None:
            self.idle_since = event.at
            return self._close(event.at)
        self.idle_since = None
        if not event.may_listen:
            return self._end(event.at)
        out = self._left(event.at)
        if self.phone is not PhoneState.UP:
            return out
        return [*out, *self._open(), Followed(self.agent_id, event.interaction_id)]

    def _open(self) -> Sequence[Command]:
        if self.phone is not PhoneState.UP or self.interaction_id is None:
            return []
        self.heard = self.interaction_id
        return [Open(self.agent_id, self.interaction_id, self.mode)]

    def _left(self, at: float) -> Sequence[Command]:
        """What was heard is over; whether the ear is closed or moved is the caller's."""
        heard, since = self.heard, self.opened_at
        self.heard = self.opened_at = None
        if heard is None or since is None:
            return []
        return [Left(self.agent_id, heard, max(0.0, at - since))]

    def _close(self, at: float) -> Sequence[Command]:
        if self.heard is None:
            return []
        return [Close(), *self._left(at)]

    def _end(self, at: float, *, has_phone: bool = True) -> Sequence[Command]:
        out = list(self._close(at))
        if has_phone and self.phone is not PhoneState.NONE:
            out.append(ReleasePhone())
        self.phone, self.idle_since, self.interaction_id = PhoneState.OVER, None, None
        return out
