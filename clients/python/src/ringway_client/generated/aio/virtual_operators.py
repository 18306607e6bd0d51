"""Virtual operators. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class VirtualOperators:
    """Virtual operators."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def change_virtual_operator(
        self,
        virtual_operator_id: UUID | str,
        body: models.VirtualOperatorChange | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.VirtualOperatorView:
        """Change a virtual operator. The trunks of all enterprises follow within seconds.

        Permission: ``tenants.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/virtual-operators/{_quoted(virtual_operator_id)}",
                models.VirtualOperatorView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def create_virtual_operator(
        self,
        body: models.VirtualOperatorBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.VirtualOperatorView:
        """Keep the account of a virtual operator. Its secrets are never shown again.

        Permission: ``tenants.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/virtual-operators",
                models.VirtualOperatorView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def delete_virtual_operator(self, virtual_operator_id: UUID | str) -> None:
        """Forget an account that is lent to nobody.

        Permission: ``tenants.write``.
        """
        return await self._client.send(
            _core.Call("DELETE", f"/virtual-operators/{_quoted(virtual_operator_id)}", type(None))
        )

    async def get_virtual_operator(
        self, virtual_operator_id: UUID | str
    ) -> models.VirtualOperatorView:
        """Return one virtual operator.

        Permission: ``tenants.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/virtual-operators/{_quoted(virtual_operator_id)}",
                models.VirtualOperatorView,
            )
        )

    async def grant_virtual_operator(
        self,
        virtual_operator_id: UUID | str,
        tenant_id: UUID | str,
        body: models.GrantBody | Mapping[str, Any],
    ) -> models.GrantView:
        """Let an enterprise call by it: it gets a trunk whose account it never sees.

        Permission: ``tenants.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/virtual-operators/{_quoted(virtual_operator_id)}/grants/{_quoted(tenant_id)}",
                models.GrantView,
                body=body,
            )
        )

    async def list_virtual_operator_grants(
        self,
        virtual_operator_id: UUID | str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageGrantView:
        """List the enterprises that may call by it, or might once.

        Permission: ``tenants.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/virtual-operators/{_quoted(virtual_operator_id)}/grants",
                models.PageGrantView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_virtual_operator_grants(
        self, virtual_operator_id: UUID | str, *, limit: int | None = None
    ) -> AsyncIterator[models.GrantView]:
        """Yield all items of :meth:`list_virtual_operator_grants`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_virtual_operator_grants(
                virtual_operator_id, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_virtual_operators(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageVirtualOperatorView:
        """List the virtual operators, oldest first.

        Permission: ``tenants.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/virtual-operators",
                models.PageVirtualOperatorView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_virtual_operators(
        self, *, limit: int | None = None
    ) -> AsyncIterator[models.VirtualOperatorView]:
        """Yield all items of :meth:`list_virtual_operators`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_virtual_operators(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def rotate_virtual_operator_secret(
        self,
        virtual_operator_id: UUID | str,
        body: models.RotationBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.VirtualOperatorView:
        """Give an account new secrets. Calls that are up go on, the next ones use them.

        Permission: ``tenants.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/virtual-operators/{_quoted(virtual_operator_id)}/rotate",
                models.VirtualOperatorView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def withdraw_virtual_operator(
        self, virtual_operator_id: UUID | str, tenant_id: UUID | str
    ) -> models.GrantView:
        """Take it from an enterprise: its trunk takes no calls any more, and has no account.

        Permission: ``tenants.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/virtual-operators/{_quoted(virtual_operator_id)}/grants/{_quoted(tenant_id)}",
                models.GrantView,
            )
        )
