"""Payloads of media sources: channels with numbers, advertisements there, what they brought."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.products.schemas import Amount, Currency
from ringway.crm_api.schemas import Body, Name, Text, View
from ringway.proto.base import PhoneE164


class MediaChannel(StrEnum):
    """What kind of medium it is."""

    TV = "tv"
    RADIO = "radio"
    PRINT = "print"
    OUTDOOR = "outdoor"
    WEB = "web"
    SEARCH = "search"
    SOCIAL = "social"
    MESSAGE = "message"
    MAIL = "mail"
    SHOP = "shop"
    OTHER = "other"


class MediaNumber(Body):
    """A number that is shown there, for a time. It is another source's at another time."""

    did: PhoneE164 = Field(examples=["+864008001234"])
    valid_from: Moment | None = Field(default=None, description="null: from now on.")
    valid_until: Moment | None = None


class MediaSourceBody(Body):
    """A media source."""

    name: Name = Field(examples=["Shopping channel, evening"])
    channel: MediaChannel = MediaChannel.TV
    project_id: Annotated[str, Field(max_length=128)] | None = Field(
        default=None, description="The project that it is for."
    )
    is_active: bool = True
    numbers: list[MediaNumber] = Field(default=[], max_length=200)
    note: Text = Field(default="", max_length=2000)


class MediaNumberView(View):
    """A number that is shown there, for a time."""

    did: str
    valid_from: datetime
    valid_until: datetime | None


class MediaSourceView(View):
    """A media source with its numbers."""

    media_source_id: UUID
    name: str
    channel: MediaChannel
    project_id: str | None
    is_active: bool
    numbers: list[MediaNumberView]
    note: str
    version: int
    created_at: datetime
    updated_at: datetime


class PlacementBody(Body):
    """An advertisement: who calls from its beginning to its end called because of it."""

    name: Name = Field(examples=["Knife set, 20:00"])
    begins_at: Moment = Field(examples=["2026-11-22T12:00:00Z"])
    ends_at: Moment = Field(
        description="Until when calls are counted for it.", examples=["2026-11-22T14:00:00Z"]
    )
    currency: Currency
    cost: Amount = 0


class PlacementView(View):
    """An advertisement."""

    placement_id: UUID
    media_source_id: UUID
    name: str
    begins_at: datetime
    ends_at: datetime
    currency: str
    cost: int
    version: int
    created_at: datetime
    updated_at: datetime


class MediaGrouping(StrEnum):
    """What the report has a line for."""

    SOURCE = "source"
    PLACEMENT = "placement"


class MediaReportLine(View):
    """What a source or advertisement brought in one currency. Money in minor units."""

    key: UUID
    name: str
    currency: str = Field(description="Empty: neither cost nor orders.")
    calls: int = Field(description="Inbound, whatever the currency of the line.")
    orders: int = Field(description="Without cancelled ones.")
    revenue: int = Field(description="What was received and not paid back.")
    cost: int = Field(description="Of advertisements that began in the period.")
    cost_per_order: int | None
    cost_per_call: int | None


class MediaReport(View):
    """What media brought in a period."""

    group_by: MediaGrouping
    begins_at: datetime
    ends_at: datetime
    items: list[MediaReportLine]
