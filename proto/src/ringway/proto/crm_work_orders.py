"""What happens to work orders: ids and what it was, no words of customers or agents."""

from __future__ import annotations

from typing import ClassVar, Literal

from ringway.proto.base import Fact, Token


class WorkOrderChangedV1(Fact):
    """A work order was made, moved, assigned or changed otherwise.

    ``action`` is what was done: ``created``, ``changed``, ``assigned``, ``taken``, ``returned``,
    ``handed_over`` (with all that somebody had), ``reopened``, ``deleted``, ``migrated``,
    ``moved`` (by an action of its design, named in ``transition``), ``commented`` (when that was
    the first response), ``task_added``, ``task_changed``, ``timer``, ``promise_warned`` or
    ``promise_broken``. ``agent_id`` is who works on it now.
    """

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.work_order.{work_order_id}.changed"

    work_order_id: Token
    business_type_id: Token
    action: str
    transition: str = ""
    step: Token
    step_kind: Literal["open", "waiting", "done", "cancelled"]
    version: int
    agent_id: Token | None = None
    team_id: Token | None = None


class WorkOrderNoticeV1(Fact):
    """Somebody was told of a work order. ``agent_id`` is who, ``reason`` of what."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.work_order.{work_order_id}.noticed"

    work_order_id: Token
    notice_id: Token
    agent_id: Token
    reason: str
