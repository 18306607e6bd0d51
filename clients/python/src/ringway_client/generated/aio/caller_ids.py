"""Caller ids. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class CallerIds:
    """Caller ids."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def allot_caller_numbers(
        self,
        tenant_id: UUID | str,
        body: models.NumbersBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.NumbersChanged:
        """Give numbers to an enterprise. All or none: a number that another one has is refused.

        Permission: ``tenants.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/tenants/{_quoted(tenant_id)}/caller-numbers",
                models.NumbersChanged,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def change_caller_number(
        self, phone_e164: str, body: models.CallerNumberBody | Mapping[str, Any]
    ) -> models.CallerNumberView:
        """Put a number into a pool or give it to an agent, or take it out. Its past is forgiven.

        Permission: ``campaigns.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT", f"/caller-numbers/{_quoted(phone_e164)}", models.CallerNumberView, body=body
            )
        )

    async def change_caller_pool(
        self, caller_pool_id: UUID | str, body: models.CallerPoolBody | Mapping[str, Any]
    ) -> models.CallerPoolView:
        """Change a pool; running campaigns follow within seconds.

        Permission: ``campaigns.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT", f"/caller-pools/{_quoted(caller_pool_id)}", models.CallerPoolView, body=body
            )
        )

    async def create_caller_pool(
        self, body: models.CallerPoolBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.CallerPoolView:
        """Create a pool.

        Permission: ``campaigns.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/caller-pools",
                models.CallerPoolView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def delete_caller_pool(self, caller_pool_id: UUID | str) -> None:
        """Delete a pool that no campaign uses. Its numbers stay with the enterprise.

        Permission: ``campaigns.write``.
        """
        return await self._client.send(
            _core.Call("DELETE", f"/caller-pools/{_quoted(caller_pool_id)}", type(None))
        )

    async def get_caller_pool(self, caller_pool_id: UUID | str) -> models.CallerPoolView:
        """Return one pool.

        Permission: ``campaigns.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/caller-pools/{_quoted(caller_pool_id)}", models.CallerPoolView)
        )

    async def list_caller_days(
        self,
        body: list[str] | None,
        *,
        from_: date | str,
        to: date | str,
        caller_pool_id: UUID | str | None = None,
        zone: str | None = None,
    ) -> models.CallerDays:
        """Tell how often numbers were dialed with and answered, by day of ``zone``, both included.

        Name numbers or a pool; 92 days and 1,000 numbers at most.

        Permission: ``campaigns.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/caller-numbers/days",
                models.CallerDays,
                query={"from": from_, "to": to, "caller_pool_id": caller_pool_id, "zone": zone},
                body=body,
            )
        )

    async def list_caller_numbers(
        self,
        *,
        caller_pool_id: UUID | str | None = None,
        state: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageCallerNumberView:
        """List the enterprise's numbers; ``state=flagged`` are those that want to be replaced.

        Permission: ``campaigns.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/caller-numbers",
                models.PageCallerNumberView,
                query={
                    "caller_pool_id": caller_pool_id,
                    "state": state,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    async def iter_caller_numbers(
        self,
        *,
        caller_pool_id: UUID | str | None = None,
        state: str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.CallerNumberView]:
        """Yield all items of :meth:`list_caller_numbers`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_caller_numbers(
                caller_pool_id=caller_pool_id, state=state, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_caller_pools(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageCallerPoolView:
        """List pools, oldest first.

        Permission: ``campaigns.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/caller-pools",
                models.PageCallerPoolView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_caller_pools(
        self, *, limit: int | None = None
    ) -> AsyncIterator[models.CallerPoolView]:
        """Yield all items of :meth:`list_caller_pools`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_caller_pools(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def withdraw_caller_numbers(
        self,
        tenant_id: UUID | str,
        body: models.NumbersBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.NumbersChanged:
        """Take numbers back from an enterprise. Calls under way go on.

        Permission: ``tenants.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/tenants/{_quoted(tenant_id)}/caller-numbers/withdraw",
                models.NumbersChanged,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )
