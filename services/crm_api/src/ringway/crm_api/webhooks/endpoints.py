"""Which endpoints a tenant has, from a short memory: most facts concern nobody outside."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from ringway.crm_api.core.webhooks.patterns import match_any
from ringway.crm_api.events.sight import rule_of
from ringway.crm_api.webhooks import store
from ringway.crm_api.webhooks.store import Webhook
from ringway.runtime import held
from ringway.runtime.postgres import Pool

FRESH_S = 2.0  # another replica learns of a new endpoint after this at the latest
MOST = 20  # endpoints of one enterprise


@dataclass(slots=True)
class _Known:
    webhooks: list[Webhook]
    asked_at: float


class Endpoints:
    """Tells which endpoints want an event; ``news`` is set when something is to be sent.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, pool: Pool, clock: Callable[[], float], *, max_tenants: int = 20_000):
        self._pool = pool
        self._clock = clock
        self._max_tenants = max_tenants
        self._known: OrderedDict[UUID, _Known] = OrderedDict()
        self._changes = 0
        self.news = asyncio.Event()

    async def wanting(self, tenant_id: UUID, name: str) -> list[UUID]:
        """Return the endpoints that are told of events of the type ``name``, on or off.

        Raises:
            PostgresDown: It cannot be known now.
        """
        needs = rule_of(name).needs
        return [
            each.webhook_id
            for each in await self._of(tenant_id)
            if needs in each.sees and match_any(each.event_types, name)
        ]

    def forget(self, tenant_id: UUID) -> None:
        """Forget what is known of a tenant: it has just changed."""

        def forget() -> None:
            self._known.pop(tenant_id, None)
            self._changes += 1

        held.afterwards(forget)

    async def _of(self, tenant_id: UUID) -> list[Webhook]:
        at = self._clock()
        known = self._known.get(tenant_id)
        if known is not None and at - known.asked_at < FRESH_S:
            return known.webhooks
        changes = self._changes
        async with self._pool.tenant(tenant_id) as conn:
            found = await store.page(conn, tenant_id=tenant_id, after=None, limit=MOST)
        if self._changes != changes:
            return found  # what was read may be older than the change that was told meanwhile
        self._known[tenant_id] = _Known(found, at)
        self._known.move_to_end(tenant_id)
        if len(self._known) > self._max_tenants:
            self._known.popitem(last=False)
        return found
