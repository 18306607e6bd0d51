"""What others may ask about call-backs and dispositions, and the look at those that are late."""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

from ringway.dialer import (
    callback_hand_overs,
    callback_store,
    callback_wishes,
    campaign_store,
    disposition_store,
)
from ringway.dialer.changing import changing
from ringway.dialer.core.callbacks import local_time_of
from ringway.proto import dialer_callback as p
from ringway.proto.base import Done
from ringway.runtime import outbox
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown, Refused
from ringway.runtime.postgres import Pool

_log = logging.getLogger("ringway.dialer.callbacks")

_SWEEP_EVERY_S = 1.0


class CallbackRequests:
    """Answers requests on the bus; any replica may answer any tenant's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def serve(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.respond(p.PutCallbackV1, self.put_callback)
        await bus.respond(p.CancelCallbackV1, self.cancel_callback)
        await bus.respond(p.HandOverCallbacksV1, self.hand_over)
        await bus.respond(p.PutDispositionV1, self.put_disposition)
        await bus.respond(p.SetDispositionV1, self.set_disposition)

    async def sweep(self) -> None:
        """Worker: escalate and give up late call-backs, whether or not their campaigns run."""
        while True:
            try:
                async with self._pool.platform() as conn:
                    tenants = await callback_store.tenants_with_late(conn, utcnow())
                for tenant_id in tenants:
                    async with self._pool.tenant(tenant_id) as conn:
                        facts = await callback_store.sweep(conn, tenant_id=tenant_id, now=utcnow())
                        await outbox.add_many(conn, callback_store.OUTBOX, facts)
            except PostgresDown as error:
                _log.debug("Late call-backs wait.", extra={"error": str(error)})
            await asyncio.sleep(_SWEEP_EVERY_S)

    async def put_callback(self, request: p.PutCallbackV1) -> p.CallbackV1:
        """Make or change a call-back."""
        async with changing(self._pool, request) as (conn, tenant_id):
            await campaign_store.promising(conn, tenant_id=tenant_id)
            campaign = await campaign_store.get_campaign(
                conn, tenant_id=tenant_id, campaign_id=request.campaign_id
            )
            if campaign is None or await campaign_store.is_removed(
                conn, tenant_id=tenant_id, campaign_id=request.campaign_id
            ):
                raise Refused("campaign_not_found", "There is no such campaign.")
            lead = await callback_store.hold_lead(
                conn,
                tenant_id=tenant_id,
                lead_id=request.lead_id,
                list_ids=campaign.spec.list_ids,
            )
            if lead["closed_reason"] == "dnc":
                raise callback_wishes.CallbackInvalid("The number is not to be called.")
            wanted = callback_wishes.wanted(
                request.wish,
                callback_id=request.callback_id,
                campaign=campaign,
                lead=lead,
                now=utcnow(),
                by=request.by,
            )
            facts = await callback_store.put(
                conn, lead, wanted, tenant_id=tenant_id, own_agent_id=request.own_agent_id
            )
            await outbox.add_many(conn, callback_store.OUTBOX, facts)
            await callback_wishes.run_again(conn, campaign)
        return p.CallbackV1(
            callback_id=request.callback_id,
            due_at=wanted.due_at,
            zone=wanted.zone,
            local_time=local_time_of(wanted.due_at, wanted.zone).isoformat(),
        )

    async def cancel_callback(self, request: p.CancelCallbackV1) -> Done:
        """Cancel a call-back."""
        async with changing(self._pool, request) as (conn, tenant_id):
            facts = await callback_store.cancel(
                conn,
                tenant_id=tenant_id,
                callback_id=request.callback_id,
                reason=request.reason,
                own_agent_id=request.own_agent_id,
            )
            await outbox.add_many(conn, callback_store.OUTBOX, facts)
        return Done()

    async def hand_over(self, request: p.HandOverCallbacksV1) -> p.CallbacksHandedOverV1:
        """Take call-backs away from their agent."""
        async with changing(self._pool, request) as (conn, tenant_id):
            reply, facts = await callback_hand_overs.hand_over(conn, request, tenant_id=tenant_id)
            await outbox.add_many(conn, callback_store.OUTBOX, facts)
        return reply

    async def put_disposition(self, request: p.PutDispositionV1) -> Done:
        """Change the catalogue."""
        async with changing(self._pool, request) as (conn, tenant_id):
            await disposition_store.put_entry(
                conn, tenant_id=tenant_id, code=request.code, disposition=request.disposition
            )
        return Done()

    async def set_disposition(self, request: p.SetDispositionV1) -> Done:
        """Say how a call went."""
        word = disposition_store.Word(
            request.code, request.note, request.callback, request.by, request.own_agent_id
        )
        async with changing(self._pool, request) as (conn, tenant_id):
            await campaign_store.promising(conn, tenant_id=tenant_id)
            await disposition_store.say(
                conn,
                word,
                tenant_id=tenant_id,
                attempt_id=_uuid(request.attempt_id),
                interaction_id=_uuid(request.interaction_id),
                now=utcnow(),
            )
        return Done()


def _uuid(text: str | None) -> UUID | None:
    """Return an id; one that nothing can have where it is no UUID."""
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
