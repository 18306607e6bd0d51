"""Payloads of acts on many customers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from ringway.crm_api.customer_files.jobs import State
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.customers.schemas import CustomerChange
from ringway.crm_api.customers.words import Tag
from ringway.crm_api.schemas import Body, View

_Tags = Annotated[list[Tag], Field(max_length=20)]


class DeleteAct(Body):
    """Delete them with all that is kept of them."""

    kind: Literal["delete"] = "delete"


class ChangeAct(Body):
    """Set the same fields of all of them. Numbers are each customer's own: they stay."""

    kind: Literal["change"] = "change"
    change: CustomerChange = Field(examples=[{"grade": "B"}])


class TagAct(Body):
    """Add tags to all of them, remove others."""

    kind: Literal["tag"] = "tag"
    add: _Tags = Field(default_factory=list, examples=[["expo"]])
    remove: _Tags = Field(default_factory=list)


class AssignAct(Body):
    """Give all of them to one owner, or to the public pool."""

    kind: Literal["assign"] = "assign"
    owner_id: UUID | None = Field(description="Null: the public pool.")


Act = Annotated[DeleteAct | ChangeAct | TagAct | AssignAct, Field(discriminator="kind")]


class BulkActBody(Body):
    """Which customers, and what becomes of them."""

    filter: CustomerFilter = Field(
        description="Nothing given: all customers.", examples=[{"batch_number": "B000001"}]
    )
    act: Act = Field(examples=[{"kind": "tag", "add": ["expo"]}])


class BulkConfirmBody(Body):
    """That exactly what was proposed is meant."""

    token: str = Field(pattern="^[0-9a-f]{64}$", examples=["0" * 64])


class BulkActView(View):
    """An act on many customers. Nothing happens until it is confirmed with its ``token``.

    ``counts``: `meant`, and while it runs `done`, `unchanged`, `left_in_use`.
    """

    bulk_act_id: UUID
    state: State
    filter: CustomerFilter
    act: Act
    counts: dict[str, int]
    token: str | None = Field(description="Null once it is confirmed.")
    failure_code: str
    failure: str
    created_by: UUID
    created_at: datetime
    finished_at: datetime | None
