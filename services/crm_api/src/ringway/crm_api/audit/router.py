"""/audit-log: who did what."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends, Query

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store
from ringway.crm_api.audit.schemas import AuditCheck, AuditEntry
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_number, encode_cursor

router = api_router("/audit-log", "audit")
Reader = Annotated[Caller, Depends(requires(Permission.AUDIT_READ))]


@router.get("")
async def list_entries(
    deps: DepsOf,
    caller: Reader,
    action: Annotated[str | None, Query(max_length=100)] = None,
    actor: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[AuditEntry]:
    """List the acts in the caller's tenant, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        entries = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            before_seq=cursor_number(cursor),
            limit=limit + 1,
            action=action,
            actor=actor,
        )
    items = [AuditEntry(**{**asdict(e), "hash": e.hash.hex()}) for e in entries[:limit]]
    more = len(entries) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].seq) if more else None)


@router.get("/check")
async def check_chain(deps: DepsOf, caller: Reader) -> AuditCheck:
    """Recompute the hashes: an entry that was changed or removed breaks the chain."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        entries, broken = await store.first_broken(conn, tenant_id=caller.tenant_id)
    return AuditCheck(intact=broken is None, entries=entries, first_broken=broken)
