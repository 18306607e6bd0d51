"""Leads that an agent looks at before they are dialed: preview and manual campaigns.

An agent who is shown a lead is reserved for it; he has at most one. It ends in exactly one of:
dialed, skipped (postponed, on record), withdrawn (the lead is as before).
"""

from __future__ import annotations

from collections.abc import Iterator

from ringway.dialer.core import messages as m
from ringway.dialer.core.attempts import Attempts
from ringway.dialer.core.call import Call
from ringway.dialer.core.messages import Command, Phase, PreviewEnd, Refusal
from ringway.proto.acd import AgentState
from ringway.proto.dialer import CampaignMode, CampaignSpec, CampaignState

# Presence made before the reservation may still be on its way.
_PRESENCE_LAG_S = 1.5
_HOLD_MARGIN_S = 20.0
_BY_HAND = (CampaignMode.PREVIEW, CampaignMode.MANUAL)
_TIMED_OUT = "timeout"


class Previewing(Attempts):
    """The layer of a campaign that shows leads to agents."""

    def __init__(self, spec: CampaignSpec, state: CampaignState) -> None:
        super().__init__(spec, state)
        self._agents: m.AgentsSeen | None = None
        self._asks: dict[str, str] = {}  # an ask whose lead is being claimed -> the agent

    # -- what agents ask -------------------------------------------------------------------------

    def asker(self, ask_id: str) -> str | None:
        """Return the agent whose ask for a lead is open."""
        return self._asks.get(ask_id)

    def _asked(self, event: m.LeadAsked) -> Iterator[Command]:
        shown = self._shown_to(event.agent_id)
        if self.spec.mode not in _BY_HAND:
            yield m.Told(event.ask_id, Refusal.NOT_BY_HAND)
        elif (obstacle := self._obstacle(event.at)) is not None:
            yield m.Told(event.ask_id, Refusal.NOT_DIALING, text=obstacle)
        elif shown is not None and event.lead_id in (None, shown.lead_id):
            yield m.Told(event.ask_id, None, shown.attempt_id)
        elif shown is not None or event.agent_id in self._asks.values() or self._books(event):
            yield m.Told(event.ask_id, Refusal.PREVIEW_OPEN)
        elif self.lines >= self.spec.max_lines:
            yield m.Told(event.ask_id, Refusal.LINES_BUSY)
        else:
            self._asks[event.ask_id] = event.agent_id
            yield m.Take(event.ask_id, event.lead_id)

    def _books(self, event: m.LeadAsked) -> bool:
        return any(
            c.phase is Phase.BOOKING and c.wanted_agent_id == event.agent_id
            for c in self._calls.values()
        )

    def _lead_taken(self, event: m.LeadTaken) -> Iterator[Command]:
        agent_id = self._asks.pop(event.ask_id, None)
        if event.lead is None:
            yield m.Told(event.ask_id, Refusal.NO_LEAD)
            return
        call = Call(event.lead.attempt_id, event.lead.lead_id, event.lead.attempt_no)
        self._calls[call.attempt_id] = call
        obstacle = self._obstacle(event.at)
        if agent_id is None or obstacle is not None:
            yield m.Told(event.ask_id, Refusal.NOT_DIALING, text=obstacle or "")
            yield from self._give_back(call, event.at)
            return
        call.wanted_agent_id, call.ask_id = agent_id, event.ask_id
        kept = next((a for a, agent in self._kept.items() if agent == agent_id), None)
        if kept is not None:
            del self._kept[kept]
        yield self._book(call, kept)

    def _book(self, call: Call, instead_of: str | None) -> Command:
        """Reserve an agent for a claimed lead, long enough for all that may come."""
        call.phase, call.instead_of = Phase.BOOKING, instead_of
        hold_s = self.spec.ring_timeout_s + 10
        if self.spec.mode in _BY_HAND:
            hold_s += self.spec.preview.time_s + _HOLD_MARGIN_S
        away = self._agents.away if self._agents is not None else frozenset()
        excluded = away if call.wanted_agent_id is None else frozenset()
        return m.Book(call.attempt_id, hold_s, instead_of, call.wanted_agent_id, excluded)

    def _accepted(self, event: m.PreviewAccepted) -> Iterator[Command]:
        call = self._of(event.attempt_id, event.agent_id)
        if call is None:
            yield m.Told(event.ask_id, Refusal.PREVIEW_GONE)
        elif call.phase is not Phase.PREVIEWING or call.is_accepted:
            yield m.Told(event.ask_id, None, call.attempt_id)  # it is being dialed
        elif (obstacle := self._obstacle(event.at)) is not None:
            yield m.Told(event.ask_id, Refusal.NOT_DIALING, text=obstacle)
        else:
            yield from self._dial(call, event.at)
            yield m.Told(event.ask_id, None, call.attempt_id)

    def _skipped(self, event: m.PreviewSkipped) -> Iterator[Command]:
        call = self._of(event.attempt_id, event.agent_id)
        if call is None:
            yield m.Told(event.ask_id, Refusal.PREVIEW_GONE)
        elif call.phase is not Phase.PREVIEWING or call.is_accepted:
            yield m.Told(event.ask_id, Refusal.PREVIEW_DIALED)
        elif not self.spec.preview.can_skip:
            yield m.Told(event.ask_id, Refusal.MAY_NOT_SKIP)
        else:
            yield from self._skip(call, event.at, event.reason)
            yield m.Told(event.ask_id, None, call.attempt_id)

    # -- a preview's life ------------------------------------------------------------------------

    def _is_shown_first(self, call: Call) -> bool:
        return self.spec.mode in _BY_HAND or call.ask_id is not None

    def _show(self, call: Call, at: float) -> Iterator[Command]:
        assert call.agent_id is not None
        call.phase = Phase.PREVIEWING
        call.deadline = at + self.spec.preview.time_s
        yield m.ShowPreview(call.attempt_id, call.agent_id, self.spec.preview.time_s)
        if call.ask_id is not None:
            yield m.Told(call.ask_id, None, call.attempt_id)

    def _preview_due(self, call: Call, at: float) -> Iterator[Command]:
        if self._obstacle(at) is not None:
            yield from self._withdraw(call, at)
        elif call.is_accepted or self.spec.preview.on_timeout == "dial":
            yield from self._dial(call, at)
        else:
            yield from self._skip(call, at, _TIMED_OUT)

    def _dial(self, call: Call, at: float) -> Iterator[Command]:
        assert call.agent_id is not None
        if not call.is_accepted:
            call.is_accepted = True
            yield m.EndPreview(call.attempt_id, call.agent_id, PreviewEnd.DIALED)
        if self._rate is not None and self._rate.allowed(at) < 1:
            call.deadline = max(at + 0.01, self._rate.next_at(at))
        else:
            yield self._originate(call, at)

    def _skip(self, call: Call, at: float, reason: str) -> Iterator[Command]:
        assert call.agent_id is not None
        agent_id = call.agent_id
        yield m.EndPreview(call.attempt_id, agent_id, PreviewEnd.SKIPPED)
        self._keep_agent(call)
        del self._calls[call.attempt_id]
        self._claims.lead_ended(at)
        yield m.Skip(call.attempt_id, agent_id, reason, self.spec.preview.skip_delay_s)

    def _withdraw(self, call: Call, at: float) -> Iterator[Command]:
        """The lead is not to be dialed by this agent now: it is given back as it was."""
        assert call.agent_id is not None
        if not call.is_accepted:
            yield m.EndPreview(call.attempt_id, call.agent_id, PreviewEnd.WITHDRAWN)
        yield m.Unbook(call.attempt_id)
        yield from self._give_back(call, at)

    def _withdraw_all(self, at: float) -> Iterator[Command]:
        for call in [c for c in self._calls.values() if c.phase is Phase.PREVIEWING]:
            yield from self._withdraw(call, at)

    def _check_previews(self, seen: m.AgentsSeen) -> Iterator[Command]:
        """Take leads back from agents who pause, sign out, or are reserved no longer."""
        if seen.agents is None:
            return
        for call in [c for c in self._calls.values() if c.phase is Phase.PREVIEWING]:
            if seen.at < call.booked_at + _PRESENCE_LAG_S:
                continue
            agent = seen.agents.get(call.agent_id or "")
            if agent is None or agent.state is not AgentState.RESERVED or agent.leaves:
                yield from self._withdraw(call, seen.at)

    # -- small parts -----------------------------------------------------------------------------

    @property
    def lines(self) -> int:
        """Lines in use or about to be used."""
        used = sum(c.phase is not Phase.SETTLING for c in self._calls.values())
        return used + (self._claims.open_for or 0) + len(self._asks)

    def _of(self, attempt_id: str, agent_id: str) -> Call | None:
        call = self._calls.get(attempt_id)
        return call if call is not None and call.agent_id == agent_id else None

    def _shown_to(self, agent_id: str) -> Call | None:
        shown = (c for c in self._calls.values() if c.phase is Phase.PREVIEWING)
        return next((c for c in shown if c.agent_id == agent_id), None)
