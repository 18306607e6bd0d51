"""Messages of the CRM API about queriers: ids and counts, nothing of what was found."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ringway.proto.base import Fact, Token


class QuerierRunFinishedV1(Fact):
    """A scheduled querier was asked. ``agent_id`` owns the schedule, and alone reads the answer.

    ``is_triggered`` says that it found as many rows as the schedule waits for. A ``failure_code``
    says why there is no answer.
    """

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.querier.{querier_id}.run_finished"

    querier_id: Token
    run_id: Token
    schedule_id: Token
    agent_id: Token
    found: int = 0
    is_triggered: bool = False
    failure_code: str = ""
    is_schedule_paused: bool = False  # it failed so that it would fail again: repair and save it


class QuerierOperationFinishedV1(Fact):
    """What was to be done with the rows of a querier is done, or was given up."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.querier.{querier_id}.operation_finished"

    querier_id: Token
    operation_id: Token
    agent_id: Token
    kind: Token
    total: int
    changed: int
    failure_code: str = ""


class QuerierRowsSentV1(Fact):
    """Rows of a querier were sent: at most 500 ids in one fact, ``part`` counts from 0."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.querier.{querier_id}.rows_sent"

    querier_id: Token
    operation_id: Token
    agent_id: Token
    source: str
    note: str = ""
    part: int
    row_ids: tuple[str, ...] = Field(max_length=500)
