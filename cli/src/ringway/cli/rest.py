"""A small client of the public REST API, for the command line and the end-to-end tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp

_TIMEOUT_S = 60.0


class Problem(Exception):
    """The API refused (RFC 9457): a status, a stable code, and a sentence."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail


class Rest:
    """One signed-in user of the API. ``api`` ends with ``/api/v1``."""

    def __init__(self, api: str, session: aiohttp.ClientSession) -> None:
        self.api = api
        self.token = ""
        self._session = session

    @classmethod
    @asynccontextmanager
    async def signed_in(cls, api: str, username: str, password: str) -> AsyncIterator[Self]:
        """Sign in and yield the client.

        Raises:
            Problem: The API refuses.
            aiohttp.ClientError: It cannot be reached.
        """
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            client = cls(api, session)
            await client.sign_in(username, password)
            yield client

    async def sign_in(self, username: str, password: str) -> None:
        """Get a fresh access token."""
        form = aiohttp.FormData(
            {"grant_type": "password", "username": username, "password": password}
        )
        answer = await self._send("POST", "/auth/token", data=form)
        self.token = str(answer["access_token"])

    async def get(self, path: str, **query: Any) -> Any:
        """Return the parsed answer of a GET."""
        return await self._send("GET", path, params={k: str(v) for k, v in query.items()})

    async def post(self, path: str, body: Any = None) -> Any:
        """Return the parsed answer of a POST, ``None`` when it has none."""
        return await self._send("POST", path, json=body)

    async def put(self, path: str, body: Any) -> Any:
        """Return the parsed answer of a PUT."""
        return await self._send("PUT", path, json=body)

    async def delete(self, path: str) -> Any:
        """Return the body of DELETE."""
        return await self._send("DELETE", path)

    async def upload(
        self, path: str, name: str, content: bytes, fields: Mapping[str, str] | None = None
    ) -> Any:
        """POST one file as multipart form data under the field ``file``."""
        form = aiohttp.FormData(dict(fields or {}))
        form.add_field("file", content, filename=name)
        return await self._send("POST", path, data=form)

    async def download(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        """Return the body of a GET as it is."""
        async with self._session.get(
            self.api + path, headers={**self._headers(), **(headers or {})}
        ) as response:
            if response.status >= 400:
                raise await _problem(response)
            return await response.read()

    async def all(self, path: str, **query: Any) -> list[Any]:
        """Return every item of a paged list."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            page = await self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return items

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    async def _send(self, method: str, path: str, **kwargs: Any) -> Any:
        async with self._session.request(
            method, self.api + path, headers=self._headers(), **kwargs
        ) as response:
            if response.status >= 400:
                raise await _problem(response)
            if response.status == 204:
                return None
            return await response.json()


async def _problem(response: aiohttp.ClientResponse) -> Problem:
    try:
        raw = await response.json(content_type=None)
        return Problem(response.status, str(raw.get("code", "")), str(raw.get("detail", "")))
    except (ValueError, AttributeError, aiohttp.ClientError):
        return Problem(response.status, "", await response.text())
