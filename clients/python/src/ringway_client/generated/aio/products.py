"""Products. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class Products:
    """Products."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def change_product(
        self,
        product_id: UUID | str,
        body: models.ProductBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.ProductView:
        """Change a product and its prices. Orders keep the prices with which they were entered.

        Permission: ``products.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/products/{_quoted(product_id)}",
                models.ProductView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def change_stock(
        self,
        product_id: UUID | str,
        body: models.StockChange | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.ProductView:
        """Set the stock, or change it by what came in or went out.

        Permission: ``products.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/products/{_quoted(product_id)}/stock",
                models.ProductView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def create_product(
        self, body: models.NewProduct | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ProductView:
        """Create a product with its prices.

        Permission: ``products.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/products",
                models.ProductView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def get_product(self, product_id: UUID | str) -> models.ProductView:
        """Return one product with all its prices.

        Permission: ``orders.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/products/{_quoted(product_id)}", models.ProductView)
        )

    async def import_products(
        self, body: models.ProductImport | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ProductImportReport:
        """Create or change up to 1,000 products by their codes; of each it is told what became of
        it.

        A repeat changes nothing more. What is refused does not hold up the others.

        Permission: ``products.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/products/import",
                models.ProductImportReport,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def list_products(
        self,
        *,
        category_id: UUID | str | None = None,
        is_active: bool | None = None,
        text: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageProductView:
        """List products by their codes.

        Permission: ``orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/products",
                models.PageProductView,
                query={
                    "category_id": category_id,
                    "is_active": is_active,
                    "text": text,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    async def iter_products(
        self,
        *,
        category_id: UUID | str | None = None,
        is_active: bool | None = None,
        text: str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.ProductView]:
        """Yield all items of :meth:`list_products`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_products(
                category_id=category_id, is_active=is_active, text=text, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def remove_product(
        self, product_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Remove a product that was never ordered.

        Permission: ``products.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/products/{_quoted(product_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )
