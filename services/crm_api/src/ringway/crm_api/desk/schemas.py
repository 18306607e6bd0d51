"""Payloads of dialing, parking and conferences."""

from __future__ import annotations

from pydantic import Field

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.schemas import Body, Text, View
from ringway.proto.acd_calls import PartyState
from ringway.proto.acd_config import Line, Target
from ringway.proto.base import Token


class DialBody(Body):
    """Whom to call: a number as people write it, or a colleague's own number."""

    number: Line = Field(min_length=1, max_length=40, examples=["0592 555 0100", "1002"])
    caller_id: Line = Field(
        default="", max_length=32, description="What the other side sees, if the route allows."
    )
    customer_id: Token | None = Field(
        default=None, description="Who is called; told with the interaction's beginning."
    )
    despite_list: bool = Field(
        default=False,
        description="After `do_not_call`, where the settings only warn: all the same.",
    )


class DialingView(View):
    """The call that is being made. What becomes of it is told by events and by its interaction."""

    interaction_id: str
    number: str = Field(description="In full, as it is called.")


class ParkedView(View):
    """Where the customer waits."""

    interaction_id: str
    slot: str = Field(examples=["701"])


class SlotBody(Body):
    """The slot whose customer is to be taken."""

    slot: str = Field(pattern=r"^[0-9]{1,4}$", examples=["701"])


class PickUpBody(Body):
    """At whose phone the call rings."""

    from_agent_id: Token


class DoNotDisturbBody(Body):
    """Whether internal and direct calls ring."""

    enabled: bool


class ConferenceBody(Body):
    """A conference to be opened; everybody is called at once."""

    conference_id: Token | None = Field(
        default=None, description="Of the conference room that callers join; else one is made."
    )
    name: Text = Field(default="", max_length=100)
    invite: tuple[Target, ...] = Field(default=(), max_length=200)
    record: bool = True


class InviteBody(Body):
    """One more to be called: an agent or a number."""

    target: Target


class ConferenceMemberView(View):
    """Somebody in a conference, called to it, or gone from it."""

    leg_id: str
    state: PartyState
    agent_id: str | None
    number: str
    is_muted: bool
    is_organiser: bool


class ConferenceView(View):
    """A conference now."""

    conference_id: str
    interaction_id: str
    name: str
    organiser_id: str
    is_recorded: bool
    began_at: Moment
    members: tuple[ConferenceMemberView, ...]
