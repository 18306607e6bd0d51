"""Queriers. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class Queriers:
    """Queriers."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def change_querier(
        self,
        querier_id: UUID | str,
        body: models.QuerierBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.QuerierView:
        """Change one's own querier. `If-Match` is required.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/queriers/{_quoted(querier_id)}",
                models.QuerierView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def change_querier_schedule(
        self,
        querier_schedule_id: UUID | str,
        body: models.QuerierScheduleBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.ScheduleView:
        """Change one's own schedule. `If-Match` is required.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/querier-schedules/{_quoted(querier_schedule_id)}",
                models.ScheduleView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def confirm_querier_operation(
        self,
        querier_operation_id: UUID | str,
        body: models.ConfirmBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.OperationView:
        """Do what was proposed, with the rows that were meant then; `total` must be theirs.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/querier-operations/{_quoted(querier_operation_id)}/confirm",
                models.OperationView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def create_querier(
        self, body: models.QuerierBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.QuerierView:
        """Save a question. Whoever it is shared with asks it with his own rights, not the owner's.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/queriers",
                models.QuerierView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def create_querier_schedule(
        self,
        querier_id: UUID | str,
        body: models.QuerierScheduleBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.ScheduleView:
        """Have a querier asked by itself, with one's own rights, and act when it finds enough.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/queriers/{_quoted(querier_id)}/schedules",
                models.ScheduleView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def delete_querier(
        self, querier_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Remove one's own querier with its schedules and what they found.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/queriers/{_quoted(querier_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def delete_querier_schedule(
        self, querier_schedule_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Remove a schedule; what it found is kept for its owner.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/querier-schedules/{_quoted(querier_schedule_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def export_querier(self, querier_id: UUID | str, *, format: str | None = None) -> bytes:
        """Return the whole result as a file, at most 100,000 rows. It is audited.

        Permission: ``queriers.export``.
        """
        return await self._client.send(
            _core.Call(
                "GET", f"/queriers/{_quoted(querier_id)}/export", bytes, query={"format": format}
            )
        )

    async def find_problems(
        self, body: models.ProblemsBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ProblemsView:
        """Put the texts of rows together by what they speak of: frequent and typical problems.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/queriers/problems",
                models.ProblemsView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def get_querier(self, querier_id: UUID | str) -> models.QuerierView:
        """Return one querier.

        Permission: ``queriers.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/queriers/{_quoted(querier_id)}", models.QuerierView)
        )

    async def get_querier_operation(self, querier_operation_id: UUID | str) -> models.OperationView:
        """Return one operation and how far it is.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "GET", f"/querier-operations/{_quoted(querier_operation_id)}", models.OperationView
            )
        )

    async def get_querier_run(self, querier_run_id: UUID | str) -> models.KeptAnswerView:
        """Return one answer with its rows, at most 1,000, to the owner of its schedule.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call("GET", f"/querier-runs/{_quoted(querier_run_id)}", models.KeptAnswerView)
        )

    async def get_querier_schedule(self, querier_schedule_id: UUID | str) -> models.ScheduleView:
        """Return one schedule.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "GET", f"/querier-schedules/{_quoted(querier_schedule_id)}", models.ScheduleView
            )
        )

    async def get_querier_settings(self) -> models.SettingsView:
        """Return where the enterprise's days begin.

        Permission: ``queriers.read``.
        """
        return await self._client.send(_core.Call("GET", "/querier-settings", models.SettingsView))

    async def import_querier_template(
        self, body: models.ImportBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.QuerierView:
        """Make a querier of one's own from a shipped one, shared with the roles that it is for.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/querier-templates/import",
                models.QuerierView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def list_querier_operations(
        self,
        *,
        querier_id: UUID | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageOperationView:
        """List what one did with rows, newest first; an enterprise's admin sees all.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/querier-operations",
                models.PageOperationView,
                query={"querier_id": querier_id, "limit": limit, "cursor": cursor},
            )
        )

    async def iter_querier_operations(
        self, *, querier_id: UUID | str | None = None, limit: int | None = None
    ) -> AsyncIterator[models.OperationView]:
        """Yield all items of :meth:`list_querier_operations`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_querier_operations(
                querier_id=querier_id, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_querier_runs(
        self,
        *,
        querier_id: UUID | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageKeptRunView:
        """List what one's own schedules found, newest first, for 90 days.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/querier-runs",
                models.PageKeptRunView,
                query={"querier_id": querier_id, "limit": limit, "cursor": cursor},
            )
        )

    async def iter_querier_runs(
        self, *, querier_id: UUID | str | None = None, limit: int | None = None
    ) -> AsyncIterator[models.KeptRunView]:
        """Yield all items of :meth:`list_querier_runs`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_querier_runs(querier_id=querier_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_querier_schedules(
        self,
        *,
        querier_id: UUID | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageScheduleView:
        """List one's own schedules, newest first; an enterprise's admin sees all.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/querier-schedules",
                models.PageScheduleView,
                query={"querier_id": querier_id, "limit": limit, "cursor": cursor},
            )
        )

    async def iter_querier_schedules(
        self, *, querier_id: UUID | str | None = None, limit: int | None = None
    ) -> AsyncIterator[models.ScheduleView]:
        """Yield all items of :meth:`list_querier_schedules`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_querier_schedules(
                querier_id=querier_id, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_querier_sources(self) -> models.PageSourceView:
        """List what the caller may ask: sources, their fields, and what paths can follow.

        Permission: ``queriers.read``.
        """
        return await self._client.send(_core.Call("GET", "/querier-sources", models.PageSourceView))

    async def list_querier_templates(self) -> models.PageTemplateView:
        """List the queriers that are shipped. There is one page.

        Permission: ``queriers.read``.
        """
        return await self._client.send(
            _core.Call("GET", "/querier-templates", models.PageTemplateView)
        )

    async def list_queriers(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageQuerierView:
        """List one's own queriers and those that are shared with one, newest first.

        Permission: ``queriers.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET", "/queriers", models.PageQuerierView, query={"limit": limit, "cursor": cursor}
            )
        )

    async def iter_queriers(self, *, limit: int | None = None) -> AsyncIterator[models.QuerierView]:
        """Yield all items of :meth:`list_queriers`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_queriers(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def preview_query(
        self, body: models.PreviewBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.AnswerView:
        """Ask a question without saving it.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/queriers/preview",
                models.AnswerView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def propose_querier_operation(
        self,
        querier_id: UUID | str,
        body: models.OperationBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.OperationView:
        """Say what is to be done with the rows, and how many they are. Nothing is done yet.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/queriers/{_quoted(querier_id)}/operations",
                models.OperationView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def put_querier_settings(
        self, body: models.SettingsBody | Mapping[str, Any], *, if_match: int | str | None = None
    ) -> models.SettingsView:
        """Set where the enterprise's days begin; schedules keep the zone that they have.

        Permission: ``queriers.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                "/querier-settings",
                models.SettingsView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def run_querier(
        self,
        querier_id: UUID | str,
        body: models.RunBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.AnswerView:
        """Ask a saved question now, with one's own rights.

        Permission: ``queriers.read``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/queriers/{_quoted(querier_id)}/run",
                models.AnswerView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def search_everything(
        self, *, q: str, source: list[str] | None = None, limit: int | None = None
    ) -> models.FoundView:
        """Look for a name, number or word in all business, customer and service data that one
        sees.

        Permission: ``queriers.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET", "/search", models.FoundView, query={"q": q, "source": source, "limit": limit}
            )
        )
