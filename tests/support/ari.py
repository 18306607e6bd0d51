"""An ARI client on a real Asterisk, and a log of what it hears, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from pydantic import SecretStr
from tests.support.asterisk import RealAsterisk
from tests.support.waiting import eventually

from ringway.runtime.ari import AriClient, AriNode, Event
from ringway.runtime.settings import AriNodeSettings

E = TypeVar("E", bound=Event)


def node_settings(asterisk: RealAsterisk, **changes: str) -> AriNodeSettings:
    """Return how to reach this Asterisk as its default user."""
    return AriNodeSettings(
        name=changes.get("name", asterisk.node),
        url=changes.get("url", asterisk.ari_url),
        username=changes.get("username", asterisk.username),
        password=SecretStr(changes.get("password", asterisk.password)),
    )


class EventLog:
    """Every event in order of arrival; tests wait for the ones they need."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._seen: set[int] = set()
        self._waiters: list[asyncio.Event] = []

    def __call__(self, node: str, event: Event) -> None:
        self.events.append(event)
        for waiter in self._waiters:
            waiter.set()

    async def until(
        self,
        kind: type[E],
        channel_id: str | None = None,
        where: Callable[[E], bool] = lambda _: True,
        within_s: float = 15.0,
    ) -> E:
        """Return the first event of ``kind`` not returned before that fits.

        Raises:
            TimeoutError: None within the limit; the message lists what came instead.
        """
        waiter = asyncio.Event()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(within_s):
                while True:
                    waiter.clear()
                    for i, event in enumerate(self.events):
                        if (
                            i not in self._seen
                            and isinstance(event, kind)
                            and (channel_id is None or event.channel_id == channel_id)
                            and where(event)
                        ):
                            self._seen.add(i)
                            return event
                    await waiter.wait()
        except TimeoutError:
            came = [f"{type(e).__name__}({e.channel_id})" for e in self.events]
            raise TimeoutError(f"no {kind.__name__} for {channel_id}; came: {came}") from None
        finally:
            self._waiters.remove(waiter)

    def types(self, channel_id: str) -> list[str]:
        """Return the names of the events about one channel, in order."""
        return [type(e).__name__ for e in self.events if e.channel_id == channel_id]


class Ari:
    """A running client of one node."""

    def __init__(self, client: AriClient, node: AriNode, log: EventLog) -> None:
        self.client = client
        self.node = node
        self.log = log
        self.app = client.app


async def clear(node: AriNode) -> None:
    """End every channel and bridge of a node that several tests share."""
    for channel in await node.get_channels():
        await node.hangup(channel.id)
    for bridge in await node.get_bridges():
        await node.destroy_bridge(bridge.id)

    left: list[str] = []

    async def is_quiet() -> bool:
        left[:] = [channel.name for channel in await node.get_channels()]
        return not left

    await eventually(is_quiet, what=lambda: f"no channel left of {left}")


@asynccontextmanager
async def ari_on(
    asterisk: RealAsterisk, app: str, prepare: Callable[[AriClient], None] = lambda _: None
) -> AsyncIterator[Ari]:
    """Connect to a real Asterisk; ``prepare`` may add hooks before that."""
    async with AriClient.open([node_settings(asterisk)], app) as client:
        log = EventLog()
        client.on_event(log)
        prepare(client)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(client.run())
            await client.wait_connected(30)
            yield Ari(client, client.nodes[asterisk.node], log)
            running.cancel()
