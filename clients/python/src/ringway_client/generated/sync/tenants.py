"""Tenants. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Tenants:
    """Tenants."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def allow_tenant_outbound(
        self, tenant_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.TenantView:
        """Allow the outbound service again. Its campaigns stay paused until somebody starts them.

        Permission: ``tenants.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/tenants/{_quoted(tenant_id)}/allow-outbound",
                models.TenantView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def close_tenant(
        self,
        tenant_id: UUID | str,
        body: models.Closing | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.TenantView:
        """Close an enterprise: its access and its calls end at once, its data stays for a time.

        Permission: ``tenants.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/tenants/{_quoted(tenant_id)}/close",
                models.TenantView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def create_tenant(
        self, body: models.NewTenant | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.TenantView:
        """Open an enterprise with its first admin, who can sign in at once as `user@slug`.

        Permission: ``tenants.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/tenants",
                models.TenantView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def delete_tenant(
        self,
        tenant_id: UUID | str,
        body: models.Confirmation | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.TenantView:
        """Delete a closed enterprise with all its data now. It cannot be undone.

        How far it is stands in `/deleted-tenants`.

        Permission: ``tenants.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/tenants/{_quoted(tenant_id)}/delete",
                models.TenantView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def export_tenant(self, tenant_id: UUID | str) -> bytes:
        """Export all data of an enterprise: a zip with a file of JSON lines for each table.

        Its own admin at any time, the platform's operators while it is closed. It is audited.
        Secrets are left out, and files (recordings, attachments) are fetched by their own
        addresses.

        Permission: ``data.export``.
        """
        return self._client.send(_core.Call("GET", f"/tenants/{_quoted(tenant_id)}/export", bytes))

    def extend_tenant_grace(
        self,
        tenant_id: UUID | str,
        body: models.Grace | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.TenantView:
        """Say how long a closed enterprise's data stays from now on.

        Permission: ``tenants.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/tenants/{_quoted(tenant_id)}/extend-grace",
                models.TenantView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_outbound_figures(
        self,
        tenant_id: UUID | str,
        *,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
    ) -> models.OutboundFigures:
        """Show an enterprise's lines, numbers with their connect rates, and agents. It is audited.

        At most 92 days at once.

        Permission: ``tenants.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/tenants/{_quoted(tenant_id)}/outbound-figures",
                models.OutboundFigures,
                query={"from": from_, "to": to},
            )
        )

    def get_tenant(self, tenant_id: UUID | str) -> models.TenantView:
        """Return one enterprise.

        Permission: ``tenants.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/tenants/{_quoted(tenant_id)}", models.TenantView)
        )

    def list_tenant_interactions(
        self,
        tenant_id: UUID | str,
        *,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageInteractionView:
        """List an enterprise's calls that were answered in a period, newest first. It is audited.

        Permission: ``tenants.jump_in``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/tenants/{_quoted(tenant_id)}/interactions",
                models.PageInteractionView,
                query={"from": from_, "to": to, "limit": limit, "cursor": cursor},
            )
        )

    def iter_tenant_interactions(
        self,
        tenant_id: UUID | str,
        *,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        limit: int | None = None,
    ) -> Iterator[models.InteractionView]:
        """Yield all items of :meth:`list_tenant_interactions`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_tenant_interactions(
                tenant_id, from_=from_, to=to, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_tenant_warnings(
        self, tenant_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageTenantWarningView:
        """List what an enterprise was warned of, newest first, and how many have confirmed it.

        Permission: ``tenants.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/tenants/{_quoted(tenant_id)}/warnings",
                models.PageTenantWarningView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_tenant_warnings(
        self, tenant_id: UUID | str, *, limit: int | None = None
    ) -> Iterator[models.TenantWarningView]:
        """Yield all items of :meth:`list_tenant_warnings`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_tenant_warnings(tenant_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_tenants(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageTenantView:
        """List the enterprises by slug.

        Permission: ``tenants.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", "/tenants", models.PageTenantView, query={"limit": limit, "cursor": cursor}
            )
        )

    def iter_tenants(self, *, limit: int | None = None) -> Iterator[models.TenantView]:
        """Yield all items of :meth:`list_tenants`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_tenants(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def open_enterprise(
        self, body: models.Opening | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.Opened:
        """Open an enterprise with admin, agents, trunk, numbers and project: all of it, or
        nothing.

        When a step fails, `failed_step` says which, and what was done is undone.

        Permission: ``tenants.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/tenants/open",
                models.Opened,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def put_tenant_features(
        self, tenant_id: UUID | str, body: models.Features | Mapping[str, Any]
    ) -> models.TenantView:
        """Say which features an enterprise has. What is off answers 403 `feature_off`.

        Permission: ``tenants.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT", f"/tenants/{_quoted(tenant_id)}/features", models.TenantView, body=body
            )
        )

    def reopen_tenant(
        self, tenant_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.TenantView:
        """Undo the closing of an enterprise while its data is there.

        Permission: ``tenants.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/tenants/{_quoted(tenant_id)}/reopen",
                models.TenantView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def resume_tenant(
        self, tenant_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.TenantView:
        """Give the access back.

        Permission: ``tenants.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/tenants/{_quoted(tenant_id)}/resume",
                models.TenantView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def stop_tenant_outbound(
        self,
        tenant_id: UUID | str,
        body: models.OutboundStop | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.TenantView:
        """Stop an enterprise's outbound service: running campaigns pause, calls that are up go on.

        Permission: ``tenants.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/tenants/{_quoted(tenant_id)}/stop-outbound",
                models.TenantView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def suspend_tenant(
        self, tenant_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.TenantView:
        """Take away the access of all users of an enterprise.

        Permission: ``tenants.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/tenants/{_quoted(tenant_id)}/suspend",
                models.TenantView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def warn_tenant(
        self,
        tenant_id: UUID | str,
        body: models.TenantWarning | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.TenantWarningView:
        """Show an enterprise's admins an urgent notice for 30 days, which they have to confirm.

        Permission: ``tenants.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/tenants/{_quoted(tenant_id)}/warnings",
                models.TenantWarningView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def withdraw_tenant_warning(self, tenant_id: UUID | str, notice_id: UUID | str) -> None:
        """Show a warning no more. Who has read it stays known.

        Permission: ``tenants.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE", f"/tenants/{_quoted(tenant_id)}/warnings/{_quoted(notice_id)}", type(None)
            )
        )
