"""When customers are answered and when they are bridged, in Asterisk's own words.

An ARI application of the bench's own is told of two kinds of events of every channel on the node:
``ChannelStateChange`` and ``ChannelEnteredBridge``. Asterisk stamps both when they happen, so
neither the bench's delays nor SIPp's are in the figures, and dialplan calls and Stasis calls are
seen in the same way at the same price.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from ringway.runtime.ari.models import moment

_APP = "bench-watch"
_WANTED = ("ChannelStateChange", "ChannelEnteredBridge")


@dataclass(slots=True)
class Seen:
    """One customer's call. Moments are Asterisk's, in seconds, with milliseconds."""

    came_at: float
    answered_at: float | None = None
    bridged_at: float | None = None

    @property
    def wait_ms(self) -> float | None:
        """From the answer until he stood in one bridge with an agent."""
        if self.answered_at is None or self.bridged_at is None:
            return None
        return max(0.0, self.bridged_at - self.answered_at) * 1e3

    @property
    def way_ms(self) -> float | None:
        """The same from his INVITE on."""
        return None if self.bridged_at is None else (self.bridged_at - self.came_at) * 1e3


class Watch:
    """Calls of one endpoint, by channel id.

    Args:
        customers: Beginning of the customers' channel names, such as ``PJSIP/trunk-1-``.
    """

    def __init__(self, customers: str) -> None:
        self.calls: dict[str, Seen] = {}
        self._customers = customers

    def on_event(self, raw: dict[str, Any]) -> None:
        """See one ARI event."""
        kind, channel = raw.get("type"), raw.get("channel") or {}
        if kind == "ChannelStateChange":
            if channel["name"].startswith(self._customers) and channel["state"] == "Up":
                seen = self._call(channel)
                seen.answered_at = seen.answered_at or _seconds(raw["timestamp"])
        elif kind == "ChannelEnteredBridge" and raw["bridge"]["bridge_type"] != "holding":
            members = raw["bridge"]["channels"]
            if len(members) < 2:
                return
            for channel_id in members:
                known = self.calls.get(channel_id)
                if known is not None and known.bridged_at is None:
                    known.bridged_at = _seconds(raw["timestamp"])

    def _call(self, channel: dict[str, Any]) -> Seen:
        came = _seconds(channel["creationtime"])
        return self.calls.setdefault(channel["id"], Seen(came))


@asynccontextmanager
async def watching(
    url: str, session: aiohttp.ClientSession, on_event: Callable[[dict[str, Any]], None]
) -> AsyncIterator[None]:
    """Give ``on_event`` the wanted events of every channel of a node.

    Args:
        url: Address of its web server, without ``/ari``.
    """
    query = {"app": _APP, "subscribeAll": "true"}
    async with session.ws_connect(f"{url}/ari/events", params=query, heartbeat=5) as socket:
        async with session.put(
            f"{url}/ari/applications/{_APP}/eventFilter",
            json={"allowed": [{"type": each} for each in _WANTED]},
        ) as answer:
            answer.raise_for_status()

        async def read() -> None:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    on_event(orjson.loads(message.data))

        async with asyncio.TaskGroup() as group:
            reader = group.create_task(read())
            yield
            reader.cancel()


def _seconds(text: str) -> float:
    return moment(text).timestamp()
