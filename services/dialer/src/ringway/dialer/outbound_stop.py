"""Tenants whose outbound service the platform has stopped: nothing of theirs is dialed."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from ringway.dialer import facts
from ringway.dialer.callback_store import OUTBOX
from ringway.dialer.tenants import tenant_id_of
from ringway.proto.dialer import CampaignState
from ringway.proto.dialer_tenants import OutboundStoppedV1, StopOutboundV1
from ringway.runtime import outbox
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Connection, Pool

_REASON = "outbound service stopped by the platform"
# Whoever starts a campaign and whoever stops the service wait for each other.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('dialer.outbound_stop'), hashtext($1))"
_STOP = """
    INSERT INTO dialer.outbound_stop (tenant_id, reason) VALUES ($1, $2)
    ON CONFLICT (tenant_id) DO UPDATE SET reason = excluded.reason
"""
_PAUSE = """
    UPDATE dialer.campaign SET state = 'paused', version = version + 1, changed_at = now()
     WHERE tenant_id = $1 AND state = 'running' RETURNING campaign_id
"""


class OutboundStops:
    """Answers the platform on the bus.

    Args:
        changed: Called after a change that runners should hear of soon.
    """

    def __init__(self, pool: Pool, changed: Callable[[], None]) -> None:
        self._pool = pool
        self._changed = changed

    async def serve(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.respond(StopOutboundV1, self.stop)

    async def stop(self, request: StopOutboundV1) -> OutboundStoppedV1:
        """Stop a tenant's outbound service, or allow it again."""
        tenant_id = tenant_id_of(request)
        async with self._pool.tenant(tenant_id) as conn:
            await conn.execute(_LOCK, request.tenant)
            if not request.stopped:
                await conn.execute(
                    "DELETE FROM dialer.outbound_stop WHERE tenant_id = $1", tenant_id
                )
                return OutboundStoppedV1(paused=0)
            await conn.execute(_STOP, tenant_id, request.reason)
            paused = [row["campaign_id"] for row in await conn.fetch(_PAUSE, tenant_id)]
            for campaign_id in paused:
                fact = facts.state_changed(
                    request.tenant,
                    campaign_id,
                    CampaignState.RUNNING,
                    CampaignState.PAUSED,
                    _REASON,
                )
                await outbox.add(conn, OUTBOX, fact)
        self._changed()
        return OutboundStoppedV1(paused=len(paused))


async def reason_of(conn: Connection, *, tenant_id: UUID) -> str | None:
    """Return why a tenant's outbound service is stopped; None: it is not."""
    reason: str | None = await conn.fetchval(
        "SELECT reason FROM dialer.outbound_stop WHERE tenant_id = $1", tenant_id
    )
    return reason


async def check_allowed(conn: Connection, *, tenant_id: UUID) -> None:
    """Return when the tenant may dial, until the transaction ends.

    Ask before rows of campaigns are locked. Raises Refused (``outbound_stopped``).
    """
    await conn.execute(_LOCK, str(tenant_id))
    reason = await reason_of(conn, tenant_id=tenant_id)
    if reason is not None:
        detail = "The operator of the platform has stopped your outbound service"
        raise Refused("outbound_stopped", f"{detail}: {reason}" if reason else f"{detail}.")
