"""Payloads of customers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

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
