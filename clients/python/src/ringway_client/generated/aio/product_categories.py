"""Product categories. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class ProductCategories:
    """Product categories."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def create_product_category(
        self,
        body: models.ProductCategoryBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.ProductCategoryView:
        """Create a category of products.

        Permission: ``products.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/product-categories",
                models.ProductCategoryView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def get_product_category(
        self, product_category_id: UUID | str
    ) -> models.ProductCategoryView:
        """Return one category of products.

        Permission: ``orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/product-categories/{_quoted(product_category_id)}",
                models.ProductCategoryView,
            )
        )

    async def list_product_categories(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageProductCategoryView:
        """List categories of products.

        Permission: ``orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/product-categories",
                models.PageProductCategoryView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_product_categories(
        self, *, limit: int | None = None
    ) -> AsyncIterator[models.ProductCategoryView]:
        """Yield all items of :meth:`list_product_categories`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_product_categories(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def remove_product_category(
        self, product_category_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Remove a category that has no products.

        Permission: ``products.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/product-categories/{_quoted(product_category_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def rename_product_category(
        self,
        product_category_id: UUID | str,
        body: models.ProductCategoryBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.ProductCategoryView:
        """Rename a category of products.

        Permission: ``products.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/product-categories/{_quoted(product_category_id)}",
                models.ProductCategoryView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )
