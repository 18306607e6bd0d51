"""Calendars. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import File, Sender
from ringway_client.sending import quoted as _quoted


class Calendars:
    """Calendars."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def create_calendar(
        self, body: models.Calendar | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.CalendarView:
        """Create one: business hours and holidays.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/calendars",
                models.CalendarView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def delete_calendar(self, calendar_id: str, *, if_match: int | str | None = None) -> None:
        """Delete one, unless another object names it: business hours and holidays.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/calendars/{_quoted(calendar_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def get_calendar(self, calendar_id: str) -> models.CalendarView:
        """Return one: business hours and holidays.

        Permission: ``routing.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/calendars/{_quoted(calendar_id)}", models.CalendarView)
        )

    def import_calendar_days(
        self,
        calendar_id: str,
        *,
        file: File,
        replace_all: bool | None = None,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.DaysImported:
        """Import holidays and make-up workdays. All rows are taken or, with a bad one, none.

        `like` is a weekday whose hours apply, `slots` are hours such as `09:00-12:00
        13:00-18:00`; a
        day with neither is closed. The text is UTF-8 or GB18030, the delimiter a comma,
        semicolon,
        tab or bar. Refused with `rows_invalid`, and each bad row's line, column, code and
        reason.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/calendars/{_quoted(calendar_id)}/days",
                models.DaysImported,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
                form={"replace_all": replace_all},
                files={"file": file},
            )
        )

    def list_calendars(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageCalendarView:
        """List, in the order of their ids: business hours and holidays. A page of large objects
        holds fewer than `limit`.

        Permission: ``routing.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/calendars",
                models.PageCalendarView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_calendars(self, *, limit: int | None = None) -> Iterator[models.CalendarView]:
        """Yield all items of :meth:`list_calendars`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_calendars(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def put_calendar(
        self,
        calendar_id: str,
        body: models.Calendar | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        if_none_match: int | str | None = None,
    ) -> models.CalendarView:
        """Replace one, or create it with an id of your own: business hours and holidays. `If-
        Match` with its ETag or `If-None-Match: *` is required.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/calendars/{_quoted(calendar_id)}",
                models.CalendarView,
                headers={
                    "if-match": _core.etag(if_match),
                    "if-none-match": _core.etag(if_none_match),
                },
                body=body,
            )
        )
