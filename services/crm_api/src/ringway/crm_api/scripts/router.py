"""/scripts: what agents say, found by the call and written for the customer."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Response
from pydantic import Field

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.scripts.definition import BindingKind
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import Invalid
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.knowledge.schemas import ArticleLanguage
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, Text, cursor_number, cursor_uuid, page_of
from ringway.crm_api.scripts import rendering, service, store
from ringway.crm_api.scripts.schemas import (
    RenderedScript,
    ScriptBody,
    ScriptItem,
    ScriptState,
    ScriptVersionItem,
    ScriptVersionView,
    ScriptView,
)
from ringway.proto.exact import Measured

router = api_router("/scripts", "scripts")
Reader = Annotated[Caller, Depends(requires(Permission.SCRIPTS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.SCRIPTS_WRITE))]
_MOST = 1_000_000_000
Number = Annotated[int, Path(ge=1, le=_MOST, examples=[1])]
_Value = Annotated[Text | None, Field(min_length=1, max_length=128), Measured(), Query()]


@router.post("", status_code=201)
async def create_script(
    new: ScriptBody, deps: DepsOf, caller: Writer, response: Response
) -> ScriptView:
    """Write a script. Every page must be reached, and the talk must be able to end from it."""
    view = await service.create(deps, caller, new)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/scripts/{view.script_id}"
    return view


@router.get("")
async def list_scripts(
    deps: DepsOf,
    caller: Reader,
    state: ScriptState | None = None,
    language: ArticleLanguage | None = None,
    kind: Annotated[BindingKind | None, Query(description="Together with `value`.")] = None,
    value: _Value = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ScriptItem]:
    """List scripts, newest first; those who do not write them see published ones."""
    if (kind is None) != (value is None):
        raise Invalid("binding_incomplete", "Send kind and value together.")
    if not caller.may(Permission.SCRIPTS_WRITE):
        if state not in (None, ScriptState.PUBLISHED):
            return Page(items=[])
        state = ScriptState.PUBLISHED
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            state=state.value if state is not None else None,
            language=language.value if language is not None else None,
            binding={"kind": kind.value, "value": value} if kind and value else None,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [ScriptItem.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.script_id)


@router.get("/render")
async def render_script(
    deps: DepsOf,
    caller: Reader,
    script_id: Annotated[UUID | None, Query(description="Null: the one for this call.")] = None,
    interaction_id: Annotated[
        UUID | None, Query(description="Says campaign, queue, service number and customer.")
    ] = None,
    customer_id: UUID | None = None,
    campaign_id: UUID | None = None,
    queue_id: _Value = None,
    service_number: _Value = None,
    business_type: _Value = None,
    situation: _Value = None,
    language: ArticleLanguage | None = None,
) -> RenderedScript:
    """Return the script for a call with the customer's data, as far as the caller sees them.

    It is the published one that is bound most exactly to what is known of the call.
    """
    given = {
        BindingKind.CAMPAIGN: str(campaign_id) if campaign_id is not None else None,
        BindingKind.QUEUE: queue_id,
        BindingKind.SERVICE_NUMBER: service_number,
        BindingKind.BUSINESS_TYPE: business_type,
        BindingKind.SITUATION: situation,
    }
    wanted = rendering.Wanted(
        script_id=script_id,
        interaction_id=interaction_id,
        customer_id=customer_id,
        language=language.value if language is not None else None,
        call={kind: value for kind, value in given.items() if value is not None},
    )
    return await rendering.rendered(deps, caller, wanted)


@router.get("/{script_id}")
async def get_script(
    script_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> ScriptView:
    """Return one script as it was written."""
    view = await service.get(deps, caller, script_id)
    set_etag(response, view.version)
    return view


@router.put("/{script_id}")
async def change_script(
    script_id: UUID,
    wanted: ScriptBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> ScriptView:
    """Change, publish or retire a script."""
    version = expected_version(if_match, required=True)
    view = await service.change(deps, caller, script_id, version, wanted)
    set_etag(response, view.version)
    return view


@router.delete("/{script_id}", status_code=204)
async def remove_script(
    script_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove a script with its versions."""
    await service.remove(deps, caller, script_id, expected_version(if_match))


@router.get("/{script_id}/versions")
async def list_script_versions(
    script_id: UUID, deps: DepsOf, caller: Writer, limit: Limit = 100, cursor: Cursor = None
) -> Page[ScriptVersionItem]:
    """List the versions of a script, newest first."""
    before = cursor_number(cursor)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller, script_id)
        found = await store.versions(
            conn,
            tenant_id=caller.tenant_id,
            script_id=script_id,
            before=min(before, _MOST) if before is not None else None,
            limit=limit + 1,
        )
    items = [ScriptVersionItem.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.number)


@router.get("/{script_id}/versions/{script_version}")
async def get_script_version(
    script_id: UUID, script_version: Number, deps: DepsOf, caller: Writer
) -> ScriptVersionView:
    """Return a script as it was in one version."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller, script_id)
        found = await service.find_version(conn, caller, script_id, script_version)
    return ScriptVersionView.model_validate(found)


@router.post("/{script_id}/versions/{script_version}/restore")
async def restore_script_version(
    script_id: UUID,
    script_version: Number,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> ScriptView:
    """Let a script be as it was in that version, as its next version."""
    version = expected_version(if_match)
    view = await service.restore(deps, caller, script_id, script_version, version)
    set_etag(response, view.version)
    return view
