"""Transfers that an agent's phone asks for by itself (REFER).

The phone stays in the call until the other one answers and is told what becomes of it. Each
answer to the phone comes back from Asterisk as one more event of the same kind with a ``state``:
only events without one are requests, else every answer would begin a transfer.
"""

from __future__ import annotations

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
from ringway.acd.talks import Talks
from ringway.proto.acd_config import Target, TargetKind
from ringway.runtime.ari import AriDown, AriError, ChannelTransfer, Event
from ringway.runtime.ari.channels import TransferState
from ringway.runtime.errors import DependencyDown, Refused

if TYPE_CHECKING:
    from ringway.acd.app import Acd

_log = logging.getLogger("ringway.acd.refer")
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
            live = talks.of_agent(agent_id)
            target = _target(event)
            if target is None:
                raise Refused("target_unknown", "Only numbers can be transferred to.")
            whom = await dialling.party(self._acd, runner, agent_id, target)
            await self._say(talks, node, channel_id, "channel_progress")
            await talks.consult(
                live,
                t.ReferAsked(runner.now(), agent_id, whom.target, whom.agent_id, whom.number),
                whom.choices,
                on_ring_end=partial(self._ended, talks, node, channel_id),
            )
        except (Refused, NotNow, NotPart, m.AgentBusy, DependencyDown) as error:
            _log.info(
                "A phone's transfer is refused.",
                extra={"tenant": runner.tenant, "agent_id": agent_id, "why": str(error)},
            )
            await self._say(talks, node, channel_id, "channel_declined")
        finally:
            self._busy.discard((runner.tenant, agent_id))

    async def _ended(self, talks: Talks, node: str, channel_id: str, is_done: bool) -> None:
        state: TransferState = "channel_answered" if is_done else "channel_unavailable"
        await self._say(talks, node, channel_id, state)

    async def _say(self, talks: Talks, node: str, channel_id: str, state: TransferState) -> None:
        with suppress(AriError, AriDown):  # a phone that has gone need not be told
            await talks.runner.control.node(node).transfer_progress(channel_id, state)


def _target(event: ChannelTransfer) -> Target | None:
    """Return the number that the phone wants; an attended transfer names none."""
    if event.destination_channel is not None:
        return None
    number = unquote(event.destination.removeprefix("sip:").partition("@")[0].partition(";")[0])
    return Target(kind=TargetKind.NUMBER, value=number) if _NUMBER.fullmatch(number) else None
