"""Single sign-on: there with PKCE, state and nonce, and back as one of the enterprise's users."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from ringway.crm_api.access import Caller, Role, roles_of_tenant
from ringway.crm_api.audit import store as audit
from ringway.crm_api.auth import service as auth
from ringway.crm_api.auth import store as auth_store
from ringway.crm_api.auth.schemas import TokenPair
from ringway.crm_api.auth.service import Device
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import ApiError, BadRequest, Forbidden, Invalid, NotFound
from ringway.crm_api.outside import AddressRefused
from ringway.crm_api.sso import store
from ringway.crm_api.sso.provider import ProviderFailed
from ringway.crm_api.sso.schemas import SsoStarted
from ringway.crm_api.users import store as users
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_FLOW_S = 600
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")


async def start(
    deps: Deps, *, slug: str, name: str | None, redirect_uri: str, client_ip: str
) -> SsoStarted:
    """Return where to send the browser.

    Raises:
        NotFound: The enterprise has no (such) provider.
        Invalid: The browser would come back to a page that is not agreed.
        BadRequest, ProviderDown: The provider cannot be used (now).
    """
    auth.check_rate(deps, client_ip)
    async with deps.pool.platform() as conn:
        tenant_id = await store.find_tenant(conn, slug=slug.strip().lower())
    if tenant_id is None:
        raise _not_found()
    async with deps.pool.tenant(tenant_id) as conn:
        known = [each for each in await store.every(conn, tenant_id=tenant_id) if each.is_enabled]
    named = [each for each in known if name is None or each.name.lower() == name.lower()]
    if len(named) != 1:
        raise _not_found()
    (provider,) = named
    if redirect_uri not in provider.redirect_uris:
        raise Invalid("redirect_uri_unknown", "The provider's settings do not name this page.")
    metadata = await _asked(deps.providers.metadata(provider.issuer))
    state = f"{tenant_id.hex}.{secrets.token_urlsafe(32)}"
    browser_secret, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    nonce = secrets.token_urlsafe(24)
    now = deps.now()
    async with deps.pool.tenant(tenant_id) as conn:
        await store.add_flow(
            conn,
            tenant_id=tenant_id,
            state_hash=_hash(state),
            flow=store.Flow(
                provider_id=provider.provider_id,
                browser_hash=_hash(browser_secret),
                nonce=nonce,
                verifier=deps.vault.seal(verifier, purpose=f"sso {state}"),
                redirect_uri=redirect_uri,
                expires_at=now + timedelta(seconds=_FLOW_S),
            ),
            now=now,
        )
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    query = urlencode(
        {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": provider.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
    )
    endpoint = metadata["authorization_endpoint"]
    return SsoStarted(
        authorization_url=f"{endpoint}{'&' if '?' in endpoint else '?'}{query}",
        state=state,
        browser_secret=browser_secret,
        expires_in=_FLOW_S,
    )


async def finish(
    deps: Deps, *, state: str, code: str, browser_secret: str, device: Device
) -> TokenPair:
    """Sign in who came back from the provider.

    Raises:
        BadRequest: This browser did not begin it, it is over, or the provider does not confirm.
        Forbidden: The provider knows him, the enterprise does not.
    """
    auth.check_rate(deps, device.client_ip)
    tenant_id = _tenant_of(state)
    async with deps.pool.tenant(tenant_id) as conn:
        flow = await store.take_flow(conn, tenant_id=tenant_id, state_hash=_hash(state))
        provider = (
            await store.get(conn, tenant_id=tenant_id, provider_id=flow.provider_id)
            if flow is not None
            else None
        )
    if (
        flow is None
        or provider is None
        or not provider.is_enabled
        or flow.expires_at <= deps.now()
        or not hmac.compare_digest(_hash(browser_secret), flow.browser_hash)
    ):
        raise _flow_unknown()
    secret = provider.client_secret
    token = await _asked(
        deps.providers.exchange(
            provider.issuer,
            client_id=provider.client_id,
            client_secret=deps.vault.open(secret, purpose=secret_purpose(tenant_id, provider))
            if secret is not None
            else None,
            code=code,
            verifier=deps.vault.open(flow.verifier, purpose=f"sso {state}"),
            redirect_uri=flow.redirect_uri,
        )
    )
    claims = await _asked(
        deps.providers.claims(
            provider.issuer, token, client_id=provider.client_id, nonce=flow.nonce
        )
    )
    async with deps.pool.tenant(tenant_id) as conn:
        user_id = await _user(deps, conn, tenant_id, provider, claims, device.client_ip)
        login = await auth_store.login_of(conn, tenant_id=tenant_id, user_id=user_id)
    if login is None or not login.is_enabled or not login.is_tenant_active:
        raise _unknown()
    deps.guard.forget(tenant_id, user_id)
    caller = auth.caller_of(login, uuid7(), device.client_ip)
    return await auth.begin_session(deps, caller, device, method="oidc")


def secret_purpose(tenant_id: UUID, provider: store.Provider | UUID) -> str:
    """Return what a provider's secret is sealed for."""
    provider_id = provider if isinstance(provider, UUID) else provider.provider_id
    return f"identity provider {tenant_id} {provider_id}"


async def _user(
    deps: Deps,
    conn: Connection,
    tenant_id: UUID,
    provider: store.Provider,
    claims: Mapping[str, Any],
    client_ip: str,
) -> UUID:
    """Return whom the claims mean; made, linked or given another role, where that is wanted."""
    subject, username = str(claims["sub"])[:255], username_of(provider, claims)
    role = role_of(provider, claims)
    user_id = await store.user_of(
        conn,
        tenant_id=tenant_id,
        provider_id=provider.provider_id,
        subject=subject,
        username=username or "",
    )
    if user_id is None:
        wanted = role or provider.default_role
        if not provider.creates_users or username is None or wanted is None:
            raise _unknown()
        try:
            made = await users.add(
                conn,
                tenant_id=tenant_id,
                user_id=uuid7(),
                username=username,
                display_name=str(claims.get("name", ""))[:200],
                role=wanted,
                # Nobody knows this password; he comes through the provider.
                password_hash=await deps.passwords.hash(secrets.token_urlsafe(32)),
                agent_number=None,
                now=deps.now(),
            )
        except users.UsernameTaken:
            raise _unknown() from None  # the name is somebody else's at the provider
        user_id = made.user_id
        await _note(deps, conn, made, tenant_id, provider, "user.created", client_ip)
    elif role is not None:
        present = await users.get(conn, tenant_id=tenant_id, user_id=user_id)
        if present is not None and present.role is not role and present.agent_number is None:
            await conn.execute(
                "UPDATE crm.user_account SET role = $3, own_role = NULL, version = version + 1, "
                "updated_at = $4 WHERE tenant_id = $1 AND user_id = $2",
                tenant_id,
                user_id,
                role.value,
                deps.now(),
            )
            await _note(deps, conn, present, tenant_id, provider, "user.role_followed", client_ip)
    await store.link(
        conn,
        tenant_id=tenant_id,
        provider_id=provider.provider_id,
        subject=subject,
        user_id=user_id,
        now=deps.now(),
    )
    return user_id


def username_of(provider: store.Wanted, claims: Mapping[str, Any]) -> str | None:
    """Return the name that the claims give a user here, or None."""
    value = claims.get(provider.username_claim)
    if not isinstance(value, str):
        return None
    if provider.username_claim == "email":
        if claims.get("email_verified") is not True:
            return None
        value = value.partition("@")[0]
    name = value.strip().lower()
    return name if _USERNAME.fullmatch(name) else None


def role_of(provider: store.Wanted, claims: Mapping[str, Any]) -> Role | None:
    """Return the role of the first word of the claim that the map knows."""
    if provider.role_claim is None:
        return None
    value = claims.get(provider.role_claim)
    words = value if isinstance(value, list) else [value]
    known = (provider.role_map.get(word) for word in words if isinstance(word, str))
    return next((role for role in known if role is not None), None)


async def _note(
    deps: Deps,
    conn: Connection,
    user: users.User,
    tenant_id: UUID,
    provider: store.Provider,
    action: str,
    client_ip: str,
) -> None:
    actor = Caller(
        tenant_id=tenant_id,
        user_id=user.user_id,
        username=user.username,
        role=user.role,
        agent_number=user.agent_number,
        session_id=uuid7(),
        client_ip=client_ip,
    )
    await audit.add(
        conn,
        caller=actor,
        now=deps.now(),
        action=action,
        object_type="user",
        object_id=user.user_id,
        detail={"identity_provider": provider.name},
    )


async def _asked(answer: Any) -> Any:
    try:
        return await answer
    except (ProviderFailed, AddressRefused) as error:
        raise BadRequest("identity_provider_failed", str(error)) from error


def _tenant_of(state: str) -> UUID:
    try:
        return UUID(hex=state.partition(".")[0])
    except ValueError:
        raise _flow_unknown() from None


def check_roles(tenant_id: UUID, wanted: store.Wanted) -> list[Role]:
    """Return the roles that a provider may give. Raises Invalid when users here have no such."""
    given = [*wanted.role_map.values(), *([wanted.default_role] if wanted.default_role else [])]
    if strange := [role for role in given if role not in roles_of_tenant(tenant_id)]:
        raise Invalid("role_not_here", f"Users here have no role {strange[0]}.")
    return list(dict.fromkeys(given))


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _flow_unknown() -> ApiError:
    return BadRequest("sso_unknown", "This sign-in is not known, or over. Begin again.")


def _unknown() -> ApiError:
    return Forbidden("sso_user_unknown", "You have no (enabled) account here.")


def _not_found() -> ApiError:
    return NotFound("sso_not_found", "There is no single sign-on for this enterprise.")
