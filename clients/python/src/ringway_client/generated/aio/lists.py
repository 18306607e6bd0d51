"""Lists. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, cast
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class Lists:
    """Lists."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def add_batch(
        self, list_id: UUID | str, body: Any, *, idempotency_key: str | None = None
    ) -> models.LeadsReport | models.LeadsAdded:
        """Add many leads, or the numbers of a batch that is imported already.

        Of each lead it is told what became of it. A repeat adds nothing; under the same
        `Idempotency-Key` it also gets the first answer.

        Permission: ``lists.write``.
        """
        return await self._client.send(
            _core.Call[models.LeadsReport | models.LeadsAdded](
                "POST",
                f"/lists/{_quoted(list_id)}/leads",
                cast(Any, models.LeadsReport | models.LeadsAdded),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def create_list(
        self, body: models.ListBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ListView:
        """Create an empty list.

        Permission: ``lists.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/lists",
                models.ListView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def get_lead(self, list_id: UUID | str, lead_id: str) -> models.LeadDetail:
        """Return one lead with all its numbers.

        Permission: ``lists.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET", f"/lists/{_quoted(list_id)}/leads/{_quoted(lead_id)}", models.LeadDetail
            )
        )

    async def get_list(self, list_id: UUID | str) -> models.ListView:
        """Return one list.

        Permission: ``lists.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/lists/{_quoted(list_id)}", models.ListView)
        )

    async def get_list_query(self, list_id: UUID | str) -> models.ListQueryView:
        """Return the filter that is kept with the list, and its last import.

        Permission: ``lists.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/lists/{_quoted(list_id)}/query", models.ListQueryView)
        )

    async def list_leads(
        self,
        list_id: UUID | str,
        *,
        state: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageLeadView:
        """List the leads of a list in the order of import.

        Permission: ``lists.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/lists/{_quoted(list_id)}/leads",
                models.PageLeadView,
                query={"state": state, "limit": limit, "cursor": cursor},
            )
        )

    async def iter_leads(
        self, list_id: UUID | str, *, state: str | None = None, limit: int | None = None
    ) -> AsyncIterator[models.LeadView]:
        """Yield all items of :meth:`list_leads`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_leads(list_id, state=state, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_lists(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageListView:
        """List the lists, newest first.

        Permission: ``lists.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET", "/lists", models.PageListView, query={"limit": limit, "cursor": cursor}
            )
        )

    async def iter_lists(self, *, limit: int | None = None) -> AsyncIterator[models.ListView]:
        """Yield all items of :meth:`list_lists`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_lists(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def put_lead(
        self, list_id: UUID | str, lead_id: str, body: models.LeadBody | Mapping[str, Any]
    ) -> models.LeadDetail:
        """Add a lead under an id of the caller's, or change it and its numbers.

        Numbers that stay keep what is known of them; a lead that was closed because its numbers
        were
        dead or not to be called is opened again by a new one. A lead that is being dialed is
        not
        changed: 409 ``lead_dialing``.

        Permission: ``lists.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/lists/{_quoted(list_id)}/leads/{_quoted(lead_id)}",
                models.LeadDetail,
                body=body,
            )
        )

    async def put_list_query(
        self,
        list_id: UUID | str,
        body: models.CustomerFilter | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.ImportView:
        """Make the list of the customers that a filter finds, and keep the filter with it.

        It is the filter of `GET /customers`. `GET /imports/{batch_id}` tells how far it is.

        Permission: ``lists.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/lists/{_quoted(list_id)}/query",
                models.ImportView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def refresh_list(
        self, list_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.ImportView:
        """Ask the kept filter again: customers that are new to the list are added.

        Permission: ``lists.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/lists/{_quoted(list_id)}/query/refresh",
                models.ImportView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    async def remove_lead(self, list_id: UUID | str, lead_id: str) -> None:
        """Take a lead out of its list. Its attempts stay on record.

        Permission: ``lists.write``.
        """
        return await self._client.send(
            _core.Call("DELETE", f"/lists/{_quoted(list_id)}/leads/{_quoted(lead_id)}", type(None))
        )

    async def remove_list(self, list_id: UUID | str) -> None:
        """Remove a list that no campaign dials any more. Attempts and reports stay.

        409 says what keeps it: `list_in_use`, `list_is_filled`, `list_has_calls`,
        `list_has_callbacks`.

        Permission: ``lists.write``.
        """
        return await self._client.send(
            _core.Call("DELETE", f"/lists/{_quoted(list_id)}", type(None))
        )

    async def rename_list(
        self, list_id: UUID | str, body: models.ListBody | Mapping[str, Any]
    ) -> models.ListView:
        """Rename a list.

        Permission: ``lists.write``.
        """
        return await self._client.send(
            _core.Call("PUT", f"/lists/{_quoted(list_id)}", models.ListView, body=body)
        )
