"""What an administrator sets on a campaign: modes, schedule, limits, retries, call progress."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from ringway.proto.base import Model, PhoneE164, Seconds, Token

ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
# What is played: a sound below Asterisk's sounds folder; no path can climb out of it.
Sound = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", max_length=200)
]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:
        raise ValueError(f"{name!r} is no time zone; an example is Asia/Shanghai") from exc
    return name


ZoneName = Annotated[
    str,
    Field(max_length=64, json_schema_extra={"examples": ["Asia/Shanghai"]}),
    AfterValidator(_zone),
]


class CampaignMode(StrEnum):
    """How calls are started, and who talks to those who answer (R147-R151, R156-R158)."""

    MANUAL = "manual"  # an agent asks for a lead and dials it
    PREVIEW = "preview"  # an agent is shown a lead before it is dialed
    PRECISE = "precise"  # an agent is kept for each call
    PROGRESSIVE = "progressive"  # by a ratio or rate set by hand
    PREDICTIVE = "predictive"  # by what the pacing core expects
    IVR = "ivr"  # no agents: a script talks
    SCREENING = "screening"  # no agents: numbers are tried, nobody is talked to

    @property
    def has_agents(self) -> bool:
        """Whether agents talk to those who answer."""
        return self not in (CampaignMode.IVR, CampaignMode.SCREENING)

    @property
    def books_agents(self) -> bool:
        """Whether an agent is reserved before the call is placed, so that nobody can wait."""
        return self in (CampaignMode.MANUAL, CampaignMode.PREVIEW, CampaignMode.PRECISE)


class AttemptDisposition(StrEnum):
    """Our word for how one dial of one lead ended."""

    CONNECTED = "connected"  # an agent and the customer talked
    SERVED = "served"  # no agents: a person answered and heard the script, or was screened
    MACHINE = "machine"  # an answering machine, voicemail or fax answered
    ABANDONED = "abandoned"  # a live person answered and no agent was there in time
    HUNG_UP_EARLY = "hung_up_early"  # answered, the customer left before the abandonment limit
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    INVALID_NUMBER = "invalid_number"
    REJECTED = "rejected"
    CONGESTION = "congestion"
    CANCELLED = "cancelled"  # we withdrew it before an answer
    FAILED = "failed"  # the trunk or a part of ours failed
    LOST = "lost"  # ended while nobody watched; what is known comes from Asterisk's own record


class NumberState(StrEnum):
    """What the network says of a number before anybody answers."""

    VACANT = "vacant"  # it does not exist, or not any more
    SUSPENDED = "suspended"  # its owner's service is stopped
    BARRED = "barred"  # it takes no calls, or not ours
    POWERED_OFF = "powered_off"
    UNREACHABLE = "unreachable"  # out of coverage
    BUSY = "busy"
    NO_ANSWER = "no_answer"


class RetryRule(Model):
    """When a lead is dialed again after one outcome.

    After the lead's n-th attempt the delay is ``delay_s * growth ** (n - 1)``, at most
    ``max_delay_s`` where that is more than ``delay_s``.
    """

    disposition: AttemptDisposition
    delay_s: Seconds
    max_attempts: int = Field(ge=1, le=50)
    growth: float = Field(default=1.0, ge=1.0, le=10.0)
    max_delay_s: float = Field(default=2_592_000, gt=0, le=31_536_000)


class DialWindow(Model):
    """Dialing is allowed from ``begins`` to just before ``ends`` on these days."""

    days: tuple[DayName, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    begins: ClockTime
    ends: ClockTime

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.ends <= self.begins:
            raise ValueError("a window ends after it begins; split it at midnight")
        return self


class Schedule(Model):
    """When a campaign may dial. Without windows it may at any hour of its days.

    A window is read in the lead's own zone where that is known (``use_lead_zone``), otherwise in
    the campaign's. ``valid_from``, ``valid_until`` (inclusive), ``holidays`` (no dialing) and
    ``workdays`` (made up for: the windows of Monday hold) are days in that same zone.
    """

    zone: ZoneName = "UTC"
    use_lead_zone: bool = True
    windows: tuple[DialWindow, ...] = Field(default=(), max_length=50)
    valid_from: date | None = None
    valid_until: date | None = None
    holidays: tuple[date, ...] = Field(default=(), max_length=1000)
    workdays: tuple[date, ...] = Field(default=(), max_length=1000)


class Caps(Model):
    """How often one lead and one number may be dialed; None: no cap.

    A number's dials count over all campaigns of the tenant; a day is a calendar day in the zone in
    which the windows are read, a week the last seven of them.
    """

    lead_per_day: int | None = Field(default=None, ge=1, le=50)
    lead_per_week: int | None = Field(default=None, ge=1, le=200)
    number_per_day: int | None = Field(default=None, ge=1, le=50)
    number_per_week: int | None = Field(default=None, ge=1, le=200)
    min_interval_s: Seconds = 0  # between two dials of one number
    abandoned_cool_off_s: Seconds = 259_200  # after an abandonment: no dial without an agent booked


class ListWeight(Model):
    """How many of the leads come from this list, relative to the others' weights."""

    list_id: Token
    weight: int = Field(ge=1, le=1000)


class Recycling(Model):
    """When nothing is left to dial, leads that ended so are opened again, so often."""

    dispositions: tuple[AttemptDisposition, ...] = Field(min_length=1)
    after_s: Seconds = 3600  # since the lead's last attempt
    times: int = Field(default=1, ge=1, le=20)


class PreviewRule(Model):
    """What happens to a lead that an agent is shown. Manual campaigns obey it as well."""

    time_s: float = Field(default=60, ge=3, le=1800)  # to make up one's mind
    on_timeout: Literal["dial", "skip"] = "dial"
    can_skip: bool = True
    skip_delay_s: Seconds = 3600  # a skipped lead is offered again after this


class CallbackRule(Model):
    """What happens to call-backs that cannot be made in time; see docs/howto/callbacks.md."""

    personal_wait_s: Seconds = 900  # for the agent it was promised with, after it is due
    escalate_to: Literal["team", "nobody"] = "team"  # who takes over then
    missed_after_s: float = Field(default=3600, gt=0, le=2_592_000)  # after it is due

    @model_validator(mode="after")
    def _escalates_in_time(self) -> Self:
        if self.escalate_to == "team" and self.personal_wait_s >= self.missed_after_s:
            raise ValueError("personal_wait_s must be shorter than missed_after_s")
        return self


class OnMachine(StrEnum):
    """What is done when a machine answers."""

    HANG_UP = "hang_up"
    MESSAGE = "message"  # left after the beep
    SCRIPT = "script"  # passed to the campaign's script
    CONNECT = "connect"  # treated like a person


class AmdEngine(StrEnum):
    """Who listens to the first seconds."""

    ASTERISK = "asterisk"  # Asterisk's own AMD()
    AUDIO = "audio"  # ours, on the audio itself


class AmdRule(Model):
    """Telling persons from answering machines by the first seconds of audio.

    Times in milliseconds. The time that a decision takes is part of the abandonment limit.
    """

    enabled: bool = False
    engine: AmdEngine = AmdEngine.AUDIO
    on_machine: OnMachine = OnMachine.HANG_UP
    message: tuple[Sound, ...] = Field(default=(), max_length=20)
    decide_within_ms: int = Field(default=3500, ge=500, le=10_000)
    initial_silence_ms: int = Field(default=2500, ge=200, le=10_000)
    greeting_ms: int = Field(default=2200, ge=200, le=10_000)  # longer speech is a machine's
    after_greeting_silence_ms: int = Field(default=800, ge=100, le=5_000)  # then it is a person
    max_words: int = Field(default=9, ge=1, le=50)
    silence_threshold: int = Field(default=256, ge=32, le=8192)  # mean amplitude of 16 bit

    @model_validator(mode="after")
    def _has_message(self) -> Self:
        if self.enabled and self.on_machine is OnMachine.MESSAGE and not self.message:
            raise ValueError("a message to leave is missing")
        return self


class EarlyMediaRule(Model):
    """Listening to what the network says before the answer: announcements, information tones.

    Only calls with early media (SIP 183) cost anything. ``hangs_up``: a call ends as soon as it is
    known what its number is.
    """

    listens: bool | None = None  # None: in screening campaigns only
    hangs_up: bool = True


class KeyAction(StrEnum):
    """What a key does in a script."""

    RECORD = "record"  # written down as the answer; the script ends
    AGENT = "agent"  # one of the campaign's agents takes the call
    DNC = "dnc"  # the number is never dialed again
    REPEAT = "repeat"


class ScriptKey(Model):
    """One key of a script."""

    key: Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]
    action: KeyAction
    value: str = Field(default="", max_length=100)  # the answer's name


class KeyScript(Model):
    """What those hear whom no agent talks to: a flow of the IVR, or sounds and keys."""

    flow_id: Token | None = None
    sounds: tuple[Sound, ...] = Field(default=(), max_length=20)
    keys: tuple[ScriptKey, ...] = Field(default=(), max_length=12)
    key_timeout_s: float = Field(default=5, ge=1, le=30)
    repeats: int = Field(default=1, ge=0, le=5)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.flow_id is None and not self.sounds:
            raise ValueError("a script needs a flow or sounds")
        if len({k.key for k in self.keys}) != len(self.keys):
            raise ValueError("a key is named twice")
        return self


class CampaignSpec(Model):
    """Everything that an administrator sets on a campaign."""

    name: str = Field(min_length=1, max_length=200)
    project_id: Token
    mode: CampaignMode
    list_ids: tuple[Token, ...]
    agent_ids: tuple[Token, ...] = ()
    team_ids: tuple[Token, ...] = Field(default=(), max_length=200)  # and their agents, as of now
    trunk_id: Token
    caller_id: PhoneE164 | None = None
    caller_pool_id: Token | None = None  # instead of caller_id: a number of this pool per call
    ratio: float = Field(default=1.0, ge=1.0, le=10.0)  # progressive: calls per ready agent
    rate_cps: float | None = Field(default=None, gt=0, le=100)  # calls per second at most
    max_lines: int = Field(default=100, ge=1, le=10_000)
    max_attempts: int = Field(default=3, ge=1, le=50)
    ring_timeout_s: float = Field(default=25, ge=5, le=120)
    # Before we give up a call that rings because callers took its agent; None: never.
    min_ring_s: float | None = Field(default=15, ge=0, le=120)
    retry_rules: tuple[RetryRule, ...] = ()
    abandonment_limit_s: float = Field(default=2.0, ge=0.5, le=10)
    wrap_up_s: float = Field(default=30, ge=0, le=3600)  # forced end of wrap-up; 0 = no wrap-up
    priority: int = Field(default=5, ge=1, le=10)  # 10 first, where campaigns share agents
    schedule: Schedule = Schedule()
    caps: Caps = Caps()
    list_weights: tuple[ListWeight, ...] = ()  # empty: by priority over all lists
    recycling: Recycling | None = None
    preview: PreviewRule = PreviewRule()
    callbacks: CallbackRule = CallbackRule()
    target_abandonment: float = Field(default=0.03, gt=0, le=0.1)  # predictive: the cap
    abandonment_message: tuple[Sound, ...] = Field(default=(), max_length=20)  # empty: the default
    amd: AmdRule = AmdRule()
    early_media: EarlyMediaRule = EarlyMediaRule()
    script: KeyScript | None = None
    dnc_list_ids: tuple[Token, ...] = Field(default=(), max_length=100)  # beside the tenant's own
    uses_national_dnc: bool = True  # obey the platform's and the tenant's national lists
    needs_consent: bool = False
    consent_purpose: Token = "calls"

    @property
    def listens_early(self) -> bool:
        """Whether what the network says before the answer is listened to."""
        wanted = self.early_media.listens
        return self.mode is CampaignMode.SCREENING if wanted is None else wanted

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.mode is CampaignMode.IVR and self.script is None:
            raise ValueError("a campaign without agents needs a script")
        if self.caller_id is not None and self.caller_pool_id is not None:
            raise ValueError("give a caller id or a pool of them, not both")
        unknown = {w.list_id for w in self.list_weights} - set(self.list_ids)
        if unknown:
            raise ValueError(f"weights of lists that the campaign does not have: {sorted(unknown)}")
        return self
