"""Payloads of the public pool and private ones."""

from __future__ import annotations

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
    """To whom everything goes that somebody has in hand: to one colleague or to the pool."""

    from_user_id: UUID
    to_user_id: UUID | None = Field(default=None, description="Null: to the public pool.")


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


class ClaimView(View):
    """Whom one got. Fewer than wanted: there were no more, or one may have no more."""

    act_id: UUID
    customer_ids: list[UUID]
    room: int = Field(description="How many more one may claim.")


class PoolView(View):
    """How customers are shared out now."""

    in_public_pool: int = Field(description="Counted up to 100,000.")
    by_user: list[GivenView] = Field(description="Whoever has any, most first; at most 1,000.")
