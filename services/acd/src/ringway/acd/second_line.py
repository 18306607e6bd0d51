"""A consultation on the phone's second line, as desk phones do it.

The phone puts its customer on hold and dials. While that line rings or talks, the first one hears
music with the customer; a transfer between the two lines, or the API, completes it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ringway.acd import dialling
from ringway.acd.core import model as m
from ringway.acd.core import talk_model as t
from ringway.acd.core.talk_model import NotNow, NotPart
from ringway.acd.refer import Refer
from ringway.acd.talk_live import Live
from ringway.acd.talks import Talks
from ringway.proto.acd_config import Target, TargetKind
from ringway.runtime.ari import ChannelDestroyed, ChannelUnhold, Event, StasisEnd
from ringway.runtime.errors import Refused

if TYPE_CHECKING:
    from ringway.acd.app import Acd

_log = logging.getLogger("ringway.acd.talks")


async def consult_on(
    acd: Acd, talks: Talks, node: str, channel_id: str, agent_id: str, number: str
) -> None:
    """Let an agent in a talk consult who was dialed on another line of his phone.

    Raises:
        Refused: He is not the one who has the customer, consults already, or the number cannot be
            called; codes as in ``ConsultV1``.
        AriError, AriDown: The line has gone.
    """
    runner = talks.runner
    try:
        live = talks.of_agent(agent_id)
    except NotPart as error:
        raise Refused("not_now", "The agent is in no call.") from error
    owner = live.talk.owner
    if owner is None or owner.agent_id != agent_id or live.talk.consult is not None:
        raise Refused("not_now", "The call does not allow a consultation now.")
    target = Target(kind=TargetKind.NUMBER, value=number)
    whom = await dialling.party(acd, runner, agent_id, target)
    ari = runner.control.node(node)
    await ari.set_variable(channel_id, "PJSIP_TRANSFER_HANDLING()", "ari-only")
    await ari.ring(channel_id)
    event = t.LineAsked(runner.now(), agent_id, whom.target, whom.agent_id, whom.number)
    refer = Refer(acd)
    link = await talks.links.lay_line(live, node, channel_id)

    def on_event(its_node: str, event: Event) -> None:
        try:
            _on_line(talks, live, channel_id, agent_id, event)
        except (NotNow, NotPart):
            _log.info("A line's hold changes nothing.", extra={"channel_id": channel_id})
        refer.on_phone(talks, its_node, agent_id, event)

    acd.watch(channel_id, on_event)
    try:
        await talks.consult(live, event, whom.choices, line=link or channel_id)
    except (NotNow, NotPart, m.AgentBusy) as error:
        acd.unwatch(channel_id, on_event)
        if link is not None:
            await talks.links.drop(link, with_room=True)
        raise Refused("not_now", str(error)) from error


def _on_line(talks: Talks, live: Live, channel_id: str, agent_id: str, event: Event) -> None:
    consult, now = live.talk.consult, talks.runner.now()
    if consult is None or live.phone_of(consult.line_id) != channel_id:
        return
    if isinstance(event, StasisEnd | ChannelDestroyed):
        talks.links.lose(live, consult.line_id)
        talks.tell(live, t.PartyGone(now, consult.line_id))
    elif isinstance(event, ChannelUnhold):
        talks.tell(live, t.HoldAsked(now, agent_id))  # back on this line
