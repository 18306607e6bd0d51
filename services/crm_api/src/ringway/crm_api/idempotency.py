"""``Idempotency-Key`` on POST: the first answer is stored and given again to repeats.

A key belongs to one caller. It is taken before the work begins, so that two simultaneous
requests do the work once; a process that dies with it leaves it to a repeat after a minute.
The answer is stored in the last transaction of the work: a process that dies leaves both or
neither. Where an earlier transaction of the work is committed and the process dies, a repeat is
told that the outcome is unknown, and does nothing. An answer that says "try again" (5xx) is not
stored. Secrets that are shown once (a new SIP password) are not stored either: a repeat gets null
in their place. What must never be made twice keeps its :class:`RequestKey`, which outlives the
answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO
from uuid import UUID, uuid4

import orjson
from fastapi import Request
from fastapi.params import Form
from starlette.datastructures import UploadFile
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
_CHUNK_BYTES = 1 << 20
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


@dataclass(frozen=True, slots=True)
class RequestKey:
    """A caller's key with what was asked under it."""

    key: str
    fingerprint: bytes

    def check(self, kept: bytes | None) -> None:
        """Raise Invalid when what was made under this key was asked for otherwise.

        Args:
            kept: The fingerprint that is kept with it; None: a release before kept none.
        """
        if kept is not None and kept != self.fingerprint:
            raise reused()


def request_key(request: Request) -> RequestKey | None:
    """Return the key of a request, if it has one: a dependency of POSTs that keep it."""
    once = getattr(request.state, "repeatable", None)
    return once.asked if isinstance(once, _Once) else None


class IdempotentRoute(AuditedRoute):
    """A route whose POST honours ``Idempotency-Key``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler of the route."""
        handle = super().get_route_handler()
        if "POST" not in (self.methods or ()):
            return handle
        is_form = any(isinstance(each.field_info, Form) for each in self.dependant.body_params)

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
            asked = RequestKey(key, await _fingerprint(request, deps, is_form=is_form))
            return await _Once(deps, caller, asked).run(request, handle)

        return handle_once


class _Once:
    """One request under one key."""

    def __init__(self, deps: Deps, caller: Caller, asked: RequestKey) -> None:
        self.tenant_id = caller.tenant_id
        self.asked = asked
        self._deps = deps
        self._caller = caller
        self._attempt = uuid4()

    async def run(
        self, request: Request, handle: Callable[[Request], Coroutine[Any, Any, Response]]
    ) -> Response:
        stored = await self._take()
        if stored is not None:
            await request.close()  # files that came with it
            return _replay(stored, self.asked)
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

    async def _take(self) -> _Stored | None:
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
                self.asked.key,
                self.asked.fingerprint,
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
            self.asked.key,
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
        return self._caller.tenant_id, self._caller.user_id, self.asked.key, self._attempt


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


async def _fingerprint(request: Request, deps: Deps, *, is_form: bool) -> bytes:
    """Return a keyed hash of what is asked: a body may hold a PIN, which a bare hash would tell."""
    key = deps.settings.token_secret.get_secret_value().encode()
    asked = hmac.new(key, b"idempotency\n", hashlib.sha256)
    asked.update(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    if is_form:
        # By its parts: what stands between them differs from one sending to the next.
        for part in await _parts(request):
            asked.update(len(part).to_bytes(8))
            asked.update(part)
    else:
        asked.update(await request.body())
    return asked.digest()


async def _parts(request: Request) -> list[bytes]:
    """Return what a form says; of its files, which are read again later, hashes."""
    parts: list[bytes] = []
    for name, value in (await request.form()).multi_items():
        parts.append(name.encode())
        if isinstance(value, UploadFile):
            parts.append((value.filename or "").encode())
            parts.append(await asyncio.to_thread(_hash_of, value.file))
        else:
            parts.append(value.encode())
    return parts


def _hash_of(file: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    return digest.digest()


def _replay(stored: _Stored, asked: RequestKey) -> Response:
    asked.check(stored.fingerprint)
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
