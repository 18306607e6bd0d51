"""What routes are given: the parts of this process, and who is calling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.security import OAuth2PasswordBearer
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param
from starlette.requests import HTTPConnection

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.auth.guard import Guard
from ringway.crm_api.auth.keys import Keys, is_key
from ringway.crm_api.auth.limiter import RateLimiter
from ringway.crm_api.auth.lockout import Turns
from ringway.crm_api.auth.passwords import Passwords
from ringway.crm_api.auth.tokens import Tokens
from ringway.crm_api.auth.vault import Vault
from ringway.crm_api.config import Settings
from ringway.crm_api.customer_files.reader import FileReader
from ringway.crm_api.errors import Forbidden, TooMany, Unauthorized
from ringway.crm_api.events.hub import PresenceHub
from ringway.crm_api.features import features_of
from ringway.crm_api.imports.runner import ImportRunner
from ringway.crm_api.recordings.media import RecorderMedia
from ringway.crm_api.rights import Rights
from ringway.crm_api.sso.provider import Providers
from ringway.crm_api.webhooks.endpoints import Endpoints
from ringway.runtime import held
from ringway.runtime.bus import Bus
from ringway.runtime.health import Health
from ringway.runtime.postgres import Pool


@dataclass(frozen=True, slots=True)
class Deps:
    """The parts of one process; made at start, closed in reverse."""

    settings: Settings
    pool: Pool
    bus: Bus
    health: Health
    passwords: Passwords
    tokens: Tokens
    guard: Guard
    rights: Rights
    sign_in_limiter: RateLimiter
    turns: Turns
    vault: Vault
    keys: Keys
    providers: Providers
    request_limiter: RateLimiter
    refusal_limiter: RateLimiter
    importer: ImportRunner
    file_reader: FileReader
    job_waits: asyncio.Event  # set: a job on many customers waits for the worker
    hub: PresenceHub
    webhooks: Endpoints
    media: RecorderMedia
    now: Callable[[], datetime]
    monotonic: Callable[[], float]

    def wake_jobs(self) -> None:
        """Tell the worker, as soon as it is committed, that a job on many customers waits."""
        held.afterwards(self.job_waits.set)


async def get_deps(connection: HTTPConnection) -> Deps:
    """Return the parts of the process that serves this connection.

    A coroutine, because FastAPI would ask a plain function in a thread.
    """
    deps: Deps = connection.app.state.deps
    return deps


DepsOf = Annotated[Deps, Depends(get_deps)]

_BEARER = OAuth2PasswordBearer(tokenUrl="/api/v1/auth/token")


def client_ip(connection: HTTPConnection) -> str:
    """Return the address of the client; uvicorn has applied trusted proxies' headers."""
    return connection.client.host if connection.client is not None else ""


class Requires(SecurityBase):
    """A dependency: the caller, if he has the permission. The only place that decides.

    Routes say it as ``caller: Annotated[Caller, Depends(requires(Permission.X))]``. It takes the
    token from the request itself, and is a scheme of the OpenAPI document for that: dependencies
    of a dependency are solved anew by FastAPI for every request.
    """

    model, scheme_name = _BEARER.model, _BEARER.scheme_name

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Caller:
        """Return the caller.

        Raises:
            Unauthorized: Nobody known calls.
            Forbidden: He does not have the permission.
        """
        deps: Deps = request.app.state.deps
        scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
        if scheme.lower() != "bearer":
            raise Unauthorized("not_signed_in", "Sign in: send an access token as Bearer.")
        try:
            caller = await self._authenticate(deps, token, client_ip(request))
        except Unauthorized:
            wait_s = deps.refusal_limiter.take(client_ip(request), deps.monotonic())
            if wait_s:
                raise too_many_requests(wait_s) from None
            raise
        _take_turn(request, deps, caller)
        if not caller.may(self.permission):
            raise Forbidden(
                "permission_missing",
                f"The caller ({caller.role.value}) does not have the permission {self.permission}.",
                extra={"permission": self.permission.value},
            )
        self._check_features(request, caller)
        request.state.caller, request.state.permission = caller, self.permission
        if (work := held.current.get()) is not None:
            work.begin()  # from here on it is the act, not the question of who asks
        return caller

    @staticmethod
    def _check_features(request: Request, caller: Caller) -> None:
        route = request.scope["route"]
        off = [each for each in features_of(route.name, route.tags) if each in caller.features_off]
        if off:
            raise Forbidden(
                "feature_off",
                f"The enterprise does not have the feature {off[0].value}.",
                extra={"feature": off[0].value},
            )

    async def _authenticate(self, deps: Deps, token: str, address: str) -> Caller:
        now = deps.now()
        if is_key(token):
            return await deps.rights.of(await deps.keys.caller(token, now, address), now)
        caller, _ = deps.tokens.read(token, now, address)
        # A sign-in that is not finished (a password or factor to choose) reaches only oneself.
        await deps.guard.check(caller, now, may_be_unfinished=self.permission is Permission.ME)
        return await deps.rights.of(caller, now)


def _take_turn(request: Request, deps: Deps, caller: Caller) -> None:
    """Count the request for its key, or for the user. Raises TooMany."""
    key = f"{caller.user_id} {caller.session_id if caller.scopes is not None else ''}"
    at = deps.monotonic()
    wait_s = deps.request_limiter.take(key, at)
    # The middleware tells it in the headers of the answer.
    request.state.rate_limit = deps.request_limiter.state(key, at)
    if wait_s:
        raise too_many_requests(wait_s)


def too_many_requests(wait_s: float) -> TooMany:
    """Return the error for a client that should slow down."""
    return TooMany("rate_limited", "Too many requests. Slow down.", retry_after_s=wait_s)


def requires(permission: Permission) -> Callable[..., Awaitable[Caller]]:
    """Return the dependency that lets only callers with ``permission`` pass."""
    return Requires(permission)


Limit = Annotated[int, Query(ge=1, le=500, description="How many items a page holds at most.")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the previous page.")
]
