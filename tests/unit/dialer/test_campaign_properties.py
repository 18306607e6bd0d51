"""What must hold in every campaign, whatever the order of events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.campaign_core import agent, agents

from ringway.dialer.core import messages as m
from ringway.dialer.core.campaign import Campaign
from ringway.dialer.core.retry import DialAgain, after
from ringway.proto.acd import AgentState
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer import CampaignMode, CampaignSpec, CampaignState
from ringway.proto.dialer_spec import NumberState

# A hundred histories of fifty steps, on a machine that does other things meanwhile.
pytestmark = [pytest.mark.property, pytest.mark.timeout(120)]

MODES = [
    CampaignMode.MANUAL,
    CampaignMode.PREVIEW,
    CampaignMode.PRECISE,
    CampaignMode.PROGRESSIVE,
    CampaignMode.PREDICTIVE,
]
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


class _Wants:
    """A pacer that wants what the machine says."""

    tick_seconds = 1.0

    def __init__(self, machine: CampaignMachine) -> None:
        self._machine = machine

    def decide(self, now: float, state: Any) -> int:
        assert state.n_logged_in > state.n_paused
        assert (state.dialing_elapsed >= 0).all()
        return self._machine.wanted

    def explain(self) -> dict[str, float | str]:
        return {}

    def dump(self) -> dict[str, Any]:
        return {}

    def restore(self, saved: Any) -> None:
        pass


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
        self.announced: set[str] = set()  # the network said what their numbers are
        self.closed: dict[str, D] = {}
        self.claim: int | None = None
        self.bookings: dict[str, str | None] = {}
        self.booked: dict[str, str] = {}
        self.ready = 0
        self.finished = False
        self.wanted = 0  # by the stand-in for the pacer
        self.shown: dict[str, str] = {}  # attempt -> agent who looks at it
        self.asks: dict[str, tuple[str, str]] = {}  # ask -> agent, attempt
        self.takes: list[str] = []
        self.unanswered: set[str] = set()
        self.dialed_by_booking: set[str] = set()

    @initialize(
        mode=st.sampled_from(MODES),
        leads=st.integers(0, 8),
        max_lines=st.integers(1, 5),
        max_attempts=st.integers(1, 3),
        ratio=st.sampled_from([1.0, 1.5, 3.0]),
        rate=st.sampled_from([None, None, 0.7, 5.0]),
        on_timeout=st.sampled_from(["dial", "skip"]),
        listens=st.booleans(),
    )
    def start(
        self,
        mode: CampaignMode,
        leads: int,
        max_lines: int,
        max_attempts: int,
        ratio: float,
        rate: float | None,
        on_timeout: str,
        listens: bool,
    ) -> None:
        self.leads = {f"l{n}": _Lead(f"l{n}") for n in range(leads)}
        self.spec = CampaignSpec(
            name="c", project_id="p", mode=mode, list_ids=("l",), agent_ids=("a",), trunk_id="t",
            max_lines=max_lines, max_attempts=max_attempts, ratio=ratio, rate_cps=rate,
            preview={"time_s": 20, "skip_delay_s": 100, "on_timeout": on_timeout},
            early_media={"listens": listens},
        )  # fmt: skip
        self.campaign = Campaign(self.spec, make_pacer=lambda: _Wants(self))
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
            case m.Take(ask_id, _):
                self.takes.append(ask_id)
            case m.Told(ask_id):
                self.unanswered.remove(ask_id)  # answered once
            case m.Book(attempt_id, _, instead_of):
                assert self.spec.mode.books_agents
                self.bookings[attempt_id] = instead_of
            case m.Unbook(attempt_id):
                self.booked.pop(attempt_id, None)
            case m.ShowPreview(attempt_id, agent_id):
                assert self.booked[attempt_id] == agent_id
                assert agent_id not in self.shown.values()
                self.shown[attempt_id] = agent_id
            case m.EndPreview(attempt_id, agent_id):
                assert self.shown.pop(attempt_id) == agent_id
            case m.Skip(attempt_id, _, _, delay_s):
                lead = self.attempts.pop(attempt_id)
                assert attempt_id not in self.channels
                lead.open_attempt, lead.attempts = None, lead.attempts - 1
                lead.due = self.at + delay_s
            case m.GiveBack(attempt_id):
                lead = self.attempts.pop(attempt_id)
                assert attempt_id not in self.channels
                lead.open_attempt, lead.attempts = None, lead.attempts - 1
            case m.Originate(attempt_id):
                assert attempt_id not in self.shown
                assert self.campaign.state is CampaignState.RUNNING
                assert attempt_id not in self.channels
                booked = self.booked.get(attempt_id)
                if self.spec.mode.books_agents:
                    self.dialed_by_booking.add(attempt_id)
                    assert booked is not None
                self.channels[attempt_id] = _Channel(self.attempts[attempt_id], booked)
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
                if attempt_id not in self.announced:
                    assert (attempt_id in self.answered) == (disposition in _ANSWERED_ENDS)
                self.closed[attempt_id] = disposition
                lead = self.attempts.pop(attempt_id)
                lead.open_attempt = None
                if disposition in _ANSWERED_ENDS:
                    self.booked.pop(attempt_id, None)  # he talks, or the ACD has freed him
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

    @rule(ready=st.integers(0, 6), others=st.integers(0, 2), inbound=st.sampled_from([0, 0, 1]))
    def agents_change(self, ready: int, others: int, inbound: int) -> None:
        self.ready = ready
        idle = [agent(f"g{n}", AgentState.READY, self.at) for n in range(ready)]
        busy = [
            agent(f"t{n}", AgentState.TALKING, self.at, work=m.Work.OURS) for n in range(others)
        ]
        reserved = [agent(a, AgentState.RESERVED, self.at) for a in set(self.booked.values())]
        self.send(agents(self.at, [*idle, *busy, *reserved], inbound_waiting=inbound))

    @precondition(lambda self: self.shown)
    @rule(n=st.integers(0, 9), leaves=st.booleans())
    def an_agent_goes_away(self, n: int, leaves: bool) -> None:
        self.at += 2
        gone = sorted(self.shown.values())[n % len(self.shown)]
        reserved = [
            agent(a, AgentState.RESERVED, self.at, leaves=leaves and a == gone)
            for a in set(self.booked.values())
            if leaves or a != gone
        ]
        self.send(agents(self.at, reserved))
        assert gone not in self.shown.values()

    @precondition(lambda self: self.spec.mode in (CampaignMode.MANUAL, CampaignMode.PREVIEW))
    @rule(n=st.integers(0, 3))
    def an_agent_asks_for_a_lead(self, n: int) -> None:
        ask_id = self._ask()
        self.asks[ask_id] = (f"g{n}", "")
        self.send(m.LeadAsked(self.at, ask_id, f"g{n}"))

    @precondition(lambda self: self.takes)
    @rule(found=st.booleans())
    def a_lead_is_taken(self, found: bool) -> None:
        ask_id = self.takes.pop()
        leads = self._claim(1) if found else []
        self.send(m.LeadTaken(self.at, ask_id, leads[0] if leads else None))

    @precondition(lambda self: self.attempts)
    @rule(n=st.integers(0, 9), skips=st.booleans(), right=st.booleans())
    def an_agent_decides(self, n: int, skips: bool, right: bool) -> None:
        attempt_id = sorted(self.attempts)[n % len(self.attempts)]
        agent_id = self.booked.get(attempt_id, "x") if right else "stranger"
        ask_id = self._ask()
        if skips:
            self.send(m.PreviewSkipped(self.at, ask_id, attempt_id, agent_id))
        else:
            self.send(m.PreviewAccepted(self.at, ask_id, attempt_id, agent_id))
        assert ask_id not in self.unanswered

    @rule(wanted=st.sampled_from([0, 1, 3, 50]))
    def the_pacer_changes_its_mind(self, wanted: int) -> None:
        self.wanted = wanted

    @rule(mode=st.sampled_from(MODES))
    def the_mode_is_changed(self, mode: CampaignMode) -> None:
        self.spec = self.spec.model_copy(update={"mode": mode})
        self.send(m.Configured(self.at, self.spec))

    def _ask(self) -> str:
        self.serial += 1
        ask_id = f"q{self.serial}"
        self.unanswered.add(ask_id)
        return ask_id

    def _claim(self, count: int) -> list[m.ClaimedLead]:
        free = [x for x in self.leads.values() if x.open_attempt is None and x.due is not None]
        claimed = []
        for lead in [x for x in free if (x.due or 0) <= self.at][:count]:
            self.serial += 1
            attempt_id = f"t{self.serial}"
            assert lead.open_attempt is None
            if lead.attempts >= self.spec.max_attempts:
                continue
            lead.attempts += 1
            lead.open_attempt = attempt_id
            self.attempts[attempt_id] = lead
            claimed.append(m.ClaimedLead(attempt_id, lead.lead_id, lead.attempts))
        return claimed

    @precondition(lambda self: self.claim is not None)
    @rule(fail=st.booleans() | st.just(False))
    def claim_is_answered(self, fail: bool) -> None:
        count, self.claim = self.claim or 0, None
        if fail:
            self.send(m.ClaimFailed(self.at))
            return
        free = [x for x in self.leads.values() if x.open_attempt is None and x.due is not None]
        claimed = self._claim(count)
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
        call = self.campaign.call(attempt_id)
        wanted = call.wanted_agent_id if call is not None else None
        if wanted is not None and agent_id != wanted and wanted in self.booked.values():
            self.ready += agent_id is None
            self.send(m.BookingRefused(self.at, attempt_id))
            return
        self.booked[attempt_id] = wanted or agent_id or f"agent-{attempt_id}"
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

    @rule(n=st.integers(0, 9), state=st.sampled_from(NumberState))
    def the_network_speaks(self, n: int, state: NumberState) -> None:
        name = self.pick(n, lambda _, c: not c.is_up)
        if name and self.spec.listens_early:
            self.channels[name].told = True
            self.send(m.Rang(self.at, name))
            self.send(m.EarlyMedia(self.at, name))
            self.announced.add(name)
            self.send(m.Announced(self.at, name, state))

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
    def no_agent_is_reserved_twice_or_for_nothing(self) -> None:
        assert len(self.booked.values()) == len(set(self.booked.values()))
        known = {c.attempt_id for c in self.campaign.calls} if self.leads else set()
        kept = set(self.campaign._kept) if self.leads else set()
        assert set(self.booked) <= known | kept | set(self.bookings.values())

    @invariant()
    def what_is_shown_is_neither_dialed_nor_given_away(self) -> None:
        assert not set(self.shown) & set(self.channels)
        assert set(self.shown) <= set(self.attempts)
        if self.leads and self.campaign.state is not CampaignState.RUNNING:
            assert not self.shown

    @invariant()
    def modes_that_book_agents_dial_only_with_one(self) -> None:
        for attempt_id in self.dialed_by_booking & set(self.channels):
            channel = self.channels[attempt_id]
            assert channel.is_up or attempt_id in self.booked


CampaignMachine.TestCase.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None
)
TestCampaign = CampaignMachine.TestCase
