"""Customer pool. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class CustomerPool:
    """Customer pool."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def assign_customers(
        self,
        body: models.CustomersAssignBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.PoolMoveView:
        """Give customers to agents: by hand, evenly, by weights or by rules; or back to the pool.

        All of it is one act. A customer whom somebody else gave away meanwhile stays where he
        is.

        Permission: ``customers.assign``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/customer-pool/assign",
                models.PoolMoveView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def claim_customers(
        self, body: models.ClaimBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ClaimView:
        """Take customers out of the public pool for oneself, where the policy allows it.

        Permission: ``customers.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/customer-pool/claim",
                models.ClaimView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def get_callback_hand_over(self, hand_over_id: UUID | str) -> models.CallbackHandOverView:
        """Return what became of call-backs so far.

        Permission: ``customers.assign``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/customer-pool/hand-overs/{_quoted(hand_over_id)}",
                models.CallbackHandOverView,
            )
        )

    async def get_customer_pool(self) -> models.PoolView:
        """Return how many customers are in the public pool, and how many everybody has.

        Permission: ``customers.assign``.
        """
        return await self._client.send(_core.Call("GET", "/customer-pool", models.PoolView))

    async def hand_over_customers(
        self, body: models.HandOverBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.HandOverView:
        """Give everything that somebody has in hand to a colleague, a team or the pool, in one
        act.

        That is customers, open follow-ups, open sales orders, open work orders and tasks: all
        of them
        change hands at once, or none. Call-backs are handed over as soon as the dialer answers;
        `callbacks` says how far that is.

        Permission: ``customers.assign``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/customer-pool/hand-over",
                models.HandOverView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def list_callback_hand_overs(
        self,
        *,
        from_user_id: UUID | str | None = None,
        is_done: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageCallbackHandOverView:
        """List what became of call-backs whose agents left or lost customers, newest first.

        Permission: ``customers.assign``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/customer-pool/hand-overs",
                models.PageCallbackHandOverView,
                query={
                    "from_user_id": from_user_id,
                    "is_done": is_done,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    async def iter_callback_hand_overs(
        self,
        *,
        from_user_id: UUID | str | None = None,
        is_done: bool | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.CallbackHandOverView]:
        """Yield all items of :meth:`list_callback_hand_overs`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_callback_hand_overs(
                from_user_id=from_user_id, is_done=is_done, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def return_customers(
        self, body: models.ReturnBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.PoolMoveView:
        """Give customers of one's own back to the public pool.

        Permission: ``customers.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/customer-pool/return",
                models.PoolMoveView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )
