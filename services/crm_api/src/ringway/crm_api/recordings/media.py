"""The recorder's audio, fetched over HTTP with a token that is good for one recording."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

import aiohttp

from ringway.crm_api.errors import NotFound, Unavailable

_TOKEN_LIFE = timedelta(minutes=5)
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

    @asynccontextmanager
    async def open(
        self, *, tenant_id: UUID, recording_id: UUID, byte_range: str | None, now: datetime
    ) -> AsyncIterator[tuple[int, dict[str, str], AsyncIterator[bytes]]]:
        """Open a recording: status, headers to pass on, and the body.

        Args:
            byte_range: The client's Range header; the recorder interprets it.

        Raises:
            NotFound: The recorder does not have it.
            Unavailable: The recorder does not answer.
        """
        expires = int((now + _TOKEN_LIFE).timestamp())
        token = media_token(self._secret, tenant_id, recording_id, expires)
        headers = {"Authorization": f"Bearer {token}"}
        if byte_range is not None:
            headers["Range"] = byte_range
        try:
            response = await self._http.get(
                f"{self._url}/media/{tenant_id}/{recording_id}", headers=headers
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable("recorder_unavailable", "The recorder is not reachable.") from error
        async with response:
            if response.status == 404:
                raise NotFound("recording_not_found", "The file of this recording is gone.")
            if response.status not in (200, 206, 416):
                raise Unavailable(
                    "recorder_unavailable", f"The recorder answered {response.status}."
                )
            passed = {k: v for k in _PASSED if (v := response.headers.get(k)) is not None}
            yield response.status, passed, response.content.iter_chunked(65_536)
