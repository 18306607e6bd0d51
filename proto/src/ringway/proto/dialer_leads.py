"""Messages about single leads of a list: put, removed."""

from __future__ import annotations

from typing import ClassVar

from ringway.proto.base import Reply, Request, Token
from ringway.proto.dialer import LeadRow


class PutLeadV1(Request):
    """Add a lead to a list, or change it and its numbers.

    Numbers that stay keep what is known of them. A lead that was closed because its numbers were
    dead or not to be called is opened again by a new number. Refused with ``list_not_found``,
    ``lead_elsewhere`` (of another list), ``lead_dialing`` or ``number_in_list``.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.put_lead"

    list_id: Token
    lead: LeadRow


class LeadPutV1(Reply):
    """``created``: the lead was not there before."""

    created: bool


class RemoveLeadV1(Request):
    """Take a lead out of its list; its attempts stay on record.

    Refused with ``lead_not_found``, ``lead_dialing`` or ``lead_in_use``.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.remove_lead"

    list_id: Token
    lead_id: Token
