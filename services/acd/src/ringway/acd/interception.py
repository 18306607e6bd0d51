"""A supervisor takes the customer of an agent's talk; the agent goes to after-call work.

The supervisor's phone is up already, so he joins the talk and the agent leaves it: the customer
hears no music and no gap. A supervisor who is signed in as an agent is credited from then on; one
who only has a phone is like an outside party.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ringway.acd.core import model as m
from ringway.acd.core import talk_model as t
from ringway.acd.core.talk_model import NotNow, NotPart, Party
from ringway.acd.supervision import Supervision
from ringway.acd.supervisor_phones import Supervisor
from ringway.acd.talk_live import Live
from ringway.acd.talks import Talks
from ringway.proto.acd import AgentState, LegMode
from ringway.proto.acd_calls import InteractionTransferredV1, PartyRole
from ringway.proto.acd_config import SupervisionMode, Target, TargetKind
from ringway.runtime.ari import ChannelDestroyed, Event, StasisEnd
from ringway.runtime.errors import Refused
from ringway.runtime.ids import uuid7

if TYPE_CHECKING:
    from ringway.acd.app import Acd
    from ringway.acd.runner import FloorRunner

_PLACE = "supervision"  # where the phone stands before: in no room of the talk


async def intercept(
    acd: Acd,
    talks: Talks,
    supervision: Supervision,
    supervisor_id: str,
    agent_id: str,
    *,
    everywhere: bool,
) -> str:
    """Take the customer; returns the interaction.

    Raises:
        Refused: ``not_in_call``, ``not_now``, and those of the supervisor's phone.
    """
    runner = talks.runner
    live = _own_talk(talks, agent_id)
    await supervision.hear(supervisor_id, agent_id, SupervisionMode.LISTEN, everywhere=everywhere)
    try:
        if live.talk.consult is not None:
            await talks.tell(live, t.CancelConsultAsked(runner.now(), agent_id))
    except (NotNow, NotPart) as error:
        raise Refused("not_now", str(error)) from error
    # From here to the agent's leaving nothing is awaited: all of it is possible, or nothing.
    live = _own_talk(talks, agent_id)
    one = supervision.live.get(supervisor_id)
    leg = one.leg if one is not None and one.node == live.call.node else None
    if one is None or leg is None or not leg.is_up or live.talk.consult is not None:
        raise Refused("not_now", "The call has just changed; try again.")
    _claim(runner, supervisor_id, live.talk.interaction_id)
    done = _swap(acd, talks, live, one, agent_id)
    await supervision.take_phone(supervisor_id)
    await done
    if runner.legs.get(supervisor_id) is not leg:
        await runner.control.node(one.node).destroy_bridge(one.room)
    return live.talk.interaction_id


def _own_talk(talks: Talks, agent_id: str) -> Live:
    """Return the talk in which the agent has the customer."""
    try:
        live = talks.of_agent(agent_id)
    except NotPart as error:
        raise Refused("not_in_call", "The agent is not in a call.") from error
    owner = live.talk.owner
    if live.talk.customer is None or live.talk.is_ending or live.call.is_gone:
        raise Refused("not_in_call", "The customer is leaving.")
    if owner is None or owner.agent_id != agent_id:
        raise Refused("not_now", "Another agent has the customer.")
    return live


def _claim(runner: FloorRunner, supervisor_id: str, interaction_id: str) -> None:
    agent = runner.floor.agents.get(supervisor_id)
    if agent is None or agent.state is AgentState.LOGGED_OUT:
        return
    try:
        runner.apply(m.Claim(runner.now(), supervisor_id, interaction_id, own_wish=True))
    except m.AgentBusy as error:
        raise Refused("not_now", f"You cannot take a call now: {error}") from error


def _swap(
    acd: Acd, talks: Talks, live: Live, one: Supervisor, agent_id: str
) -> asyncio.Future[None]:
    """Let the supervisor join and the agent leave."""
    runner, leg = talks.runner, one.leg
    assert leg is not None
    supervisor_id, interaction_id = one.session.supervisor_id, live.talk.interaction_id
    now = runner.now()
    live.talk.count += 1
    party = Party(f"p{live.talk.count}", PartyRole.MEMBER, place=_PLACE)
    live.channels[party.leg_id] = one.voice
    home: str | None = leg.bridge_id
    if one.link is not None:
        home, link, one.link = None, one.link, None
        talks.links.stand_in(live, party.leg_id, link)
    floor_agent = runner.floor.agents.get(supervisor_id)
    if floor_agent is not None and floor_agent.interaction_id == interaction_id:
        if not one.is_lent:
            leg.leg_mode = LegMode.ON_DEMAND
            runner.legs[supervisor_id] = leg
        party.agent_id, party.home = supervisor_id, home
        live.legs[party.leg_id] = leg
        runner.apply(m.Joined(now, interaction_id, supervisor_id))
    else:
        account = acd.accounts.agents.get((runner.tenant, supervisor_id))
        party.number = account.number if account is not None else ""
        _watch(acd, talks, live, party, leg.channel_id)
    talks.tell(live, t.PartyJoined(now, party))
    done = talks.tell(live, t.LeaveAsked(now, agent_id))
    runner.tell(
        InteractionTransferredV1(
            message_id=f"{interaction_id}-intercepted-{uuid7()}",
            occurred_at=runner.wall(now),
            tenant=runner.tenant,
            interaction_id=interaction_id,
            agent_id=agent_id,
            target=Target(kind=TargetKind.AGENT, value=supervisor_id),
            is_attended=False,
            by="supervisor",
        )
    )
    return done


def _watch(acd: Acd, talks: Talks, live: Live, party: Party, channel_id: str) -> None:
    """The end of a phone that is no agent's is the end of the talk."""

    def on_event(_: str, event: Event) -> None:
        has_gone = isinstance(event, StasisEnd | ChannelDestroyed)
        if has_gone and live.phone_of(party.leg_id) == channel_id:
            talks.links.lose(live, party.leg_id)
            talks.tell(live, t.PartyGone(talks.runner.now(), party.leg_id))

    acd.watch(channel_id, on_event)
