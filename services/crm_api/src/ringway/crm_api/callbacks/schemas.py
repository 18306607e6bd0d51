"""Payloads of call-backs and dispositions."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.schemas import Body, Name, Text, View
from ringway.proto.dialer_callback import (
    CallbackState,
    CallbackTime,
    CallbackWish,
    DispositionAction,
    Grade,
    LocalTime,
)
from ringway.proto.dialer_spec import ZoneName

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
LeadId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]


class CallbackTimes(Body):
    """When, with whom and what about. Give ``at``, or ``local_time`` in the customer's zone."""

    at: Moment | None = None
    local_time: LocalTime | None = None
    zone: ZoneName | None = Field(
        default=None, description="Null: the lead's own zone, else that of its number."
    )
    agent_id: UUID | None = Field(default=None, description="Null: whoever of the team is ready.")
    early_s: float = Field(default=0, ge=0, le=86_400)
    late_s: float | None = Field(
        default=None, gt=0, le=2_592_000, description="Null: as the campaign's rule says."
    )
    note: Text = Field(default="", max_length=1000)

    def wish(self) -> CallbackWish:
        """Return it as the dialer is asked for it. Raises ValueError without a time."""
        return CallbackWish(
            due=CallbackTime(at=self.at, local_time=self.local_time, zone=self.zone),
            agent_id=str(self.agent_id) if self.agent_id is not None else None,
            early_s=self.early_s,
            late_s=self.late_s,
            note=self.note,
        )


class CallbackBody(CallbackTimes):
    """A call-back for a lead; it takes the place of the one that the lead has."""

    campaign_id: UUID
    lead_id: LeadId


class CallbackView(View):
    """A call-back. Its times are in UTC but for ``local_time``, which is the customer's."""

    callback_id: UUID
    campaign_id: UUID
    lead_id: str
    lead_name: str
    phone_e164: str
    agent_id: UUID | None
    due_at: dt.datetime
    zone: str
    local_time: dt.datetime
    early_s: float
    missed_at: dt.datetime
    escalates_at: dt.datetime | None
    escalated_at: dt.datetime | None
    note: str
    state: CallbackState
    reason: str
    tries: int
    made_by: str
    made_at: dt.datetime
    changed_at: dt.datetime


class DispositionFields(Body):
    """What agents choose from, and what it does to the lead."""

    code: Code
    name_en: Annotated[Name, Field(max_length=100)]
    name_zh: Annotated[Name, Field(max_length=100)]
    action: DispositionAction = DispositionAction.NONE
    retry_s: float = Field(default=3600, ge=0, le=31_536_000)
    grade: Grade | None = None
    counts_as_success: bool = False
    is_active: bool = True
    position: int = Field(default=0, ge=0, le=10_000)


class Dispositions(View):
    """The catalogue, in the order in which it is shown."""

    items: list[DispositionFields]


class DispositionChoice(Body):
    """How a call went."""

    code: Code
    note: Text = Field(default="", max_length=1000)
    callback: CallbackTimes | None = None


class DispositionView(View):
    """What was said of a call last."""

    interaction_id: UUID
    campaign_id: UUID
    lead_id: str
    code: str
    note: str
    set_by: str
    set_at: dt.datetime
