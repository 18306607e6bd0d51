"""Where the legs of a talk stand: who talks together shares a room, who is held hears music.

The room is the home of one who talks, so that the usual talk needs no room of its own and a
phone that goes home does not move. Only outside parties among themselves get an extra room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringway.acd.core import talk_model as t
from ringway.acd.core.talk_model import ON_HOLD, Party
from ringway.proto.acd_calls import PartyState


class Places:
    """The rooms of one talk.

    Args:
        room: Where those who talk stand now.
    """

    def __init__(self, interaction_id: str, room: str | None) -> None:
        self.interaction_id = interaction_id
        self.room = room
        self.extra_room: str | None = None
        self.count = 0  # of extra rooms that were ever made

    def place(
        self, parties: Sequence[Party], owner: Party | None, leaving: Sequence[Party]
    ) -> Sequence[t.Command]:
        """Move whoever is not where he belongs, and let go who left.

        Music first, and who leaves a room is out of it before others come in: nobody hears what
        he must not.
        """
        out: list[t.Command] = []
        old_extra = self.extra_room
        circle = [p for p in parties if p.state is PartyState.TALKING]
        room = self._room_of(circle, owner)
        if self.extra_room is not None and self.extra_room != old_extra:
            out.append(t.MakeRoom(self.extra_room))
        held = [p for p in parties if p.state is PartyState.HELD and p.place != ON_HOLD]
        if held:
            out.append(t.Hold(tuple(p.leg_id for p in held)))
        out += let_go(p for p in leaving if p.place == room)
        moved = [p for p in circle if p.place != room]
        if moved and room is not None:
            out.append(t.Move(room, tuple(p.leg_id for p in moved)))
        out += let_go(p for p in leaving if p.place != room)
        for party in held:
            party.place = ON_HOLD
        for party in moved:
            party.place = room
        if old_extra is not None and old_extra != room:
            if self.extra_room == old_extra:
                self.extra_room = None
            out.append(t.DropRoom(old_extra))
        self.room = room
        return out

    def _room_of(self, circle: Sequence[Party], owner: Party | None) -> str | None:
        if not circle:
            return None
        homes = [p.home for p in circle if p.home is not None]
        if self.room in homes or (
            not homes and self.room is not None and self.room == self.extra_room
        ):
            return self.room
        if owner is not None and owner.home in homes:
            return owner.home
        if homes:
            return homes[0]
        self.count += 1
        self.extra_room = f"{self.interaction_id}.x{self.count}"
        return self.extra_room


def let_go(parties: Iterable[Party]) -> Sequence[t.Command]:
    """Return what ends these parties' part."""
    return [command for party in parties for command in _end(party)]


def _end(party: Party) -> Iterable[t.Command]:
    if party.state is PartyState.RINGING:
        return [t.StopRinging(party.leg_id)]
    out: list[t.Command] = [t.Mute(party.leg_id, muted=False)] if party.is_muted else []
    if party.agent_id is not None:
        return [*out, t.Release(party.leg_id, party.agent_id)]
    return [*out, t.HangUp(party.leg_id)] if party.place is not None else []
