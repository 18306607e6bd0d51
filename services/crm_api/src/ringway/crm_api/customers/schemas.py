"""Payloads of customers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StrictBool, model_validator

from ringway.crm_api.core.moments import Day
from ringway.crm_api.customers.words import MAX_NUMBERS, MAX_TAGS, Grade, Intent, LeadStatus, Tag
from ringway.crm_api.schemas import Body, Shaped, Text, View
from ringway.proto.base import PhoneE164

_Key = Annotated[Text, Field(min_length=1, max_length=100)]
_Word = Annotated[Text, Field(max_length=10_000)]
OwnValue = StrictBool | int | float | _Word | list[Annotated[Text, Field(max_length=200)]] | None
Data = Annotated[
    dict[_Key, OwnValue],
    Field(
        max_length=200,
        examples=[{"city": "Iași"}],
        description="Own fields, as the `customer` object defines them; without one, any texts.",
    ),
]
_Language = Annotated[Shaped, Field(pattern=r"^ *([a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2})? *$")]
Email = Annotated[
    Shaped,
    Field(
        max_length=254,
        pattern=r"^[ \t\r\n]*[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+[ \t\r\n]*$",
        examples=["ann@example.org"],
    ),
]
Line = Annotated[Text, Field(max_length=200)]


def _known_zone(name: str) -> str:
    if name and name not in available_timezones():
        raise ValueError("no such time zone; use a name like Asia/Shanghai")
    return name


def _past(day: date) -> date:
    if not date(1850, 1, 1) <= day <= date(2150, 1, 1):
        raise ValueError("between 1850 and 2150")
    return day


class CustomerNumberBody(Body):
    """One of the numbers of a customer."""

    phone_e164: PhoneE164 = Field(examples=["+40215550100"])
    kind: Literal["mobile", "home", "work", "fax", "other"] = "mobile"
    is_primary: bool = False


class AddressBody(Body):
    """Where he lives or has his office."""

    street: Line = ""
    city: Line = Field(default="", examples=["Iași"])
    region: Line = ""
    postal_code: Annotated[Text, Field(max_length=20)] = ""
    country: Annotated[Shaped, Field(pattern=r"^ *([A-Z]{2})? *$")] = Field(
        default="", examples=["RO"]
    )


class ContactBody(Body):
    """Somebody to talk with at a customer. His number leads to the customer, too."""

    name: Text = Field(min_length=1, max_length=200, examples=["Ann Pop"])
    role: Line = Field(default="", examples=["Purchasing"])
    phone_e164: PhoneE164 | None = Field(default=None, examples=["+40215550111"])
    email: Email | None = None
    note: Text = Field(default="", max_length=1000)


class CustomerBody(Body):
    """A customer as a whole. Of the last four fields those that are left out stay as they are."""

    kind: Literal["person", "company"] = "person"
    name: Text = Field(default="", max_length=200, examples=["Ann"])
    title: Text = Field(default="", max_length=50, examples=["女士"])
    sex: Literal["female", "male", "other"] | None = None
    birth_date: Annotated[Day, AfterValidator(_past)] | None = None
    phone_e164: PhoneE164 | None = Field(
        default=None,
        examples=["+40215550100"],
        description="The primary number; needed unless `numbers` has one.",
    )
    numbers: list[CustomerNumberBody] = Field(
        default_factory=list, max_length=MAX_NUMBERS, description="All numbers, in their order."
    )
    emails: list[Email] = Field(default_factory=list, max_length=10)
    address: AddressBody = Field(default_factory=AddressBody)
    contacts: list[ContactBody] = Field(default_factory=list, max_length=50)
    language: _Language = Field(default="", examples=["zh-CN"])
    time_zone: Annotated[Text, Field(max_length=64), AfterValidator(_known_zone)] = Field(
        default="", examples=["Asia/Shanghai"]
    )
    data: Data = Field(default_factory=dict)
    grade: Grade | None = Field(default=None, description="One of the policy's grades.")
    intent: Intent | None = None
    lead_status: LeadStatus | None = None
    tags: list[Tag] | None = Field(default=None, max_length=MAX_TAGS)

    @model_validator(mode="after")
    def _one_is_primary(self) -> Self:
        if not self.numbers and self.phone_e164 is None:
            raise ValueError("phone_e164: a customer has at least one number")
        _check_numbers(self.numbers, self.phone_e164)
        return self

    def all_numbers(self) -> list[CustomerNumberBody]:
        """Return the numbers in order, exactly one of them primary."""
        return all_numbers(self.numbers, self.phone_e164)


class CustomerChange(Body):
    """What is to be different. A field that is left out stays; `data` is changed key by key."""

    kind: Literal["person", "company"] | None = None
    name: Text | None = Field(default=None, max_length=200, examples=["Ann"])
    title: Text | None = Field(default=None, max_length=50)
    sex: Literal["female", "male", "other"] | None = None
    birth_date: Annotated[Day, AfterValidator(_past)] | None = None
    phone_e164: PhoneE164 | None = Field(default=None, description="Which number is primary.")
    numbers: list[CustomerNumberBody] | None = Field(
        default=None, min_length=1, max_length=MAX_NUMBERS
    )
    emails: list[Email] | None = Field(default=None, max_length=10)
    address: AddressBody | None = None
    contacts: list[ContactBody] | None = Field(default=None, max_length=50)
    language: _Language | None = None
    time_zone: Annotated[Text, Field(max_length=64), AfterValidator(_known_zone)] | None = None
    data: Data | None = Field(default=None, description="A null removes the key.")
    grade: Grade | None = Field(default=None, description="Null: not graded.")
    intent: Intent | None = None
    lead_status: LeadStatus | None = None
    tags: list[Tag] | None = Field(default=None, max_length=MAX_TAGS)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        for name in self.model_fields_set - {"sex", "birth_date", "grade"}:
            if getattr(self, name) is None:
                raise ValueError(f"{name}: leave it out instead of null")
        if self.numbers is not None:
            _check_numbers(self.numbers, self.phone_e164)
        return self


def _check_numbers(numbers: list[CustomerNumberBody], primary: str | None) -> None:
    if sum(each.is_primary for each in numbers) > 1:
        raise ValueError("numbers: one number is primary")
    if len({each.phone_e164 for each in numbers}) < len(numbers):
        raise ValueError("numbers: a number is there twice")
    named = next((each.phone_e164 for each in numbers if each.is_primary), None)
    if named is not None and primary is not None and named != primary:
        raise ValueError("phone_e164: it is the primary one of numbers, or is left out")


def all_numbers(numbers: list[CustomerNumberBody], primary: str | None) -> list[CustomerNumberBody]:
    """Return ``numbers`` with the primary one first and alone marked so."""
    wanted = primary or next(
        (each.phone_e164 for each in numbers if each.is_primary),
        numbers[0].phone_e164 if numbers else None,
    )
    first = [each for each in numbers if each.phone_e164 == wanted]
    if not first and wanted is not None:
        first = [CustomerNumberBody(phone_e164=wanted)]
    others = [each for each in numbers if each.phone_e164 != wanted]
    return [
        *(each.model_copy(update={"is_primary": True}) for each in first),
        *(each.model_copy(update={"is_primary": False}) for each in others),
    ][:MAX_NUMBERS]


class CustomerNumberView(View):
    """One of the numbers of a customer."""

    phone_e164: str
    kind: str
    is_primary: bool


class AddressView(View):
    """Where he lives or has his office."""

    street: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


class ContactView(View):
    """Somebody to talk with at a customer."""

    name: str
    role: str = ""
    phone_e164: str | None = None
    email: str | None = None
    note: str = ""


class CustomerView(View):
    """A customer. ``batch_number`` is set when he came with an import."""

    customer_id: UUID
    kind: str
    name: str
    title: str
    sex: str | None
    birth_date: date | None
    age: int | None = Field(description="In whole years, today in UTC.")
    phone_e164: str = Field(description="The primary number.")
    numbers: list[CustomerNumberView]
    emails: list[str]
    address: AddressView
    contacts: list[ContactView]
    language: str
    time_zone: str
    data: dict[str, Any]
    owner_id: UUID | None = Field(description="Null: in the public pool.")
    owned_since: datetime | None
    grade: str | None
    intent: Intent
    lead_status: LeadStatus
    tags: list[str]
    follow_up_at: datetime | None = Field(description="When the next open follow-up is due.")
    followed_up_at: datetime | None
    batch_number: str | None
    version: int
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    do_not_call: list[str] | None = Field(
        default=None,
        description="His numbers on the enterprise's do-not-call lists. Null: not asked here.",
    )


class FoundCustomerView(CustomerView):
    """A customer whom a number led to, best first; ``by`` is the kind of that number."""

    by: str = Field(description="`contact`: the number of somebody at this customer.")


FIELDS = frozenset(CustomerView.model_fields)


def chosen(view: Mapping[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    """Return a view with only the ``fields`` that were asked for, and its id."""
    return {name: value for name, value in view.items() if name in fields | {"customer_id"}}
