"""One connected interaction: who is part of it, who hears whom, and who hears music.

Rule 1: no IO and no clock here. Time enters as ``at`` on every event.
Rule 2: an operation changes only who talks, who is held and who rings. Where each leg has to
        stand follows from that: those who talk share one room, the home of one of them; those
        who are held hear music; ``Places`` moves whoever is not where he belongs.
Rule 3: the customer is with somebody, hears music, or is gone. A call is about the customer:
        when he goes, everybody goes.
Rule 4: repeats change nothing, late events are normal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringway.acd.core import talk_model as t
from ringway.acd.core.talk_model import CUSTOMER, ON_HOLD, NotNow, NotPart, Party
from ringway.acd.core.talk_places import let_go
from ringway.acd.core.talk_state import HELD, RINGING, TALKING, TalkState
from ringway.proto.acd_calls import PartyRole


class Talk(TalkState):
    """One interaction: events in, commands out."""

    # -- events in -----------------------------------------------------------------------------

    def handle(self, event: t.Event) -> Sequence[t.Command]:
        """Advance by one event and return commands, to be performed in order.

        Raises:
            NotNow: The operation is not possible now; nothing has changed.
            NotPart: Who asks is not part of the talk.
        """
        if self.is_over:
            if isinstance(event, t.Asked):
                raise NotPart(event.by)
            return []
        out = list(self._decide(event))
        out += self._hold_told()
        return [*self._place(), *out, *self._end()]

    def _place(self) -> Iterable[t.Command]:
        leaving, self._leaving = self._leaving, []
        if self.is_ending and self.parties:
            return let_go(leaving)  # the others stay where they are until the customer has gone
        parties = list(self.parties.values())
        handed_on, self._handed_on = self._handed_on, None
        if handed_on is not None:
            parties.append(handed_on)
        return self.places.place(parties, self.owner, leaving)

    def _decide(self, event: t.Event) -> Iterable[t.Command]:
        match event:
            case t.HoldAsked():
                return self._hold(event)
            case t.ResumeAsked():
                return self._resume(event)
            case t.MuteAsked():
                return self._mute(event)
            case t.ConsultAsked():  # and TransferAsked
                return self._ask_somebody(event)
            case t.HandOverAsked():
                return self._hand_over(event)
            case t.ParkAsked():
                return self._let_go(event)
            case t.CancelConsultAsked():
                self._by_owner(event)
                return self._end_consult(event.at, "returned") if self.consult else []
            case t.CompleteAsked():
                return self._complete(event)
            case t.MergeAsked():
                return self._merge(event)
            case t.LeaveAsked():
                return self._leave(event)
            case t.RemoveAsked():
                return self._remove(event)
            case t.PartyAnswered():
                return self._answered(event)
            case t.PartyFailed(at, leg_id):
                ringing = self.parties.get(leg_id)
                is_line = self.consult is not None and leg_id == self.consult.line_id
                if ringing is None or ringing.state is not RINGING or is_line:
                    return []
                return self._gone(at, leg_id)
            case t.PartyGone(at, leg_id):
                if leg_id in self.parties:
                    # Its channel is no more: nothing to move, nothing to end.
                    self.parties[leg_id].place = None
                return self._gone(at, leg_id)
            case t.HangUpAsked(at):
                return self._gone(at, self._part_of(event).leg_id)
            case t.PartyJoined(_, party):
                return self._joined(party)
            case t.Seen():
                return self._seen(event)

    # -- hold and mute -------------------------------------------------------------------------

    def _hold(self, event: t.Asked) -> Iterable[t.Command]:
        self._by_owner(event)
        customer = self._customer()
        if customer.state is HELD:
            return []
        if self.consult is None:
            customer.state = HELD
        else:  # swap: the consulted party had been held
            self._talk_only(self._consulting())
        return []

    def _resume(self, event: t.Asked) -> Iterable[t.Command]:
        self._by_owner(event)
        customer = self._customer()
        if customer.state is TALKING:
            return []
        if self.consult is not None:
            consulted = self.parties[self.consult.leg_id]
            if consulted.state is RINGING:
                raise NotNow("The other phone still rings; cancel the consultation first.")
            for party in self._consulting():
                party.state = HELD
            self.parties[self.owner_id or ""].state = TALKING
        self._unhold_all_but_consulted()
        return []

    def _mute(self, event: t.MuteAsked) -> Iterable[t.Command]:
        party = self._part_of(event)
        if party.is_muted is event.muted:
            return []
        if party.state is RINGING:
            raise NotNow("The phone still rings.")
        party.is_muted = event.muted
        return [t.Mute(party.leg_id, event.muted)]

    # -- consulting and transferring -----------------------------------------------------------

    def _ask_somebody(self, event: t.ConsultAsked) -> Iterable[t.Command]:
        self._by_owner(event)
        self._customer()
        is_blind = isinstance(event, t.TransferAsked)
        if self.consult is not None:
            if self.consult.target != event.target:
                raise NotNow("Another consultation runs; end it first.")
            return self._complete(event) if is_blind else []
        if event.agent_id is not None and self.agent(event.agent_id) is not None:
            raise NotNow("That agent is part of the call already.")
        self.count += 1
        party = Party(f"p{self.count}", PartyRole.CONSULTED, RINGING, event.agent_id, event.number)
        self._hold_all_but(event.by)
        self.parties[party.leg_id] = party
        line_id = self._second_line() if isinstance(event, t.LineAsked) else ""
        is_quiet = is_blind or isinstance(event, t.ReferAsked)
        self.consult = t.Consult(party.leg_id, event.by, event.target, is_quiet)
        self.consult.completes = isinstance(event, t.ReferAsked)
        self.consult.line_id = line_id
        ring = t.Ring(party.leg_id)
        return [ring, *self._complete(event)] if is_blind else [ring]

    def _second_line(self) -> str:
        """Take the second line of the owner's phone into the talk; his first hears music."""
        assert self.owner is not None
        self.owner.state = HELD
        line = Party(f"l{self.count}", PartyRole.CONSULTED, RINGING)
        self.parties[line.leg_id] = line
        return line.leg_id

    def _complete(self, event: t.Asked) -> Iterable[t.Command]:
        return self._complete_by(self._by_owner(event), event.at)

    def _complete_by(self, owner: Party, at: float) -> Iterable[t.Command]:
        consult = self.consult
        if consult is None:
            raise NotNow("There is no consultation to complete.")
        consulted = self.parties[consult.leg_id]
        out: list[t.Command] = []
        if not consult.is_blind:
            out.append(self._consulted(at, "transferred"))
        self._drop_line()
        if consulted.state is RINGING:
            consult.is_handed = True
            out += self._drop(owner)
            self._hold_all_but("", consult.leg_id)
            return out
        out += self._take_over(consulted, consult, is_attended=True)
        return [*out, *self._drop(owner)]

    def _take_over(
        self, party: Party, consult: t.Consult, *, is_attended: bool
    ) -> Iterable[t.Command]:
        """The consulted party has the customer from now on."""
        self.consult = None
        party.state, party.role = TALKING, PartyRole.MEMBER
        self._unhold_all_but_consulted()
        out: list[t.Command] = [t.Transferred(consult.asker_id, consult.target, is_attended)]
        if party.agent_id is None:
            return out
        out += self._no_hold_told()
        if (old := self.owner) is not None:
            old.role = PartyRole.MEMBER
        self.owner_id, party.role = party.leg_id, PartyRole.AGENT
        if is_attended:  # he has been in the talk since he answered
            return [*out, t.OwnerTold(party.agent_id)]
        return [*out, t.AgentJoined(party.agent_id, owns=True)]

    def _hand_over(self, event: t.HandOverAsked) -> Iterable[t.Command]:
        out = list(self._let_go(event))
        out.append(t.HandOver(event.by, event.target))
        return [*out, t.Transferred(event.by, event.target, is_attended=False)]

    def _let_go(self, event: t.Asked) -> Iterable[t.Command]:
        """Everybody leaves the customer, who hears music."""
        self._by_owner(event)
        customer = self._customer()
        out: list[t.Command] = []
        if self.consult is not None:
            out += self._end_consult(event.at, "returned")
        self._give_away(customer)
        return [*out, *self._everybody_leaves()]

    def _end_consult(self, at: float, outcome: str) -> Iterable[t.Command]:
        """The consulted party leaves; the customer is back with whom he was."""
        consult = self.consult
        assert consult is not None
        out: list[t.Command] = []
        if not consult.is_blind:
            out.append(self._consulted(at, outcome))
        party = self.parties.get(consult.leg_id)
        if party is not None:
            out += self._drop(party)
        had_line = self._drop_line()
        self.consult = None
        if had_line and self.owner is not None and self.owner.state is HELD:
            self.owner.state = TALKING  # his phone took the customer off its first line: it asks
        else:
            self._unhold_all_but_consulted()
        return out

    def _drop_line(self) -> bool:
        """Let the asker's second line go, if he uses one."""
        line = self.parties.get(self.consult.line_id) if self.consult is not None else None
        if line is None:
            return False
        self._drop(line)
        return True

    def _merge(self, event: t.Asked) -> Iterable[t.Command]:
        self._by_owner(event)
        self._customer()
        consult = self.consult
        if consult is None:
            if not any(p.role is PartyRole.MEMBER for p in self.parties.values()):
                raise NotNow("There is nobody to merge with; consult somebody first.")
            self._unhold_all_but_consulted()
            return []
        party = self.parties[consult.leg_id]
        if party.state is RINGING:
            raise NotNow("The other phone still rings.")
        told = self._consulted(event.at, "merged")
        self._drop_line()
        self.consult = None
        party.role, party.state = PartyRole.MEMBER, TALKING
        self._unhold_all_but_consulted()
        return [told]

    def _leave(self, event: t.Asked) -> Iterable[t.Command]:
        party = self._part_of(event)
        if self.consult is not None:
            if party.leg_id == self.consult.leg_id:
                return self._gone_consulted(event.at)
            if party is self.owner:
                raise NotNow("A consultation runs; complete or cancel it.")
        others = [p for p in self._companions() if p is not party]
        if not others:
            raise NotNow("Nobody would be left with the customer; hang up or transfer instead.")
        out = list(self._drop(party))
        self._unhold_all_but_consulted()
        return out

    def _remove(self, event: t.RemoveAsked) -> Iterable[t.Command]:
        owner = self._by_owner(event)
        party = self.parties.get(event.leg_id)
        if party is None:
            if event.leg_id.removeprefix("p").isdigit():
                return []  # a repeat, or he hung up
            raise NotNow("There is no such party.")
        if party is owner:
            raise NotNow("This is the agent himself; hang up or leave instead.")
        if party.leg_id == CUSTOMER:
            return self._hang_up_customer()
        if self.consult is not None and party.leg_id == self.consult.leg_id:
            return self._end_consult(event.at, "returned")
        return self._drop(party)

    # -- what happens to legs ------------------------------------------------------------------

    def _answered(self, event: t.PartyAnswered) -> Iterable[t.Command]:
        party, consult = self.parties.get(event.leg_id), self.consult
        if party is None or party.state is not RINGING or consult is None:
            return []
        if party.leg_id != consult.leg_id:
            return []  # the second line of a phone is answered by us, when the other side is
        party.home = event.home
        consult.answered_at = event.at
        if consult.is_handed:
            return self._take_over(party, consult, is_attended=False)
        if consult.completes and (owner := self.owner) is not None:
            out = list(self._take_over(party, consult, is_attended=False))
            return [*out, *self._drop(owner)]
        out = []
        for each in self._consulting():
            each.state = TALKING
            if each is not party:
                out.append(t.Answer(each.leg_id))
        if party.agent_id is not None:
            out.append(t.AgentJoined(party.agent_id, owns=False))
        return out

    def _joined(self, party: Party) -> Iterable[t.Command]:
        if party.leg_id in self.parties or self.is_ending or self.customer is None:
            return []
        party.state = TALKING
        self.parties[party.leg_id] = party
        return []

    def _seen(self, event: t.Seen) -> Iterable[t.Command]:
        """Believe it; whoever is not where he belongs is moved there."""
        if self.is_ending:
            return []
        for leg_id, place in event.places.items():
            party = self.parties.get(leg_id)
            if party is not None and party.place is not None:
                party.place = place
        customer = self.customer
        if event.is_news and customer is not None and self.consult is None:
            with_whom = {p.place for p in self._companions()}
            if customer.state is TALKING and customer.place == ON_HOLD:
                customer.state = HELD
            elif customer.state is HELD and customer.place in with_whom - {None, ON_HOLD}:
                customer.state = TALKING
        extra = self.places.extra_room
        if extra is None or extra in event.rooms:
            return []
        self.places.room = self.places.extra_room = None
        return [t.DropRoom(extra)]  # it may have been made just now

    def _gone(self, at: float, leg_id: str) -> Iterable[t.Command]:
        party = self.parties.get(leg_id)
        if party is None:
            return []
        if leg_id == CUSTOMER:
            del self.parties[CUSTOMER]
            out: list[t.Command] = []
            if self.consult is not None and not self.consult.is_blind:
                handed = self.consult.is_handed
                out += [] if handed else [self._consulted(at, "customer_left")]
            self.consult = None
            self.is_hold_told = False  # the floor knows that he has gone: nothing to tell it
            told = self._everybody_leaves()
            return [*out, *(c for c in told if isinstance(c, t.AgentUnclaimed))]
        if self.consult is not None and leg_id in (self.consult.leg_id, self.consult.line_id):
            return self._gone_consulted(at)
        if party is not self.owner:
            out = list(self._drop(party))
            return [*out, *([] if self._companions() else self._hang_up_customer())]
        if self.consult is not None and self.consult.completes and not self.consult.is_handed:
            return self._complete_by(party, at)  # his phone left after it asked for a transfer
        out = []
        if self.consult is not None and not self.consult.is_handed:
            out += self._end_consult(at, "returned")
        if self.consult is not None or any(p is not party for p in self._companions()):
            out += self._drop(party)
            if self.consult is None:
                self._unhold_all_but_consulted()
            return out
        # He is still credited: the customer's end, which follows, closes his talk.
        return [*out, *self._hang_up_customer()]

    def _gone_consulted(self, at: float) -> Iterable[t.Command]:
        consult = self.consult
        assert consult is not None
        party = self.parties[consult.leg_id]
        was_up = party.state is not RINGING
        if not consult.is_handed:
            return self._end_consult(at, "returned" if was_up else "not_answered")
        self.consult = None
        out = list(self._drop(party))
        if self._companions():  # a three-way call goes on without both
            self._unhold_all_but_consulted()
            return out
        if self.customer is not None:
            self._give_away(self.customer)
        return [*out, *self._everybody_leaves(), t.Recall(consult.asker_id)]

    def _hang_up_customer(self) -> Iterable[t.Command]:
        if self.is_ending or self.customer is None:
            return []
        self.is_ending = True
        return [t.HangUp(CUSTOMER)]

    def _give_away(self, customer: Party) -> None:
        """The customer is no more ours; until somebody takes him he hears music."""
        del self.parties[CUSTOMER]
        customer.state = HELD
        self._handed_on = customer

    def _everybody_leaves(self) -> Sequence[t.Command]:
        """The owner last, so that nobody is credited on the way."""
        out: list[t.Command] = []
        for party in sorted(self.parties.values(), key=lambda p: p is self.owner):
            out += self._drop(party)
        return out

    def _end(self) -> Iterable[t.Command]:
        if self.parties:
            return []
        self.is_over = True
        return [t.Over()]
