"""/skills, /queues, /calendars and the other nouns of the ACD's configuration, from one table."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Response
from pydantic import BaseModel

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.configuration import service
from ringway.crm_api.configuration.kinds import KINDS, AcdSettingsView, Kind
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.etag import IfMatch, expected_version, says_nothing_new, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, decode_cursor, encode_cursor
from ringway.proto.acd_config import AcdSettings, Config, ConfigV1
from ringway.proto.base import Token
from ringway.runtime.errors import Refused
from ringway.runtime.ids import uuid7

IfNoneMatch = Annotated[
    str | None, Header(description="`*`: create it, only when there is none.", max_length=100)
]
Writer = Annotated[Caller, Depends(requires(Permission.ROUTING_WRITE))]
Reader = Annotated[Caller, Depends(requires(Permission.ROUTING_READ))]

_SETTINGS_ID = "tenant"

settings = api_router("/acd-settings", "acd-settings")


@settings.get("")
async def get_acd_settings(deps: DepsOf, caller: Reader, response: Response) -> AcdSettingsView:
    """Return the tenant's settings of the ACD; the defaults when it never changed them."""
    stored = await _settings(deps, caller)
    set_etag(response, stored.version if stored is not None else 0)
    return _shown_settings(stored)


@settings.put("")
async def put_acd_settings(
    new: AcdSettings, deps: DepsOf, caller: Writer, response: Response, if_match: IfMatch = None
) -> AcdSettingsView:
    """Replace the tenant's settings. `If-Match` is required."""
    wanted = expected_version(if_match, required=True)
    present = await _settings(deps, caller)
    version = present.version if present is not None else 0
    if wanted in (None, version):
        shown = _shown_settings(present)
        if says_nothing_new(shown, new):
            set_etag(response, version)
            return shown
    else:
        version = wanted
    stored = await service.put(deps, caller, _SETTINGS_ID, new, version)
    set_etag(response, stored.version)
    return _shown_settings(stored)


async def _settings(deps: Deps, caller: Caller) -> ConfigV1 | None:
    try:
        return await service.get(deps, caller, "settings", _SETTINGS_ID)
    except Refused as refused:
        if refused.code != "config_unknown":
            raise
        return None


def _shown_settings(stored: ConfigV1 | None) -> AcdSettingsView:
    if stored is None:
        return AcdSettingsView()
    known = {k: v for k, v in stored.body.items() if k in AcdSettings.model_fields}
    return AcdSettingsView(**known, changed_at=stored.changed_at)


def _router(kind: Kind) -> APIRouter:
    """Return the routes of one kind: each with its own payloads in the OpenAPI document."""
    router = api_router(f"/{kind.path}", kind.path)
    object_path = f"/{{{kind.id_name}}}"
    types = {
        "object_id": Annotated[Token, Path(alias=kind.id_name)],
        "new": kind.model,
        "reader": Annotated[Caller, Depends(requires(kind.read))],
    }

    async def list_objects(
        deps: DepsOf, reader: Caller, limit: Limit = 100, cursor: Cursor = None
    ) -> Any:
        after = decode_cursor(cursor, 1)[0] if cursor is not None else ""
        page = await service.page(deps, reader, kind.name, after, limit)
        return {
            "items": [_shown(kind, reader, each) for each in page.objects],
            "next_cursor": None if page.next_after is None else encode_cursor(page.next_after),
        }

    async def create_object(new: Config, deps: DepsOf, caller: Writer, response: Response) -> Any:
        object_id = str(uuid7())
        stored = await service.put(deps, caller, object_id, new, 0)
        set_etag(response, stored.version)
        response.headers["Location"] = f"/api/v1/{kind.path}/{object_id}"
        return _shown(kind, caller, stored)

    async def get_object(object_id: str, deps: DepsOf, reader: Caller, response: Response) -> Any:
        stored = await service.get(deps, reader, kind.name, object_id)
        set_etag(response, stored.version)
        return _shown(kind, reader, stored)

    async def put_object(
        object_id: str,
        new: Config,
        deps: DepsOf,
        caller: Writer,
        response: Response,
        if_match: IfMatch = None,
        if_none_match: IfNoneMatch = None,
    ) -> Any:
        version = await service.wanted_version(
            *(deps, caller, kind.name, object_id), if_match=if_match, if_none_match=if_none_match
        )
        stored = await service.put(deps, caller, object_id, new, version)
        set_etag(response, stored.version)
        response.status_code = 200 if version else 201
        return _shown(kind, caller, stored)

    async def delete_object(
        object_id: str, deps: DepsOf, caller: Writer, if_match: IfMatch = None
    ) -> None:
        await service.delete(deps, caller, kind.name, object_id, if_match)

    for endpoint in (list_objects, create_object, get_object, put_object, delete_object):
        endpoint.__annotations__ |= {
            name: made for name, made in types.items() if name in endpoint.__annotations__
        }
    add = router.add_api_route
    if not kind.is_made_elsewhere:
        add(
            "",
            create_object,
            methods=["POST"],
            name=f"create_{kind.name}",
            summary=f"Create {kind.words}",
            description=f"Create one: {kind.about}.",
            response_model=kind.view,
            status_code=201,
        )
    add(
        "",
        list_objects,
        methods=["GET"],
        name=f"list_{kind.plural}",
        summary=f"List {kind.plural.replace('_', ' ')}",
        description=f"List, in the order of their ids: {kind.about}. "
        "A page of large objects holds fewer than `limit`.",
        response_model=_page(kind.view),
    )
    add(
        object_path,
        get_object,
        methods=["GET"],
        name=f"get_{kind.name}",
        summary=f"Get {kind.words}",
        description=f"Return one: {kind.about}.",
        response_model=kind.view,
    )
    add(
        object_path,
        put_object,
        methods=["PUT"],
        name=f"put_{kind.name}",
        summary=f"Put {kind.words}",
        description=f"Replace one, or create it with an id of your own: {kind.about}. "
        "`If-Match` with its ETag or `If-None-Match: *` is required.",
        response_model=kind.view,
        responses={201: {"description": "It was created.", "model": kind.view}},
    )
    add(
        object_path,
        delete_object,
        methods=["DELETE"],
        name=f"delete_{kind.name}",
        summary=f"Delete {kind.words}",
        description=f"Delete one, unless another object names it: {kind.about}.",
        status_code=204,
    )
    return router


def _page(view: type[BaseModel]) -> Any:
    return Page[view]  # type: ignore[valid-type]


def _shown(kind: Kind, caller: Caller, stored: ConfigV1) -> dict[str, Any]:
    hidden = frozenset[str]() if caller.may(Permission.ROUTING_WRITE) else kind.secrets
    shown = kind.model.model_fields.keys() - hidden
    body = {name: value for name, value in stored.body.items() if name in shown}
    return {**body, kind.id_name: stored.object_id, "changed_at": stored.changed_at}


routers = (*(_router(kind) for kind in KINDS), settings)
