"""One conference: who is in it, who is called to it, who is muted.

Rule 1: no IO and no clock here.
Rule 2: everybody who is up stands in one room and hears everybody who is not muted.
Rule 3: it is over when its organiser ends it, or when nobody is left who could talk to anybody:
        at most one who is not the organiser is there, and nobody is being called.
Rule 4: repeats change nothing, late events are normal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ringway.proto.acd_calls import PartyState

RINGING, TALKING, GONE = PartyState.RINGING, PartyState.TALKING, PartyState.GONE
MOST_MEMBERS = 200


class Full(Exception):
    """So many have been called that no more may be."""


@dataclass(slots=True)
class Member:
    """Somebody of a conference; who has gone stays in the list, so that one sees it."""

    leg_id: str
    agent_id: str | None = None
    number: str = ""
    state: PartyState = RINGING
    is_muted: bool = False
    is_organiser: bool = False


# -- commands --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Enter:
    """The leg is up: put it into the room."""

    leg_id: str


@dataclass(frozen=True, slots=True)
class Mute:
    leg_id: str
    muted: bool


@dataclass(frozen=True, slots=True)
class LetGo:
    """End the leg, or stop calling it."""

    leg_id: str


@dataclass(frozen=True, slots=True)
class Over:
    """Nobody is left: end the room."""


Command = Enter | Mute | LetGo | Over


@dataclass(slots=True)
class Conference:
    """The members of one conference, by leg id, in the order in which they were called."""

    members: dict[str, Member] = field(default_factory=dict)
    is_over: bool = False
    most: int = 0  # who were there at the same time
    count: int = 0  # of members that were ever added

    @property
    def present(self) -> list[Member]:
        """Those who are there."""
        return [m for m in self.members.values() if m.state is TALKING]

    @property
    def ringing(self) -> list[Member]:
        """Those who are being called."""
        return [m for m in self.members.values() if m.state is RINGING]

    def invite(
        self,
        agent_id: str | None = None,
        number: str = "",
        *,
        is_organiser: bool = False,
        is_caller: bool = False,
    ) -> Member | None:
        """Add somebody who is to be called; nobody who is there or is called already.

        Args:
            is_caller: He came by himself, and others may have called from the same number.

        Raises:
            Full: There are too many.
        """
        if self.is_over:
            return None
        for member in self.members.values():
            by_number = agent_id is None and member.number == number and not is_caller
            same = member.agent_id == agent_id and (agent_id is not None or by_number)
            if same and member.state is not GONE:
                return None
        if len(self.present) + len(self.ringing) >= MOST_MEMBERS:
            raise Full
        self.count += 1
        member = Member(f"p{self.count}", agent_id, number, is_organiser=is_organiser)
        self.members[member.leg_id] = member
        return member

    def answered(self, leg_id: str) -> Sequence[Command]:
        """A phone that was called is up."""
        member = self.members.get(leg_id)
        if member is None or member.state is not RINGING or self.is_over:
            return [] if member is not None and member.state is TALKING else [LetGo(leg_id)]
        member.state = TALKING
        self.most = max(self.most, len(self.present))
        out: list[Command] = [Enter(leg_id)]
        return [*out, Mute(leg_id, muted=True)] if member.is_muted else out

    def gone(self, leg_id: str) -> Sequence[Command]:
        """A leg ended, or did not come."""
        member = self.members.get(leg_id)
        if member is None or member.state is GONE:
            return []
        member.state = GONE
        return list(self._end_if_empty())

    def mute(self, leg_id: str | None, *, muted: bool) -> Sequence[Command]:
        """Mute one member, or all but the organiser; or let them be heard again."""
        out: list[Command] = []
        for member in self.members.values():
            meant = member.leg_id == leg_id or (leg_id is None and not member.is_organiser)
            if not meant or member.is_muted is muted or member.state is GONE:
                continue
            member.is_muted = muted
            if member.state is TALKING:
                out.append(Mute(member.leg_id, muted))
        return out

    def remove(self, leg_id: str) -> Sequence[Command]:
        """End one member's part."""
        member = self.members.get(leg_id)
        if member is None or member.state is GONE:
            return []
        member.state = GONE
        return [LetGo(leg_id), *self._end_if_empty()]

    def end(self) -> Sequence[Command]:
        """End everybody's part."""
        if self.is_over:
            return []
        self.is_over = True
        out: list[Command] = []
        for member in self.members.values():
            if member.state is not GONE:
                member.state = GONE
                out.append(LetGo(member.leg_id))
        return [*out, Over()]

    def _end_if_empty(self) -> Iterable[Command]:
        if self.ringing or len(self.present) > 1:
            return ()
        if any(member.is_organiser for member in self.present):
            return ()  # he may call others
        return self.end()
