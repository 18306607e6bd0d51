"""Acd settings. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender


class AcdSettings:
    """Acd settings."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def get_acd_settings(self) -> models.AcdSettingsView:
        """Return the tenant's settings of the ACD; the defaults when it never changed them.

        Permission: ``routing.read``.
        """
        return await self._client.send(_core.Call("GET", "/acd-settings", models.AcdSettingsView))

    async def put_acd_settings(
        self, body: models.AcdSettings | Mapping[str, Any], *, if_match: int | str | None = None
    ) -> models.AcdSettingsView:
        """Replace the tenant's settings. `If-Match` is required.

        Permission: ``routing.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                "/acd-settings",
                models.AcdSettingsView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )
