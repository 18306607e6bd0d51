"""Campaigns. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class Campaigns:
    """Campaigns."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def change_campaign(
        self,
        campaign_id: UUID | str,
        body: models.CampaignBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.CampaignView:
        """Change a campaign. It takes effect within seconds, also while it runs.

        Permission: ``campaigns.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/campaigns/{_quoted(campaign_id)}",
                models.CampaignView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def create_campaign(
        self, body: models.CampaignBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.CampaignView:
        """Create a campaign as a draft. What is left out is as `/campaign-defaults` says.

        Permission: ``campaigns.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/campaigns",
                models.CampaignView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def get_campaign(self, campaign_id: UUID | str) -> models.CampaignView:
        """Return one campaign.

        Permission: ``campaigns.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/campaigns/{_quoted(campaign_id)}", models.CampaignView)
        )

    async def get_campaign_defaults(self) -> models.CampaignDefaultsView:
        """Return what campaigns have where they say nothing.

        Permission: ``campaigns.read``.
        """
        return await self._client.send(
            _core.Call("GET", "/campaign-defaults", models.CampaignDefaultsView)
        )

    async def get_campaign_summary(self, campaign_id: UUID | str) -> models.CampaignSummary:
        """Return what the campaign has come to so far.

        Permission: ``campaigns.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/campaigns/{_quoted(campaign_id)}/summary", models.CampaignSummary)
        )

    async def list_campaigns(
        self,
        *,
        state: str | None = None,
        project_id: UUID | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageCampaignView:
        """List campaigns, newest first.

        Permission: ``campaigns.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/campaigns",
                models.PageCampaignView,
                query={"state": state, "project_id": project_id, "limit": limit, "cursor": cursor},
            )
        )

    async def iter_campaigns(
        self,
        *,
        state: str | None = None,
        project_id: UUID | str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.CampaignView]:
        """Yield all items of :meth:`list_campaigns`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_campaigns(
                state=state, project_id=project_id, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_screened(
        self,
        campaign_id: UUID | str,
        *,
        format: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        verdict: list[str] | None = None,
        number_state: list[str] | None = None,
        disposition: list[str] | None = None,
        attempts_min: int | None = None,
        attempts_max: int | None = None,
        field: list[str] | None = None,
    ) -> models.PageScreenedNumber:
        """List the numbers that the campaign dialed, each by its last attempt.

        Conditions must all hold; a condition that is given several times holds by any of its
        values.

        Permission: ``lists.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/campaigns/{_quoted(campaign_id)}/screening",
                models.PageScreenedNumber,
                query={
                    "format": format,
                    "limit": limit,
                    "cursor": cursor,
                    "verdict": verdict,
                    "number_state": number_state,
                    "disposition": disposition,
                    "attempts_min": attempts_min,
                    "attempts_max": attempts_max,
                    "field": field,
                },
            )
        )

    async def iter_screened(
        self,
        campaign_id: UUID | str,
        *,
        format: str | None = None,
        limit: int | None = None,
        verdict: list[str] | None = None,
        number_state: list[str] | None = None,
        disposition: list[str] | None = None,
        attempts_min: int | None = None,
        attempts_max: int | None = None,
        field: list[str] | None = None,
    ) -> AsyncIterator[models.ScreenedNumber]:
        """Yield all items of :meth:`list_screened`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_screened(
                campaign_id,
                format=format,
                limit=limit,
                verdict=verdict,
                number_state=number_state,
                disposition=disposition,
                attempts_min=attempts_min,
                attempts_max=attempts_max,
                field=field,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def make_screened_list(
        self,
        campaign_id: UUID | str,
        body: models.CleanListBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.CleanListView:
        """Make a new list of the numbers that a filter finds; by default of those that are alive.

        A lead with several of them becomes one lead with these numbers, its fields are kept.

        Permission: ``lists.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/campaigns/{_quoted(campaign_id)}/screening/list",
                models.CleanListView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def pause_campaign(
        self, campaign_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.CampaignStateView:
        """Stop dialing for now; calls that are up go on.

        Permission: ``campaigns.control``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/campaigns/{_quoted(campaign_id)}/pause",
                models.CampaignStateView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    async def put_campaign_defaults(
        self,
        body: models.CampaignDefaultsBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.CampaignDefaultsView:
        """Replace them. They count when a campaign is created or changed; others stay as they are.

        Permission: ``campaigns.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                "/campaign-defaults",
                models.CampaignDefaultsView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def remove_campaign(
        self, campaign_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Remove a campaign that is a draft, stopped or finished.

        Its lists, calls and figures in reports stay; its name is told with them.

        Permission: ``campaigns.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/campaigns/{_quoted(campaign_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def start_campaign(
        self, campaign_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.CampaignStateView:
        """Start dialing, or go on after a pause.

        Permission: ``campaigns.control``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/campaigns/{_quoted(campaign_id)}/start",
                models.CampaignStateView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    async def stop_campaign(
        self, campaign_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.CampaignStateView:
        """Stop dialing for good; calls that are up go on.

        Permission: ``campaigns.control``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/campaigns/{_quoted(campaign_id)}/stop",
                models.CampaignStateView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )
