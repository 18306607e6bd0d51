"""Payloads of work orders."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StrictBool

from ringway.crm_api.core.work_orders.design import FieldKey, Key, Priority, StepKind
from ringway.crm_api.core.work_orders.shipped import AcceptanceKind
from ringway.crm_api.schemas import Body, Text, View
from ringway.proto.base import PhoneE164

_TextValue = Annotated[Text, Field(max_length=10_000)]
_Number = Annotated[float, Field(gt=-1e15, lt=1e15, allow_inf_nan=False)]
_Integer = Annotated[int, Field(gt=-(10**15), lt=10**15)]
_Listed = Annotated[list[Annotated[Text, Field(max_length=100)]], Field(max_length=500)]
Value = StrictBool | _Integer | _Number | _TextValue | _Listed | None
Data = Annotated[dict[FieldKey, Value], Field(max_length=200)]
Title = Annotated[Text, Field(min_length=1, max_length=200)]
Description = Annotated[Text, Field(max_length=10_000)]
Words = Annotated[Text, Field(min_length=1, max_length=5_000)]


class Source(StrEnum):
    """How an order came to be."""

    HAND = "hand"
    INTERACTION = "interaction"
    API = "api"


class OrderBody(Body):
    """A new work order. What is left out is filled from the interaction and its customer."""

    business_type_id: UUID
    title: Title = Field(examples=["Charged twice in October"])
    description: Description = Field(default="", examples=["Wants the second charge back."])
    priority: Priority | None = Field(default=None, description="Left out: the type's.")
    customer_id: UUID | None = None
    customer_name: Text = Field(default="", max_length=200)
    phone_e164: PhoneE164 | None = Field(default=None, examples=["+40215550100"])
    interaction_id: UUID | None = Field(
        default=None, description="The conversation that it comes from."
    )
    assignee_id: UUID | None = Field(default=None, description="Instead of the type's rule.")
    team_id: UUID | None = None
    data: Data = Field(default_factory=dict, description="The own fields of the type's object.")


class OrderChange(Body):
    """What is changed of a work order; what is left out stays."""

    title: Title | None = None
    description: Description | None = None
    priority: Priority | None = None
    customer_id: UUID | None = None
    customer_name: Text | None = Field(default=None, max_length=200)
    phone_e164: PhoneE164 | None = None
    data: Data | None = Field(default=None, description="Own fields; null empties one.")


class ActBody(Body):
    """What goes with an action: fields that it needs, and a comment."""

    comment: Words | None = Field(default=None, examples=["The charge was given back."])
    data: Data | None = None


class WorkOrderAssignBody(Body):
    """Whom an order is given to. With both, the team owns it and the person works on it."""

    assignee_id: UUID | None = None
    team_id: UUID | None = Field(default=None, description="Left out: the team stays.")


class MigrateBody(Body):
    """By which version of its design an order goes on."""

    design_version: int = Field(ge=1, le=1_000_000, examples=[2])
    step: Key | None = Field(default=None, description="Left out: the step of the same key.")


class ParticipantsBody(Body):
    """Who takes part in an order beside its assignee."""

    user_ids: list[UUID] = Field(max_length=50)


class LinkBody(Body):
    """One more conversation about an order."""

    interaction_id: UUID


class CommentBody(Body):
    """A comment, which customers never see. Who is mentioned is told."""

    text: Words = Field(examples=["Asked the bank."])
    mention_ids: list[UUID] = Field(default_factory=list, max_length=20)


class TaskBody(Body):
    """Something that another department or person has to do for an order."""

    title: Title = Field(examples=["Check the line"])
    team_id: UUID | None = None
    assignee_id: UUID | None = None
    is_needed: bool = Field(default=True, description="The order is not done before it.")


class TaskChange(Body):
    """How a task ended, or that it goes on."""

    state: Literal["open", "done", "cancelled"] = Field(examples=["done"])
    result: Text = Field(default="", max_length=2_000)


class BulkAct(StrEnum):
    """What may be done to many orders."""

    ASSIGN = "assign"
    ACT = "act"


class BulkBody(Body):
    """The same act for many orders; each succeeds or fails by itself."""

    work_order_ids: list[UUID] = Field(min_length=1, max_length=200)
    act: BulkAct
    assign: WorkOrderAssignBody | None = Field(default=None, description="Of `assign`.")
    action: Key | None = Field(default=None, description="Of `act`: a way of the design.")
    comment: Words | None = None


class BulkRow(View):
    """What became of one order. ``code`` is empty when it was done."""

    work_order_id: UUID
    code: str
    detail: str


class BulkResult(View):
    """What became of each."""

    done: int
    failed: int
    rows: list[BulkRow]


class ActionView(View):
    """Something that the caller may do with an order now."""

    action: str
    name_en: str
    name_zh: str
    to: str
    required: list[str]
    needs_comment: bool


class PromiseView(View):
    """One promise: seconds of business hours, spent up to ``since`` while it runs."""

    target_s: float
    spent_s: float
    since: datetime | None
    stopped_at: datetime | None
    warned_at: datetime | None
    breached_at: datetime | None


class OrderView(View):
    """A work order. ``data`` holds the own fields that the caller may see."""

    work_order_id: UUID
    number: str = Field(examples=["W000123"])
    business_type_id: UUID
    kind: AcceptanceKind
    design_id: UUID
    design_version: int
    step: str
    step_kind: StepKind
    step_since: datetime
    title: str
    description: str
    priority: int
    source: Source
    customer_id: UUID | None
    customer_name: str
    phone_e164: str | None
    interaction_id: UUID | None
    assignee_id: UUID | None
    team_id: UUID | None
    created_by: UUID | None
    participant_ids: list[UUID]
    data: dict[str, Any]
    promises: dict[str, PromiseView]
    milestones: list[str]
    times_reopened: int
    response_due_at: datetime | None
    responded_at: datetime | None
    response_breached_at: datetime | None
    resolution_due_at: datetime | None
    resolved_at: datetime | None
    resolution_breached_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime
    actions: list[ActionView] | None = Field(
        default=None, description="What the caller may do now; null in lists."
    )


class EntryView(View):
    """Who did what, and what it changed: each field's old and new value."""

    seq: int
    version: int
    at: datetime
    actor_id: UUID | None
    actor: str = Field(description="Empty: the platform itself.")
    action: str
    detail: dict[str, Any]
    changes: dict[str, tuple[Any, Any]]


class WorkOrderVersionView(View):
    """An order as it was at a version; what was empty is left out."""

    version: int
    order: dict[str, Any]


class CommentView(View):
    """A comment."""

    comment_id: UUID
    author_id: UUID | None
    author: str
    text: str
    mention_ids: list[UUID]
    created_at: datetime


class TaskView(View):
    """A task of an order."""

    task_id: UUID
    title: str
    team_id: UUID | None
    assignee_id: UUID | None
    is_needed: bool
    state: Literal["open", "done", "cancelled"]
    result: str
    created_by: UUID | None
    created_at: datetime
    finished_at: datetime | None


class LinkView(View):
    """A conversation about an order."""

    interaction_id: UUID
    linked_by: str
    created_at: datetime


class WorkOrderAttachmentView(View):
    """A file of an order."""

    attachment_id: UUID
    name: str
    content_type: str
    size_bytes: int
    sha256: str
    added_by: str
    created_at: datetime


class PrefillView(View):
    """What is known of who calls: the fields of a new order, and the orders that he has."""

    phone_e164: str | None
    interaction_id: UUID | None
    customer_id: UUID | None
    customer_name: str
    data: dict[str, Any]
    recent: list[OrderView]


class WorkOrderNoticeView(View):
    """What the caller was told of an order."""

    notice_id: UUID
    work_order_id: UUID
    number: str
    title: str
    reason: str
    created_at: datetime
    read_at: datetime | None
