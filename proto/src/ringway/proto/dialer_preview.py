"""Messages of the dialer about leads that an agent is shown before they are dialed."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from ringway.proto.base import Fact, Model, PhoneE164, Presence, Reply, Request, Seconds, Token


class PreviewState(StrEnum):
    """What an agent's preview has come to."""

    SHOWN = "shown"
    DIALED = "dialed"  # he wanted it, or his time was up
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"  # he left, or the campaign may not dial now


class Preview(Model):
    """A lead that an agent is shown. ``until``: then it is dialed or skipped by itself.

    ``callback_id`` is set when the lead has an open call-back; what was noted of it is to be read
    before the customer is called back.
    """

    attempt_id: Token
    campaign_id: Token
    lead_id: Token
    phone_e164: PhoneE164
    name: str = ""
    data: dict[str, str] = Field(default_factory=dict)
    callback_id: Token | None = None
    callback_note: str = ""
    attempt_no: int
    shown_at: AwareDatetime
    until: AwareDatetime
    on_timeout: Literal["dial", "skip"] = "dial"
    can_skip: bool = True


class AgentPreviewV1(Presence):
    """What an agent is shown, on every change and every few seconds while he is."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.preview.{agent_id}.live"

    agent_id: Token
    state: PreviewState
    preview: Preview


class PreviewSkippedV1(Fact):
    """An agent did not want a lead, or let his time pass; it is due again at ``due_at``."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.attempt.{attempt_id}.skipped"

    attempt_id: Token
    campaign_id: Token
    lead_id: Token
    agent_id: Token
    reason: str = ""
    delay_s: Seconds
    due_at: AwareDatetime


class TakeLeadV1(Request):
    """An agent wants to dial a lead of a manual (or preview) campaign: the next, or a given one.

    He is reserved for it and shown it. Refused with ``campaign_not_running``,
    ``campaign_not_dialing`` (the text says why), ``campaign_dials_itself``, ``no_lead``,
    ``agent_not_ready``, ``lines_busy`` or ``preview_open`` (he is shown another lead).
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.take_lead"

    agent_id: Token
    campaign_id: Token
    lead_id: Token | None = None


class GetPreviewV1(Request):
    """Ask what an agent is shown."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.get_preview"

    agent_id: Token


class AcceptPreviewV1(Request):
    """The agent wants the lead dialed that he is shown. A repeat is answered Done.

    Refused with ``preview_gone`` or ``campaign_not_dialing``.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.accept_preview"

    agent_id: Token
    attempt_id: Token


class SkipPreviewV1(Request):
    """The agent does not want the lead dialed: it is offered again later.

    Refused with ``preview_gone``, ``preview_dialed`` or ``preview_skip_not_allowed``.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.skip_preview"

    agent_id: Token
    attempt_id: Token
    reason: str = Field(default="", max_length=200)


class PreviewV1(Reply):
    """What an agent is shown; None: nothing."""

    preview: Preview | None = None
