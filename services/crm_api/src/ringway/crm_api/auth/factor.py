"""The second factor: enrol, confirm, ask for it, lose it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.auth import account, factor_store, lockout, service, sessions, totp
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import BadRequest, Conflict, NotFound
from ringway.crm_api.users import standing
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the authenticator app needs; shown once."""

    secret: str
    uri: str


async def enrol(deps: Deps, caller: Caller, *, password: str) -> Enrolment:
    """Make a secret that waits for its first code.

    Raises:
        BadRequest: The password is wrong.
        Conflict: There is a confirmed factor already.
    """
    tenant = await account.check_own_password(deps, caller, password)
    secret = totp.new_secret()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        begun = await factor_store.begin(
            conn,
            tenant_id=caller.tenant_id,
            user_id=caller.user_id,
            secret=deps.vault.seal(secret, purpose=_purpose(caller.tenant_id, caller.user_id)),
            now=deps.now(),
        )
    if not begun:
        raise Conflict("second_factor_active", "There is a second factor already. Remove it first.")
    login = f"{caller.username}@{tenant}"
    return Enrolment(secret, totp.uri(secret, login=login, issuer="Ringway"))


async def confirm(deps: Deps, caller: Caller, *, code: str) -> list[str]:
    """Prove that the app has the secret. Returns the recovery codes; they are shown once.

    Raises:
        NotFound: Nothing waits for a confirmation.
        BadRequest: The code is wrong.
    """
    key = await _key(deps, caller)
    async with deps.turns.of(key):
        await service.refuse_locked(deps, key, None)
        async with deps.pool.tenant(caller.tenant_id) as conn:
            factor = await factor_store.get(
                conn, tenant_id=caller.tenant_id, user_id=caller.user_id
            )
            if factor is None or factor.confirmed_at is not None:
                raise NotFound("second_factor_not_pending", "No second factor waits here.")
            fits = await _use_code(deps, conn, caller.tenant_id, caller.user_id, factor, code)
            if fits:
                await factor_store.confirm(
                    conn, tenant_id=caller.tenant_id, user_id=caller.user_id, now=deps.now()
                )
                codes = await _new_codes(deps, conn, caller)
                await _note(deps, conn, caller, caller.user_id, "auth.second_factor_added")
        if not fits:
            await service.count_failure(deps, key)
            raise _wrong_code()
    deps.guard.forget(caller.tenant_id, caller.user_id)
    return codes


async def new_recovery_codes(deps: Deps, caller: Caller, *, code: str) -> list[str]:
    """Replace the recovery codes. Raises BadRequest when ``code`` is wrong."""
    await _check_own_code(deps, caller, code)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        codes = await _new_codes(deps, conn, caller)
        await _note(deps, conn, caller, caller.user_id, "auth.recovery_codes_renewed")
    return codes


async def remove_own(deps: Deps, caller: Caller, *, password: str, code: str) -> None:
    """Remove the caller's factor. Raises BadRequest when password or code is wrong."""
    await account.check_own_password(deps, caller, password)
    await _check_own_code(deps, caller, code)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await factor_store.remove(conn, tenant_id=caller.tenant_id, user_id=caller.user_id)
        await _note(deps, conn, caller, caller.user_id, "auth.second_factor_removed")
    deps.guard.forget(caller.tenant_id, caller.user_id)


async def reset(deps: Deps, caller: Caller, *, user_id: UUID) -> None:
    """Remove the factor of a user who lost it, and end his sessions.

    Raises:
        NotFound: He has none.
        Forbidden: He may do more than the caller.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await standing.check_access_change(conn, caller, user_id)
        if not await factor_store.remove(conn, tenant_id=caller.tenant_id, user_id=user_id):
            raise NotFound("second_factor_not_found", "This user has no second factor.")
        await sessions.end(
            conn,
            tenant_id=caller.tenant_id,
            user_id=user_id,
            now=deps.now(),
            because="second_factor_reset",
        )
        await _note(deps, conn, caller, user_id, "user.second_factor_reset")
    deps.guard.forget(caller.tenant_id, user_id)


async def passes(deps: Deps, *, tenant_id: UUID, user_id: UUID, code: str | None) -> bool | None:
    """Return whether a sign-in passes: None when a code is needed and none was given."""
    async with deps.pool.tenant(tenant_id) as conn:
        factor = await factor_store.get(conn, tenant_id=tenant_id, user_id=user_id)
        if factor is None or factor.confirmed_at is None:
            return True
        if code is None:
            return None
        return await _use_code(deps, conn, tenant_id, user_id, factor, code) or (
            await factor_store.use_recovery_code(
                conn,
                tenant_id=tenant_id,
                user_id=user_id,
                code_hash=_code_hash(deps, tenant_id, user_id, code),
                now=deps.now(),
            )
        )


async def _use_code(
    deps: Deps,
    conn: Connection,
    tenant_id: UUID,
    user_id: UUID,
    factor: factor_store.Factor,
    code: str,
) -> bool:
    secret = deps.vault.open(factor.secret, purpose=_purpose(tenant_id, user_id))
    step = totp.step_of(secret, code, deps.now())
    return step is not None and await factor_store.use_step(
        conn, tenant_id=tenant_id, user_id=user_id, step=step
    )


async def _check_own_code(deps: Deps, caller: Caller, code: str) -> None:
    key = await _key(deps, caller)
    async with deps.turns.of(key):
        await service.refuse_locked(deps, key, None)
        async with deps.pool.tenant(caller.tenant_id) as conn:
            found = await factor_store.get(conn, tenant_id=caller.tenant_id, user_id=caller.user_id)
        if found is None or found.confirmed_at is None:
            raise NotFound("second_factor_not_found", "There is no second factor.")
        if not await passes(deps, tenant_id=caller.tenant_id, user_id=caller.user_id, code=code):
            await service.count_failure(deps, key)
            raise _wrong_code()


async def _new_codes(deps: Deps, conn: Connection, caller: Caller) -> list[str]:
    codes = totp.new_recovery_codes()
    hashes = [_code_hash(deps, caller.tenant_id, caller.user_id, each) for each in codes]
    await factor_store.replace_recovery_codes(
        conn, tenant_id=caller.tenant_id, user_id=caller.user_id, hashes=hashes
    )
    return codes


async def _key(deps: Deps, caller: Caller) -> lockout.Key:
    return lockout.key_of(f"{caller.user_id} second factor", caller.client_ip)


async def _note(deps: Deps, conn: Connection, caller: Caller, user_id: UUID, action: str) -> None:
    await audit.add(
        conn, caller=caller, now=deps.now(), action=action, object_type="user", object_id=user_id
    )


def _purpose(tenant_id: UUID, user_id: UUID) -> str:
    return f"second factor {tenant_id} {user_id}"


def _code_hash(deps: Deps, tenant_id: UUID, user_id: UUID, code: str) -> bytes:
    return deps.vault.digest(totp.plain(code), purpose=f"recovery {tenant_id} {user_id}")


def _wrong_code() -> BadRequest:
    return BadRequest("otp_invalid", "The code is wrong, too old, or was used already.")
