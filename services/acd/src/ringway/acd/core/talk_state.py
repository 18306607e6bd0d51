"""Who is part of a talk, and the small changes that every operation is made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from ringway.acd.core import talk_model as t
from ringway.acd.core.talk_model import CUSTOMER, ON_HOLD, NotNow, NotPart, Party
from ringway.acd.core.talk_places import Places
from ringway.proto.acd_calls import PartyRole, PartyState
from ringway.proto.acd_config import Target, TargetKind

RINGING, TALKING, HELD = PartyState.RINGING, PartyState.TALKING, PartyState.HELD


class TalkState:
    """The parties of one interaction.

    Args:
        owner_id: The leg of the agent who is credited; nothing when nobody of ours talks.
        room: The room in which those who talk stand now.
    """

    def __init__(
        self,
        interaction_id: str,
        parties: Iterable[Party],
        *,
        owner_id: str | None,
        room: str | None,
    ) -> None:
        self.interaction_id = interaction_id
        self.parties = {party.leg_id: party for party in parties}
        self.owner_id = owner_id
        self.consult: t.Consult | None = None
        self.is_ending = False  # the customer is being hung up
        self.is_over = False
        self.is_hold_told = False
        self.places = Places(interaction_id, room)
        self.count = 0  # of parties that were ever added
        self._leaving: list[Party] = []
        self._handed_on: Party | None = None

    @classmethod
    def awaiting(cls, interaction_id: str, agent_id: str, *, is_held: bool = True) -> Self:
        """A customer with nobody, for whom an agent's phone is to ring; ``p1`` is the agent."""
        customer = Party(CUSTOMER, PartyRole.CUSTOMER, HELD, place=ON_HOLD if is_held else None)
        agent = Party("p1", PartyRole.CONSULTED, RINGING, agent_id)
        talk = cls(interaction_id, (customer, agent), owner_id=None, room=None)
        talk.count = 1
        target = Target(kind=TargetKind.AGENT, value=agent_id)
        talk.consult = t.Consult("p1", agent_id, target, is_blind=True, is_handed=True)
        return talk

    # -- what others may ask -------------------------------------------------------------------

    @property
    def customer(self) -> Party | None:
        """The customer, until he goes or is handed over."""
        return self.parties.get(CUSTOMER)

    @property
    def owner(self) -> Party | None:
        """The agent who is credited."""
        return self.parties.get(self.owner_id or "")

    @property
    def circle(self) -> list[Party]:
        """Those who hear each other."""
        return [party for party in self.parties.values() if party.state is TALKING]

    @property
    def is_plain(self) -> bool:
        """One agent and the customer talk: nothing that needs to be remembered."""
        return len(self.parties) == 2 and len(self.circle) == 2 and self.owner is not None

    def agent(self, agent_id: str) -> Party | None:
        """Return an agent's part."""
        for party in self.parties.values():
            if party.agent_id == agent_id:
                return party
        return None

    # -- small parts ---------------------------------------------------------------------------

    def _part_of(self, event: t.Asked) -> Party:
        party = self.agent(event.by)
        if party is None:
            raise NotPart(event.by)
        return party

    def _by_owner(self, event: t.Asked) -> Party:
        party = self._part_of(event)
        if party is not self.owner:
            raise NotNow("Only the agent who has the customer can do this.")
        return party

    def _customer(self) -> Party:
        if self.customer is None or self.is_ending:
            raise NotNow("The customer is leaving.")
        return self.customer

    def _companions(self) -> list[Party]:
        """Everybody with whom the customer can be left."""
        return [
            p
            for p in self.parties.values()
            if p.leg_id != CUSTOMER
            and p.state is not RINGING
            and p.role is not PartyRole.SUPERVISOR
            and p not in self._consulting()
        ]

    def _consulting(self) -> list[Party]:
        """The consulted party, and the asker's second line to it."""
        legs = (self.consult.leg_id, self.consult.line_id) if self.consult is not None else ()
        return [self.parties[leg_id] for leg_id in legs if leg_id in self.parties]

    def _talk_only(self, parties: list[Party]) -> None:
        """Let only these talk, with the owner unless he has his own line to them."""
        has_line = self.consult is not None and self.consult.line_id != ""
        for party in self.parties.values():
            if party in parties or (party is self.owner and not has_line):
                party.state = TALKING
            elif party.state is TALKING:
                party.state = HELD

    def _unhold_all_but_consulted(self) -> None:
        consulting = self._consulting()
        for party in self.parties.values():
            if party.state is HELD and party not in consulting:
                party.state = TALKING

    def _hold_all_but(self, agent_id: str, leg_id: str = "") -> None:
        for party in self.parties.values():
            if party.state is TALKING and party.agent_id != agent_id and party.leg_id != leg_id:
                party.state = HELD

    def _consulted(self, at: float, outcome: str) -> t.Consulted:
        consult = self.consult
        assert consult is not None
        began = at if consult.answered_at is None else consult.answered_at
        return t.Consulted(consult.asker_id, consult.target, max(0.0, at - began), outcome)

    def _drop(self, party: Party) -> Iterable[t.Command]:
        """Take somebody out of the talk; who is credited changes with it."""
        if self.parties.pop(party.leg_id, None) is None:
            return []
        self._leaving.append(party)
        if party.state is RINGING:
            return [t.AgentUnclaimed(party.agent_id)] if party.agent_id is not None else []
        out: list[t.Command] = []
        if party.leg_id == self.owner_id:
            out += self._no_hold_told()
            heir = next((p for p in self._companions() if p.agent_id is not None), None)
            self.owner_id = heir.leg_id if heir is not None else None
            if heir is not None:
                heir.role = PartyRole.AGENT
            out.append(t.OwnerTold(heir.agent_id if heir else None))
        if party.agent_id is not None and party.role is not PartyRole.SUPERVISOR:
            out.append(t.AgentGone(party.agent_id))
        return out

    def _no_hold_told(self) -> Iterable[t.Command]:
        """End the credited agent's hold before his credit ends."""
        if not self.is_hold_told:
            return []
        self.is_hold_told = False
        return [t.HoldTold(on=False)]

    def _hold_told(self) -> Iterable[t.Command]:
        customer = self.customer
        is_hold = (
            self.owner is not None
            and customer is not None
            and customer.state is HELD
            and not self.is_ending
        )
        if is_hold is self.is_hold_told:
            return []
        self.is_hold_told = is_hold
        return [t.HoldTold(is_hold)]
