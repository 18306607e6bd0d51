"""Api keys. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class ApiKeys:
    """Api keys."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def create_api_key(
        self, body: models.NewApiKey | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ApiKeyWithSecret:
        """Make a key that acts as the caller within its scopes. Its secret is shown this once.

        Permission: ``api_keys.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/api-keys",
                models.ApiKeyWithSecret,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def get_api_key(self, key_id: UUID | str) -> models.ApiKeyView:
        """Return one key.

        Permission: ``api_keys.write``.
        """
        return await self._client.send(
            _core.Call("GET", f"/api-keys/{_quoted(key_id)}", models.ApiKeyView)
        )

    async def list_api_keys(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageApiKeyView:
        """List the caller's keys, newest first; whoever administrates users sees everybody's.

        Permission: ``api_keys.write``.
        """
        return await self._client.send(
            _core.Call(
                "GET", "/api-keys", models.PageApiKeyView, query={"limit": limit, "cursor": cursor}
            )
        )

    async def iter_api_keys(self, *, limit: int | None = None) -> AsyncIterator[models.ApiKeyView]:
        """Yield all items of :meth:`list_api_keys`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_api_keys(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def revoke_api_key(
        self, key_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.ApiKeyView:
        """End a key for good. It is refused within a second, everywhere.

        Permission: ``api_keys.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/api-keys/{_quoted(key_id)}/revoke",
                models.ApiKeyView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    async def rotate_api_key(
        self,
        key_id: UUID | str,
        body: models.ApiKeyRotation | None | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.ApiKeyWithSecret:
        """Give one's own key a new secret, shown this once. The old one works for a while longer.

        Permission: ``api_keys.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/api-keys/{_quoted(key_id)}/rotate",
                models.ApiKeyWithSecret,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )
