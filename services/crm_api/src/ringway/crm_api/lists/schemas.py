"""Payloads of lists of leads."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import Body, Name, View


class ListBody(Body):
    """A list of leads."""

    name: Name


class ListView(View):
    """A list of leads, with how many there are and how many may still be dialed."""

    list_id: UUID
    name: str
    leads_total: int
    leads_open: int
    created_at: datetime
    changed_at: datetime


class LeadView(View):
    """One party to reach."""

    lead_id: str
    phone_e164: str
    name: str
    data: dict[str, str]
    priority: int
    attempts: int
    state: str
    closed_reason: str | None
    last_disposition: str | None
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None


class BatchChoice(Body):
    """Numbers that are imported already, by their batch number."""

    batch_number: str = Field(min_length=1, max_length=40, examples=["B000001"])


class LeadsAdded(View):
    """How many numbers of the batch became leads; the others were in the list already."""

    rows: int
    added: int
    duplicates: int
