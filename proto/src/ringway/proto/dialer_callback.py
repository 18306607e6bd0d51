"""Call-backs that customers asked for, and the dispositions that agents set on calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from ringway.proto.base import Fact, Model, PhoneE164, Reply, Request, Token
from ringway.proto.dialer_spec import ZoneName

# What a late or early call-back may be at most.
_DAY_S, _MONTH_S = 86_400, 2_592_000


def _local(text: str) -> str:
    at = datetime.fromisoformat(text)
    if at.tzinfo is not None:
        raise ValueError("a local time has no offset")
    return at.isoformat(timespec="seconds")


# What a clock on the wall shows.
LocalTime = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$",
        json_schema_extra={"examples": ["2026-11-23T10:30:00"]},
    ),
    AfterValidator(_local),
]


class CallbackState(StrEnum):
    """Where a call-back stands."""

    OPEN = "open"
    OFFERED = "offered"  # it is being dialed, or an agent is shown it
    DONE = "done"  # the customer was talked to, or dialed as often as its window allowed
    MISSED = "missed"  # its window passed; the lead is in its list again
    CANCELLED = "cancelled"


class CallbackTime(Model):
    """When to call back: a moment, which counts if both are given, or what a clock shows there.

    ``local_time`` is read in ``zone``; None: the lead's own zone, else that of its number. A time
    that the clock skips is the first moment after the gap, one that comes twice the first of both.
    """

    at: AwareDatetime | None = None
    local_time: LocalTime | None = None
    zone: ZoneName | None = None

    @model_validator(mode="after")
    def _is_a_time(self) -> Self:
        if self.at is None and self.local_time is None:
            raise ValueError("give a moment or a local time")
        return self


class CallbackWish(Model):
    """A call-back as it is asked for.

    ``agent_id`` None: whoever of the team is ready. ``early_s``: how long before it is due it may
    be dialed; ``late_s``: until when after, None: as the campaign's rule says.
    """

    due: CallbackTime
    agent_id: Token | None = None
    early_s: float = Field(default=0, ge=0, le=_DAY_S)
    late_s: float | None = Field(default=None, gt=0, le=_MONTH_S)
    note: str = Field(default="", max_length=1000)


class DispositionAction(StrEnum):
    """What a disposition does to the lead."""

    NONE = "none"  # what the call's own end says
    RETRY = "retry"  # dialed again after a delay
    CALLBACK = "callback"
    DNC = "dnc"  # never again, for whichever campaign
    CLOSE = "close"


class Grade(StrEnum):
    """How promising a lead is; it moves the lead within its list."""

    A = "a"
    B = "b"
    C = "c"
    INTERESTED = "interested"
    NOT_INTERESTED = "not_interested"


class Disposition(Model):
    """One entry of the catalogue from which agents choose."""

    name_en: str = Field(min_length=1, max_length=100)
    name_zh: str = Field(min_length=1, max_length=100)
    action: DispositionAction = DispositionAction.NONE
    retry_s: float = Field(default=3600, ge=0, le=31_536_000)
    grade: Grade | None = None
    counts_as_success: bool = False
    is_active: bool = True  # agents may choose it
    position: int = Field(default=0, ge=0, le=10_000)


_A = DispositionAction
# What a tenant has until it changes something; a change of one entry leaves the others.
DEFAULTS: Mapping[str, Disposition] = {
    "sale": Disposition(
        name_en="Sale", name_zh="成交", action=_A.CLOSE, grade=Grade.A, counts_as_success=True,
        position=10,
    ),
    "interested": Disposition(
        name_en="Interested", name_zh="有意向", action=_A.RETRY, retry_s=86_400,
        grade=Grade.INTERESTED, counts_as_success=True, position=20,
    ),
    "callback": Disposition(
        name_en="Call back", name_zh="预约回拨", action=_A.CALLBACK, position=30
    ),
    "no_time": Disposition(
        name_en="No time now", name_zh="暂时没空", action=_A.RETRY, retry_s=7200, position=40
    ),
    "answering_machine": Disposition(
        name_en="Answering machine", name_zh="语音信箱", action=_A.RETRY, retry_s=14_400,
        position=50,
    ),
    "not_interested": Disposition(
        name_en="Not interested", name_zh="无意向", action=_A.CLOSE, grade=Grade.NOT_INTERESTED,
        position=60,
    ),
    "wrong_number": Disposition(
        name_en="Wrong number", name_zh="号码错误", action=_A.CLOSE, position=70
    ),
    "do_not_call": Disposition(
        name_en="Do not call", name_zh="拒绝来电", action=_A.DNC, position=80
    ),
}  # fmt: skip


def catalogue(changed: Mapping[str, Disposition]) -> dict[str, Disposition]:
    """Return the entries of a tenant by code, in the order in which they are shown."""
    entries = {**DEFAULTS, **changed}
    return dict(sorted(entries.items(), key=lambda each: (each[1].position, each[0])))


# -- facts ---------------------------------------------------------------------------------------


class CallbackFact(Fact):
    """What all facts about a call-back tell."""

    callback_id: Token
    campaign_id: Token
    lead_id: Token
    phone_e164: PhoneE164
    agent_id: Token | None  # the one it was promised with
    due_at: AwareDatetime
    zone: str
    note: str = ""


class CallbackMadeV1(CallbackFact):
    """A call-back was made or changed."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.callback.{callback_id}.made"

    made_by: str = ""


class CallbackEscalatedV1(CallbackFact):
    """Its agent was not ready in time: from now on anybody of the team calls back."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.callback.{callback_id}.escalated"


class CallbackMissedV1(CallbackFact):
    """Nobody called back in time; the lead is in its list again."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.callback.{callback_id}.missed"


class CallbackClosedV1(CallbackFact):
    """It is done or cancelled. ``reason``: an attempt's disposition, or why it was cancelled."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.callback.{callback_id}.closed"

    state: CallbackState
    reason: str = ""


class DispositionSetV1(Fact):
    """An agent or supervisor said how a call went; the last one of an attempt counts."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.attempt.{attempt_id}.disposition_set"

    attempt_id: Token
    interaction_id: Token
    campaign_id: Token
    lead_id: Token
    code: Token
    action: DispositionAction
    grade: Grade | None
    counts_as_success: bool
    note: str = ""
    set_by: str = ""


# -- requests ------------------------------------------------------------------------------------


class PutCallbackV1(Request):
    """Make a call-back for a lead, or change one. It takes the place of the lead's open one.

    Refused with ``lead_not_found``, ``campaign_not_found``, ``callback_invalid``,
    ``callback_over`` when it is not open any more, or ``callback_not_yours`` when ``own_agent_id``
    is not the one it was promised with.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.put_callback"

    callback_id: Token
    campaign_id: Token
    lead_id: Token
    wish: CallbackWish
    by: str = Field(default="", max_length=200)
    own_agent_id: Token | None = None  # an agent who may change his own only


class CallbackV1(Reply):
    """A call-back as it was written down."""

    callback_id: Token
    due_at: AwareDatetime
    zone: str
    local_time: LocalTime


class CancelCallbackV1(Request):
    """Cancel a call-back: the lead is due as its last call left it. A repeat changes nothing.

    Refused with ``callback_not_found``, ``callback_over`` or ``callback_not_yours``.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.cancel_callback"

    callback_id: Token
    reason: str = Field(default="", max_length=500)
    by: str = Field(default="", max_length=200)
    own_agent_id: Token | None = None


class HandOverCallbacksV1(Request):
    """Take open call-backs away from the agent with whom they were promised.

    They are promised with ``to_agent_id`` where he serves their campaign, and the whole team's
    elsewhere. A few hundred are done at a time: ask again while there are more. A repeat of
    ``hand_over_id`` goes on with what is left and tells the same sums.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.hand_over_callbacks"

    hand_over_id: Token
    from_agent_id: Token
    to_agent_id: Token | None = None  # none: the team's
    is_cancelled: bool = False  # they are cancelled instead
    # Those of these that are still his; none: all that he has at the moment.
    callback_ids: tuple[Token, ...] | None = Field(default=None, max_length=1000)
    reason: str = Field(default="", max_length=500)
    by: str = Field(default="", max_length=200)


class CallbacksHandedOverV1(Reply):
    """What became of call-backs since the hand-over began."""

    moved: int  # to the agent
    to_team: int
    cancelled: int
    has_more: bool = False


class PutDispositionV1(Request):
    """Change an entry of the catalogue, or add one."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.put_disposition"

    code: Token
    disposition: Disposition


class SetDispositionV1(Request):
    """Say how a call went, during or after it. The last one counts; a repeat changes nothing.

    Refused with ``attempt_not_found``, ``disposition_unknown``, ``callback_invalid``, or
    ``disposition_not_yours`` when ``own_agent_id`` did not have the call.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.set_disposition"

    attempt_id: Token | None = None
    interaction_id: Token | None = None
    code: Token
    note: str = Field(default="", max_length=1000)
    callback: CallbackWish | None = None
    by: str = Field(default="", max_length=200)
    own_agent_id: Token | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.attempt_id is None and self.interaction_id is None:
            raise ValueError("name an attempt or an interaction")
        return self
