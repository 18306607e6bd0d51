"""Payloads of webhooks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from ringway.crm_api.access import Permission
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.core.webhooks.patterns import MAX_LENGTH, is_pattern
from ringway.crm_api.schemas import Body, Text, View


def _checked(text: str) -> str:
    if not is_pattern(text):
        raise ValueError("name an event type, with `*` for one part of it or `**` for all the rest")
    return text


EventPattern = Annotated[
    str,
    Field(min_length=1, max_length=MAX_LENGTH, examples=["acd.v1.interaction.*"]),
    AfterValidator(_checked),
]


class DeliveryState(StrEnum):
    """What became of a delivery."""

    PENDING = "pending"  # to be sent, or tried again
    DELIVERED = "delivered"
    FAILED = "failed"  # given up
    HELD = "held"  # the endpoint was off


class WebhookBody(Body):
    """An endpoint that is told of events."""

    url: Text = Field(
        min_length=8,
        max_length=2000,
        description="https, of a public address.",
        examples=["https://crm.example/ringway"],
    )
    event_types: list[EventPattern] = Field(
        min_length=1,
        max_length=50,
        description="Event types; `*` alone is everything that you may see.",
        examples=[["acd.v1.interaction.*", "crm.v1.customer.changed"]],
    )
    description: Text = Field(default="", max_length=500, examples=["Our CRM"])
    is_enabled: bool = True


class WebhookView(View):
    """An endpoint."""

    webhook_id: UUID
    url: str
    event_types: list[str]
    sees: list[Permission] = Field(
        description="What whoever saved it last may see: it is told of nothing else."
    )
    description: str
    is_enabled: bool
    disabled_reason: str = Field(description="Why the platform switched it off.")
    failures: int = Field(description="Attempts that failed since the last success.")
    failing_since: datetime | None
    last_success_at: datetime | None
    old_until: datetime | None = Field(description="So long the former secret signs as well.")
    version: int
    created_at: datetime
    updated_at: datetime


class WebhookWithSecret(WebhookView):
    """An endpoint with its secret, which is shown this once."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class WebhookRotation(Body):
    """The exchange of a secret."""

    overlap_s: int = Field(
        default=86_400, ge=0, le=604_800, description="So long both secrets sign."
    )


class Replay(Body):
    """What is sent (again)."""

    since: Moment = Field(examples=["2026-11-20T08:00:00Z"])
    with_delivered: bool = Field(
        default=False, description="Also what was delivered; else what failed or was held."
    )


class Replayed(View):
    """How many deliveries were begun anew."""

    count: int
    is_all: bool = Field(description="False: there are more; ask again.")


class EventTypeView(View):
    """A type of event."""

    type: str = Field(examples=["acd.v1.interaction.finished"])
    description: str
    permission: Permission = Field(description="What it takes to be told of it.")
    is_seen: bool = Field(description="Whether you may be.")


class DeliveryView(View):
    """A delivery: one event for one endpoint. ``last_…`` are of its last attempt."""

    delivery_id: UUID
    webhook_id: UUID
    event_id: str = Field(description="The `webhook-id`: the same in every attempt.")
    type: str
    state: DeliveryState
    attempts: int
    next_try_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None
    last_at: datetime | None
    last_status: int | None
    last_latency_s: float | None
    last_error: str | None


class AttemptView(View):
    """One attempt."""

    attempt_no: int
    at: datetime
    status: int | None = Field(description="Null: there was no answer.")
    latency_s: float
    error: str
    answer: str = Field(description="The first bytes of what the endpoint answered.")


class DeliveryDetail(DeliveryView):
    """A delivery with the event and its latest attempts, newest first."""

    event: dict[str, Any]
    tried: list[AttemptView]
