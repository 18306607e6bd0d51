"""The acceptance types and designs that every enterprise begins with. All may be changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ringway.crm_api.core.work_orders.design import (
    Design,
    Party,
    PartyKind,
    Sla,
    Step,
    StepKind,
    Timer,
    TimerKind,
    Transition,
)

_HOUR = 3600
_DAY = 24 * _HOUR


class AcceptanceKind(StrEnum):
    """What a customer comes with (R206)."""

    CONSULTATION = "consultation"
    COMPLAINT = "complaint"
    SUGGESTION = "suggestion"
    FAULT_REPORT = "fault_report"
    RESERVATION = "reservation"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ShippedDesign:
    """A design with its names. ``key`` is stable: its id is made of it."""

    key: str
    name_en: str
    name_zh: str
    design: Design


@dataclass(frozen=True, slots=True)
class ShippedType:
    """An acceptance type. ``design`` is the key of a shipped design."""

    kind: AcceptanceKind
    name_en: str
    name_zh: str
    design: str
    sla: Sla
    priority: int = 3


_TO_ASSIGNEE = Party(kind=PartyKind.ASSIGNEE)
_TO_LEADERS = Party(kind=PartyKind.LEADERS)
_TO_CREATOR = Party(kind=PartyKind.CREATOR)
_TO_TEAM = Party(kind=PartyKind.TEAM)

_NEW = Step(key="new", name_en="New", name_zh="新建", tell=(_TO_TEAM,))
_HANDLING = Step(key="handling", name_en="Handling", name_zh="处理中")
_WAITING = Step(
    key="waiting",
    name_en="Waiting for the customer",
    name_zh="等待客户",
    kind=StepKind.WAITING,
    timers=(
        Timer(
            key="remind_after_3_days",
            after_s=3 * _DAY,
            business_hours=False,
            kind=TimerKind.REMIND,
            tell=(_TO_ASSIGNEE,),
        ),
    ),
)
_DONE = Step(key="done", name_en="Done", name_zh="已完成", kind=StepKind.DONE)
_CANCELLED = Step(key="cancelled", name_en="Cancelled", name_zh="已取消", kind=StepKind.CANCELLED)
_ACCEPT = Transition(
    key="accept", name_en="Accept", name_zh="受理", sources=("new",), to="handling"
)
_WAIT = Transition(
    key="wait", name_en="Wait for the customer", name_zh="等待客户", sources=("handling",),
    to="waiting",
)  # fmt: skip
_RESUME = Transition(
    key="resume", name_en="Go on", name_zh="继续处理", sources=("waiting",), to="handling",
    tell=(_TO_ASSIGNEE,),
)  # fmt: skip
_CANCEL = Transition(
    key="cancel", name_en="Cancel", name_zh="取消", sources=("new", "handling", "waiting"),
    to="cancelled", needs_comment=True,
)  # fmt: skip

_SIMPLE = Design(
    start="new",
    steps=(_NEW, _HANDLING, _WAITING, _DONE, _CANCELLED),
    transitions=(
        _ACCEPT,
        _WAIT,
        _RESUME,
        Transition(
            key="finish", name_en="Finish", name_zh="完成", sources=("new", "handling"), to="done",
            tell=(_TO_CREATOR,),
        ),
        _CANCEL,
    ),
    reopen_to="handling",
)  # fmt: skip
_COMPLAINT = Design(
    start="new",
    steps=(
        _NEW.model_copy(
            update={
                "timers": (
                    Timer(
                        key="escalate_unaccepted",
                        after_s=4 * _HOUR,
                        kind=TimerKind.ESCALATE,
                        tell=(_TO_LEADERS,),
                    ),
                )
            }
        ),
        _HANDLING,
        _WAITING,
        Step(
            key="confirming",
            name_en="Confirming with the customer",
            name_zh="客户回访",
            tell=(_TO_CREATOR,),
            timers=(
                Timer(key="no_objection", after_s=5 * _DAY, kind=TimerKind.MOVE, to="done"),
            ),
        ),
        _DONE,
        _CANCELLED,
    ),
    transitions=(
        _ACCEPT,
        _WAIT,
        _RESUME,
        Transition(
            key="resolve", name_en="Resolve", name_zh="处理完毕", sources=("handling",),
            to="confirming", needs_comment=True,
        ),
        Transition(
            key="reject", name_en="Not satisfied", name_zh="客户不满意", sources=("confirming",),
            to="handling", tell=(_TO_ASSIGNEE, _TO_LEADERS),
        ),
        Transition(
            key="confirm", name_en="Satisfied", name_zh="客户满意", sources=("confirming",),
            to="done",
        ),
        _CANCEL,
    ),
    reopen_to="handling",
)  # fmt: skip
_RESERVATION = Design(
    start="requested",
    steps=(
        Step(key="requested", name_en="Requested", name_zh="待确认", tell=(_TO_TEAM,)),
        Step(
            key="confirmed", name_en="Confirmed", name_zh="已预约", kind=StepKind.WAITING,
        ),
        _DONE,
        _CANCELLED,
    ),
    transitions=(
        Transition(
            key="confirm", name_en="Confirm", name_zh="确认预约", sources=("requested",),
            to="confirmed", tell=(_TO_CREATOR,),
        ),
        Transition(
            key="fulfil", name_en="Fulfilled", name_zh="已履约", sources=("confirmed",), to="done",
        ),
        Transition(
            key="cancel", name_en="Cancel", name_zh="取消预约",
            sources=("requested", "confirmed"), to="cancelled",
        ),
    ),
)  # fmt: skip
_DELIVERY = Design(
    start="ordered",
    steps=(
        Step(key="ordered", name_en="Ordered", name_zh="已下单"),
        Step(key="paid", name_en="Paid", name_zh="已收款", milestone="sale"),
        Step(
            key="shipped", name_en="Shipped", name_zh="已发货", kind=StepKind.WAITING,
            milestone="shipped",
        ),
        _DONE,
        _CANCELLED,
    ),
    transitions=(
        Transition(key="pay", name_en="Paid", name_zh="收款", sources=("ordered",), to="paid"),
        Transition(key="ship", name_en="Ship", name_zh="发货", sources=("paid",), to="shipped"),
        Transition(
            key="deliver", name_en="Delivered", name_zh="签收", sources=("shipped",), to="done",
        ),
        Transition(
            key="cancel", name_en="Cancel", name_zh="取消", sources=("ordered", "paid"),
            to="cancelled", needs_comment=True,
        ),
    ),
)  # fmt: skip

DESIGNS: tuple[ShippedDesign, ...] = (
    ShippedDesign("simple", "Simple", "简单流程", _SIMPLE),
    ShippedDesign("complaint", "Complaint", "投诉流程", _COMPLAINT),
    ShippedDesign("reservation", "Reservation", "预约流程", _RESERVATION),
    ShippedDesign("delivery", "Payment and delivery", "收款发货流程", _DELIVERY),
)

_KIND = AcceptanceKind
TYPES: tuple[ShippedType, ...] = (
    ShippedType(
        _KIND.CONSULTATION, "Consultation", "咨询", "simple",
        Sla(response_s=4 * _HOUR, resolution_s=_DAY),
    ),
    ShippedType(
        _KIND.COMPLAINT, "Complaint", "投诉", "complaint",
        Sla(response_s=2 * _HOUR, resolution_s=3 * _DAY), priority=4,
    ),
    ShippedType(_KIND.SUGGESTION, "Suggestion", "建议", "simple", Sla(response_s=_DAY)),
    ShippedType(
        _KIND.FAULT_REPORT, "Fault report", "报修", "simple",
        Sla(response_s=_HOUR, resolution_s=2 * _DAY), priority=4,
    ),
    ShippedType(
        _KIND.RESERVATION, "Reservation", "预约", "reservation", Sla(response_s=4 * _HOUR)
    ),
    ShippedType(_KIND.OTHER, "Other", "其他", "simple", Sla()),
)  # fmt: skip
