"""Payloads of caller ids and their pools."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import Body, Name, View
from ringway.proto.base import PhoneE164
from ringway.proto.dialer_pool import CallerNumberState, CallerPoolRule
from ringway.proto.dialer_spec import ZoneName


class CallerPoolBody(Body):
    """Numbers that campaigns show in turn, and when one of them is rested."""

    name: Name
    rule: CallerPoolRule = CallerPoolRule.LEAST_USED
    daily_cap: int | None = Field(
        default=None, ge=1, le=100_000, description="Dials a day and number at most."
    )
    zone: ZoneName = Field(default="UTC", description="Where the day begins.")
    min_dials: int = Field(
        default=50, ge=10, le=200, description="Of the last 200, before a number is judged."
    )
    rest_below: float = Field(
        default=0.6,
        gt=0,
        le=1,
        description="A number rests when its answer rate is clearly (99 of 100) below this times "
        "that of the pool's other numbers.",
    )
    expected_answer_rate: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="What a number is measured by while the others have few dials.",
    )
    rest_days: float = Field(default=7, gt=0, le=365)
    rests_at_most: int = Field(default=2, ge=0, le=100, description="Then it is flagged.")


class CallerPoolView(CallerPoolBody, View):
    """A pool and how many numbers it has."""

    caller_pool_id: UUID
    numbers: int
    numbers_active: int
    changed_at: dt.datetime


class CallerNumberBody(Body):
    """What a number is used for: a pool, or one agent."""

    caller_pool_id: UUID | None = None
    agent_id: UUID | None = None
    state: CallerNumberState = CallerNumberState.ACTIVE
    daily_cap: int | None = Field(default=None, ge=1, le=100_000)


class CallerNumberView(View):
    """A number that was allotted to the enterprise."""

    phone_e164: str
    caller_pool_id: UUID | None
    agent_id: UUID | None
    state: CallerNumberState
    daily_cap: int | None
    rest_until: dt.datetime | None
    rests: int
    allotted_at: dt.datetime
    changed_at: dt.datetime


class CallerDayView(View):
    """One number on one day. A dial rang when somebody could have seen the number."""

    phone_e164: str
    day: dt.date
    dials: int
    rang: int
    answered: int
    answer_rate: float | None = Field(description="answered / rang; null when nothing rang.")


class CallerDays(View):
    """Figures by number and day."""

    zone: str
    items: list[CallerDayView]


class NumbersBody(Body):
    """Numbers that are given to an enterprise or taken back."""

    phones_e164: tuple[PhoneE164, ...] = Field(min_length=1, max_length=5000)


class NumbersChanged(View):
    """How many numbers were given or taken back; the others were so already."""

    changed: int
