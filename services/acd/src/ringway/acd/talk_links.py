"""Legs of a talk that are on another Asterisk node than the talk.

Such a phone stays in its own room; the end of a link to the talk's node is its channel in the talk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ringway.acd.adoption import Picture
from ringway.acd.calls import Call, Leg
from ringway.acd.core import model as m
from ringway.acd.core import talk_model as t
from ringway.acd.node_links import Link, LinkFailed
from ringway.acd.talk_live import Live
from ringway.proto.acd import HungUpBy, LegMode

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

OnParty = Callable[[Live, t.Event], object]


class TalkLinks:
    """What stands for legs of one tenant's talks.

    Args:
        tell: Given what happens to legs whose links break.
    """

    def __init__(self, runner: FloorRunner, tell: OnParty) -> None:
        self._runner = runner
        self._tell = tell

    async def lay(self, live: Live, leg: Leg) -> Link | None:
        """Let something stand for an agent's leg where the talk is; nothing when it is there.

        Raises:
            LinkFailed, AriDown: It cannot be; a leg on demand has been let go.
        """
        return await reach_over(self._runner, live.call, leg)

    async def lay_line(self, live: Live, node: str, channel_id: str) -> Link | None:
        """Let something stand for a second line that is not answered; nothing when it is there.

        Raises:
            LinkFailed, AriDown: It cannot be.
        """
        links = self._runner.links
        if node == live.call.node:
            return None
        if links is None:
            raise LinkFailed(0, "there is but one node", "link")
        return await links.lay(
            self._runner,
            live.talk.interaction_id,
            node=node,
            channel=channel_id,
            to=live.call.node,
            is_in_room=True,
        )

    def stand_in(self, live: Live, leg_id: str, link: Link) -> None:
        """Let a link's end be the channel of a leg in this talk."""
        live.links[leg_id], live.channels[leg_id] = link, link.far
        self.keep(live, leg_id, link)

    def keep(self, live: Live, leg_id: str, link: Link) -> None:
        """Let the end of a link be the end of its leg's part."""
        if self._runner.links is None:
            return

        def ended() -> None:
            if live.links.get(leg_id) is link:
                del live.links[leg_id]
                live.channels.pop(leg_id, None)
                self._runner.spawn(self._unlinked(live, leg_id, link), "unlinked")

        self._runner.links.keep(self._runner, link, ended)

    async def _unlinked(self, live: Live, leg_id: str, link: Link) -> None:
        party, runner = live.talk.parties.get(leg_id), self._runner
        if party is None or runner.talks is None:
            return
        if party.agent_id is None:
            self._tell(live, t.PartyGone(runner.now(), leg_id))
            await runner.control.node(link.node).end(link.channel, link.room)
        elif not runner.talks.agent_hangs_up(live.talk.interaction_id, party.agent_id):
            runner.apply(m.HangUpAsked(runner.now(), party.agent_id, HungUpBy.SYSTEM))

    def compare(self, live: Live, picture: Picture) -> None:
        """Know which phones that are no agents' have left while nobody told us."""
        for leg_id, link in list(live.links.items()):
            party = live.talk.parties.get(leg_id)
            is_there = link.node != picture.node.name or link.channel in picture.channels
            if party is not None and party.agent_id is None and not is_there:
                self.lose(live, leg_id)
                self._tell(live, t.PartyGone(self._runner.now(), leg_id))

    def lose(self, live: Live, leg_id: str) -> None:
        """The phone of a leg that is no agent's has gone: so does what stood for it."""
        live.channels.pop(leg_id, None)
        if (link := live.links.pop(leg_id, None)) is not None:
            self._runner.spawn(self.drop(link, with_room=True), "drop link")

    async def drop(self, link: Link, *, with_room: bool = False) -> None:
        """End a link."""
        if self._runner.links is not None:
            await self._runner.links.drop(link, with_room=with_room)


async def reach_over(runner: FloorRunner, call: Call, leg: Leg) -> Link | None:
    """Let something stand for an agent's leg on a call's node; nothing when it is there itself.

    Raises:
        LinkFailed, AriDown: It cannot be; a leg on demand has been let go.
    """
    if leg.node == call.node:
        return None
    try:
        if runner.links is None:
            raise LinkFailed(0, "there is but one node", "link")
        return await runner.links.lay(
            runner,
            call.interaction_id,
            node=leg.node,
            channel=leg.channel_id,
            to=call.node,
            room=leg.bridge_id,
            is_in_room=leg.leg_mode is LegMode.NAILED_UP,
        )
    except BaseException:
        if not runner.is_closed:
            let_go(runner, leg)
        raise


def let_go(runner: FloorRunner, leg: Leg) -> None:
    """Let a phone go that was answered in vain: at once, before the agent's next offer."""
    if leg.leg_mode is LegMode.ON_DEMAND and runner.legs.get(leg.agent_id) is leg:
        del runner.legs[leg.agent_id]
        runner.spawn(runner.control.hang_up_leg(leg), "let go")
