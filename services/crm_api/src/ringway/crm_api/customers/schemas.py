"""Payloads of customers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from ringway.crm_api.schemas import Body, Text, View
from ringway.proto.base import PhoneE164

_Key = Annotated[Text, Field(min_length=1, max_length=100)]
_Value = Annotated[Text, Field(max_length=2000)]
Data = Annotated[dict[_Key, _Value], Field(max_length=100)]


class CustomerBody(Body):
    """A customer as a whole."""

    name: Text = Field(default="", max_length=200)
    phone_e164: PhoneE164 = Field(examples=["+40215550100"])
    data: Data = Field(default_factory=dict)


class CustomerFilter(Body):
    """Which customers are meant: those that everything given is true of."""

    phone_e164: PhoneE164 | None = None
    batch_number: str | None = Field(default=None, max_length=40, examples=["B000001"])
    name: Text | None = Field(
        default=None, min_length=1, max_length=200, description="A part of it, in any case."
    )
    created_from: AwareDatetime | None = None
    created_before: AwareDatetime | None = None
    data: list[Annotated[Text, Field(pattern="^[^=]{1,100}=", max_length=2100)]] = Field(
        default_factory=list, max_length=20, description="Each `key=value`."
    )

    @property
    def wanted_data(self) -> dict[str, str]:
        """``data`` by key."""
        return dict(each.split("=", 1) for each in self.data)


class CustomerView(View):
    """A customer. ``batch_number`` is set when he came with an import."""

    customer_id: UUID
    name: str
    phone_e164: str
    data: dict[str, str]
    batch_number: str | None
    version: int
    created_at: datetime
    updated_at: datetime
