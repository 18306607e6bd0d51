"""/tenants: the operator of the platform opens and suspends enterprises."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from fastapi.responses import StreamingResponse

from ringway.crm_api.access import PLATFORM_TENANT, Caller, Permission
from ringway.crm_api.deletion import export
from ringway.crm_api.deletion import store as tombstones
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, decode_cursor, page_of
from ringway.crm_api.tenants import life, service, store, warnings
from ringway.crm_api.tenants.schemas import (
    Closing,
    Confirmation,
    Features,
    Grace,
    NewTenant,
    OutboundStop,
    TenantState,
    TenantView,
    TenantWarning,
    TenantWarningView,
    TombstoneView,
)

router = api_router("/tenants", "tenants")
deleted = api_router("/deleted-tenants", "deleted-tenants")
Reader = Annotated[Caller, Depends(requires(Permission.TENANTS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.TENANTS_WRITE))]
Exporter = Annotated[Caller, Depends(requires(Permission.DATA_EXPORT))]


@router.post("", status_code=201)
async def create_tenant(
    new: NewTenant, deps: DepsOf, caller: Writer, response: Response
) -> TenantView:
    """Open an enterprise with its first admin, who can sign in at once as `user@slug`."""
    tenant = await service.open_tenant(deps, caller, new)
    response.headers["Location"] = f"/api/v1/tenants/{tenant.tenant_id}"
    return TenantView.model_validate(tenant)


@router.get("")
async def list_tenants(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[TenantView]:
    """List the enterprises by slug."""
    after = decode_cursor(cursor, 1)[0] if cursor is not None else None
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        tenants = await store.page(conn, after=after, limit=limit + 1)
    items = [TenantView.model_validate(tenant) for tenant in tenants]
    return page_of(items, limit, lambda last: last.slug)


@router.get("/{tenant_id}")
async def get_tenant(tenant_id: UUID, deps: DepsOf, caller: Reader) -> TenantView:
    """Return one enterprise."""
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        tenant = await store.get(conn, tenant_id=tenant_id)
    if tenant is None:
        raise service.tenant_not_found(tenant_id)
    return TenantView.model_validate(tenant)


@router.post("/{tenant_id}/suspend")
async def suspend_tenant(tenant_id: UUID, deps: DepsOf, caller: Writer) -> TenantView:
    """Take away the access of all users of an enterprise."""
    tenant = await service.set_state(deps, caller, tenant_id, TenantState.SUSPENDED)
    return TenantView.model_validate(tenant)


@router.post("/{tenant_id}/resume")
async def resume_tenant(tenant_id: UUID, deps: DepsOf, caller: Writer) -> TenantView:
    """Give the access back."""
    tenant = await service.set_state(deps, caller, tenant_id, TenantState.ACTIVE)
    return TenantView.model_validate(tenant)


@router.put("/{tenant_id}/features")
async def put_tenant_features(
    tenant_id: UUID, wanted: Features, deps: DepsOf, caller: Writer
) -> TenantView:
    """Say which features an enterprise has. What is off answers 403 `feature_off`."""
    return TenantView.model_validate(await life.put_features(deps, caller, tenant_id, wanted))


@router.post("/{tenant_id}/stop-outbound")
async def stop_tenant_outbound(
    tenant_id: UUID, wanted: OutboundStop, deps: DepsOf, caller: Writer
) -> TenantView:
    """Stop an enterprise's outbound service: running campaigns pause, calls that are up go on."""
    return TenantView.model_validate(await life.stop_outbound(deps, caller, tenant_id, wanted))


@router.post("/{tenant_id}/allow-outbound")
async def allow_tenant_outbound(tenant_id: UUID, deps: DepsOf, caller: Writer) -> TenantView:
    """Allow the outbound service again. Its campaigns stay paused until somebody starts them."""
    return TenantView.model_validate(await life.allow_outbound(deps, caller, tenant_id))


@router.post("/{tenant_id}/warnings", status_code=201)
async def warn_tenant(
    tenant_id: UUID, wanted: TenantWarning, deps: DepsOf, caller: Writer
) -> TenantWarningView:
    """Show an enterprise's admins an urgent notice for 30 days, which they have to confirm."""
    return await warnings.warn(deps, caller, tenant_id, wanted)


@router.get("/{tenant_id}/warnings")
async def list_tenant_warnings(
    tenant_id: UUID, deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[TenantWarningView]:
    """List what an enterprise was warned of, newest first, and how many have confirmed it."""
    before = cursor_uuid(cursor)
    found = await warnings.listed(deps, tenant_id, before=before, limit=limit + 1)
    return page_of(found, limit, lambda last: last.notice_id)


@router.delete("/{tenant_id}/warnings/{notice_id}", status_code=204)
async def withdraw_tenant_warning(
    tenant_id: UUID, notice_id: UUID, deps: DepsOf, caller: Writer
) -> None:
    """Show a warning no more. Who has read it stays known."""
    await warnings.withdraw(deps, caller, tenant_id, notice_id)


@router.post("/{tenant_id}/close")
async def close_tenant(
    tenant_id: UUID, wanted: Closing, deps: DepsOf, caller: Writer
) -> TenantView:
    """Close an enterprise: its access and its calls end at once, its data stays for a time."""
    return TenantView.model_validate(await life.close(deps, caller, tenant_id, wanted))


@router.post("/{tenant_id}/reopen")
async def reopen_tenant(tenant_id: UUID, deps: DepsOf, caller: Writer) -> TenantView:
    """Undo the closing of an enterprise while its data is there."""
    return TenantView.model_validate(await life.reopen(deps, caller, tenant_id))


@router.post("/{tenant_id}/extend-grace")
async def extend_tenant_grace(
    tenant_id: UUID, wanted: Grace, deps: DepsOf, caller: Writer
) -> TenantView:
    """Say how long a closed enterprise's data stays from now on."""
    return TenantView.model_validate(await life.extend_grace(deps, caller, tenant_id, wanted))


@router.post("/{tenant_id}/delete", status_code=202)
async def delete_tenant(
    tenant_id: UUID, wanted: Confirmation, deps: DepsOf, caller: Writer
) -> TenantView:
    """Delete a closed enterprise with all its data now. It cannot be undone.

    How far it is stands in `/deleted-tenants`.
    """
    return TenantView.model_validate(await life.delete_now(deps, caller, tenant_id, wanted))


@router.get(
    "/{tenant_id}/export",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}},
        409: {},
    },
)
async def export_tenant(tenant_id: UUID, deps: DepsOf, caller: Exporter) -> StreamingResponse:
    """Export all data of an enterprise: a zip with a file of JSON lines for each table.

    Its own admin at any time, the platform's operators while it is closed. It is audited.
    Secrets are left out, and files (recordings, attachments) are fetched by their own addresses.
    """
    slug = await export.begin(deps, caller, tenant_id)
    return StreamingResponse(
        export.stream(deps, tenant_id),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{slug}.zip"'},
    )


@deleted.get("")
async def list_deleted_tenants(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[TombstoneView]:
    """List what is left of enterprises that were deleted, or are being deleted."""
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        found = await tombstones.page(conn, after=cursor_uuid(cursor), limit=limit + 1)
    items = [TombstoneView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.enterprise_id)
