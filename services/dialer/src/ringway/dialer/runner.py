"""One running campaign: the only place where its core meets time, Asterisk and the stores.

Events go through one inbox into the core, one at a time. Commands are begun in order, each in a
task of its own, and report back with events: nothing that waits can hold up an answered customer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ringway.dialer import (
    attempt_store,
    campaign_store,
    facts,
    metrics,
    recovery,
    scripts,
)
from ringway.dialer.bookings import Bookings
from ringway.dialer.books import SCHEMA, Books
from ringway.dialer.callers import Callers
from ringway.dialer.claiming import Claiming
from ringway.dialer.core import messages as m
from ringway.dialer.core import retry
from ringway.dialer.core.campaign import Campaign as Core
from ringway.dialer.early_media import EarlyHearing
from ringway.dialer.gate import Gate, Waiting
from ringway.dialer.hearing import Hearing
from ringway.dialer.mode_store import Skipped
from ringway.dialer.model import Attempt, Campaign, LeadCounts
from ringway.dialer.previews import Previews
from ringway.dialer.switchboard import Line, NotAsked, Switchboard
from ringway.proto.dialer import CampaignState
from ringway.proto.dialer_spec import KeyAction, KeyScript, ScriptKey
from ringway.runtime import outbox
from ringway.runtime.ari import AriDown, AriError, AriNotFound
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import Connection, Pool
from ringway.runtime.tasks import TaskSet

_log = logging.getLogger("ringway.dialer.runner")

_SYNC_S = 5.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What every runner of this process shares."""

    pool: Pool
    bus: Bus
    books: Books
    switchboard: Switchboard
    callers: Callers
    hearing: Hearing
    early: EarlyHearing


class CampaignRunner:
    """Run one campaign until it is over or this process gives it up.

    Args:
        campaign: The campaign as it was when the runner was made.
    """

    def __init__(self, campaign: Campaign, parts: Parts) -> None:
        self.campaign = campaign
        self.tenant_id = UUID(campaign.tenant)
        self.core = Core(campaign.spec, campaign.state)
        self.lines: dict[str, Line] = {}
        self.lead_counts = LeadCounts(0, 0)
        self.waiting: Waiting | None = None  # leads out of their hours
        self.is_over = False
        self.reconfigured = asyncio.Event()
        self._parts = parts
        self._inbox: asyncio.Queue[m.Event] = asyncio.Queue()
        self._now = asyncio.get_running_loop().time
        self._tasks = TaskSet(f"campaign {campaign.campaign_id}")
        self._moved = asyncio.Event()  # the core has handled an event
        self._told: dict[m.Part, bool] = {}
        self._claiming = Claiming(self, parts)
        self.previews = Previews(self, parts)
        self.bookings = Bookings(self, parts.bus)

    @property
    def key(self) -> tuple[str, str]:
        """Tenant and campaign."""
        return self.campaign.tenant, self.campaign.campaign_id

    def post(self, event: m.Event) -> None:
        """Give the core an event; it is handled in order of arrival."""
        self._inbox.put_nowait(event)

    def tell(self, part: m.Part, is_up: bool) -> None:
        """Say whether something that the campaign needs is there; said twice, it is told once."""
        if self._told.get(part) != is_up:
            self._told[part] = is_up
            self.post(m.PartChanged(self._now(), part, is_up))

    def spawn(self, coro: Coroutine[Any, Any, None], name: str) -> None:
        """Run something for this campaign beside its loop."""
        self._tasks.spawn(coro, name=f"{name} {self.campaign.campaign_id}")

    @property
    def gate(self) -> Gate:
        """The law of this campaign."""
        return self._claiming.gate

    async def reload(self) -> None:
        """Read settings and state again; changes take effect at once. Raises PostgresDown."""
        async with self._parts.pool.tenant(self.tenant_id) as conn:
            row = await campaign_store.get_campaign(
                conn, tenant_id=self.tenant_id, campaign_id=self.campaign.campaign_id
            )
        if row is None:  # its whole tenant was deleted
            self.post(m.Controlled(self._now(), CampaignState.STOPPED))
            return
        if row.version == self.campaign.version:
            return
        self.campaign = row
        self.post(m.Configured(self._now(), row.spec))
        self.reconfigured.set()
        self.post(m.Controlled(self._now(), row.state))

    async def run(self) -> None:
        """Handle events until the campaign is over; then nothing of it is left open."""
        self.spawn(recovery.recover(self, self._parts), "recover")
        try:
            while not self.is_over:
                deadline = self.core.next_deadline
                try:
                    async with asyncio.timeout_at(deadline):
                        event = await self._inbox.get()
                except TimeoutError:
                    event = m.Tick(self._now())
                self._before(event)
                for command in self.core.handle(event):
                    self._perform(command)
                self.is_over = self._is_done()
                self._moved.set()
        finally:
            self.is_over = True
            self._moved.set()
            await self._tasks.cancel()
            for line in self.lines.values():
                self._parts.switchboard.remove(line)

    async def until_quiet(self) -> None:
        """Wait until nothing is under way that should be seen through before the process ends."""
        while not self.is_over and not (
            self.core.is_quiet and self._inbox.empty() and self.bookings.is_quiet
        ):
            self._moved.clear()
            await self._moved.wait()

    def give_up(self) -> None:
        """The campaign is another process's now: leave it as it is."""
        self.is_over = True
        self.post(m.Tick(self._now()))

    def _is_done(self) -> bool:
        return self.is_over or (
            self.core.state is not CampaignState.RUNNING
            and self.core.is_empty
            and self.core.is_recovered
            and self._inbox.empty()
            and self.bookings.is_quiet
        )

    # -- lines -----------------------------------------------------------------------------------

    def open_line(self, attempt: Attempt) -> Line:
        """Begin to follow an attempt's channel."""
        line = Line(attempt, self.post, attempt.placed_at, attempt.answered_at)
        self.lines[line.attempt_id] = line
        self._parts.switchboard.add(line)
        return line

    def close_line(self, attempt_id: str) -> Line | None:
        """Follow it no longer."""
        line = self.lines.pop(attempt_id, None)
        if line is not None:
            self._parts.switchboard.remove(line)
            if line.is_heard:
                self.spawn(self._parts.hearing.forget(attempt_id), "forget")
            if line.is_heard_early:
                self.spawn(self._parts.early.forget(attempt_id), "forget")
        return line

    def note_placed(self, line: Line, at: datetime | None = None) -> None:
        """Write down, once, that Asterisk has the call."""
        if line.placed_at is None:
            line.placed_at = at or utcnow()
            call = self.core.call(line.attempt_id)
            self._parts.books.placed(
                line.attempt, line.placed_at, call.agent_id if call is not None else None
            )

    def note_answered(self, line: Line) -> None:
        """Write down the answer; the store keeps the first."""
        self.note_placed(line)
        line.answered_at = line.answered_at or utcnow()
        self._parts.books.answered(line.attempt, line.answered_at)

    def _before(self, event: m.Event) -> None:
        """See an event before the core does: what proves that a call was placed is noted."""
        match event:
            case m.Placed() | m.Rang() | m.Answered() | m.ChannelGone():
                line = self.lines.get(event.attempt_id)
                if line is not None:
                    self.note_placed(line)
            case _:
                pass

    # -- commands --------------------------------------------------------------------------------

    def _perform(self, command: m.Command) -> None:
        match command:
            case m.Claim(count):
                self.spawn(self._claiming.claim(count), "claim")
                return
            case m.Take(ask_id, lead_id):
                self.spawn(self._claiming.take(ask_id, lead_id), "take")
                return
            case m.Told():
                self.previews.told(command)
                return
            case m.EndPreview():
                self.previews.end(command)
                return
            case m.Finish(is_over):
                self.spawn(self._finish(is_over=is_over), "finish")
                return
            case m.Unbook(attempt_id):
                self.bookings.release(attempt_id)
                return
            case _:
                pass
        line = self.lines.get(command.attempt_id)
        if line is None:
            return
        board = self._parts.switchboard
        match command:
            case m.Originate():
                self._show_agents_number(line)
                self.spawn(self._originate(line), "originate")
            case m.HandOver(_, agent_id):
                self.spawn(board.hand_over(line, agent_id), "hand over")
            case m.Listen() | m.LeaveMessage() | m.RunScript():
                self._begin_with_answerer(line, command)
            case m.ListenEarly():
                self.spawn(self._parts.early.listen(line, board), "listen early")
            case m.NoteAnswer():
                self.note_answered(line)
                if line.is_heard_early:
                    self.spawn(self._parts.early.forget(command.attempt_id), "forget")
            case m.PlayAbandon():
                self.spawn(
                    board.play_abandonment(line, self.core.spec.abandonment_message), "abandon"
                )
            case m.HangUp():
                self.spawn(board.hang_up(line), "hang up")
            case m.LookUp():
                self.spawn(self._look_up(line), "look up")
            case m.Book():
                self.spawn(self.bookings.book(command), "book")
            case m.ShowPreview():
                self.previews.show(line, command)
            case m.Skip():
                self._skip(line, command)
            case m.AskOutcome():
                self.spawn(self._ask_outcome(line), "ask outcome")
            case m.GiveBack():
                self.close_line(command.attempt_id)
                self._parts.callers.given_back(self.core.spec.caller_pool_id, line.attempt)
                attempt = replace(line.attempt, placed_at=line.placed_at)
                self._parts.books.given_back(attempt, line.refusal)
            case m.Close():
                self._close(line, command)

    def _begin_with_answerer(
        self, line: Line, command: m.Listen | m.LeaveMessage | m.RunScript
    ) -> None:
        """Find out who answered, or play what he is to hear."""
        parts, spec = self._parts, self.core.spec
        match command:
            case m.Listen():
                self.spawn(parts.hearing.listen(line, parts.switchboard, spec.amd), "listen")
            case m.LeaveMessage():
                leaving = scripts.leave_message(
                    line, parts.switchboard, parts.hearing, spec.amd.message
                )
                self.spawn(leaving, "leave message")
            case m.RunScript() if spec.script is not None:
                self.spawn(self._run_script(line, spec.script), "script")
            case _:
                self.spawn(parts.switchboard.hang_up(line), "hang up")

    async def _run_script(self, line: Line, script: KeyScript) -> None:
        def on_key(key: ScriptKey) -> None:
            if key.action is KeyAction.DNC:
                self._parts.books.never_again(line.attempt)

        await scripts.run(line, self._parts.switchboard, script, on_key)

    def _skip(self, line: Line, skip: m.Skip) -> None:
        self.close_line(skip.attempt_id)
        self._parts.callers.given_back(self.core.spec.caller_pool_id, line.attempt)
        now = utcnow()
        due_at = now + timedelta(seconds=skip.delay_s)
        skipped = Skipped(skip.agent_id, skip.reason, now, due_at)
        self._parts.books.skipped(line.attempt, skipped)

    def _close(self, line: Line, end: m.Close) -> None:
        self.close_line(end.attempt_id)
        attempt, spec = line.attempt, self.core.spec
        how = attempt_store.End(
            line.ended_at or utcnow(),
            end.disposition,
            end.cause,
            end.tech_cause,
            end.agent_id,
            answerer=line.answerer,
            answerer_reason=line.answerer_reason or None,
            detected_after_ms=line.detected_after_ms,
            message_left=line.has_message,
            script_answer=line.script_answer,
            number_state=line.number_state,
            number_state_reason=line.number_state_reason,
        )
        then = retry.after(
            end.disposition,
            attempt_no=attempt.attempt_of_round,
            max_attempts=spec.max_attempts,
            rules=spec.retry_rules,
        )
        self._parts.books.ended(
            attempt,
            how,
            then,
            placed_at=line.placed_at or attempt.claimed_at,
            answered_at=line.answered_at,
        )
        self._parts.callers.ended(
            spec.caller_pool_id,
            attempt,
            end.disposition,
            is_answered=line.answered_at is not None,
        )
        if isinstance(then, retry.Closed) and self.lead_counts.open:
            counts = self.lead_counts
            self.lead_counts = LeadCounts(counts.total, counts.open - 1)
        metrics.ATTEMPTS.labels(end.disposition.value).inc()
        _log.info(
            "Attempt ended.",
            extra={
                "tenant": attempt.tenant,
                "interaction_id": str(attempt.interaction_id),
                "channel_id": attempt.channel_id,
                "campaign": attempt.campaign_id,
                "attempt": end.attempt_id,
                "attempt_no": attempt.attempt_no,
                "disposition": end.disposition.value,
                "cause_q850": end.cause,
                "tech_cause": end.tech_cause,
                "agent": end.agent_id,
                "pii_phone": attempt.phone_e164,
            },
        )

    # -- leads -----------------------------------------------------------------------------------

    async def _finish(self, *, is_over: bool) -> None:
        tenant, campaign_id = self.key
        try:
            if not await self._parts.books.synced(_SYNC_S):
                raise PostgresDown("the books are behind")
            async with self._parts.pool.tenant(self.tenant_id) as conn:
                finished = await self._finish_rows(conn, is_over=is_over)
        except PostgresDown:
            finished = False
        if not finished:
            self.post(m.FinishRefused(self._now()))
            return
        _log.info("Campaign finished.", extra={"tenant": tenant, "campaign": campaign_id})
        self.post(m.Controlled(self._now(), CampaignState.FINISHED))

    async def _finish_rows(self, conn: Connection, *, is_over: bool) -> bool:
        tenant, campaign_id = self.key
        tenant_id = self.tenant_id
        await campaign_store.finishing(conn, tenant_id=tenant_id)
        row = await campaign_store.get_campaign(
            conn, tenant_id=tenant_id, campaign_id=campaign_id, for_update=True
        )
        if row is None or row.state is not CampaignState.RUNNING:
            return False
        if is_over:
            if row.spec.schedule != self.core.spec.schedule:
                return False
        elif await campaign_store.has_work(
            conn, tenant_id=tenant_id, campaign_id=campaign_id, spec=row.spec
        ):
            return False
        reason = "its last day is over" if is_over else "every lead is done"
        await campaign_store.set_state(
            conn,
            tenant_id=tenant_id,
            campaign_id=campaign_id,
            state=CampaignState.FINISHED,
            reason=reason,
        )
        fact = facts.state_changed(tenant, campaign_id, row.state, CampaignState.FINISHED, reason)
        await outbox.add(conn, SCHEMA, fact)
        return True

    # -- calls -----------------------------------------------------------------------------------

    def _show_agents_number(self, line: Line) -> None:
        """A booked agent who has a number of his own calls with it."""
        call = self.core.call(line.attempt_id)
        agent_id = None if call is None else call.agent_id
        number = self._parts.callers.agents_number(self.campaign.tenant, agent_id)
        if number is not None:
            self._parts.callers.given_back(self.core.spec.caller_pool_id, line.attempt)
            line.attempt = replace(line.attempt, caller_id=number)

    async def _originate(self, line: Line) -> None:
        try:
            if not await self._claiming.check_again(line):
                raise NotAsked
            call = self.core.call(line.attempt_id)
            if call is None or call.phase is not m.Phase.PLACING:
                raise NotAsked  # the campaign was stopped while the law was asked
            await self._parts.switchboard.originate(
                line, ring_timeout_s=self.core.spec.ring_timeout_s
            )
        except (NotAsked, PostgresDown):
            self.post(m.NotPlaced(self._now(), line.attempt_id, trunk_fault=False))
        except AriDown:
            await recovery.find_out(self, line, self._parts)
        except AriError as error:
            _log.warning(
                "Asterisk cannot use the trunk.",
                extra={
                    "tenant": line.attempt.tenant,
                    "campaign": line.attempt.campaign_id,
                    "trunk": line.attempt.trunk_id,
                    "error": str(error),
                },
            )
            self.post(m.NotPlaced(self._now(), line.attempt_id, trunk_fault=True))
        else:
            self.post(m.Placed(self._now(), line.attempt_id))

    async def _look_up(self, line: Line) -> None:
        try:
            await self._parts.switchboard.node(line).get_channel(line.attempt.channel_id)
        except AriNotFound:
            await recovery.settle_absent(self, [line], self._parts)
        except (AriDown, AriError) as error:
            _log.debug("A call could not be looked up.", extra={"error": str(error)})

    # -- the ACD ---------------------------------------------------------------------------------

    async def _ask_outcome(self, line: Line) -> None:
        try:
            async with self._parts.pool.tenant(self.tenant_id) as conn:
                said = await attempt_store.outcome_of(
                    conn, tenant_id=self.tenant_id, attempt_id=line.attempt.attempt_id
                )
        except PostgresDown:
            return
        if said is not None:
            disposition, agent_id = said
            self.post(m.OutcomeKnown(self._now(), line.attempt_id, disposition, agent_id))
