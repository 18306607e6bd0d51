"""Every act of an administrator leaves an entry, also where nobody thought of one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from ringway.crm_api.access import Caller, Permission, Role
from ringway.crm_api.audit import store
from ringway.crm_api.deps import Deps

_log = logging.getLogger("ringway.crm_api.audit")

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
# About oneself alone: one's seat, phone and account.
_PERSONAL = frozenset({Permission.ME, Permission.AGENTS_ACT, Permission.PHONE})


class AuditedRoute(APIRoute):
    """A route that notes what an administrator did with it, unless it noted something better."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler of the route."""
        handle = super().get_route_handler()
        name = self.name

        async def handle_noted(request: Request) -> Response:
            if request.method in _READS:
                return await handle(request)
            noted: list[str] = []
            token = store.acts.set(noted)
            try:
                response = await handle(request)
                if response.status_code < 400 and not noted:
                    await _note(request, name)
            finally:
                store.acts.reset(token)
            return response

        return handle_noted


async def _note(request: Request, operation: str) -> None:
    caller: Caller | None = getattr(request.state, "caller", None)
    permission: Permission | None = getattr(request.state, "permission", None)
    if caller is None or caller.role is Role.AGENT or permission in _PERSONAL:
        return
    deps: Deps = request.app.state.deps
    # /api/v1/<noun>/<id>/...: what it is about stands in the path.
    noun = (request.url.path.split("/") + [""] * 4)[3]
    try:
        async with deps.pool.tenant(caller.tenant_id) as conn:
            await store.add(
                conn,
                caller=caller,
                now=deps.now(),
                action=f"api.{operation}",
                object_type=noun.removesuffix("s").replace("-", "_"),
                object_id=next(iter(request.path_params.values()), ""),
                detail={k: str(v) for k, v in request.path_params.items()},
            )
    except Exception as error:
        # The act is done; that it is not in the log must be known at least.
        _log.error(
            "An act could not be noted.",
            extra={"operation": operation, "actor_id": str(caller.user_id), "error": repr(error)},
        )
