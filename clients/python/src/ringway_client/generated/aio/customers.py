"""Customers. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway_client.core import Call, etag, key
from ringway_client.generated import models
from ringway_client.sending import AsyncSender, quoted


class Customers:
    """Customers."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def create_customer(
        self, body: models.CustomerBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.CustomerView:
        """Create a customer.

        Permission: ``customers.write``.
        """
        return await self._client.send(
            Call(
                "POST",
                "/customers",
                models.CustomerView,
                headers={"Idempotency-Key": idempotency_key or key()},
                body=body,
            )
        )

    async def delete_customer(
        self, customer_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Delete a customer.

        Permission: ``customers.write``.
        """
        return await self._client.send(
            Call(
                "DELETE",
                f"/customers/{quoted(customer_id)}",
                type(None),
                headers={"if-match": etag(if_match)},
            )
        )

    async def get_customer(self, customer_id: UUID | str) -> models.CustomerView:
        """Return one customer.

        Permission: ``customers.read``.
        """
        return await self._client.send(
            Call("GET", f"/customers/{quoted(customer_id)}", models.CustomerView)
        )

    async def list_customers(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        phone_e164: str | None = None,
        batch_number: str | None = None,
        name: str | None = None,
        created_from: datetime | str | None = None,
        created_before: datetime | str | None = None,
        data: list[str] | None = None,
    ) -> models.PageCustomerView:
        """List customers, newest first, by number, batch, name, time or what is kept of them.

        Permission: ``customers.read``.
        """
        return await self._client.send(
            Call(
                "GET",
                "/customers",
                models.PageCustomerView,
                query={
                    "limit": limit,
                    "cursor": cursor,
                    "phone_e164": phone_e164,
                    "batch_number": batch_number,
                    "name": name,
                    "created_from": created_from,
                    "created_before": created_before,
                    "data": data,
                },
            )
        )

    async def iter_customers(
        self,
        *,
        limit: int | None = None,
        phone_e164: str | None = None,
        batch_number: str | None = None,
        name: str | None = None,
        created_from: datetime | str | None = None,
        created_before: datetime | str | None = None,
        data: list[str] | None = None,
    ) -> AsyncIterator[models.CustomerView]:
        """Yield all items of :meth:`list_customers`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_customers(
                limit=limit,
                phone_e164=phone_e164,
                batch_number=batch_number,
                name=name,
                created_from=created_from,
                created_before=created_before,
                data=data,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def replace_customer(
        self,
        customer_id: UUID | str,
        body: models.CustomerBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.CustomerView:
        """Replace a customer. `If-Match` is required: what somebody else wrote is not lost.

        Permission: ``customers.write``.
        """
        return await self._client.send(
            Call(
                "PUT",
                f"/customers/{quoted(customer_id)}",
                models.CustomerView,
                headers={"if-match": etag(if_match)},
                body=body,
            )
        )
