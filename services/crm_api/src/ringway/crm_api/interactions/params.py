"""What may be asked of the call history, as parameters of a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Query

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.errors import Invalid
from ringway.crm_api.interactions.search import Filter
from ringway.proto.acd import Direction
from ringway.proto.acd_calls import Outcome
from ringway.proto.dialer import AttemptDisposition

T = TypeVar("T", datetime, float)
Number = Annotated[str | None, Query(max_length=32)]
_Seconds = Annotated[float | None, Query(ge=0, le=1_000_000, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for. ``filter`` is without the customer's and the team's part."""

    filter: Filter
    customer_id: UUID | None
    team_id: UUID | None


async def asked(
    begins_at: Annotated[
        Moment | None,
        Query(alias="from", description="Answered at or after; if nobody answered, began."),
    ] = None,
    ends_at: Annotated[
        Moment | None, Query(alias="to", description="Answered before; if nobody did, began.")
    ] = None,
    campaign_id: UUID | None = None,
    customer_id: Annotated[
        UUID | None, Query(description="On any of his numbers, or put with him by hand.")
    ] = None,
    team_id: Annotated[
        UUID | None, Query(description="Of the agents who are in it now, or in a team below.")
    ] = None,
    agent_id: UUID | None = None,
    agent_number: Number = None,
    caller_number: Annotated[str | None, Query(alias="caller", max_length=32)] = None,
    called: Number = None,
    number: Annotated[
        str | None,
        Query(max_length=32, description="Of either side.", examples=["+40215550100"]),
    ] = None,
    number_prefix: Annotated[
        str | None,
        Query(
            pattern=r"^\+?[0-9*#]{3,31}$",
            description="What the number of either side begins with.",
            examples=["+4021"],
        ),
    ] = None,
    direction: Direction | None = None,
    disposition: AttemptDisposition | Outcome | None = None,
    outcome: Annotated[
        Outcome | None, Query(description="How it ended when no agent had it last.")
    ] = None,
    agent_disposition: Annotated[
        str | None, Query(max_length=64, description="What the agent chose.", examples=["sale"])
    ] = None,
    queue_id: Annotated[str | None, Query(max_length=128)] = None,
    is_live: bool | None = None,
    has_recording: bool | None = None,
    min_talk_s: _Seconds = None,
    max_talk_s: _Seconds = None,
    min_total_s: _Seconds = None,
    max_total_s: _Seconds = None,
) -> Asked:
    """Return what a request's parameters ask for. Raises Invalid."""
    _check_order("from", begins_at, "to", ends_at)
    _check_order("min_talk_s", min_talk_s, "max_talk_s", max_talk_s)
    _check_order("min_total_s", min_total_s, "max_total_s", max_total_s)
    wanted = Filter(
        begins_at=begins_at,
        ends_at=ends_at,
        campaign_id=campaign_id,
        agent_id=agent_id,
        agent_number=agent_number,
        caller=caller_number,
        called=called,
        number=number,
        number_prefix=number_prefix,
        direction=direction.value if direction is not None else None,
        disposition=disposition.value if disposition is not None else None,
        outcome=outcome.value if outcome is not None else None,
        agent_disposition=agent_disposition,
        is_live=is_live,
        has_recording=has_recording,
        queue_id=queue_id,
        min_talk_s=min_talk_s,
        max_talk_s=max_talk_s,
        min_total_s=min_total_s,
        max_total_s=max_total_s,
    )
    return Asked(wanted, customer_id, team_id)


def _check_order(low: str, least: T | None, high: str, most: T | None) -> None:
    if least is not None and most is not None and least > most:
        raise Invalid("filter_invalid", f"{low} is above {high}: send the smaller one as {low}.")
