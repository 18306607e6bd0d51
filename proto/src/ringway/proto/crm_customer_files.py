"""Messages of the CRM API about work on many customers; counts and ids, no personal data."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from ringway.proto.base import Fact, Token


class CustomerJobChangedV1(Fact):
    """An import of customers, an act on many of them, or the erasure of one got on or ended.

    ``counts`` are what the job counts so far, such as ``read``, ``created`` and ``refused``.
    """

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.customer_job.{job_id}.changed"

    job_id: Token
    job: Literal["import", "bulk", "erasure"]
    state: Literal["waiting", "running", "finished", "failed", "cancelled", "undoing", "undone"]
    counts: dict[str, int] = Field(default_factory=dict, max_length=40)
