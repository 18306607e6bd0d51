"""Messages of the CRM API about alarms: what does not work, and what works again."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, Field

from ringway.proto.base import Fact, Token


class AlarmRaisedV1(Fact):
    """Something does not work. ``times_seen`` is above 1 when it came and went within minutes.

    ``code`` says which sentence people are shown, ``params`` what stands in it.
    """

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.alarm.{alarm_id}.raised"

    alarm_id: Token
    kind: Token
    severity: Token
    code: Token
    object_type: Token
    object_id: str
    params: dict[str, str | int | bool | None] = Field(default_factory=dict)
    times_seen: int = 1
    raised_at: AwareDatetime


class AlarmClearedV1(Fact):
    """What did not work works again, or is no more."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.alarm.{alarm_id}.cleared"

    alarm_id: Token
    kind: Token
    severity: Token
    object_type: Token
    object_id: str
    raised_at: AwareDatetime
