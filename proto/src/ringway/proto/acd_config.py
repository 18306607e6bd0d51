"""What a tenant configures of its ACD: skills, queues, hours, routes, groups, boxes.

Every kind of object is a typed model; one set of requests stores, reads and deletes them all.
Changes take effect on the next decision, without a reload and without touching running calls.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints

from ringway.proto.base import PhoneE164, Reply, Request, Seconds, Token
from ringway.proto.exact import Exact, Moment

# One line of text that PostgreSQL can store and a log line can show: no control characters.
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$")]
Name = Annotated[Line, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Level = Annotated[int, Field(ge=1, le=10)]
# A sound's name below Asterisk's sounds folder; no path can climb out of it.
Sound = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", max_length=200)
]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Date = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class Config(Exact):
    """A configured object. Unknown fields are refused: a misspelt one would silently do nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    KIND: ClassVar[str] = ""


class TargetKind(StrEnum):
    """Where a call may be sent."""

    QUEUE = "queue"
    AGENT = "agent"
    NUMBER = "number"  # an outside number, dialed by the outbound routes
    FLOW = "flow"  # an IVR flow
    VOICEMAIL = "voicemail"
    ANNOUNCEMENT = "announcement"  # a sound is played, then the call ends
    CONFERENCE = "conference"  # a conference room, or a conference that runs
    TIME_CONDITION = "time_condition"  # where the hour says
    CALLBACK = "callback"  # offer a callback; only from a queue
    BUSY = "busy"
    HANG_UP = "hang_up"


class Target(Config):
    """Where a call goes: ``value`` is the id (or number, or sound) that the kind asks for."""

    kind: TargetKind
    value: Line = Field(default="", max_length=200)


class Skill(Config):
    """Something an agent can do to a level of 1 to 10."""

    KIND: ClassVar[str] = "skill"

    name: Name


class SkillNeed(Config):
    """A skill and the level that is needed of it."""

    skill_id: Token
    level: Level = 1


class Ring(Config):
    """From ``after_s`` of waiting on, these needs replace those before."""

    after_s: Seconds
    needs: tuple[SkillNeed, ...] = ()


class QueueStrategy(StrEnum):
    """Which of several ready agents is offered a call."""

    LONGEST_IDLE = "longest_idle"
    ROUND_ROBIN = "round_robin"
    LEAST_CALLS = "least_calls"
    FEWEST_SECONDS = "fewest_seconds"
    RING_ALL = "ring_all"
    LINEAR = "linear"


class AfterCallMode(StrEnum):
    """How after-call work ends."""

    UNTIL_RELEASED = "until_released"
    TIMED = "timed"
    NONE = "none"


class Announcements(Config):
    """What waiting callers hear beside music. Seconds of waiting."""

    position: bool = True
    expected_wait: bool = True
    first_after_s: Seconds = 10
    every_s: Annotated[float, Field(ge=10)] = 60
    comfort: tuple[Sound, ...] = ()  # one after another, between the announcements


class CallbackOffer(Config):
    """Callers may press a key and be called back when their turn comes, keeping their place."""

    enabled: bool = False
    key: Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")] = "1"
    offer_after_s: Seconds = 30
    attempts: Annotated[int, Field(ge=1, le=3)] = 1
    ring_s: Annotated[float, Field(ge=10, le=120)] = 30
    caller_id: Line = Field(default="", max_length=32)


class LastAgent(Config):
    """A returning caller is offered the agent of the last talk, for a bounded wait."""

    enabled: bool = False
    within_days: Annotated[int, Field(ge=1, le=365)] = 30
    ask: bool = True  # the caller presses 1 for that agent or 2 for anyone
    wait_s: Seconds = 30


class Rating(Config):
    """After the agent hung up the caller is asked for a key of 1 to 5."""

    enabled: bool = False
    timeout_s: Annotated[float, Field(ge=2, le=30)] = 8
    attempts: Annotated[int, Field(ge=1, le=3)] = 2


class Queue(Config):
    """Where calls wait for agents."""

    KIND: ClassVar[str] = "queue"

    name: Name
    agent_ids: tuple[Token, ...] | None = None  # none: every agent whose skills fit
    rings: tuple[Ring, ...] = (Ring(after_s=0),)
    strategy: QueueStrategy = QueueStrategy.LONGEST_IDLE
    priority: Level = 5
    max_waiting: Annotated[int, Field(ge=1, le=100_000)] | None = None
    max_wait_s: Annotated[float, Field(gt=0)] | None = None
    leave_when_empty: bool = True
    ring_timeout_s: Annotated[float, Field(ge=5, le=120)] = 15
    service_level_s: Seconds = 20
    calendar_id: Token | None = None
    on_closed: Target = Target(kind=TargetKind.HANG_UP)
    on_full: Target = Target(kind=TargetKind.BUSY)
    on_timeout: Target = Target(kind=TargetKind.HANG_UP)
    on_no_agents: Target = Target(kind=TargetKind.HANG_UP)
    music: Token = "default"
    language: Literal["en", "zh"] = "en"
    announcements: Announcements = Announcements()
    callback: CallbackOffer = CallbackOffer()
    last_agent: LastAgent = LastAgent()
    rating: Rating = Rating()
    announce_agent_number: bool = False
    after_call: AfterCallMode = AfterCallMode.TIMED
    after_call_s: Seconds = 30
    record: bool = True


class PhoneKind(StrEnum):
    """What an agent answers with."""

    SOFTPHONE = "softphone"  # in the browser
    SIP = "sip"  # a desk phone with the agent's SIP account
    NUMBER = "number"  # any telephone, called through the outbound routes


class FollowMe(Config):
    """One more phone of an agent, rung when the one before did not answer."""

    number: str = Field(pattern=r"^\+?[0-9]{2,20}$")
    ring_s: Annotated[float, Field(ge=5, le=60)] = 15


class AgentProfile(Config):
    """How one agent works; the object's id is the agent's."""

    KIND: ClassVar[str] = "agent_profile"

    skills: dict[Token, Level] = Field(default={})
    phone: PhoneKind = PhoneKind.SOFTPHONE
    phone_number: str = Field(default="", pattern=r"^\+?[0-9]{0,20}$")
    follow_me: tuple[FollowMe, ...] = Field(default=(), max_length=3)
    auto_answer: bool = True
    caller_id: Line = Field(default="", max_length=32)
    voicemail_id: Token | None = None


class TimeSlot(Config):
    """Open from ``start`` to ``end`` (24:00 ends the day)."""

    start: ClockTime
    end: ClockTime


class Day(Config):
    """One date that is not like its weekday: a holiday, or a make-up workday."""

    date: Date
    name: Line = Field(default="", max_length=100)
    like: DayName | None = None  # works like this weekday; without slots and this: closed
    slots: tuple[TimeSlot, ...] = ()


class Calendar(Config):
    """Business hours in one time zone, with holidays and make-up workdays."""

    KIND: ClassVar[str] = "calendar"

    name: Name
    time_zone: Line = Field(default="Asia/Shanghai", max_length=64)
    weekly: dict[DayName, tuple[TimeSlot, ...]] = Field(default={})
    days: tuple[Day, ...] = Field(default=(), max_length=2000)


class DutySlot(Config):
    """While the calendar is open, calls go to ``target``."""

    calendar_id: Token
    target: Target


class CallerRule(Config):
    """What a caller's number changes: its longest matching prefix wins."""

    prefix: str = Field(pattern=r"^\+?[0-9]{0,20}$")
    target: Target | None = None
    priority: Level | None = None
    vip: bool = False
    value_grade: Annotated[int, Field(ge=0, le=5)] = 0
    owner_agent_id: Token | None = None


class InboundRoute(Config):
    """Where calls to a number go. The first duty slot that is open wins, else the target."""

    KIND: ClassVar[str] = "inbound_route"

    name: Name
    trunk_id: Token | None = None  # none: any trunk
    did: str = Field(pattern=r"^\+?[0-9*#]{1,20}$|^\*$")  # "*": any number that no other has
    target: Target
    duty: tuple[DutySlot, ...] = ()
    calendar_id: Token | None = None
    closed_target: Target | None = None
    caller_rules: tuple[CallerRule, ...] = ()
    priority: Level = 5


class TimeCondition(Config):
    """A target that depends on the hour, which routes, queues and other conditions may share."""

    KIND: ClassVar[str] = "time_condition"

    name: Name
    calendar_id: Token
    target: Target
    closed_target: Target = Target(kind=TargetKind.HANG_UP)
    duty: tuple[DutySlot, ...] = Field(default=(), max_length=50)  # the first that is open wins


class CallerGroup(Config):
    """Customers by their numbers, and how their calls to any number of the tenant are treated.

    What a route's rule for the caller gives is never taken away: the better of the two counts.
    Of several groups with the same number the first by id counts.
    """

    KIND: ClassVar[str] = "caller_group"

    name: Name
    numbers: tuple[Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{2,20}$")], ...] = Field(
        default=(), max_length=10_000
    )
    priority: Level | None = None
    vip: bool = False
    value_grade: Annotated[int, Field(ge=0, le=5)] = 0
    owner_agent_id: Token | None = None
    queues: dict[
        Annotated[str, StringConstraints(pattern=r"^(\*|[A-Za-z0-9_-]{1,128})$")], Token
    ] = Field(default={})  # the queue meant -> the queue for them; "*": every queue


class ConferenceRoom(Config):
    """A conference that callers may join; its id is that of the conference to be started."""

    KIND: ClassVar[str] = "conference_room"

    name: Name
    pin: str = Field(default="", pattern=r"^[0-9]{0,12}$")  # asked of callers; empty: nobody
    language: Literal["en", "zh"] = "en"
    music: Token = "default"
    wait_s: Annotated[float, Field(ge=0, le=3600)] = 300  # callers wait so long for its beginning


class CallerIdRule(StrEnum):
    """Which number the called party sees."""

    KEEP = "keep"  # as the call has it
    FIXED = "fixed"
    AGENT = "agent"  # the agent's own


class OutboundRoute(Config):
    """How numbers with a prefix leave; the longest prefix wins, then the smallest order."""

    KIND: ClassVar[str] = "outbound_route"

    name: Name
    prefix: str = Field(default="", pattern=r"^\+?[0-9]{0,20}$")
    order: Annotated[int, Field(ge=0, le=1000)] = 100
    trunk_ids: tuple[Token, ...] = Field(min_length=1, max_length=10)  # in order of failover
    strip: Annotated[int, Field(ge=0, le=20)] = 0
    prepend: str = Field(default="", pattern=r"^\+?[0-9*#]{0,20}$")
    caller_id: CallerIdRule = CallerIdRule.KEEP
    fixed_caller_id: Line = Field(default="", max_length=32)
    is_allowed: bool = True  # false: numbers with this prefix may not be called


class BlockedCaller(Config):
    """A caller who hears busy; the object's id is free, the number unique."""

    KIND: ClassVar[str] = "blocked_caller"

    number: str = Field(pattern=r"^\+?[0-9]{2,20}$")
    reason: Line = Field(default="", max_length=200)
    until: Moment | None = None


class SupervisionMode(StrEnum):
    """What a supervisor may do with an agent's call, or with the agent."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"
    DISCONNECT = "disconnect"
    TRANSFER = "transfer"
    INTERCEPT = "intercept"
    STATE = "state"  # change the agent's state
    LOG_OUT = "log_out"


class MonitorGroup(Config):
    """Agents whom some supervisors may see and supervise."""

    KIND: ClassVar[str] = "monitor_group"

    name: Name
    agent_ids: tuple[Token, ...] = ()
    supervisor_ids: tuple[Token, ...] = ()
    allowed: tuple[SupervisionMode, ...] = tuple(SupervisionMode)


class VoicemailBox(Config):
    """Where callers leave messages."""

    KIND: ClassVar[str] = "voicemail_box"

    name: Name
    number: str = Field(default="", pattern=r"^[0-9]{0,10}$")  # asked for by phone
    pin: str = Field(default="", pattern=r"^[0-9]{0,12}$")
    agent_ids: tuple[Token, ...] = ()  # who may hear the messages
    greeting: Sound | None = None
    max_s: Annotated[float, Field(ge=5, le=600)] = 120
    language: Literal["en", "zh"] = "en"
    time_zone: Line = Field(default="", max_length=64)  # of spoken times; empty: the tenant's


class OwnDials(StrEnum):
    """What happens when an agent dials a number that the tenant's lists forbid."""

    REFUSE = "refuse"
    WARN = "warn"  # refused once; the agent may say that he knows
    ALLOW = "allow"


class AcdSettings(Config):
    """The tenant's own settings; there is one object, with the id ``tenant``."""

    KIND: ClassVar[str] = "settings"

    country_code: str = Field(default="86", pattern=r"^[1-9][0-9]{0,3}$")
    national_prefix: str = Field(default="0", pattern=r"^[0-9]{0,3}$")
    international_prefixes: tuple[
        Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}$")], ...
    ] = Field(default=("00",), max_length=5)
    area_code: str = Field(default="", pattern=r"^[0-9]{0,6}$")
    language: Literal["en", "zh"] = "en"
    time_zone: Line = Field(default="Asia/Shanghai", min_length=1, max_length=64)  # of spoken times
    music: Token = "default"
    caller_id: PhoneE164 | None = None
    park_first: Annotated[int, Field(ge=1, le=9999)] = 701
    park_last: Annotated[int, Field(ge=1, le=9999)] = 720
    park_timeout_s: Annotated[float, Field(ge=10, le=3600)] = 120
    after_call: AfterCallMode = (
        AfterCallMode.NONE
    )  # of calls that are neither queue's nor campaign's
    after_call_s: Seconds = 30
    must_choose_campaigns: bool = False  # else who has not chosen works on all that are his
    own_dials: OwnDials = OwnDials.REFUSE  # to numbers on the tenant's own do-not-call lists
    mos_alarm: Annotated[float, Field(ge=1, le=4.5)] = 3.5
    loss_alarm_percent: Annotated[float, Field(ge=0, le=100)] = 3.0
    jitter_alarm_ms: Seconds = 60
    rtt_alarm_ms: Seconds = 400


CONFIGS: dict[str, type[Config]] = {
    kind.KIND: kind
    for kind in (
        Skill,
        Queue,
        AgentProfile,
        Calendar,
        InboundRoute,
        OutboundRoute,
        BlockedCaller,
        MonitorGroup,
        VoicemailBox,
        TimeCondition,
        CallerGroup,
        ConferenceRoom,
        AcdSettings,
    )
}
ConfigKind = Literal[
    "skill",
    "queue",
    "agent_profile",
    "calendar",
    "inbound_route",
    "outbound_route",
    "blocked_caller",
    "monitor_group",
    "voicemail_box",
    "time_condition",
    "caller_group",
    "conference_room",
    "settings",
]


# -- requests ------------------------------------------------------------------------------------


class PutConfigV1(Request):
    """Create or change one object. ``if_version``: only when it is still this version (0: new).

    Refused with ``config_invalid`` (what is wrong, where), ``config_changed`` (another version
    is there), ``reference_unknown`` (it names something that does not exist) or ``name_taken``.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.put_config"

    kind: ConfigKind
    object_id: Token
    body: dict[str, Any]
    if_version: int | None = None


class ConfigV1(Reply):
    """One object as it is stored."""

    kind: ConfigKind
    object_id: Token
    version: int
    changed_at: AwareDatetime
    body: dict[str, Any]


class GetConfigV1(Request):
    """Ask for one object; refused with ``config_unknown``."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.get_config"

    kind: ConfigKind
    object_id: Token


class ListConfigV1(Request):
    """Ask for the objects of a kind, in the order of their ids, after ``after``."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.list_config"

    kind: ConfigKind
    after: str = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class ConfigListV1(Reply):
    """Objects of one kind. ``next_after``: ask again after this id; none on the last page.

    A page holds fewer than asked when the objects are large.
    """

    objects: tuple[ConfigV1, ...]
    next_after: str | None = None


class DeleteConfigV1(Request):
    """Delete one object; a repeat is answered Done. Refused with ``config_in_use``."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.delete_config"

    kind: ConfigKind
    object_id: Token
    if_version: int | None = None
