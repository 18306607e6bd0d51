"""Messages of the CRM API about webhooks."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ringway.proto.base import Fact, Token


class WebhookDisabledV1(Fact):
    """An endpoint is no longer told of events: it is gone, or failed for too long."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.webhook.{webhook_id}.disabled"

    webhook_id: Token
    reason: str = Field(max_length=500)
