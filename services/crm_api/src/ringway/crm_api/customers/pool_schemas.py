"""Payloads of the public pool and private ones."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.customers.policy import Share
from ringway.crm_api.schemas import Body, View

_Ids = Annotated[list[UUID], Field(min_length=1, max_length=10_000)]


class CustomersAssignBody(Body):
    """Which customers go to whom. Without `from_user_id` they come from the public pool."""

    customer_ids: _Ids | None = Field(default=None, description="These; else those of `filter`.")
    filter: CustomerFilter | None = None
    at_most: int = Field(default=1_000, ge=1, le=10_000, description="Of a filter.")
    from_user_id: UUID | None = Field(default=None, description="Out of this private pool.")
    from_anybody: bool = Field(default=False, description="Whosever they are.")
    to: Literal["shares", "rules", "public_pool"] = Field(
        description="`shares`: as given here; `rules`: as the policy's assignment rules say."
    )
    shares: list[Share] = Field(
        default_factory=list,
        max_length=200,
        description="One user: by hand. Several of one weight: evenly.",
        examples=[[{"team_id": "01920000-0000-7000-8000-000000000001"}]],
    )
    is_dry_run: bool = Field(default=False, description="Count only, and move nobody.")

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if (self.customer_ids is None) == (self.filter is None):
            raise ValueError("either customer_ids or filter")
        if (self.to == "shares") != bool(self.shares):
            raise ValueError("shares: needed to assign by shares, and only then")
        if self.from_anybody and self.from_user_id is not None:
            raise ValueError("either from_user_id or from_anybody")
        return self


class ClaimBody(Body):
    """How many customers of the public pool one wants, and which."""

    customers: int = Field(default=1, ge=1, le=500)
    filter: CustomerFilter = Field(default_factory=CustomerFilter)


class ReturnBody(Body):
    """Which of one's own customers go back to the public pool."""

    customer_ids: _Ids


class HandOverBody(Body):
    """To whom everything goes that somebody has in hand: one colleague, a team, or the pool.

    Without `to_user_id` and `to_team_id`: customers to the public pool, the rest to the teams
    that own it.
    """

    from_user_id: UUID
    to_user_id: UUID | None = Field(default=None, description="Null: to the public pool.")
    to_team_id: UUID | None = Field(
        default=None, description="Evenly to the agents of this team and of those below it."
    )
    customers: Literal["hand_over", "public_pool"] = Field(
        default="hand_over",
        description="`public_pool`: everybody's, whoever gets the rest.",
    )
    callbacks: Literal["hand_over", "team", "cancel"] = Field(
        default="hand_over",
        description="What becomes of call-backs that he promised. `hand_over`: the colleague "
        "calls back where he serves the campaign, the campaign's team elsewhere; `team`: the "
        "team; `cancel`: nobody.",
    )
    work_orders: Literal["hand_over", "team", "keep"] = Field(
        default="hand_over",
        description="What becomes of his open work orders and tasks. `hand_over`: they are the "
        "colleague's, or evenly the agents' of `to_team_id`, which owns them then; without either, "
        "and with `team`, they wait in the teams that own them; `keep`: they stay his.",
    )
    sales_orders: Literal["hand_over", "public_pool", "keep"] = Field(
        default="hand_over",
        description="Who looks after his open sales orders; who sold them stays written there. "
        "`hand_over`: the colleague; with `to_team_id` whoever has the customer, and the team's "
        "agents evenly those of nobody's customers; without either, and with `public_pool`, "
        "whoever has the customer, or gets him; `keep`: he does.",
    )

    @model_validator(mode="after")
    def _is_one_heir(self) -> Self:
        if self.to_user_id is not None and self.to_team_id is not None:
            raise ValueError("either to_user_id or to_team_id")
        return self


class GivenView(View):
    """How many customers somebody got."""

    user_id: UUID
    customers: int


class PoolMoveView(View):
    """What an act came to. ``not_moved`` were somebody else's meanwhile, or fitted no rule."""

    act_id: UUID
    meant: int
    moved: int
    not_moved: int
    not_found: int = Field(description="Of the given ids: there is no such customer for you.")
    has_more: bool = Field(description="The filter means more than `at_most`.")
    by_user: list[GivenView]
    is_dry_run: bool


class CallbackHandOverView(View):
    """What became of the call-backs of somebody who left or lost customers."""

    hand_over_id: UUID
    because: str = Field(
        description="The act: `handed_over`, `left`, `assigned`, `returned`, `reclaimed`.",
        examples=["handed_over"],
    )
    from_user_id: UUID
    to_user_id: UUID | None = Field(description="Null: the campaigns' teams.")
    asked_by: str
    asked_at: datetime
    moved: int = Field(description="Promised with the colleague now.")
    to_team: int = Field(description="Whoever of the campaign's team is ready calls back.")
    cancelled: int
    done_at: datetime | None = Field(
        description="Null: the dialer is being asked, until it answers."
    )
    last_error: str = Field(description="Why it waits.")


class GivenOrdersView(View):
    """How many work orders somebody got."""

    user_id: UUID
    work_orders: int


class HandedWorkOrdersView(View):
    """What became of open work orders."""

    given: int = Field(description="Somebody else works on them now.")
    to_team: int = Field(description="They wait for whoever of the team that owns them takes one.")
    tasks: int = Field(description="Tasks of his, also of others' orders, that are others' now.")
    by_user: list[GivenOrdersView]


class GivenSalesOrdersView(View):
    """How many sales orders somebody got."""

    user_id: UUID
    sales_orders: int


class HandedSalesOrdersView(View):
    """Who looks after open sales orders now."""

    given: int = Field(description="Somebody else does.")
    to_pool: int = Field(description="Whoever gets the customer does; of no customer: anybody.")
    by_user: list[GivenSalesOrdersView]


class HandOverView(PoolMoveView):
    """What a hand-over came to: all of it at once, call-backs as soon as the dialer answers."""

    callbacks: CallbackHandOverView
    work_orders: HandedWorkOrdersView
    sales_orders: HandedSalesOrdersView
    follow_ups: int = Field(
        description="Open follow-ups that are others' now. Those of customers in the public pool "
        "are his who claims them, or gets them."
    )


class ClaimView(View):
    """Whom one got. Fewer than wanted: there were no more, or one may have no more."""

    act_id: UUID
    customer_ids: list[UUID]
    room: int = Field(description="How many more one may claim.")


class PoolView(View):
    """How customers are shared out now."""

    in_public_pool: int = Field(description="Counted up to 100,000.")
    by_user: list[GivenView] = Field(description="Whoever has any, most first; at most 1,000.")
