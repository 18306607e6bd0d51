"""The filter of customers as parameters of a request."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import ValidationError

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.customers.filters import CustomerFilter, Pair, Pool
from ringway.crm_api.customers.schemas import FIELDS
from ringway.crm_api.customers.words import Grade, Intent, LeadStatus, Tag
from ringway.crm_api.errors import Invalid
from ringway.proto.base import PhoneE164
from ringway.proto.exact import Measured

_OPS = "eq, ne, lt, le, gt, ge, prefix, in (values with |), empty, filled"
Sort = Annotated[
    str | None,
    Query(
        max_length=120,
        description="`name`, `created_at`, `updated_at`, `phone_e164`, `grade`, `birth_date`, "
        "`owned_since`, `idle_since`, `follow_up_at`, `followed_up_at`, or `data.<key>` of an "
        "indexed own field; with `-` downwards. What has no value comes last.",
        examples=["-updated_at"],
    ),
]
FieldNames = Annotated[
    str | None,
    Query(
        max_length=500,
        description="Only these fields, with commas between them; the id is always there.",
        examples=["name,phone_e164"],
    ),
]


async def wanted_filter(
    phone_e164: Annotated[PhoneE164 | None, Query(description="Any of the numbers.")] = None,
    batch_number: Annotated[str | None, Query(max_length=40)] = None,
    name: Annotated[
        str | None, Query(min_length=1, max_length=200, description="A part of it, in any case.")
    ] = None,
    created_from: Moment | None = None,
    created_before: Moment | None = None,
    changed_from: Moment | None = None,
    changed_before: Moment | None = None,
    data: Annotated[
        list[Annotated[Pair, Measured()]] | None,
        Query(max_length=20, description="Each `key=value`; all must be so."),
    ] = None,
    kind: Literal["person", "company"] | None = None,
    owner_id: UUID | None = None,
    pool: Pool | None = None,
    grade: Annotated[list[Annotated[Grade, Measured()]] | None, Query(max_length=20)] = None,
    intent: Intent | None = None,
    lead_status: Annotated[list[LeadStatus] | None, Query(max_length=5)] = None,
    tag: Annotated[
        list[Annotated[Tag, Measured()]] | None, Query(max_length=20, description="All of them.")
    ] = None,
    follow_up_before: Moment | None = None,
    idle_from: Moment | None = None,
    idle_before: Moment | None = None,
    where: Annotated[
        list[str] | None,
        Query(
            max_length=20,
            description=f"Each `field:op:value`; all must be so. {_OPS}.",
            examples=[["age:ge:18"]],
        ),
    ] = None,
    segment_id: UUID | None = None,
) -> CustomerFilter:
    """Return the filter that a request's parameters make. Raises Invalid."""
    given: dict[str, Any] = {
        "phone_e164": phone_e164,
        "batch_number": batch_number,
        "name": name,
        "created_from": created_from,
        "created_before": created_before,
        "changed_from": changed_from,
        "changed_before": changed_before,
        "data": data or [],
        "kind": kind,
        "owner_id": owner_id,
        "pool": pool,
        "grade": grade or [],
        "intent": intent,
        "lead_status": lead_status or [],
        "tag": tag or [],
        "follow_up_before": follow_up_before,
        "idle_from": idle_from,
        "idle_before": idle_before,
        "where": [_condition(each) for each in where or []],
        "segment_id": segment_id,
    }
    try:
        return CustomerFilter.model_validate(given)
    except ValidationError as error:
        raise Invalid("filter_invalid", error.errors()[0]["msg"]) from error


def _condition(text: str) -> dict[str, Any]:
    field, _, rest = text.partition(":")
    op, _, value = rest.partition(":")
    if op == "in":
        return {"field": field, "op": op, "values": value.split("|")}
    return {"field": field, "op": op, "value": value or None}


def chosen_fields(names: str | None) -> frozenset[str] | None:
    """Return which fields are wanted; None: all. Raises Invalid."""
    if names is None:
        return None
    wanted = frozenset(each.strip() for each in names.split(","))
    if unknown := sorted(wanted - FIELDS):
        raise Invalid("field_unknown", f"fields: customers have no {unknown[0][:100]}.")
    return wanted
