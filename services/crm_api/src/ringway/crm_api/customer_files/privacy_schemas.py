"""Payloads of one person's data: handed out, erased."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from ringway.crm_api.customer_files.jobs import State
from ringway.crm_api.customer_files.schemas import Reason
from ringway.crm_api.schemas import Body, View


class EraseBody(Body):
    """Why a person is erased, and of which state of his record that is said."""

    reason: Reason = Field(description="Kept in the certificate: name nobody in it.")
    version: int = Field(ge=1, description="Of the record: somebody has looked at it.")


class ErasedView(View):
    """What was done with one kind of data."""

    what: str = Field(examples=["customers"])
    rows: int


class LeftView(View):
    """What was not erased, and why."""

    what: str = Field(examples=["do_not_call"])
    number: int
    why: str
    ids: list[str] = Field(description="Of at most 1,000 of them.")


class ErasureView(View):
    """An erasure; when it is `finished` its certificate, which does not say who it was."""

    erasure_id: UUID
    customer_id: UUID
    state: State = Field(examples=["finished"])
    failure_code: str = Field(examples=[""])
    failure: str = Field(description="Why it failed; then nothing but leads was erased.")
    reason: str | None = Field(description="Without what names him; null until it is done.")
    erased: list[ErasedView]
    left: list[LeftView]
    erased_by: UUID
    created_at: datetime
    erased_at: datetime | None
