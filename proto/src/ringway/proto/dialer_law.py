"""Law and courtesy: lists of numbers that are not called, consents, and dials that are refused."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime, Field

from ringway.proto.base import Fact, Model, PhoneE164, Reply, Request, Token


class DncScope(StrEnum):
    """For whom a list counts."""

    TENANT = "tenant"  # every campaign of the tenant, and its agents' own dials
    CAMPAIGN = "campaign"  # the campaigns that name the list
    NATIONAL = "national"  # every campaign, unless it says otherwise; replaced by files


class RefusalReason(StrEnum):
    """Why a number is not dialed now. Of several reasons the first in this order is recorded."""

    DNC_TENANT = "dnc_tenant"
    DNC_CAMPAIGN = "dnc_campaign"
    DNC_NATIONAL = "dnc_national"
    NO_CONSENT = "no_consent"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    OUTSIDE_HOURS = "outside_hours"
    LEAD_PER_DAY = "lead_per_day"
    LEAD_PER_WEEK = "lead_per_week"
    NUMBER_PER_DAY = "number_per_day"
    NUMBER_PER_WEEK = "number_per_week"
    MIN_INTERVAL = "min_interval"
    COOL_OFF = "cool_off"  # after an abandoned call
    NUMBER_BUSY = "number_busy"  # another lead with this number is being dialed


class ConsentHow(StrEnum):
    """How a consent was given."""

    WEB = "web"
    CALL = "call"
    MESSAGE = "message"
    PAPER = "paper"
    IN_PERSON = "in_person"
    OTHER = "other"


# -- facts ---------------------------------------------------------------------------------------


class LeadRefusedV1(Fact):
    """A lead was due and was not dialed. Until ``until`` nobody tries again; None: for good.

    Leads outside their hours are not told one by one: they are passed over together.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.lead.{lead_id}.refused"

    lead_id: Token
    list_id: Token
    campaign_id: Token
    phone_e164: PhoneE164
    reason: RefusalReason
    until: AwareDatetime | None


# -- numbers that are not called -----------------------------------------------------------------


class PutDncListV1(Request):
    """Create or rename a list. Refused with ``dnc_list_invalid`` when its scope would change."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.put_dnc_list"

    list_id: Token
    name: str = Field(min_length=1, max_length=200)
    scope: DncScope


class DeleteDncListV1(Request):
    """Delete a list and its numbers. Refused with ``dnc_list_in_use`` while a campaign names it."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.delete_dnc_list"

    list_id: Token
    by: str = Field(default="", max_length=200)


class DncRow(Model):
    """One number that is not called; ``expires_at`` None: for ever."""

    phone_e164: PhoneE164
    reason: str = Field(default="", max_length=500)
    expires_at: AwareDatetime | None = None


class AddDncEntriesV1(Request):
    """Add numbers to a list of a tenant or campaign; takes effect at once.

    A number that is in the list keeps its first date; reason and expiry become the new ones.
    Refused with ``dnc_list_not_found``, or ``dnc_list_invalid`` for a national list.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.add_dnc_entries"

    list_id: Token
    source: str = Field(min_length=1, max_length=100)  # such as "api", "agent", a file's name
    by: str = Field(default="", max_length=200)  # who asked for it
    rows: tuple[DncRow, ...] = Field(min_length=1, max_length=5000)


class DncAddedV1(Reply):
    """How many numbers were not in the list before."""

    added: int


class RemoveDncEntryV1(Request):
    """Take a number out of a list; the act stays on record.

    Refused with ``dnc_list_not_found`` or ``dnc_entry_not_found``.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.remove_dnc_entry"

    list_id: Token
    phone_e164: PhoneE164
    reason: str = Field(default="", max_length=500)
    by: str = Field(default="", max_length=200)


class LoadDncNumbersV1(Request):
    """Bring a chunk of a file that is to replace a national list. Repeats change nothing.

    Nothing of it counts before FinishDncLoadV1. Refused with ``dnc_list_not_found`` or
    ``dnc_list_invalid``, or ``dnc_load_over`` when another file has replaced this one.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.load_dnc_numbers"

    list_id: Token
    load_id: Token
    numbers: tuple[PhoneE164, ...] = Field(max_length=20_000)


class FinishDncLoadV1(Request):
    """Let the numbers of a file take the place of the list's, all at one moment."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.finish_dnc_load"

    list_id: Token
    load_id: Token
    source: str = Field(default="", max_length=200)
    by: str = Field(default="", max_length=200)
    cancel: bool = False  # forget the file instead


class DncLoadedV1(Reply):
    """How many different numbers the list has now, and had before."""

    numbers: int
    numbers_before: int


# -- consents ------------------------------------------------------------------------------------


class RecordConsentV1(Request):
    """Write down that the owner of a number agrees to calls for a purpose.

    A repeat of the same consent_id changes nothing.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.record_consent"

    consent_id: Token
    phone_e164: PhoneE164
    purpose: Token = "calls"
    how: ConsentHow
    evidence: str = Field(default="", max_length=2000)  # such as a form's address, a recording's id
    given_at: AwareDatetime
    by: str = Field(default="", max_length=200)


class WithdrawConsentV1(Request):
    """Write down that a number's consents for a purpose are withdrawn; None: for all purposes.

    Refused with ``consent_not_found`` when there is none in force.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.withdraw_consent"

    phone_e164: PhoneE164
    purpose: Token | None = None
    withdrawn_at: AwareDatetime
    by: str = Field(default="", max_length=200)


class PutRetentionV1(Request):
    """Keep refusals and changes of lists for so many days; consents and lists are not touched."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.put_retention"

    refusal_days: int = Field(ge=30, le=36_500)
    dnc_change_days: int = Field(ge=30, le=36_500)
    by: str = Field(default="", max_length=200)


class GetRetentionV1(Request):
    """Ask for how long refusals and changes of lists are kept."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.get_retention"


class RetentionV1(Reply):
    """In days. ``is_default``: the enterprise has no periods of its own."""

    refusal_days: int
    dnc_change_days: int
    is_default: bool


# -- questions -----------------------------------------------------------------------------------


class CheckNumberV1(Request):
    """May this number be dialed now? Without a campaign only the tenant's own lists count.

    Refused with ``campaign_not_found``.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.check_number"

    phone_e164: PhoneE164
    campaign_id: Token | None = None
    zone: str | None = Field(default=None, max_length=64)  # the party's own, where it is known


class NumberCheckedV1(Reply):
    """The decision. ``until``: from when on it may be dialed as far as is known; None: never."""

    is_allowed: bool
    reason: RefusalReason | None = None
    until: AwareDatetime | None = None
    zones: tuple[str, ...] = ()
