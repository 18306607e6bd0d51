"""Objects. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Objects:
    """Objects."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def archive_object(
        self, object_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.ObjectView:
        """Archive an object: its records can still be read, and no more be written.

        Permission: ``objects.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/objects/{_quoted(object_id)}/archive",
                models.ObjectView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def create_binding(
        self, body: models.BindingBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.BindingView:
        """Bind work-order objects to a campaign, a queue, a service number, or as the default.

        Permission: ``objects.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/object-bindings",
                models.BindingView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def create_object(
        self, body: models.Definition | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ObjectView:
        """Register an object. Its records can be kept, filtered and sorted at once.

        Permission: ``objects.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/objects",
                models.ObjectView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def delete_binding(self, binding_id: UUID | str, *, if_match: int | str | None = None) -> None:
        """Remove a binding.

        Permission: ``objects.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/object-bindings/{_quoted(binding_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def get_binding(self, binding_id: UUID | str) -> models.BindingView:
        """Return a binding.

        Permission: ``objects.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/object-bindings/{_quoted(binding_id)}", models.BindingView)
        )

    def get_object(self, object_id: UUID | str) -> models.ObjectView:
        """Return an object with the fields that the caller sees: how its form is built.

        Permission: ``objects.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/objects/{_quoted(object_id)}", models.ObjectView)
        )

    def get_object_version(
        self, object_id: UUID | str, object_version: int
    ) -> models.ObjectVersionView:
        """Return an object as it was defined in one version.

        Permission: ``objects.write``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/objects/{_quoted(object_id)}/versions/{_quoted(object_version)}",
                models.ObjectVersionView,
            )
        )

    def get_pop(
        self,
        *,
        phone_e164: str | None = None,
        service_number: str | None = None,
        queue_id: str | None = None,
        campaign_id: str | None = None,
        interaction_id: UUID | str | None = None,
    ) -> models.PopView:
        """Return who calls, how his data is shown, and which work orders pop.

        The binding of the campaign counts before that of the queue, of the service number, and
        the
        default.

        Permission: ``customers.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/pop",
                models.PopView,
                query={
                    "phone_e164": phone_e164,
                    "service_number": service_number,
                    "queue_id": queue_id,
                    "campaign_id": campaign_id,
                    "interaction_id": interaction_id,
                },
            )
        )

    def get_pop_recent(
        self,
        *,
        customer_id: UUID | str | None = None,
        phone_e164: str | None = None,
        interaction_id: UUID | str | None = None,
        limit: int | None = None,
    ) -> models.RecentView:
        """Return the last calls, open work orders and last orders of who calls: a second read.

        Each part within what the caller may see of it; null where he may not at all.

        Permission: ``customers.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/pop/recent",
                models.RecentView,
                query={
                    "customer_id": customer_id,
                    "phone_e164": phone_e164,
                    "interaction_id": interaction_id,
                    "limit": limit,
                },
            )
        )

    def get_pop_settings(self) -> models.PopSettingsView:
        """Return which fields of customers and which panels agents see.

        Permission: ``objects.read``.
        """
        return self._client.send(_core.Call("GET", "/pop/settings", models.PopSettingsView))

    def list_bindings(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageBindingView:
        """List the bindings, oldest first.

        Permission: ``objects.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/object-bindings",
                models.PageBindingView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_bindings(self, *, limit: int | None = None) -> Iterator[models.BindingView]:
        """Yield all items of :meth:`list_bindings`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_bindings(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_object_versions(
        self, object_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageObjectVersionSummary:
        """List the versions of an object, newest first.

        Permission: ``objects.write``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/objects/{_quoted(object_id)}/versions",
                models.PageObjectVersionSummary,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_object_versions(
        self, object_id: UUID | str, *, limit: int | None = None
    ) -> Iterator[models.ObjectVersionSummary]:
        """Yield all items of :meth:`list_object_versions`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_object_versions(object_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_objects(
        self,
        *,
        kind: str | None = None,
        is_archived: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageObjectSummary:
        """List the objects that the caller may see, oldest first.

        Permission: ``objects.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/objects",
                models.PageObjectSummary,
                query={"kind": kind, "is_archived": is_archived, "limit": limit, "cursor": cursor},
            )
        )

    def iter_objects(
        self, *, kind: str | None = None, is_archived: bool | None = None, limit: int | None = None
    ) -> Iterator[models.ObjectSummary]:
        """Yield all items of :meth:`list_objects`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_objects(kind=kind, is_archived=is_archived, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def put_pop_settings(
        self, body: models.PopSettingsBody | Mapping[str, Any], *, if_match: int | str | None = None
    ) -> models.PopSettingsView:
        """Say which fields of customers and which panels agents see; it holds for the next pop.

        Permission: ``objects.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                "/pop/settings",
                models.PopSettingsView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def replace_binding(
        self,
        binding_id: UUID | str,
        body: models.BindingBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.BindingView:
        """Change a binding; it holds for the next interaction.

        Permission: ``objects.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/object-bindings/{_quoted(binding_id)}",
                models.BindingView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def replace_object(
        self,
        object_id: UUID | str,
        body: models.Definition | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.ObjectView:
        """Change an object into a new version, which the next form that opens has.

        A field that is left out is hidden, and its values are kept. A field keeps its type
        while
        there are records; options are retired, not removed.

        Permission: ``objects.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/objects/{_quoted(object_id)}",
                models.ObjectView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def restore_object(
        self, object_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.ObjectView:
        """Bring an archived object back.

        Permission: ``objects.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/objects/{_quoted(object_id)}/restore",
                models.ObjectView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )
