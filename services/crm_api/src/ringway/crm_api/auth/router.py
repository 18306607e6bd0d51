"""/auth: sign in, refresh, sign out."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, Form, Query, Request

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.auth import service
from ringway.crm_api.auth.schemas import SignInPage, TokenPair
from ringway.crm_api.deps import DepsOf, client_ip, requires
from ringway.crm_api.errors import BadRequest
from ringway.crm_api.routing import api_router
from ringway.crm_api.sso import page

router = api_router("/auth", "auth")


@router.post("/token")
async def issue_token(
    request: Request,
    deps: DepsOf,
    grant_type: Annotated[Literal["password", "refresh_token"], Form()],
    username: Annotated[str | None, Form(max_length=200, examples=["ann@acme"])] = None,
    password: Annotated[str | None, Form(max_length=256)] = None,
    otp: Annotated[
        str | None, Form(max_length=40, description="Code of the second factor.")
    ] = None,
    refresh_token: Annotated[str | None, Form(max_length=500)] = None,
) -> TokenPair:
    """Sign in (OAuth2 password grant), or exchange a refresh token.

    `username` is `user@tenant-slug`, or `user` alone for an operator of the platform. A refresh
    token works once; using it a second time ends the session. `otp_required` says that the
    password is right and the account has a second factor: send the same again with `otp`.
    """
    device = service.Device(client_ip(request), request.headers.get("user-agent", ""))
    if grant_type == "password":
        if username is None or password is None:
            raise _incomplete("username and password")
        return await service.sign_in(
            deps, login=username, password=password, device=device, otp=otp
        )
    if refresh_token is None:
        raise _incomplete("refresh_token")
    return await service.refresh(deps, token=refresh_token, client_ip=device.client_ip)


@router.get("/sign-in-page")
async def get_sign_in_page(
    tenant: Annotated[str, Query(max_length=40, examples=["acme"])],
    request: Request,
    deps: DepsOf,
) -> SignInPage:
    """Return what an enterprise's own sign-in page shows. Nobody has to be signed in.

    An enterprise that has chosen no title (`/security-policy`) answers as one that is not there.
    """
    return await page.of(deps, slug=tenant, client_ip=client_ip(request))


@router.post("/sign-out", status_code=204)
async def sign_out(
    deps: DepsOf, caller: Annotated[Caller, Depends(requires(Permission.ME))]
) -> None:
    """End this session: its tokens work no more."""
    await service.sign_out(deps, caller)


def _incomplete(what: str) -> BadRequest:
    return BadRequest(
        "invalid_request", f"This grant needs {what}.", extra={"error": "invalid_request"}
    )
