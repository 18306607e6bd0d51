"""What a tenant designs: steps, ways between them, timers and promises of a kind of work order."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from ringway.proto.acd_config import Line
from ringway.proto.base import Token
from ringway.proto.exact import Exact

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Label = Annotated[Line, StringConstraints(max_length=100, strip_whitespace=True)]
FieldKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Name = Annotated[Label, StringConstraints(min_length=1)]
_LONGEST_S = 366 * 86_400
Duration = Annotated[int, Field(ge=1, le=_LONGEST_S)]
Priority = Annotated[int, Field(ge=1, le=5, description="5 is the most urgent.")]


class Part(Exact):
    """A part of a design. A field that nobody knows is refused: it would silently do nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StepKind(StrEnum):
    """What it means to be in a step."""

    OPEN = "open"  # somebody works on it
    WAITING = "waiting"  # for the customer or somebody outside: promises' clocks stand still
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def is_end(self) -> bool:
        """Whether nothing more is to be done."""
        return self in (StepKind.DONE, StepKind.CANCELLED)


class PartyKind(StrEnum):
    """Who is told."""

    ASSIGNEE = "assignee"
    CREATOR = "creator"
    LEADERS = "leaders"  # of the team that owns it, and of those above
    TEAM = "team"  # everybody of the team that owns it
    PARTICIPANTS = "participants"
    ROLE = "role"  # everybody with this role; `id` is its key
    USER = "user"


class Party(Part):
    """Somebody who is told of what happens to an order."""

    kind: PartyKind = Field(examples=["assignee"])
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = Field(
        default="", description="The role's key, or the user's id."
    )


class AssignKind(StrEnum):
    """How the next one to work on an order is found."""

    USER = "user"
    TEAM = "team"  # anybody of it may take it
    ROUND_ROBIN = "round_robin"  # the people of the team in turn
    LEAST_LOADED = "least_loaded"  # who has the fewest open orders
    CREATOR = "creator"
    ACTOR = "actor"  # who did what led here
    NOBODY = "nobody"


class Assign(Part):
    """An assignment rule."""

    kind: AssignKind = Field(examples=["least_loaded"])
    user_id: UUID | None = None
    team_id: UUID | None = None


class TimerKind(StrEnum):
    """What a timer does."""

    REMIND = "remind"  # tells `tell`
    ESCALATE = "escalate"  # tells `tell`, assigns by `assign`, and makes it more urgent
    MOVE = "move"  # moves on to the step `to`


class Timer(Part):
    """Something that happens when an order has been in a step for so long. Once per visit."""

    key: Key = Field(examples=["remind_after_a_day"])
    after_s: Duration = Field(examples=[86400])
    business_hours: bool = Field(
        default=True, description="Only hours of the business type's calendar count."
    )
    kind: TimerKind
    to: Key | None = None
    tell: tuple[Party, ...] = Field(default=(), max_length=10)
    assign: Assign | None = None


class Step(Part):
    """Where an order is. ``milestone`` is counted in reports: an order reaches it once."""

    key: Key = Field(examples=["handling"])
    name_en: Name = Field(examples=["Handling"])
    name_zh: Label = Field(default="", examples=["处理中"])
    kind: StepKind = StepKind.OPEN
    assign: Assign | None = Field(default=None, description="Applied when an order comes here.")
    tell: tuple[Party, ...] = Field(default=(), max_length=10)
    timers: tuple[Timer, ...] = Field(default=(), max_length=10)
    milestone: Annotated[str, StringConstraints(pattern=r"^(|sale|shipped)$")] = ""


class Transition(Part):
    """A way from some steps to another. Without roles and teams everybody may go it."""

    key: Key = Field(examples=["finish"])
    name_en: Name = Field(examples=["Finish"])
    name_zh: Label = Field(default="", examples=["完成"])
    sources: tuple[Key, ...] = Field(min_length=1, max_length=60, examples=[["handling"]])
    to: Key = Field(examples=["done"])
    roles: tuple[Token, ...] = Field(default=(), max_length=20)
    team_ids: tuple[UUID, ...] = Field(default=(), max_length=20)
    assignee_only: bool = Field(
        default=False, description="Also the leaders of the team that owns the order."
    )
    required: tuple[FieldKey, ...] = Field(
        default=(), max_length=50, description="Fields that must have a value."
    )
    needs_comment: bool = False
    assign: Assign | None = Field(default=None, description="Instead of the step's rule.")
    tell: tuple[Party, ...] = Field(default=(), max_length=10)


class Design(Part):
    """A state machine of work orders."""

    start: Key = Field(examples=["new"])
    steps: tuple[Step, ...] = Field(min_length=2, max_length=60)
    transitions: tuple[Transition, ...] = Field(min_length=1, max_length=200)
    reopen_to: Key | None = Field(
        default=None, description="Where an order goes that is opened again; none: to the start."
    )

    def step(self, key: str) -> Step | None:
        """Return a step by its key."""
        return next((step for step in self.steps if step.key == key), None)

    def transition(self, source: str, key: str) -> Transition | None:
        """Return the way that an action means in a step."""
        return next((t for t in self.transitions if t.key == key and source in t.sources), None)


class Sla(Part):
    """What is promised of a business type's orders, in seconds of business hours."""

    response_s: Duration | None = Field(default=None, examples=[3600])
    resolution_s: Duration | None = Field(default=None, examples=[86400])
    calendar_id: Token | None = Field(
        default=None, description="Of the ACD's calendars; none: every hour counts."
    )
    warn_share: Annotated[float, Field(gt=0, lt=1)] = 0.8
    tell_warned: tuple[Party, ...] = Field(default=(Party(kind=PartyKind.ASSIGNEE),), max_length=10)
    tell_broken: tuple[Party, ...] = Field(
        default=(Party(kind=PartyKind.ASSIGNEE), Party(kind=PartyKind.LEADERS)), max_length=10
    )
