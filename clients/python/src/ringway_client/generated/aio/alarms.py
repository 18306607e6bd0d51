"""Alarms. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class Alarms:
    """Alarms."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def acknowledge_alarm(
        self,
        alarm_id: UUID | str,
        body: models.Acknowledgement | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.AlarmView:
        """Say that one knows of an alarm, and what is done. It is over when its cause is over.

        Permission: ``alarms.acknowledge``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/alarms/{_quoted(alarm_id)}/acknowledge",
                models.AlarmView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def get_alarm(self, alarm_id: UUID | str) -> models.AlarmView:
        """Return one alarm.

        Permission: ``alarms.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/alarms/{_quoted(alarm_id)}", models.AlarmView)
        )

    async def list_alarms(
        self,
        *,
        state: str | None = None,
        severity: str | None = None,
        kind: str | None = None,
        since: datetime | str | None = None,
        tenant_id: UUID | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageAlarmView:
        """List alarms, newest first: of the caller's enterprise, or of all for a platform's
        operator.

        They are raised and cleared by the system itself, and kept for 400 days after they are
        over.

        Permission: ``alarms.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/alarms",
                models.PageAlarmView,
                query={
                    "state": state,
                    "severity": severity,
                    "kind": kind,
                    "since": since,
                    "tenant_id": tenant_id,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    async def iter_alarms(
        self,
        *,
        state: str | None = None,
        severity: str | None = None,
        kind: str | None = None,
        since: datetime | str | None = None,
        tenant_id: UUID | str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.AlarmView]:
        """Yield all items of :meth:`list_alarms`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_alarms(
                state=state,
                severity=severity,
                kind=kind,
                since=since,
                tenant_id=tenant_id,
                limit=limit,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
