"""Payloads of queriers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from ringway.crm_api.core.queriers.catalogue import FieldKind
from ringway.crm_api.core.queriers.query import FILTER_EXAMPLES, Filter, Op, Query
from ringway.crm_api.schemas import Body, Name, Text, View
from ringway.proto.dialer_spec import ZoneName

RoleKey = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$", examples=["agent"])]
_QUERY = {
    "source": "interactions",
    "where": {"field": "at", "op": "within", "value": {"relative": "today"}},
    "groups": [{"field": "direction"}],
    "aggregates": [{"function": "count", "name": "calls"}],
}


class FieldView(View):
    """A field, and how it can be compared."""

    name: str = Field(examples=["direction"])
    kind: FieldKind
    label_en: str
    label_zh: str
    operators: list[Op]
    options: list[str] = Field(description="What it can be, where that is few.")


class ReferenceView(View):
    """What a path can follow: `<name>.<field of the source>`."""

    name: str = Field(examples=["agent"])
    source: str = Field(examples=["agents"])
    label_en: str
    label_zh: str


class SourceView(View):
    """A kind of rows that the caller may ask for."""

    name: str = Field(examples=["interactions"])
    label_en: str
    label_zh: str
    key: str
    fields: list[FieldView]
    references: list[ReferenceView]


class SettingsBody(Body):
    """Where the enterprise's days begin."""

    zone: ZoneName


class SettingsView(View):
    """Where the enterprise's days begin."""

    zone: str
    version: int


class QuerierBody(Body):
    """A saved question, and who else may ask it: everybody with his own rights."""

    name: Name = Field(examples=["Calls of today"])
    description: Text = Field(default="", max_length=2000)
    query: Query = Field(examples=[_QUERY])
    shared_roles: list[RoleKey] = Field(
        default_factory=list, max_length=100, description="Shipped roles, or ids of own ones."
    )
    shared_team_ids: list[UUID] = Field(
        default_factory=list, max_length=100, description="Teams with all that is below them."
    )


class QuerierView(View):
    """A saved question."""

    querier_id: UUID
    owner_id: UUID
    name: str
    description: str
    query: Query | None = Field(description="Null when it cannot be read: it needs repair.")
    state: Literal["ready", "needs_repair"] = Field(
        description="Whether the caller can ask it. A field may be gone, or hidden from him."
    )
    repair: str = Field(description="What to do when it needs repair, else empty.")
    shared_roles: list[str]
    shared_team_ids: list[UUID]
    template: str | None = Field(description="The shipped one that it was made from.")
    version: int
    created_at: datetime
    updated_at: datetime


class RunBody(Body):
    """How a question is asked now."""

    where: Filter | None = Field(
        default=None, description="What must hold besides.", examples=FILTER_EXAMPLES
    )
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=500)
    with_total: bool = Field(default=False, description="Count all rows, up to 10,000.")


class PreviewBody(RunBody):
    """A question that is not saved."""

    query: Query = Field(examples=[_QUERY])


class ColumnView(View):
    """A column of an answer."""

    name: str
    kind: FieldKind
    label: str = Field(description="As the query calls it, else empty.")
    label_en: str
    label_zh: str


class AnswerView(View):
    """An answer: rows in the order of the columns; money in minor units."""

    columns: list[ColumnView]
    rows: list[list[Any]]
    row_ids: list[str] | None = Field(description="Of the source's rows; null for groups.")
    total: int | None = Field(description="Rows in all, when they were counted.")
    total_is_least: bool = Field(description="There are more than that.")
    next_cursor: str | None
    zone: str = Field(description="Where days begin.")
    asked_at: datetime


class TemplateView(View):
    """A shipped querier that can be imported."""

    template: str
    name_en: str
    name_zh: str
    description: str
    query: Query
    shared_roles: list[str]
    is_usable: bool = Field(description="Whether the caller may ask all that it asks.")


class ImportBody(Body):
    """Which shipped querier is wanted."""

    template: str = Field(max_length=60, examples=["call_history"])
    name: Name | None = Field(default=None, description="Left out: its English name.")


class AssignOperation(Body):
    """Give the customers to agents, evenly where there are several."""

    kind: Literal["assign"]
    user_ids: list[UUID] = Field(min_length=1, max_length=100)


class Tag(Body):
    """Put tags on the customers, or take some off."""

    kind: Literal["tag"]
    add: list[Annotated[Name, Field(max_length=50)]] = Field(default_factory=list, max_length=20)
    remove: list[Annotated[Name, Field(max_length=50)]] = Field(default_factory=list, max_length=20)


class AddToList(Body):
    """Put the customers into a calling list, which starts the task of whoever dials it."""

    kind: Literal["add_to_list"]
    list_id: UUID


class Send(Body):
    """Tell webhooks and event streams the ids of the rows."""

    kind: Literal["send"]
    note: Text = Field(default="", max_length=200, description="Which the fact carries.")


Action = Annotated[AssignOperation | Tag | AddToList | Send, Field(discriminator="kind")]


class OperationBody(Body):
    """What is to be done with the rows."""

    action: Action
    where: Filter | None = Field(
        default=None, description="What must hold besides.", examples=FILTER_EXAMPLES
    )


class ConfirmBody(Body):
    """Do it: with so many rows as were told."""

    total: int = Field(ge=0, le=100_000)


class OperationView(View):
    """Something done with the rows of a querier, or proposed to be."""

    operation_id: UUID
    querier_id: UUID
    run_id: UUID | None
    owner_id: UUID
    action: Action
    state: Literal["proposed", "running", "finished", "failed", "expired"]
    total: int = Field(description="Rows that it is about.")
    done: int
    changed: int = Field(description="Rows that were not so before.")
    failure_code: str
    failure: str
    created_at: datetime
    confirmed_at: datetime | None
    finished_at: datetime | None


class QuerierScheduleBody(Body):
    """When a querier is asked by itself, and what happens when it finds enough."""

    at_time: str | None = Field(
        default=None, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["08:30"]
    )
    weekdays: list[Annotated[int, Field(ge=1, le=7)]] = Field(
        default_factory=list, max_length=7, description="1 is Monday; none: every day."
    )
    every_minutes: int | None = Field(default=None, ge=5, le=1440)
    zone: ZoneName | None = Field(default=None, description="Left out: the enterprise's.")
    at_least: int = Field(
        default=0, ge=0, le=100_000, description="The trigger: so many rows. 0: always."
    )
    action: Action | None = Field(default=None, description="Done when the trigger is reached.")
    is_enabled: bool = True


class ScheduleView(View):
    """When a querier is asked by itself: with the rights of the schedule's owner."""

    schedule_id: UUID
    querier_id: UUID
    owner_id: UUID
    at_time: str | None
    weekdays: list[int]
    every_minutes: int | None
    zone: str
    at_least: int
    action: Action | None
    is_enabled: bool
    next_run_at: datetime
    paused_code: str = Field(
        description="Why it stopped by itself, else empty: save it when the querier is repaired."
    )
    paused_reason: str
    version: int
    created_at: datetime
    updated_at: datetime


class KeptRunView(View):
    """One answer of a schedule."""

    run_id: UUID
    querier_id: UUID
    schedule_id: UUID | None
    owner_id: UUID
    due_at: datetime
    state: Literal["running", "finished", "failed"]
    found: int | None
    is_triggered: bool
    is_cut: bool = Field(description="Whether not all rows are kept.")
    failure_code: str
    failure: str
    operation_id: UUID | None
    finished_at: datetime | None


class KeptAnswerView(KeptRunView):
    """One answer of a schedule with its rows, for its owner alone."""

    columns: list[ColumnView]
    rows: list[list[Any]]


class HitsView(View):
    """Rows of one source in which the text was found, newest first."""

    source: str
    label_en: str
    label_zh: str
    columns: list[ColumnView]
    rows: list[list[Any]]
    row_ids: list[str]
    has_more: bool


class FoundView(View):
    """What was found, source by source."""

    items: list[HitsView]
    unfinished: list[str] = Field(description="Sources that took too long to look through.")


class ProblemsBody(Body):
    """Which texts are put together by what they speak of."""

    query: Query = Field(description="Its rows; the first 2,000 are read.", examples=[_QUERY])
    field: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]{0,199}$")] = Field(
        examples=["note"], description="A text field of the source."
    )
    limit: int = Field(default=20, ge=1, le=100)


class ProblemView(View):
    """Texts that speak of the same."""

    words: list[str] = Field(description="What they have in common, the most telling first.")
    count: int
    share: float = Field(description="Of all texts that were read, 0..1.")
    typical_id: str = Field(description="The row whose text is most like all of them.")
    typical: str
    row_ids: list[str] = Field(description="At most 100 of them.")


class ProblemsView(View):
    """Frequent problems, the most frequent first."""

    read: int
    items: list[ProblemView]
