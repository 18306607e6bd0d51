"""Payloads of duplicates and merges."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import Body, Text, View

_Field = Annotated[Text, Field(min_length=1, max_length=110)]


class DuplicatesBy(StrEnum):
    """What duplicates have in common."""

    PHONE = "phone"  # a number
    EMAIL = "email"  # the first e-mail address
    NAME = "name"  # name and address, however they are written


class DuplicateView(View):
    """A customer of a group."""

    customer_id: UUID
    name: str
    phone_e164: str
    owner_id: UUID | None
    version: int
    created_at: datetime


class DuplicateGroup(View):
    """Customers who are probably one."""

    key: str = Field(description="What they have in common.")
    customers: list[DuplicateView] = Field(description="At most 20 of them, oldest first.")


class MergeBody(Body):
    """Who goes into the survivor, and whose value holds where both have one."""

    merged_id: UUID
    take: list[_Field] = Field(
        default_factory=list,
        max_length=300,
        examples=[["name", "phone_e164", "data.card"]],
        description="Fields that hold as the other has them: of the record, `owner_id`, "
        "`data.<key>`. Of all others the survivor's hold; what he lacks he gets. Numbers, e-mail "
        "addresses, contacts and tags of both are kept.",
    )
    survivor_version: int = Field(ge=1, description="Of the record that was looked at.")
    merged_version: int = Field(ge=1)


class MergeView(View):
    """A merge. The id of the merged customer leads to the survivor."""

    merge_id: UUID
    survivor_id: UUID
    merged_id: UUID
    merged_by: UUID
    merged_at: datetime
    undone_by: UUID | None
    undone_at: datetime | None
