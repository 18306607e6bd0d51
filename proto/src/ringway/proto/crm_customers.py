"""Messages of the CRM API about customers: ids and what happened, no personal data."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from ringway.proto.base import Fact, Token


class CustomerChangedV1(Fact):
    """A customer's record was created, changed or deleted. ``agent_id`` owns him, if anybody."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.customer.{customer_id}.changed"

    customer_id: Token
    what: Literal["created", "changed", "deleted"]
    version: int
    agent_id: Token | None = None


class CustomersMovedV1(Fact):
    """One act gave ``customers`` customers to ``agent_id``, or took them from him.

    ``how`` says why: ``assigned`` and ``claimed`` give; ``taken``, ``returned``, ``left`` (he left
    the enterprise) and ``reclaimed`` (by a rule) take.
    """

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.customers.{agent_id}.moved"

    act_id: Token
    agent_id: Token
    how: Literal["assigned", "claimed", "taken", "returned", "left", "reclaimed"]
    customers: int


class ReclaimNoticeV1(Fact):
    """Customers of an agent go back to the public pool at ``at`` unless he follows them up."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.customers.{agent_id}.reclaim_noticed"

    agent_id: Token
    customers: int
    at: AwareDatetime


class FollowUpOverdueV1(Fact):
    """A follow-up of an agent was not done when it was due."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.follow_up.{follow_up_id}.overdue"

    follow_up_id: Token
    customer_id: Token
    agent_id: Token
    due_at: AwareDatetime
