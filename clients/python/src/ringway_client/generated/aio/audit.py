"""Audit. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender


class Audit:
    """Audit."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def check_chain(
        self, *, known_seq: int | None = None, known_hash: str | None = None
    ) -> models.AuditCheck:
        """Recompute the hashes: an entry that was changed or removed breaks the chain.

        Keep `entries` and `last_hash` of an answer outside of the platform and send them with a
        later
        check as `known_seq` and `known_hash`: then a log that was cut off or written anew is
        noticed.

        Permission: ``audit.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/audit-log/check",
                models.AuditCheck,
                query={"known_seq": known_seq, "known_hash": known_hash},
            )
        )

    async def list_entries(
        self,
        *,
        action: str | None = None,
        actor: str | None = None,
        object_type: str | None = None,
        object_id: str | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        q: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageAuditEntry:
        """Search the acts in the caller's tenant, newest first.

        Permission: ``audit.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/audit-log",
                models.PageAuditEntry,
                query={
                    "action": action,
                    "actor": actor,
                    "object_type": object_type,
                    "object_id": object_id,
                    "from": from_,
                    "to": to,
                    "q": q,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    async def iter_entries(
        self,
        *,
        action: str | None = None,
        actor: str | None = None,
        object_type: str | None = None,
        object_id: str | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        q: str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.AuditEntry]:
        """Yield all items of :meth:`list_entries`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_entries(
                action=action,
                actor=actor,
                object_type=object_type,
                object_id=object_id,
                from_=from_,
                to=to,
                q=q,
                limit=limit,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
