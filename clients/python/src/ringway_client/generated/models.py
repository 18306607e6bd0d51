"""The payloads of the API. Written by tools/client; do not edit."""

from __future__ import annotations

from datetime import date as date_aliased
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from ringway_client.core import Model


class AbandonmentLine(Model):
    """
    Answers of live persons within one span, by the moment of the answer.
    """

    abandoned: int
    begins_at: AwareDatetime
    dialed: int
    is_over: bool
    """
    Over the cap, in a day or in a window of 300 answers.
    """
    live: int
    """
    Answered by a person; machines are none.
    """
    rate: float | None
    """
    abandoned / live; null without answers.
    """


class AcdSettings(Model):
    """
    The tenant's own settings; there is one object, with the id ``tenant``.
    """

    after_call: str | None = "none"
    """
    How after-call work ends.

    One of `until_released`, `timed`, `none`.
    """
    after_call_s: float | None = 30
    area_code: str | None = ""
    caller_id: str | None = None
    country_code: str | None = "86"
    international_prefixes: list[str] | None = None
    jitter_alarm_ms: float | None = 60
    language: str | None = "en"
    """
    One of `en`, `zh`.
    """
    loss_alarm_percent: float | None = 3.0
    mos_alarm: float | None = 3.5
    music: str | None = "default"
    national_prefix: str | None = "0"
    own_dials: str | None = "refuse"
    """
    What happens when an agent dials a number that the tenant's lists forbid.

    One of `refuse`, `warn`, `allow`.
    """
    park_first: int | None = 701
    park_last: int | None = 720
    park_timeout_s: float | None = 120
    rtt_alarm_ms: float | None = 400
    time_zone: str | None = "Asia/Shanghai"


class AcdSettingsView(Model):
    """
    The tenant's settings, and when they were changed: null when they are the defaults.
    """

    after_call: str | None = "none"
    """
    How after-call work ends.

    One of `until_released`, `timed`, `none`.
    """
    after_call_s: float | None = 30
    area_code: str | None = ""
    caller_id: str | None = None
    changed_at: AwareDatetime | None = None
    country_code: str | None = "86"
    international_prefixes: list[str] | None = None
    jitter_alarm_ms: float | None = 60
    language: str | None = "en"
    """
    One of `en`, `zh`.
    """
    loss_alarm_percent: float | None = 3.0
    mos_alarm: float | None = 3.5
    music: str | None = "default"
    national_prefix: str | None = "0"
    own_dials: str | None = "refuse"
    """
    What happens when an agent dials a number that the tenant's lists forbid.

    One of `refuse`, `warn`, `allow`.
    """
    park_first: int | None = 701
    park_last: int | None = 720
    park_timeout_s: float | None = 120
    rtt_alarm_ms: float | None = 400
    time_zone: str | None = "Asia/Shanghai"


class AgentStatus(Model):
    """
    What an agent does now.
    """

    agent_id: str
    do_not_disturb: bool
    interaction_id: str | None
    reason: str
    session_id: str | None
    since: AwareDatetime
    state: str
    """
    What an agent is doing (style guide, part 3).

    One of `logged_out`, `not_ready`, `ready`, `reserved`, `talking`, `hold`, `wrap_up`.
    """


class AgentView(Model):
    """
    An agent with his name and number.
    """

    agent_id: str
    agent_number: str
    display_name: str
    do_not_disturb: bool
    interaction_id: str | None
    reason: str
    session_id: str | None
    since: AwareDatetime
    state: str
    """
    What an agent is doing (style guide, part 3).

    One of `logged_out`, `not_ready`, `ready`, `reserved`, `talking`, `hold`, `wrap_up`.
    """
    username: str


class AgentWorkView(Model):
    """
    One agent's work in the period; times in seconds, averages null where there was none.
    """

    agent_id: UUID
    busy_average_s: float | None
    busy_count: int
    """
    Times the agent was not ready.
    """
    busy_s: float
    consults: int
    hold_s: float
    holds: int
    idle_average_s: float | None
    idle_count: int
    """
    Times the agent was ready.
    """
    idle_s: float
    login_s: float
    logins: int
    missed_offers: int
    off_hook: int
    """
    Talks that began.
    """
    on_hook: int
    """
    Talks that ended.
    """
    talk_s: float
    """
    Talking and hold.
    """
    transfers: int
    wrap_up_count: int
    wrap_up_s: float


class AmdRule(Model):
    """
    Telling persons from answering machines by the first seconds of audio.

    Times in milliseconds. The time that a decision takes is part of the abandonment limit.
    """

    after_greeting_silence_ms: int | None = 800
    decide_within_ms: int | None = 3500
    enabled: bool | None = False
    engine: str | None = "audio"
    """
    Who listens to the first seconds.

    One of `asterisk`, `audio`.
    """
    greeting_ms: int | None = 2200
    initial_silence_ms: int | None = 2500
    max_words: int | None = 9
    message: list[str] | None = []
    on_machine: str | None = "hang_up"
    """
    What is done when a machine answers.

    One of `hang_up`, `message`, `script`, `connect`.
    """
    silence_threshold: int | None = 256


class AmdRuleBody(Model):
    """
    Telling persons from answering machines by the first seconds of audio.

    Times in milliseconds. The time that a decision takes is part of the abandonment limit.
    """

    after_greeting_silence_ms: int | None = 800
    decide_within_ms: int | None = 3500
    enabled: bool | None = False
    engine: str | None = "audio"
    """
    Who listens to the first seconds.

    One of `asterisk`, `audio`.
    """
    greeting_ms: int | None = 2200
    initial_silence_ms: int | None = 2500
    max_words: int | None = 9
    message: list[str] | None = []
    on_machine: str | None = "hang_up"
    """
    What is done when a machine answers.

    One of `hang_up`, `message`, `script`, `connect`.
    """
    silence_threshold: int | None = 256


class AnnouncementView(Model):
    """
    A recording by which a number's state is recognised before the answer.
    """

    announcement_id: str
    changed_at: AwareDatetime
    created_at: AwareDatetime
    duration_s: float
    is_platforms: bool
    """
    The operator's, for every enterprise.
    """
    meaning: str
    """
    What the network says of a number before anybody answers.

    One of `vacant`, `suspended`, `barred`, `powered_off`, `unreachable`, `busy`, `no_answer`.
    """
    name: str
    used_s: float
    """
    How much of it is neither silence nor tones.
    """


class Announcements(Model):
    """
    What waiting callers hear beside music. Seconds of waiting.
    """

    comfort: list[str] | None = []
    every_s: float | None = 60
    expected_wait: bool | None = True
    first_after_s: float | None = 10
    position: bool | None = True


class ApiKeyView(Model):
    """
    A key. Its secret is not shown again.
    """

    created_at: AwareDatetime
    expires_at: AwareDatetime
    key_id: UUID
    last_used_at: AwareDatetime | None
    """
    To the minute.
    """
    last_used_ip: str
    name: str
    old_until: AwareDatetime | None
    """
    The secret before this one works until then.
    """
    prefix: str
    """
    Stands in the key itself, to find out which one it is.
    """
    revoked_at: AwareDatetime | None
    scopes: list[str]
    user_id: UUID
    """
    Whose it is: he must be able to do what it does.
    """
    username: str


class ApiKeyWithSecret(Model):
    """
    A key just made or rotated. ``key`` is shown this once: send it as Bearer.
    """

    created_at: AwareDatetime
    expires_at: AwareDatetime
    key: str | None
    key_id: UUID
    last_used_at: AwareDatetime | None
    """
    To the minute.
    """
    last_used_ip: str
    name: str
    old_until: AwareDatetime | None
    """
    The secret before this one works until then.
    """
    prefix: str
    """
    Stands in the key itself, to find out which one it is.
    """
    revoked_at: AwareDatetime | None
    scopes: list[str]
    user_id: UUID
    """
    Whose it is: he must be able to do what it does.
    """
    username: str


class AuditCheck(Model):
    """
    Whether the chain of hashes is whole.
    """

    entries: int
    """
    So many were read, which is the number of the last one.
    """
    first_broken: int | None
    """
    The first entry that does not fit.
    """
    intact: bool
    last_hash: str
    """
    Of the last entry that was read.
    """


class AuditEntry(Model):
    """
    One act of one person.
    """

    action: str
    actor: str
    actor_id: UUID | None
    at: AwareDatetime
    client_ip: str
    detail: dict[str, Any]
    hash: str
    """
    SHA-256 over this entry and the hash of the one before.
    """
    object_id: str
    object_type: str
    seq: int


class BatchChoice(Model):
    """
    Numbers that are imported already, by their batch number.
    """

    batch_number: str


class BlockedCaller(Model):
    """
    A caller who hears busy; the object's id is free, the number unique.
    """

    number: str
    reason: str | None = ""
    until: AwareDatetime | None = None


class BlockedCallerView(Model):
    """
    A caller who hears busy; the object's id is free, the number unique. With its id, and when it was changed last.
    """

    blocked_caller_id: str
    changed_at: AwareDatetime
    number: str
    reason: str | None = ""
    until: AwareDatetime | None = None


class BodyCreateAnnouncement(Model):
    file: Annotated[str, Field(json_schema_extra={"contentMediaType": "application/octet-stream"})]
    """
    WAV: one channel at 8000 Hz of 16 bit, 3 to 30 seconds.
    """
    meaning: str
    """
    What the network says of a number before anybody answers.

    One of `vacant`, `suspended`, `barred`, `powered_off`, `unreachable`, `busy`, `no_answer`.
    """
    name: str


class BodyImportCalendarDays(Model):
    file: Annotated[str, Field(json_schema_extra={"contentMediaType": "application/octet-stream"})]
    """
    CSV with date, name, like, slots.
    """
    replace_all: bool | None = False
    """
    Days that the file does not name are removed.
    """


class BodyImportList(Model):
    create_customers: bool | None = False
    """
    Also make customers of numbers that no customer has.
    """
    default_region: str | None = None
    """
    Of numbers without country code, such as CN.
    """
    dry_run: bool | None = False
    """
    Only say what would happen.
    """
    encoding: str | None = None
    """
    Left out: found out.
    """
    file: Annotated[str, Field(json_schema_extra={"contentMediaType": "application/octet-stream"})]
    """
    CSV or XLSX.
    """
    mapping: str | None = "{}"
    """
    JSON, such as {"phone": "Tel", "name": "Who"}.
    """
    number_check: str | None = "valid"
    """
    How closely a number is looked at.

    One of `valid`, `possible`.
    """


class BodyIssueToken(Model):
    grant_type: str
    """
    One of `password`, `refresh_token`.
    """
    otp: str | None = None
    """
    Code of the second factor.
    """
    password: str | None = None
    refresh_token: str | None = None
    username: str | None = None


class BodyLoadDncFile(Model):
    default_region: str | None = None
    """
    Of numbers without country code, such as US.
    """
    file: Annotated[str, Field(json_schema_extra={"contentMediaType": "application/octet-stream"})]
    """
    Text: one number a line, the rest ignored.
    """


class CallbackBody(Model):
    """
    A call-back for a lead; it takes the place of the one that the lead has.
    """

    agent_id: UUID | None = None
    """
    Null: whoever of the team is ready.
    """
    at: AwareDatetime | None = None
    campaign_id: UUID
    early_s: float | None = 0
    late_s: float | None = None
    """
    Null: as the campaign's rule says.
    """
    lead_id: str
    local_time: str | None = None
    note: str | None = ""
    zone: str | None = None
    """
    Null: the lead's own zone, else that of its number.
    """


class CallbackOffer(Model):
    """
    Callers may press a key and be called back when their turn comes, keeping their place.
    """

    attempts: int | None = 1
    caller_id: str | None = ""
    enabled: bool | None = False
    key: str | None = "1"
    offer_after_s: float | None = 30
    ring_s: float | None = 30


class CallbackRule(Model):
    """
    What happens to call-backs that cannot be made in time; see docs/howto/callbacks.md.
    """

    escalate_to: str | None = "team"
    """
    One of `team`, `nobody`.
    """
    missed_after_s: float | None = 3600
    personal_wait_s: float | None = 900


class CallbackRuleBody(Model):
    """
    What happens to call-backs that cannot be made in time; see docs/howto/callbacks.md.
    """

    escalate_to: str | None = "team"
    """
    One of `team`, `nobody`.
    """
    missed_after_s: float | None = 3600
    personal_wait_s: float | None = 900


class CallbackTimes(Model):
    """
    When, with whom and what about. Give ``at``, or ``local_time`` in the customer's zone.
    """

    agent_id: UUID | None = None
    """
    Null: whoever of the team is ready.
    """
    at: AwareDatetime | None = None
    early_s: float | None = 0
    late_s: float | None = None
    """
    Null: as the campaign's rule says.
    """
    local_time: str | None = None
    note: str | None = ""
    zone: str | None = None
    """
    Null: the lead's own zone, else that of its number.
    """


class CallbackView(Model):
    """
    A call-back. Its times are in UTC but for ``local_time``, which is the customer's.
    """

    agent_id: UUID | None
    callback_id: UUID
    campaign_id: UUID
    changed_at: AwareDatetime
    due_at: AwareDatetime
    early_s: float
    escalated_at: AwareDatetime | None
    escalates_at: AwareDatetime | None
    lead_id: str
    lead_name: str
    local_time: AwareDatetime
    made_at: AwareDatetime
    made_by: str
    missed_at: AwareDatetime
    note: str
    phone_e164: str
    reason: str
    state: str
    """
    Where a call-back stands.

    One of `open`, `offered`, `done`, `missed`, `cancelled`.
    """
    tries: int
    zone: str


class CallerDayView(Model):
    """
    One number on one day. A dial rang when somebody could have seen the number.
    """

    answer_rate: float | None
    """
    answered / rang; null when nothing rang.
    """
    answered: int
    day: date_aliased
    dials: int
    phone_e164: str
    rang: int


class CallerDays(Model):
    """
    Figures by number and day.
    """

    items: list[CallerDayView]
    zone: str


class CallerGroup(Model):
    """
    Customers by their numbers, and how their calls to any number of the tenant are treated.

    What a route's rule for the caller gives is never taken away: the better of the two counts.
    Of several groups with the same number the first by id counts.
    """

    name: str
    numbers: list[str] | None = []
    owner_agent_id: str | None = None
    priority: int | None = None
    queues: dict[str, str] | None = {}
    value_grade: int | None = 0
    vip: bool | None = False


class CallerGroupView(Model):
    """
    Customers by their numbers, and how their calls to any number of the tenant are treated.

    What a route's rule for the caller gives is never taken away: the better of the two counts.
    Of several groups with the same number the first by id counts.
     With its id, and when it was changed last.
    """

    caller_group_id: str
    changed_at: AwareDatetime
    name: str
    numbers: list[str] | None = []
    owner_agent_id: str | None = None
    priority: int | None = None
    queues: dict[str, str] | None = {}
    value_grade: int | None = 0
    vip: bool | None = False


class CallerNumberBody(Model):
    """
    What a number is used for: a pool, or one agent.
    """

    agent_id: UUID | None = None
    caller_pool_id: UUID | None = None
    daily_cap: int | None = None
    state: str | None = "active"
    """
    Whether a number is shown to customers.

    One of `active`, `spare`, `resting`, `flagged`, `retired`.
    """


class CallerNumberView(Model):
    """
    A number that was allotted to the enterprise.
    """

    agent_id: UUID | None
    allotted_at: AwareDatetime
    caller_pool_id: UUID | None
    changed_at: AwareDatetime
    daily_cap: int | None
    phone_e164: str
    rest_until: AwareDatetime | None
    rests: int
    state: str
    """
    Whether a number is shown to customers.

    One of `active`, `spare`, `resting`, `flagged`, `retired`.
    """


class CallerPoolBody(Model):
    """
    Numbers that campaigns show in turn, and when one of them is rested.
    """

    daily_cap: int | None = None
    """
    Dials a day and number at most.
    """
    expected_answer_rate: float | None = None
    """
    What a number is measured by while the others have few dials.
    """
    min_dials: int | None = 50
    """
    Of the last 200, before a number is judged.
    """
    name: str
    rest_below: float | None = 0.6
    """
    A number rests when its answer rate is clearly (99 of 100) below this times that of the pool's other numbers.
    """
    rest_days: float | None = 7
    rests_at_most: int | None = 2
    """
    Then it is flagged.
    """
    rule: str | None = "least_used"
    """
    How a pool's numbers take turns.

    One of `local_match`, `least_used`, `in_turn`, `best_answer_rate`.
    """
    zone: str | None = "UTC"
    """
    Where the day begins.
    """


class CallerPoolView(Model):
    """
    A pool and how many numbers it has.
    """

    caller_pool_id: UUID
    changed_at: AwareDatetime
    daily_cap: int | None = None
    """
    Dials a day and number at most.
    """
    expected_answer_rate: float | None = None
    """
    What a number is measured by while the others have few dials.
    """
    min_dials: int | None = 50
    """
    Of the last 200, before a number is judged.
    """
    name: str
    numbers: int
    numbers_active: int
    rest_below: float | None = 0.6
    """
    A number rests when its answer rate is clearly (99 of 100) below this times that of the pool's other numbers.
    """
    rest_days: float | None = 7
    rests_at_most: int | None = 2
    """
    Then it is flagged.
    """
    rule: str | None = "least_used"
    """
    How a pool's numbers take turns.

    One of `local_match`, `least_used`, `in_turn`, `best_answer_rate`.
    """
    zone: str | None = "UTC"
    """
    Where the day begins.
    """


class CampaignStateView(Model):
    """
    The state of a campaign after an action.
    """

    campaign_id: UUID
    state: str
    """
    Where a campaign is in its life.

    One of `draft`, `running`, `paused`, `stopped`, `finished`.
    """


class CampaignSummary(Model):
    """
    What a campaign has come to so far.
    """

    abandoned: int
    """
    A live person answered and no agent was there in time.
    """
    abandonment_rate: float
    """
    abandoned / answered, 0..1.
    """
    answered: int
    attempts: int
    """
    Calls that were handed to the trunk.
    """
    connected: int
    """
    Answered calls in which an agent and a customer talked.
    """
    occupancy: float
    """
    (talking + hold + wrap-up) / (those + ready + reserved) of the campaign's agents from its first attempt to its last interaction's end, 0..1.
    """
    recordings: int
    talk_s: float


class Caps(Model):
    """
    How often one lead and one number may be dialed; None: no cap.

    A number's dials count over all campaigns of the tenant; a day is a calendar day in the zone in
    which the windows are read, a week the last seven of them.
    """

    abandoned_cool_off_s: float | None = 259200
    lead_per_day: int | None = None
    lead_per_week: int | None = None
    min_interval_s: float | None = 0
    number_per_day: int | None = None
    number_per_week: int | None = None


class CapsBody(Model):
    """
    How often one lead and one number may be dialed; None: no cap.

    A number's dials count over all campaigns of the tenant; a day is a calendar day in the zone in
    which the windows are read, a week the last seven of them.
    """

    abandoned_cool_off_s: float | None = 259200
    lead_per_day: int | None = None
    lead_per_week: int | None = None
    min_interval_s: float | None = 0
    number_per_day: int | None = None
    number_per_week: int | None = None


class CleanListView(Model):
    """
    The list that was made. ``has_more``: the filter finds more than was wanted.
    """

    has_more: bool
    leads: int
    list_id: UUID
    numbers: int


class Closing(Model):
    """
    The closing of an enterprise.
    """

    grace_days: int | None = 30
    """
    So long its data stays, and it can be reopened.
    """
    reason: str


class ConferenceRoom(Model):
    """
    A conference that callers may join; its id is that of the conference to be started.
    """

    language: str | None = "en"
    """
    One of `en`, `zh`.
    """
    music: str | None = "default"
    name: str
    pin: str | None = ""
    wait_s: float | None = 300


class ConferenceRoomView(Model):
    """
    A conference that callers may join; its id is that of the conference to be started. With its id, and when it was changed last.
    """

    changed_at: AwareDatetime
    conference_room_id: str
    language: str | None = "en"
    """
    One of `en`, `zh`.
    """
    music: str | None = "default"
    name: str
    pin: str | None = ""
    wait_s: float | None = 300


class ConsentBody(Model):
    """
    A consent. ``evidence`` tells where the proof is.
    """

    evidence: str | None = ""
    given_at: AwareDatetime
    how: str
    """
    How a consent was given.

    One of `web`, `call`, `message`, `paper`, `in_person`, `other`.
    """
    phone_e164: str
    purpose: str | None = "calls"


class ConsentView(Model):
    """
    One consent, also when it was withdrawn.
    """

    consent_id: str
    evidence: str
    given_at: AwareDatetime
    how: str
    """
    How a consent was given.

    One of `web`, `call`, `message`, `paper`, `in_person`, `other`.
    """
    phone_e164: str
    purpose: str
    recorded_at: AwareDatetime
    recorded_by: str
    withdrawn_at: AwareDatetime | None
    withdrawn_by: str


class ConsentWithdrawal(Model):
    """
    Which consents of a number end; without a purpose all of them.
    """

    phone_e164: str
    purpose: str | None = None
    withdrawn_at: AwareDatetime | None = None
    """
    Null: now.
    """


class CreatedUser(Model):
    """
    A user just made. ``sip_password`` is shown this once.
    """

    agent_id: str | None
    """
    The user's id, when he has a seat.
    """
    agent_number: str | None
    created_at: AwareDatetime
    display_name: str
    is_enabled: bool
    own_role_id: str | None
    role: str
    """
    The shipped roles: templates of all others.

    The first two belong to the platform's own tenant, the others to enterprises.

    One of `system_admin`, `operations_admin`, `configuration_admin`, `enterprise_admin`, `team_leader`, `agent`, `qc_agent`, `staff`.
    """
    sip_password: str | None = None
    sip_username: str | None
    updated_at: AwareDatetime
    user_id: UUID
    username: str
    version: int


class CustomerBody(Model):
    """
    A customer as a whole.
    """

    data: dict[str, str] | None = None
    name: str | None = ""
    phone_e164: str


class CustomerFilterInput(Model):
    """
    Which customers are meant: those that everything given is true of.
    """

    batch_number: str | None = None
    created_before: AwareDatetime | None = None
    created_from: AwareDatetime | None = None
    data: list[str] | None = None
    """
    Each `key=value`.
    """
    name: str | None = None
    """
    A part of it, in any case.
    """
    phone_e164: str | None = None


class CustomerFilterOutput(Model):
    """
    Which customers are meant: those that everything given is true of.
    """

    batch_number: str | None = None
    created_before: AwareDatetime | None = None
    created_from: AwareDatetime | None = None
    data: list[str] | None = None
    """
    Each `key=value`.
    """
    name: str | None = None
    """
    A part of it, in any case.
    """
    phone_e164: str | None = None


class CustomerView(Model):
    """
    A customer. ``batch_number`` is set when he came with an import.
    """

    batch_number: str | None
    created_at: AwareDatetime
    customer_id: UUID
    data: dict[str, str]
    name: str
    phone_e164: str
    updated_at: AwareDatetime
    version: int


class DaysImported(Model):
    """
    What an import changed in the calendar.
    """

    added: int
    changed_at: AwareDatetime
    days: int
    removed: int
    replaced: int


class DialBody(Model):
    """
    Whom to call: a number as people write it, or a colleague's own number.
    """

    caller_id: str | None = ""
    """
    What the other side sees, if the route allows.
    """
    customer_id: str | None = None
    """
    Who is called; told with the interaction's beginning.
    """
    despite_list: bool | None = False
    """
    After `do_not_call`, where the settings only warn: all the same.
    """
    number: str


class DialWindow(Model):
    """
    Dialing is allowed from ``begins`` to just before ``ends`` on these days.
    """

    begins: str
    days: list[str] | None = None
    ends: str


class DialWindowBody(Model):
    """
    Dialing is allowed from ``begins`` to just before ``ends`` on these days.
    """

    begins: str
    days: list[str] | None = None
    ends: str


class DialingView(Model):
    """
    The call that is being made. What becomes of it is told by events and by its interaction.
    """

    interaction_id: str
    number: str
    """
    In full, as it is called.
    """


class DigitsBody(Model):
    """
    Keys to be sent to the other side.
    """

    digits: str


class DispositionChoice(Model):
    """
    How a call went.
    """

    callback: CallbackTimes | None = None
    code: str
    note: str | None = ""


class DispositionFields(Model):
    """
    What agents choose from, and what it does to the lead.
    """

    action: str | None = "none"
    """
    What a disposition does to the lead.

    One of `none`, `retry`, `callback`, `dnc`, `close`.
    """
    code: str
    counts_as_success: bool | None = False
    grade: str | None = None
    is_active: bool | None = True
    name_en: str
    name_zh: str
    position: int | None = 0
    retry_s: float | None = 3600


class DispositionView(Model):
    """
    What was said of a call last.
    """

    campaign_id: UUID
    code: str
    interaction_id: UUID
    lead_id: str
    note: str
    set_at: AwareDatetime
    set_by: str


class Dispositions(Model):
    """
    The catalogue, in the order in which it is shown.
    """

    items: list[DispositionFields]


class DncAdded(Model):
    """
    How many numbers were not in the list before.
    """

    added: int


class DncEntryView(Model):
    """
    One number of a list.
    """

    added_at: AwareDatetime
    added_by: str
    expires_at: AwareDatetime | None
    phone_e164: str
    reason: str
    source: str


class DncFileReport(Model):
    """
    What became of a file. Only the first bad lines are told.
    """

    bad_lines: int
    first_bad: list[str]
    lines: int
    numbers: int
    """
    Different numbers that the list has now.
    """
    numbers_before: int


class DncListBody(Model):
    """
    A list of numbers that are not called.
    """

    name: str
    scope: str | None = "tenant"
    """
    For whom a list counts.

    One of `tenant`, `campaign`, `national`.
    """


class DncListName(Model):
    """
    A list's new name.
    """

    name: str


class DncListView(Model):
    """
    A list and how many numbers it has.
    """

    changed_at: AwareDatetime
    created_at: AwareDatetime
    dnc_list_id: str
    is_platforms: bool
    """
    Loaded by the platform's operator for everybody.
    """
    loaded_at: AwareDatetime | None
    name: str
    numbers: int
    scope: str
    """
    For whom a list counts.

    One of `tenant`, `campaign`, `national`.
    """
    source: str


class DncRowBody(Model):
    """
    One number.
    """

    expires_at: AwareDatetime | None = None
    """
    Null: for ever.
    """
    phone_e164: str
    reason: str | None = ""


class DoNotDisturbBody(Model):
    """
    Whether internal and direct calls ring.
    """

    enabled: bool


class DrainBody(Model):
    """
    How to drain a node.
    """

    force: bool | None = False
    """
    Also when no other node serves.
    """


class EarlyMediaRule(Model):
    """
    Listening to what the network says before the answer: announcements, information tones.

    Only calls with early media (SIP 183) cost anything. ``hangs_up``: a call ends as soon as it is
    known what its number is.
    """

    hangs_up: bool | None = True
    listens: bool | None = None


class EarlyMediaRuleBody(Model):
    """
    Listening to what the network says before the answer: announcements, information tones.

    Only calls with early media (SIP 183) cost anything. ``hangs_up``: a call ends as soon as it is
    known what its number is.
    """

    hangs_up: bool | None = True
    listens: bool | None = None


class EndedSessions(Model):
    """
    How many sessions were open.
    """

    ended: int


class EnrolmentView(Model):
    """
    What the authenticator app needs; shown this once. Confirm it with the app's first code.
    """

    secret: str
    uri: str
    """
    For a QR code.
    """


class Features(Model):
    """
    All features that an enterprise has; those left out are off.
    """

    features: list[str]


class FirstAdmin(Model):
    """
    The first enterprise admin of a new tenant.
    """

    display_name: str | None = ""
    password: str
    username: str


class FirstAgent(Model):
    """
    An agent to begin with. He gets his phone's password with his own sign-in.
    """

    agent_number: str
    display_name: str | None = ""
    password: str
    username: str


class FollowMe(Model):
    """
    One more phone of an agent, rung when the one before did not answer.
    """

    number: str
    ring_s: float | None = 15


class ForcedState(Model):
    """
    What the agent is to be. During a talk it takes effect after.
    """

    reason: str | None = ""
    state: str
    """
    What an agent can choose to be.

    One of `ready`, `not_ready`.
    """


class FurtherNumber(Model):
    """
    A further number of a new lead.
    """

    label: str | None = ""
    phone_e164: str
    zone: str | None = None
    """
    Null: the party's own.
    """


class HeardBody(Model):
    """
    Whether a message has been heard.
    """

    is_heard: bool | None = True


class ImportErrorView(Model):
    """
    A row that did not become a lead. ``code`` is stable.
    """

    code: str
    column: str
    line: int
    """
    As an editor counts, from 1.
    """
    reason: str
    value: str


class ImportReport(Model):
    """
    An import with its first errors; all of them are at ``errors_url``.
    """

    added: int
    batch_id: UUID
    batch_number: str
    created_at: AwareDatetime
    duplicates_in_file: int
    duplicates_in_list: int
    encoding: str
    errors: list[ImportErrorView]
    errors_url: str
    failure: str
    file_name: str
    finished_at: AwareDatetime | None
    is_dry_run: bool
    list_id: UUID
    refused: int
    rows: int
    source: str
    """
    `file`, or `query`: a query of customers.
    """
    state: str


class ImportView(Model):
    """
    An import. The good rows are in the list, the bad ones are told with their reasons.

    While ``state`` is ``running`` the counts say how far it is.
    """

    added: int
    batch_id: UUID
    batch_number: str
    created_at: AwareDatetime
    duplicates_in_file: int
    duplicates_in_list: int
    encoding: str
    failure: str
    file_name: str
    finished_at: AwareDatetime | None
    is_dry_run: bool
    list_id: UUID
    refused: int
    rows: int
    source: str
    """
    `file`, or `query`: a query of customers.
    """
    state: str


class InteractionView(Model):
    """
    One conversation. Durations in seconds, null where not known (yet).
    """

    agent_disposition: str
    """
    The outcome that the agent chose.
    """
    agent_id: UUID | None
    agent_number: str
    answered_at: AwareDatetime | None
    attempt_id: UUID | None
    called: str
    caller: str
    campaign_id: UUID | None
    cause_q850: int | None
    connected_at: AwareDatetime | None
    consults: int
    direction: str
    disconnected_at: AwareDatetime | None
    disposition: str
    """
    How it went; empty while the customer waits.
    """
    ended_at: AwareDatetime | None
    held_s: float
    hung_up_by: str | None
    interaction_id: UUID
    is_live: bool
    lead_id: UUID | None
    outcome: str | None
    """
    How it ended when no agent had it last.
    """
    queue_id: str | None
    rating: int | None
    """
    The caller's rating, 1 to 5.
    """
    recording_id: str | None
    recording_missing_reason: str | None
    ring_s: float | None
    segments: int
    """
    How many agents had the talk, one after another.
    """
    started_at: AwareDatetime | None
    talk_s: float | None
    tech_cause: int | None
    """
    SIP status.
    """
    transfers: int
    wait_s: float | None
    wrap_up_s: float | None


class JumpInView(Model):
    """
    An operator of the platform worked inside of the enterprise, as its admin.
    """

    began_at: AwareDatetime
    ended_at: AwareDatetime | None
    """
    When it was ended before its time.
    """
    jump_in_id: UUID
    operator: str
    reason: str
    until: AwareDatetime


class LastAgent(Model):
    """
    A returning caller is offered the agent of the last talk, for a bounded wait.
    """

    ask: bool | None = True
    enabled: bool | None = False
    wait_s: float | None = 30
    within_days: int | None = 30


class LeadResult(Model):
    """
    What became of the lead at ``index`` of the request. ``code`` is stable.
    """

    code: str | None = ""
    fate: str
    """
    What became of one of many leads.

    One of `added`, `duplicate`, `refused`.
    """
    index: int
    lead_id: str | None
    phone_e164: str | None = ""
    reason: str | None = ""


class LeadView(Model):
    """
    One party to reach.
    """

    attempts: int
    closed_reason: str | None
    data: dict[str, str]
    last_attempt_at: AwareDatetime | None
    last_disposition: str | None
    lead_id: str
    name: str
    next_attempt_at: AwareDatetime | None
    phone_e164: str
    priority: int
    state: str


class LeadsAdded(Model):
    """
    How many numbers of the batch became leads; the others were in the list already.
    """

    added: int
    duplicates: int
    rows: int


class LeadsReport(Model):
    """
    What became of each lead, in the order of the request.
    """

    added: int
    duplicates: int
    items: list[LeadResult]
    refused: int
    rows: int


class ListBody(Model):
    """
    A list of leads.
    """

    name: str


class ListQueryView(Model):
    """
    Which customers the list is made of, and the import that asked for them last.
    """

    changed_at: AwareDatetime
    filter: CustomerFilterOutput
    last_import: ImportView | None


class ListView(Model):
    """
    A list of leads, with how many there are and how many may still be dialed.
    """

    changed_at: AwareDatetime
    created_at: AwareDatetime
    leads_open: int
    leads_total: int
    list_id: UUID
    name: str


class ListWeight(Model):
    """
    How many of the leads come from this list, relative to the others' weights.
    """

    list_id: str
    weight: int


class ListWeightBody(Model):
    """
    How many of the leads come from this list, relative to the others' weights.
    """

    list_id: str
    weight: int


class MeView(Model):
    """
    Who is signed in and what he may do.
    """

    agent_id: str | None
    agent_number: str | None
    display_name: str
    features: list[str]
    """
    What the enterprise has; the rest is not shown.
    """
    outbound_stop_reason: str | None
    """
    Why the platform has stopped outbound service; null: it has not.
    """
    permissions: list[str]
    role: str
    """
    The shipped roles: templates of all others.

    The first two belong to the platform's own tenant, the others to enterprises.

    One of `system_admin`, `operations_admin`, `configuration_admin`, `enterprise_admin`, `team_leader`, `agent`, `qc_agent`, `staff`.
    """
    tenant_id: UUID
    tenant_name: str
    tenant_slug: str
    user_id: UUID
    username: str


class MonitorGroup(Model):
    """
    Agents whom some supervisors may see and supervise.
    """

    agent_ids: list[str] | None = []
    allowed: list[str] | None = None
    name: str
    supervisor_ids: list[str] | None = []


class MonitorGroupView(Model):
    """
    Agents whom some supervisors may see and supervise. With its id, and when it was changed last.
    """

    agent_ids: list[str] | None = []
    allowed: list[str] | None = None
    changed_at: AwareDatetime
    monitor_group_id: str
    name: str
    supervisor_ids: list[str] | None = []


class MoveView(Model):
    """
    Somebody changed his team; names are those of that day, null ids mean no team.
    """

    at: AwareDatetime
    from_name: str
    from_team_id: UUID | None
    move_id: UUID
    moved_by: str
    to_name: str
    to_team_id: UUID | None


class NewApiKey(Model):
    """
    A key to make.
    """

    expires_at: AwareDatetime | None = None
    """
    At most two years from now; null: one year.
    """
    name: str
    scopes: list[str]
    """
    What it may do: never more than its owner may.
    """


class NewCredentials(Model):
    """
    The SIP account with its new password, which is shown this once.
    """

    sip_address: str
    """
    host:port for UDP and TCP.
    """
    sip_password: str | None
    sip_uri: str
    sip_username: str
    sip_ws: str
    """
    URL of SIP over WebSocket.
    """


class NewJumpIn(Model):
    """
    An operator's visit; the enterprise reads why.
    """

    minutes: int | None = 60
    reason: str


class NewLead(Model):
    """
    One of many parties to reach. A number that is wrong is told, the others are taken.
    """

    data: dict[str, str] | None = None
    lead_id: str | None = None
    """
    Null: one is made.
    """
    more_numbers: list[FurtherNumber] | None = None
    name: str | None = ""
    phone_e164: str
    """
    Or as people write it, see `default_region`.
    """
    priority: int | None = 0
    zone: str | None = None
    """
    Null: that of the number.
    """


class NewRole(Model):
    """
    A role of the enterprise's own, made from a shipped one.
    """

    name: str
    permissions: list[str] | None = None
    """
    Left out: what the template has here now.
    """
    template: str
    """
    The shipped roles: templates of all others.

    The first two belong to the platform's own tenant, the others to enterprises.

    One of `system_admin`, `operations_admin`, `configuration_admin`, `enterprise_admin`, `team_leader`, `agent`, `qc_agent`, `staff`.
    """


class NewSession(Model):
    """
    How the phone is used during the session.
    """

    leg_mode: str | None = "nailed_up"
    """
    How the agent's phone is used during a session.

    One of `nailed_up`, `on_demand`.
    """


class NewTenant(Model):
    """
    An enterprise to open, with its first admin.
    """

    admin: FirstAdmin
    name: str
    slug: str
    """
    Used at sign-in.
    """


class NewUser(Model):
    """
    A user to create. With ``agent_number`` he gets a SIP account.
    """

    agent_number: str | None = None
    display_name: str | None = ""
    must_change_password: bool | None = None
    """
    Whether this password lasts for one sign-in only. Null: as the enterprise's security policy says.
    """
    own_role_id: str | None = None
    """
    Made from `role`.
    """
    password: str
    role: str
    """
    The shipped roles: templates of all others.

    The first two belong to the platform's own tenant, the others to enterprises.

    One of `system_admin`, `operations_admin`, `configuration_admin`, `enterprise_admin`, `team_leader`, `agent`, `qc_agent`, `staff`.
    """
    username: str


class Newcomers(Model):
    """
    People who change to a team, whichever they were in.
    """

    user_ids: list[UUID]


class NodeView(Model):
    """
    One Asterisk node at this moment. The counts are null while it does not answer.
    """

    agent_legs: int | None
    """
    Agents' nailed-up phones there.
    """
    calls: int | None
    """
    Interactions that have a channel there.
    """
    channels: int | None
    """
    All channels. At 0 the node can be stopped.
    """
    drained_by: str
    draining_since: AwareDatetime | None
    """
    Null while it serves.
    """
    is_connected: bool
    node: str


class NumberAnswer(Model):
    """
    Whether the number may be dialed now.
    """

    is_allowed: bool
    reason: str | None
    until: AwareDatetime | None
    """
    From when on it may; null with a reason: never.
    """
    zones: list[str]
    """
    Where the party may be, as far as is known.
    """


class NumberBody(Model):
    """
    A further number of a party.
    """

    label: str | None = ""
    phone_e164: str
    zone: str | None = None
    """
    Null: the party's own.
    """


class NumberQuestion(Model):
    """
    A number that somebody would like to dial.
    """

    campaign_id: UUID | None = None
    """
    Without it only the enterprise's own lists count.
    """
    phone_e164: str
    zone: str | None = None
    """
    The party's own, where it is known.
    """


class NumberView(Model):
    """
    One number of a lead. ``state``: open, dead (does not exist), dnc or done.
    """

    attempts: int
    label: str
    last_attempt_at: AwareDatetime | None
    last_disposition: str | None
    phone_e164: str
    state: str
    zone: str | None


class NumbersBody(Model):
    """
    Numbers that are given to an enterprise or taken back.
    """

    phones_e164: list[str]


class NumbersChanged(Model):
    """
    How many numbers were given or taken back; the others were so already.
    """

    changed: int


class OpeningStep(Model):
    """
    One step of an opening that was done.
    """

    name: str
    object_id: UUID | None = None
    step: str


class Otp(Model):
    """
    A code of one's second factor, or a recovery code.
    """

    code: str


class OutboundRoute(Model):
    """
    How numbers with a prefix leave; the longest prefix wins, then the smallest order.
    """

    caller_id: str | None = "keep"
    """
    Which number the called party sees.

    One of `keep`, `fixed`, `agent`.
    """
    fixed_caller_id: str | None = ""
    is_allowed: bool | None = True
    name: str
    order: int | None = 100
    prefix: str | None = ""
    prepend: str | None = ""
    strip: int | None = 0
    trunk_ids: list[str]


class OutboundRouteView(Model):
    """
    How numbers with a prefix leave; the longest prefix wins, then the smallest order. With its id, and when it was changed last.
    """

    caller_id: str | None = "keep"
    """
    Which number the called party sees.

    One of `keep`, `fixed`, `agent`.
    """
    changed_at: AwareDatetime
    fixed_caller_id: str | None = ""
    is_allowed: bool | None = True
    name: str
    order: int | None = 100
    outbound_route_id: str
    prefix: str | None = ""
    prepend: str | None = ""
    strip: int | None = 0
    trunk_ids: list[str]


class OutboundStop(Model):
    """
    Why an enterprise may not call out; its people read it.
    """

    reason: str


class PageAgentView(Model):
    items: list[AgentView]
    next_cursor: str | None = None


class PageAnnouncementView(Model):
    items: list[AnnouncementView]
    next_cursor: str | None = None


class PageApiKeyView(Model):
    items: list[ApiKeyView]
    next_cursor: str | None = None


class PageAuditEntry(Model):
    items: list[AuditEntry]
    next_cursor: str | None = None


class PageBlockedCallerView(Model):
    items: list[BlockedCallerView]
    next_cursor: str | None = None


class PageCallbackView(Model):
    items: list[CallbackView]
    next_cursor: str | None = None


class PageCallerGroupView(Model):
    items: list[CallerGroupView]
    next_cursor: str | None = None


class PageCallerNumberView(Model):
    items: list[CallerNumberView]
    next_cursor: str | None = None


class PageCallerPoolView(Model):
    items: list[CallerPoolView]
    next_cursor: str | None = None


class PageConferenceRoomView(Model):
    items: list[ConferenceRoomView]
    next_cursor: str | None = None


class PageConsentView(Model):
    items: list[ConsentView]
    next_cursor: str | None = None


class PageCustomerView(Model):
    items: list[CustomerView]
    next_cursor: str | None = None


class PageDncEntryView(Model):
    items: list[DncEntryView]
    next_cursor: str | None = None


class PageDncListView(Model):
    items: list[DncListView]
    next_cursor: str | None = None


class PageImportErrorView(Model):
    items: list[ImportErrorView]
    next_cursor: str | None = None


class PageImportView(Model):
    items: list[ImportView]
    next_cursor: str | None = None


class PageInteractionView(Model):
    items: list[InteractionView]
    next_cursor: str | None = None


class PageJumpInView(Model):
    items: list[JumpInView]
    next_cursor: str | None = None


class PageLeadView(Model):
    items: list[LeadView]
    next_cursor: str | None = None


class PageListView(Model):
    items: list[ListView]
    next_cursor: str | None = None


class PageMonitorGroupView(Model):
    items: list[MonitorGroupView]
    next_cursor: str | None = None


class PageMoveView(Model):
    items: list[MoveView]
    next_cursor: str | None = None


class PageNodeView(Model):
    items: list[NodeView]
    next_cursor: str | None = None


class PageOutboundRouteView(Model):
    items: list[OutboundRouteView]
    next_cursor: str | None = None


class ParkedView(Model):
    """
    Where the customer waits.
    """

    interaction_id: str
    slot: str


class PartyView(Model):
    """
    One leg of a live interaction.
    """

    agent_id: str | None
    is_muted: bool
    leg_id: str
    number: str
    role: str
    """
    Why somebody is part of an interaction.

    One of `customer`, `agent`, `consulted`, `member`, `supervisor`.
    """
    state: str
    """
    Where a party is.

    One of `ringing`, `talking`, `held`, `parked`, `waiting`, `gone`.
    """


class PasswordAgain(Model):
    """
    One's password, asked for again.
    """

    current_password: str


class PasswordAndOtp(Model):
    """
    One's password and a code.
    """

    code: str
    current_password: str


class PasswordChange(Model):
    """
    A new password of one's own.
    """

    current_password: str
    new_password: str


class PermissionView(Model):
    """
    One permission and who may ever have it.
    """

    operations: list[str]
    """
    Ids of the operations that ask for it.
    """
    permission: str
    """
    One thing that a route asks for.

    One of `me`, `tenants.read`, `tenants.write`, `tenants.jump_in`, `jump_ins.read`, `jump_ins.end`, `nodes.read`, `nodes.write`, `users.read`, `users.write`, `api_keys.write`, `roles.read`, `roles.write`, `teams.read`, `teams.write`, `teams.move`, `agents.read`, `agents.act`, `phone`, `supervision.listen`, `supervision.act`, `supervision.everywhere`, `trunks.read`, `trunks.write`, `queues.read`, `routing.read`, `routing.write`, `customers.read`, `customers.write`, `lists.read`, `lists.write`, `campaigns.read`, `campaigns.write`, `campaigns.control`, `callbacks.read`, `callbacks.write`, `dnc.read`, `dnc.write`, `announcements.read`, `announcements.write`, `evidence.export`, `interactions.read`, `interactions.all`, `recordings.listen`, `events.read`, `events.all`, `audit.read`.
    """
    templates: list[str]
    """
    Shipped roles whose level may have it.
    """


class Phone(Model):
    """
    The SIP account of the caller.
    """

    sip_address: str
    """
    host:port for UDP and TCP.
    """
    sip_uri: str
    sip_username: str
    sip_ws: str
    """
    URL of SIP over WebSocket.
    """


class PickUpBody(Model):
    """
    At whose phone the call rings.
    """

    from_agent_id: str


class PlayBody(Model):
    """
    What customer and agent are to hear: sounds, then a number spoken digit by digit.
    """

    digits: str | None = ""
    sounds: list[str] | None = []
    text: str | None = ""
    """
    Needs a voice (TTS).
    """


class Preview(Model):
    """
    A lead that an agent is shown. ``until``: then it is dialed or skipped by itself.

    ``callback_id`` is set when the lead has an open call-back; what was noted of it is to be read
    before the customer is called back.
    """

    attempt_id: str
    attempt_no: int
    callback_id: str | None = None
    callback_note: str | None = ""
    campaign_id: str
    can_skip: bool | None = True
    data: dict[str, str] | None = None
    lead_id: str
    name: str | None = ""
    on_timeout: str | None = "dial"
    """
    One of `dial`, `skip`.
    """
    phone_e164: str
    shown_at: AwareDatetime
    until: AwareDatetime


class PreviewChoice(Model):
    """
    The attempt of the lead that one is shown: a late click must not meet another lead.
    """

    attempt_id: UUID


class PreviewRule(Model):
    """
    What happens to a lead that an agent is shown. Manual campaigns obey it as well.
    """

    can_skip: bool | None = True
    on_timeout: str | None = "dial"
    """
    One of `dial`, `skip`.
    """
    skip_delay_s: float | None = 3600
    time_s: float | None = 60


class PreviewRuleBody(Model):
    """
    What happens to a lead that an agent is shown. Manual campaigns obey it as well.
    """

    can_skip: bool | None = True
    on_timeout: str | None = "dial"
    """
    One of `dial`, `skip`.
    """
    skip_delay_s: float | None = 3600
    time_s: float | None = 60


class PreviewSkip(Model):
    """
    And why it is not dialed.
    """

    attempt_id: UUID
    reason: str | None = ""


class PreviewView(Model):
    """
    The lead that one is shown; null: none.
    """

    preview: Preview | None


class Problem(Model):
    """
    Problem details (RFC 9457). ``code`` is stable; clients decide by it.
    """

    code: str
    detail: str
    errors: list[dict[str, Any]] | None = None
    instance: str
    status: int
    title: str
    type: str


class ProjectBody(Model):
    """
    An outbound project.
    """

    name: str


class ProjectView(Model):
    """
    An outbound project.
    """

    changed_at: AwareDatetime
    created_at: AwareDatetime
    name: str
    project_id: UUID


class ProviderBody(Model):
    """
    An identity provider (OpenID Connect) of the enterprise.
    """

    client_id: str
    client_secret: str | None = None
    """
    Left out of a change, it stays.
    """
    creates_users: bool | None = False
    """
    Make users who are not there yet.
    """
    default_role: str | None = None
    """
    Of users that are made, when the claim gives none.
    """
    is_enabled: bool | None = True
    issuer: str
    name: str
    redirect_uris: list[str]
    """
    Pages of the console that sign-ins come back to.
    """
    role_claim: str | None = None
    """
    Holds a word, or a list of words, that `role_map` knows.
    """
    role_map: dict[str, str] | None = {}
    """
    With it the role follows the provider.
    """
    scopes: str | None = "openid profile email"
    username_claim: str | None = "preferred_username"
    """
    Names the user here. Of `email`, which must be verified, the part before @.
    """


class ProviderView(Model):
    """
    An identity provider. Its secret is not shown.
    """

    client_id: str
    created_at: AwareDatetime
    creates_users: bool
    default_role: str | None
    has_secret: bool
    is_enabled: bool
    issuer: str
    name: str
    provider_id: UUID
    redirect_uris: list[str]
    role_claim: str | None
    role_map: dict[str, str]
    scopes: str
    updated_at: AwareDatetime
    username_claim: str
    version: int


class Rating(Model):
    """
    After the agent hung up the caller is asked for a key of 1 to 5.
    """

    attempts: int | None = 2
    enabled: bool | None = False
    timeout_s: float | None = 8


class RecordingView(Model):
    """
    One recording: agent on the left, customer on the right.
    """

    agent_id: UUID | None
    agent_number: str
    audio_url: str
    """
    GET it with the access token; Range works.
    """
    called: str
    caller: str
    duration_s: float
    file_name: str
    interaction_id: UUID
    recording_id: UUID
    size_bytes: int
    started_at: AwareDatetime


class RecoveryCodes(Model):
    """
    Codes that work once each, for the day on which the app is gone; shown this once.
    """

    recovery_codes: list[str]


class Recycling(Model):
    """
    When nothing is left to dial, leads that ended so are opened again, so often.
    """

    after_s: float | None = 3600
    dispositions: list[str]
    times: int | None = 1


class RecyclingBody(Model):
    """
    When nothing is left to dial, leads that ended so are opened again, so often.
    """

    after_s: float | None = 3600
    dispositions: list[str]
    times: int | None = 1


class RefusalCount(Model):
    """
    How often one reason refused.
    """

    leads: int
    """
    Leads; those that waited for hours count each time they did.
    """
    reason: str
    """
    Why a number is not dialed now. Of several reasons the first in this order is recorded.

    One of `dnc_tenant`, `dnc_campaign`, `dnc_national`, `no_consent`, `too_many_attempts`, `outside_hours`, `lead_per_day`, `lead_per_week`, `number_per_day`, `number_per_week`, `min_interval`, `cool_off`, `number_busy`.
    """
    refusals: int


class RefusalCounts(Model):
    """
    Refusals by reason, most frequent first.
    """

    items: list[RefusalCount]


class RefusalView(Model):
    """
    A dial that was refused, or with ``lead_id`` null leads that wait for their hours.
    """

    campaign_id: UUID
    lead_id: str | None
    leads: int
    list_id: str
    phone_e164: str | None
    reason: str
    """
    Why a number is not dialed now. Of several reasons the first in this order is recorded.

    One of `dnc_tenant`, `dnc_campaign`, `dnc_national`, `no_consent`, `too_many_attempts`, `outside_hours`, `lead_per_day`, `lead_per_week`, `number_per_day`, `number_per_week`, `min_interval`, `cool_off`, `number_busy`.
    """
    refusal_id: UUID
    refused_at: AwareDatetime
    until: AwareDatetime | None
    zone: str


class RetentionBody(Model):
    """
    For how many days proofs are kept; consents and lists are kept for good.
    """

    dnc_change_days: int
    refusal_days: int


class RetentionView(Model):
    """
    For how many days proofs are kept. ``is_default``: by the platform's period.
    """

    dnc_change_days: int
    is_default: bool
    refusal_days: int


class RetryRule(Model):
    """
    When a lead is dialed again after one outcome.

    After the lead's n-th attempt the delay is ``delay_s * growth ** (n - 1)``, at most
    ``max_delay_s`` where that is more than ``delay_s``.
    """

    delay_s: float
    disposition: str
    """
    Our word for how one dial of one lead ended.

    One of `connected`, `served`, `machine`, `abandoned`, `hung_up_early`, `busy`, `no_answer`, `invalid_number`, `rejected`, `congestion`, `cancelled`, `failed`, `lost`.
    """
    growth: float | None = 1.0
    max_attempts: int
    max_delay_s: float | None = 2592000


class RetryRuleBody(Model):
    """
    When a lead is dialed again after one outcome.

    After the lead's n-th attempt the delay is ``delay_s * growth ** (n - 1)``, at most
    ``max_delay_s`` where that is more than ``delay_s``.
    """

    delay_s: float
    disposition: str
    """
    Our word for how one dial of one lead ended.

    One of `connected`, `served`, `machine`, `abandoned`, `hung_up_early`, `busy`, `no_answer`, `invalid_number`, `rejected`, `congestion`, `cancelled`, `failed`, `lost`.
    """
    growth: float | None = 1.0
    max_attempts: int
    max_delay_s: float | None = 2592000


class RoleBody(Model):
    """
    What is set on a role. A shipped role keeps its name.
    """

    name: str | None = None
    permissions: list[str]


class RoleView(Model):
    """
    A role: shipped (its id is its name), or the enterprise's own.
    """

    changed_at: AwareDatetime | None
    grantable: list[str]
    """
    All that it may ever have.
    """
    has_seat: bool
    """
    Whether its users may have an agent number.
    """
    is_changed: bool
    """
    Whether it differs from what it was shipped with.
    """
    is_fixed: bool
    """
    Whether it cannot be changed.
    """
    is_own: bool
    level: str
    """
    The four working levels (R1).

    One of `operation`, `configuration`, `enterprise`, `seat`.
    """
    name: str
    permissions: list[str]
    role_id: str
    template: str
    """
    The shipped roles: templates of all others.

    The first two belong to the platform's own tenant, the others to enterprises.

    One of `system_admin`, `operations_admin`, `configuration_admin`, `enterprise_admin`, `team_leader`, `agent`, `qc_agent`, `staff`.
    """
    version: int


class Rotation(Model):
    """
    How a key gets its new secret.
    """

    overlap_s: int | None = 3600
    """
    So long the old secret works as well.
    """


class Schedule(Model):
    """
    When a campaign may dial. Without windows it may at any hour of its days.

    A window is read in the lead's own zone where that is known (``use_lead_zone``), otherwise in
    the campaign's. ``valid_from``, ``valid_until`` (inclusive), ``holidays`` (no dialing) and
    ``workdays`` (made up for: the windows of Monday hold) are days in that same zone.
    """

    holidays: list[date_aliased] | None = []
    use_lead_zone: bool | None = True
    valid_from: date_aliased | None = None
    valid_until: date_aliased | None = None
    windows: Annotated[list[DialWindow] | None, Field(validate_default=True)] = []
    workdays: list[date_aliased] | None = []
    zone: str | None = "UTC"


class ScheduleBody(Model):
    """
    When a campaign may dial. Without windows it may at any hour of its days.

    A window is read in the lead's own zone where that is known (``use_lead_zone``), otherwise in
    the campaign's. ``valid_from``, ``valid_until`` (inclusive), ``holidays`` (no dialing) and
    ``workdays`` (made up for: the windows of Monday hold) are days in that same zone.
    """

    holidays: list[date_aliased] | None = []
    use_lead_zone: bool | None = True
    valid_from: date_aliased | None = None
    valid_until: date_aliased | None = None
    windows: Annotated[list[DialWindowBody] | None, Field(validate_default=True)] = []
    workdays: list[date_aliased] | None = []
    zone: str | None = "UTC"


class ScreenedNumber(Model):
    """
    One number that the campaign dialed, by its last attempt.
    """

    attempts: int
    """
    Of this number, in this campaign.
    """
    cause_q850: int | None
    data: dict[str, str]
    disposition: str
    """
    Our word for how one dial of one lead ended.

    One of `connected`, `served`, `machine`, `abandoned`, `hung_up_early`, `busy`, `no_answer`, `invalid_number`, `rejected`, `congestion`, `cancelled`, `failed`, `lost`.
    """
    last_attempt_at: AwareDatetime
    lead_id: str
    list_id: UUID
    name: str
    number_state: str | None
    """
    What the network said before the answer.
    """
    number_state_reason: str | None
    """
    By which recording, or by tones.
    """
    phone_e164: str
    tech_cause: int | None
    verdict: str
    """
    What a number is worth after its last attempt.

    One of `alive`, `dead`, `unknown`.
    """


class ScreeningFilter(Model):
    """
    Conditions that must all hold; of several values of one condition one is enough.
    """

    attempts_max: int | None = None
    attempts_min: int | None = None
    disposition: list[str] | None = None
    fields: dict[str, str] | None = None
    """
    The lead's own fields, exactly so.
    """
    number_state: list[str | Literal["none"]] | None = None
    """
    `none`: the network said nothing known.
    """
    verdict: list[str] | None = None


class ScriptKey(Model):
    """
    One key of a script.
    """

    action: str
    """
    What a key does in a script.

    One of `record`, `agent`, `dnc`, `repeat`.
    """
    key: str
    value: str | None = ""


class ScriptKeyBody(Model):
    """
    One key of a script.
    """

    action: str
    """
    What a key does in a script.

    One of `record`, `agent`, `dnc`, `repeat`.
    """
    key: str
    value: str | None = ""


class SecondFactorView(Model):
    """
    The state of one's second factor.
    """

    active: bool
    recovery_codes_left: int


class SecurityPolicyBody(Model):
    """
    What an enterprise asks of its people's sign-ins.
    """

    change_at_first_sign_in: bool | None = False
    """
    A password that an administrator set is changed at first use.
    """
    password_history: int | None = 5
    """
    So many last passwords are not taken again.
    """
    password_min_length: int | None = 8
    second_factor_roles: list[str] | None = []
    """
    Roles that cannot work without a second factor.
    """


class SecurityPolicyView(Model):
    """
    The rules that hold. Version 0 is the default that nobody has changed.
    """

    change_at_first_sign_in: bool
    password_history: int
    password_min_length: int
    second_factor_roles: list[str]
    version: int


class SegmentView(Model):
    """
    One agent's part in a conversation. Durations in seconds, null where not known (yet).
    """

    agent_id: UUID
    agent_number: str
    connected_at: AwareDatetime | None
    disconnected_at: AwareDatetime | None
    held_s: float
    hung_up_by: str | None
    is_last: bool
    """
    False where the customer went on to somebody else.
    """
    queue_id: str | None
    segment: int
    talk_s: float | None
    wrap_up_s: float | None


class SessionView(Model):
    """
    One sign-in on one device.
    """

    client_ip: str
    created_at: AwareDatetime
    current: bool
    """
    Whether this request belongs to it.
    """
    device: str
    """
    What the client's software called itself.
    """
    expires_at: AwareDatetime
    last_seen_at: AwareDatetime
    """
    To the minute.
    """
    method: str
    """
    How it began: `password` or `oidc`.
    """
    session_id: UUID
    user_id: UUID


class Skill(Model):
    """
    Something an agent can do to a level of 1 to 10.
    """

    name: str


class SkillNeed(Model):
    """
    A skill and the level that is needed of it.
    """

    level: int | None = 1
    skill_id: str


class SkillView(Model):
    """
    Something an agent can do to a level of 1 to 10. With its id, and when it was changed last.
    """

    changed_at: AwareDatetime
    name: str
    skill_id: str


class SlotBody(Model):
    """
    The slot whose customer is to be taken.
    """

    slot: str


class SsoFinish(Model):
    """
    What the provider sent the browser back with.
    """

    browser_secret: str
    code: str
    state: str


class SsoStart(Model):
    """
    A sign-in that begins.
    """

    provider: str | None = None
    """
    Its name, when there are several.
    """
    redirect_uri: str
    tenant: str
    """
    The enterprise's slug.
    """


class SsoStarted(Model):
    """
    Where to send the browser. Keep `browser_secret` in it: only there the sign-in ends.
    """

    authorization_url: str
    browser_secret: str
    expires_in: int
    state: str


class StartedJumpIn(Model):
    """
    A visit that just began. The tokens are for the enterprise; they end with the visit.
    """

    access_token: str
    began_at: AwareDatetime
    ended_at: AwareDatetime | None
    """
    When it was ended before its time.
    """
    jump_in_id: UUID
    operator: str
    reason: str
    refresh_token: str | None
    tenant_id: UUID
    token_type: str | None = "bearer"
    until: AwareDatetime


class StateChoice(Model):
    """
    The state that the agent chooses. During a talk it takes effect after.
    """

    reason: str | None = ""
    state: str
    """
    What an agent can choose to be.

    One of `ready`, `not_ready`.
    """


class TakeLeadBody(Model):
    """
    Of which campaign, and which lead; without one the next that is due.
    """

    campaign_id: UUID
    lead_id: str | None = None


class Target(Model):
    """
    Where a call goes: ``value`` is the id (or number, or sound) that the kind asks for.
    """

    kind: str
    """
    Where a call may be sent.

    One of `queue`, `agent`, `number`, `flow`, `voicemail`, `announcement`, `conference`, `time_condition`, `callback`, `busy`, `hang_up`.
    """
    value: str | None = ""


class TargetBody(Model):
    """
    Whom to consult, or where the customer is to go.
    """

    target: Target


class TeamBody(Model):
    """
    Everything that is set on a department or team.
    """

    kind: str | None = "team"
    """
    A department contains departments, teams and people; a team people only.

    One of `department`, `team`.
    """
    leader_ids: list[UUID] | None = []
    """
    Users who supervise everybody below.
    """
    name: str
    parent_id: UUID | None = None
    """
    The department that it is part of; null: at the top.
    """


class TeamView(Model):
    """
    A department or team.
    """

    created_at: AwareDatetime
    kind: str
    """
    A department contains departments, teams and people; a team people only.

    One of `department`, `team`.
    """
    leader_ids: list[UUID]
    members: int
    """
    Its own, without those of teams below.
    """
    name: str
    parent_id: UUID | None
    team_id: UUID
    updated_at: AwareDatetime
    version: int


class TenantView(Model):
    """
    An enterprise.
    """

    close_reason: str
    closed_at: AwareDatetime | None
    created_at: AwareDatetime
    delete_after: AwareDatetime | None
    """
    Until then its closing can be undone.
    """
    features_off: list[str]
    name: str
    outbound_stop_reason: str
    outbound_stopped_at: AwareDatetime | None
    """
    Since when the platform has stopped its outbound service.
    """
    slug: str
    state: str
    """
    Whether a tenant's users get in.

    One of `opening`, `active`, `suspended`, `closed`.
    """
    tenant_id: UUID
    updated_at: AwareDatetime


class TimeSlot(Model):
    """
    Open from ``start`` to ``end`` (24:00 ends the day).
    """

    end: str
    start: str


class TokenPair(Model):
    """
    What a sign-in gives. The refresh token works once and comes with a new one.
    """

    access_token: str
    expires_in: int
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"


class TrunkBody(Model):
    """
    A SIP trunk to a carrier.
    """

    caller_id: str | None = ""
    """
    Shown when a call has no number to show.
    """
    codecs: list[str] | None = None
    dtmf: str | None = "rfc4733"
    """
    How keys travel on a trunk.

    One of `rfc4733`, `info`, `inband`, `auto`.
    """
    enabled: bool | None = True
    from_domain: str | None = ""
    from_user: str | None = ""
    """
    In From instead of the caller's number, which is then asserted.
    """
    host: str
    max_channels: int | None = None
    name: str
    password: str | None = None
    """
    Never shown again; null leaves it as it was.
    """
    port: int | None = 5060
    qualify_s: int | None = 0
    """
    Ask by OPTIONS whether it is there; 0: never.
    """
    register_at: bool | None = False
    """
    Register with the host, so that it finds us.
    """
    sources: list[str] | None = []
    """
    Where its calls come from. Empty: the host itself, or, with a username and without a registration, whoever knows username and password.
    """
    transport: str | None = "udp"
    """
    One of `udp`, `tcp`, `tls`.
    """
    username: str | None = ""
    """
    For registration and digest challenges.
    """


class TrunkStateView(Model):
    """
    How a trunk is now. Null: its settings do not ask for it.
    """

    active_channels: int
    is_reachable: bool | None
    """
    Whether it answers OPTIONS.
    """
    is_registered: bool | None
    """
    Whether our registration stands.
    """
    trunk_id: UUID


class TrunkView(Model):
    """
    A SIP trunk. ``endpoint`` is its name inside of Asterisk.
    """

    caller_id: str
    changed_at: AwareDatetime
    codecs: list[str]
    dtmf: str
    """
    How keys travel on a trunk.

    One of `rfc4733`, `info`, `inband`, `auto`.
    """
    enabled: bool
    endpoint: str
    from_domain: str
    from_user: str
    has_password: bool
    host: str
    inbound: str
    """
    How a call is known to come from this trunk.

    One of `address`, `registration`, `password`, `none`.
    """
    max_channels: int | None
    name: str
    port: int
    qualify_s: int
    register_at: bool
    sources: list[str]
    transport: str
    trunk_id: UUID
    username: str


class UserChange(Model):
    """
    What may be changed of a user; what is left out stays.
    """

    display_name: str | None = None
    is_enabled: bool | None = None
    must_change_password: bool | None = None
    """
    Whether this password lasts for one sign-in only. Null: as the enterprise's security policy says.
    """
    own_role_id: str | None = None
    """
    Null, or a new `role` without it: what `role` is here.
    """
    password: str | None = None
    role: str | None = None


class UserView(Model):
    """
    A user.
    """

    agent_id: str | None
    """
    The user's id, when he has a seat.
    """
    agent_number: str | None
    created_at: AwareDatetime
    display_name: str
    is_enabled: bool
    own_role_id: str | None
    role: str
    """
    The shipped roles: templates of all others.

    The first two belong to the platform's own tenant, the others to enterprises.

    One of `system_admin`, `operations_admin`, `configuration_admin`, `enterprise_admin`, `team_leader`, `agent`, `qc_agent`, `staff`.
    """
    sip_username: str | None
    updated_at: AwareDatetime
    user_id: UUID
    username: str
    version: int


class VoicemailBox(Model):
    """
    Where callers leave messages.
    """

    agent_ids: list[str] | None = []
    greeting: str | None = None
    language: str | None = "en"
    """
    One of `en`, `zh`.
    """
    max_s: float | None = 120
    name: str
    number: str | None = ""
    pin: str | None = ""
    time_zone: str | None = ""


class VoicemailBoxView(Model):
    """
    Where callers leave messages. With its id, and when it was changed last.
    """

    agent_ids: list[str] | None = []
    changed_at: AwareDatetime
    greeting: str | None = None
    language: str | None = "en"
    """
    One of `en`, `zh`.
    """
    max_s: float | None = 120
    name: str
    number: str | None = ""
    pin: str | None = ""
    time_zone: str | None = ""
    voicemail_id: str


class VoicemailView(Model):
    """
    One message.
    """

    audio_url: str
    """
    GET it with the access token; Range works.
    """
    box_id: str
    caller: str
    duration_s: float
    interaction_id: str
    is_heard: bool
    left_at: AwareDatetime
    size_bytes: int
    """
    Of the WAV; 0 for the first moments.
    """
    voicemail_id: str


class WatchedAgentView(Model):
    """
    What an agent does now, and with whom.
    """

    agent_id: str
    interaction_id: str | None
    number: str
    """
    The agent's number.
    """
    other_number: str
    """
    Who is on the line; empty when nobody is.
    """
    queue_id: str | None
    reason: str
    since: AwareDatetime
    state: str
    """
    What an agent is doing (style guide, part 3).

    One of `logged_out`, `not_ready`, `ready`, `reserved`, `talking`, `hold`, `wrap_up`.
    """


class WrapUpResult(Model):
    """
    The result of one interaction, filed by its agent.
    """

    disposition: str | None = ""
    interaction_id: UUID


class RingwayCrmApiDeskSchemasMemberView(Model):
    """
    Somebody in a conference, called to it, or gone from it.
    """

    agent_id: str | None
    is_muted: bool
    is_organiser: bool
    leg_id: str
    number: str
    state: str
    """
    Where a party is.

    One of `ringing`, `talking`, `held`, `parked`, `waiting`, `gone`.
    """


class RingwayCrmApiTeamsSchemasMemberView(Model):
    """
    Somebody in a team.
    """

    agent_number: str | None
    display_name: str
    since: AwareDatetime
    team_id: UUID
    user_id: UUID
    username: str


class RingwayProtoAcdConfigCallerRule(Model):
    """
    What a caller's number changes: its longest matching prefix wins.
    """

    owner_agent_id: str | None = None
    prefix: str
    priority: int | None = None
    target: Target | None = None
    value_grade: int | None = 0
    vip: bool | None = False


class AbandonmentDay(Model):
    """
    One day and its half hours in which calls were answered.
    """

    abandoned: int
    begins_at: AwareDatetime
    day: date_aliased
    dialed: int
    is_over: bool
    """
    Over the cap, in a day or in a window of 300 answers.
    """
    live: int
    """
    Answered by a person; machines are none.
    """
    rate: float | None
    """
    abandoned / live; null without answers.
    """
    windows: list[AbandonmentLine]


class AgentProfile(Model):
    """
    How one agent works; the object's id is the agent's.
    """

    auto_answer: bool | None = True
    caller_id: str | None = ""
    follow_me: Annotated[list[FollowMe] | None, Field(validate_default=True)] = []
    phone: str | None = "softphone"
    """
    What an agent answers with.

    One of `softphone`, `sip`, `number`.
    """
    phone_number: str | None = ""
    skills: dict[str, int] | None = {}
    voicemail_id: str | None = None


class AgentProfileView(Model):
    """
    How one agent works; the object's id is the agent's. With its id, and when it was changed last.
    """

    agent_id: str
    auto_answer: bool | None = True
    caller_id: str | None = ""
    changed_at: AwareDatetime
    follow_me: Annotated[list[FollowMe] | None, Field(validate_default=True)] = []
    phone: str | None = "softphone"
    """
    What an agent answers with.

    One of `softphone`, `sip`, `number`.
    """
    phone_number: str | None = ""
    skills: dict[str, int] | None = {}
    voicemail_id: str | None = None


class AgentWorkReport(Model):
    """
    The work of every agent who did anything in the period.
    """

    agents: int
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    items: list[AgentWorkView]


class CleanListBody(Model):
    """
    A new list of the numbers that a filter finds.
    """

    at_most: int | None = 100000
    """
    Numbers.
    """
    filter: ScreeningFilter | None = None
    name: str


class ConferenceBody(Model):
    """
    A conference to be opened; everybody is called at once.
    """

    conference_id: str | None = None
    """
    Of the conference room that callers join; else one is made.
    """
    invite: Annotated[list[Target] | None, Field(validate_default=True)] = []
    name: str | None = ""
    record: bool | None = True


class ConferenceView(Model):
    """
    A conference now.
    """

    began_at: AwareDatetime
    conference_id: str
    interaction_id: str
    is_recorded: bool
    members: list[RingwayCrmApiDeskSchemasMemberView]
    name: str
    organiser_id: str


class Day(Model):
    """
    One date that is not like its weekday: a holiday, or a make-up workday.
    """

    date: str
    like: str | None = None
    name: str | None = ""
    slots: Annotated[list[TimeSlot] | None, Field(validate_default=True)] = []


class DncEntriesBody(Model):
    """
    Numbers to add; those that are there already get the new reason and expiry.
    """

    entries: list[DncRowBody]


class DutySlot(Model):
    """
    While the calendar is open, calls go to ``target``.
    """

    calendar_id: str
    target: Target


class ForcedTransfer(Model):
    """
    Where the agent's customer is to go.
    """

    target: Target


class InboundRoute(Model):
    """
    Where calls to a number go. The first duty slot that is open wins, else the target.
    """

    calendar_id: str | None = None
    caller_rules: Annotated[
        list[RingwayProtoAcdConfigCallerRule] | None, Field(validate_default=True)
    ] = []
    closed_target: Target | None = None
    did: str
    duty: Annotated[list[DutySlot] | None, Field(validate_default=True)] = []
    name: str
    priority: int | None = 5
    target: Target
    trunk_id: str | None = None


class InboundRouteView(Model):
    """
    Where calls to a number go. The first duty slot that is open wins, else the target. With its id, and when it was changed last.
    """

    calendar_id: str | None = None
    caller_rules: Annotated[
        list[RingwayProtoAcdConfigCallerRule] | None, Field(validate_default=True)
    ] = []
    changed_at: AwareDatetime
    closed_target: Target | None = None
    did: str
    duty: Annotated[list[DutySlot] | None, Field(validate_default=True)] = []
    inbound_route_id: str
    name: str
    priority: int | None = 5
    target: Target
    trunk_id: str | None = None


class InviteBody(Model):
    """
    One more to be called: an agent or a number.
    """

    target: Target


class LeadBody(Model):
    """
    A party to reach. ``more_numbers`` are dialed in this order after ``phone_e164``.
    """

    data: dict[str, str] | None = None
    more_numbers: list[NumberBody] | None = None
    name: str | None = ""
    phone_e164: str
    priority: int | None = 0
    zone: str | None = None
    """
    Null: that of the number.
    """


class LeadDetail(Model):
    """
    A lead with all its numbers, in their order; ``phone_e164`` is dialed next.
    """

    attempts: int
    closed_reason: str | None
    data: dict[str, str]
    last_attempt_at: AwareDatetime | None
    last_disposition: str | None
    lead_id: str
    name: str
    next_attempt_at: AwareDatetime | None
    numbers: list[NumberView]
    phone_e164: str
    priority: int
    state: str


class LeadsBody(Model):
    """
    Parties to reach, up to 5,000 at a time.
    """

    default_region: str | None = None
    """
    Of numbers without country code.
    """
    leads: list[NewLead]
    number_check: str | None = "valid"
    """
    How closely a number is looked at.

    One of `valid`, `possible`.
    """


class LiveInteraction(Model):
    """
    An interaction as it is now.
    """

    agent_id: str | None
    """
    Who has the customer now.
    """
    began_at: AwareDatetime
    called: str
    caller: str
    campaign_id: str | None
    connected_at: AwareDatetime | None
    direction: str
    """
    Who called whom.

    One of `outbound`, `inbound`, `internal`.
    """
    interaction_id: str
    park_slot: str | None
    parties: list[PartyView]
    queue_id: str | None


class LiveInteractions(Model):
    """
    Every live interaction that the caller may see.
    """

    items: list[LiveInteraction]


class Opened(Model):
    """
    An enterprise that can work, and how it came to be.
    """

    steps: list[OpeningStep]
    tenant: TenantView


class Opening(Model):
    """
    Everything that an enterprise needs to make its first call.
    """

    admin: FirstAdmin
    agents: list[FirstAgent]
    caller_numbers: list[str] | None = []
    """
    Numbers that it may show to the called.
    """
    features: list[str] | None = None
    name: str
    project: str | None = "First project"
    """
    What its campaigns belong to.
    """
    slug: str
    """
    Used at sign-in.
    """
    trunk: TrunkBody


class PageAgentProfileView(Model):
    items: list[AgentProfileView]
    next_cursor: str | None = None


class PageInboundRouteView(Model):
    items: list[InboundRouteView]
    next_cursor: str | None = None


class PageMemberView(Model):
    items: list[RingwayCrmApiTeamsSchemasMemberView]
    next_cursor: str | None = None


class PagePermissionView(Model):
    items: list[PermissionView]
    next_cursor: str | None = None


class PageProjectView(Model):
    items: list[ProjectView]
    next_cursor: str | None = None


class PageProviderView(Model):
    items: list[ProviderView]
    next_cursor: str | None = None


class PageRecordingView(Model):
    items: list[RecordingView]
    next_cursor: str | None = None


class PageRefusalView(Model):
    items: list[RefusalView]
    next_cursor: str | None = None


class PageRoleView(Model):
    items: list[RoleView]
    next_cursor: str | None = None


class PageScreenedNumber(Model):
    items: list[ScreenedNumber]
    next_cursor: str | None = None


class PageSessionView(Model):
    items: list[SessionView]
    next_cursor: str | None = None


class PageSkillView(Model):
    items: list[SkillView]
    next_cursor: str | None = None


class PageTeamView(Model):
    items: list[TeamView]
    next_cursor: str | None = None


class PageTenantView(Model):
    items: list[TenantView]
    next_cursor: str | None = None


class PageTrunkView(Model):
    items: list[TrunkView]
    next_cursor: str | None = None


class PageUserView(Model):
    items: list[UserView]
    next_cursor: str | None = None


class PageVoicemailBoxView(Model):
    items: list[VoicemailBoxView]
    next_cursor: str | None = None


class PageVoicemailView(Model):
    items: list[VoicemailView]
    next_cursor: str | None = None


class PageWatchedAgentView(Model):
    items: list[WatchedAgentView]
    next_cursor: str | None = None


class Ring(Model):
    """
    From ``after_s`` of waiting on, these needs replace those before.
    """

    after_s: float
    needs: Annotated[list[SkillNeed] | None, Field(validate_default=True)] = []


class Script(Model):
    """
    What those hear whom no agent talks to: a flow of the IVR, or sounds and keys.
    """

    flow_id: str | None = None
    key_timeout_s: float | None = 5
    keys: Annotated[list[ScriptKey] | None, Field(validate_default=True)] = []
    repeats: int | None = 1
    sounds: list[str] | None = []


class ScriptBody(Model):
    """
    What those hear whom no agent talks to: a flow of the IVR, or sounds and keys.
    """

    flow_id: str | None = None
    key_timeout_s: float | None = 5
    keys: Annotated[list[ScriptKeyBody] | None, Field(validate_default=True)] = []
    repeats: int | None = 1
    sounds: list[str] | None = []


class TimeCondition(Model):
    """
    A target that depends on the hour, which routes, queues and other conditions may share.
    """

    calendar_id: str
    closed_target: Target | None = None
    duty: Annotated[list[DutySlot] | None, Field(validate_default=True)] = []
    name: str
    target: Target


class TimeConditionView(Model):
    """
    A target that depends on the hour, which routes, queues and other conditions may share. With its id, and when it was changed last.
    """

    calendar_id: str
    changed_at: AwareDatetime
    closed_target: Target | None = None
    duty: Annotated[list[DutySlot] | None, Field(validate_default=True)] = []
    name: str
    target: Target
    time_condition_id: str


class Abandonment(Model):
    """
    A campaign's abandonment against its cap.
    """

    campaign_id: UUID
    cap: float
    days: list[AbandonmentDay]
    zone: str


class Calendar(Model):
    """
    Business hours in one time zone, with holidays and make-up workdays.
    """

    days: Annotated[list[Day] | None, Field(validate_default=True)] = []
    name: str
    time_zone: str | None = "Asia/Shanghai"
    weekly: Annotated[dict[str, list[TimeSlot]] | None, Field(validate_default=True)] = {}


class CalendarView(Model):
    """
    Business hours in one time zone, with holidays and make-up workdays. With its id, and when it was changed last.
    """

    calendar_id: str
    changed_at: AwareDatetime
    days: Annotated[list[Day] | None, Field(validate_default=True)] = []
    name: str
    time_zone: str | None = "Asia/Shanghai"
    weekly: Annotated[dict[str, list[TimeSlot]] | None, Field(validate_default=True)] = {}


class CampaignBody(Model):
    """
    Everything that is set on a campaign.
    """

    abandonment_limit_s: float | None = 2.0
    abandonment_message: list[str] | None = []
    agent_ids: list[UUID] | None = []
    amd: AmdRuleBody | None = None
    callbacks: CallbackRuleBody | None = None
    caller_id: str | None = None
    caller_pool_id: str | None = None
    caps: CapsBody | None = None
    consent_purpose: str | None = "calls"
    dnc_list_ids: list[str] | None = []
    early_media: EarlyMediaRuleBody | None = None
    list_ids: list[UUID]
    list_weights: Annotated[list[ListWeightBody] | None, Field(validate_default=True)] = []
    max_attempts: int | None = 3
    max_lines: int | None = 100
    min_ring_s: float | None = 15
    mode: str
    """
    How calls are started, and who talks to those who answer (R147-R151, R156-R158).

    One of `manual`, `preview`, `precise`, `progressive`, `predictive`, `ivr`, `screening`.
    """
    name: str
    needs_consent: bool | None = False
    preview: PreviewRuleBody | None = None
    priority: int | None = 5
    project_id: UUID
    rate_cps: float | None = None
    """
    Calls a second at most; progressive: calls a second while agents are there.
    """
    ratio: float | None = 1.0
    """
    Progressive: calls per ready agent.
    """
    recycling: RecyclingBody | None = None
    retry_rules: Annotated[list[RetryRuleBody] | None, Field(validate_default=True)] = []
    ring_timeout_s: float | None = 25
    schedule: ScheduleBody | None = None
    script: ScriptBody | None = None
    target_abandonment: float | None = 0.03
    """
    Predictive: the cap, abandoned / answered.
    """
    team_ids: list[UUID] | None = []
    """
    Departments and teams whose agents serve it, whoever is in them.
    """
    trunk_id: UUID
    uses_national_dnc: bool | None = True
    wrap_up_s: float | None = 30
    """
    Forced end of wrap-up; 0 means no wrap-up.
    """


class CampaignView(Model):
    """
    A campaign with its state and figures.
    """

    abandonment_limit_s: float | None = 2.0
    abandonment_message: list[str] | None = []
    agent_ids: list[str] | None = []
    amd: AmdRule | None = None
    callbacks: CallbackRule | None = None
    caller_id: str | None = None
    caller_pool_id: str | None = None
    campaign_id: UUID
    caps: Caps | None = None
    changed_at: AwareDatetime
    consent_purpose: str | None = "calls"
    created_at: AwareDatetime
    dnc_list_ids: list[str] | None = []
    early_media: EarlyMediaRule | None = None
    finished_at: AwareDatetime | None
    leads_open: int
    leads_total: int
    list_ids: list[str]
    list_weights: Annotated[list[ListWeight] | None, Field(validate_default=True)] = []
    max_attempts: int | None = 3
    max_lines: int | None = 100
    min_ring_s: float | None = 15
    mode: str
    """
    How calls are started, and who talks to those who answer (R147-R151, R156-R158).

    One of `manual`, `preview`, `precise`, `progressive`, `predictive`, `ivr`, `screening`.
    """
    name: str
    needs_consent: bool | None = False
    preview: PreviewRule | None = None
    priority: int | None = 5
    project_id: str
    rate_cps: float | None = None
    ratio: float | None = 1.0
    recycling: Recycling | None = None
    retry_rules: Annotated[list[RetryRule] | None, Field(validate_default=True)] = []
    ring_timeout_s: float | None = 25
    schedule: Schedule | None = None
    script: Script | None = None
    started_at: AwareDatetime | None
    state: str
    """
    Where a campaign is in its life.

    One of `draft`, `running`, `paused`, `stopped`, `finished`.
    """
    target_abandonment: float | None = 0.03
    team_ids: list[str] | None = []
    trunk_id: str
    uses_national_dnc: bool | None = True
    version: int
    wrap_up_s: float | None = 30


class PageCalendarView(Model):
    items: list[CalendarView]
    next_cursor: str | None = None


class PageCampaignView(Model):
    items: list[CampaignView]
    next_cursor: str | None = None


class PageTimeConditionView(Model):
    items: list[TimeConditionView]
    next_cursor: str | None = None


class Queue(Model):
    """
    Where calls wait for agents.
    """

    after_call: str | None = "timed"
    """
    How after-call work ends.

    One of `until_released`, `timed`, `none`.
    """
    after_call_s: float | None = 30
    agent_ids: list[str] | None = None
    announce_agent_number: bool | None = False
    announcements: Announcements | None = None
    calendar_id: str | None = None
    callback: CallbackOffer | None = None
    language: str | None = "en"
    """
    One of `en`, `zh`.
    """
    last_agent: LastAgent | None = None
    leave_when_empty: bool | None = True
    max_wait_s: float | None = None
    max_waiting: int | None = None
    music: str | None = "default"
    name: str
    on_closed: Target | None = None
    on_full: Target | None = None
    on_no_agents: Target | None = None
    on_timeout: Target | None = None
    priority: int | None = 5
    rating: Rating | None = None
    record: bool | None = True
    ring_timeout_s: float | None = 15
    rings: list[Ring] | None = None
    service_level_s: float | None = 20
    strategy: str | None = "longest_idle"
    """
    Which of several ready agents is offered a call.

    One of `longest_idle`, `round_robin`, `least_calls`, `fewest_seconds`, `ring_all`, `linear`.
    """


class QueueView(Model):
    """
    Where calls wait for agents. With its id, and when it was changed last.
    """

    after_call: str | None = "timed"
    """
    How after-call work ends.

    One of `until_released`, `timed`, `none`.
    """
    after_call_s: float | None = 30
    agent_ids: list[str] | None = None
    announce_agent_number: bool | None = False
    announcements: Announcements | None = None
    calendar_id: str | None = None
    callback: CallbackOffer | None = None
    changed_at: AwareDatetime
    language: str | None = "en"
    """
    One of `en`, `zh`.
    """
    last_agent: LastAgent | None = None
    leave_when_empty: bool | None = True
    max_wait_s: float | None = None
    max_waiting: int | None = None
    music: str | None = "default"
    name: str
    on_closed: Target | None = None
    on_full: Target | None = None
    on_no_agents: Target | None = None
    on_timeout: Target | None = None
    priority: int | None = 5
    queue_id: str
    rating: Rating | None = None
    record: bool | None = True
    ring_timeout_s: float | None = 15
    rings: list[Ring] | None = None
    service_level_s: float | None = 20
    strategy: str | None = "longest_idle"
    """
    Which of several ready agents is offered a call.

    One of `longest_idle`, `round_robin`, `least_calls`, `fewest_seconds`, `ring_all`, `linear`.
    """


class PageQueueView(Model):
    items: list[QueueView]
    next_cursor: str | None = None
