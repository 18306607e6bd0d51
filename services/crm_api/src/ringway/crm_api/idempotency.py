"""``Idempotency-Key`` on POST: the first answer is stored and given again to repeats.

A key belongs to one caller. It is taken before the work begins, so that two simultaneous
requests do the work once; a process that dies with it leaves it to a repeat after a minute.
The answer is stored in the last transaction of the work: a process that dies leaves both or
neither. Where an earlier transaction of the work is committed and the process dies, a repeat is
told that the outcome is unknown, and does nothing. An answer that says "try again" (5xx) is not
stored. Secrets that are shown once (a new SIP password) are not stored either: a repeat gets null
in their place.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from ringway.crm_api.access import Caller
from ringway.crm_api.audit.route import AuditedRoute
from ringway.crm_api.auth.keys import is_key
from ringway.crm_api.deps import Deps, client_ip
from ringway.crm_api.errors import ApiError, BadRequest, Conflict, Invalid, problem, translate
from ringway.runtime.errors import PostgresDown, Refused
from ringway.runtime.postgres import Connection

_log = logging.getLogger("ringway.crm_api.idempotency")

HEADER = "idempotency-key"
_HOLD = timedelta(seconds=60)
_MAX_KEY = 200
_KEPT_HEADERS = ("content-type", "etag", "location")
_PHONE = "sip_password"
_SECRETS = frozenset(
    {_PHONE, "access_token", "refresh_token", "secret", "uri", "recovery_codes", "key"}
)


@dataclass(frozen=True, slots=True)
class _Stored:
    fingerprint: bytes
    status: int | None
    is_over: bool  # nobody works on it any more
    headers: dict[str, str]
    body: bytes


class IdempotentRoute(AuditedRoute):
    """A route whose POST honours ``Idempotency-Key``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler of the route."""
        handle = super().get_route_handler()
        if "POST" not in (self.methods or ()):
            return handle

        async def handle_once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if request.method != "POST" or key is None:
                return await handle(request)
            if not 1 <= len(key) <= _MAX_KEY or not key.isascii() or not key.isprintable():
                raise BadRequest(
                    "idempotency_key_invalid", f"Send 1 to {_MAX_KEY} printable ASCII characters."
                )
            deps: Deps = request.app.state.deps
            caller = await _caller(request, deps)
            if caller is None:
                return await handle(request)  # which refuses it
            return await _Once(deps, caller, key).run(request, handle)

        return handle_once


class _Once:
    """One request under one key."""

    def __init__(self, deps: Deps, caller: Caller, key: str) -> None:
        self.tenant_id = caller.tenant_id
        self._deps = deps
        self._caller = caller
        self._key = key
        self._attempt = uuid4()

    async def run(
        self, request: Request, handle: Callable[[Request], Coroutine[Any, Any, Response]]
    ) -> Response:
        fingerprint = await _fingerprint(request, self._deps)
        stored = await self._take(fingerprint)
        if stored is not None:
            return _replay(stored, fingerprint)
        request.state.repeatable = self
        try:
            response = await handle(request)
        except BaseException as error:
            known = translate(error) if isinstance(error, Exception) else None
            if known is None or known.status >= 500 or not isinstance(error, ApiError | Refused):
                await self._release(is_in_doubt=isinstance(error, PostgresDown))
                raise
            response = problem(request.url.path, known)
            await self._store_refusal(response)
        if not self.keeps(response):
            await self._release()
        return response

    def keeps(self, response: Response) -> bool:
        """Whether this answer is one to keep."""
        return not isinstance(response, StreamingResponse) and response.status_code < 500

    async def _take(self, fingerprint: bytes) -> _Stored | None:
        """Take the key, or return what is stored under it."""
        now = self._deps.now()
        async with self._deps.pool.tenant(self._caller.tenant_id) as conn:
            taken = await conn.fetchval(
                """
                INSERT INTO crm.idempotency_key AS k
                    (tenant_id, user_id, key, fingerprint, attempt, locked_until, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (tenant_id, user_id, key) DO UPDATE
                    SET attempt = $5, locked_until = $6
                  WHERE k.status IS NULL AND k.locked_until < $7 AND k.fingerprint = $4
                    AND NOT k.has_acted
                RETURNING true
                """,
                self._caller.tenant_id,
                self._caller.user_id,
                self._key,
                fingerprint,
                self._attempt,
                now + _HOLD,
                now,
            )
            return None if taken else await self._read(conn, now)

    async def _read(self, conn: Connection, now: datetime) -> _Stored:
        row = await conn.fetchrow(
            "SELECT fingerprint, status, headers, body, locked_until < $4 AS is_over "
            "FROM crm.idempotency_key WHERE tenant_id = $1 AND user_id = $2 AND key = $3",
            self._caller.tenant_id,
            self._caller.user_id,
            self._key,
            now,
        )
        if row is None:  # released between the two statements
            raise _in_use()
        return _Stored(
            row["fingerprint"],
            row["status"],
            row["is_over"],
            orjson.loads(row["headers"]) if row["headers"] else {},
            row["body"] or b"",
        )

    async def note_act(self, conn: Connection) -> None:
        """Note in a transaction of the work, if it has written something, that it did."""
        await conn.execute(
            "UPDATE crm.idempotency_key SET has_acted = true WHERE tenant_id = $1 AND user_id = $2 "
            "AND key = $3 AND attempt = $4 AND pg_current_xact_id_if_assigned() IS NOT NULL",
            *self._mine,
        )

    async def store(self, conn: Connection, response: Response) -> None:
        """Keep the answer, in the caller's transaction."""
        headers = {k: v for k in _KEPT_HEADERS if (v := response.headers.get(k)) is not None}
        await conn.execute(
            "UPDATE crm.idempotency_key SET status = $5, headers = $6::jsonb, body = $7 "
            "WHERE tenant_id = $1 AND user_id = $2 AND key = $3 AND attempt = $4",
            *self._mine,
            response.status_code,
            orjson.dumps(headers).decode(),
            _without_secrets(response),
        )

    async def _store_refusal(self, response: Response) -> None:
        try:
            async with self._deps.pool.tenant(self.tenant_id) as conn:
                await self.store(conn, response)
        except Exception as error:
            # Nothing was done: the answer must reach the caller, a repeat finds out anew.
            _log.warning("An answer could not be stored.", extra={"error": repr(error)})

    async def _release(self, *, is_in_doubt: bool = False) -> None:
        """Give the key up, unless the answer is stored.

        Args:
            is_in_doubt: Keep it, too, when a part of the work is done: a repeat would do it again.
        """
        try:
            async with self._deps.pool.tenant(self._caller.tenant_id) as conn:
                await conn.execute(
                    "DELETE FROM crm.idempotency_key WHERE tenant_id = $1 AND user_id = $2 "
                    "AND key = $3 AND attempt = $4 AND status IS NULL AND NOT (has_acted AND $5)",
                    *self._mine,
                    is_in_doubt,
                )
                await conn.execute(
                    "UPDATE crm.idempotency_key SET locked_until = '-infinity' "
                    "WHERE tenant_id = $1 AND user_id = $2 AND key = $3 AND attempt = $4 "
                    "AND status IS NULL",
                    *self._mine,
                )
        except Exception as error:
            _log.warning("A key could not be released.", extra={"error": repr(error)})

    @property
    def _mine(self) -> tuple[UUID, UUID, str, UUID]:
        return self._caller.tenant_id, self._caller.user_id, self._key, self._attempt


async def _caller(request: Request, deps: Deps) -> Caller | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        if is_key(token):
            return await deps.keys.caller(token, deps.now(), client_ip(request))
        return deps.tokens.read(token, deps.now())[0]
    except ApiError:
        return None


async def _fingerprint(request: Request, deps: Deps) -> bytes:
    """Return a keyed hash of what is asked: a body may hold a PIN, which a bare hash would tell.

    An upload counts by its length: it is not read twice.
    """
    key = deps.settings.token_secret.get_secret_value().encode()
    asked = hmac.new(key, b"idempotency\n", hashlib.sha256)
    asked.update(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    if request.headers.get("content-type", "").startswith("multipart/"):
        asked.update(request.headers.get("content-length", "").encode())
    else:
        asked.update(await request.body())
    return asked.digest()


def _replay(stored: _Stored, fingerprint: bytes) -> Response:
    if stored.fingerprint != fingerprint:
        raise reused()
    if stored.status is None:
        raise _unknown() if stored.is_over else _in_use()
    headers = {**stored.headers, "Idempotent-Replayed": "true"}
    return Response(stored.body, status_code=stored.status, headers=headers)


def reused() -> Invalid:
    """Return the refusal of a key under which something else was asked."""
    return Invalid("idempotency_key_reused", "This Idempotency-Key was used for another request.")


def _in_use() -> Conflict:
    return Conflict(
        "idempotency_key_in_use",
        "The first request with this Idempotency-Key is still running.",
        headers={"Retry-After": "2"},
    )


def _unknown() -> Conflict:
    return Conflict(
        "idempotency_outcome_unknown",
        "The first request with this Idempotency-Key was cut off after a part of its work was "
        "done. Read the present state; to ask again, send a new key.",
    )


def _without_secrets(response: Response) -> bytes:
    body = bytes(response.body)
    if "json" not in response.headers.get("content-type", "") or not body:
        return body
    content = orjson.loads(body)
    kept = _veiled(content)
    return body if kept == content else orjson.dumps(kept)


def _veiled(content: Any) -> Any:
    """Return an answer without its secrets: its own, and the phones' passwords of its items."""
    if not isinstance(content, dict):
        return content
    kept = {k: None if k in _SECRETS else v for k, v in content.items()}
    if isinstance(items := kept.get("items"), list):
        kept["items"] = [
            {**each, _PHONE: None} if isinstance(each, dict) and _PHONE in each else each
            for each in items
        ]
    return kept
