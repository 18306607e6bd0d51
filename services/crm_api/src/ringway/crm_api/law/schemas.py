"""Payloads about numbers that are not called, consents, and dials that were refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.schemas import Body, Name, Text, View
from ringway.proto.base import PhoneE164
from ringway.proto.dialer_law import ConsentHow, DncScope, RefusalReason
from ringway.proto.dialer_spec import ZoneName

Reason = Annotated[Text, Field(max_length=500)]
Purpose = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")]


class DncListBody(Body):
    """A list of numbers that are not called."""

    name: Name
    scope: DncScope = DncScope.TENANT


class DncListName(Body):
    """A list's new name."""

    name: Name


class DncListView(View):
    """A list and how many numbers it has."""

    dnc_list_id: str
    name: str
    scope: DncScope
    numbers: int
    source: str
    loaded_at: datetime | None
    is_platforms: bool = Field(description="Loaded by the platform's operator for everybody.")
    created_at: datetime
    changed_at: datetime


class DncRowBody(Body):
    """One number."""

    phone_e164: PhoneE164
    reason: Reason = ""
    expires_at: Moment | None = Field(default=None, description="Null: for ever.")


class DncEntriesBody(Body):
    """Numbers to add; those that are there already get the new reason and expiry."""

    entries: tuple[DncRowBody, ...] = Field(min_length=1, max_length=5000)


class DncAdded(View):
    """How many numbers were not in the list before."""

    added: int


class DncEntryView(View):
    """One number of a list."""

    phone_e164: str
    reason: str
    source: str
    added_by: str
    added_at: datetime
    expires_at: datetime | None


class DncFileReport(View):
    """What became of a file. Only the first bad lines are told."""

    numbers: int = Field(description="Different numbers that the list has now.")
    numbers_before: int
    lines: int
    bad_lines: int
    first_bad: list[str]


class ConsentBody(Body):
    """A consent. ``evidence`` tells where the proof is."""

    phone_e164: PhoneE164
    purpose: Purpose = "calls"
    how: ConsentHow
    evidence: Annotated[Text, Field(max_length=2000)] = ""
    given_at: Moment


class ConsentWithdrawal(Body):
    """Which consents of a number end; without a purpose all of them."""

    phone_e164: PhoneE164
    purpose: Purpose | None = None
    withdrawn_at: Moment | None = Field(default=None, description="Null: now.")


class ConsentView(View):
    """One consent, also when it was withdrawn."""

    consent_id: str
    phone_e164: str
    purpose: str
    how: ConsentHow
    evidence: str
    given_at: datetime
    recorded_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str


class NumberQuestion(Body):
    """A number that somebody would like to dial."""

    phone_e164: PhoneE164
    campaign_id: UUID | None = Field(
        default=None, description="Without it only the enterprise's own lists count."
    )
    zone: ZoneName | None = Field(default=None, description="The party's own, where it is known.")


class NumberAnswer(View):
    """Whether the number may be dialed now."""

    is_allowed: bool
    reason: RefusalReason | None
    until: datetime | None = Field(description="From when on it may; null with a reason: never.")
    zones: list[str] = Field(description="Where the party may be, as far as is known.")


class RefusalView(View):
    """A dial that was refused, or with ``lead_id`` null leads that wait for their hours."""

    refusal_id: UUID
    campaign_id: UUID
    list_id: str
    lead_id: str | None
    phone_e164: str | None
    reason: RefusalReason
    until: datetime | None
    zone: str
    leads: int
    refused_at: datetime


class RefusalCount(View):
    """How often one reason refused."""

    reason: RefusalReason
    refusals: int
    leads: int = Field(description="Leads; those that waited for hours count each time they did.")


class RetentionBody(Body):
    """For how many days proofs are kept; consents and lists are kept for good."""

    refusal_days: int = Field(ge=30, le=36_500, examples=[1826])
    dnc_change_days: int = Field(ge=30, le=36_500, examples=[1826])


class RetentionView(View):
    """For how many days proofs are kept. ``is_default``: by the platform's period."""

    refusal_days: int
    dnc_change_days: int
    is_default: bool


class RefusalCounts(View):
    """Refusals by reason, most frequent first."""

    items: list[RefusalCount]


class AbandonmentLine(View):
    """Answers of live persons within one span, by the moment of the answer."""

    begins_at: datetime
    dialed: int
    live: int = Field(description="Answered by a person; machines are none.")
    abandoned: int
    rate: float | None = Field(description="abandoned / live; null without answers.")
    is_over: bool = Field(description="Over the cap, in a day or in a window of 300 answers.")


class AbandonmentDay(AbandonmentLine):
    """One day and its half hours in which calls were answered."""

    day: date
    windows: list[AbandonmentLine]


class Abandonment(View):
    """A campaign's abandonment against its cap."""

    campaign_id: UUID
    zone: str
    cap: float
    days: list[AbandonmentDay]
