"""Sends what is due: at least once, whatever dies meanwhile.

A delivery is claimed for a time that is longer than an attempt, sent, and written down. A process
that dies in between leaves a claim that ends, and another sends it again under the same
``webhook-id``, by which the receiver knows it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from prometheus_client import Counter, Gauge

from ringway.crm_api.audit import store as audit
from ringway.crm_api.audit.system import system_caller
from ringway.crm_api.auth.vault import Unreadable
from ringway.crm_api.core.webhooks import schedule
from ringway.crm_api.core.webhooks.signature import sign
from ringway.crm_api.deps import Deps
from ringway.crm_api.webhooks import delivery_store, store
from ringway.crm_api.webhooks.delivery_store import Attempt, Claimed
from ringway.crm_api.webhooks.sender import LIMIT_S, Outcome, Sender
from ringway.crm_api.webhooks.store import Webhook
from ringway.proto.crm_webhooks import WebhookDisabledV1
from ringway.runtime import outbox
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import Connection, retry_while_down
from ringway.runtime.tasks import TaskSet

_log = logging.getLogger("ringway.crm_api.webhooks")
_attempts = Counter("ringway_webhook_attempts", "Attempts to deliver an event.", ["outcome"])
_in_flight = Gauge("ringway_webhooks_in_flight", "Attempts that are on their way.")

_POLL_S = 1.0  # the truth; news only shortens the wait
_AT_ONCE = 64
_FAILING_AT_ONCE = 16  # of these, for endpoints that failed last
_PER_WEBHOOK = 4
_PER_TENANT = 16
_HOLD_S = 60.0
_WRITE_LIMIT_S = _HOLD_S - LIMIT_S - 5
_SCHEMA = "crm"
_GONE = "The endpoint answered 410: it wants no more events."
_TOO_LONG = "The endpoint has failed for three days."


def secret_purpose(tenant_id: UUID, webhook_id: UUID) -> str:
    """Return under which name an endpoint's secrets are sealed."""
    return f"webhook:{tenant_id}:{webhook_id}"


class DeliveryWorker:
    """Sends due deliveries of all tenants; several replicas run it at once.

    Args:
        hold_s: So long a claim lasts; longer than an attempt with its writing down.
    """

    def __init__(self, deps: Deps, sender: Sender, *, hold_s: float = _HOLD_S) -> None:
        self._deps = deps
        self._sender = sender
        self._hold = timedelta(seconds=hold_s)
        self._running = 0
        self._running_failing = 0

    async def run(self) -> None:
        """Send until cancelled; a worker."""
        news = self._deps.webhooks.news
        async with TaskSet("webhooks") as tasks:
            while True:
                news.clear()
                try:
                    took = await self._take(tasks)
                except PostgresDown as error:
                    _log.debug("Deliveries wait.", extra={"reason": str(error)})
                    await asyncio.sleep(_POLL_S)
                    continue
                if not took:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_POLL_S):
                            await news.wait()

    async def _take(self, tasks: TaskSet) -> int:
        took = 0
        for failing in (False, True):
            free = _AT_ONCE - self._running
            if failing:
                free = min(free, _FAILING_AT_ONCE - self._running_failing)
            if free <= 0:
                continue
            claim = uuid4()
            async with self._deps.pool.platform() as conn:
                found = await delivery_store.claim(
                    conn,
                    now=self._deps.now(),
                    claim=claim,
                    hold=self._hold,
                    at_most=free,
                    failing=failing,
                    per_webhook=_PER_WEBHOOK,
                    per_tenant=_PER_TENANT,
                )
            for each in found:
                self._running += 1
                self._running_failing += failing
                tasks.spawn(self._deliver(each, claim, failing), name=f"webhook {each.event_id}")
            took += len(found)
        _in_flight.set(self._running)
        return took

    async def _deliver(self, delivery: Claimed, claim: UUID, failing: bool) -> None:
        try:
            at = self._deps.now()
            outcome = await self._send(delivery, at)
            _attempts.labels("delivered" if outcome.is_good else "failed").inc()
            with suppress(PostgresDown):  # the claim ends, and it is sent again
                await retry_while_down(
                    lambda: self._settle(delivery, claim, at, outcome), limit_s=_WRITE_LIMIT_S
                )
        finally:
            self._running -= 1
            self._running_failing -= failing
            self._deps.webhooks.news.set()

    async def _send(self, delivery: Claimed, at: datetime) -> Outcome:
        try:
            secrets = self._secrets(delivery, at)
        except Unreadable:
            return Outcome(None, 0.0, error="Its secret cannot be read. Rotate it.")
        timestamp = int(at.timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Ringway-Webhooks/1",
            "webhook-id": delivery.event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(
                secrets, message_id=delivery.event_id, timestamp=timestamp, body=delivery.body
            ),
        }
        return await self._sender.send(delivery.url, headers, delivery.body)

    def _secrets(self, delivery: Claimed, at: datetime) -> list[str]:
        purpose = secret_purpose(delivery.tenant_id, delivery.webhook_id)
        sealed = [delivery.secret]
        if delivery.old_secret is not None and delivery.old_until and delivery.old_until > at:
            sealed.append(delivery.old_secret)
        return [self._deps.vault.open(each, purpose=purpose) for each in sealed]

    async def _settle(self, delivery: Claimed, claim: UUID, at: datetime, outcome: Outcome) -> None:
        """Write an attempt down, with what follows for its endpoint. Raises PostgresDown."""
        now = self._deps.now()
        wait_s = schedule.retry_after_s(
            delivery.tries + 1, luck=random.random(), asked_s=outcome.asked_s
        )
        again = now + timedelta(seconds=wait_s) if wait_s is not None else None
        attempt = Attempt(
            0, at, outcome.status, round(outcome.latency_s, 3), outcome.error, outcome.answer
        )
        tenant_id, webhook_id = delivery.tenant_id, delivery.webhook_id
        async with self._deps.pool.tenant(tenant_id) as conn:
            # The endpoint before its deliveries, as everybody locks them.
            webhook = await store.get(conn, tenant_id=tenant_id, webhook_id=webhook_id, lock=True)
            if webhook is None:
                return
            is_ours = await delivery_store.settle(
                conn,
                tenant_id=tenant_id,
                delivery_id=delivery.delivery_id,
                claim=claim,
                is_delivered=outcome.is_good,
                next_try_at=None if outcome.is_gone else again,
                attempt=attempt,
                now=now,
            )
            if not is_ours:
                _log.info(
                    "A delivery was taken by another replica meanwhile.",
                    extra={"tenant": str(delivery.tenant_id), "event_id": delivery.event_id},
                )
                return
            if outcome.is_good:
                await store.note_success(conn, tenant_id=tenant_id, webhook_id=webhook_id, now=now)
            else:
                await self._note_failure(conn, tenant_id, webhook, outcome, now)

    async def _note_failure(
        self,
        conn: Connection,
        tenant_id: UUID,
        webhook: Webhook,
        outcome: Outcome,
        now: datetime,
    ) -> None:
        webhook_id, failures = webhook.webhook_id, webhook.failures + 1
        await store.note_failure(
            conn,
            tenant_id=tenant_id,
            webhook_id=webhook_id,
            paused_until=now + timedelta(seconds=schedule.pause_s(failures)),
            now=now,
        )
        failing_s = (now - (webhook.failing_since or now)).total_seconds()
        if outcome.is_gone:
            await self._give_up(conn, tenant_id, webhook_id, _GONE, now)
        elif schedule.is_given_up(failures, failing_s):
            await self._give_up(conn, tenant_id, webhook_id, _TOO_LONG, now)

    async def _give_up(
        self, conn: Connection, tenant_id: UUID, webhook_id: UUID, reason: str, now: datetime
    ) -> None:
        """Switch an endpoint off, and tell: in the audit log and as an event."""
        if not await store.switch_off(
            conn, tenant_id=tenant_id, webhook_id=webhook_id, reason=reason, now=now
        ):
            return
        await delivery_store.hold_pending(conn, tenant_id=tenant_id, webhook_id=webhook_id)
        await audit.add(
            conn,
            caller=system_caller(tenant_id),
            now=now,
            action="webhook.disabled",
            object_type="webhook",
            object_id=webhook_id,
            detail={"reason": reason},
        )
        fact = WebhookDisabledV1(
            occurred_at=now, tenant=str(tenant_id), webhook_id=str(webhook_id), reason=reason
        )
        await outbox.add(conn, _SCHEMA, fact)
        self._deps.webhooks.forget(tenant_id)
        _log.warning(
            "A webhook was switched off.",
            extra={"tenant": str(tenant_id), "webhook_id": str(webhook_id), "reason": reason},
        )
