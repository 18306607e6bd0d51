"""Payloads of exports of customers."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from ringway.crm_api.core.customer_files.reasons import FileLanguage
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.schemas import Body, Text
from ringway.crm_api.tables.writer import Format

_Column = Annotated[Text, Field(min_length=1, max_length=110)]


class ExportBody(Body):
    """Which customers, which columns, which kind of file."""

    filter: CustomerFilter = Field(
        default_factory=CustomerFilter,
        description="Nothing given: all whom the caller sees.",
        examples=[{"grade": ["A"]}],
    )
    customer_ids: list[UUID] = Field(
        default_factory=list, max_length=10_000, description="Of these only. None given: of all."
    )
    columns: list[_Column] = Field(
        default_factory=list,
        max_length=300,
        examples=[["name", "phone_e164", "data.card"]],
        description="In this order: fields of the record, `phone_2` to `phone_4`, `all_emails`, "
        "`street` and so on, `data.<key>`. None given: all but contacts.",
    )
    format: Format = Format.CSV
    language: FileLanguage = Field(
        default=FileLanguage.ENGLISH, description="Of headers and options."
    )
