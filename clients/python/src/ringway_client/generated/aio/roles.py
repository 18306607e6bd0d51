"""Roles. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class Roles:
    """Roles."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def change_role(
        self,
        role_id: str,
        body: models.RoleBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.RoleView:
        """Change a role; within a second it holds for everybody who has it.

        Permission: ``roles.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/roles/{_quoted(role_id)}",
                models.RoleView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def create_role(
        self, body: models.NewRole | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.RoleView:
        """Make a role from a shipped one. Nobody grants what he does not have.

        Permission: ``roles.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/roles",
                models.RoleView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def get_role(self, role_id: str) -> models.RoleView:
        """Return one role.

        Permission: ``roles.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/roles/{_quoted(role_id)}", models.RoleView)
        )

    async def list_permissions(self) -> models.PagePermissionView:
        """List all permissions, and what asks for them. There is one page.

        Permission: ``roles.read``.
        """
        return await self._client.send(_core.Call("GET", "/permissions", models.PagePermissionView))

    async def list_roles(self) -> models.PageRoleView:
        """List the shipped roles as they are here, and the enterprise's own. There is one page.

        Permission: ``roles.read``.
        """
        return await self._client.send(_core.Call("GET", "/roles", models.PageRoleView))

    async def remove_role(self, role_id: str, *, if_match: int | str | None = None) -> None:
        """Remove an own role that nobody has; a shipped one becomes as it was shipped.

        Permission: ``roles.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/roles/{_quoted(role_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )
