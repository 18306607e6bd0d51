"""Payloads of lists of leads."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Discriminator, Field, Tag

from ringway.crm_api.core.phone import NumberCheck
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.imports.schemas import ImportView
from ringway.crm_api.schemas import Body, Name, Text, View
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


class ListNumberBody(Body):
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
    more_numbers: list[ListNumberBody] = Field(default_factory=list, max_length=9)


class ListNumberView(View):
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

    numbers: list[ListNumberView]


class BatchChoice(Body):
    """Numbers that are imported already, by their batch number."""

    batch_number: str = Field(min_length=1, max_length=40, examples=["B000001"])


class FurtherNumber(Body):
    """A further number of a new lead."""

    phone_e164: Text = Field(max_length=64)
    label: str = Field(default="", max_length=40, examples=["work"])
    zone: ZoneName | None = Field(default=None, description="Null: the party's own.")


class NewLead(Body):
    """One of many parties to reach. A number that is wrong is told, the others are taken."""

    lead_id: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9_-]{1,128}$", description="Null: one is made."
    )
    phone_e164: Text = Field(
        max_length=64, description="Or as people write it, see `default_region`."
    )
    name: Text = Field(default="", max_length=200)
    data: dict[Text, Annotated[Text, Field(max_length=1000)]] = Field(
        default_factory=dict, max_length=100
    )
    priority: int = Field(default=0, ge=-1000, le=1000)
    zone: ZoneName | None = Field(default=None, description="Null: that of the number.")
    more_numbers: list[FurtherNumber] = Field(default_factory=list, max_length=9)


class LeadsBody(Body):
    """Parties to reach, up to 5,000 at a time."""

    leads: list[NewLead] = Field(min_length=1, max_length=5_000)
    default_region: str | None = Field(
        default=None, pattern="^[A-Z]{2}$", description="Of numbers without country code."
    )
    number_check: NumberCheck = NumberCheck.VALID


def _which(wanted: object) -> str:
    is_many = isinstance(wanted, LeadsBody) or (isinstance(wanted, dict) and "leads" in wanted)
    return "leads" if is_many else "batch"


# Told apart by what they name, so that a mistake is told of the one that was meant.
LeadsChoice = Annotated[
    Annotated[BatchChoice, Tag("batch")] | Annotated[LeadsBody, Tag("leads")],
    Discriminator(_which),
]


class LeadsAdded(View):
    """How many numbers of the batch became leads; the others were in the list already."""

    rows: int
    added: int
    duplicates: int


class LeadFate(StrEnum):
    """What became of one of many leads."""

    ADDED = "added"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class LeadResult(View):
    """What became of the lead at ``index`` of the request. ``code`` is stable."""

    index: int
    lead_id: str | None
    fate: LeadFate
    phone_e164: str = ""
    code: str = ""
    reason: str = ""


class LeadsReport(LeadsAdded):
    """What became of each lead, in the order of the request."""

    refused: int
    items: list[LeadResult]


class ListQueryView(View):
    """Which customers the list is made of, and the import that asked for them last."""

    filter: CustomerFilter
    changed_at: datetime
    last_import: ImportView | None
