"""Security. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender


class Security:
    """Security."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def get_security_policy(self) -> models.SecurityPolicyView:
        """Return the rules of passwords and sign-ins in the caller's tenant.

        Permission: ``users.read``.
        """
        return await self._client.send(
            _core.Call("GET", "/security-policy", models.SecurityPolicyView)
        )

    async def put_security_policy(
        self,
        body: models.SecurityPolicyBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.SecurityPolicyView:
        """Replace the rules. Passwords that exist stay; the rules hold for the next ones.

        Permission: ``users.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                "/security-policy",
                models.SecurityPolicyView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )
