"""The recorder's audio, fetched over HTTP with a token that is good for one recording."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

import aiohttp

from ringway.crm_api.errors import NotFound, Unavailable

_TOKEN_LIFE = timedelta(minutes=5)
_SAME_LISTENING_S = 600.0
_MAX_LISTENERS = 10_000
_PASSED = ("Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "ETag")


def media_token(secret: str, tenant_id: UUID, recording_id: UUID, expires: int) -> str:
    """Return the token for one recording until ``expires`` (seconds since the epoch)."""
    text = f"{tenant_id}.{recording_id}.{expires}".encode()
    digest = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return f"{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}.{expires}"


class RecorderMedia:
    """Opens recordings at the recorder.

    Args:
        url: Base of the recorder's HTTP, such as ``http://127.0.0.1:17012``.
        secret: Shared with the recorder.
    """

    def __init__(self, http: aiohttp.ClientSession, url: str, secret: str) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._secret = secret
        self._listeners: OrderedDict[tuple[UUID, UUID], float] = OrderedDict()

    def is_new_listener(self, user_id: UUID, recording_id: UUID, at: float) -> bool:
        """Return whether this user began to listen to this recording at ``at`` (monotonic s)."""
        key = (user_id, recording_id)
        known = self._listeners.pop(key, None)
        is_new = known is None or at - known > _SAME_LISTENING_S
        self._listeners[key] = at if known is None or is_new else known
        if len(self._listeners) > _MAX_LISTENERS:
            self._listeners.popitem(last=False)
        return is_new

    @asynccontextmanager
    async def open(
        self, *, tenant_id: UUID, recording_id: UUID, headers: Mapping[str, str], now: datetime
    ) -> AsyncIterator[tuple[int, dict[str, str], AsyncIterator[bytes]]]:
        """Open a recording: status, headers to pass on, and the body.

        Args:
            headers: Of the client, about ranges and what it has; the recorder interprets them.

        Raises:
            NotFound: The recorder does not have it.
            Unavailable: The recorder does not answer.
        """
        expires = int((now + _TOKEN_LIFE).timestamp())
        token = media_token(self._secret, tenant_id, recording_id, expires)
        sent = {**headers, "Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        try:
            response = await self._http.get(
                f"{self._url}/media/{tenant_id}/{recording_id}", headers=sent
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable("recorder_unavailable", "The recorder is not reachable.") from error
        async with response:
            if response.status == 404:
                raise NotFound("recording_not_found", "The file of this recording is gone.")
            if response.status not in (200, 206, 304, 416):
                raise Unavailable(
                    "recorder_unavailable", f"The recorder answered {response.status}."
                )
            passed = {k: v for k in _PASSED if (v := response.headers.get(k)) is not None}
            yield response.status, passed, response.content.iter_chunked(65_536)
