"""Business types. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class BusinessTypes:
    """Business types."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def change_business_type(
        self,
        business_type_id: UUID | str,
        body: models.TypeBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.TypeView:
        """Change a business type. Orders that exist keep their promises and their design.

        Permission: ``work_order_designs.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/business-types/{_quoted(business_type_id)}",
                models.TypeView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def create_business_type(
        self, body: models.TypeBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.TypeView:
        """Make a type of business that customers come with.

        Permission: ``work_order_designs.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/business-types",
                models.TypeView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_business_type(self, business_type_id: UUID | str) -> models.TypeView:
        """Return one business type.

        Permission: ``work_orders.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/business-types/{_quoted(business_type_id)}", models.TypeView)
        )

    def list_business_types(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageTypeView:
        """List business types; an enterprise begins with six, which it may change.

        Permission: ``work_orders.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/business-types",
                models.PageTypeView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_business_types(self, *, limit: int | None = None) -> Iterator[models.TypeView]:
        """Yield all items of :meth:`list_business_types`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_business_types(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def remove_business_type(
        self, business_type_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Remove a business type that has no orders.

        Permission: ``work_order_designs.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/business-types/{_quoted(business_type_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )
