"""Which customers are meant: the filter of lists, segments, assignments and calling lists."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StrictBool

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.customers.words import Grade, Intent, LeadStatus, Tag
from ringway.crm_api.schemas import Body, Shaped, Text
from ringway.proto.base import PhoneE164

# What an own field is.
Pair = Annotated[
    Shaped,
    Field(
        max_length=2100,
        pattern=r"^ *[^=\s\x00-\x1f][^=\x00-\x1f]{0,99}=[^\x00-\x08\x0b\x0c\x0e-\x1f]*$",
        examples=["city=Iași"],
    ),
]


class Pool(StrEnum):
    """Where customers lie."""

    PUBLIC = "public"  # nobody's
    PRIVATE = "private"  # somebody's
    MINE = "mine"  # the caller's own


class CustomerOp(StrEnum):
    """How a value is compared; text ignores nothing: it is as it is kept."""

    EQ = "eq"
    NE = "ne"  # also where there is nothing
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    IN = "in"
    PREFIX = "prefix"
    EMPTY = "empty"
    FILLED = "filled"


Value = Annotated[Text, Field(max_length=500)]


class CustomerCondition(Body):
    """One comparison. ``field``: of the record, `data.<key>` of an own field, or a figure."""

    field: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,39}(\.[^\x00-\x1f]{1,100})?$",
        examples=["data.city", "calls", "birth_date"],
    )
    op: CustomerOp
    value: StrictBool | int | float | Value | None = Field(default=None, examples=["Iași"])
    values: list[StrictBool | int | float | Value] = Field(
        default_factory=list, max_length=100, description="Of `in`."
    )


class CustomerFilter(Body):
    """Which customers are meant: those that everything given is true of."""

    phone_e164: PhoneE164 | None = Field(default=None, description="Any of his numbers.")
    batch_number: str | None = Field(default=None, max_length=40, examples=["B000001"])
    name: Text | None = Field(
        default=None, min_length=1, max_length=200, description="A part of it, in any case."
    )
    created_from: Moment | None = None
    created_before: Moment | None = None
    changed_from: Moment | None = None
    changed_before: Moment | None = None
    data: list[Pair] = Field(default_factory=list, max_length=20, description="Each `key=value`.")
    kind: Literal["person", "company"] | None = None
    owner_id: UUID | None = None
    pool: Pool | None = None
    grade: list[Grade] = Field(default_factory=list, max_length=20, description="One of them.")
    intent: Intent | None = None
    lead_status: list[LeadStatus] = Field(default_factory=list, max_length=5)
    tag: list[Tag] = Field(default_factory=list, max_length=20, description="All of them.")
    follow_up_before: Moment | None = Field(
        default=None, description="With an open follow-up that is due before."
    )
    idle_from: Moment | None = Field(
        default=None, description="Somebody's, and followed up or given to him at or after."
    )
    idle_before: Moment | None = Field(
        default=None, description="Somebody's, and neither followed up nor given to him since."
    )
    where: list[CustomerCondition] = Field(default_factory=list, max_length=20)
    segment_id: UUID | None = Field(default=None, description="And what this segment says.")

    @property
    def wanted_data(self) -> dict[str, str]:
        """``data`` by key."""
        return dict(each.split("=", 1) for each in self.data)

    @property
    def times(self) -> tuple[datetime | None, ...]:
        """The bounds of creation and change."""
        return self.created_from, self.created_before, self.changed_from, self.changed_before
