"""Work order designs. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class WorkOrderDesigns:
    """Work order designs."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def change_work_order_design(
        self,
        design_id: UUID | str,
        body: models.DesignBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.DesignView:
        """Change a design. Open orders stay on their version until they are moved to another.

        Permission: ``work_order_designs.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/work-order-designs/{_quoted(design_id)}",
                models.DesignView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def check_work_order_design(
        self, body: models.Design | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.CheckedDesign:
        """Say what is wrong with a design, and where, without keeping it.

        Permission: ``work_order_designs.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/work-order-design-checks",
                models.CheckedDesign,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def create_work_order_design(
        self, body: models.DesignBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.DesignView:
        """Design how work orders go from step to step. Refused as a whole with all its flaws.

        Permission: ``work_order_designs.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/work-order-designs",
                models.DesignView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_work_order_design(self, design_id: UUID | str) -> models.DesignView:
        """Return one design as it is now.

        Permission: ``work_orders.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/work-order-designs/{_quoted(design_id)}", models.DesignView)
        )

    def list_work_order_design_versions(
        self, design_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageDesignVersionView:
        """List all that a design was, newest first.

        Permission: ``work_orders.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/work-order-designs/{_quoted(design_id)}/versions",
                models.PageDesignVersionView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_work_order_design_versions(
        self, design_id: UUID | str, *, limit: int | None = None
    ) -> Iterator[models.DesignVersionView]:
        """Yield all items of :meth:`list_work_order_design_versions`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_work_order_design_versions(design_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_work_order_designs(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageDesignView:
        """List designs as they are now.

        Permission: ``work_orders.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/work-order-designs",
                models.PageDesignView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_work_order_designs(self, *, limit: int | None = None) -> Iterator[models.DesignView]:
        """Yield all items of :meth:`list_work_order_designs`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_work_order_designs(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def remove_work_order_design(
        self, design_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Remove a design that no business type and no order uses.

        Permission: ``work_order_designs.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/work-order-designs/{_quoted(design_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )
