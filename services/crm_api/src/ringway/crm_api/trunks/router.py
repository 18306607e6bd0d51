"""/trunks: SIP connections to carriers. The ACD owns them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response
from pydantic import SecretStr

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import Conflict, NotFound
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, decode_cursor, page_of
from ringway.crm_api.trunks import store
from ringway.crm_api.trunks.schemas import TrunkBody, TrunkStateView, TrunkView
from ringway.proto.acd import DeleteTrunkV1, GetTrunkV1, PutTrunkV1, TrunkV1
from ringway.proto.base import Done
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
    view = await _put(deps, caller, trunk_id, _fields(trunk), trunk.password)
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
    items = [TrunkView.model_validate(trunk) for trunk in trunks]
    return page_of(items, limit, lambda last: last.trunk_id)


@router.get("/{trunk_id}")
async def get_trunk(trunk_id: UUID, deps: DepsOf, caller: Reader) -> TrunkView:
    """Return one trunk."""
    return TrunkView.model_validate(await _get(deps, caller, trunk_id))


@router.put("/{trunk_id}")
async def change_trunk(trunk_id: UUID, trunk: TrunkBody, deps: DepsOf, caller: Writer) -> TrunkView:
    """Change a trunk. Calls that are up are not touched."""
    await _own(deps, caller, trunk_id)
    return await _put(deps, caller, trunk_id, _fields(trunk), trunk.password)


@router.delete("/{trunk_id}", status_code=204)
async def delete_trunk(trunk_id: UUID, deps: DepsOf, caller: Writer) -> None:
    """Delete a trunk. Calls on it go on; routes and campaigns that use it forbid it."""
    await _own(deps, caller, trunk_id)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        used_by = await store.campaign_using(conn, tenant_id=caller.tenant_id, trunk_id=trunk_id)
    if used_by is not None:
        raise Conflict(
            "trunk_in_use", f"The campaign {used_by} calls by this trunk; stop it first."
        )
    question = DeleteTrunkV1(occurred_at=deps.now(), tenant=caller.tenant, trunk_id=str(trunk_id))
    await deps.bus.request(question, Done)
    await _note(deps, caller, "trunk.deleted", trunk_id, {})


@router.get("/{trunk_id}/state")
async def get_trunk_state(trunk_id: UUID, deps: DepsOf, caller: Reader) -> TrunkStateView:
    """Return how a trunk is at this moment."""
    await _get(deps, caller, trunk_id)
    question = GetTrunkV1(occurred_at=deps.now(), tenant=caller.tenant, trunk_id=str(trunk_id))
    state = await deps.bus.request(question, TrunkV1)
    return TrunkStateView(
        trunk_id=trunk_id,
        is_reachable=state.is_reachable,
        is_registered=state.is_registered,
        active_channels=state.active_channels,
    )


@router.post("/{trunk_id}/enable")
async def enable_trunk(trunk_id: UUID, deps: DepsOf, caller: Writer) -> TrunkView:
    """Let a trunk take calls again."""
    return await _switch(deps, caller, trunk_id, enabled=True)


@router.post("/{trunk_id}/disable")
async def disable_trunk(trunk_id: UUID, deps: DepsOf, caller: Writer) -> TrunkView:
    """Let a trunk take no new calls, neither in nor out. Calls that are up go on."""
    return await _switch(deps, caller, trunk_id, enabled=False)


async def _get(deps: Deps, caller: Caller, trunk_id: UUID) -> store.Trunk:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        trunk = await store.get(conn, tenant_id=caller.tenant_id, trunk_id=trunk_id)
    if trunk is None:
        raise NotFound("trunk_not_found", f"There is no trunk {trunk_id}.")
    return trunk


async def _own(deps: Deps, caller: Caller, trunk_id: UUID) -> store.Trunk:
    """Return a trunk that the enterprise may change."""
    trunk = await _get(deps, caller, trunk_id)
    if trunk.is_operators:
        raise Conflict("trunk_of_operator", "The platform's operator lends it; ask him.")
    return trunk


async def _switch(deps: Deps, caller: Caller, trunk_id: UUID, *, enabled: bool) -> TrunkView:
    view = TrunkView.model_validate(await _own(deps, caller, trunk_id))
    fields = view.model_dump(include=set(TrunkBody.model_fields)) | {"enabled": enabled}
    return await _put(deps, caller, trunk_id, fields, None)


async def _put(
    deps: Deps, caller: Caller, trunk_id: UUID, fields: dict[str, Any], password: SecretStr | None
) -> TrunkView:
    question = PutTrunkV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        trunk_id=str(trunk_id),
        password=password.get_secret_value() if password is not None else None,
        **fields,
    )
    await deps.bus.request(question, TrunkV1)
    detail = fields | {"password_changed": password is not None}
    await _note(deps, caller, "trunk.put", trunk_id, detail)
    return TrunkView.model_validate(await _get(deps, caller, trunk_id))


def _fields(trunk: TrunkBody) -> dict[str, Any]:
    return trunk.model_dump(exclude={"password"})


async def _note(
    deps: Deps, caller: Caller, action: str, trunk_id: UUID, detail: dict[str, Any]
) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=action,
            object_type="trunk",
            object_id=trunk_id,
            detail=detail,
        )
