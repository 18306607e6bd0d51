"""The life of an enterprise after its opening: features, outbound service, closing and undoing it.

What other services must do for it is asked of them before it is written down, so that a repeat of
the request puts right whatever a failure left half-done.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ringway.crm_api.access import PLATFORM_TENANT, Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deletion import store as deletion
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid
from ringway.crm_api.features import Feature
from ringway.crm_api.tenants import store
from ringway.crm_api.tenants.schemas import (
    Closing,
    Confirmation,
    Features,
    Grace,
    OutboundStop,
)
from ringway.crm_api.tenants.service import tenant_not_found
from ringway.crm_api.users import store as users
from ringway.proto.acd import AgentAccountV1, PutAgentV1
from ringway.proto.dialer_tenants import OutboundStoppedV1, StopOutboundV1

_REOPENING = timedelta(hours=1)  # long enough to tell the other services


async def put_features(
    deps: Deps, caller: Caller, tenant_id: UUID, wanted: Features
) -> store.Tenant:
    """Switch features; it holds within a second on every replica."""
    await _open_tenant(deps, tenant_id)
    off = sorted(set(Feature) - set(wanted.features) - {Feature.OUTBOUND_CALLS})
    if Feature.OUTBOUND_CALLS not in wanted.features:
        off.append(Feature.OUTBOUND_CALLS)
    tenant = await _write(deps, tenant_id, features_off=[each.value for each in off])
    await _note(deps, caller, "tenant.features_changed", tenant_id, {"off": off})
    return tenant


async def stop_outbound(
    deps: Deps, caller: Caller, tenant_id: UUID, wanted: OutboundStop
) -> store.Tenant:
    """Stop the outbound service: running campaigns are paused within seconds.

    Raises:
        DependencyDown: The dialer does not answer; nothing has changed as far as we know.
    """
    await _open_tenant(deps, tenant_id)
    paused = await _tell_dialer(deps, tenant_id, stopped=True, reason=wanted.reason)
    tenant = await _write(
        deps, tenant_id, outbound_stopped_at=deps.now(), outbound_stop_reason=wanted.reason
    )
    detail = {"reason": wanted.reason, "paused": paused}
    await _note(deps, caller, "tenant.outbound_stopped", tenant_id, detail)
    return tenant


async def allow_outbound(deps: Deps, caller: Caller, tenant_id: UUID) -> store.Tenant:
    """Allow the outbound service again; its campaigns stay paused."""
    await _open_tenant(deps, tenant_id)
    await _tell_dialer(deps, tenant_id, stopped=False, reason="")
    tenant = await _write(deps, tenant_id, outbound_stopped_at=None, outbound_stop_reason="")
    await _note(deps, caller, "tenant.outbound_allowed", tenant_id, {})
    return tenant


async def close(deps: Deps, caller: Caller, tenant_id: UUID, wanted: Closing) -> store.Tenant:
    """Close an enterprise: nobody of it gets in or makes calls from now on; its data stays.

    Raises:
        Conflict: It is being opened or deleted.
        DependencyDown: The dialer or the ACD does not answer: nobody gets in any more, and a
            repeat does the rest.
    """
    known = await _get(deps, tenant_id)
    now = deps.now()
    delete_after = (known.closed_at or now) + timedelta(days=wanted.grace_days)
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        tenant = await store.close(
            conn, tenant_id=tenant_id, reason=wanted.reason, delete_after=delete_after, now=now
        )
    if tenant is None:
        raise _deleting()
    _forget(deps, tenant_id)
    detail = {"reason": wanted.reason, "grace_days": wanted.grace_days}
    await _note(deps, caller, "tenant.closed", tenant_id, detail)
    await _tell_dialer(deps, tenant_id, stopped=True, reason="the enterprise is closed")
    await _switch_phones(deps, tenant_id, on=False)
    return tenant


async def reopen(deps: Deps, caller: Caller, tenant_id: UUID) -> store.Tenant:
    """Undo the closing of an enterprise, within its grace period. Who was suspended is again.

    Raises:
        Conflict: It is not closed, or its time is over.
    """
    tenant = await _get(deps, tenant_id)
    if tenant.state != "closed":
        raise Conflict("tenant_not_closed", f"The enterprise is {tenant.state}.")
    now = deps.now()
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        # Its time does not run out while others are being told.
        held = await store.keep(
            conn, tenant_id=tenant_id, until=now + _REOPENING, is_least=True, now=now
        )
    if held is None:
        raise Conflict("grace_over", "Its grace period is over; its data may be deleted.")
    await _switch_phones(deps, tenant_id, on=True)
    if tenant.outbound_stopped_at is None:
        await _tell_dialer(deps, tenant_id, stopped=False, reason="")
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        reopened = await store.reopen(conn, tenant_id=tenant_id, now=deps.now())
    if reopened is None:
        raise _deleting()
    _forget(deps, tenant_id)
    await _note(deps, caller, "tenant.reopened", tenant_id, {"state": reopened.state})
    return reopened


async def extend_grace(deps: Deps, caller: Caller, tenant_id: UUID, wanted: Grace) -> store.Tenant:
    """Keep a closed enterprise's data for longer, or shorter, from now on.

    Raises:
        Conflict: It is not closed, or its deletion has begun.
    """
    await _closed_tenant(deps, tenant_id)
    now = deps.now()
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        tenant = await store.keep(
            conn,
            tenant_id=tenant_id,
            until=now + timedelta(days=wanted.grace_days),
            is_least=False,
            now=now,
        )
    if tenant is None:
        raise _deleting()
    await _note(deps, caller, "tenant.grace_changed", tenant_id, wanted.model_dump())
    return tenant


async def delete_now(
    deps: Deps, caller: Caller, tenant_id: UUID, wanted: Confirmation
) -> store.Tenant:
    """Begin the deletion of a closed enterprise without waiting for its time. It cannot be undone.

    Raises:
        Conflict: It is not closed.
        Invalid: The name that confirms it is another's.
    """
    tenant = await _closed_tenant(deps, tenant_id)
    if wanted.slug != tenant.slug:
        raise Invalid("slug_mismatch", f"slug: write {tenant.slug} to confirm the deletion.")
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        begun = await deletion.begin(conn, tenant_id=tenant_id, by=caller.username, now=deps.now())
    if not begun:
        raise _deleting()
    _forget(deps, tenant_id)
    await _note(deps, caller, "tenant.deletion_begun", tenant_id, {"slug": tenant.slug})
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        now = await store.get(conn, tenant_id=tenant_id)
    return now or tenant


async def _switch_phones(deps: Deps, tenant_id: UUID, *, on: bool) -> None:
    after: str | None = None
    while True:
        async with deps.pool.tenant(tenant_id) as conn:
            found = await users.page(
                conn,
                tenant_id=tenant_id,
                after=after,
                limit=200,
                search=users.Search(has_seat=True),
            )
        for user in found:
            if user.is_enabled:
                account = PutAgentV1(
                    occurred_at=deps.now(),
                    tenant=str(tenant_id),
                    agent_id=str(user.user_id),
                    number=user.agent_number or "",
                    name=user.display_name or user.username,
                    enabled=on,
                )
                await deps.bus.request(account, AgentAccountV1)
        if len(found) < 200:
            return
        after = found[-1].username.lower()


async def _tell_dialer(deps: Deps, tenant_id: UUID, *, stopped: bool, reason: str) -> int:
    question = StopOutboundV1(
        occurred_at=deps.now(), tenant=str(tenant_id), stopped=stopped, reason=reason
    )
    return (await deps.bus.request(question, OutboundStoppedV1)).paused


async def _get(deps: Deps, tenant_id: UUID) -> store.Tenant:
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        tenant = await store.get(conn, tenant_id=tenant_id)
    if tenant is None or tenant_id == PLATFORM_TENANT:
        raise tenant_not_found(tenant_id)
    if tenant.state == "opening":
        raise Conflict("tenant_opening", "The enterprise is being opened.")
    if tenant.state == "deleting":
        raise _deleting()
    return tenant


async def _closed_tenant(deps: Deps, tenant_id: UUID) -> store.Tenant:
    tenant = await _get(deps, tenant_id)
    if tenant.state != "closed":
        raise Conflict("tenant_not_closed", "The enterprise is not closed. Close it first.")
    return tenant


def _deleting() -> Conflict:
    return Conflict("tenant_deleting", "The enterprise is being deleted.")


async def _open_tenant(deps: Deps, tenant_id: UUID) -> store.Tenant:
    tenant = await _get(deps, tenant_id)
    if tenant.state == "closed":
        raise Conflict("tenant_closed", "The enterprise is closed. Reopen it first.")
    return tenant


async def _write(
    deps: Deps, tenant_id: UUID, **values: datetime | str | list[str] | None
) -> store.Tenant:
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        tenant = await store.put(conn, tenant_id=tenant_id, now=deps.now(), values=values)
    if tenant is None:
        raise Conflict("tenant_closed", "The enterprise was closed meanwhile.")
    _forget(deps, tenant_id)
    return tenant


def _forget(deps: Deps, tenant_id: UUID) -> None:
    deps.guard.forget(tenant_id)
    deps.keys.forget(tenant_id)
    deps.rights.forget(tenant_id)


async def _note(
    deps: Deps, caller: Caller, action: str, tenant_id: UUID, detail: Mapping[str, Any]
) -> None:
    """Write it down for the platform; what a tenant's people must know they see in ``/me``."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=action,
            object_type="tenant",
            object_id=tenant_id,
            detail=detail,
        )
