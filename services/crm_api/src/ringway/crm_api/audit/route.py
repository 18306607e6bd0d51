"""Every act of an administrator leaves an entry, also where nobody thought of one.

The entry and the stored answer for repeats go into the act's own transaction, which is held back
until the answer is known. An act that others carry out, asked over the bus, has an intent written
before: what nobody turned into an entry is found by :func:`ringway.crm_api.audit.intents.sweep`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol
from uuid import UUID

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from ringway.crm_api.access import Caller, Permission, Role
from ringway.crm_api.audit import intents, store
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import translate
from ringway.runtime import held
from ringway.runtime.held import Held
from ringway.runtime.postgres import Connection

_log = logging.getLogger("ringway.crm_api.audit")

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
# About oneself alone: one's seat, phone and account.
_PERSONAL = frozenset({Permission.ME, Permission.AGENTS_ACT, Permission.PHONE})
_INTENT_LIMIT_S = 0.5


class Repeatable(Protocol):
    """What keeps an answer for repeats of its request."""

    tenant_id: UUID

    async def note_act(self, conn: Connection) -> None:
        """Note in an act's transaction that it is done, though its answer is not known yet."""

    async def store(self, conn: Connection, response: Response) -> None:
        """Keep the answer."""

    def keeps(self, response: Response) -> bool:
        """Whether this answer is one to keep."""


class AuditedRoute(APIRoute):
    """A route that notes what an administrator did with it, unless it noted something better."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler of the route."""
        handle = super().get_route_handler()
        if _READS.issuperset(self.methods or ()):
            return handle
        name = self.name

        async def handle_noted(request: Request) -> Response:
            if request.method in _READS:
                return await handle(request)
            return await _Act(request, name).run(handle)

        return handle_noted


class _Act:
    """One request that may change something."""

    def __init__(self, request: Request, operation: str) -> None:
        self._request = request
        self._operation = operation
        self._deps: Deps = request.app.state.deps
        self._repeatable: Repeatable | None = getattr(request.state, "repeatable", None)
        self._noted: list[str] = []
        self._intent: UUID | None = None
        self._held = Held(self._write_early, self._write_intent)

    async def run(self, handle: Callable[[Request], Coroutine[Any, Any, Response]]) -> Response:
        acts, work = store.acts.set(self._noted), held.current.set(self._held)
        try:
            try:
                response = await handle(self._request)
            except Exception as error:
                await self._held.settle()  # what ended well is done
                known = translate(error)
                if known is not None and known.status < 500:
                    await self._drop_intent()  # refused; else nobody knows whether it was done
                raise
            await self._finish(response)
        finally:
            await self._held.end()
            held.current.reset(work)
            store.acts.reset(acts)
        return response

    async def _finish(self, response: Response) -> None:
        """Write the entry and the answer: in the act's last transaction, if there is one."""

        async def write_last(conn: Connection, tenant_id: UUID | None) -> None:
            await self._write_last(conn, tenant_id, response)

        if await self._held.settle(write_last) or not self._has_more(response):
            return
        self._held.stop()
        caller: Caller = self._request.state.caller
        try:
            async with self._deps.pool.tenant(caller.tenant_id) as conn:
                await self._write_last(conn, caller.tenant_id, response)
        except Exception as error:
            # The act is done; that it is not in the log must be known at least.
            _log.error("An act could not be noted.", extra=self._facts(caller, error))

    def _has_more(self, response: Response) -> bool:
        if getattr(self._request.state, "caller", None) is None:
            return False
        is_noted = self._must_note(response) or self._intent is not None
        return is_noted or (self._repeatable is not None and self._repeatable.keeps(response))

    async def _write_last(
        self, conn: Connection, tenant_id: UUID | None, response: Response
    ) -> None:
        caller: Caller = self._request.state.caller
        if not self._has_more(response):
            return
        if tenant_id != caller.tenant_id:
            await _turn_to(conn, caller.tenant_id)
        if self._must_note(response):
            await self._note(conn, caller)
        if self._intent is not None:
            await intents.remove(conn, tenant_id=caller.tenant_id, intent_id=self._intent)
        if self._repeatable is not None and self._repeatable.keeps(response):
            await self._repeatable.store(conn, response)

    async def _write_early(self, conn: Connection, tenant_id: UUID | None) -> None:
        if self._repeatable is not None:
            if tenant_id != self._repeatable.tenant_id:
                await _turn_to(conn, self._repeatable.tenant_id)
            await self._repeatable.note_act(conn)

    # -- entries and intents ---------------------------------------------------------------------

    def _must_note(self, response: Response) -> bool:
        return response.status_code < 400 and not self._noted and self._is_noteworthy()

    def _is_noteworthy(self) -> bool:
        caller: Caller | None = getattr(self._request.state, "caller", None)
        permission: Permission | None = getattr(self._request.state, "permission", None)
        is_his_own = caller is None or caller.role is Role.AGENT
        return not is_his_own and permission not in _PERSONAL

    async def _note(self, conn: Connection, caller: Caller) -> None:
        noun, object_id, detail = self._about()
        await store.add(
            conn,
            caller=caller,
            now=self._deps.now(),
            action=f"api.{self._operation}",
            object_type=noun,
            object_id=object_id,
            detail=detail,
        )

    def _about(self) -> tuple[str, Any, dict[str, str]]:
        # /api/v1/<noun>/<id>/...: what it is about stands in the path.
        noun = (self._request.url.path.split("/") + [""] * 4)[3]
        params = self._request.path_params
        detail = {name: str(value) for name, value in params.items()}
        return noun.removesuffix("s").replace("-", "_"), next(iter(params.values()), ""), detail

    async def _write_intent(self) -> None:
        if self._noted or self._intent is not None or not self._is_noteworthy():
            return
        caller: Caller = self._request.state.caller
        noun, object_id, detail = self._about()
        try:
            async with self._deps.pool.tenant(caller.tenant_id, limit_s=_INTENT_LIMIT_S) as conn:
                self._intent = await intents.add(
                    conn,
                    caller=caller,
                    now=self._deps.now(),
                    action=f"api.{self._operation}",
                    object_type=noun,
                    object_id=object_id,
                    detail=detail,
                )
        except Exception as error:
            # Calls are conducted also while PostgreSQL is away.
            _log.error("What is asked for could not be noted.", extra=self._facts(caller, error))

    async def _drop_intent(self) -> None:
        if self._intent is None:
            return
        self._held.stop()
        caller: Caller = self._request.state.caller
        try:
            async with self._deps.pool.tenant(caller.tenant_id) as conn:
                await intents.remove(conn, tenant_id=caller.tenant_id, intent_id=self._intent)
        except Exception as error:
            _log.error("An intent is left.", extra=self._facts(caller, error))

    def _facts(self, caller: Caller, error: Exception) -> dict[str, str]:
        actor = str(caller.user_id)
        return {"operation": self._operation, "actor_id": actor, "error": repr(error)}


async def _turn_to(conn: Connection, tenant_id: UUID) -> None:
    """Let the rest of a transaction see and write another tenant's rows."""
    await conn.execute("SELECT set_config('ringway.tenant_id', $1, true)", str(tenant_id))
