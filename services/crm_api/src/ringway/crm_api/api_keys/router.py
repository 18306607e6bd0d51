"""/api-keys: how programs sign in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.api_keys import store
from ringway.crm_api.api_keys.schemas import ApiKeyRotation, ApiKeyView, ApiKeyWithSecret, NewApiKey
from ringway.crm_api.audit import store as audit
from ringway.crm_api.auth import keys
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import Conflict, Forbidden, Invalid, NotFound
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

router = api_router("/api-keys", "api keys")
Owner = Annotated[Caller, Depends(requires(Permission.API_KEYS_WRITE))]

_USUAL = timedelta(days=365)
_LONGEST = timedelta(days=731)
# With these a key that leaked could make itself a successor, or change its owner's account.
_NEVER = frozenset({Permission.ME, Permission.API_KEYS_WRITE})


@router.post("", status_code=201)
async def create_api_key(
    new: NewApiKey, deps: DepsOf, caller: Owner, response: Response
) -> ApiKeyWithSecret:
    """Make a key that acts as the caller within its scopes. Its secret is shown this once."""
    scopes = tuple(dict.fromkeys(new.scopes))
    if beyond := sorted(set(scopes) - (caller.granted() - _NEVER)):
        raise Forbidden(
            "scope_beyond_caller",
            f"You cannot give a key this permission: {beyond[0]}.",
            extra={"scopes": beyond},
        )
    now = deps.now()
    expires_at = new.expires_at or now + _USUAL
    if not now < expires_at <= now + _LONGEST:
        raise Invalid("expiry_invalid", "A key expires within the next two years.")
    key, key_id = keys.new_key(caller.tenant_id), uuid7()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.add(
            conn,
            tenant_id=caller.tenant_id,
            key_id=key_id,
            user_id=caller.user_id,
            name=new.name,
            prefix=key.prefix,
            secret_hash=keys.secret_hash(key.secret),
            scopes=scopes,
            now=now,
            expires_at=expires_at,
        )
        detail = {"name": new.name, "prefix": key.prefix, "scopes": scopes}
        await _note(deps, conn, caller, key_id, "api_key.created", detail)
        made = await _get(conn, caller, key_id)
    response.headers["Location"] = f"/api/v1/api-keys/{key_id}"
    return ApiKeyWithSecret(**_view(made).model_dump(), key=str(key))


@router.get("")
async def list_api_keys(
    deps: DepsOf, caller: Owner, limit: Limit = 100, cursor: Cursor = None
) -> Page[ApiKeyView]:
    """List the caller's keys, newest first; whoever administrates users sees everybody's."""
    everybody = caller.may(Permission.USERS_WRITE)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            user_id=None if everybody else caller.user_id,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [_view(each) for each in found]
    return page_of(items, limit, lambda last: last.key_id)


@router.get("/{key_id}")
async def get_api_key(key_id: UUID, deps: DepsOf, caller: Owner) -> ApiKeyView:
    """Return one key."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        return _view(await _get(conn, caller, key_id))


@router.post("/{key_id}/rotate")
async def rotate_api_key(
    key_id: UUID, deps: DepsOf, caller: Owner, rotation: ApiKeyRotation | None = None
) -> ApiKeyWithSecret:
    """Give one's own key a new secret, shown this once. The old one works for a while longer."""
    overlap_s = (rotation or ApiKeyRotation()).overlap_s
    async with deps.pool.tenant(caller.tenant_id) as conn:
        before = await _get(conn, caller, key_id)
        if before.user_id != caller.user_id:
            # Whoever has the secret acts as its owner.
            raise Conflict("not_the_owner", "Only its owner rotates a key; revoke it instead.")
        key = keys.new_key(caller.tenant_id, before.prefix)
        if not await store.rotate(
            conn,
            tenant_id=caller.tenant_id,
            key_id=key_id,
            secret_hash=keys.secret_hash(key.secret),
            old_until=deps.now() + timedelta(seconds=overlap_s),
        ):
            raise Conflict("api_key_revoked", "This API key was revoked. Make another one.")
        await _note(deps, conn, caller, key_id, "api_key.rotated", {"overlap_s": overlap_s})
        made = await _get(conn, caller, key_id)
    deps.keys.forget(caller.tenant_id, made.prefix)
    return ApiKeyWithSecret(**_view(made).model_dump(), key=str(key))


@router.post("/{key_id}/revoke")
async def revoke_api_key(key_id: UUID, deps: DepsOf, caller: Owner) -> ApiKeyView:
    """End a key for good. It is refused within a second, everywhere."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _get(conn, caller, key_id)
        if await store.revoke(conn, tenant_id=caller.tenant_id, key_id=key_id, now=deps.now()):
            await _note(deps, conn, caller, key_id, "api_key.revoked", {})
        made = await _get(conn, caller, key_id)
    deps.keys.forget(caller.tenant_id, made.prefix)
    return _view(made)


async def _get(conn: Connection, caller: Caller, key_id: UUID) -> store.ApiKey:
    found = await store.get(conn, tenant_id=caller.tenant_id, key_id=key_id)
    is_hidden = not caller.may(Permission.USERS_WRITE)
    if found is None or (is_hidden and found.user_id != caller.user_id):
        raise NotFound("api_key_not_found", f"There is no API key {key_id}.")
    return found


async def _note(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    key_id: UUID,
    action: str,
    detail: Mapping[str, object],
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="api_key",
        object_id=key_id,
        detail=detail,
    )


def _view(key: store.ApiKey) -> ApiKeyView:
    return ApiKeyView.model_validate(key)
