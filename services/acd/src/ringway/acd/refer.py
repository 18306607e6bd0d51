"""Transfers that an agent's phone asks for by itself (REFER).

The phone stays in the call until the other one answers and is told what becomes of it. Each
answer to the phone comes back from Asterisk as one more event of the same kind with a ``state``:
only events without one are requests, else every answer would begin a transfer.
"""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ringway.acd import dialling
from ringway.acd.core import model as m
from ringway.acd.core import talk_model as t
from ringway.acd.core.talk_model import NotNow, NotPart
from ringway.acd.talk_live import Live
from ringway.acd.talks import Talks
from ringway.proto.acd import LegMode
from ringway.proto.acd_config import Target, TargetKind
from ringway.runtime.ari import AriDown, AriError, ChannelTransfer, Event
from ringway.runtime.ari.channels import TransferState
from ringway.runtime.errors import DependencyDown, Refused

if TYPE_CHECKING:
    from ringway.acd.app import Acd

_log = logging.getLogger("ringway.acd.refer")
# Asterisk 22.10 tells of a REFER before it has accepted it itself. Told in that moment what becomes
# of it, it crashes (1 in 6); nothing is heard of the end of that moment. After 50 ms: 0 of 240.
_ACCEPTED_S = 0.2
_BACK_S = 5.0
_NUMBER = re.compile(r"\+?[0-9*#]{1,40}")


class Refer:
    """Carries out what phones ask for; one transfer at a time for each agent."""

    def __init__(self, acd: Acd) -> None:
        self._acd = acd
        self._busy: set[tuple[str, str]] = set()  # tenant, agent

    def on_phone(self, talks: Talks, node: str, agent_id: str, event: Event) -> None:
        """See an event of an agent's phone."""
        if not isinstance(event, ChannelTransfer) or event.state:
            return
        key = (talks.runner.tenant, agent_id)
        if key in self._busy:
            return
        self._busy.add(key)
        talks.runner.spawn(self._transfer(talks, node, agent_id, event), "refer")

    async def _transfer(
        self, talks: Talks, node: str, agent_id: str, event: ChannelTransfer
    ) -> None:
        runner, channel_id = talks.runner, event.channel.id
        try:
            await asyncio.sleep(_ACCEPTED_S)
            live = talks.of_agent(agent_id)
            if event.destination_channel is not None:
                await self._between_lines(talks, live, node, agent_id, event)
                return
            target = _target(event)
            if target is None:
                raise Refused("target_unknown", "Only numbers can be transferred to.")
            whom = await dialling.party(self._acd, runner, agent_id, target)
            await self._say(talks, node, channel_id, "channel_progress")
            await talks.consult(
                live,
                t.ReferAsked(runner.now(), agent_id, whom.target, whom.agent_id, whom.number),
                whom.choices,
                on_ring_end=partial(self._ended, talks, agent_id, node, channel_id),
            )
        except (Refused, NotNow, NotPart, m.AgentBusy, DependencyDown) as error:
            _log.info(
                "A phone's transfer is refused.",
                extra={"tenant": runner.tenant, "agent_id": agent_id, "why": str(error)},
            )
            await self._say(talks, node, channel_id, "channel_declined")
        finally:
            self._busy.discard((runner.tenant, agent_id))

    async def _between_lines(
        self, talks: Talks, live: Live, node: str, agent_id: str, event: ChannelTransfer
    ) -> None:
        """An attended transfer: the customer's line and the consulted one become one call."""
        consult, owner = live.talk.consult, live.talk.owner
        assert event.destination_channel is not None
        asked = {event.channel.id, event.destination_channel.id}
        if consult is None or owner is None or owner.agent_id != agent_id:
            raise Refused("not_now", "There is no consultation to complete.")
        if asked != {live.phone_of(consult.line_id), live.phone_of(owner.leg_id)}:
            raise Refused("not_now", "These are not the lines of one call.")
        # The phone hangs up as soon as it is told, so the talk has to know before.
        live.on_ring_end = partial(self._ended, talks, agent_id, node, event.channel.id)
        await talks.tell(live, t.CompleteAsked(talks.runner.now(), agent_id))

    async def _ended(
        self, talks: Talks, agent_id: str, node: str, channel_id: str, is_done: bool
    ) -> None:
        # A phone hangs up as soon as it is told: its leg may be gone when the answer comes back.
        leg = talks.runner.legs.get(agent_id)
        state: TransferState = "channel_answered" if is_done else "channel_unavailable"
        await self._say(talks, node, channel_id, state)
        if is_done and leg is not None and leg.leg_mode is LegMode.NAILED_UP:
            talks.runner.spawn(self._back(talks, agent_id), "back")

    async def _back(self, talks: Talks, agent_id: str) -> None:
        """Desk phones hang up after a transfer: call a nailed-up one again."""
        until = talks.runner.now() + _BACK_S
        while talks.runner.now() < until:
            if agent_id not in talks.runner.legs:
                talks.runner.recall(agent_id)
                return
            await asyncio.sleep(_BACK_S / 20)

    async def _say(self, talks: Talks, node: str, channel_id: str, state: TransferState) -> None:
        with suppress(AriError, AriDown):  # a phone that has gone need not be told
            await talks.runner.control.node(node).transfer_progress(channel_id, state)


def _target(event: ChannelTransfer) -> Target | None:
    """Return the number that the phone wants."""
    number = unquote(event.destination.removeprefix("sip:").partition("@")[0].partition(";")[0])
    return Target(kind=TargetKind.NUMBER, value=number) if _NUMBER.fullmatch(number) else None
