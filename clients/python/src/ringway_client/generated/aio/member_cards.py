"""Member cards. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class MemberCards:
    """Member cards."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def change_member_card(
        self,
        card_id: UUID | str,
        body: models.CardBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.CardView:
        """Change a card: whose it is, its tier, whether it is blocked or lost.

        Permission: ``member_cards.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/member-cards/{_quoted(card_id)}",
                models.CardView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def change_member_pin(
        self, body: models.PinChange | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.VerifiedView:
        """Change a PIN for whoever knows the old one; a wrong one counts as an attempt.

        Permission: ``member_cards.verify``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/member-cards/change-pin",
                models.VerifiedView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def create_member_card(
        self, body: models.NewCard | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.CardView:
        """Add a card, with a number that is given or made.

        Permission: ``member_cards.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/member-cards",
                models.CardView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def get_member_card(self, card_id: UUID | str) -> models.CardView:
        """Return one card, without its PIN.

        Permission: ``member_cards.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/member-cards/{_quoted(card_id)}", models.CardView)
        )

    async def get_member_card_settings(self) -> models.CardSettingsView:
        """Return how the enterprise numbers its cards.

        Permission: ``member_cards.read``.
        """
        return await self._client.send(
            _core.Call("GET", "/member-card-settings", models.CardSettingsView)
        )

    async def list_member_cards(
        self,
        *,
        customer_id: UUID | str | None = None,
        card_number: str | None = None,
        state: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageCardView:
        """List cards, newest first, also by customer or number. Expired ones were active.

        Permission: ``member_cards.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/member-cards",
                models.PageCardView,
                query={
                    "customer_id": customer_id,
                    "card_number": card_number,
                    "state": state,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    async def iter_member_cards(
        self,
        *,
        customer_id: UUID | str | None = None,
        card_number: str | None = None,
        state: str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.CardView]:
        """Yield all items of :meth:`list_member_cards`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_member_cards(
                customer_id=customer_id,
                card_number=card_number,
                state=state,
                limit=limit,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def put_member_card_settings(
        self,
        body: models.CardSettingsBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.CardSettingsView:
        """Change how new cards are numbered and how long PINs are. Cards stay as they are.

        Permission: ``member_cards.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                "/member-card-settings",
                models.CardSettingsView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def remove_member_card(
        self, card_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Remove a card.

        Permission: ``member_cards.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/member-cards/{_quoted(card_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def set_member_pin(
        self,
        card_id: UUID | str,
        body: models.PinBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.CardView:
        """Set a PIN without the old one. It also ends a lock.

        Permission: ``member_cards.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/member-cards/{_quoted(card_id)}/pin",
                models.CardView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def verify_member_card(
        self, body: models.Verification | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.VerifiedView:
        """Say whether a PIN fits its card. It counts as an attempt, and is audited.

        A card that does not exist and a wrong PIN get the same answer.

        Permission: ``member_cards.verify``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/member-cards/verify",
                models.VerifiedView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )
