"""Notices. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Notices:
    """Notices."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def change_notice(
        self,
        notice_id: UUID | str,
        body: models.NoticeBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.NoticeView:
        """Change a notice that was not published.

        Permission: ``notices.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/notices/{_quoted(notice_id)}",
                models.NoticeView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def count_notice_receipts(self, notice_id: UUID | str) -> models.ReceiptCounts:
        """Return how many people a notice is for now, and how many have read and confirmed it.

        Permission: ``notices.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", f"/notices/{_quoted(notice_id)}/receipts/counts", models.ReceiptCounts
            )
        )

    def create_notice(
        self, body: models.NoticeBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.NoticeView:
        """Write a notice and say whom it is for. It is shown when it is published.

        Permission: ``notices.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/notices",
                models.NoticeView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_notice(self, notice_id: UUID | str) -> models.NoticeView:
        """Return one notice.

        Permission: ``notices.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/notices/{_quoted(notice_id)}", models.NoticeView)
        )

    def list_my_notices(
        self, *, unread: bool | None = None, coming: bool | None = None, limit: int | None = None
    ) -> models.PageMyNotice:
        """List the notices that the caller is shown now: urgent ones first, then the newest.

        Permission: ``me``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/me/notices",
                models.PageMyNotice,
                query={"unread": unread, "coming": coming, "limit": limit},
            )
        )

    def list_notice_receipts(
        self,
        notice_id: UUID | str,
        *,
        state: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageReceiptView:
        """List the people whom a notice is for now, and when they read and confirmed it.

        Permission: ``notices.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/notices/{_quoted(notice_id)}/receipts",
                models.PageReceiptView,
                query={"state": state, "limit": limit, "cursor": cursor},
            )
        )

    def iter_notice_receipts(
        self, notice_id: UUID | str, *, state: str | None = None, limit: int | None = None
    ) -> Iterator[models.ReceiptView]:
        """Yield all items of :meth:`list_notice_receipts`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_notice_receipts(notice_id, state=state, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_notices(
        self, *, state: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> models.PageNoticeView:
        """List all notices of the enterprise, newest first.

        Permission: ``notices.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/notices",
                models.PageNoticeView,
                query={"state": state, "limit": limit, "cursor": cursor},
            )
        )

    def iter_notices(
        self, *, state: str | None = None, limit: int | None = None
    ) -> Iterator[models.NoticeView]:
        """Yield all items of :meth:`list_notices`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_notices(state=state, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def publish_notice(
        self,
        notice_id: UUID | str,
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.NoticeView:
        """Show a notice from its beginning on; whom it is for are told by an event at once.

        Permission: ``notices.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/notices/{_quoted(notice_id)}/publish",
                models.NoticeView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
            )
        )

    def read_notice(
        self,
        notice_id: UUID | str,
        body: models.Reading | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> None:
        """Say that the caller has read a notice, and whether he has understood it.

        Permission: ``me``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/me/notices/{_quoted(notice_id)}/read",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def remove_notice(self, notice_id: UUID | str, *, if_match: int | str | None = None) -> None:
        """Remove a notice that is not shown, with its receipts.

        Permission: ``notices.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/notices/{_quoted(notice_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def withdraw_notice(
        self,
        notice_id: UUID | str,
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.NoticeView:
        """Show a notice no more. Who has read it stays known.

        Permission: ``notices.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/notices/{_quoted(notice_id)}/withdraw",
                models.NoticeView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
            )
        )
