"""Calls between Asterisk nodes, by which a channel on one node stands for a channel on another.

The nodes call each other by SIP. Who is on another node than those whom he talks to stays in a room
there together with our call to their node; what enters there stands for him: it is moved, held,
muted and listened to like any other channel. Either end is the end of both.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from prometheus_client import Histogram

from ringway.acd.adoption import Picture
from ringway.acd.control import state_variable
from ringway.runtime.ari import (
    AriClient,
    AriDown,
    AriError,
    AriNode,
    ChannelDestroyed,
    Event,
    StasisEnd,
    StasisStart,
)
from ringway.runtime.ids import uuid7

if TYPE_CHECKING:
    from ringway.acd.app import Acd
    from ringway.acd.runner import FloorRunner

_log = logging.getLogger("ringway.acd.links")
_seconds = Histogram(
    "acd_link_seconds",
    "Time to let a channel stand for one on another node.",
    buckets=(0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 3),
)

_CLASS = "res_pjsip"
_LIMIT_S = 3.0
LINK, LINKED = "link", "linked"  # first arguments of the channels there and here


class LinkFailed(AriError):
    """The nodes cannot call each other, or who was to be linked has gone."""


@dataclass(frozen=True, slots=True)
class Link:
    """A call from ``node`` to ``to``: ``far`` stands there for ``channel``, which is here.

    ``near`` is our end of it here, ``room`` the bridge in which it is with ``channel``.
    """

    node: str
    channel: str
    room: str
    near: str
    to: str
    far: str

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot form."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        """Read the snapshot form.

        Raises:
            TypeError: It is not a snapshot of a link.
        """
        return cls(**raw)

    def ends_on(self, node: str) -> Sequence[str]:
        """Return the channels of the link itself on a node."""
        return [end for name, end in ((self.node, self.near), (self.to, self.far)) if name == node]


@dataclass(slots=True)
class _Pending:
    """A link that is being made: both of its ends must come up."""

    far: asyncio.Future[str]
    near: asyncio.Future[bool]


@dataclass(slots=True)
class _Kept:
    """A link that is there, and who wants to know of its end."""

    runner: FloorRunner
    link: Link
    on_end: Callable[[], object]
    on_event: Callable[[str, Event], None]


class NodeLinks:
    """Every link of this replica."""

    def __init__(self, acd: Acd, ari: AriClient) -> None:
        self._acd = acd
        self._ari = ari
        self._pending: dict[str, _Pending] = {}
        self._kept: dict[str, _Kept] = {}  # by the near channel
        self._sip = {node.name: node.sip for node in acd.settings.ari_nodes if node.sip}
        acd.on_start(LINK, self._arrived)
        acd.on_start(LINKED, self._answered)
        acd.on_reconcile(self._compare)
        acd.on_close(self._closed)
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
                "rtp_keepalive": "3",
                "rtp_timeout": "10",  # so long after a node's death its links are gone
            }
            await node.put_dynamic(_CLASS, "endpoint", theirs, endpoint)

    def _secret(self, username: str) -> str:
        """Return a password that every replica makes from what all of them know."""
        key = "\n".join(
            sorted(n.settings.password.get_secret_value() for n in self._ari.nodes.values())
        )
        return hmac.new(key.encode(), username.encode(), hashlib.sha256).hexdigest()

    # -- making and ending -----------------------------------------------------------------------

    async def lay(
        self,
        runner: FloorRunner,
        interaction_id: str,
        *,
        node: str,
        channel: str,
        to: str,
        room: str = "",
        is_in_room: bool = False,
    ) -> Link:
        """Let a channel on node ``to`` stand for ``channel`` on ``node``. It stands in no room yet.

        Args:
            room: Where the link and ``channel`` are together; without one, a room is made.
            is_in_room: ``channel`` stands there already, or will be put there by the caller.

        Raises:
            LinkFailed: See there.
            AriDown: A node does not answer.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        near = f"{interaction_id}.l{uuid7().hex[-8:]}"
        here = self._acd.control.node(node)
        pending = self._pending[near] = _Pending(loop.create_future(), loop.create_future())
        state = state_variable(tenant=runner.tenant, interaction=interaction_id, role="link")
        own_room, room = not room, room or f"{near}.b"
        far = ""
        try:
            async with asyncio.timeout(_LIMIT_S):
                if own_room:
                    await here.create_bridge(room)
                await here.originate(
                    f"PJSIP/link.{self._acd.settings.app}.{near}@node-{to}",
                    channel_id=near,
                    app=self._acd.settings.app,
                    app_args=(LINKED,),
                    timeout_s=int(_LIMIT_S),
                    variables=state,
                )
                far = await pending.far
                for name, value in state.items():
                    await self._acd.control.node(to).set_variable(far, name, value)
                if not await pending.near:
                    raise TimeoutError
                together = (near,) if is_in_room else (channel, near)
                await here.add_to_bridge(room, *together)
        except BaseException as error:
            link = Link(node, channel, room, near, to, far)
            has_failed = isinstance(error, AriError | TimeoutError)
            if runner.is_closed:
                pass  # who has the tenant now ends it as a stray
            elif has_failed and own_room:
                await self.drop(link, with_room=True)  # before anybody moves who may be in it
            else:
                self._acd.spawn(self.drop(link, with_room=own_room), "drop link")
            if not has_failed or isinstance(error, AriDown):
                raise
            _log.warning(
                "Two nodes could not be linked.",
                extra={
                    "interaction_id": interaction_id,
                    "node": node,
                    "to": to,
                    "error": repr(error),
                },
            )
            raise LinkFailed(0, repr(error), "link") from error
        finally:
            del self._pending[near]
        _seconds.observe(loop.time() - began)
        return Link(node, channel, room, near, to, far)

    def keep(self, runner: FloorRunner, link: Link, on_end: Callable[[], object]) -> None:
        """Call ``on_end`` when the link breaks; what is left of it is ended before.

        A link that is kept already tells its new keeper only.
        """
        if (known := self._kept.get(link.near)) is not None:
            known.on_end = on_end
            return

        def on_event(_: str, event: Event) -> None:
            if isinstance(event, StasisEnd | ChannelDestroyed):
                self._broke(link)

        self._kept[link.near] = _Kept(runner, link, on_end, on_event)
        for end in (link.near, link.far):
            self._acd.watch(end, on_event)

    def knows(self, channel_id: str) -> bool:
        """Tell whether a channel is an end of a link that is kept."""
        return any(channel_id in (k.link.near, k.link.far) for k in self._kept.values())

    async def drop(self, link: Link, *, with_room: bool = False) -> None:
        """End a link. ``channel`` stays where it is, but for ``with_room``: then in silence."""
        self._forget(link)
        rooms = (link.room,) if with_room else ()
        with suppress(AriDown):  # no such node any more
            await self._acd.control.node(link.node).end(link.near, *rooms)
            if link.far:
                await self._acd.control.node(link.to).end(link.far)

    def _forget(self, link: Link) -> _Kept | None:
        kept = self._kept.pop(link.near, None)
        if kept is not None:
            for end in (link.near, link.far):
                self._acd.unwatch(end, kept.on_event)
        return kept

    def _broke(self, link: Link) -> None:
        if (kept := self._forget(link)) is not None:
            self._acd.spawn(self.drop(link), "drop link")
            kept.on_end()

    # -- events ----------------------------------------------------------------------------------

    def _arrived(self, node: str, event: StasisStart) -> None:
        """``link,<id>``: the other end of a link."""
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

    # -- after a restart -------------------------------------------------------------------------

    def _compare(self, picture: Picture, runners: Sequence[FloorRunner]) -> None:
        """End the links that a node has lost while nobody told us."""
        for kept in list(self._kept.values()):
            ends = kept.link.ends_on(picture.node.name)
            if kept.runner in runners and any(end not in picture.channels for end in ends):
                self._broke(kept.link)

    def _closed(self, runner: FloorRunner) -> None:
        """Another replica goes on with this tenant's links."""
        for kept in list(self._kept.values()):
            if kept.runner is runner:
                self._forget(kept.link)
