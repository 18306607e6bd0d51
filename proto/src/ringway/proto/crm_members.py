"""Members who say who they are by card number and PIN."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ringway.proto.base import Reply, Request, Token


class MemberVerifiedV1(Reply):
    """Whether the PIN fits the card.

    ``reason`` of a refusal: ``wrong`` (no such card, or not its PIN: nobody is told which),
    ``locked`` (too many wrong ones; ``retry_after_s`` says when to try again), or, only to whoever
    knows the PIN, ``blocked``, ``lost`` and ``expired``.
    """

    is_verified: bool
    reason: str = ""
    retry_after_s: int = 0
    card_id: Token | None = None
    customer_id: Token | None = None
    tier: str = ""


class VerifyMemberCardV1(Request):
    """Ask whether a PIN fits its card. Each request counts as an attempt."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.cmd.verify_member_card"

    card_number: str = Field(max_length=40, repr=False)
    pin: str = Field(max_length=40, repr=False)
    interaction_id: Token | None = None
