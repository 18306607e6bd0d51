"""Jump ins. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class JumpIns:
    """Jump ins."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def end_jump_in(self, jump_in_id: UUID | str) -> None:
        """Send an operator out.

        Permission: ``jump_ins.end``.
        """
        return self._client.send(
            _core.Call("DELETE", f"/jump-ins/{_quoted(jump_in_id)}", type(None))
        )

    def jump_in(
        self,
        tenant_id: UUID | str,
        body: models.NewJumpIn | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.StartedJumpIn:
        """Work inside of an enterprise as its admin, for a time. It sees who, why and what.

        Permission: ``tenants.jump_in``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/tenants/{_quoted(tenant_id)}/jump-ins",
                models.StartedJumpIn,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def leave_tenant(self, tenant_id: UUID | str, jump_in_id: UUID | str) -> None:
        """End one's visit before its time.

        Permission: ``tenants.jump_in``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/tenants/{_quoted(tenant_id)}/jump-ins/{_quoted(jump_in_id)}",
                type(None),
            )
        )

    def list_jump_ins(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageJumpInView:
        """List which operators of the platform were here, when and why, newest first.

        Permission: ``jump_ins.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", "/jump-ins", models.PageJumpInView, query={"limit": limit, "cursor": cursor}
            )
        )

    def iter_jump_ins(self, *, limit: int | None = None) -> Iterator[models.JumpInView]:
        """Yield all items of :meth:`list_jump_ins`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_jump_ins(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
