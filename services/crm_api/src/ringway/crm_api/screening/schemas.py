"""Payloads of what a campaign found out about numbers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import Body, Name, View
from ringway.proto.dialer_spec import AttemptDisposition, NumberState


class Verdict(StrEnum):
    """What a number is worth after its last attempt."""

    ALIVE = "alive"  # it was answered, rang, was busy, or is switched off
    DEAD = "dead"  # it does not exist, is suspended, or takes no calls
    UNKNOWN = "unknown"  # only the trunk or a part of ours can be blamed


class ScreeningFilter(Body):
    """Conditions that must all hold; of several values of one condition one is enough."""

    verdict: list[Verdict] = Field(default_factory=list, max_length=3)
    number_state: list[NumberState | Literal["none"]] = Field(
        default_factory=list, max_length=20, description="`none`: the network said nothing known."
    )
    disposition: list[AttemptDisposition] = Field(default_factory=list, max_length=20)
    attempts_min: int | None = Field(default=None, ge=1, le=10_000)
    attempts_max: int | None = Field(default=None, ge=1, le=10_000)
    fields: dict[str, Annotated[str, Field(max_length=1000)]] = Field(
        default_factory=dict, max_length=20, description="The lead's own fields, exactly so."
    )


class ScreenedNumber(View):
    """One number that the campaign dialed, by its last attempt."""

    lead_id: str
    list_id: UUID
    phone_e164: str
    name: str
    data: dict[str, str]
    verdict: Verdict
    disposition: AttemptDisposition
    number_state: str | None = Field(description="What the network said before the answer.")
    number_state_reason: str | None = Field(description="By which recording, or by tones.")
    attempts: int = Field(description="Of this number, in this campaign.")
    cause_q850: int | None
    tech_cause: int | None
    last_attempt_at: datetime


class CleanListBody(Body):
    """A new list of the numbers that a filter finds."""

    name: Name
    filter: ScreeningFilter = ScreeningFilter(verdict=[Verdict.ALIVE])
    at_most: int = Field(default=100_000, ge=1, le=200_000, description="Numbers.")


class CleanListView(View):
    """The list that was made. ``has_more``: the filter finds more than was wanted."""

    list_id: UUID
    numbers: int
    leads: int
    has_more: bool
