"""Leads become attempts: the claims of one running campaign."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ringway.dialer import attempt_store, callback_store, recycling
from ringway.dialer.callback_gate import CallbackGate
from ringway.dialer.core import messages as m
from ringway.dialer.gate import Gate
from ringway.dialer.model import BY_INDEX, Attempt
from ringway.proto.dialer import CampaignSpec, CampaignState
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import Connection

if TYPE_CHECKING:
    from ringway.dialer.runner import CampaignRunner, Parts
    from ringway.dialer.switchboard import Line

_SYNC_S = 5.0
_FRESH_S = 1.0  # a lead claimed less than this ago was judged just now, but for its hours
_NO_CALLER_S = 30.0  # between looks at a pool whose numbers are used up for today


class Claiming:
    """Claims leads for one runner and opens a line for each attempt."""

    def __init__(self, runner: CampaignRunner, parts: Parts) -> None:
        self._runner = runner
        self._parts = parts
        self._has_doubt = False  # a claim may have been committed without our knowing
        self._turn = asyncio.Lock()  # what is claimed and not known yet must not look forgotten
        self._gate: Gate | None = None
        self._callback_gate: CallbackGate | None = None
        self._callback_gate_of: CampaignSpec | None = None

    async def claim(self, count: int) -> None:
        """Claim up to ``count`` leads and tell the core; 0: only ask when the next one is due."""
        async with self._turn:
            await self._claim(count)

    async def take(self, ask_id: str, lead_id: str | None) -> None:
        """Claim one lead for an agent who asked for it, and tell the core."""
        runner = self._runner
        claimed: Sequence[Attempt] = ()
        async with self._turn:
            try:
                if self._has_doubt:
                    await self._resolve_doubt()
                asker = runner.core.asker(ask_id)
                claimed, _ = await self._claim_rows(
                    self._parts.switchboard.nodes_for(1), lead_id, {asker} if asker else set()
                )
            except PostgresDown:
                self._has_doubt = True
            for attempt in claimed:
                runner.open_line(attempt)
        leads = [_lead(a) for a in claimed]
        runner.post(m.LeadTaken(_now(), ask_id, leads[0] if leads else None))

    async def _claim(self, count: int) -> None:
        runner = self._runner
        claimed: Sequence[Attempt] = ()
        try:
            if self._has_doubt:
                await self._resolve_doubt()
            nodes = self._parts.switchboard.nodes_for(count)
            ready = runner.core.free_agents(_now())
            claimed, due = await self._claim_rows(nodes, ready=ready)
            if not claimed and due is None:
                # Ends that are not written yet may make leads due again.
                if not await self._parts.books.synced(_SYNC_S):
                    raise PostgresDown("the books are behind")
                claimed, due = await self._claim_rows(nodes, ready=ready)
            if not claimed and due is None and await self._recycle():
                claimed, due = await self._claim_rows(nodes, ready=ready)
        except PostgresDown:
            self._has_doubt = True
            runner.post(m.ClaimFailed(_now()))
            return
        for attempt in claimed:
            runner.open_line(attempt)
        due_in_s = None if due is None else max(0.0, (due - utcnow()).total_seconds())
        leads = tuple(_lead(a) for a in claimed)
        runner.post(m.Claimed(_now(), leads, due_in_s))

    async def _recycle(self) -> bool:
        """Open leads again, if the campaign's rule has any."""
        runner = self._runner
        if runner.core.spec.recycling is None or runner.core.state is not CampaignState.RUNNING:
            return False
        async with self._parts.pool.tenant(runner.tenant_id) as conn:
            opened = await recycling.recycle(
                conn, tenant_id=runner.tenant_id, spec=runner.core.spec, now=utcnow()
            )
        return opened > 0

    async def _claim_rows(
        self, nodes: list[str], lead_id: str | None = None, ready: Collection[str] = ()
    ) -> tuple[Sequence[Attempt], datetime | None]:
        """Claim within one transaction; with a pool, no more than its numbers may carry today."""
        runner, callers = self._runner, self._parts.callers
        pool_id, tenant = runner.core.spec.caller_pool_id, runner.campaign.tenant
        claimed: Sequence[Attempt] = ()
        shown: Sequence[Attempt] = ()
        if pool_id is None and runner.core.spec.mode.books_agents:
            await callers.know(tenant)  # the agent may have a number of his own
        async with callers.turn(tenant) if pool_id is not None else nullcontext():
            room = None if pool_id is None else await callers.room(tenant, pool_id)
            if room == 0 and nodes:
                return (), utcnow() + timedelta(seconds=_NO_CALLER_S)
            try:
                async with self._parts.pool.tenant(runner.tenant_id, settings=BY_INDEX) as conn:
                    if nodes and lead_id is not None:
                        claimed = await self._this_one(conn, lead_id, nodes[0])
                    elif nodes:
                        claimed = await self._ahead_and_list(conn, nodes[:room], ready)
                    if pool_id is not None:
                        claimed = shown = await callers.show(conn, pool_id, claimed)
                    if nodes and len(claimed) == len(nodes):
                        return claimed, utcnow()  # there may be more; the next claim will tell
                    due = await self._next_due(conn)
            except PostgresDown:
                for attempt in shown:
                    callers.given_back(pool_id, attempt)
                raise
        return claimed, due

    async def _ahead_and_list(
        self, conn: Connection, nodes: list[str], ready: Collection[str]
    ) -> Sequence[Attempt]:
        """Claim call-backs, then leads of the lists."""
        now = utcnow()
        ahead = await self.callback_gate.claim_due(conn, nodes=nodes, now=now, ready=ready)
        rest = nodes[len(ahead) :]
        return [*ahead, *await self.gate.claim(conn, nodes=rest, now=now)] if rest else ahead

    async def _this_one(self, conn: Connection, lead_id: str, node: str) -> Sequence[Attempt]:
        now = utcnow()
        claimed = await self.callback_gate.claim_this_if_due(
            conn, lead_id=lead_id, node=node, now=now
        )
        if claimed is not None:
            return claimed
        return await self.gate.claim_this(conn, lead_id=lead_id, node=node, now=now)

    async def _next_due(self, conn: Connection) -> datetime | None:
        now = utcnow()
        runner = self._runner
        ahead = await callback_store.next_due(
            conn, tenant_id=runner.tenant_id, campaign_id=runner.campaign.campaign_id, now=now
        )
        due = await self.gate.next_due(conn, now=now)
        return min((at for at in (ahead, due) if at is not None), default=None)

    @property
    def callback_gate(self) -> CallbackGate:
        """The law of its call-backs."""
        spec = self._runner.core.spec
        if self._callback_gate is None or self._callback_gate_of is not spec:
            campaign_id = self._runner.campaign.campaign_id
            self._callback_gate = CallbackGate(self._runner.tenant_id, campaign_id, spec)
            self._callback_gate_of = spec
        return self._callback_gate

    @property
    def gate(self) -> Gate:
        """The law of the campaign as it is set now."""
        spec = self._runner.core.spec
        if self._gate is None or self._gate.spec is not spec:
            self._gate = Gate(self._runner.tenant_id, self._runner.campaign.campaign_id, spec)
        return self._gate

    async def check_again(self, line: Line) -> bool:
        """Ask the law right before a call starts; False: it may not, and the line says why.

        Raises:
            PostgresDown: Nobody can tell.
        """
        now = utcnow()
        attempt = line.attempt
        is_fresh = (now - attempt.claimed_at).total_seconds() < _FRESH_S
        if is_fresh and not attempt.mode.books_agents and self.gate.is_open(attempt.zone_key, now):
            return True  # where nobody looks at leads or is booked first
        async with self._parts.pool.tenant(self._runner.tenant_id) as conn:
            gate = self.callback_gate if attempt.is_callback else self.gate
            line.refusal = await gate.check_again(conn, attempt, now=now)
        return line.refusal is None

    async def _resolve_doubt(self) -> None:
        """Give back what was claimed by a commit whose answer never came."""
        runner, books = self._runner, self._parts.books
        if not await books.synced(_SYNC_S):
            raise PostgresDown("the books are behind")
        async with self._parts.pool.tenant(runner.tenant_id) as conn:
            found = await attempt_store.open_attempts(
                conn, tenant_id=runner.tenant_id, campaign_id=runner.campaign.campaign_id
            )
        for attempt in found:
            unknown = str(attempt.attempt_id) not in runner.lines
            if unknown and not books.is_pending(attempt.attempt_id):
                books.given_back(attempt)
        self._has_doubt = False


def _lead(attempt: Attempt) -> m.ClaimedLead:
    return m.ClaimedLead(
        str(attempt.attempt_id), attempt.lead_id, attempt.attempt_no, attempt.wanted_agent_id
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
