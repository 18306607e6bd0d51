"""/identity-providers, /auth/sso: single sign-on with OpenID Connect."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.auth.schemas import TokenPair
from ringway.crm_api.auth.service import Device
from ringway.crm_api.deps import Deps, DepsOf, client_ip, requires
from ringway.crm_api.errors import Conflict, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.etag import IfMatch, expected_version, says_nothing_new, set_etag
from ringway.crm_api.outside import AddressRefused, check_url
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page
from ringway.crm_api.sso import service, store
from ringway.crm_api.sso.schemas import (
    ProviderBody,
    ProviderView,
    SsoFinish,
    SsoStart,
    SsoStarted,
)
from ringway.crm_api.users import standing
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

of_auth = api_router("/auth/sso", "auth")
router = api_router("/identity-providers", "identity providers")
Admin = Annotated[Caller, Depends(requires(Permission.USERS_WRITE))]


@of_auth.post("/start")
async def start_sso(wanted: SsoStart, request: Request, deps: DepsOf) -> SsoStarted:
    """Begin a single sign-on: send the browser to `authorization_url`."""
    return await service.start(
        deps,
        slug=wanted.tenant,
        name=wanted.provider,
        redirect_uri=wanted.redirect_uri,
        client_ip=client_ip(request),
    )


@of_auth.post("/finish")
async def finish_sso(back: SsoFinish, request: Request, deps: DepsOf) -> TokenPair:
    """Finish it with what the provider sent the browser back with. Each sign-in ends once."""
    return await service.finish(
        deps,
        state=back.state,
        code=back.code,
        browser_secret=back.browser_secret,
        device=Device(client_ip(request), request.headers.get("user-agent", "")),
    )


@router.post("", status_code=201)
async def create_identity_provider(
    body: ProviderBody, deps: DepsOf, caller: Admin, response: Response
) -> ProviderView:
    """Let the enterprise's people sign in at its own identity provider."""
    provider_id = uuid7()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        wanted = await _wanted(deps, conn, caller, body)
        try:
            made = await store.add(
                conn,
                tenant_id=caller.tenant_id,
                provider_id=provider_id,
                wanted=wanted,
                client_secret=_sealed(deps, caller, provider_id, body),
                now=deps.now(),
            )
        except store.NameTaken:
            raise _name_taken(body.name) from None
        await _note(deps, conn, caller, made, "identity_provider.created")
    set_etag(response, made.version)
    response.headers["Location"] = f"/api/v1/identity-providers/{provider_id}"
    return _view(made)


@router.get("")
async def list_identity_providers(deps: DepsOf, caller: Admin) -> Page[ProviderView]:
    """List the identity providers."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.every(conn, tenant_id=caller.tenant_id)
    return Page(items=[_view(each) for each in found])


@router.get("/{provider_id}")
async def get_identity_provider(
    provider_id: UUID, deps: DepsOf, caller: Admin, response: Response
) -> ProviderView:
    """Return one identity provider."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.get(conn, tenant_id=caller.tenant_id, provider_id=provider_id)
    if found is None:
        raise _not_found(provider_id)
    set_etag(response, found.version)
    return _view(found)


@router.put("/{provider_id}")
async def change_identity_provider(
    provider_id: UUID,
    body: ProviderBody,
    deps: DepsOf,
    caller: Admin,
    response: Response,
    if_match: IfMatch = None,
) -> ProviderView:
    """Change an identity provider."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        before = await store.get(conn, tenant_id=caller.tenant_id, provider_id=provider_id)
        if before is None:
            raise _not_found(provider_id)
        version = expected_version(if_match)
        if version in (None, before.version) and body.client_secret is None:
            shown = _view(before)
            if says_nothing_new(shown, body, apart=("client_secret",)):
                set_etag(response, shown.version)
                return shown
        if body.client_secret is None and body.issuer != before.issuer and before.client_secret:
            raise Invalid("client_secret_needed", "A secret is not sent to another issuer.")
        wanted = await _wanted(deps, conn, caller, body)
        try:
            made = await store.change(
                conn,
                tenant_id=caller.tenant_id,
                provider_id=provider_id,
                wanted=wanted,
                client_secret=_sealed(deps, caller, provider_id, body),
                version=version,
                now=deps.now(),
            )
        except store.NameTaken:
            raise _name_taken(body.name) from None
        if made is None:
            present = await store.get(conn, tenant_id=caller.tenant_id, provider_id=provider_id)
            if present is None:
                raise _not_found(provider_id)
            raise PreconditionFailed(
                "identity_provider_changed",
                "It was changed meanwhile; `current` is what it is now.",
                extra={"current": _view(present).model_dump(mode="json")},
            )
        await _note(deps, conn, caller, made, "identity_provider.changed")
    set_etag(response, made.version)
    return _view(made)


@router.delete("/{provider_id}", status_code=204)
async def remove_identity_provider(provider_id: UUID, deps: DepsOf, caller: Admin) -> None:
    """Remove an identity provider. Its users stay, and sign in with a password."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        before = await store.get(conn, tenant_id=caller.tenant_id, provider_id=provider_id)
        if before is None:
            raise _not_found(provider_id)
        await store.remove(conn, tenant_id=caller.tenant_id, provider_id=provider_id)
        await _note(deps, conn, caller, before, "identity_provider.removed")


async def _wanted(deps: Deps, conn: Connection, caller: Caller, body: ProviderBody) -> store.Wanted:
    try:
        check_url(body.issuer, deps.providers.inside_hosts, who="An identity provider")
    except AddressRefused as error:
        raise Invalid("issuer_refused", str(error)) from error
    wanted = store.Wanted(**body.model_dump(exclude={"client_secret"}))
    for role in service.check_roles(caller.tenant_id, wanted):
        await standing.check_grant(conn, caller, role, None)
    return wanted


def _sealed(deps: Deps, caller: Caller, provider_id: UUID, body: ProviderBody) -> bytes | None:
    if body.client_secret is None:
        return None
    purpose = service.secret_purpose(caller.tenant_id, provider_id)
    return deps.vault.seal(body.client_secret, purpose=purpose)


async def _note(
    deps: Deps, conn: Connection, caller: Caller, provider: store.Provider, action: str
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="identity_provider",
        object_id=provider.provider_id,
        detail={
            "name": provider.name,
            "issuer": provider.issuer,
            "creates_users": provider.creates_users,
            "role_map": provider.role_map,
        },
    )


def _view(provider: store.Provider) -> ProviderView:
    fields = {
        name: getattr(provider, name) for name in ProviderView.model_fields if name != "has_secret"
    }
    return ProviderView(**fields, has_secret=provider.client_secret is not None)


def _not_found(provider_id: UUID) -> NotFound:
    return NotFound("identity_provider_not_found", f"There is no identity provider {provider_id}.")


def _name_taken(name: str) -> Conflict:
    return Conflict("name_taken", f"There is an identity provider {name} already.")
