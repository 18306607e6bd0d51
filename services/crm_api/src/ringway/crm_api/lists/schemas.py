"""Payloads of lists of leads."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import Body, Name, View
from ringway.proto.base import PhoneE164
from ringway.proto.dialer_spec import ZoneName


class ListBody(Body):
    """A list of leads."""

    name: Name


class ListView(View):
    """A list of leads, with how many there are and how many may still be dialed."""

    list_id: UUID
    name: str
    leads_total: int
    leads_open: int
    created_at: datetime
    changed_at: datetime


class LeadView(View):
    """One party to reach."""

    lead_id: str
    phone_e164: str
    name: str
    data: dict[str, str]
    priority: int
    attempts: int
    state: str
    closed_reason: str | None
    last_disposition: str | None
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None


class NumberBody(Body):
    """A further number of a party."""

    phone_e164: PhoneE164
    label: str = Field(default="", max_length=40, examples=["work"])
    zone: ZoneName | None = Field(default=None, description="Null: the party's own.")


class LeadBody(Body):
    """A party to reach. ``more_numbers`` are dialed in this order after ``phone_e164``."""

    phone_e164: PhoneE164
    name: str = Field(default="", max_length=200)
    data: dict[str, Annotated[str, Field(max_length=1000)]] = Field(
        default_factory=dict, max_length=100
    )
    priority: int = Field(default=0, ge=-1000, le=1000)
    zone: ZoneName | None = Field(default=None, description="Null: that of the number.")
    more_numbers: list[NumberBody] = Field(default_factory=list, max_length=9)


class NumberView(View):
    """One number of a lead. ``state``: open, dead (does not exist), dnc or done."""

    phone_e164: str
    label: str
    zone: str | None
    state: str
    attempts: int
    last_disposition: str | None
    last_attempt_at: datetime | None


class LeadDetail(LeadView):
    """A lead with all its numbers, in their order; ``phone_e164`` is dialed next."""

    numbers: list[NumberView]


class BatchChoice(Body):
    """Numbers that are imported already, by their batch number."""

    batch_number: str = Field(min_length=1, max_length=40, examples=["B000001"])


class LeadsAdded(View):
    """How many numbers of the batch became leads; the others were in the list already."""

    rows: int
    added: int
    duplicates: int
