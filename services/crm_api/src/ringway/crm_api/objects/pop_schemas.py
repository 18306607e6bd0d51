"""Payloads of bindings and of what pops."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from ringway.crm_api.objects.bindings import BoundTo
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
    values: dict[str, Any] = Field(description="Fields whose definition is in the pop.")
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
