"""Payloads of bindings and of what pops."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from ringway.crm_api.objects.bindings import BoundTo
from ringway.crm_api.objects.pop_settings import Panel
from ringway.crm_api.objects.schemas import ObjectView
from ringway.crm_api.schemas import Body, Text, View


class BindingBody(Body):
    """Which work orders pop for a campaign, a queue, a service number, or else."""

    target: BoundTo
    target_id: Text = Field(
        default="",
        max_length=100,
        description="The campaign's or queue's id, the number in E.164; empty for the default.",
        examples=["+4021555010"],
    )
    object_ids: list[UUID] = Field(
        min_length=1, max_length=20, description="Work-order objects; the first one pops."
    )

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if (self.target is BoundTo.DEFAULT) != (self.target_id == ""):
            raise ValueError("target_id names what is bound to, and is empty for the default")
        return self


class BindingView(View):
    """A binding."""

    binding_id: UUID
    target: BoundTo
    target_id: str
    object_ids: list[UUID]
    version: int
    created_at: datetime
    updated_at: datetime


class PopCustomer(View):
    """A customer with the number of an interaction: what agents are to see of him."""

    customer_id: UUID
    name: str
    phone_e164: str
    found_by: str = Field(description="Whose number it is: his own kind of number, or a contact's.")
    fields: dict[str, Any] = Field(
        description="Fixed fields that `/pop/settings` names, in that order.",
        examples=[{"title": "Ms", "age": 41}],
    )
    values: dict[str, Any] = Field(description="Own fields whose definition is in the pop.")
    version: int


class AttachedView(View):
    """Values that travel with the interaction, of one record, as the caller may see them."""

    object_id: UUID
    record_id: UUID
    name: str = Field(description="Of the object.")
    values: dict[str, Any]
    attached_at: datetime


class PopView(View):
    """All that an agent's screen needs when an interaction arrives."""

    customers: list[PopCustomer] = Field(description="Best first; at most ten.")
    customer_form: ObjectView | None = Field(description="How customers' own fields are shown.")
    forms: list[ObjectView] = Field(description="Work orders to choose from; the first one pops.")
    bound_by: BoundTo | None = Field(description="Which binding decided; null: there is none.")
    attached: list[AttachedView]
    panels: list[Panel] = Field(description="What else the screen shows, in this order.")


class RecentInteraction(View):
    """One of the last calls. Durations in seconds, null where not known (yet)."""

    interaction_id: UUID
    at: datetime | None = Field(description="Answered, or when it began.")
    direction: str = Field(examples=["inbound"])
    caller: str
    called: str
    agent_id: UUID | None
    agent_number: str
    queue_id: str | None
    campaign_id: UUID | None
    disposition: str = Field(examples=["connected"])
    agent_disposition: str = Field(description="The outcome that the agent chose.")
    talk_s: float | None
    has_recording: bool


class RecentWorkOrder(View):
    """A work order that is not done, as a screen lists it."""

    work_order_id: UUID
    number: str = Field(examples=["W000017"])
    title: str
    kind: str
    business_type_id: UUID
    step: str
    step_kind: str = Field(examples=["open", "waiting"])
    priority: int
    assignee_id: UUID | None
    team_id: UUID | None
    resolution_due_at: datetime | None
    created_at: datetime


class RecentSalesOrder(View):
    """One of the last sales orders. ``total`` in minor units of ``currency``."""

    order_id: UUID
    order_number: str
    state: str
    payment_state: str
    shipment_state: str
    currency: str = Field(examples=["CNY"])
    total: int
    agent_id: UUID
    created_at: datetime


class RecentView(View):
    """What happened lately, newest first. A part is null for who may not read it."""

    interactions: list[RecentInteraction] | None
    work_orders: list[RecentWorkOrder] | None = Field(
        description="Open ones that concern the caller."
    )
    sales_orders: list[RecentSalesOrder] | None
