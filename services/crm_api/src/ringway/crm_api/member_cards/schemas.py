"""Payloads of member cards. A PIN is only ever taken, never shown."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, SecretStr

from ringway.crm_api.core.member_cards.numbers import CardNumberCheck
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.schemas import Body, Text, View

CardNumber = Annotated[str, Field(pattern=r"^[0-9]{4,32}$", examples=["8600000018"])]
Pin = Annotated[SecretStr, Field(min_length=4, max_length=12, examples=["270519"])]


class CardState(StrEnum):
    """What a card is good for. An active one expires by itself."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    LOST = "lost"
    EXPIRED = "expired"


class StoredState(StrEnum):
    """The states that somebody sets."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    LOST = "lost"


class CardSettingsBody(Body):
    """How an enterprise numbers its cards."""

    number_check: CardNumberCheck = CardNumberCheck.LUHN
    prefix: str = Field(default="86", pattern=r"^[0-9]{0,8}$", description="Of new numbers.")
    number_length: int = Field(default=10, ge=6, le=32, description="Of new numbers.")
    pin_length: int = Field(default=6, ge=4, le=12, description="Of PINs that are set.")


class CardSettingsView(CardSettingsBody):
    """How an enterprise numbers its cards."""

    version: int
    updated_at: datetime | None


class CardBody(Body):
    """What can be changed on a card."""

    customer_id: UUID | None = None
    tier: Text = Field(default="", max_length=40, examples=["gold"])
    state: StoredState = StoredState.ACTIVE
    valid_until: Moment | None = Field(default=None, description="null: for good.")
    note: Text = Field(default="", max_length=500)


class NewCard(CardBody):
    """A new card."""

    card_number: CardNumber | None = Field(default=None, description="null: the next one is made.")
    pin: Pin | None = Field(default=None, description="null: it cannot be verified yet.")


class PinBody(Body):
    """A PIN that is set by somebody who may."""

    pin: Pin


class PinChange(Body):
    """A PIN that is changed by whoever knows the old one; a wrong one counts as an attempt."""

    card_number: CardNumber
    old_pin: Pin
    new_pin: Pin


class Verification(Body):
    """A card number and the PIN that somebody says or presses."""

    card_number: CardNumber
    pin: Pin
    interaction_id: UUID | None = None


class CardView(View):
    """A member card. ``has_pin`` is all that is told of its PIN."""

    card_id: UUID
    card_number: str
    customer_id: UUID | None
    tier: str
    state: CardState
    valid_until: datetime | None
    has_pin: bool
    pin_changed_at: datetime | None
    locked_until: datetime | None = Field(description="After wrong PINs; setting one ends it.")
    note: str
    version: int
    created_at: datetime
    updated_at: datetime


class CardVerdict(StrEnum):
    """Why a card was not verified. States are told only to whoever knows the PIN."""

    WRONG = "wrong"  # no such card, or not its PIN
    LOCKED = "locked"
    BLOCKED = "blocked"
    LOST = "lost"
    EXPIRED = "expired"


class VerifiedView(View):
    """Whether the PIN fits the card."""

    is_verified: bool
    reason: CardVerdict | None = None
    retry_after_s: int = 0
    card_id: UUID | None = None
    customer_id: UUID | None = None
    tier: str = ""
