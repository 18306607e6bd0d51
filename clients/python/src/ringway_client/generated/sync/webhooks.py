"""Webhooks. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Webhooks:
    """Webhooks."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def change_webhook(
        self,
        webhook_id: UUID | str,
        body: models.WebhookBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.WebhookView:
        """Change an endpoint, or switch it on or off. It is told of what you may see.

        Permission: ``webhooks.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/webhooks/{_quoted(webhook_id)}",
                models.WebhookView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def create_webhook(
        self, body: models.WebhookBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.WebhookWithSecret:
        """Make an endpoint. Its secret, with which deliveries are signed, is shown this once.

        Permission: ``webhooks.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/webhooks",
                models.WebhookWithSecret,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_delivery(
        self, webhook_id: UUID | str, delivery_id: UUID | str
    ) -> models.DeliveryDetail:
        """Return a delivery with the event and what became of each attempt.

        Permission: ``webhooks.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/webhooks/{_quoted(webhook_id)}/deliveries/{_quoted(delivery_id)}",
                models.DeliveryDetail,
            )
        )

    def get_webhook(self, webhook_id: UUID | str) -> models.WebhookView:
        """Return an endpoint.

        Permission: ``webhooks.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/webhooks/{_quoted(webhook_id)}", models.WebhookView)
        )

    def list_deliveries(
        self,
        webhook_id: UUID | str,
        *,
        state: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageDeliveryView:
        """List deliveries of the last 30 days, newest first.

        Permission: ``webhooks.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/webhooks/{_quoted(webhook_id)}/deliveries",
                models.PageDeliveryView,
                query={"state": state, "limit": limit, "cursor": cursor},
            )
        )

    def iter_deliveries(
        self, webhook_id: UUID | str, *, state: str | None = None, limit: int | None = None
    ) -> Iterator[models.DeliveryView]:
        """Yield all items of :meth:`list_deliveries`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_deliveries(webhook_id, state=state, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_event_types(self) -> models.PageEventTypeView:
        """List the types of events, what each takes to be seen, and whether you may.

        Permission: ``webhooks.read``.
        """
        return self._client.send(
            _core.Call("GET", "/webhooks/event-types", models.PageEventTypeView)
        )

    def list_webhooks(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageWebhookView:
        """List the endpoints.

        Permission: ``webhooks.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", "/webhooks", models.PageWebhookView, query={"limit": limit, "cursor": cursor}
            )
        )

    def iter_webhooks(self, *, limit: int | None = None) -> Iterator[models.WebhookView]:
        """Yield all items of :meth:`list_webhooks`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_webhooks(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def remove_webhook(self, webhook_id: UUID | str, *, if_match: int | str | None = None) -> None:
        """Remove an endpoint with the log of its deliveries.

        Permission: ``webhooks.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/webhooks/{_quoted(webhook_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def replay_webhook(
        self,
        webhook_id: UUID | str,
        body: models.Replay | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.Replayed:
        """Send what failed or was held since a time, oldest first, under the same `webhook-id`.

        Permission: ``webhooks.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/webhooks/{_quoted(webhook_id)}/replay",
                models.Replayed,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def retry_delivery(
        self, webhook_id: UUID | str, delivery_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.DeliveryView:
        """Send a delivery (again) now, under the same `webhook-id`.

        Permission: ``webhooks.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/webhooks/{_quoted(webhook_id)}/deliveries/{_quoted(delivery_id)}/retry",
                models.DeliveryView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def rotate_webhook_secret(
        self,
        webhook_id: UUID | str,
        body: models.WebhookRotation | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.WebhookWithSecret:
        """Give an endpoint a new secret. Deliveries carry both signatures for a while.

        Permission: ``webhooks.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/webhooks/{_quoted(webhook_id)}/rotate-secret",
                models.WebhookWithSecret,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def test_webhook(
        self, webhook_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.DeliveryView:
        """Send an event of the type `crm.v1.webhook.test`. What came of it is in the delivery.

        Permission: ``webhooks.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/webhooks/{_quoted(webhook_id)}/test",
                models.DeliveryView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )
