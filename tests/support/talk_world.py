"""What a talk's commands do to legs and to the floor: who hears whom after each of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ringway.acd.core import talk_model as t
from ringway.acd.core.talk import Talk
from ringway.acd.core.talk_model import CUSTOMER, ON_HOLD, Party
from ringway.proto.acd_calls import PartyRole

GONE, HOME = "gone", "home"
INTERACTION = "i1"


def plain_talk(*, agent: str = "ann", is_nailed_up: bool = True) -> TalkWorld:
    """A customer and an agent who hear each other."""
    home = f"{agent}.b"
    talk = Talk(
        INTERACTION,
        (
            Party(CUSTOMER, PartyRole.CUSTOMER, place=home),
            Party("a0", PartyRole.AGENT, agent_id=agent, home=home, place=home),
        ),
        owner_id="a0",
        room=home,
    )
    world = TalkWorld(talk)
    world.at = {CUSTOMER: home, "a0": home}
    world.agents["a0"] = agent
    world.nailed["a0"] = is_nailed_up
    world.joined.add(agent)
    world.owner = agent
    return world


@dataclass(slots=True)
class TalkWorld:
    """Legs and rooms, and what the floor was told; every step checks itself."""

    talk: Talk
    at: dict[str, str] = field(default_factory=dict)  # leg -> room, ON_HOLD, HOME or GONE
    agents: dict[str, str] = field(default_factory=dict)  # leg -> agent
    nailed: dict[str, bool] = field(default_factory=dict)
    ringing: set[str] = field(default_factory=set)
    lines: set[str] = field(default_factory=set)  # second lines that wait to be answered
    claimed: set[str] = field(default_factory=set)
    joined: set[str] = field(default_factory=set)
    muted: set[str] = field(default_factory=set)
    rooms: set[str] = field(default_factory=set)
    owner: str | None = None
    is_hold: bool = False
    handed_to: str = ""
    is_over: bool = False
    told: list[t.Command] = field(default_factory=list)

    def do(self, event: t.Event) -> list[t.Command]:
        """Give the talk an event, carry out its commands and check that all is well."""
        if isinstance(event, t.PartyGone) and event.leg_id in self.at:
            self.at[event.leg_id] = GONE
            self.lines.discard(event.leg_id)
            self.muted.discard(event.leg_id)
            if event.leg_id == CUSTOMER:  # the floor sends all agents away by itself
                self.joined.clear()
                self.owner, self.is_hold = None, False
        if isinstance(event, t.PartyAnswered) and event.leg_id in self.ringing:
            self.ringing.discard(event.leg_id)
            self.at[event.leg_id] = event.home or "nowhere"
            if event.home is not None:
                self.nailed.setdefault(event.leg_id, False)
        if isinstance(event, t.PartyFailed):
            self.ringing.discard(event.leg_id)
        before = set(self.talk.parties)
        commands = list(self.talk.handle(event))
        if isinstance(event, t.ConsultAsked):
            for leg_id in set(self.talk.parties) - before:
                if leg_id.startswith("l"):
                    self.at[leg_id] = "nowhere"
                    self.lines.add(leg_id)
                elif event.agent_id is not None:
                    self.agents[leg_id] = event.agent_id
                    self.claimed.add(event.agent_id)
        for command in commands:
            self._carry_out(command)
            self._nobody_hears_what_he_must_not()
        self.told += commands
        self.check()
        return commands

    def lose(self, leg_id: str, place: str) -> None:
        """Somebody is elsewhere than he was put; then it is seen how it is."""
        self.at[leg_id] = place
        known = {p.leg_id for p in self.talk.parties.values() if p.state != "ringing"}
        places = {
            leg: None if at == "nowhere" else at for leg, at in self.at.items() if leg in known
        }
        rooms = self.rooms | {p.home for p in self.talk.parties.values() if p.home is not None}
        self.do(t.Seen(9, places, rooms))

    def hears(self, leg_id: str) -> set[str]:
        """Return the legs that this one hears, or ``{"music"}``."""
        place = self.at.get(leg_id, GONE)
        if place == ON_HOLD:
            return {"music"}
        if place in (GONE, HOME, "nowhere"):
            return set()
        return {
            other
            for other, its in self.at.items()
            if its == place and other != leg_id and other not in self.muted
        }

    def leg_of(self, agent_id: str) -> str:
        """Return the newest leg of an agent."""
        return [leg for leg, agent in self.agents.items() if agent == agent_id][-1]

    def _carry_out(self, command: t.Command) -> None:
        match command:
            case t.Ring(leg_id):
                assert leg_id not in self.at
                self.ringing.add(leg_id)
            case t.StopRinging(leg_id):
                self.ringing.discard(leg_id)
                if leg_id in self.lines:
                    self.lines.discard(leg_id)
                    self.at[leg_id] = GONE
            case t.Answer(leg_id):
                self.lines.remove(leg_id)
                assert self.at[leg_id] not in (GONE, "nowhere")
            case t.MakeRoom(room):
                assert room not in self.rooms, "a room's id is used again"
                self.rooms.add(room)
            case t.DropRoom(room):
                self.rooms.discard(room)
                assert room not in {p for leg, p in self.at.items() if leg != CUSTOMER}
            case t.Move(room, leg_ids):
                assert room in self.rooms or room.endswith(".b"), room
                for leg_id in leg_ids:
                    assert self.at[leg_id] != GONE, f"{leg_id} is moved after its end"
                    self.at[leg_id] = room
            case t.Hold(leg_ids):
                for leg_id in leg_ids:
                    assert self.at[leg_id] != GONE, f"{leg_id} is held after its end"
                    self.at[leg_id] = ON_HOLD
            case t.Mute(leg_id, muted):
                (self.muted.add if muted else self.muted.discard)(leg_id)
            case t.Release(leg_id, _):
                assert leg_id not in self.muted, "a phone goes home muted"
                if self.at[leg_id] != GONE:
                    self.at[leg_id] = HOME if self.nailed.get(leg_id) else GONE
            case t.HangUp(leg_id):
                if leg_id != CUSTOMER:
                    self.at[leg_id] = GONE
            case t.HoldTold(on):
                assert self.owner is not None, "hold of nobody"
                assert on is not self.is_hold, "hold told twice"
                self.is_hold = on
            case t.AgentJoined(agent_id, owns):
                assert agent_id in self.claimed
                self.claimed.discard(agent_id)
                self.joined.add(agent_id)
                if owns:
                    assert not self.is_hold
                    self.owner = agent_id
            case t.AgentUnclaimed(agent_id):
                assert agent_id in self.claimed
                self.claimed.discard(agent_id)
            case t.OwnerTold(agent_id):
                assert not self.is_hold, "the credit changes while on hold"
                assert agent_id is None or agent_id in self.joined
                self.owner = agent_id
            case t.AgentGone(agent_id):
                assert agent_id in self.joined
                assert agent_id != self.owner, "the owner leaves with his credit"
                self.joined.discard(agent_id)
            case t.HandOver(_, target):
                assert self.at[CUSTOMER] == ON_HOLD
                self.handed_to = target.value
            case t.Recall(agent_id):
                assert self.at[CUSTOMER] == ON_HOLD
                self.handed_to = f"recall {agent_id}"
            case t.Over():
                self.is_over = True
            case t.Consulted() | t.Transferred():
                pass

    def _nobody_hears_what_he_must_not(self) -> None:
        """Also between two commands: the legs that share a room may hear each other."""
        if self.talk.is_ending or self.handed_to or self.talk.customer is None:
            return
        if self.talk.customer.place == ON_HOLD and self.at[CUSTOMER] == ON_HOLD:
            assert self.hears(CUSTOMER) == {"music"}

    def check(self) -> None:
        """Who talks hears exactly those who talk, who is held hears music, nobody is lost."""
        circle = {p.leg_id for p in self.talk.circle}
        for party in self.talk.parties.values():
            if self.talk.is_ending:
                continue
            heard = self.hears(party.leg_id)
            match party.state.value:
                case "talking":
                    assert heard == circle - {party.leg_id} - self.muted, party
                case "held":
                    assert heard == {"music"}, party
                case "ringing":
                    assert party.leg_id in self.ringing | self.lines
        here = set(self.talk.parties) | ({CUSTOMER} if self.handed_to else set())
        for leg_id, place in self.at.items():
            if leg_id not in here:
                assert place in (GONE, HOME), f"{leg_id} is left at {place}"
        assert self.ringing <= set(self.talk.parties)
        customer = self.talk.customer
        if customer is not None and not self.talk.is_ending:
            assert self.at[CUSTOMER] == ON_HOLD or len(circle) > 1, "the customer is alone"
        ours = {
            p.agent_id for p in self.talk.parties.values() if p.agent_id and p.state != "ringing"
        }
        assert self.joined == ours or not self.joined
        assert self.owner == (self.talk.owner.agent_id if self.talk.owner else None)
        if self.is_over:
            assert not self.talk.parties
            assert not self.rooms
            assert not self.ringing
            assert not self.lines
            assert not self.claimed
            assert not self.muted
            assert not self.joined
            assert self.handed_to or self.at[CUSTOMER] == GONE
