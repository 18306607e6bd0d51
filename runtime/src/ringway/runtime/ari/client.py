"""Several Asterisk nodes under one application name.

Usage::

    async with AriClient.open(settings.ari_nodes, app="acd-0") as ari:
        ari.on_connect(reconcile)   # async, per node, before that connection's events
        ari.on_event(route)         # sync, must return at once
        workers = {"ari": ari.run}
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Self

from ringway.runtime.ari.connection import ConnectHook, Connection, EventHook, LostHook
from ringway.runtime.ari.errors import AppReplaced
from ringway.runtime.ari.http import NodeSettings
from ringway.runtime.ari.node import AriNode


class AriClient:
    """The connections of one process to all Asterisk nodes.

    Args:
        nodes: How to reach each node; names are unique.
        app: Stasis application name, unique to this process in the whole installation.
        unwanted: Types of events that nobody here wants to see, beside those nobody does.

    Raises:
        ValueError: No node, or two nodes of the same name.
    """

    def __init__(
        self, nodes: Sequence[NodeSettings], app: str, unwanted: Collection[str] = ()
    ) -> None:
        by_name = {each.name: AriNode(each) for each in nodes}
        if not nodes:
            raise ValueError("no Asterisk node is configured")
        if len(by_name) != len(nodes):
            raise ValueError("two Asterisk nodes have the same name")
        self.app = app
        self._unwanted = unwanted
        self.nodes: Mapping[str, AriNode] = MappingProxyType(by_name)
        self._connect_hooks: list[ConnectHook] = []
        self._lost_hooks: list[LostHook] = []
        self._event_hooks: list[EventHook] = []

    @classmethod
    @asynccontextmanager
    async def open(
        cls, nodes: Sequence[NodeSettings], app: str, unwanted: Collection[str] = ()
    ) -> AsyncIterator[Self]:
        """Yield a client; it connects while ``run`` runs. Afterwards all commands are refused."""
        client = cls(nodes, app, unwanted)
        try:
            yield client
        finally:
            for node in client.nodes.values():
                node._detach()

    def on_connect(self, hook: ConnectHook) -> None:
        """Call ``await hook(node)`` after every connect, before that connection's events.

        Commands work inside the hook. Events that arrive meanwhile are kept and dispatched
        in order when all hooks are done, so an event may tell what the hook saw already:
        handlers must be idempotent. A hook that raises, or needs more than a minute, makes
        the client drop the connection and connect again: let ``AriDown`` pass.
        """
        self._connect_hooks.append(hook)

    def on_lost(self, hook: LostHook) -> None:
        """Call ``hook(node)`` after each loss of a connection whose hooks had begun."""
        self._lost_hooks.append(hook)

    def on_event(self, hook: EventHook) -> None:
        """Call ``hook(node_name, event)`` for every event, in the order of arrival.

        The hook is synchronous and must return at once: put the event into the inbox of the
        task that owns the call. What it raises is logged and counted.
        """
        self._event_hooks.append(hook)

    def fence(self, fenced: Callable[[], bool]) -> None:
        """Refuse every command with ``AriDown`` while ``fenced()`` says that we may not act."""
        for node in self.nodes.values():
            node.fence = fenced

    @property
    def healthy(self) -> bool:
        """Whether at least one node is connected: calls can be handled."""
        return any(node.connected for node in self.nodes.values())

    def health(self) -> bool | str:
        """``True`` when healthy, else the reason, as ``ringway.runtime.health`` wants it."""
        return self.healthy or "no Asterisk node is connected: " + ", ".join(self.nodes)

    async def wait_connected(self, timeout_s: float | None = None) -> None:
        """Return when every node is connected.

        Raises:
            AriDown: A node is not within ``timeout_s``.
        """
        for node in self.nodes.values():
            await node.wait_connected(timeout_s)

    async def run(self) -> None:
        """Keep every node's event connection alive until cancelled.

        Raises:
            AppReplaced: Another process uses our application name. Fatal: end the process.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for node in self.nodes.values():
                    connection = Connection(
                        node,
                        self.app,
                        hooks=self._connect_hooks,
                        lost_hooks=self._lost_hooks,
                        event_hooks=self._event_hooks,
                        unwanted=self._unwanted,
                    )
                    group.create_task(connection.run(), name=f"ari-{node.name}")
        except* AppReplaced as group_of_same:
            raise group_of_same.exceptions[0] from None
