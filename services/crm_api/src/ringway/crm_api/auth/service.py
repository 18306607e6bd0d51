"""Sign-in: passwords, locks, rotating refresh tokens."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ringway.crm_api.access import PLATFORM_TENANT, Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.auth import factor, lockout, sessions, store
from ringway.crm_api.auth.lockout import Delays
from ringway.crm_api.auth.schemas import TokenPair
from ringway.crm_api.auth.tokens import new_refresh_token, refresh_token_tenant, token_hash
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import BadRequest, TooMany
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_log = logging.getLogger("ringway.crm_api.auth")

PLATFORM_SLUG = "platform"
_MAX_PASSWORD = 256
_ADDRESS_KNOWN_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Device:
    """Where somebody signs in from: the client's address, and what its software calls itself."""

    client_ip: str
    name: str = ""


async def sign_in(
    deps: Deps, *, login: str, password: str, device: Device, otp: str | None = None
) -> TokenPair:
    """Sign in with ``user@tenant-slug``, or ``user`` for operators of the platform.

    Args:
        otp: A code of the second factor, or a recovery code.

    Raises:
        BadRequest: Login or password is wrong, or the account may not be used; it does not say
            which. Or the password is right and the code is missing or wrong.
        TooMany: The login is locked, or the client tries too often.
    """
    check_rate(deps, device.client_ip)
    username, _, slug = login.strip().lower().rpartition("@")
    if not username:
        username, slug = slug, PLATFORM_SLUG
    key = lockout.key_of(f"{username}@{slug}"[:200], device.client_ip)
    async with deps.turns.of(key):
        async with deps.pool.tenant(PLATFORM_TENANT) as conn:
            found = await store.find_login(conn, slug=slug, username=username)
        await refuse_locked(deps, key, found)
        stored = found.password_hash if found is not None else None
        fits = await deps.passwords.verify(stored, password[:_MAX_PASSWORD])
        if found is None or not fits or not found.is_enabled or not found.is_tenant_active:
            await count_failure(deps, key)
            raise _invalid_grant()
        passes = await factor.passes(
            deps, tenant_id=found.tenant_id, user_id=found.user_id, code=otp
        )
        if passes is None:
            raise BadRequest(
                "otp_required",
                "This account has a second factor. Send its code as otp.",
                extra={"error": "otp_required"},
            )
        if not passes:
            await count_failure(deps, key)
            raise BadRequest(
                "otp_invalid",
                "The code is wrong, too old, or was used already.",
                extra={"error": "invalid_grant"},
            )
        async with deps.pool.tenant(PLATFORM_TENANT) as conn:
            await lockout.clear(conn, key=key)
    caller = caller_of(found, uuid7(), device.client_ip)
    if deps.passwords.is_outdated(found.password_hash):
        await _rehash(deps, caller, password)
    return await begin_session(deps, caller, device, method="password")


async def begin_session(deps: Deps, caller: Caller, device: Device, *, method: str) -> TokenPair:
    """Open the session that ``caller`` names, and return its first tokens."""
    now = deps.now()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await sessions.begin(
            conn,
            tenant_id=caller.tenant_id,
            session_id=caller.session_id,
            user_id=caller.user_id,
            method=method,
            device=device.name[:200],
            client_ip=device.client_ip,
            now=now,
            expires_at=now + timedelta(seconds=deps.settings.refresh_token_s),
        )
        pair = await _issue(deps, conn, caller, now)
        await audit.add(
            conn,
            caller=caller,
            now=now,
            action="auth.signed_in",
            object_type="user",
            object_id=caller.user_id,
            detail={"method": method},
        )
    return pair


async def refresh(deps: Deps, *, token: str, client_ip: str) -> TokenPair:
    """Exchange a refresh token for a new pair.

    A token that was used before ends its session: either its owner or a thief has the newer
    one, and nobody can tell who asks.

    Raises:
        BadRequest: The token is not valid (any more).
    """
    check_rate(deps, client_ip)
    tenant_id = refresh_token_tenant(token)
    if tenant_id is None:
        raise _invalid_grant()
    now = deps.now()
    async with deps.pool.tenant(tenant_id) as conn:
        stored = await store.take_refresh_token(
            conn, tenant_id=tenant_id, token_hash=token_hash(token), now=now
        )
        found = (
            await store.login_of(conn, tenant_id=tenant_id, user_id=stored.user_id)
            if stored is not None
            else None
        )
        if stored is not None and stored.used_at is not None:
            _log.warning(
                "A refresh token was used twice; its session is ended.",
                extra={"tenant": str(tenant_id), "user_id": str(stored.user_id)},
            )
            await sessions.end(
                conn,
                tenant_id=tenant_id,
                session_id=stored.session_id,
                now=now,
                because="token_reused",
            )
            if found is not None:
                await audit.add(
                    conn,
                    caller=caller_of(found, stored.session_id, client_ip),
                    now=now,
                    action="auth.token_reused",
                    object_type="session",
                    object_id=stored.session_id,
                )
            deps.guard.forget(tenant_id, stored.user_id)
        elif (
            stored is not None
            and found is not None
            and stored.expires_at > now
            and found.is_enabled
            and found.is_tenant_active
            and await sessions.prolong(
                conn,
                tenant_id=tenant_id,
                session_id=stored.session_id,
                now=now,
                expires_at=now + timedelta(seconds=deps.settings.refresh_token_s),
            )
        ):
            return await _issue(deps, conn, caller_of(found, stored.session_id, client_ip), now)
    raise _invalid_grant()


async def sign_out(deps: Deps, caller: Caller) -> None:
    """End the caller's session: none of its tokens works any more."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await sessions.end(
            conn,
            tenant_id=caller.tenant_id,
            session_id=caller.session_id,
            now=deps.now(),
            because="signed_out",
        )
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="auth.signed_out",
            object_type="user",
            object_id=caller.user_id,
        )
    deps.guard.forget(caller.tenant_id, caller.user_id)


def check_rate(deps: Deps, client_ip: str) -> None:
    """Raise TooMany when this address signs in too often."""
    wait_s = deps.sign_in_limiter.take(client_ip, deps.monotonic())
    if wait_s:
        raise TooMany("sign_in_rate", "Too many sign-ins from here.", retry_after_s=wait_s)


async def refuse_locked(deps: Deps, key: lockout.Key, found: store.Login | None) -> None:
    """Raise TooMany when the login waits, here or everywhere but where its owner was lately."""
    now = deps.now()
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        until = await lockout.locked_until(conn, login=key.here, now=now)
        everywhere = await lockout.locked_until(conn, login=key.login, now=now)
    if everywhere is not None and not await _is_known(deps, key, found, now):
        until = max(until or everywhere, everywhere)
    if until is not None:
        raise TooMany(
            "sign_in_locked",
            "Too many sign-ins with a wrong password. Wait, then try again.",
            retry_after_s=(until - now).total_seconds(),
        )


async def count_failure(deps: Deps, key: lockout.Key) -> None:
    """Count a wrong password or code."""
    settings = deps.settings
    delays = Delays(settings.lockout_failures, settings.lockout_first_s, settings.lockout_s)
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        locked = await lockout.add_failure(conn, key=key, now=deps.now(), delays=delays)
    if locked:
        _log.warning("A login is locked.", extra={"pii_login": key.login})


async def _is_known(deps: Deps, key: lockout.Key, found: store.Login | None, now: datetime) -> bool:
    if found is None:
        return False
    async with deps.pool.tenant(found.tenant_id) as conn:
        return await lockout.is_known_address(
            conn,
            tenant_id=found.tenant_id,
            user_id=found.user_id,
            address=key.address,
            since=now - _ADDRESS_KNOWN_FOR,
        )


def _invalid_grant() -> BadRequest:
    # "error" is what OAuth2 clients look at (RFC 6749, 5.2).
    return BadRequest(
        "invalid_grant",
        "Login, password or token is not valid.",
        extra={"error": "invalid_grant"},
    )


async def _rehash(deps: Deps, caller: Caller, password: str) -> None:
    fresh = await deps.passwords.hash(password)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.set_password_hash(
            conn,
            tenant_id=caller.tenant_id,
            user_id=caller.user_id,
            password_hash=fresh,
            now=deps.now(),
        )


async def _issue(deps: Deps, conn: Connection, caller: Caller, now: datetime) -> TokenPair:
    token = new_refresh_token(caller.tenant_id)
    await store.add_refresh_token(
        conn,
        tenant_id=caller.tenant_id,
        token_hash=token_hash(token),
        session_id=caller.session_id,
        user_id=caller.user_id,
        now=now,
        expires_at=now + timedelta(seconds=deps.settings.refresh_token_s),
    )
    return TokenPair(
        access_token=deps.tokens.access_token(caller, now),
        expires_in=int(deps.tokens.access_s),
        refresh_token=token,
    )


def caller_of(found: store.Login, session_id: UUID, client_ip: str) -> Caller:
    """Return whom an account is in a session."""
    return Caller(
        tenant_id=found.tenant_id,
        user_id=found.user_id,
        username=found.username,
        role=found.role,
        agent_number=found.agent_number,
        session_id=session_id,
        client_ip=client_ip,
    )
