"""Interactions. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Interactions:
    """Interactions."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def get_interaction(self, interaction_id: UUID | str) -> models.InteractionView:
        """Return one interaction. An agent sees only those that he had.

        Permission: ``interactions.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/interactions/{_quoted(interaction_id)}", models.InteractionView)
        )

    def list_interactions(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        campaign_id: UUID | str | None = None,
        customer_id: UUID | str | None = None,
        team_id: UUID | str | None = None,
        agent_id: UUID | str | None = None,
        agent_number: str | None = None,
        caller: str | None = None,
        called: str | None = None,
        number: str | None = None,
        number_prefix: str | None = None,
        direction: str | None = None,
        disposition: str | None = None,
        outcome: str | None = None,
        agent_disposition: str | None = None,
        queue_id: str | None = None,
        is_live: bool | None = None,
        has_recording: bool | None = None,
        min_talk_s: float | None = None,
        max_talk_s: float | None = None,
        min_total_s: float | None = None,
        max_total_s: float | None = None,
    ) -> models.PageInteractionView:
        """List interactions, newest first. An agent sees his own only.

        Lists over much time with conditions that few interactions fit are given up after 8 s.

        Permission: ``interactions.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/interactions",
                models.PageInteractionView,
                query={
                    "limit": limit,
                    "cursor": cursor,
                    "from": from_,
                    "to": to,
                    "campaign_id": campaign_id,
                    "customer_id": customer_id,
                    "team_id": team_id,
                    "agent_id": agent_id,
                    "agent_number": agent_number,
                    "caller": caller,
                    "called": called,
                    "number": number,
                    "number_prefix": number_prefix,
                    "direction": direction,
                    "disposition": disposition,
                    "outcome": outcome,
                    "agent_disposition": agent_disposition,
                    "queue_id": queue_id,
                    "is_live": is_live,
                    "has_recording": has_recording,
                    "min_talk_s": min_talk_s,
                    "max_talk_s": max_talk_s,
                    "min_total_s": min_total_s,
                    "max_total_s": max_total_s,
                },
            )
        )

    def iter_interactions(
        self,
        *,
        limit: int | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        campaign_id: UUID | str | None = None,
        customer_id: UUID | str | None = None,
        team_id: UUID | str | None = None,
        agent_id: UUID | str | None = None,
        agent_number: str | None = None,
        caller: str | None = None,
        called: str | None = None,
        number: str | None = None,
        number_prefix: str | None = None,
        direction: str | None = None,
        disposition: str | None = None,
        outcome: str | None = None,
        agent_disposition: str | None = None,
        queue_id: str | None = None,
        is_live: bool | None = None,
        has_recording: bool | None = None,
        min_talk_s: float | None = None,
        max_talk_s: float | None = None,
        min_total_s: float | None = None,
        max_total_s: float | None = None,
    ) -> Iterator[models.InteractionView]:
        """Yield all items of :meth:`list_interactions`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_interactions(
                limit=limit,
                from_=from_,
                to=to,
                campaign_id=campaign_id,
                customer_id=customer_id,
                team_id=team_id,
                agent_id=agent_id,
                agent_number=agent_number,
                caller=caller,
                called=called,
                number=number,
                number_prefix=number_prefix,
                direction=direction,
                disposition=disposition,
                outcome=outcome,
                agent_disposition=agent_disposition,
                queue_id=queue_id,
                is_live=is_live,
                has_recording=has_recording,
                min_talk_s=min_talk_s,
                max_talk_s=max_talk_s,
                min_total_s=min_total_s,
                max_total_s=max_total_s,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_segments(self, interaction_id: UUID | str) -> list[models.InteractionSegmentView]:
        """List the agents who had the interaction, in order, each with his own times.

        Permission: ``interactions.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/interactions/{_quoted(interaction_id)}/segments",
                list[models.InteractionSegmentView],
            )
        )
