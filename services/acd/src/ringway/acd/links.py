"""Bringing a customer to an agent on another Asterisk node.

The nodes call each other by SIP. The customer's channel stays where it is, in a bridge with our
call to the other node; what enters there stands for the customer from then on: talks, holding and
transfers see that channel only. Either end is the end of both.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import Histogram

from ringway.acd.adoption import Picture
from ringway.acd.calls import ORIGIN, Call
from ringway.acd.control import state_variable
from ringway.runtime.ari import (
    AriClient,
    AriDown,
    AriError,
    AriNode,
    ChannelDestroyed,
    ChannelHangupRequest,
    Event,
    StasisEnd,
    StasisStart,
)
from ringway.runtime.ids import uuid7

if TYPE_CHECKING:
    from ringway.acd.app import Acd
    from ringway.acd.runner import FloorRunner

_log = logging.getLogger("ringway.acd.links")
_seconds = Histogram("acd_link_seconds", "Time to bring a customer to another node.")

_CLASS = "res_pjsip"
_LIMIT_S = 3.0
LINK, LINKED = "link", "linked"  # first arguments of the channels there and here


@dataclass(slots=True)
class _Pending:
    """A link that is being made: both of its ends must come up."""

    far: asyncio.Future[str]
    near: asyncio.Future[bool]


class Links:
    """Every link of this replica."""

    def __init__(self, acd: Acd, ari: AriClient) -> None:
        self._acd = acd
        self._ari = ari
        self._pending: dict[str, _Pending] = {}
        self._sip = {node.name: node.sip for node in acd.settings.ari_nodes if node.sip}
        acd.on_open(self._opened)
        acd.on_start(LINK, self._arrived)
        acd.on_start(LINKED, self._answered)
        acd.on_reconcile(self._reconcile)
        ari.on_connect(self._connected)

    # -- the nodes know each other ---------------------------------------------------------------

    async def _connected(self, node: AriNode) -> None:
        """Let a node call the others, and be called by them."""
        for other in self._ari.nodes.values():
            if other is node or other.name not in self._sip:
                continue
            ours, theirs = f"node-{node.name}", f"node-{other.name}"
            for name, username in ((theirs, theirs), (f"{theirs}-out", ours)):
                password = self._secret(username)
                fields = {"auth_type": "userpass", "username": username, "password": password}
                await node.put_dynamic(_CLASS, "auth", name, fields)
            aor = {"contact": f"sip:{self._sip[other.name]}"}
            await node.put_dynamic(_CLASS, "aor", theirs, aor)
            endpoint = {
                "aors": theirs,
                "auth": theirs,
                "outbound_auth": f"{theirs}-out",
                "from_user": ours,
                "context": "from-node",
                "allow": "!all,ulaw,alaw",
                "direct_media": "no",
                "rtp_keepalive": "10",
                "rtp_timeout": "20",
            }
            await node.put_dynamic(_CLASS, "endpoint", theirs, endpoint)

    def _secret(self, username: str) -> str:
        """Return a password that every replica makes from what all of them know."""
        key = "\n".join(
            sorted(n.settings.password.get_secret_value() for n in self._ari.nodes.values())
        )
        return hmac.new(key.encode(), username.encode(), hashlib.sha256).hexdigest()

    # -- bringing --------------------------------------------------------------------------------

    async def bring(self, runner: FloorRunner, call: Call, to: str) -> bool:
        """Let the customer be on node ``to``. False: he has gone, or the nodes cannot call.

        Raises:
            AriDown: A node does not answer.
        """
        if call.node == to:
            return True
        self._go_home(runner, call)
        if call.node == to:
            return True
        began = asyncio.get_running_loop().time()
        link_id = f"{call.interaction_id}.l{uuid7().hex[-8:]}"
        home, loop = self._acd.control.node(call.node), asyncio.get_running_loop()
        pending = self._pending[link_id] = _Pending(loop.create_future(), loop.create_future())
        room = f"{link_id}.b"
        try:
            async with asyncio.timeout(_LIMIT_S):
                await home.create_bridge(room)
                await home.originate(
                    f"PJSIP/link.{self._acd.settings.app}.{link_id}@node-{to}",
                    channel_id=link_id,
                    app=self._acd.settings.app,
                    app_args=(LINKED,),
                    timeout_s=int(_LIMIT_S),
                    variables=self._state(runner, call),
                )
                far = await pending.far
                await self._mark(runner, call, to, far)
                if not await pending.near:
                    raise TimeoutError
                await home.add_to_bridge(room, call.channel_id, link_id)
        except (AriError, TimeoutError) as error:
            _log.warning(
                "A customer could not be brought to another node.",
                extra={"interaction_id": call.interaction_id, "to": to, "error": repr(error)},
            )
            runner.spawn(self._drop(call.node, link_id, room), "drop link")
            return False
        finally:
            del self._pending[link_id]
        call.extra[ORIGIN] = {
            "node": call.node,
            "channel_id": call.channel_id,
            "link_id": link_id,
            "room": room,
        }
        self._acd.unwatch_customer(call.channel_id)
        call.node, call.channel_id = to, far
        self._watch(runner, call)
        runner.store(call.interaction_id)
        _seconds.observe(loop.time() - began)
        return True

    def _go_home(self, runner: FloorRunner, call: Call) -> None:
        """Give a linked customer's own channel back to him; the link ends."""
        origin = call.extra.pop(ORIGIN, None)
        if origin is None:
            return
        self._acd.unwatch_customer(call.channel_id)
        self._acd.unwatch(origin["channel_id"])
        self._acd.unwatch(origin["link_id"])
        call.node, call.channel_id = origin["node"], origin["channel_id"]
        self._acd.watch_customer(call.channel_id, runner, call.interaction_id)
        runner.store(call.interaction_id)
        runner.spawn(self._drop(call.node, origin["link_id"], origin["room"]), "drop link")

    async def _drop(self, node: str, link_id: str, room: str) -> None:
        with suppress(AriDown):  # no such node any more
            await self._acd.control.node(node).end(link_id, room)

    @staticmethod
    def _state(runner: FloorRunner, call: Call) -> dict[str, str]:
        return state_variable(tenant=runner.tenant, interaction=call.interaction_id, role="link")

    async def _mark(self, runner: FloorRunner, call: Call, node: str, far: str) -> None:
        for name, value in self._state(runner, call).items():
            await self._acd.control.node(node).set_variable(far, name, value)

    # -- events ----------------------------------------------------------------------------------

    def _arrived(self, node: str, event: StasisStart) -> None:
        """``link,<id>``: the other end of a link, on the agent's node."""
        pending = self._pending.get(event.args[1]) if len(event.args) > 1 else None
        if pending is None or pending.far.done():
            self._acd.spawn(self._refuse(node, event.channel.id), "refuse link")
            return
        self._acd.spawn(self._answer(node, event.channel.id, pending), "answer link")

    async def _answer(self, node: str, channel_id: str, pending: _Pending) -> None:
        with suppress(AriDown, AriError):
            await self._acd.control.node(node).answer(channel_id)
            if not pending.far.done():
                pending.far.set_result(channel_id)

    async def _refuse(self, node: str, channel_id: str) -> None:
        with suppress(AriDown, AriError):
            await self._acd.control.node(node).hangup(channel_id)

    def _answered(self, node: str, event: StasisStart) -> None:
        pending = self._pending.get(event.channel.id)
        if pending is not None and not pending.near.done():
            pending.near.set_result(True)

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
