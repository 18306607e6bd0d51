"""Serves recordings over HTTP to whoever bears a token that the CRM API made."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from aiohttp import hdrs, web

from ringway.recorder import metrics
from ringway.recorder.audio_store import AudioGone, AudioStore
from ringway.recorder.core import ranges
from ringway.recorder.core.token import bearer, is_valid
from ringway.recorder.recording_store import StoredFile
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown

_log = logging.getLogger("ringway.recorder")


class Index(Protocol):
    """Finds recordings; :class:`~ringway.recorder.recording_store.RecordingStore` is one."""

    async def find(self, tenant_id: UUID, recording_id: UUID) -> StoredFile | None:
        """Return a recording that can be played, or ``None``."""


class MediaServer:
    """``GET`` and ``HEAD /media/{tenant}/{recording_id}``.

    Answers 200, or 206 and 416 for a single range, 304 for a file that the client has, 401
    without a valid token, 404 when there is nothing to play, 503 while PostgreSQL is down.
    """

    def __init__(self, index: Index, store: AudioStore, *, secret: bytes) -> None:
        self._index = index
        self._store = store
        self._secret = secret

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the routes for the health port."""
        # A GET route of aiohttp answers HEAD too.
        return [web.get("/media/{tenant}/{recording}", self.get)]

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        response = await self._answer(request)
        metrics.served.labels(str(response.status)).inc()
        return response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        tenant, recording = request.match_info["tenant"], request.match_info["recording"]
        token = bearer(request.headers.get(hdrs.AUTHORIZATION))
        if not is_valid(token, self._secret, tenant, recording, utcnow().timestamp()):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        try:
            stored = await self._index.find(UUID(tenant), UUID(recording))
            if stored is None:
                return web.Response(status=404)
            return await self._send(request, stored)
        except ValueError:  # a token for something that is no id at all
            return web.Response(status=404)
        except AudioGone as error:
            _log.error(
                "An indexed file is not in the store.",
                extra={"tenant": tenant, "recording_id": recording, "file": str(error)},
            )
            return web.Response(status=404)
        except PostgresDown:
            return web.Response(status=503, headers={"Retry-After": "5"})

    async def _send(self, request: web.Request, stored: StoredFile) -> web.StreamResponse:
        etag = f'"{stored.sha256}"'
        size = await self._store.size(stored.file_name)
        headers = {
            "ETag": etag,
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-cache",
            "X-Content-Type-Options": "nosniff",
        }
        if ranges.is_known(request.headers.get(hdrs.IF_NONE_MATCH), etag):
            return web.Response(status=304, headers=headers)
        answer: ranges.Answer = ranges.Whole()
        # The RFC defines ranges for GET only.
        if request.method == "GET" and ranges.still_same(request.headers.get(hdrs.IF_RANGE), etag):
            answer = ranges.choose(request.headers.get(hdrs.RANGE), size)
        match answer:
            case ranges.Unsatisfiable():
                headers["Content-Range"] = f"bytes */{size}"
                return web.Response(status=416, headers=headers)
            case ranges.Part(first, last):
                headers["Content-Range"] = f"bytes {first}-{last}/{size}"
                response = web.StreamResponse(status=206, headers=headers)
                offset, length = first, answer.length
            case ranges.Whole():
                response = web.StreamResponse(status=200, headers=headers)
                offset, length = 0, size
        response.content_type = "audio/wav"
        response.content_length = length
        await response.prepare(request)
        if request.method == "GET":
            await self._copy(request, response, stored.file_name, offset, length)
        return response

    async def _copy(
        self,
        request: web.Request,
        response: web.StreamResponse,
        name: str,
        offset: int,
        length: int,
    ) -> None:
        try:
            async for piece in self._store.read(name, offset, length):
                await response.write(piece)
        except ConnectionError:  # the client left; players do when somebody skips
            raise
        except (AudioGone, OSError) as error:
            # The length is promised already; a broken connection tells that it was not kept.
            _log.error(
                "A file could not be sent whole.",
                extra={"tenant": request.match_info["tenant"], "file": name, "error": repr(error)},
            )
            if request.transport is not None:
                request.transport.abort()
            return
        await response.write_eof()
