"""Live figures on their way from the bus to the browsers of one tenant."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable

from ringway.proto.acd import AgentPresenceV1, CampaignAgentsV1
from ringway.proto.base import Presence
from ringway.proto.dialer import CampaignLiveV1
from ringway.proto.dialer_preview import AgentPreviewV1
from ringway.runtime.bus import Bus

Wanted = Callable[[Presence], bool]


class Subscription:
    """What one browser has still to be told. A newer figure replaces an older one."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._latest: dict[str, Presence] = {}
        self._news = asyncio.Event()

    def offer(self, presence: Presence) -> None:
        """Keep a figure until it is taken, if it is wanted."""
        if self._wanted(presence):
            self._latest.pop(presence.subject, None)
            self._latest[presence.subject] = presence
            self._news.set()

    async def take(self) -> list[Presence]:
        """Wait for news and return it, oldest first."""
        await self._news.wait()
        self._news.clear()
        news = list(self._latest.values())
        self._latest.clear()
        return news


class PresenceHub:
    """Receives every live figure once and hands it to the subscriptions of its tenant."""

    def __init__(self) -> None:
        self._of_tenant: dict[str, set[Subscription]] = defaultdict(set)

    async def attach(self, bus: Bus) -> None:
        """Subscribe on the bus, for as long as it is open."""
        for kind in (AgentPresenceV1, CampaignAgentsV1, CampaignLiveV1, AgentPreviewV1):
            await bus.subscribe(kind, self.offer)

    def offer(self, presence: Presence) -> None:
        """Give a figure to whoever wants it."""
        for subscription in self._of_tenant.get(presence.tenant, ()):
            subscription.offer(presence)

    def open(self, tenant: str, wanted: Wanted) -> Subscription:
        """Begin a subscription; give it back with :meth:`close`."""
        subscription = Subscription(wanted)
        self._of_tenant[tenant].add(subscription)
        return subscription

    def close(self, tenant: str, subscription: Subscription) -> None:
        """End a subscription."""
        self._of_tenant[tenant].discard(subscription)
        if not self._of_tenant[tenant]:
            del self._of_tenant[tenant]
