"""Warnings: the platform tells an enterprise's admins what must change, and sees who has read it.

A warning is a notice of the enterprise that nobody there can withdraw.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from ringway.crm_api.access import PLATFORM_TENANT, Caller, Role
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import NotFound
from ringway.crm_api.notices import service as notices
from ringway.crm_api.notices import store
from ringway.crm_api.notices.schemas import NoticeState, Priority
from ringway.crm_api.tenants import store as tenants
from ringway.crm_api.tenants.schemas import TenantWarning, TenantWarningView
from ringway.crm_api.tenants.service import tenant_not_found
from ringway.runtime.ids import uuid7

_SHOWN = timedelta(days=30)


async def warn(
    deps: Deps, caller: Caller, tenant_id: UUID, wanted: TenantWarning
) -> TenantWarningView:
    """Show an enterprise's admins an urgent notice, which they have to confirm.

    Raises:
        NotFound: There is no such enterprise.
    """
    await _known(deps, tenant_id)
    now = deps.now()
    warning = store.Notice(
        notice_id=uuid7(),
        text_zh=wanted.text_zh,
        text_en=wanted.text_en,
        begins_at=now,
        ends_at=now + _SHOWN,
        priority=Priority.URGENT.value,
        must_confirm=True,
        is_for_all=False,
        user_ids=[],
        team_ids=[],
        roles=[Role.ENTERPRISE_ADMIN.value],
        state=NoticeState.PUBLISHED.value,
        version=1,
        created_by=caller.user_id,
        author=f"operator:{caller.username}",
        created_at=now,
        updated_at=now,
        published_at=now,
        withdrawn_at=None,
        is_warning=True,
    )
    async with deps.pool.tenant(tenant_id) as conn:
        await notices.show(conn, tenant_id, warning, now)
        await audit.add(
            conn,
            caller=replace(caller, tenant_id=tenant_id, username=warning.author),
            now=now,
            action="operator.warned",
            object_type="notice",
            object_id=warning.notice_id,
            detail=wanted.model_dump(),
        )
        (made,) = await store.warnings(
            conn, tenant_id=tenant_id, notice_id=warning.notice_id, before=None, limit=1
        )
    detail = {"notice_id": str(warning.notice_id), **wanted.model_dump()}
    await _note(deps, caller, tenant_id, "tenant.warned", detail)
    return TenantWarningView.model_validate(made)


async def listed(
    deps: Deps, tenant_id: UUID, *, before: UUID | None, limit: int
) -> list[TenantWarningView]:
    """Return an enterprise's warnings, newest first. Raises NotFound."""
    await _known(deps, tenant_id)
    async with deps.pool.tenant(tenant_id) as conn:
        found = await store.warnings(
            conn, tenant_id=tenant_id, notice_id=None, before=before, limit=limit
        )
    return [TenantWarningView.model_validate(each) for each in found]


async def withdraw(deps: Deps, caller: Caller, tenant_id: UUID, notice_id: UUID) -> None:
    """Show a warning no more. A repeat changes nothing. Raises NotFound."""
    await _known(deps, tenant_id)
    async with deps.pool.tenant(tenant_id) as conn:
        found = await store.get(conn, tenant_id=tenant_id, notice_id=notice_id, lock=True)
        if found is None or not found.is_warning:
            raise NotFound("warning_not_found", f"There is no warning {notice_id}.")
        if found.state == NoticeState.WITHDRAWN:
            return
        await notices.hide(conn, tenant_id, found, deps.now())
    detail = {"notice_id": str(notice_id)}
    await _note(deps, caller, tenant_id, "tenant.warning_withdrawn", detail)


async def _known(deps: Deps, tenant_id: UUID) -> None:
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        if await tenants.get(conn, tenant_id=tenant_id) is None:
            raise tenant_not_found(tenant_id)


async def _note(
    deps: Deps, caller: Caller, tenant_id: UUID, action: str, detail: dict[str, str]
) -> None:
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
