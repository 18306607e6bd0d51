"""Callbacks. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Callbacks:
    """Callbacks."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def cancel_callback(self, callback_id: UUID | str, *, reason: str | None = None) -> None:
        """Cancel a call-back: its lead is as it was before.

        Permission: ``callbacks.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE", f"/callbacks/{_quoted(callback_id)}", type(None), query={"reason": reason}
            )
        )

    def change_callback(
        self, callback_id: UUID | str, body: models.CallbackTimes | Mapping[str, Any]
    ) -> models.CallbackView:
        """Agree another time or agent, as long as it is open.

        Permission: ``callbacks.write``.
        """
        return self._client.send(
            _core.Call("PUT", f"/callbacks/{_quoted(callback_id)}", models.CallbackView, body=body)
        )

    def create_callback(
        self, body: models.CallbackBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.CallbackView:
        """Promise a lead a call. It is dialed ahead of the list when its time has come.

        Permission: ``callbacks.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/callbacks",
                models.CallbackView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_callback(self, callback_id: UUID | str) -> models.CallbackView:
        """Return one call-back.

        Permission: ``callbacks.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/callbacks/{_quoted(callback_id)}", models.CallbackView)
        )

    def get_disposition(self, interaction_id: UUID | str) -> models.DispositionView:
        """Return what was said of a campaign's call last.

        Permission: ``callbacks.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/interactions/{_quoted(interaction_id)}/disposition",
                models.DispositionView,
            )
        )

    def list_callbacks(
        self,
        *,
        campaign_id: UUID | str | None = None,
        agent_id: UUID | str | None = None,
        state: str | None = None,
        due_before: datetime | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageCallbackView:
        """List call-backs as they are due. An agent sees his own and those of the team.

        Permission: ``callbacks.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/callbacks",
                models.PageCallbackView,
                query={
                    "campaign_id": campaign_id,
                    "agent_id": agent_id,
                    "state": state,
                    "due_before": due_before,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    def iter_callbacks(
        self,
        *,
        campaign_id: UUID | str | None = None,
        agent_id: UUID | str | None = None,
        state: str | None = None,
        due_before: datetime | str | None = None,
        limit: int | None = None,
    ) -> Iterator[models.CallbackView]:
        """Yield all items of :meth:`list_callbacks`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_callbacks(
                campaign_id=campaign_id,
                agent_id=agent_id,
                state=state,
                due_before=due_before,
                limit=limit,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_dispositions(self) -> models.Dispositions:
        """List what agents may say of calls, entries that are hidden from them included.

        Permission: ``callbacks.read``.
        """
        return self._client.send(_core.Call("GET", "/dispositions", models.Dispositions))

    def put_disposition(
        self,
        body: models.DispositionFields | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.Dispositions:
        """Change an entry of the catalogue or add one. What was said before keeps its meaning.

        Permission: ``campaigns.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/dispositions",
                models.Dispositions,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def set_disposition(
        self, interaction_id: UUID | str, body: models.DispositionChoice | Mapping[str, Any]
    ) -> models.DispositionView:
        """Say how a campaign's call went, during or after it. The last one counts.

        It changes the lead: another call later, a call-back, never again, done; and its grade.

        Permission: ``callbacks.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/interactions/{_quoted(interaction_id)}/disposition",
                models.DispositionView,
                body=body,
            )
        )
