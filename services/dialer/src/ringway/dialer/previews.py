"""Leads that agents are shown: the campaign's core decides, here it meets the agents.

What an agent asks becomes an event with an id of its own; the core's answer to that id ends the
wait. Nothing of a preview outlives this process: the next one gives the leads back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from ringway.dialer import mode_store
from ringway.dialer.core import messages as m
from ringway.dialer.core.messages import PreviewEnd, Refusal
from ringway.dialer.switchboard import Line
from ringway.proto.dialer_preview import AgentPreviewV1, Preview, PreviewState
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown, PostgresDown, Refused

if TYPE_CHECKING:
    from ringway.dialer.runner import CampaignRunner, Parts

_log = logging.getLogger("ringway.dialer.previews")

_ANSWER_LIMIT_S = 4.5
_REPEAT_S = 3.0
_TEXTS = {
    Refusal.NOT_DIALING: "The campaign may not dial now.",
    Refusal.NOT_BY_HAND: "This campaign chooses its leads itself.",
    Refusal.NO_LEAD: "There is no lead to dial now, or not this one.",
    Refusal.NOT_READY: "The agent is not ready, or does not serve this campaign.",
    Refusal.LINES_BUSY: "All lines of the campaign are in use.",
    Refusal.PREVIEW_OPEN: "The agent is shown another lead; dial or skip it first.",
    Refusal.PREVIEW_GONE: "This lead is not the agent's any more.",
    Refusal.PREVIEW_DIALED: "It is being dialed already.",
    Refusal.MAY_NOT_SKIP: "Leads of this campaign are not skipped.",
}
_STATES = {
    PreviewEnd.DIALED: PreviewState.DIALED,
    PreviewEnd.SKIPPED: PreviewState.SKIPPED,
    PreviewEnd.WITHDRAWN: PreviewState.WITHDRAWN,
}


class Previews:
    """The previews of one running campaign."""

    def __init__(self, runner: CampaignRunner, parts: Parts) -> None:
        self._runner = runner
        self._parts = parts
        self._shown: dict[str, asyncio.Future[Preview]] = {}  # by attempt
        self._asks: dict[str, asyncio.Future[m.Told]] = {}

    # -- for agents ------------------------------------------------------------------------------

    def of_agent(self, agent_id: str) -> Preview | None:
        """Return what an agent is shown."""
        for attempt_id, shown in self._shown.items():
            call = self._runner.core.call(attempt_id)
            if call is not None and call.agent_id == agent_id and shown.done():
                return shown.result()
        return None

    async def take(self, agent_id: str, lead_id: str | None) -> Preview:
        """Give an agent a lead, and return it as he is shown it.

        Raises:
            Refused: He cannot have one; see Refusal.
            DependencyDown: No answer in time.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + _ANSWER_LIMIT_S
        told = await self._ask(lambda at, ask: m.LeadAsked(at, ask, agent_id, lead_id))
        shown = self._shown.get(told.attempt_id or "")
        if shown is None:
            raise _refused(Refusal.PREVIEW_GONE)
        # It may be taken back before its lead was read, or this campaign may end here.
        await asyncio.wait((shown,), timeout=until - loop.time())
        if shown.cancelled():
            raise _refused(Refusal.PREVIEW_GONE)
        if not shown.done():
            raise DependencyDown("the lead could not be read in time")
        return shown.result()

    async def accept(self, attempt_id: str, agent_id: str) -> None:
        """Have the lead dialed. Raises as ``take`` does."""
        await self._ask(lambda at, ask: m.PreviewAccepted(at, ask, attempt_id, agent_id))

    async def skip(self, attempt_id: str, agent_id: str, reason: str) -> None:
        """Have another lead. Raises as ``take`` does."""
        await self._ask(lambda at, ask: m.PreviewSkipped(at, ask, attempt_id, agent_id, reason))

    async def _ask(self, make: Callable[[float, str], m.Event]) -> m.Told:
        ask_id = uuid4().hex
        told: asyncio.Future[m.Told] = asyncio.get_running_loop().create_future()
        self._asks[ask_id] = told
        try:
            self._runner.post(make(asyncio.get_running_loop().time(), ask_id))
            async with asyncio.timeout(_ANSWER_LIMIT_S):
                answer = await told
        except TimeoutError:
            raise DependencyDown("the campaign did not answer") from None
        finally:
            del self._asks[ask_id]
        if answer.refusal is not None:
            raise _refused(answer.refusal, answer.text)
        return answer

    # -- what the core commands ------------------------------------------------------------------

    def told(self, answer: m.Told) -> None:
        """The core's answer to an agent."""
        waiting = self._asks.get(answer.ask_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def show(self, line: Line, command: m.ShowPreview) -> None:
        """Show a lead to its agent."""
        shown = self._shown[line.attempt_id] = asyncio.get_running_loop().create_future()
        self._runner.spawn(self._read(line, command, shown), "preview")

    def end(self, command: m.EndPreview) -> None:
        """Tell an agent that his preview is over, and how."""
        shown = self._shown.pop(command.attempt_id, None)
        if shown is not None and shown.done():
            self._tell(command.agent_id, _STATES[command.how], shown.result())
        elif shown is not None:
            shown.cancel()

    async def _read(
        self, line: Line, command: m.ShowPreview, shown: asyncio.Future[Preview]
    ) -> None:
        lead = mode_store.LeadShown()
        with suppress(PostgresDown):
            async with self._parts.pool.tenant(self._runner.tenant_id) as conn:
                lead = await mode_store.lead_shown(
                    conn, tenant_id=self._runner.tenant_id, lead_id=line.attempt.lead_id
                )
        if shown.cancelled():
            return
        now, rule = utcnow(), self._runner.core.spec.preview
        shown.set_result(
            Preview(
                attempt_id=line.attempt_id,
                campaign_id=line.attempt.campaign_id,
                lead_id=line.attempt.lead_id,
                phone_e164=line.attempt.phone_e164,
                name=lead.name,
                data=lead.data,
                callback_id=lead.callback_id,
                callback_note=lead.callback_note,
                attempt_no=line.attempt.attempt_no,
                shown_at=now,
                until=now + timedelta(seconds=command.time_s),
                on_timeout=rule.on_timeout,
                can_skip=rule.can_skip,
            )
        )
        while self._shown.get(line.attempt_id) is shown:
            # Again and again: a browser may be new, a message may be lost.
            self._tell(command.agent_id, PreviewState.SHOWN, shown.result())
            await asyncio.sleep(_REPEAT_S)

    def _tell(self, agent_id: str, state: PreviewState, preview: Preview) -> None:
        self._parts.bus.emit(
            AgentPreviewV1(
                occurred_at=utcnow(),
                tenant=self._runner.campaign.tenant,
                agent_id=agent_id,
                state=state,
                preview=preview,
            )
        )


def _refused(refusal: Refusal, text: str = "") -> Refused:
    return Refused(refusal.value, text or _TEXTS[refusal])
