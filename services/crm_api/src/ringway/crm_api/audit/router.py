"""/audit-log: who did what."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends, Query

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store
from ringway.crm_api.audit.schemas import AuditCheck, AuditEntry
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import Invalid
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_number, page_of

router = api_router("/audit-log", "audit")
Reader = Annotated[Caller, Depends(requires(Permission.AUDIT_READ))]


@router.get("")
async def list_entries(
    deps: DepsOf,
    caller: Reader,
    action: Annotated[
        str | None,
        Query(max_length=100, description="Whole, or its beginning up to a full stop: `user.`"),
    ] = None,
    actor: Annotated[str | None, Query(max_length=100)] = None,
    object_type: Annotated[str | None, Query(max_length=100)] = None,
    object_id: Annotated[str | None, Query(max_length=200)] = None,
    begin: Annotated[Moment | None, Query(alias="from")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="Not included.")] = None,
    text: Annotated[
        str | None, Query(alias="q", max_length=200, description="Anywhere in an entry.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[AuditEntry]:
    """Search the acts in the caller's tenant, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        entries = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            before_seq=cursor_number(cursor),
            limit=limit + 1,
            search=store.Search(action, actor, object_type, object_id, begin, end, text),
        )
    items = [AuditEntry(**{**asdict(e), "hash": e.hash.hex()}) for e in entries]
    return page_of(items, limit, lambda last: last.seq)


@router.get("/check")
async def check_chain(
    deps: DepsOf,
    caller: Reader,
    known_seq: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    known_hash: Annotated[str | None, Query(pattern=r"^[0-9a-f]{64}$")] = None,
) -> AuditCheck:
    """Recompute the hashes: an entry that was changed or removed breaks the chain.

    Keep `entries` and `last_hash` of an answer outside of the platform and send them with a later
    check as `known_seq` and `known_hash`: then a log that was cut off or written anew is noticed.
    """
    if (known_seq is None) != (known_hash is None):
        raise Invalid("known_incomplete", "Send known_seq and known_hash together.")
    known = (known_seq, bytes.fromhex(known_hash)) if known_seq and known_hash else None
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.check(conn, tenant_id=caller.tenant_id, known=known)
    return AuditCheck(
        intact=found.broken is None,
        entries=found.entries,
        first_broken=found.broken,
        last_hash=found.last_hash.hex(),
    )
