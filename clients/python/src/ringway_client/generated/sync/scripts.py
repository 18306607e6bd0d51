"""Scripts. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Scripts:
    """Scripts."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def change_script(
        self,
        script_id: UUID | str,
        body: models.ScriptBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.ScriptView:
        """Change, publish or retire a script.

        Permission: ``scripts.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/scripts/{_quoted(script_id)}",
                models.ScriptView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def create_script(
        self, body: models.ScriptBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ScriptView:
        """Write a script. Every page must be reached, and the talk must be able to end from it.

        Permission: ``scripts.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/scripts",
                models.ScriptView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_script(self, script_id: UUID | str) -> models.ScriptView:
        """Return one script as it was written.

        Permission: ``scripts.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/scripts/{_quoted(script_id)}", models.ScriptView)
        )

    def get_script_version(
        self, script_id: UUID | str, script_version: int
    ) -> models.ScriptVersionView:
        """Return a script as it was in one version.

        Permission: ``scripts.write``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/scripts/{_quoted(script_id)}/versions/{_quoted(script_version)}",
                models.ScriptVersionView,
            )
        )

    def list_script_versions(
        self, script_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageScriptVersionItem:
        """List the versions of a script, newest first.

        Permission: ``scripts.write``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/scripts/{_quoted(script_id)}/versions",
                models.PageScriptVersionItem,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_script_versions(
        self, script_id: UUID | str, *, limit: int | None = None
    ) -> Iterator[models.ScriptVersionItem]:
        """Yield all items of :meth:`list_script_versions`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_script_versions(script_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_scripts(
        self,
        *,
        state: str | None = None,
        language: str | None = None,
        kind: str | None = None,
        value: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageScriptItem:
        """List scripts, newest first; those who do not write them see published ones.

        Permission: ``scripts.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/scripts",
                models.PageScriptItem,
                query={
                    "state": state,
                    "language": language,
                    "kind": kind,
                    "value": value,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    def iter_scripts(
        self,
        *,
        state: str | None = None,
        language: str | None = None,
        kind: str | None = None,
        value: str | None = None,
        limit: int | None = None,
    ) -> Iterator[models.ScriptItem]:
        """Yield all items of :meth:`list_scripts`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_scripts(
                state=state, language=language, kind=kind, value=value, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def remove_script(self, script_id: UUID | str, *, if_match: int | str | None = None) -> None:
        """Remove a script with its versions.

        Permission: ``scripts.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/scripts/{_quoted(script_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def render_script(
        self,
        *,
        script_id: UUID | str | None = None,
        interaction_id: UUID | str | None = None,
        customer_id: UUID | str | None = None,
        campaign_id: UUID | str | None = None,
        queue_id: str | None = None,
        service_number: str | None = None,
        business_type: str | None = None,
        situation: str | None = None,
        language: str | None = None,
    ) -> models.RenderedScript:
        """Return the script for a call with the customer's data, as far as the caller sees them.

        It is the published one that is bound most exactly to what is known of the call.

        Permission: ``scripts.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/scripts/render",
                models.RenderedScript,
                query={
                    "script_id": script_id,
                    "interaction_id": interaction_id,
                    "customer_id": customer_id,
                    "campaign_id": campaign_id,
                    "queue_id": queue_id,
                    "service_number": service_number,
                    "business_type": business_type,
                    "situation": situation,
                    "language": language,
                },
            )
        )

    def restore_script_version(
        self,
        script_id: UUID | str,
        script_version: int,
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.ScriptView:
        """Let a script be as it was in that version, as its next version.

        Permission: ``scripts.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/scripts/{_quoted(script_id)}/versions/{_quoted(script_version)}/restore",
                models.ScriptView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
            )
        )
