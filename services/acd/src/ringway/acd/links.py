"""Bringing a customer to an agent on another Asterisk node.

The customer's channel stays where it is; what stands for him on the agent's node is the customer
from then on: talks, holding and transfers see that channel only.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ringway.acd.adoption import Picture
from ringway.acd.calls import ORIGIN, Call
from ringway.acd.node_links import LinkFailed, NodeLinks
from ringway.runtime.ari import (
    AriClient,
    AriDown,
    ChannelDestroyed,
    ChannelHangupRequest,
    Event,
    StasisEnd,
)

if TYPE_CHECKING:
    from ringway.acd.app import Acd
    from ringway.acd.runner import FloorRunner


class Links(NodeLinks):
    """Every link of this replica, and the customers who are brought somewhere by one."""

    def __init__(self, acd: Acd, ari: AriClient) -> None:
        super().__init__(acd, ari)
        acd.on_open(self._opened)
        acd.on_reconcile(self._reconcile)

    # -- bringing --------------------------------------------------------------------------------

    async def bring(self, runner: FloorRunner, call: Call, to: str) -> bool:
        """Let the customer be on node ``to``. False: he has gone, or the nodes cannot call.

        Raises:
            AriDown: A node does not answer.
        """
        if call.node == to:
            return True
        await self._go_home(runner, call)
        if call.node == to:
            return True
        try:
            link = await self.lay(
                runner, call.interaction_id, node=call.node, channel=call.channel_id, to=to
            )
        except LinkFailed:
            return False
        if call.is_gone:  # before anybody watched the link for him
            await self.drop(link, with_room=True)
            return False
        call.extra[ORIGIN] = {
            "node": call.node,
            "channel_id": call.channel_id,
            "link_id": link.near,
            "room": link.room,
        }
        self._acd.unwatch_customer(call.channel_id)
        call.node, call.channel_id = to, link.far
        self._watch(runner, call)
        runner.store(call.interaction_id)
        return True

    async def _go_home(self, runner: FloorRunner, call: Call) -> None:
        """Give a linked customer's own channel back to him; the link ends.

        On return it has: his channel must not be moved while the room that he shared with it ends.
        """
        origin = call.extra.pop(ORIGIN, None)
        if origin is None:
            return
        self._acd.unwatch_customer(call.channel_id)
        self._acd.unwatch(origin["channel_id"])
        self._acd.unwatch(origin["link_id"])
        call.node, call.channel_id = origin["node"], origin["channel_id"]
        self._acd.watch_customer(call.channel_id, runner, call.interaction_id)
        runner.store(call.interaction_id)
        await self._drop(call.node, origin["link_id"], origin["room"])

    async def _drop(self, node: str, link_id: str, room: str) -> None:
        with suppress(AriDown):  # no such node any more
            await self._acd.control.node(node).end(link_id, room)

    # -- events ----------------------------------------------------------------------------------

    def _watch(self, runner: FloorRunner, call: Call) -> None:
        """Let either end of the link be the end of the other."""
        origin = call.extra[ORIGIN]
        self._acd.watch_customer(call.channel_id, runner, call.interaction_id)

        def on_customer(_: str, event: Event) -> None:
            if isinstance(event, ChannelHangupRequest):
                call.cause_q850 = event.cause or call.cause_q850
            elif isinstance(event, StasisEnd | ChannelDestroyed):
                runner.spawn(
                    self._drop(origin["node"], origin["link_id"], origin["room"]), "end link"
                )

        def on_link(_: str, event: Event) -> None:
            if isinstance(event, StasisEnd | ChannelDestroyed):
                runner.spawn(self._end_customer(origin), "end customer")

        self._acd.watch(origin["channel_id"], on_customer)
        self._acd.watch(origin["link_id"], on_link)

    async def _end_customer(self, origin: dict[str, str]) -> None:
        with suppress(AriDown):  # no such node any more
            node = self._acd.control.node(origin["node"])
            await node.end(origin["channel_id"], origin["room"])

    # -- after a restart -------------------------------------------------------------------------

    def _opened(self, runner: FloorRunner) -> None:
        runner.links = self
        for call in runner.calls.values():
            if ORIGIN in call.extra:
                self._watch(runner, call)

    def _reconcile(self, picture: Picture, runners: Sequence[FloorRunner]) -> None:
        for runner in runners:
            for call in runner.calls.values():
                origin = call.extra.get(ORIGIN)
                if origin is None or origin["node"] != picture.node.name:
                    continue
                if origin["channel_id"] not in picture.channels:
                    drop = self._drop(origin["node"], origin["link_id"], origin["room"])
                    runner.spawn(drop, "end link")
                elif origin["link_id"] not in picture.channels:
                    runner.spawn(self._end_customer(origin), "end customer")
