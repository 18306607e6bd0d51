"""/trunks: SIP connections to carriers. The ACD owns them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import NotFound
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, decode_cursor, encode_cursor
from ringway.crm_api.trunks import store
from ringway.crm_api.trunks.schemas import TrunkBody, TrunkView
from ringway.proto.acd import PutTrunkV1, TrunkV1
from ringway.runtime.ids import uuid7

router = api_router("/trunks", "trunks")
Reader = Annotated[Caller, Depends(requires(Permission.TRUNKS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.TRUNKS_WRITE))]


@router.post("", status_code=201)
async def create_trunk(
    trunk: TrunkBody, deps: DepsOf, caller: Writer, response: Response
) -> TrunkView:
    """Create a trunk. It works on every node within a second."""
    trunk_id = uuid7()
    view = await _put(deps, caller, trunk_id, trunk)
    response.headers["Location"] = f"/api/v1/trunks/{trunk_id}"
    return view


@router.get("")
async def list_trunks(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[TrunkView]:
    """List the trunks of the tenant."""
    after = decode_cursor(cursor, 1)[0] if cursor is not None else None
    async with deps.pool.tenant(caller.tenant_id) as conn:
        trunks = await store.page(conn, tenant_id=caller.tenant_id, after=after, limit=limit + 1)
    items = [TrunkView.model_validate(trunk) for trunk in trunks[:limit]]
    more = len(trunks) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].trunk_id) if more else None)


@router.get("/{trunk_id}")
async def get_trunk(trunk_id: UUID, deps: DepsOf, caller: Reader) -> TrunkView:
    """Return one trunk."""
    return TrunkView.model_validate(await _get(deps, caller, trunk_id))


@router.put("/{trunk_id}")
async def change_trunk(trunk_id: UUID, trunk: TrunkBody, deps: DepsOf, caller: Writer) -> TrunkView:
    """Change a trunk. Calls that are up are not touched."""
    await _get(deps, caller, trunk_id)
    return await _put(deps, caller, trunk_id, trunk)


async def _get(deps: Deps, caller: Caller, trunk_id: UUID) -> store.Trunk:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        trunk = await store.get(conn, tenant_id=caller.tenant_id, trunk_id=trunk_id)
    if trunk is None:
        raise NotFound("trunk_not_found", f"There is no trunk {trunk_id}.")
    return trunk


async def _put(deps: Deps, caller: Caller, trunk_id: UUID, trunk: TrunkBody) -> TrunkView:
    now = deps.now()
    question = PutTrunkV1(
        occurred_at=now, tenant=caller.tenant, trunk_id=str(trunk_id), **trunk.model_dump()
    )
    made = await deps.bus.request(question, TrunkV1)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=now,
            action="trunk.put",
            object_type="trunk",
            object_id=trunk_id,
            detail=trunk.model_dump(),
        )
    return TrunkView(
        trunk_id=trunk_id,
        endpoint=made.endpoint,
        changed_at=now,
        name=trunk.name,
        host=trunk.host,
        port=trunk.port,
        codecs=list(trunk.codecs),
    )
