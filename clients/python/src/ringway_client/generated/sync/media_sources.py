"""Media sources. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class MediaSources:
    """Media sources."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def change_media_source(
        self,
        media_source_id: UUID | str,
        body: models.MediaSourceBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.MediaSourceView:
        """Change a media source and its numbers.

        Permission: ``media.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/media-sources/{_quoted(media_source_id)}",
                models.MediaSourceView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def change_placement(
        self,
        media_source_id: UUID | str,
        placement_id: UUID | str,
        body: models.PlacementBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.PlacementView:
        """Change an advertisement. Orders that it brought stay its own.

        Permission: ``media.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/media-sources/{_quoted(media_source_id)}/placements/{_quoted(placement_id)}",
                models.PlacementView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def create_media_source(
        self,
        body: models.MediaSourceBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.MediaSourceView:
        """Add a channel or other medium, with the numbers that are shown there.

        Permission: ``media.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/media-sources",
                models.MediaSourceView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def create_placement(
        self,
        media_source_id: UUID | str,
        body: models.PlacementBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.PlacementView:
        """Add an advertisement with its time and cost.

        Permission: ``media.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/media-sources/{_quoted(media_source_id)}/placements",
                models.PlacementView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_media_source(self, media_source_id: UUID | str) -> models.MediaSourceView:
        """Return one media source with its numbers.

        Permission: ``media.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/media-sources/{_quoted(media_source_id)}", models.MediaSourceView)
        )

    def get_placement(
        self, media_source_id: UUID | str, placement_id: UUID | str
    ) -> models.PlacementView:
        """Return one advertisement.

        Permission: ``media.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/media-sources/{_quoted(media_source_id)}/placements/{_quoted(placement_id)}",
                models.PlacementView,
            )
        )

    def list_media_sources(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageMediaSourceView:
        """List media sources.

        Permission: ``media.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/media-sources",
                models.PageMediaSourceView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_media_sources(self, *, limit: int | None = None) -> Iterator[models.MediaSourceView]:
        """Yield all items of :meth:`list_media_sources`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_media_sources(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_placements(
        self, media_source_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PagePlacementView:
        """List the advertisements of a source, the last made first.

        Permission: ``media.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/media-sources/{_quoted(media_source_id)}/placements",
                models.PagePlacementView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_placements(
        self, media_source_id: UUID | str, *, limit: int | None = None
    ) -> Iterator[models.PlacementView]:
        """Yield all items of :meth:`list_placements`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_placements(media_source_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def remove_media_source(
        self, media_source_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Remove a media source that brought no order, with its advertisements.

        Permission: ``media.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/media-sources/{_quoted(media_source_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def remove_placement(
        self,
        media_source_id: UUID | str,
        placement_id: UUID | str,
        *,
        if_match: int | str | None = None,
    ) -> None:
        """Remove an advertisement.

        Permission: ``media.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/media-sources/{_quoted(media_source_id)}/placements/{_quoted(placement_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def report_media(
        self, *, from_: datetime | str, to: datetime | str, group_by: str | None = None
    ) -> models.MediaReport:
        """Sum up calls, orders, revenue and cost by source or advertisement. At most 366 days.

        Permission: ``media.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/media-sources/report",
                models.MediaReport,
                query={"from": from_, "to": to, "group_by": group_by},
            )
        )
