"""Tenants whose outbound service the platform has stopped, and trunks that it has taken back:
nothing of theirs is dialed.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from ringway.dialer import facts
from ringway.dialer.callback_store import OUTBOX
from ringway.dialer.tenants import tenant_id_of
from ringway.proto.dialer import CampaignState
from ringway.proto.dialer_tenants import OutboundStoppedV1, StopOutboundV1, StopTrunkV1
from ringway.runtime import outbox
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Connection, Pool

_REASON = "outbound service stopped by the platform"
_TRUNK_REASON = "its trunk was taken back by the platform"
# Whoever starts a campaign and whoever stops the service or a trunk wait for each other.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('dialer.outbound_stop'), hashtext($1))"
_STOP = """
    INSERT INTO dialer.outbound_stop (tenant_id, reason) VALUES ($1, $2)
    ON CONFLICT (tenant_id) DO UPDATE SET reason = excluded.reason
"""
_STOP_TRUNK = """
    INSERT INTO dialer.trunk_stop (tenant_id, trunk_id, reason) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, trunk_id) DO UPDATE SET reason = excluded.reason
"""
_PAUSE = """
    UPDATE dialer.campaign
       SET state = 'paused', state_reason = $2, version = version + 1, changed_at = now()
     WHERE tenant_id = $1 AND state = 'running' AND ($3::text IS NULL OR spec ->> 'trunk_id' = $3)
    RETURNING campaign_id
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
        await bus.respond(StopTrunkV1, self.stop_trunk)

    async def stop(self, request: StopOutboundV1) -> OutboundStoppedV1:
        """Stop a tenant's outbound service, or allow it again."""
        tenant_id = tenant_id_of(request)
        async with self._pool.tenant(tenant_id) as conn:
            await lock(conn, tenant_id)
            if not request.stopped:
                await conn.execute(
                    "DELETE FROM dialer.outbound_stop WHERE tenant_id = $1", tenant_id
                )
                return OutboundStoppedV1(paused=0)
            await conn.execute(_STOP, tenant_id, request.reason)
            paused = await _pause(conn, tenant_id, _REASON, None)
        self._changed()
        return OutboundStoppedV1(paused=paused)

    async def stop_trunk(self, request: StopTrunkV1) -> OutboundStoppedV1:
        """Let no campaign call by a trunk, or allow it again."""
        tenant_id, trunk_id = tenant_id_of(request), request.trunk_id
        async with self._pool.tenant(tenant_id) as conn:
            await lock(conn, tenant_id)
            if not request.stopped:
                await conn.execute(
                    "DELETE FROM dialer.trunk_stop WHERE tenant_id = $1 AND trunk_id = $2",
                    *(tenant_id, trunk_id),
                )
                return OutboundStoppedV1(paused=0)
            reason = request.reason or _TRUNK_REASON
            await conn.execute(_STOP_TRUNK, tenant_id, trunk_id, reason)
            paused = await _pause(conn, tenant_id, reason, trunk_id)
        self._changed()
        return OutboundStoppedV1(paused=paused)


async def _pause(conn: Connection, tenant_id: UUID, reason: str, trunk_id: str | None) -> int:
    """Pause the running campaigns that call by a trunk, or all; return how many."""
    paused = [row["campaign_id"] for row in await conn.fetch(_PAUSE, tenant_id, reason, trunk_id)]
    for campaign_id in paused:
        fact = facts.state_changed(
            str(tenant_id), campaign_id, CampaignState.RUNNING, CampaignState.PAUSED, reason
        )
        await outbox.add(conn, OUTBOX, fact)
    return len(paused)


async def lock(conn: Connection, tenant_id: UUID) -> None:
    """Let nobody stop or allow anything of the tenant until the transaction ends.

    Ask before rows of campaigns are locked.
    """
    await conn.execute(_LOCK, str(tenant_id))


async def reason_of(conn: Connection, *, tenant_id: UUID) -> str | None:
    """Return why a tenant's outbound service is stopped; None: it is not."""
    reason: str | None = await conn.fetchval(
        "SELECT reason FROM dialer.outbound_stop WHERE tenant_id = $1", tenant_id
    )
    return reason


async def reason_of_trunk(conn: Connection, *, tenant_id: UUID, trunk_id: str) -> str | None:
    """Return why a trunk is stopped; None: it is not."""
    reason: str | None = await conn.fetchval(
        "SELECT reason FROM dialer.trunk_stop WHERE tenant_id = $1 AND trunk_id = $2",
        *(tenant_id, trunk_id),
    )
    return reason


async def check_allowed(conn: Connection, *, tenant_id: UUID) -> None:
    """Return when the tenant may dial, until the transaction ends.

    Ask before rows of campaigns are locked. Raises Refused (``outbound_stopped``).
    """
    await lock(conn, tenant_id)
    reason = await reason_of(conn, tenant_id=tenant_id)
    if reason is not None:
        detail = "The operator of the platform has stopped your outbound service"
        raise Refused("outbound_stopped", f"{detail}: {reason}" if reason else f"{detail}.")


async def check_trunk(conn: Connection, *, tenant_id: UUID, trunk_id: str) -> None:
    """Return when campaigns may call by a trunk; the caller holds the tenant by :func:`lock`.

    Raises Refused (``trunk_withdrawn``).
    """
    reason = await reason_of_trunk(conn, tenant_id=tenant_id, trunk_id=trunk_id)
    if reason is not None:
        raise Refused("trunk_withdrawn", f"Give the campaign another trunk: {reason}.")
