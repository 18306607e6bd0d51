"""Payloads of leads that an agent is shown before they are dialed."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import Body, Text, View
from ringway.proto.base import Token
from ringway.proto.dialer_preview import Preview


class TakeLeadBody(Body):
    """Of which campaign, and which lead; without one the next that is due."""

    campaign_id: UUID
    lead_id: Token | None = None


class PreviewChoice(Body):
    """The attempt of the lead that one is shown: a late click must not meet another lead."""

    attempt_id: UUID


class PreviewSkip(PreviewChoice):
    """And why it is not dialed."""

    reason: Text = Field(default="", max_length=200)


class PreviewView(View):
    """The lead that one is shown; null: none."""

    preview: Preview | None
