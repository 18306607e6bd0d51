"""Messages of the dialer: campaigns, lists, leads, attempts."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime, Field

from ringway.proto.base import Fact, Model, PhoneE164, Presence, Reply, Request, Token
from ringway.proto.dialer_spec import (
    AttemptDisposition,
    CampaignMode,
    CampaignSpec,
    RetryRule,
    ZoneName,
)

__all__ = ["AttemptDisposition", "CampaignMode", "CampaignSpec", "RetryRule"]


class CampaignState(StrEnum):
    """Where a campaign is in its life."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"


# -- facts ---------------------------------------------------------------------------------------


class AttemptStartedV1(Fact):
    """The dialer asked Asterisk to originate; the call is on its way to the trunk."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.attempt.{attempt_id}.started"

    attempt_id: Token
    interaction_id: Token
    campaign_id: Token
    lead_id: Token
    attempt_no: int
    phone_e164: PhoneE164
    caller_id: PhoneE164 | None = None
    mode: CampaignMode
    node: Token
    channel_id: str


class AttemptAnsweredV1(Fact):
    """The far end answered."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.attempt.{attempt_id}.answered"

    attempt_id: Token
    interaction_id: Token
    campaign_id: Token
    lead_id: Token
    phone_e164: PhoneE164
    answered_at: AwareDatetime


class AttemptEndedV1(Fact):
    """The dialed channel is gone; how and why."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.attempt.{attempt_id}.ended"

    attempt_id: Token
    interaction_id: Token
    campaign_id: Token
    lead_id: Token
    attempt_no: int
    phone_e164: PhoneE164
    caller_id: PhoneE164 | None = None
    disposition: AttemptDisposition
    cause_q850: int  # 0 when the far end gave none
    tech_cause: int  # SIP status, 0 when there was none
    started_at: AwareDatetime
    answered_at: AwareDatetime | None
    ended_at: AwareDatetime
    agent_id: Token | None = None
    trunk_id: Token | None = None
    answerer: str | None = None  # person, machine, fax, nobody, unsure; None: nobody listened
    answerer_reason: str | None = None
    detected_after_ms: int | None = None
    message_left: bool = False
    script_answer: str | None = None  # what the person answered by key, without agents
    number_state: str | None = None  # what the network said before the answer (NumberState)
    number_state_reason: str | None = None  # by which announcement, or by tones


class CampaignStateChangedV1(Fact):
    """A campaign was started, paused, stopped, or ran out of leads.

    ``reason`` is for people, such as why the platform paused it.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.campaign.{campaign_id}.state_changed"

    campaign_id: Token
    previous: CampaignState
    state: CampaignState
    reason: str = ""


# -- presence ------------------------------------------------------------------------------------


class CampaignLiveV1(Presence):
    """Live figures of one campaign, on change and at least every 2 s while it runs."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.campaign.{campaign_id}.live"

    campaign_id: Token
    state: CampaignState
    dialing: int
    ringing: int
    answered_waiting: int
    lines: int
    attempts: int
    answered: int
    connected: int
    abandoned: int
    leads_total: int
    leads_open: int
    explanation: str = ""  # why the dialer does what it does now
    pacing: dict[str, float | str] = Field(default_factory=dict)  # the numbers behind it


# -- requests ------------------------------------------------------------------------------------


class PutProjectV1(Request):
    """Create or rename an outbound project."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.put_project"

    project_id: Token
    name: str = Field(min_length=1, max_length=200)


class PutListV1(Request):
    """Create or rename a list of leads."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.put_list"

    list_id: Token
    name: str = Field(min_length=1, max_length=200)


class RemoveProjectV1(Request):
    """Show a project no more, for good. Calls of its campaigns keep its name.

    Refused with ``project_not_found``, or ``project_in_use`` while a campaign is in it that was
    not removed.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.remove_project"

    project_id: Token


class RemoveListV1(Request):
    """Show a list no more, for good. What was dialed of it stays; its leads are removed soon.

    Refused with ``list_not_found``, ``list_in_use`` while a campaign that may still dial uses it,
    ``list_has_calls`` or ``list_has_callbacks``; each says what to do.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.remove_list"

    list_id: Token


class LeadNumber(Model):
    """A further number of a party; ``zone`` is where it is, if that is not the party's own."""

    phone_e164: PhoneE164
    label: str = Field(default="", max_length=40)
    zone: ZoneName | None = None


class LeadRow(Model):
    """One party to reach. ``more_numbers`` are dialed in this order after ``phone_e164``."""

    lead_id: Token
    phone_e164: PhoneE164
    name: str = Field(default="", max_length=200)
    data: dict[str, str] = Field(default_factory=dict)
    priority: int = Field(default=0, ge=-1000, le=1000)
    zone: ZoneName | None = None  # the party's own, where it is known
    more_numbers: tuple[LeadNumber, ...] = Field(default=(), max_length=9)


class AddLeadsV1(Request):
    """Add leads to a list, many at a time. A repeat of the same chunk adds nothing."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.add_leads"

    list_id: Token
    batch_id: Token
    chunk_no: int = Field(ge=0)
    rows: tuple[LeadRow, ...] = Field(max_length=5000)


class LeadsAddedV1(Reply):
    """How many rows became leads; the others were in the list already (same number)."""

    added: int
    duplicates: int
    duplicate_lead_ids: tuple[Token, ...] = ()


class PutCampaignV1(Request):
    """Create a campaign, or change one: changes take effect within seconds.

    ``if_version``: only when it is still this version. Refused with ``campaign_changed`` when it is
    another one, and with ``campaign_invalid`` when a list or project does not exist.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.put_campaign"

    campaign_id: Token
    spec: CampaignSpec
    if_version: int | None = None


class CampaignAction(StrEnum):
    """What an operator does to a campaign."""

    START = "start"
    PAUSE = "pause"
    STOP = "stop"


class ControlCampaignV1(Request):
    """Start, pause or stop a campaign.

    Refused with ``campaign_not_found``, ``campaign_without_agents``, ``campaign_without_leads``,
    ``campaign_stopped``, ``outbound_stopped`` or ``trunk_withdrawn``; each says what to do.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.control_campaign"

    campaign_id: Token
    action: CampaignAction


class RemoveCampaignV1(Request):
    """Show a campaign no more, for good; what it has dialed stays.

    Refused with ``campaign_not_found``, ``campaign_not_over`` while it runs or is paused,
    ``campaign_has_calls`` or ``campaign_has_callbacks``; each says what to do.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.remove_campaign"

    campaign_id: Token


class CampaignStateV1(Reply):
    """The campaign's state after the action."""

    state: CampaignState
