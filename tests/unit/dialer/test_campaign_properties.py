"""What must hold in every campaign, whatever the order of events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ringway.dialer.core import messages as m
from ringway.dialer.core.campaign import Campaign
from ringway.dialer.core.retry import DialAgain, after
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import CampaignMode, CampaignSpec, CampaignState

# A hundred histories of fifty steps, on a machine that does other things meanwhile.
pytestmark = [pytest.mark.property, pytest.mark.timeout(120)]

_ANSWERED_ENDS = {D.CONNECTED, D.ABANDONED, D.HUNG_UP_EARLY, D.LOST}


@dataclass
class _Lead:
    lead_id: str
    attempts: int = 0
    open_attempt: str | None = None
    due: float | None = 0.0


@dataclass
class _Channel:
    """Asterisk's side of one attempt."""

    lead: _Lead
    agent_id: str | None
    is_up: bool = False
    told: bool = False
    handed_over: int = 0
    abandoned: int = 0
    with_acd: bool = False


class CampaignMachine(RuleBasedStateMachine):
    """A campaign between a list, an Asterisk and an ACD that do everything they may do."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 10.0
        self.serial = 0
        self.leads: dict[str, _Lead] = {}
        self.attempts: dict[str, _Lead] = {}
        self.channels: dict[str, _Channel] = {}
        self.answered: set[str] = set()
        self.closed: dict[str, D] = {}
        self.claim: int | None = None
        self.bookings: dict[str, str | None] = {}
        self.booked: dict[str, str] = {}
        self.ready = 0
        self.finished = False

    @initialize(
        mode=st.sampled_from([CampaignMode.PRECISE, CampaignMode.PROGRESSIVE]),
        leads=st.integers(0, 8),
        max_lines=st.integers(1, 5),
        max_attempts=st.integers(1, 3),
        ratio=st.sampled_from([1.0, 1.5, 3.0]),
        rate=st.sampled_from([None, None, 0.7, 5.0]),
    )
    def start(
        self,
        mode: CampaignMode,
        leads: int,
        max_lines: int,
        max_attempts: int,
        ratio: float,
        rate: float | None,
    ) -> None:
        self.leads = {f"l{n}": _Lead(f"l{n}") for n in range(leads)}
        self.spec = CampaignSpec(
            name="c", project_id="p", mode=mode, list_ids=("l",), agent_ids=("a",), trunk_id="t",
            max_lines=max_lines, max_attempts=max_attempts, ratio=ratio, rate_cps=rate,
        )  # fmt: skip
        self.campaign = Campaign(self.spec)
        self.send(m.Recovered(self.at, 0, 0, 0, 0))
        self.send(m.Controlled(self.at, CampaignState.RUNNING))

    # -- carrying out commands -------------------------------------------------------------------

    def send(self, event: m.Event) -> None:
        for command in self.campaign.handle(event):
            self.perform(command)

    def perform(self, command: m.Command) -> None:
        match command:
            case m.Claim(count):
                assert self.claim is None
                self.claim = count
            case m.Book(attempt_id, _, instead_of):
                assert self.spec.mode is CampaignMode.PRECISE
                self.bookings[attempt_id] = instead_of
            case m.Unbook(attempt_id):
                self.booked.pop(attempt_id, None)
            case m.GiveBack(attempt_id):
                lead = self.attempts.pop(attempt_id)
                assert attempt_id not in self.channels
                lead.open_attempt, lead.attempts = None, lead.attempts - 1
            case m.Originate(attempt_id):
                assert self.campaign.state is CampaignState.RUNNING
                assert attempt_id not in self.channels
                agent_id = self.booked.get(attempt_id)
                self.channels[attempt_id] = _Channel(self.attempts[attempt_id], agent_id)
            case m.HandOver(attempt_id, _):
                channel = self.channels.get(attempt_id)
                if channel is not None:
                    assert not channel.with_acd
                    assert not channel.abandoned
                    channel.handed_over += 1
                assert attempt_id in self.answered
            case m.PlayAbandon(attempt_id):
                assert attempt_id in self.answered
                channel = self.channels.get(attempt_id)
                if channel is not None:
                    channel.abandoned += 1
                    assert channel.abandoned == 1
            case m.Close(attempt_id, disposition):
                assert attempt_id not in self.closed
                assert attempt_id not in self.channels
                assert (attempt_id in self.answered) == (disposition in _ANSWERED_ENDS)
                self.closed[attempt_id] = disposition
                lead = self.attempts.pop(attempt_id)
                lead.open_attempt = None
                decision = after(
                    disposition, attempt_no=lead.attempts, max_attempts=self.spec.max_attempts
                )
                lead.due = self.at + decision.delay_s if isinstance(decision, DialAgain) else None
            case m.Finish():
                assert not self.attempts
                self.finished = True
            case _:
                pass

    def pick(self, n: int, test: Callable[[str, _Channel], bool]) -> str | None:
        names = [name for name, c in self.channels.items() if test(name, c)]
        return names[n % len(names)] if names else None

    # -- what the world does ---------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.0, 3.5, 40.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.at + seconds
        ticks_now = 0
        while (deadline := self.campaign.next_deadline) is not None and deadline <= until:
            ticks_now = ticks_now + 1 if deadline <= self.at else 0
            assert ticks_now < 20, "time does not move on"
            self.at = max(self.at, deadline)
            self.send(m.Tick(self.at))
        self.at = until

    @rule(ready=st.integers(0, 6), others=st.integers(0, 2))
    def agents_change(self, ready: int, others: int) -> None:
        self.ready = ready
        self.send(m.AgentsSeen(self.at, self.at, ready, 0, others, 0, 0, 0))

    @precondition(lambda self: self.claim is not None)
    @rule(fail=st.booleans() | st.just(False))
    def claim_is_answered(self, fail: bool) -> None:
        count, self.claim = self.claim or 0, None
        if fail:
            self.send(m.ClaimFailed(self.at))
            return
        free = [x for x in self.leads.values() if x.open_attempt is None and x.due is not None]
        claimed = []
        for lead in [x for x in free if (x.due or 0) <= self.at][:count]:
            self.serial += 1
            attempt_id = f"t{self.serial}"
            assert lead.open_attempt is None
            lead.attempts += 1
            lead.open_attempt = attempt_id
            self.attempts[attempt_id] = lead
            claimed.append(m.ClaimedLead(attempt_id, lead.lead_id, lead.attempts))
        later = [x.due for x in free if x.open_attempt is None and x.due is not None]
        due = max(0.0, min(later) - self.at) if later else None
        self.send(m.Claimed(self.at, tuple(claimed), due))

    @precondition(lambda self: self.bookings)
    @rule(refuse=st.booleans())
    def booking_is_answered(self, refuse: bool) -> None:
        attempt_id, instead_of = self.bookings.popitem()
        agent_id = self.booked.pop(instead_of, None) if instead_of else None
        if refuse or (agent_id is None and self.ready == 0):
            self.send(m.BookingRefused(self.at, attempt_id))
            return
        if agent_id is None:
            self.ready -= 1
        self.booked[attempt_id] = agent_id or f"agent-{attempt_id}"
        self.send(m.AgentBooked(self.at, attempt_id, self.booked[attempt_id]))

    @rule(n=st.integers(0, 9))
    def asterisk_accepts(self, n: int) -> None:
        name = self.pick(n, lambda _, c: not c.told)
        if name:
            self.channels[name].told = True
            self.send(m.Placed(self.at, name))

    @rule(n=st.integers(0, 9), trunk_fault=st.booleans())
    def asterisk_refuses(self, n: int, trunk_fault: bool) -> None:
        name = self.pick(n, lambda _, c: not c.told and not c.is_up)
        if name:
            del self.channels[name]
            self.send(m.NotPlaced(self.at, name, trunk_fault))

    @rule(n=st.integers(0, 9))
    def it_rings(self, n: int) -> None:
        name = self.pick(n, lambda _, c: not c.is_up)
        if name:
            self.channels[name].told = True
            self.send(m.Rang(self.at, name))

    @rule(n=st.integers(0, 9), again=st.booleans())
    def somebody_answers(self, n: int, again: bool) -> None:
        name = self.pick(n, lambda _, c: again or not c.is_up)
        if name:
            self.channels[name].told = self.channels[name].is_up = True
            self.answered.add(name)
            self.send(m.Answered(self.at, name))

    @rule(n=st.integers(0, 9), works=st.booleans())
    def the_move_is_answered(self, n: int, works: bool) -> None:
        name = self.pick(n, lambda _, c: c.handed_over > 0 and not c.with_acd and not c.abandoned)
        if name and works:
            self.channels[name].with_acd = True
            self.send(m.HandedOver(self.at, name))
        elif name:
            self.send(m.HandOverFailed(self.at, name))

    @rule(n=st.integers(0, 9), kind=st.sampled_from(["bridged", "playback", "connected", "left"]))
    def the_acd_acts(self, n: int, kind: str) -> None:
        name = self.pick(n, lambda _, c: c.with_acd)
        if name is None:
            return
        match kind:
            case "bridged":
                self.send(m.Bridged(self.at, name))
            case "playback":
                self.send(m.ForeignPlayback(self.at, name))
            case "connected":
                self.send(m.OutcomeKnown(self.at, name, D.CONNECTED, "ann", self.at))
            case _:
                self.send(m.OutcomeKnown(self.at, name, D.ABANDONED))

    @rule(
        n=st.integers(0, 9),
        end=st.sampled_from([(17, 486), (34, 503), (19, 480), (16, 0), (1, 404)]),
        requested=st.booleans(),
    )
    def a_channel_ends(self, n: int, end: tuple[int, int], requested: bool) -> None:
        name = self.pick(n, lambda *_: True)
        if name:
            del self.channels[name]
            gone = m.ChannelGone(self.at, name, *end, hangup_requested=requested or end[1] == 0)
            if end == (16, 0) and name not in self.answered:
                gone = m.ChannelGone(self.at, name, 0, 0, True, known=D.FAILED)
            self.send(gone)
            self.send(gone)  # told twice

    @rule(n=st.integers(0, 20), disposition=st.sampled_from([D.CONNECTED, D.ABANDONED]))
    def a_late_fact_comes(self, n: int, disposition: D) -> None:
        names = sorted(self.answered - set(self.channels))
        if names:
            self.send(m.OutcomeKnown(self.at, names[n % len(names)], disposition, "ann", self.at))

    @rule(state=st.sampled_from(["running", "paused", "stopped"]))
    def it_is_controlled(self, state: str) -> None:
        self.send(m.Controlled(self.at, CampaignState(state)))

    @rule(part=st.sampled_from(m.Part), is_up=st.booleans())
    def a_part_comes_or_goes(self, part: m.Part, is_up: bool) -> None:
        self.send(m.PartChanged(self.at, part, is_up))

    @precondition(lambda self: self.finished)
    @rule()
    def finishing_is_refused(self) -> None:
        self.finished = False
        self.send(m.FinishRefused(self.at))

    # -- what must hold --------------------------------------------------------------------------

    @invariant()
    def no_more_lines_than_allowed(self) -> None:
        if self.leads:
            assert len(self.channels) <= self.spec.max_lines

    @invariant()
    def no_lead_beyond_its_attempts(self) -> None:
        assert all(x.attempts <= self.spec.max_attempts for x in self.leads.values())

    @invariant()
    def no_lead_in_two_attempts(self) -> None:
        open_leads = [lead.lead_id for lead in self.attempts.values()]
        assert len(open_leads) == len(set(open_leads))

    @invariant()
    def every_open_attempt_is_known_to_the_campaign(self) -> None:
        if self.leads:
            assert {c.attempt_id for c in self.campaign.calls} == set(self.attempts)

    @invariant()
    def precise_never_dials_without_a_reserved_agent(self) -> None:
        if self.leads and self.spec.mode is CampaignMode.PRECISE:
            ringing = [name for name, c in self.channels.items() if not c.is_up]
            assert all(name in self.booked for name in ringing)
            agents = [self.booked[name] for name in ringing]
            assert len(agents) == len(set(agents))


CampaignMachine.TestCase.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None
)
TestCampaign = CampaignMachine.TestCase
