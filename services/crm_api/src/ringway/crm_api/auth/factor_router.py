"""/me/second-factor, /users/{user_id}/second-factor."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.auth import factor, factor_store
from ringway.crm_api.auth.schemas import (
    EnrolmentView,
    Otp,
    PasswordAgain,
    PasswordAndOtp,
    RecoveryCodes,
    SecondFactorView,
)
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.routing import api_router

of_me = api_router("/me/second-factor", "me")
of_users = api_router("/users", "users")
Self = Annotated[Caller, Depends(requires(Permission.ME))]
Admin = Annotated[Caller, Depends(requires(Permission.USERS_WRITE))]


@of_me.get("")
async def get_second_factor(deps: DepsOf, caller: Self) -> SecondFactorView:
    """Return whether the caller has a second factor."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await factor_store.get(conn, tenant_id=caller.tenant_id, user_id=caller.user_id)
    return SecondFactorView(
        active=found is not None and found.confirmed_at is not None,
        recovery_codes_left=found.codes_left if found is not None else 0,
    )


@of_me.post("", status_code=201)
async def enrol_second_factor(again: PasswordAgain, deps: DepsOf, caller: Self) -> EnrolmentView:
    """Begin with a second factor: give the secret to an authenticator app, then confirm."""
    made = await factor.enrol(deps, caller, password=again.current_password)
    return EnrolmentView(secret=made.secret, uri=made.uri)


@of_me.post("/confirm")
async def confirm_second_factor(otp: Otp, deps: DepsOf, caller: Self) -> RecoveryCodes:
    """Confirm with the app's first code. From now on sign-in asks for one."""
    return RecoveryCodes(recovery_codes=await factor.confirm(deps, caller, code=otp.code))


@of_me.post("/recovery-codes")
async def renew_recovery_codes(otp: Otp, deps: DepsOf, caller: Self) -> RecoveryCodes:
    """Make new recovery codes; the old ones end."""
    codes = await factor.new_recovery_codes(deps, caller, code=otp.code)
    return RecoveryCodes(recovery_codes=codes)


@of_me.post("/remove", status_code=204)
async def remove_second_factor(proof: PasswordAndOtp, deps: DepsOf, caller: Self) -> None:
    """Remove one's second factor. A role that must have one is asked for another at once."""
    await factor.remove_own(deps, caller, password=proof.current_password, code=proof.code)


@of_users.delete("/{user_id}/second-factor", status_code=204)
async def reset_second_factor(user_id: UUID, deps: DepsOf, caller: Admin) -> None:
    """Remove the second factor of a user who lost it. His sessions end."""
    await factor.reset(deps, caller, user_id=user_id)
