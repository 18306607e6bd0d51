"""Payloads of designs and business types."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from ringway.crm_api.core.work_orders.design import (
    Assign,
    Design,
    FieldKey,
    Label,
    Name,
    Part,
    Priority,
    Sla,
)
from ringway.crm_api.core.work_orders.shipped import DESIGNS, AcceptanceKind
from ringway.crm_api.schemas import Body, View

_EXAMPLE: dict[str, Any] = DESIGNS[0].design.model_dump(mode="json", exclude_defaults=True)


class DesignBody(Body):
    """A design with its name."""

    name_en: Name = Field(examples=["Repair"])
    name_zh: Label = Field(default="", examples=["维修流程"])
    design: Design = Field(examples=[_EXAMPLE])


class FlawView(View):
    """One thing that is wrong with a design. ``where`` is its place in the body."""

    where: str = Field(examples=["transitions.2.to"])
    code: str = Field(examples=["step_unknown"])
    reason: str


class CheckedDesign(View):
    """What is wrong with a design; without flaws it can be used."""

    is_good: bool
    flaws: list[FlawView]


class DesignView(View):
    """A design as it is now. ``design_version`` grows when its steps change, ``version`` always."""

    design_id: UUID
    name_en: str
    name_zh: str
    design_version: int
    design: Design
    open_orders: int
    version: int
    created_at: datetime
    updated_at: datetime


class DesignVersionView(View):
    """A design as it was."""

    design_version: int
    design: Design
    created_by: str
    created_at: datetime


class PopTab(Part):
    """One tab of the page that opens with a call."""

    title_en: Name = Field(examples=["Complaint"])
    title_zh: Label = Field(default="", examples=["投诉"])
    fields: tuple[FieldKey, ...] = Field(default=(), max_length=100)


class PopTemplate(Part):
    """What agents see when they take this type of business (来电界面模板)."""

    tabs: tuple[PopTab, ...] = Field(default=(), max_length=20)
    customer_fields: tuple[FieldKey, ...] = Field(default=(), max_length=100)
    shows_history: bool = True
    script_id: UUID | None = None


class TypeRules(Part):
    """What a business type says of its orders."""

    sla: Sla = Field(default_factory=Sla)
    priority: Priority = 3
    assign: Assign | None = Field(
        default=None, description="Who gets new orders, where the design's first step has no rule."
    )
    required: tuple[FieldKey, ...] = Field(
        default=(), max_length=100, description="Fields without which no order is made."
    )
    pop: PopTemplate = Field(default_factory=PopTemplate)


class TypeBody(Body):
    """A business type as a whole."""

    kind: AcceptanceKind = Field(examples=["complaint"])
    name_en: Name = Field(examples=["Billing complaint"])
    name_zh: Label = Field(default="", examples=["账单投诉"])
    design_id: UUID
    object_id: UUID | None = Field(
        default=None, description="The object of the kind work_order whose fields orders have."
    )
    rules: TypeRules = Field(default_factory=TypeRules)
    is_active: bool = Field(default=True, description="Whether orders of it can be made.")


class TypeView(View):
    """A business type."""

    business_type_id: UUID
    kind: AcceptanceKind
    name_en: str
    name_zh: str
    design_id: UUID
    object_id: UUID | None
    rules: TypeRules
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime
