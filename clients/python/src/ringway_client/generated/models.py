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


class Acceptance(Model):
    """
    What is said to the author of a suggestion that is accepted.
    """

    answer: str | None = ""


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
    must_choose_campaigns: bool | None = False
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
    must_choose_campaigns: bool | None = False
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


class Acknowledgement(Model):
    """
    What somebody says who knows of an alarm.
    """

    note: str | None = ""


class ActBody(Model):
    """
    What goes with an action: fields that it needs, and a comment.
    """

    comment: str | None = None
    data: dict[str, bool | int | float | str | list[str] | None] | None = None


class ActionView(Model):
    """
    Something that the caller may do with an order now.
    """

    action: str
    name_en: str
    name_zh: str
    needs_comment: bool
    required: list[str]
    to: str


class AddToList(Model):
    """
    Put the customers into a calling list, which starts the task of whoever dials it.
    """

    kind: Literal["add_to_list"]
    list_id: UUID


class AddressBody(Model):
    """
    Where he lives or has his office.
    """

    city: str | None = ""
    country: str | None = ""
    postal_code: str | None = ""
    region: str | None = ""
    street: str | None = ""


class AddressView(Model):
    """
    Where he lives or has his office.
    """

    city: str | None = ""
    country: str | None = ""
    postal_code: str | None = ""
    region: str | None = ""
    street: str | None = ""


class AgentCampaignView(Model):
    """
    A campaign that the agent serves.
    """

    campaign_id: UUID
    can_take_leads: bool
    """
    Whether one picks its leads oneself: `POST /agents/me/preview`.
    """
    is_chosen: bool
    """
    Whether the agent gets its calls, as far as he chose.
    """
    mode: str
    """
    How calls are started, and who talks to those who answer (R147-R151, R156-R158).

    One of `manual`, `preview`, `precise`, `progressive`, `predictive`, `ivr`, `screening`.
    """
    name: str
    project: str
    state: str
    """
    Where a campaign is in its life.

    One of `draft`, `running`, `paused`, `stopped`, `finished`.
    """


class AgentCampaigns(Model):
    """
    The campaigns that an agent serves, and of which he gets calls.
    """

    choice: str
    """
    Of which campaigns an agent gets calls.

    One of `all`, `chosen`, `none`.
    """
    items: list[AgentCampaignView]
    must_choose: bool
    """
    Whether who chose none gets none: `must_choose_campaigns` of `/acd-settings`.
    """
    next_cursor: str | None = None


class AgentSalesView(Model):
    """
    An agent's sales orders in one currency, without cancelled ones.
    """

    currency: str
    orders: int
    total: int
    """
    In minor units.
    """


class AgentStatus(Model):
    """
    What an agent does now.
    """

    agent_id: str
    chosen_campaigns: list[str] | None
    """
    The campaigns whose calls he gets; null: all that he serves.
    """
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
    chosen_campaigns: list[str] | None
    """
    The campaigns whose calls he gets; null: all that he serves.
    """
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


class AlarmView(Model):
    """
    Something that does not work, or did not.
    """

    acknowledged_at: AwareDatetime | None
    acknowledged_by: str
    acknowledged_note: str
    alarm_id: UUID
    cleared_at: AwareDatetime | None
    code: str
    """
    Which sentence people are shown.

    One of `trunk_unreachable`, `trunk_unregistered`, `node_away`, `node_draining`, `service_away`, `dead_letters`, `webhook_failing`, `webhook_off`, `hand_over_failing`, `lent_trunk_failing`, `job_failing`, `querier_failing`, `deletion_failing`.
    """
    kind: str
    """
    What does not work.

    One of `trunk_down`, `node_away`, `node_draining`, `service_away`, `dead_letters`, `webhook_failing`, `webhook_off`, `hand_over_failing`, `lent_trunk_failing`, `job_failing`, `querier_failing`, `deletion_failing`.
    """
    last_raised_at: AwareDatetime
    object_id: str
    """
    What it is about.
    """
    object_type: str
    params: dict[str, str | int | bool | None]
    """
    What stands in the sentence.
    """
    raised_at: AwareDatetime
    severity: str
    """
    How grave an alarm is, gravest first.

    One of `critical`, `major`, `minor`, `warning`.
    """
    state: str
    """
    Open: nobody has acknowledged it. Acknowledged: somebody knows; it is not over.

    One of `open`, `acknowledged`, `cleared`.
    """
    tenant_id: UUID
    """
    The enterprise; all zeros: the platform itself.
    """
    times_seen: int
    """
    How often it was raised: what comes back within five minutes, or grows, is the same alarm.
    """


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


class Answer(Model):
    """
    What the customer may say, and the page that it leads to; null: the talk ends.
    """

    label: str
    to: str | None = None


class AnswerBranch(Model):
    """
    Where an answer leads to. Of several the first that fits counts.
    """

    next: str
    """
    Another question, or `end`.
    """
    value: str | int | None = None
    when: str
    """
    One of `equals`, `includes`, `at_least`, `at_most`, `skipped`.
    """


class AnswerChoice(Model):
    """
    An answer that is offered. ``key`` is pressed for it; null: by its place, from 1 on.
    """

    key: str | None = None
    score: float | None = 0
    texts: dict[str, str]
    value: str


class AnswerToQuestion(Model):
    """
    An answer. It may correct one that was given before.
    """

    answer: int | str | list[str] | None
    """
    A choice's value, several of them, a whole number, a text; null: passed over.
    """
    question: str


class ApiKeyRotation(Model):
    """
    How a key gets its new secret.
    """

    overlap_s: int | None = 3600
    """
    So long the old secret works as well.
    """


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


class ArticleAttachmentView(Model):
    """
    A file of an article.
    """

    attachment_id: UUID
    created_at: AwareDatetime
    created_by: str
    file_name: str
    media_type: str
    size_bytes: int


class ArticleBody(Model):
    """
    Everything that is set on an article.
    """

    body: str
    """
    Markdown.
    """
    category_id: UUID
    language: str | None = "zh"
    """
    The language that a text is written in.

    One of `zh`, `en`.
    """
    note: str | None = ""
    """
    Why; kept with the version.
    """
    product: str | None = ""
    tags: list[str] | None = []
    title: str
    valid_from: AwareDatetime | None = None
    """
    Null: at once.
    """
    valid_until: AwareDatetime | None = None
    """
    Null: for ever.
    """


class ArticleItem(Model):
    """
    An article in a list.
    """

    article_id: UUID
    category_id: UUID
    created_at: AwareDatetime
    created_by: str
    draft_of: UUID | None
    """
    The article that publishing this one changes.
    """
    is_favourite: bool
    language: str
    """
    The language that a text is written in.

    One of `zh`, `en`.
    """
    not_useful: int
    product: str
    published_at: AwareDatetime | None
    state: str
    """
    Only published articles, within their validity, are shown to those who do not write.

    One of `draft`, `published`, `retired`.
    """
    tags: list[str]
    title: str
    updated_at: AwareDatetime
    updated_by: str
    useful: int
    valid_from: AwareDatetime | None
    valid_until: AwareDatetime | None
    version: int
    views: int


class ArticleVersionView(Model):
    """
    A version with what it said.
    """

    changed_at: AwareDatetime
    changed_by: str
    content: ArticleBody
    note: str
    number: int
    state: str
    """
    Only published articles, within their validity, are shown to those who do not write.

    One of `draft`, `published`, `retired`.
    """


class ArticleView(Model):
    """
    An article as a whole.
    """

    article_id: UUID
    attachments: list[ArticleAttachmentView]
    body: str
    """
    Markdown as it was written.
    """
    body_html: str
    """
    The same as HTML; nothing of it was HTML before.
    """
    category_id: UUID
    created_at: AwareDatetime
    created_by: str
    draft_of: UUID | None
    """
    The article that publishing this one changes.
    """
    is_favourite: bool
    language: str
    """
    The language that a text is written in.

    One of `zh`, `en`.
    """
    may_write: bool
    my_feedback: bool | None
    """
    Whether the caller found it useful.
    """
    not_useful: int
    product: str
    published_at: AwareDatetime | None
    state: str
    """
    Only published articles, within their validity, are shown to those who do not write.

    One of `draft`, `published`, `retired`.
    """
    tags: list[str]
    title: str
    updated_at: AwareDatetime
    updated_by: str
    useful: int
    valid_from: AwareDatetime | None
    valid_until: AwareDatetime | None
    version: int
    views: int


class AskedChoice(Model):
    """
    An answer that is offered; ``key`` of a telephone stands for it.
    """

    key: str
    text: str
    value: str


class AskedQuestion(Model):
    """
    What is asked now, in the language of the interview.
    """

    answer: Any | None = None
    """
    The answer that it has already.
    """
    choices: list[AskedChoice]
    is_answered: bool | None = False
    key: str
    kind: str
    """
    What kind of answer a question gets.

    One of `single`, `multiple`, `scale`, `number`, `text`, `key`.
    """
    max_choices: int
    max_length: int
    maximum: int
    min_choices: int
    minimum: int
    required: bool
    text: str


class Assign(Model):
    """
    An assignment rule.
    """

    kind: str
    """
    How the next one to work on an order is found.

    One of `user`, `team`, `round_robin`, `least_loaded`, `creator`, `actor`, `nobody`.
    """
    team_id: UUID | None = None
    user_id: UUID | None = None


class AssignAct(Model):
    """
    Give all of them to one owner, or to the public pool.
    """

    kind: Literal["assign"]
    owner_id: UUID | None
    """
    Null: the public pool.
    """


class AssignOperation(Model):
    """
    Give the customers to agents, evenly where there are several.
    """

    kind: Literal["assign"]
    user_ids: list[UUID]


class AttachedView(Model):
    """
    Values that travel with the interaction, of one record, as the caller may see them.
    """

    attached_at: AwareDatetime
    name: str
    """
    Of the object.
    """
    object_id: UUID
    record_id: UUID
    values: dict[str, Any]


class AttemptView(Model):
    """
    One attempt.
    """

    answer: str
    """
    The first bytes of what the endpoint answered.
    """
    at: AwareDatetime
    attempt_no: int
    error: str
    latency_s: float
    status: int | None
    """
    Null: there was no answer.
    """


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


class Binding(Model):
    """
    One thing that a script is for.
    """

    kind: str
    """
    What a script may be for, the most telling first.

    One of `campaign`, `queue`, `service_number`, `business_type`, `situation`.
    """
    value: str


class BindingBody(Model):
    """
    Which work orders pop for a campaign, a queue, a service number, or else.
    """

    object_ids: list[UUID]
    """
    Work-order objects; the first one pops.
    """
    target: str
    """
    What a binding is to. The first that fits an interaction counts, in this order.

    One of `campaign`, `queue`, `number`, `default`.
    """
    target_id: str | None = ""
    """
    The campaign's or queue's id, the number in E.164; empty for the default.
    """


class BindingView(Model):
    """
    A binding.
    """

    binding_id: UUID
    created_at: AwareDatetime
    object_ids: list[UUID]
    target: str
    """
    What a binding is to. The first that fits an interaction counts, in this order.

    One of `campaign`, `queue`, `number`, `default`.
    """
    target_id: str
    updated_at: AwareDatetime
    version: int


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


class BodyAddArticleAttachment(Model):
    file: Annotated[str, Field(json_schema_extra={"contentMediaType": "application/octet-stream"})]
    """
    At most 5000000 bytes; one of csv, docx, gif, jpeg, jpg, pdf, png, pptx, txt, xlsx.
    """


class BodyAddRecordFile(Model):
    file: Annotated[str, Field(json_schema_extra={"contentMediaType": "application/octet-stream"})]
    """
    PNG, JPEG, GIF, WebP, PDF, WAV, MP3, Ogg, DOCX, XLSX, PPTX or plain UTF-8 text; at most 5000000 bytes.
    """
    key: str
    """
    The attachment field.
    """


class BodyAddWorkOrderAttachment(Model):
    file: Annotated[str, Field(json_schema_extra={"contentMediaType": "application/octet-stream"})]
    """
    At most 7.5 MB.
    """


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


class BodyImportCustomers(Model):
    file: Annotated[str, Field(json_schema_extra={"contentMediaType": "application/octet-stream"})]
    """
    CSV or XLSX, with a header.
    """
    options: str | None = "{}"
    """
    JSON of ImportOptions (see the answer), such as {"rule": "update_empty", "region": "CN", "mapping": {"Tel": "phone"}}.
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

    One of `utf-8`, `utf-16`, `gb18030`, `big5`, `shift_jis`, `cp1250`, `cp1252`.
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


class BreakOff(Model):
    """
    Why an interview is broken off.
    """

    reason: str | None = ""


class BulkConfirmBody(Model):
    """
    That exactly what was proposed is meant.
    """

    token: str


class BulkRow(Model):
    """
    What became of one order. ``code`` is empty when it was done.
    """

    code: str
    detail: str
    work_order_id: UUID


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


class CallbackHandOverView(Model):
    """
    What became of the call-backs of somebody who left or lost customers.
    """

    asked_at: AwareDatetime
    asked_by: str
    because: str
    """
    The act: `handed_over`, `left`, `assigned`, `returned`, `reclaimed`.
    """
    cancelled: int
    done_at: AwareDatetime | None
    """
    Null: the dialer is being asked, until it answers.
    """
    from_user_id: UUID
    hand_over_id: UUID
    last_error: str
    """
    Why it waits.
    """
    moved: int
    """
    Promised with the colleague now.
    """
    to_team: int
    """
    Whoever of the campaign's team is ready calls back.
    """
    to_user_id: UUID | None
    """
    Null: the campaigns' teams.
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


class CancelBody(Model):
    """
    Why an order is cancelled.
    """

    reason: str


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


class CardBody(Model):
    """
    What can be changed on a card.
    """

    customer_id: UUID | None = None
    note: str | None = ""
    state: str | None = "active"
    """
    The states that somebody sets.

    One of `active`, `blocked`, `lost`.
    """
    tier: str | None = ""
    valid_until: AwareDatetime | None = None
    """
    null: for good.
    """


class CardSettingsBody(Model):
    """
    How an enterprise numbers its cards.
    """

    number_check: str | None = "luhn"
    """
    How the last digit of a card number follows from the others.

    One of `luhn`, `mod11_10`, `none`.
    """
    number_length: int | None = 10
    """
    Of new numbers.
    """
    pin_length: int | None = 6
    """
    Of PINs that are set.
    """
    prefix: str | None = "86"
    """
    Of new numbers.
    """


class CardSettingsView(Model):
    """
    How an enterprise numbers its cards.
    """

    number_check: str | None = "luhn"
    """
    How the last digit of a card number follows from the others.

    One of `luhn`, `mod11_10`, `none`.
    """
    number_length: int | None = 10
    """
    Of new numbers.
    """
    pin_length: int | None = 6
    """
    Of PINs that are set.
    """
    prefix: str | None = "86"
    """
    Of new numbers.
    """
    updated_at: AwareDatetime | None
    version: int


class CardView(Model):
    """
    A member card. ``has_pin`` is all that is told of its PIN.
    """

    card_id: UUID
    card_number: str
    created_at: AwareDatetime
    customer_id: UUID | None
    has_pin: bool
    locked_until: AwareDatetime | None
    """
    After wrong PINs; setting one ends it.
    """
    note: str
    pin_changed_at: AwareDatetime | None
    state: str
    """
    What a card is good for. An active one expires by itself.

    One of `active`, `blocked`, `lost`, `expired`.
    """
    tier: str
    updated_at: AwareDatetime
    valid_until: AwareDatetime | None
    version: int


class CategoryOrder(Model):
    """
    All categories of one place, in their new order.
    """

    category_ids: list[UUID]
    parent_id: UUID | None = None


class ChangeView(Model):
    """
    Who changed which fields of a record.
    """

    act: str
    at: AwareDatetime
    change_id: UUID
    changes: dict[str, list[Any]]
    """
    Before and after, by field.
    """
    user_id: UUID | None
    """
    Null: a rule did.
    """
    username: str


class ChosenCampaigns(Model):
    """
    The campaigns whose calls the agent is to get; none: all that he serves.
    """

    campaign_ids: list[UUID]


class ClaimView(Model):
    """
    Whom one got. Fewer than wanted: there were no more, or one may have no more.
    """

    act_id: UUID
    customer_ids: list[UUID]
    room: int
    """
    How many more one may claim.
    """


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


class Column(Model):
    """
    One field of each row.
    """

    field: str
    label: str | None = ""


class ColumnView(Model):
    """
    A column of an answer.
    """

    kind: str
    """
    What a field holds.

    One of `text`, `integer`, `number`, `money`, `boolean`, `time`, `date`, `id`, `list`.
    """
    label: str
    """
    As the query calls it, else empty.
    """
    label_en: str
    label_zh: str
    name: str


class CommentBody(Model):
    """
    A comment, which customers never see. Who is mentioned is told.
    """

    mention_ids: list[UUID] | None = None
    text: str


class CommentView(Model):
    """
    A comment.
    """

    author: str
    author_id: UUID | None
    comment_id: UUID
    created_at: AwareDatetime
    mention_ids: list[UUID]
    text: str


class ComplaintLine(Model):
    """
    Complaints of one type that came in on one day.
    """

    breached: int
    business_type_id: UUID
    cancelled: int
    day: date_aliased
    done: int
    mean_resolution_s: float | None
    open: int
    received: int
    reopened: int


class ComplaintReport(Model):
    """
    Complaints by day and type; days are those of ``time_zone``.
    """

    begins_at: AwareDatetime
    ends_at: AwareDatetime
    lines: list[ComplaintLine]
    time_zone: str


class ConferenceMemberView(Model):
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


class ConferenceView(Model):
    """
    A conference now.
    """

    began_at: AwareDatetime
    conference_id: str
    interaction_id: str
    is_recorded: bool
    members: list[ConferenceMemberView]
    name: str
    organiser_id: str


class ConfirmBody(Model):
    """
    Do it: with so many rows as were told.
    """

    total: int


class Confirmation(Model):
    """
    Whoever deletes an enterprise writes its name once more.
    """

    slug: str
    """
    Used at sign-in.
    """


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


class ContactBody(Model):
    """
    Somebody to talk with at a customer. His number leads to the customer, too.
    """

    email: str | None = None
    name: str
    note: str | None = ""
    phone_e164: str | None = None
    role: str | None = ""


class ContactView(Model):
    """
    Somebody to talk with at a customer.
    """

    email: str | None = None
    name: str
    note: str | None = ""
    phone_e164: str | None = None
    role: str | None = ""


class Content(Model):
    """
    What an article says.
    """

    body: str
    """
    Markdown.
    """
    language: str | None = "zh"
    """
    The language that a text is written in.

    One of `zh`, `en`.
    """
    product: str | None = ""
    tags: list[str] | None = []
    title: str


class CountedValue(Model):
    """
    How often an answer was given; ``share`` of those who answered the question.
    """

    count: int
    share: float
    text: str
    value: str


class CreatedUser(Model):
    """
    A user with a seat just made. ``sip_password`` is shown this once.
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


class CrossTable(Model):
    """
    How many gave both answers: ``counts[i][j]`` is ``rows[i]`` with ``columns[j]``.
    """

    column_question: str
    columns: list[str]
    counts: list[list[int]]
    row_question: str
    rows: list[str]


class CustomerCondition(Model):
    """
    One comparison. ``field``: of the record, `data.<key>` of an own field, or a figure.
    """

    field: str
    op: str
    """
    How a value is compared; text ignores nothing: it is as it is kept.

    One of `eq`, `ne`, `lt`, `le`, `gt`, `ge`, `in`, `prefix`, `empty`, `filled`.
    """
    value: bool | int | float | str | None = None
    values: list[bool | int | float | str] | None = None
    """
    Of `in`.
    """


class CustomerFilter(Model):
    """
    Which customers are meant: those that everything given is true of.
    """

    batch_number: str | None = None
    changed_before: AwareDatetime | None = None
    changed_from: AwareDatetime | None = None
    created_before: AwareDatetime | None = None
    created_from: AwareDatetime | None = None
    data: list[str] | None = None
    """
    Each `key=value`.
    """
    follow_up_before: AwareDatetime | None = None
    """
    With an open follow-up that is due before.
    """
    grade: list[str] | None = None
    """
    One of them.
    """
    idle_before: AwareDatetime | None = None
    """
    Somebody's, and neither followed up nor given to him since.
    """
    idle_from: AwareDatetime | None = None
    """
    Somebody's, and followed up or given to him at or after.
    """
    intent: str | None = None
    kind: str | None = None
    lead_status: list[str] | None = None
    name: str | None = None
    """
    A part of it, in any case.
    """
    owner_id: UUID | None = None
    phone_e164: str | None = None
    """
    Any of his numbers.
    """
    pool: str | None = None
    segment_id: UUID | None = None
    """
    And what this segment says.
    """
    tag: list[str] | None = None
    """
    All of them.
    """
    where: list[CustomerCondition] | None = None


class CustomerNumberBody(Model):
    """
    One of the numbers of a customer.
    """

    is_primary: bool | None = False
    kind: str | None = "mobile"
    """
    One of `mobile`, `home`, `work`, `fax`, `other`.
    """
    phone_e164: str


class CustomerNumberView(Model):
    """
    One of the numbers of a customer.
    """

    is_primary: bool
    kind: str
    phone_e164: str


class CustomerPart(Model):
    address: AddressView | None = None
    age: int | None = None
    batch_number: str | None = None
    birth_date: date_aliased | None = None
    contacts: list[ContactView] | None = None
    created_at: AwareDatetime | None = None
    created_by: UUID | None = None
    customer_id: UUID
    data: dict[str, Any] | None = None
    do_not_call: list[str] | None = None
    emails: list[str] | None = None
    follow_up_at: AwareDatetime | None = None
    followed_up_at: AwareDatetime | None = None
    grade: str | None = None
    intent: str | None = None
    """
    Whether he is interested (R199).

    One of `unknown`, `interested`, `not_interested`.
    """
    kind: str | None = None
    language: str | None = None
    lead_status: str | None = None
    """
    How far it is with him (R194).

    One of `new`, `contacted`, `qualified`, `won`, `lost`.
    """
    name: str | None = None
    numbers: list[CustomerNumberView] | None = None
    owned_since: AwareDatetime | None = None
    owner_id: UUID | None = None
    phone_e164: str | None = None
    sex: str | None = None
    tags: list[str] | None = None
    time_zone: str | None = None
    title: str | None = None
    updated_at: AwareDatetime | None = None
    version: int | None = None


class CustomerSegmentView(Model):
    """
    A segment. Whoever asks it sees of its customers those whom he sees anyway.
    """

    created_at: AwareDatetime
    created_by: UUID | None
    filter: CustomerFilter
    name: str
    segment_id: UUID
    updated_at: AwareDatetime
    version: int


class CustomerView(Model):
    """
    A customer. ``batch_number`` is set when he came with an import.
    """

    address: AddressView
    age: int | None
    """
    In whole years, today in UTC.
    """
    batch_number: str | None
    birth_date: date_aliased | None
    contacts: list[ContactView]
    created_at: AwareDatetime
    created_by: UUID | None
    customer_id: UUID
    data: dict[str, Any]
    do_not_call: list[str] | None = None
    """
    His numbers on the enterprise's do-not-call lists. Null: not asked here.
    """
    emails: list[str]
    follow_up_at: AwareDatetime | None
    """
    When the next open follow-up is due.
    """
    followed_up_at: AwareDatetime | None
    grade: str | None
    intent: str
    """
    Whether he is interested (R199).

    One of `unknown`, `interested`, `not_interested`.
    """
    kind: str
    language: str
    lead_status: str
    """
    How far it is with him (R194).

    One of `new`, `contacted`, `qualified`, `won`, `lost`.
    """
    name: str
    numbers: list[CustomerNumberView]
    owned_since: AwareDatetime | None
    owner_id: UUID | None
    """
    Null: in the public pool.
    """
    phone_e164: str
    """
    The primary number.
    """
    sex: str | None
    tags: list[str]
    time_zone: str
    title: str
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


class DeleteAct(Model):
    """
    Delete them with all that is kept of them.
    """

    kind: Literal["delete"]


class DeliveryAddress(Model):
    """
    Where an order goes.
    """

    city: str | None = ""
    country: str | None = ""
    phone_e164: str | None = None
    postal_code: str | None = ""
    recipient: str
    region: str | None = ""
    street: str | None = ""


class DeliveryBody(Model):
    """
    A parcel arrived.
    """

    delivered_at: AwareDatetime | None = None
    """
    null: now.
    """


class DeliveryDetail(Model):
    """
    A delivery with the event and its latest attempts, newest first.
    """

    attempts: int
    created_at: AwareDatetime
    delivered_at: AwareDatetime | None
    delivery_id: UUID
    event: dict[str, Any]
    event_id: str
    """
    The `webhook-id`: the same in every attempt.
    """
    last_at: AwareDatetime | None
    last_error: str | None
    last_latency_s: float | None
    last_status: int | None
    next_try_at: AwareDatetime | None
    state: str
    """
    What became of a delivery.

    One of `pending`, `delivered`, `failed`, `held`.
    """
    tried: list[AttemptView]
    type: str
    webhook_id: UUID


class DeliveryView(Model):
    """
    A delivery: one event for one endpoint. ``last_…`` are of its last attempt.
    """

    attempts: int
    created_at: AwareDatetime
    delivered_at: AwareDatetime | None
    delivery_id: UUID
    event_id: str
    """
    The `webhook-id`: the same in every attempt.
    """
    last_at: AwareDatetime | None
    last_error: str | None
    last_latency_s: float | None
    last_status: int | None
    next_try_at: AwareDatetime | None
    state: str
    """
    What became of a delivery.

    One of `pending`, `delivered`, `failed`, `held`.
    """
    type: str
    webhook_id: UUID


class DesignedQuestion(Model):
    """
    One question. Without a branch that fits, ``next`` comes, or else the one below it.
    """

    branches: Annotated[list[AnswerBranch] | None, Field(validate_default=True)] = []
    choices: Annotated[list[AnswerChoice] | None, Field(validate_default=True)] = []
    key: str
    kind: str
    """
    What kind of answer a question gets.

    One of `single`, `multiple`, `scale`, `number`, `text`, `key`.
    """
    max_choices: int | None = 50
    max_length: int | None = 1000
    """
    Of a text.
    """
    maximum: int | None = 10
    """
    Of a scale or number.
    """
    min_choices: int | None = 1
    minimum: int | None = 0
    """
    Of a scale or number.
    """
    next: str | None = None
    points: float | None = 0
    """
    Score of each unit of a scale or number.
    """
    required: bool | None = True
    texts: dict[str, str]


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


class DuplicateView(Model):
    """
    A customer of a group.
    """

    created_at: AwareDatetime
    customer_id: UUID
    name: str
    owner_id: UUID | None
    phone_e164: str
    version: int


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


class EntryView(Model):
    """
    Who did what, and what it changed: each field's old and new value.
    """

    action: str
    actor: str
    """
    Empty: the platform itself.
    """
    actor_id: UUID | None
    at: AwareDatetime
    changes: dict[str, list[Any]]
    detail: dict[str, Any]
    seq: int
    version: int


class EraseBody(Model):
    """
    Why a person is erased, and of which state of his record that is said.
    """

    reason: str
    """
    Kept in the certificate: name nobody in it.
    """
    version: int
    """
    Of the record: somebody has looked at it.
    """


class ErasedView(Model):
    """
    What was done with one kind of data.
    """

    rows: int
    what: str


class EventTypeView(Model):
    """
    A type of event.
    """

    description: str
    is_seen: bool
    """
    Whether you may be.
    """
    permission: str
    """
    What it takes to be told of it.

    One of `me`, `tenants.read`, `tenants.write`, `tenants.jump_in`, `data.export`, `jump_ins.read`, `jump_ins.end`, `nodes.read`, `nodes.write`, `users.read`, `users.write`, `api_keys.write`, `roles.read`, `roles.write`, `teams.read`, `teams.write`, `teams.move`, `agents.read`, `agents.act`, `phone`, `supervision.listen`, `supervision.act`, `supervision.everywhere`, `trunks.read`, `trunks.write`, `queues.read`, `routing.read`, `routing.write`, `customers.read`, `customers.write`, `customers.create`, `customers.all`, `customers.assign`, `customers.rules`, `customers.import`, `customers.export`, `customers.merge`, `customers.bulk`, `customers.erase`, `objects.read`, `objects.write`, `records.read`, `records.write`, `lists.read`, `lists.write`, `campaigns.read`, `campaigns.write`, `campaigns.control`, `callbacks.read`, `callbacks.write`, `dnc.read`, `dnc.write`, `announcements.read`, `announcements.write`, `evidence.export`, `interactions.read`, `interactions.all`, `recordings.listen`, `events.read`, `events.all`, `products.write`, `orders.read`, `orders.write`, `orders.refund`, `questionnaires.read`, `questionnaires.write`, `questionnaires.run`, `member_cards.read`, `member_cards.write`, `member_cards.verify`, `media.read`, `media.write`, `webhooks.read`, `webhooks.write`, `audit.read`, `alarms.read`, `alarms.acknowledge`, `queriers.read`, `queriers.write`, `queriers.export`, `knowledge.read`, `knowledge.write`, `knowledge.all`, `scripts.read`, `scripts.write`, `notices.read`, `notices.write`, `work_orders.read`, `work_orders.write`, `work_orders.all`, `work_orders.delete`, `work_order_designs.write`.
    """
    type: str


class ExportBody(Model):
    """
    Which customers, which columns, which kind of file.
    """

    columns: list[str] | None = None
    """
    In this order: fields of the record, `phone_2` to `phone_4`, `all_emails`, `street` and so on, `data.<key>`. None given: all but contacts.
    """
    customer_ids: list[UUID] | None = None
    """
    Of these only. None given: of all.
    """
    filter: CustomerFilter | None = None
    """
    Nothing given: all whom the caller sees.
    """
    format: str | None = "csv"
    """
    Of a file.

    One of `csv`, `xlsx`.
    """
    language: str | None = "en"
    """
    Of headers and options.

    One of `en`, `zh`.
    """


class FaultView(Model):
    """
    Why a design cannot be published.
    """

    code: str
    detail: str
    question: str


class Features(Model):
    """
    All features that an enterprise has; those left out are off.
    """

    features: list[str]


class FeedbackBody(Model):
    """
    What a reader says of an article.
    """

    comment: str | None = ""
    is_useful: bool


class FeedbackView(Model):
    """
    What somebody said of an article.
    """

    comment: str
    is_useful: bool
    said_at: AwareDatetime
    user_id: UUID
    username: str


class FieldChange(Model):
    """
    One field's value before and after; null is empty.
    """

    key: str
    new: Any
    old: Any


class FieldView(Model):
    """
    A field, and how it can be compared.
    """

    kind: str
    """
    What a field holds.

    One of `text`, `integer`, `number`, `money`, `boolean`, `time`, `date`, `id`, `list`.
    """
    label_en: str
    label_zh: str
    name: str
    operators: list[str]
    options: list[str]
    """
    What it can be, where that is few.
    """


class FileErrorView(Model):
    """
    A row that did not become a customer. ``code`` is stable.
    """

    code: str
    column: str
    line: int
    """
    As an editor counts, from 1.
    """
    reason: str
    value: str


class FileView(Model):
    """
    A file of a record.
    """

    content_type: str
    """
    By what is in it, whatever its name says.
    """
    created_at: AwareDatetime
    created_by: UUID
    file_id: UUID
    key: str
    """
    The field that holds it.
    """
    name: str
    sha256: str
    size_bytes: int


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


class FlawView(Model):
    """
    One thing that is wrong with a design. ``where`` is its place in the body.
    """

    code: str
    reason: str
    where: str


class FollowMe(Model):
    """
    One more phone of an agent, rung when the one before did not answer.
    """

    number: str
    ring_s: float | None = 15


class FollowUpBody(Model):
    """
    What was said, or is to be done. The last three fields change the customer at once.
    """

    due_at: AwareDatetime | None = None
    """
    When he is to be called next.
    """
    grade: str | None = None
    intent: str | None = None
    is_done: bool | None = False
    """
    What is due is done already.
    """
    lead_status: str | None = None
    note: str
    result: str | None = ""
    user_id: UUID | None = None
    """
    Whose it is; left out: the caller's.
    """


class FollowUpChange(Model):
    """
    What is to be different. A field that is left out stays.
    """

    due_at: AwareDatetime | None = None
    is_done: bool | None = None
    note: str | None = None
    result: str | None = None
    user_id: UUID | None = None


class FollowUpView(Model):
    """
    A follow-up. ``overdue_at``: when its agent was told that it was overdue.
    """

    created_at: AwareDatetime
    created_by: UUID | None
    customer_id: UUID
    done_at: AwareDatetime | None
    due_at: AwareDatetime | None
    follow_up_id: UUID
    note: str
    overdue_at: AwareDatetime | None
    plan: str
    """
    The care plan that made it.
    """
    result: str
    updated_at: AwareDatetime
    user_id: UUID
    version: int


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


class FoundCustomerView(Model):
    """
    A customer whom a number led to, best first; ``by`` is the kind of that number.
    """

    address: AddressView
    age: int | None
    """
    In whole years, today in UTC.
    """
    batch_number: str | None
    birth_date: date_aliased | None
    by: str
    """
    `contact`: the number of somebody at this customer.
    """
    contacts: list[ContactView]
    created_at: AwareDatetime
    created_by: UUID | None
    customer_id: UUID
    data: dict[str, Any]
    do_not_call: list[str] | None = None
    """
    His numbers on the enterprise's do-not-call lists. Null: not asked here.
    """
    emails: list[str]
    follow_up_at: AwareDatetime | None
    """
    When the next open follow-up is due.
    """
    followed_up_at: AwareDatetime | None
    grade: str | None
    intent: str
    """
    Whether he is interested (R199).

    One of `unknown`, `interested`, `not_interested`.
    """
    kind: str
    language: str
    lead_status: str
    """
    How far it is with him (R194).

    One of `new`, `contacted`, `qualified`, `won`, `lost`.
    """
    name: str
    numbers: list[CustomerNumberView]
    owned_since: AwareDatetime | None
    owner_id: UUID | None
    """
    Null: in the public pool.
    """
    phone_e164: str
    """
    The primary number.
    """
    sex: str | None
    tags: list[str]
    time_zone: str
    title: str
    updated_at: AwareDatetime
    version: int


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


class GivenAnswer(Model):
    """
    An answer that was given. ``is_on_path`` false: a corrected answer led elsewhere.
    """

    answer: Any
    answered_at: AwareDatetime
    is_on_path: bool
    question: str


class GivenOrdersView(Model):
    """
    How many work orders somebody got.
    """

    user_id: UUID
    work_orders: int


class GivenSalesOrdersView(Model):
    """
    How many sales orders somebody got.
    """

    sales_orders: int
    user_id: UUID


class GivenView(Model):
    """
    How many customers somebody got.
    """

    customers: int
    user_id: UUID


class Grace(Model):
    """
    How long a closed enterprise's data stays from now on.
    """

    grace_days: int


class GradeChangeView(Model):
    """
    How many went from one grade to another.
    """

    customers: int
    new: str
    old: str | None


class GradingRule(Model):
    """
    Which customers have which grade. The first rule that fits counts.
    """

    grade: str
    where: list[CustomerCondition]
    """
    All of them must be so; none: every customer.
    """


class GradingRunBody(Model):
    """
    Which customers are graded by the policy's rules.
    """

    at_most: int | None = 10000
    filter: CustomerFilter | None = None
    is_dry_run: bool | None = True
    """
    Count only, and change nobody's grade.
    """


class GradingRunView(Model):
    """
    What grading came to, or would.
    """

    changed: int
    changes: list[GradeChangeView]
    has_more: bool
    is_dry_run: bool
    judged: int


class GrantBody(Model):
    """
    How much an enterprise may call by a virtual operator.
    """

    max_channels: int | None = None
    """
    Calls at once; null: no limit of ours.
    """


class GrantView(Model):
    """
    An enterprise that may call by a virtual operator, or might once.
    """

    granted_at: AwareDatetime
    granted_by: str
    is_applied: bool
    """
    False: the ACD is being told, until it answers.
    """
    last_error: str
    """
    Why it waits.
    """
    max_channels: int | None
    tenant_id: UUID
    trunk_id: UUID
    """
    The enterprise's trunk; its campaigns and routes name it.
    """
    virtual_operator_id: UUID
    withdrawn_at: AwareDatetime | None


class Group(Model):
    """
    Fields that stand together under a title, on a tab.
    """

    columns: int | None = None
    """
    Left out: as the page has.
    """
    key: str
    tab: int | None = 0
    """
    Index of the tab that shows it.
    """
    title_en: str
    title_zh: str | None = ""


class GroupBy(Model):
    """
    Rows with the same value become one.
    """

    by: str | None = None
    field: str
    label: str | None = ""
    name: str | None = None
    """
    Left out: the field.
    """


class HandOverBody(Model):
    """
    To whom everything goes that somebody has in hand: one colleague, a team, or the pool.

    Without `to_user_id` and `to_team_id`: customers to the public pool, the rest to the teams
    that own it.
    """

    callbacks: str | None = "hand_over"
    """
    What becomes of call-backs that he promised. `hand_over`: the colleague calls back where he serves the campaign, the campaign's team elsewhere; `team`: the team; `cancel`: nobody.

    One of `hand_over`, `team`, `cancel`.
    """
    customers: str | None = "hand_over"
    """
    `public_pool`: everybody's, whoever gets the rest.

    One of `hand_over`, `public_pool`.
    """
    from_user_id: UUID
    sales_orders: str | None = "hand_over"
    """
    Who looks after his open sales orders; who sold them stays written there. `hand_over`: the colleague; with `to_team_id` whoever has the customer, and the team's agents evenly those of nobody's customers; without either, and with `public_pool`, whoever has the customer, or gets him; `keep`: he does.

    One of `hand_over`, `public_pool`, `keep`.
    """
    to_team_id: UUID | None = None
    """
    Evenly to the agents of this team and of those below it.
    """
    to_user_id: UUID | None = None
    """
    Null: to the public pool.
    """
    work_orders: str | None = "hand_over"
    """
    What becomes of his open work orders and tasks. `hand_over`: they are the colleague's, or evenly the agents' of `to_team_id`, which owns them then; without either, and with `team`, they wait in the teams that own them; `keep`: they stay his.

    One of `hand_over`, `team`, `keep`.
    """


class HandedSalesOrdersView(Model):
    """
    Who looks after open sales orders now.
    """

    by_user: list[GivenSalesOrdersView]
    given: int
    """
    Somebody else does.
    """
    to_pool: int
    """
    Whoever gets the customer does; of no customer: anybody.
    """


class HandedWorkOrdersView(Model):
    """
    What became of open work orders.
    """

    by_user: list[GivenOrdersView]
    given: int
    """
    Somebody else works on them now.
    """
    tasks: int
    """
    Tasks of his, also of others' orders, that are others' now.
    """
    to_team: int
    """
    They wait for whoever of the team that owns them takes one.
    """


class Having(Model):
    """
    A condition on a figure of a group.
    """

    aggregate: str
    op: str
    """
    One of `eq`, `ne`, `lt`, `le`, `gt`, `ge`.
    """
    value: int | float


class HeardBody(Model):
    """
    Whether a message has been heard.
    """

    is_heard: bool | None = True


class HistoryView(Model):
    """
    One thing that happened with a customer. ``kind`` says where its ``id`` is looked up.
    """

    at: AwareDatetime
    id: str
    kind: str
    what: dict[str, Any]
    """
    The facts that a list shows.
    """


class HitsView(Model):
    """
    Rows of one source in which the text was found, newest first.
    """

    columns: list[ColumnView]
    has_more: bool
    label_en: str
    label_zh: str
    row_ids: list[str]
    rows: list[list[Any]]
    source: str


class ImportBody(Model):
    """
    Which shipped querier is wanted.
    """

    name: str | None = None
    """
    Left out: its English name.
    """
    template: str


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


class ImportOptions(Model):
    """
    How a file is read, and what becomes of customers who exist already.
    """

    encoding: str | None = None
    """
    Left out: found out.
    """
    is_dry_run: bool | None = False
    """
    Only say what would happen.
    """
    mapping: dict[str, str] | None = None
    """
    Header to `phone` (several times), `name`, `title`, `kind`, `sex`, `birth_date`, `email`, `street`, `city`, `region`, `postal_code`, `country`, `language`, `grade`, `intent`, `lead_status`, `tags`, `data.<key>`, or `-`. Left out: found by usual names in English and Chinese.
    """
    match_by: str | None = "phone"
    """
    What tells that he exists: any of his numbers, his first e-mail address, or the text of an own field.
    """
    number_check: str | None = "valid"
    """
    How closely a number is looked at.

    One of `valid`, `possible`.
    """
    owner_id: UUID | None = None
    """
    Who gets the new ones. Left out: the public pool.
    """
    region: str | None = None
    """
    Of numbers without country code.
    """
    rule: str | None = "skip"
    """
    Of rows whose customer exists: `skip`, `update_empty` (fill what he lacks), `overwrite` (what the row has replaces what he has), `create` (him a second time).

    One of `skip`, `update_empty`, `overwrite`, `create`.
    """
    tags: list[str] | None = None
    """
    For all rows.
    """


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


class ImportedProductView(Model):
    """
    What became of one product of an import. ``detail`` says why it was refused.
    """

    code: str
    detail: str | None = ""
    outcome: str
    """
    What became of a product of an import.

    One of `created`, `changed`, `refused`.
    """
    product_id: UUID | None = None


class IndexView(Model):
    """
    The index of a field or a list; ``is_unique`` is the one that keeps values apart.
    """

    failure: str
    """
    Why it failed; change the object to try again.
    """
    is_unique: bool
    key: str
    sort: str | None
    """
    Of a list that is filtered by `key`: what it is sorted by.
    """
    state: str
    """
    How far an index is. Until it is ready, lists read all records of the object.

    One of `building`, `ready`, `failed`.
    """


class InteractionSegmentView(Model):
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
    total_s: float | None
    """
    From its beginning until the talk was over.
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


class KeptAnswerView(Model):
    """
    One answer of a schedule with its rows, for its owner alone.
    """

    columns: list[ColumnView]
    due_at: AwareDatetime
    failure: str
    failure_code: str
    finished_at: AwareDatetime | None
    found: int | None
    is_cut: bool
    """
    Whether not all rows are kept.
    """
    is_triggered: bool
    operation_id: UUID | None
    owner_id: UUID
    querier_id: UUID
    rows: list[list[Any]]
    run_id: UUID
    schedule_id: UUID | None
    state: str
    """
    One of `running`, `finished`, `failed`.
    """


class KeptRunView(Model):
    """
    One answer of a schedule.
    """

    due_at: AwareDatetime
    failure: str
    failure_code: str
    finished_at: AwareDatetime | None
    found: int | None
    is_cut: bool
    """
    Whether not all rows are kept.
    """
    is_triggered: bool
    operation_id: UUID | None
    owner_id: UUID
    querier_id: UUID
    run_id: UUID
    schedule_id: UUID | None
    state: str
    """
    One of `running`, `finished`, `failed`.
    """


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


class LeftView(Model):
    """
    What was not erased, and why.
    """

    ids: list[str]
    """
    Of at most 1,000 of them.
    """
    number: int
    what: str
    why: str


class LineFigures(Model):
    """
    One trunk. A trunk that was removed keeps its calls; it has no name.
    """

    answered: int
    connect_rate: float | None
    """
    answered / dials, 0..1.
    """
    dials: int
    """
    Calls that were handed to the trunk.
    """
    host: str | None
    is_enabled: bool | None
    name: str | None
    trunk_id: str


class LineUnits(Model):
    """
    LineUnits of one line.
    """

    line_no: int
    quantity: int | None = 1


class LinkBody(Model):
    """
    One more conversation about an order.
    """

    interaction_id: UUID


class LinkView(Model):
    """
    A conversation about an order.
    """

    created_at: AwareDatetime
    interaction_id: UUID
    linked_by: str


class ListBody(Model):
    """
    A list of leads.
    """

    name: str


class ListNumberBody(Model):
    """
    A further number of a party.
    """

    label: str | None = ""
    phone_e164: str
    zone: str | None = None
    """
    Null: the party's own.
    """


class ListNumberView(Model):
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


class ListQueryView(Model):
    """
    Which customers the list is made of, and the import that asked for them last.
    """

    changed_at: AwareDatetime
    filter: CustomerFilter
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


class LookupBody(Model):
    """
    Which record is looked up, and for which interaction.
    """

    interaction_id: UUID | None = None
    """
    What is found travels with this interaction.
    """
    key: str
    value: str


class Me(Model):
    """
    Whoever runs the query.
    """

    me: Literal[True]


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


class MediaNumber(Model):
    """
    A number that is shown there, for a time. It is another source's at another time.
    """

    did: str
    valid_from: AwareDatetime | None = None
    """
    null: from now on.
    """
    valid_until: AwareDatetime | None = None


class MediaNumberView(Model):
    """
    A number that is shown there, for a time.
    """

    did: str
    valid_from: AwareDatetime
    valid_until: AwareDatetime | None


class MediaReportLine(Model):
    """
    What a source or advertisement brought in one currency. Money in minor units.
    """

    calls: int
    """
    Inbound, whatever the currency of the line.
    """
    cost: int
    """
    Of advertisements that began in the period.
    """
    cost_per_call: int | None
    cost_per_order: int | None
    currency: str
    """
    Empty: neither cost nor orders.
    """
    key: UUID
    name: str
    orders: int
    """
    Without cancelled ones.
    """
    revenue: int
    """
    What was received and not paid back.
    """


class MediaSourceBody(Model):
    """
    A media source.
    """

    channel: str | None = "tv"
    """
    What kind of medium it is.

    One of `tv`, `radio`, `print`, `outdoor`, `web`, `search`, `social`, `message`, `mail`, `shop`, `other`.
    """
    is_active: bool | None = True
    name: str
    note: str | None = ""
    numbers: Annotated[list[MediaNumber] | None, Field(validate_default=True)] = []
    project_id: str | None = None
    """
    The project that it is for.
    """


class MediaSourceView(Model):
    """
    A media source with its numbers.
    """

    channel: str
    """
    What kind of medium it is.

    One of `tv`, `radio`, `print`, `outdoor`, `web`, `search`, `social`, `message`, `mail`, `shop`, `other`.
    """
    created_at: AwareDatetime
    is_active: bool
    media_source_id: UUID
    name: str
    note: str
    numbers: list[MediaNumberView]
    project_id: str | None
    updated_at: AwareDatetime
    version: int


class MergeBody(Model):
    """
    Who goes into the survivor, and whose value holds where both have one.
    """

    merged_id: UUID
    merged_version: int
    survivor_version: int
    """
    Of the record that was looked at.
    """
    take: list[str] | None = None
    """
    Fields that hold as the other has them: of the record, `owner_id`, `data.<key>`. Of all others the survivor's hold; what he lacks he gets. Numbers, e-mail addresses, contacts and tags of both are kept.
    """


class MergeView(Model):
    """
    A merge. The id of the merged customer leads to the survivor.
    """

    merge_id: UUID
    merged_at: AwareDatetime
    merged_by: UUID
    merged_id: UUID
    survivor_id: UUID
    undone_at: AwareDatetime | None
    undone_by: UUID | None


class MigrateBody(Model):
    """
    By which version of its design an order goes on.
    """

    design_version: int
    step: str | None = None
    """
    Left out: the step of the same key.
    """


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


class MyNotice(Model):
    """
    A notice as its readers see it.
    """

    author: str
    begins_at: AwareDatetime
    confirmed_at: AwareDatetime | None
    ends_at: AwareDatetime
    must_confirm: bool
    notice_id: UUID
    priority: str
    """
    The order in which notices are shown.

    One of `normal`, `high`, `urgent`.
    """
    published_at: AwareDatetime
    read_at: AwareDatetime | None
    text_en: str
    text_zh: str


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


class NewCard(Model):
    """
    A new card.
    """

    card_number: str | None = None
    """
    null: the next one is made.
    """
    customer_id: UUID | None = None
    note: str | None = ""
    pin: str | None = None
    """
    null: it cannot be verified yet.
    """
    state: str | None = "active"
    """
    The states that somebody sets.

    One of `active`, `blocked`, `lost`.
    """
    tier: str | None = ""
    valid_until: AwareDatetime | None = None
    """
    null: for good.
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


class NewQuestionnaireRun(Model):
    """
    The beginning of an interview.
    """

    campaign_id: UUID | None = None
    customer_id: UUID | None = None
    interaction_id: UUID | None = None
    """
    The call; it asks a questionnaire once, a repeat finds that.
    """
    language: str | None = None


class NewRecord(Model):
    """
    A new record: a field that is left out has its default.
    """

    interaction_id: UUID | None = None
    """
    The interaction that it was written in.
    """
    values: dict[str, Any]


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


class NewUserFate(Model):
    """
    What became of one of them. Who could not be made has a ``code``, and why.
    """

    agent_number: str | None
    code: str | None = ""
    detail: str | None = ""
    index: int
    """
    Of the user in the request, from 0.
    """
    sip_password: str | None = None
    """
    Shown this once.
    """
    sip_username: str | None = None
    user_id: UUID | None
    username: str


class NewUsers(Model):
    """
    Users to create at once.
    """

    users: list[NewUser]


class NewUsersReport(Model):
    """
    What became of each user, in the order of the request.
    """

    created: int
    items: list[NewUserFate]
    refused: int


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


class NoticeBody(Model):
    """
    Everything that is set on a notice. It is for whoever is any of those that are named.
    """

    begins_at: AwareDatetime | None = None
    """
    Null: now.
    """
    ends_at: AwareDatetime
    is_for_all: bool | None = False
    """
    Everybody of the enterprise.
    """
    must_confirm: bool | None = False
    """
    Whether each reader has to say that he has understood.
    """
    priority: str | None = "normal"
    """
    The order in which notices are shown.

    One of `normal`, `high`, `urgent`.
    """
    roles: list[str] | None = []
    """
    A shipped role is not those made from it.
    """
    team_ids: list[UUID] | None = []
    """
    Departments and teams: their people and leaders, with all below.
    """
    text_en: str | None = ""
    text_zh: str | None = ""
    user_ids: list[UUID] | None = []


class NoticeView(Model):
    """
    A notice as its author sees it.
    """

    author: str
    begins_at: AwareDatetime
    created_at: AwareDatetime
    ends_at: AwareDatetime
    is_for_all: bool
    is_warning: bool | None = False
    """
    Of who runs the platform; it cannot be changed here.
    """
    must_confirm: bool
    notice_id: UUID
    priority: str
    """
    The order in which notices are shown.

    One of `normal`, `high`, `urgent`.
    """
    published_at: AwareDatetime | None
    roles: list[str]
    state: str
    """
    A published notice is shown while its time lasts.

    One of `draft`, `published`, `withdrawn`.
    """
    team_ids: list[UUID]
    text_en: str
    text_zh: str
    updated_at: AwareDatetime
    user_ids: list[UUID]
    version: int
    withdrawn_at: AwareDatetime | None


class NoticesRead(Model):
    """
    Notices that were read.
    """

    notice_ids: list[UUID]


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


class NumberFigures(Model):
    """
    One number that was shown to the called, or may be.
    """

    answered: int
    connect_rate: float | None
    """
    answered / dials, 0..1.
    """
    dials: int
    """
    Calls that were handed to the trunk.
    """
    is_allotted: bool
    """
    Allotted by the platform.
    """
    phone_e164: str
    rang: int
    """
    Calls whose number somebody could have seen.
    """
    state: str | None
    """
    Of a number that is allotted.
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


class ObjectSummary(Model):
    """
    An object in a list.
    """

    alias: str
    archived_at: AwareDatetime | None
    created_at: AwareDatetime
    fields: int
    kind: str
    """
    What an object is for.

    One of `customer`, `work_order`, `qc`, `base`, `ledger`, `operation_log`.
    """
    name: str
    object_id: UUID
    updated_at: AwareDatetime
    version: int


class ObjectVersionSummary(Model):
    """
    One version of an object.
    """

    changed_at: AwareDatetime
    changed_by: UUID
    version: int


class OpeningStep(Model):
    """
    One step of an opening that was done.
    """

    name: str
    object_id: UUID | None = None
    step: str


class Option(Model):
    """
    One thing that can be chosen. One that is retired stays in old records.
    """

    is_retired: bool | None = False
    key: str
    name_en: str
    name_zh: str | None = ""


class OrderBody(Model):
    """
    A new work order. What is left out is filled from the interaction and its customer.
    """

    assignee_id: UUID | None = None
    """
    Instead of the type's rule.
    """
    business_type_id: UUID
    customer_id: UUID | None = None
    customer_name: str | None = ""
    data: dict[str, bool | int | float | str | list[str] | None] | None = None
    """
    The own fields of the type's object.
    """
    description: str | None = ""
    interaction_id: UUID | None = None
    """
    The conversation that it comes from.
    """
    phone_e164: str | None = None
    priority: int | None = None
    """
    Left out: the type's.
    """
    team_id: UUID | None = None
    title: str


class OrderChange(Model):
    """
    What is changed of a work order; what is left out stays.
    """

    customer_id: UUID | None = None
    customer_name: str | None = None
    data: dict[str, bool | int | float | str | list[str] | None] | None = None
    """
    Own fields; null empties one.
    """
    description: str | None = None
    phone_e164: str | None = None
    priority: int | None = None
    title: str | None = None


class OrderEventView(Model):
    """
    Something that happened to an order.
    """

    actor: str
    actor_id: UUID
    at: AwareDatetime
    detail: dict[str, Any]
    kind: str
    seq: int


class OrderLine(Model):
    """
    A product that is ordered. Its price is the one that holds now.
    """

    discount_bp: int | None = 0
    """
    Basis points: 500 is 5 %.
    """
    product_id: UUID
    quantity: int | None = 1


class OrderLineView(Model):
    """
    A line of an order; its price and name are those of the day on which it was entered.
    """

    code: str
    delivered: int
    discount: int
    discount_bp: int
    line_no: int
    list_amount: int
    name: str
    needs_shipping: bool
    net: int
    product_id: UUID
    quantity: int
    returned: int
    shipped: int
    tax: int
    tax_bp: int
    total: int
    unit_price: int


class OrderOwnerBody(Model):
    """
    Who looks after an order from now on.
    """

    owner_id: UUID | None
    """
    null: nobody in particular.
    """


class OrderReportLine(Model):
    """
    Orders of one day, product, agent or media source in one currency. Money in minor units.
    """

    cancelled_orders: int
    completed_orders: int
    currency: str
    key: str
    """
    A date, or an id; empty: orders without a media source.
    """
    name: str
    orders: int
    paid_orders: int
    received: int | None
    """
    Not by product: money is received for orders.
    """
    refunded: int | None
    shipped_orders: int
    """
    Orders with shipping completed.
    """
    sold_orders: int
    """
    Neither cancelled nor returned as a whole.
    """
    total: int
    """
    Of those that are not cancelled.
    """
    units: int | None
    """
    By product only.
    """


class OrderSettingsBody(Model):
    """
    How an enterprise sells.
    """

    discount_limits: dict[str, int] | None = {}
    """
    By role or own role's id; who is not named has his template's limit.
    """
    number_prefix: str | None = "S"
    prices_include_tax: bool | None = True
    """
    Orders keep what held then.
    """
    ships_only_paid: bool | None = False
    """
    true: nothing leaves before it is paid.
    """


class OrderSettingsView(Model):
    """
    How an enterprise sells, with all limits that hold.
    """

    discount_limits: dict[str, int] | None = {}
    """
    By role or own role's id; who is not named has his template's limit.
    """
    number_prefix: str | None = "S"
    prices_include_tax: bool | None = True
    """
    Orders keep what held then.
    """
    ships_only_paid: bool | None = False
    """
    true: nothing leaves before it is paid.
    """
    updated_at: AwareDatetime | None
    version: int


class Otp(Model):
    """
    A code of one's second factor, or a recovery code.
    """

    code: str


class OutboundFigures(Model):
    """
    An enterprise's calling in a period.
    """

    abandoned: int
    """
    A live person answered and no agent was there in time.
    """
    agents: list[AgentWorkView]
    """
    Those who did anything in the period.
    """
    answered: int
    begins_at: AwareDatetime
    connect_rate: float | None
    """
    answered / dials, 0..1.
    """
    connected: int
    """
    Answered calls in which an agent and a customer talked.
    """
    dials: int
    """
    Calls that were handed to the trunk.
    """
    ends_at: AwareDatetime
    lines: list[LineFigures]
    """
    Those with most calls first, 500 at most.
    """
    numbers: list[NumberFigures]
    """
    Those with most calls first, 1,000 at most.
    """
    tenant_id: UUID


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


class Page(Model):
    """
    What the agent says. Without answers the talk ends here.
    """

    answers: Annotated[list[Answer] | None, Field(validate_default=True)] = []
    text: str
    """
    With variables such as `{{customer.salutation}}` or `{{customer.name|you}}`.
    """
    title: str | None = ""


class PageAgentView(Model):
    items: list[AgentView]
    next_cursor: str | None = None


class PageAlarmView(Model):
    items: list[AlarmView]
    next_cursor: str | None = None


class PageAnnouncementView(Model):
    items: list[AnnouncementView]
    next_cursor: str | None = None


class PageApiKeyView(Model):
    items: list[ApiKeyView]
    next_cursor: str | None = None


class PageArticleItem(Model):
    items: list[ArticleItem]
    next_cursor: str | None = None


class PageAuditEntry(Model):
    items: list[AuditEntry]
    next_cursor: str | None = None


class PageBindingView(Model):
    items: list[BindingView]
    next_cursor: str | None = None


class PageBlockedCallerView(Model):
    items: list[BlockedCallerView]
    next_cursor: str | None = None


class PageCallbackHandOverView(Model):
    items: list[CallbackHandOverView]
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


class PageCardView(Model):
    items: list[CardView]
    next_cursor: str | None = None


class PageChangeView(Model):
    items: list[ChangeView]
    next_cursor: str | None = None


class PageCommentView(Model):
    items: list[CommentView]
    next_cursor: str | None = None


class PageConferenceRoomView(Model):
    items: list[ConferenceRoomView]
    next_cursor: str | None = None


class PageConsentView(Model):
    items: list[ConsentView]
    next_cursor: str | None = None


class PageCustomerPart(Model):
    items: list[CustomerPart]
    next_cursor: str | None = None


class PageCustomerSegmentView(Model):
    items: list[CustomerSegmentView]
    next_cursor: str | None = None


class PageCustomerView(Model):
    items: list[CustomerView]
    next_cursor: str | None = None


class PageDeliveryView(Model):
    items: list[DeliveryView]
    next_cursor: str | None = None


class PageDncEntryView(Model):
    items: list[DncEntryView]
    next_cursor: str | None = None


class PageDncListView(Model):
    items: list[DncListView]
    next_cursor: str | None = None


class PageEntryView(Model):
    items: list[EntryView]
    next_cursor: str | None = None


class PageEventTypeView(Model):
    items: list[EventTypeView]
    next_cursor: str | None = None


class PageFeedbackView(Model):
    items: list[FeedbackView]
    next_cursor: str | None = None


class PageFileErrorView(Model):
    items: list[FileErrorView]
    next_cursor: str | None = None


class PageFileView(Model):
    items: list[FileView]
    next_cursor: str | None = None


class PageFollowUpView(Model):
    items: list[FollowUpView]
    next_cursor: str | None = None


class PageGrantView(Model):
    items: list[GrantView]
    next_cursor: str | None = None


class PageHistoryView(Model):
    items: list[HistoryView]
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


class PageKeptRunView(Model):
    items: list[KeptRunView]
    next_cursor: str | None = None


class PageLeadView(Model):
    items: list[LeadView]
    next_cursor: str | None = None


class PageListView(Model):
    items: list[ListView]
    next_cursor: str | None = None


class PageMediaSourceView(Model):
    items: list[MediaSourceView]
    next_cursor: str | None = None


class PageMergeView(Model):
    items: list[MergeView]
    next_cursor: str | None = None


class PageMonitorGroupView(Model):
    items: list[MonitorGroupView]
    next_cursor: str | None = None


class PageMyNotice(Model):
    items: list[MyNotice]
    next_cursor: str | None = None


class PageNodeView(Model):
    items: list[NodeView]
    next_cursor: str | None = None


class PageNoticeView(Model):
    items: list[NoticeView]
    next_cursor: str | None = None


class PageObjectSummary(Model):
    items: list[ObjectSummary]
    next_cursor: str | None = None


class PageObjectVersionSummary(Model):
    items: list[ObjectVersionSummary]
    next_cursor: str | None = None


class PageOrderEventView(Model):
    items: list[OrderEventView]
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


class ParticipantsBody(Model):
    """
    Who takes part in an order beside its assignee.
    """

    user_ids: list[UUID]


class Party(Model):
    """
    Somebody who is told of what happens to an order.
    """

    id: str | None = ""
    """
    The role's key, or the user's id.
    """
    kind: str
    """
    Who is told.

    One of `assignee`, `creator`, `leaders`, `team`, `participants`, `role`, `user`.
    """


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


class PaymentBody(Model):
    """
    Money that came, or goes back.
    """

    amount: int
    """
    In minor units.
    """
    method: str | None = "cash_on_delivery"
    """
    How money came or went.

    One of `cash`, `cash_on_delivery`, `card`, `bank_transfer`, `alipay`, `wechat_pay`, `voucher`, `other`.
    """
    note: str | None = ""
    reference: str | None = ""


class PaymentView(Model):
    """
    Money that came or went.
    """

    amount: int
    booked_at: AwareDatetime
    booked_by: UUID
    kind: str
    method: str
    note: str
    payment_id: UUID
    reference: str


class Period(Model):
    """
    From a moment until before another.
    """

    from_: Annotated[AwareDatetime | None, Field(alias="from")] = None
    to: AwareDatetime | None = None


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

    One of `me`, `tenants.read`, `tenants.write`, `tenants.jump_in`, `data.export`, `jump_ins.read`, `jump_ins.end`, `nodes.read`, `nodes.write`, `users.read`, `users.write`, `api_keys.write`, `roles.read`, `roles.write`, `teams.read`, `teams.write`, `teams.move`, `agents.read`, `agents.act`, `phone`, `supervision.listen`, `supervision.act`, `supervision.everywhere`, `trunks.read`, `trunks.write`, `queues.read`, `routing.read`, `routing.write`, `customers.read`, `customers.write`, `customers.create`, `customers.all`, `customers.assign`, `customers.rules`, `customers.import`, `customers.export`, `customers.merge`, `customers.bulk`, `customers.erase`, `objects.read`, `objects.write`, `records.read`, `records.write`, `lists.read`, `lists.write`, `campaigns.read`, `campaigns.write`, `campaigns.control`, `callbacks.read`, `callbacks.write`, `dnc.read`, `dnc.write`, `announcements.read`, `announcements.write`, `evidence.export`, `interactions.read`, `interactions.all`, `recordings.listen`, `events.read`, `events.all`, `products.write`, `orders.read`, `orders.write`, `orders.refund`, `questionnaires.read`, `questionnaires.write`, `questionnaires.run`, `member_cards.read`, `member_cards.write`, `member_cards.verify`, `media.read`, `media.write`, `webhooks.read`, `webhooks.write`, `audit.read`, `alarms.read`, `alarms.acknowledge`, `queriers.read`, `queriers.write`, `queriers.export`, `knowledge.read`, `knowledge.write`, `knowledge.all`, `scripts.read`, `scripts.write`, `notices.read`, `notices.write`, `work_orders.read`, `work_orders.write`, `work_orders.all`, `work_orders.delete`, `work_order_designs.write`.
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


class PieceView(Model):
    """
    A piece of text, not of HTML; `is_match`: it was asked for.
    """

    is_match: bool
    text: str


class PinBody(Model):
    """
    A PIN that is set by somebody who may.
    """

    pin: str


class PinChange(Model):
    """
    A PIN that is changed by whoever knows the old one; a wrong one counts as an attempt.
    """

    card_number: str
    new_pin: str
    old_pin: str


class PlacementBody(Model):
    """
    An advertisement: who calls from its beginning to its end called because of it.
    """

    begins_at: AwareDatetime
    cost: int | None = 0
    """
    In minor units: 1990 is 19.90.
    """
    currency: str
    """
    ISO 4217.
    """
    ends_at: AwareDatetime
    """
    Until when calls are counted for it.
    """
    name: str


class PlacementView(Model):
    """
    An advertisement.
    """

    begins_at: AwareDatetime
    cost: int
    created_at: AwareDatetime
    currency: str
    ends_at: AwareDatetime
    media_source_id: UUID
    name: str
    placement_id: UUID
    updated_at: AwareDatetime
    version: int


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


class PoolMoveView(Model):
    """
    What an act came to. ``not_moved`` were somebody else's meanwhile, or fitted no rule.
    """

    act_id: UUID
    by_user: list[GivenView]
    has_more: bool
    """
    The filter means more than `at_most`.
    """
    is_dry_run: bool
    meant: int
    moved: int
    not_found: int
    """
    Of the given ids: there is no such customer for you.
    """
    not_moved: int


class PoolView(Model):
    """
    How customers are shared out now.
    """

    by_user: list[GivenView]
    """
    Whoever has any, most first; at most 1,000.
    """
    in_public_pool: int
    """
    Counted up to 100,000.
    """


class PopCustomer(Model):
    """
    A customer with the number of an interaction: what agents are to see of him.
    """

    customer_id: UUID
    fields: dict[str, Any]
    """
    Fixed fields that `/pop/settings` names, in that order.
    """
    found_by: str
    """
    Whose number it is: his own kind of number, or a contact's.
    """
    name: str
    phone_e164: str
    values: dict[str, Any]
    """
    Own fields whose definition is in the pop.
    """
    version: int


class PopSettingsBody(Model):
    """
    What agents see, in this order; what is not named is not in the pop.
    """

    customer_fields: list[str] | None = None
    """
    Beside the name and the number of the interaction.
    """
    panels: list[str] | None = None


class PopSettingsView(Model):
    """
    What agents see when an interaction arrives.
    """

    customer_fields: list[str]
    panels: list[str]
    version: int


class PopTab(Model):
    """
    One tab of the page that opens with a call.
    """

    fields: list[str] | None = []
    title_en: str
    title_zh: str | None = ""


class PopTemplate(Model):
    """
    What agents see when they take this type of business (来电界面模板).
    """

    customer_fields: list[str] | None = []
    script_id: UUID | None = None
    shows_history: bool | None = True
    tabs: Annotated[list[PopTab] | None, Field(validate_default=True)] = []


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


class PreviewRow(Model):
    """
    One of the first rows of a dry run.
    """

    line: int
    name: str
    outcome: str
    """
    `created`, `updated`, `unchanged`, `skipped`, `refused`.
    """
    phones_e164: list[str]


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


class ProblemView(Model):
    """
    Texts that speak of the same.
    """

    count: int
    row_ids: list[str]
    """
    At most 100 of them.
    """
    share: float
    """
    Of all texts that were read, 0..1.
    """
    typical: str
    typical_id: str
    """
    The row whose text is most like all of them.
    """
    words: list[str]
    """
    What they have in common, the most telling first.
    """


class ProblemsView(Model):
    """
    Frequent problems, the most frequent first.
    """

    items: list[ProblemView]
    read: int


class ProductCategoryBody(Model):
    """
    A category of products.
    """

    name: str


class ProductCategoryView(Model):
    """
    A category of products.
    """

    category_id: UUID
    created_at: AwareDatetime
    name: str
    updated_at: AwareDatetime
    version: int


class ProductImportReport(Model):
    """
    What became of an import, in its order.
    """

    changed: int
    created: int
    products: list[ImportedProductView]
    refused: int


class ProductPrice(Model):
    """
    What one unit costs in one currency, for a time.
    """

    amount: int
    """
    In minor units: 1990 is 19.90.
    """
    currency: str
    """
    ISO 4217.
    """
    valid_from: AwareDatetime | None = None
    """
    null: from now on.
    """
    valid_until: AwareDatetime | None = None
    """
    Just before this moment it ends; null: it stays.
    """


class ProductPriceView(Model):
    """
    What one unit costs, in minor units.
    """

    amount: int
    currency: str
    valid_from: AwareDatetime
    valid_until: AwareDatetime | None


class ProductView(Model):
    """
    A product.
    """

    category_id: UUID | None
    code: str
    created_at: AwareDatetime
    is_active: bool
    name: str
    needs_shipping: bool
    prices: list[ProductPriceView]
    product_id: UUID
    stock: int | None
    tax_bp: int
    updated_at: AwareDatetime
    version: int


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


class PromiseView(Model):
    """
    One promise: seconds of business hours, spent up to ``since`` while it runs.
    """

    breached_at: AwareDatetime | None
    since: AwareDatetime | None
    spent_s: float
    stopped_at: AwareDatetime | None
    target_s: float
    warned_at: AwareDatetime | None


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


class QuestionResult(Model):
    """
    What was answered to one question. Average, least and most are of numbers.
    """

    answered: int
    average: float | None
    kind: str
    """
    What kind of answer a question gets.

    One of `single`, `multiple`, `scale`, `number`, `text`, `key`.
    """
    least: float | None
    most: float | None
    passed_over: int
    question: str
    text: str
    values: list[CountedValue]
    """
    Not of texts; at most 200 numbers.
    """


class QuestionnaireDesign(Model):
    """
    A questionnaire: it begins with the first question.
    """

    languages: list[str]
    """
    The first is asked when none is chosen.
    """
    questions: list[DesignedQuestion]


class QuestionnaireResults(Model):
    """
    What was answered. Several choices of one person count one each.
    """

    average_score: float | None
    broken_off: int
    finished: int
    number: int
    questionnaire_id: UUID
    questions: list[QuestionResult]
    runs: int


class QuestionnaireRun(Model):
    """
    An interview with what is asked now; null: nothing is left, it can be finished.
    """

    agent_id: UUID | None
    answers: list[GivenAnswer]
    break_reason: str
    campaign_id: UUID | None
    channel: str
    """
    Who asks.

    One of `agent`, `ivr`.
    """
    customer_id: UUID | None
    ended_at: AwareDatetime | None
    interaction_id: UUID | None
    language: str
    number: int
    """
    The version that is asked.
    """
    question: AskedQuestion | None
    questionnaire_id: UUID
    run_id: UUID
    score: float
    started_at: AwareDatetime
    state: str
    """
    How far an interview is.

    One of `running`, `broken_off`, `finished`.
    """
    updated_at: AwareDatetime
    version: int


class QuestionnaireRunSummary(Model):
    """
    An interview.
    """

    agent_id: UUID | None
    break_reason: str
    campaign_id: UUID | None
    channel: str
    """
    Who asks.

    One of `agent`, `ivr`.
    """
    customer_id: UUID | None
    ended_at: AwareDatetime | None
    interaction_id: UUID | None
    language: str
    number: int
    """
    The version that is asked.
    """
    questionnaire_id: UUID
    run_id: UUID
    score: float
    started_at: AwareDatetime
    state: str
    """
    How far an interview is.

    One of `running`, `broken_off`, `finished`.
    """
    updated_at: AwareDatetime
    version: int


class QuestionnaireSummary(Model):
    """
    A questionnaire. ``latest`` is the version that is asked; 0: none was published.
    """

    created_at: AwareDatetime
    is_archived: bool
    latest: int
    name: str
    questionnaire_id: UUID
    updated_at: AwareDatetime
    version: int
    """
    Of the draft, for If-Match.
    """


class QuestionnaireVersion(Model):
    """
    A published version: it never changes.
    """

    design: QuestionnaireDesign
    number: int
    published_at: AwareDatetime
    published_by: str
    questionnaire_id: UUID


class QuestionnaireView(Model):
    """
    A questionnaire with its draft.
    """

    created_at: AwareDatetime
    design: QuestionnaireDesign
    is_archived: bool
    latest: int
    name: str
    questionnaire_id: UUID
    updated_at: AwareDatetime
    version: int
    """
    Of the draft, for If-Match.
    """


class QuickList(Model):
    """
    A list that is quick on every page: those with one value of a field, in another's order.
    """

    filter: str
    """
    An indexed field.
    """
    sort: str
    """
    Another one.
    """


class Rating(Model):
    """
    After the agent hung up the caller is asked for a key of 1 to 5.
    """

    attempts: int | None = 2
    enabled: bool | None = False
    timeout_s: float | None = 8


class Reading(Model):
    """
    What a reader says of a notice.
    """

    is_confirmed: bool | None = False
    """
    He has understood it.
    """


class ReceiptCounts(Model):
    """
    How many people a notice is for now, and how many of them have read and confirmed it.
    """

    audience: int
    confirmed: int
    read: int


class ReceiptView(Model):
    """
    Somebody whom a notice is for, and whether he has read it.
    """

    confirmed_at: AwareDatetime | None
    display_name: str
    read_at: AwareDatetime | None
    user_id: UUID
    username: str


class RecentInteraction(Model):
    """
    One of the last calls. Durations in seconds, null where not known (yet).
    """

    agent_disposition: str
    """
    The outcome that the agent chose.
    """
    agent_id: UUID | None
    agent_number: str
    at: AwareDatetime | None
    """
    Answered, or when it began.
    """
    called: str
    caller: str
    campaign_id: UUID | None
    direction: str
    disposition: str
    has_recording: bool
    interaction_id: UUID
    queue_id: str | None
    talk_s: float | None


class RecentSalesOrder(Model):
    """
    One of the last sales orders. ``total`` in minor units of ``currency``.
    """

    agent_id: UUID
    created_at: AwareDatetime
    currency: str
    order_id: UUID
    order_number: str
    payment_state: str
    shipment_state: str
    state: str
    total: int


class RecentWorkOrder(Model):
    """
    A work order that is not done, as a screen lists it.
    """

    assignee_id: UUID | None
    business_type_id: UUID
    created_at: AwareDatetime
    kind: str
    number: str
    priority: int
    resolution_due_at: AwareDatetime | None
    step: str
    step_kind: str
    team_id: UUID | None
    title: str
    work_order_id: UUID


class ReclaimRule(Model):
    """
    After how long without follow-up a customer goes back to the public pool.
    """

    days: int
    grade: str | None = None
    """
    Null: those that no other rule names.
    """
    notice_days: int | None = 1
    """
    His owner is told so long before
    """


class RecordBody(Model):
    """
    A record as a whole: a field that is left out is emptied.
    """

    values: dict[str, Any]


class RecordChange(Model):
    """
    Some fields of a record; null empties a field, and what is left out stays.
    """

    values: dict[str, Any]


class RecordChangeView(Model):
    """
    One save of a record, with the fields that the caller sees.
    """

    act: str
    changed_at: AwareDatetime
    changed_by: UUID
    changed_by_name: str
    changes: list[FieldChange]
    version: int


class RecordView(Model):
    """
    A record, with the fields that the caller sees.
    """

    created_at: AwareDatetime
    created_by: UUID
    interaction_id: UUID | None
    object_id: UUID
    record_id: UUID
    updated_at: AwareDatetime
    updated_by: UUID
    values: dict[str, Any]
    version: int


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


class ReferenceView(Model):
    """
    What a path can follow: `<name>.<field of the source>`.
    """

    label_en: str
    label_zh: str
    name: str
    source: str


class Refusal(Model):
    """
    Why a suggestion is refused; its author reads it.
    """

    reason: str


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


class Relative(Model):
    """
    A period relative to the moment of the run.
    """

    n: int | None = None
    """
    Of which there are n.
    """
    relative: str
    """
    Periods relative to now, of whole days in the zone, but for hours and minutes.

    One of `today`, `yesterday`, `tomorrow`, `this_week`, `last_week`, `this_month`, `last_month`, `this_year`, `last_year`, `last_days`, `next_days`, `last_hours`, `last_minutes`.
    """


class Replay(Model):
    """
    What is sent (again).
    """

    since: AwareDatetime
    with_delivered: bool | None = False
    """
    Also what was delivered; else what failed or was held.
    """


class Replayed(Model):
    """
    How many deliveries were begun anew.
    """

    count: int
    is_all: bool
    """
    False: there are more; ask again.
    """


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


class ReturnBody(Model):
    """
    Which of one's own customers go back to the public pool.
    """

    customer_ids: list[UUID]


class Rights(Model):
    """
    Which roles create, see, change and delete; null is everybody who may at all.
    """

    change: list[str] | None = None
    create: list[str] | None = None
    delete: list[str] | None = None
    read: list[str] | None = None


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


class RotationBody(Model):
    """
    New secrets of an account. All trunks of it have them within seconds.
    """

    pool_key: str | None = None
    """
    Null leaves it as it is.
    """
    secret: str


class RowResult(Model):
    """
    What became of one row: a record, or what is wrong with it.
    """

    errors: list[dict[str, str]]
    index: int
    record_id: UUID | None


class RuleBody(Model):
    """
    Whom a category lets in.
    """

    access: str
    """
    Who writes also reads.

    One of `read`, `write`.
    """
    grantee: str
    """
    `role:` and a role's id, or `team:` and a department's or team's: its people and leaders, and those below it.
    """


class SalesOrderChange(Model):
    """
    What can be changed on an order. The lines stay as they are once something was shipped.
    """

    customer_id: UUID | None = None
    delivery: DeliveryAddress | None = None
    lines: list[OrderLine]
    note: str | None = ""
    order_discount: int | None = 0
    """
    Off the whole, in minor units.
    """


class SalesOrderSummary(Model):
    """
    An order without its lines and books. The states follow from the books.
    """

    agent_id: UUID
    """
    Who sold it, for ever.
    """
    campaign_id: UUID | None
    cancelled_at: AwareDatetime | None
    completed_at: AwareDatetime | None
    created_at: AwareDatetime
    currency: str
    customer_id: UUID | None
    interaction_id: UUID | None
    media_source_id: UUID | None
    order_id: UUID
    order_number: str
    owner_id: UUID | None
    """
    Who looks after it: who sold it, until it is handed over. null: nobody in particular; whoever gets the customer gets it.
    """
    payment_state: str
    """
    What the books say about the money.

    One of `unpaid`, `part_paid`, `paid`, `refund_due`, `refunded`.
    """
    placement_id: UUID | None
    received: int
    refunded: int
    shipment_state: str
    """
    What the books say about the goods.

    One of `not_needed`, `not_shipped`, `part_shipped`, `shipped`, `delivered`, `part_returned`, `returned`.
    """
    shipped_at: AwareDatetime | None
    """
    When shipping was completed.
    """
    state: str
    """
    How far an order is.

    One of `new`, `processing`, `completed`, `returned`, `cancelled`.
    """
    total: int
    """
    What the customer pays, in minor units.
    """
    updated_at: AwareDatetime
    version: int


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


class Script(Model):
    """
    A whole script. ``fields`` are its own variables ({{field.x}}) with their defaults.
    """

    fields: dict[str, str] | None = None
    pages: dict[str, Page]
    start: str


class ScriptAnswerView(Model):
    """
    What the customer may say, and the page that it leads to; null: the talk ends.
    """

    label: str
    to: str | None


class ScriptBody(Model):
    """
    Everything that is set on a script.
    """

    bindings: Annotated[list[Binding] | None, Field(validate_default=True)] = []
    """
    What it is for: of each kind that is named, one must be so. Empty: any call.
    """
    definition: Script
    language: str | None = "zh"
    """
    The language that a text is written in.

    One of `zh`, `en`.
    """
    name: str
    state: str | None = "draft"
    """
    Only published scripts are found by agents.

    One of `draft`, `published`, `retired`.
    """


class ScriptItem(Model):
    """
    A script in a list.
    """

    bindings: list[Binding]
    created_at: AwareDatetime
    created_by: str
    language: str
    """
    The language that a text is written in.

    One of `zh`, `en`.
    """
    name: str
    script_id: UUID
    state: str
    """
    Only published scripts are found by agents.

    One of `draft`, `published`, `retired`.
    """
    updated_at: AwareDatetime
    updated_by: str
    version: int


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


class ScriptVersionItem(Model):
    """
    A version of a script.
    """

    changed_at: AwareDatetime
    changed_by: str
    number: int


class ScriptVersionView(Model):
    """
    A version with what it said.
    """

    changed_at: AwareDatetime
    changed_by: str
    content: ScriptBody
    number: int


class ScriptView(Model):
    """
    A script as a whole.
    """

    bindings: list[Binding]
    created_at: AwareDatetime
    created_by: str
    definition: Script
    language: str
    """
    The language that a text is written in.

    One of `zh`, `en`.
    """
    name: str
    script_id: UUID
    state: str
    """
    Only published scripts are found by agents.

    One of `draft`, `published`, `retired`.
    """
    updated_at: AwareDatetime
    updated_by: str
    version: int


class SeatBody(Model):
    """
    A seat: an agent number, and the SIP account that goes with it.
    """

    agent_number: str


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
    sign_in_title: str | None = ""
    """
    What the enterprise's own sign-in page shows to anybody who knows its slug; empty: it has none.
    """


class SecurityPolicyView(Model):
    """
    The rules that hold. Version 0 is the default that nobody has changed.
    """

    change_at_first_sign_in: bool
    password_history: int
    password_min_length: int
    second_factor_roles: list[str]
    sign_in_title: str
    version: int


class SegmentBody(Model):
    """
    A segment: what is true of its customers, now and later.
    """

    filter: CustomerFilter
    """
    Without a segment of its own, and not `mine`.
    """
    name: str


class SegmentCountView(Model):
    """
    How many customers a segment has now, of those whom one sees.
    """

    customers: int
    segment_id: UUID


class Send(Model):
    """
    Tell webhooks and event streams the ids of the rows.
    """

    kind: Literal["send"]
    note: str | None = ""
    """
    Which the fact carries.
    """


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


class SettingsBody(Model):
    """
    Where the enterprise's days begin.
    """

    zone: str


class SettingsView(Model):
    """
    Where the enterprise's days begin.
    """

    version: int
    zone: str


class Share(Model):
    """
    Who gets how much of what is given out: an agent, or each agent of a team.
    """

    team_id: UUID | None = None
    user_id: UUID | None = None
    weight: int | None = 1
    """
    Twice the weight, twice as many.
    """


class ShipmentBody(Model):
    """
    A parcel.
    """

    carrier: str | None = ""
    lines: Annotated[list[LineUnits] | None, Field(validate_default=True)] = []
    """
    Empty: everything that was not shipped yet.
    """
    tracking: str | None = ""


class ShipmentReturn(Model):
    """
    Goods of a parcel came back.
    """

    lines: Annotated[list[LineUnits] | None, Field(validate_default=True)] = []
    """
    Empty: all of it.
    """
    reason: str | None = ""
    restock: bool | None = True
    """
    They can be sold again.
    """


class ShippedUnits(Model):
    """
    LineUnits in a parcel, and those of them that came back.
    """

    line_no: int
    quantity: int
    returned: int


class SignInPage(Model):
    """
    What an enterprise's own sign-in page shows, before anybody signs in.
    """

    providers: list[str]
    """
    Names of identity providers, for `POST /auth/sso/start`.
    """
    tenant: str
    """
    For `user@tenant`.
    """
    title: str


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


class Sla(Model):
    """
    What is promised of a business type's orders, in seconds of business hours.
    """

    calendar_id: str | None = None
    """
    Of the ACD's calendars; none: every hour counts.
    """
    resolution_s: int | None = None
    response_s: int | None = None
    tell_broken: list[Party] | None = None
    tell_warned: list[Party] | None = None
    warn_share: float | None = 0.8


class SlotBody(Model):
    """
    The slot whose customer is to be taken.
    """

    slot: str


class Sort(Model):
    """
    The order of rows. What has no value comes last.
    """

    by: str
    """
    The name of a column; without groups any field.
    """
    descending: bool | None = False


class SourceView(Model):
    """
    A kind of rows that the caller may ask for.
    """

    fields: list[FieldView]
    key: str
    label_en: str
    label_zh: str
    name: str
    references: list[ReferenceView]


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


class StockChange(Model):
    """
    Another stock: either a new count or a change of it, so that sales meanwhile still count.
    """

    change: int | None = None
    count: int | None = None
    is_counted: bool | None = True
    """
    false: it is not counted any more.
    """


class StretchView(Model):
    """
    Lines that stand together and share their fate.
    """

    change: str
    """
    What became of lines.

    One of `same`, `removed`, `added`.
    """
    lines: list[str]


class SuggestionBody(Model):
    """
    A new article, or how an article should be instead.
    """

    article_id: UUID | None = None
    """
    What is to change; null: new.
    """
    category_id: UUID | None = None
    """
    Of a new article.
    """
    content: Content
    interaction_id: UUID | None = None
    """
    The call that it came from.
    """
    reason: str


class SuggestionView(Model):
    """
    A suggestion and what became of it.
    """

    article_id: UUID | None
    author: str
    author_id: UUID
    category_id: UUID
    content: Content
    created_at: AwareDatetime
    decided_at: AwareDatetime | None
    decided_by: str
    decision: str
    """
    Why it was refused, or what was said of it.
    """
    draft_id: UUID | None
    """
    The draft that it has become.
    """
    interaction_id: UUID | None
    reason: str
    state: str
    """
    An accepted one has become a draft.

    One of `open`, `accepted`, `refused`.
    """
    suggestion_id: UUID


class SummaryLine(Model):
    """
    Figures of the orders of one group; ``key`` is its id or its step, null where none is set.

    A sale or a shipment counts once an order has reached a step with that milestone.
    """

    breached: int
    cancelled: int
    done: int
    key: str | None
    mean_resolution_s: float | None
    mean_response_s: float | None
    open: int
    orders: int
    overdue: int
    reopened: int
    sales: int
    sales_rate: float | None
    shipped: int


class Tab(Model):
    """
    One tab of a page.
    """

    title_en: str
    title_zh: str | None = ""


class Tag(Model):
    """
    Put tags on the customers, or take some off.
    """

    add: list[str] | None = None
    kind: Literal["tag"]
    remove: list[str] | None = None


class TagAct(Model):
    """
    Add tags to all of them, remove others.
    """

    add: list[str] | None = None
    kind: Literal["tag"]
    remove: list[str] | None = None


class TagView(Model):
    """
    How many customers have a tag, of those whom one sees.
    """

    customers: int
    tag: str


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


class TaskBody(Model):
    """
    Something that another department or person has to do for an order.
    """

    assignee_id: UUID | None = None
    is_needed: bool | None = True
    """
    The order is not done before it.
    """
    team_id: UUID | None = None
    title: str


class TaskChange(Model):
    """
    How a task ended, or that it goes on.
    """

    result: str | None = ""
    state: str
    """
    One of `open`, `done`, `cancelled`.
    """


class TaskView(Model):
    """
    A task of an order.
    """

    assignee_id: UUID | None
    created_at: AwareDatetime
    created_by: UUID | None
    finished_at: AwareDatetime | None
    is_needed: bool
    result: str
    state: str
    """
    One of `open`, `done`, `cancelled`.
    """
    task_id: UUID
    team_id: UUID | None
    title: str


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


class TeamMemberView(Model):
    """
    Somebody in a team.
    """

    agent_number: str | None
    display_name: str
    since: AwareDatetime
    team_id: UUID
    user_id: UUID
    username: str


class TeamMoveView(Model):
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

    One of `opening`, `active`, `suspended`, `closed`, `deleting`.
    """
    tenant_id: UUID
    updated_at: AwareDatetime


class TenantWarning(Model):
    """
    What an enterprise has to change, as its admins are shown it.
    """

    text_en: str | None = ""
    text_zh: str | None = ""


class TenantWarningView(Model):
    """
    A warning, and how many of the enterprise's admins have read and understood it.
    """

    audience: int
    """
    Admins whom it is for now.
    """
    author: str
    confirmed: int
    ends_at: AwareDatetime
    """
    It is shown until then.
    """
    notice_id: UUID
    published_at: AwareDatetime
    read: int
    text_en: str
    text_zh: str
    withdrawn_at: AwareDatetime | None


class TimeSlot(Model):
    """
    Open from ``start`` to ``end`` (24:00 ends the day).
    """

    end: str
    start: str


class Timer(Model):
    """
    Something that happens when an order has been in a step for so long. Once per visit.
    """

    after_s: int
    assign: Assign | None = None
    business_hours: bool | None = True
    """
    Only hours of the business type's calendar count.
    """
    key: str
    kind: str
    """
    What a timer does.

    One of `remind`, `escalate`, `move`.
    """
    tell: Annotated[list[Party] | None, Field(validate_default=True)] = []
    to: str | None = None


class TokenPair(Model):
    """
    What a sign-in gives. The refresh token works once and comes with a new one.
    """

    access_token: str
    expires_in: int
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"


class TombstoneView(Model):
    """
    What is left of an enterprise that was deleted, or is being deleted.
    """

    begun_at: AwareDatetime
    begun_by: str
    """
    `system`: its grace period was over.
    """
    close_reason: str
    closed_at: AwareDatetime | None
    confirmed: dict[str, str]
    """
    When each service had nothing left.
    """
    deleted_at: AwareDatetime | None
    enterprise_id: UUID
    """
    What was its tenant_id.
    """
    last_error: str
    """
    Why it waits.
    """
    name: str
    removed: dict[str, int]
    """
    Rows by service and table, and files.
    """
    slug: str
    swept_at: AwareDatetime | None
    """
    When it was looked for what came late.
    """


class TrackingBody(Model):
    """
    Who carries a parcel.
    """

    carrier: str | None = ""
    tracking: str | None = ""


class Transition(Model):
    """
    A way from some steps to another. Without roles and teams everybody may go it.
    """

    assign: Assign | None = None
    """
    Instead of the step's rule.
    """
    assignee_only: bool | None = False
    """
    Also the leaders of the team that owns the order.
    """
    key: str
    name_en: str
    name_zh: str | None = ""
    needs_comment: bool | None = False
    required: list[str] | None = []
    """
    Fields that must have a value.
    """
    roles: list[str] | None = []
    sources: list[str]
    team_ids: list[UUID] | None = []
    tell: Annotated[list[Party] | None, Field(validate_default=True)] = []
    to: str


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
    is_operators: bool
    """
    The platform's operator lends it: its address and account are not shown (`host` and `username` are empty), and only he changes it.
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


class TypeRules(Model):
    """
    What a business type says of its orders.
    """

    assign: Assign | None = None
    """
    Who gets new orders, where the design's first step has no rule.
    """
    pop: PopTemplate | None = None
    priority: int | None = 3
    """
    5 is the most urgent.
    """
    required: list[str] | None = []
    """
    Fields without which no order is made.
    """
    sla: Sla | None = None


class TypeView(Model):
    """
    A business type.
    """

    business_type_id: UUID
    created_at: AwareDatetime
    design_id: UUID
    is_active: bool
    kind: str
    """
    What a customer comes with (R206).

    One of `consultation`, `complaint`, `suggestion`, `fault_report`, `reservation`, `other`.
    """
    name_en: str
    name_zh: str
    object_id: UUID | None
    rules: TypeRules
    updated_at: AwareDatetime
    version: int


class UsedNumberView(Model):
    """
    One number that an agent's calls showed.
    """

    answered: int
    connect_rate: float | None
    """
    answered / dials, 0..1.
    """
    dials: int
    phone_e164: str


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


class Verification(Model):
    """
    A card number and the PIN that somebody says or presses.
    """

    card_number: str
    interaction_id: UUID | None = None
    pin: str


class VerifiedView(Model):
    """
    Whether the PIN fits the card.
    """

    card_id: UUID | None = None
    customer_id: UUID | None = None
    is_verified: bool
    reason: str | None = None
    retry_after_s: int | None = 0
    tier: str | None = ""


class VersionItem(Model):
    """
    A version of an article.
    """

    changed_at: AwareDatetime
    changed_by: str
    note: str
    number: int
    state: str
    """
    Only published articles, within their validity, are shown to those who do not write.

    One of `draft`, `published`, `retired`.
    """


class ViewsView(Model):
    """
    How often an article was opened.
    """

    views: int


class VirtualOperatorBody(Model):
    """
    A virtual operator to add.
    """

    app_id: str
    """
    The account there: the username of its SIP trunks.
    """
    codecs: list[str] | None = None
    dtmf: str | None = "rfc4733"
    """
    How keys travel on a trunk.

    One of `rfc4733`, `info`, `inband`, `auto`.
    """
    from_domain: str | None = ""
    host: str
    name: str
    pool_key: str | None = None
    """
    Of its pool of numbers; never shown again.
    """
    port: int | None = 5060
    qualify_s: int | None = 0
    """
    Ask by OPTIONS; 0: never.
    """
    register_at: bool | None = False
    """
    Register with the host.
    """
    secret: str
    """
    The account's password; never shown again.
    """
    transport: str | None = "udp"
    """
    One of `udp`, `tcp`, `tls`.
    """


class VirtualOperatorChange(Model):
    """
    A virtual operator as it shall be. Null leaves a secret as it is.
    """

    app_id: str
    """
    The account there: the username of its SIP trunks.
    """
    codecs: list[str] | None = None
    dtmf: str | None = "rfc4733"
    """
    How keys travel on a trunk.

    One of `rfc4733`, `info`, `inband`, `auto`.
    """
    from_domain: str | None = ""
    host: str
    name: str
    pool_key: str | None = None
    """
    Of its pool of numbers; never shown again.
    """
    port: int | None = 5060
    qualify_s: int | None = 0
    """
    Ask by OPTIONS; 0: never.
    """
    register_at: bool | None = False
    """
    Register with the host.
    """
    secret: str | None = None
    """
    Never shown again.
    """
    transport: str | None = "udp"
    """
    One of `udp`, `tcp`, `tls`.
    """


class VirtualOperatorView(Model):
    """
    A virtual operator, without its secrets.
    """

    app_id: str
    codecs: list[str]
    created_at: AwareDatetime
    dtmf: str
    """
    How keys travel on a trunk.

    One of `rfc4733`, `info`, `inband`, `auto`.
    """
    from_domain: str
    has_pool_key: bool
    host: str
    name: str
    port: int
    qualify_s: int
    register_at: bool
    secret_set_at: AwareDatetime
    transport: str
    updated_at: AwareDatetime
    version: int
    virtual_operator_id: UUID


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
    chosen_campaigns: list[str] | None
    """
    The campaigns whose calls he gets; null: all that he serves.
    """
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


class WebhookBody(Model):
    """
    An endpoint that is told of events.
    """

    description: str | None = ""
    event_types: list[str]
    """
    Event types; `*` alone is everything that you may see.
    """
    is_enabled: bool | None = True
    url: str
    """
    https, of a public address.
    """


class WebhookRotation(Model):
    """
    The exchange of a secret.
    """

    overlap_s: int | None = 86400
    """
    So long both secrets sign.
    """


class WebhookView(Model):
    """
    An endpoint.
    """

    created_at: AwareDatetime
    description: str
    disabled_reason: str
    """
    Why the platform switched it off.
    """
    event_types: list[str]
    failing_since: AwareDatetime | None
    failures: int
    """
    Attempts that failed since the last success.
    """
    is_enabled: bool
    last_success_at: AwareDatetime | None
    old_until: AwareDatetime | None
    """
    So long the former secret signs as well.
    """
    sees: list[str]
    """
    What whoever saved it last may see: it is told of nothing else.
    """
    updated_at: AwareDatetime
    url: str
    version: int
    webhook_id: UUID


class WebhookWithSecret(Model):
    """
    An endpoint with its secret, which is shown this once.
    """

    created_at: AwareDatetime
    description: str
    disabled_reason: str
    """
    Why the platform switched it off.
    """
    event_types: list[str]
    failing_since: AwareDatetime | None
    failures: int
    """
    Attempts that failed since the last success.
    """
    is_enabled: bool
    last_success_at: AwareDatetime | None
    old_until: AwareDatetime | None
    """
    So long the former secret signs as well.
    """
    secret: str
    sees: list[str]
    """
    What whoever saved it last may see: it is told of nothing else.
    """
    updated_at: AwareDatetime
    url: str
    version: int
    webhook_id: UUID


class WorkOrderAssignBody(Model):
    """
    Whom an order is given to. With both, the team owns it and the person works on it.
    """

    assignee_id: UUID | None = None
    team_id: UUID | None = None
    """
    Left out: the team stays.
    """


class WorkOrderAttachmentView(Model):
    """
    A file of an order.
    """

    added_by: str
    attachment_id: UUID
    content_type: str
    created_at: AwareDatetime
    name: str
    sha256: str
    size_bytes: int


class WorkOrderNoticeView(Model):
    """
    What the caller was told of an order.
    """

    created_at: AwareDatetime
    notice_id: UUID
    number: str
    read_at: AwareDatetime | None
    reason: str
    title: str
    work_order_id: UUID


class WorkOrderVersionView(Model):
    """
    An order as it was at a version; what was empty is left out.
    """

    order: dict[str, Any]
    version: int


class WrapUpResult(Model):
    """
    The result of one interaction, filed by its agent.
    """

    disposition: str | None = ""
    interaction_id: UUID


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


class AgentPerformanceView(Model):
    """
    What one agent's calls came to. Rates are null where they have nothing to divide by.
    """

    agent_id: UUID
    agent_number: str | None
    """
    As it is now.
    """
    answered: int
    """
    Of the dials.
    """
    connect_rate: float | None
    """
    answered / dials, 0..1.
    """
    connected: int
    """
    Of the dials: he and the called talked.
    """
    deal_rate: float | None
    """
    deals / (inbound + connected), 0..1.
    """
    deals: int
    """
    Calls whose disposition counts as success.
    """
    dials: int
    """
    Outbound calls: those that he talked in, that were dialed for him, or that he dialed. What a campaign dials ahead is nobody's until somebody talks.
    """
    display_name: str | None
    inbound: int
    """
    Inbound interactions that he had last.
    """
    numbers: list[UsedNumberView]
    """
    Most used first, 100 at most.
    """
    ring_s: float
    """
    Ringing until the answer, of all his calls.
    """
    sales: list[AgentSalesView]
    """
    By currency.
    """
    talk_average_s: float | None
    talk_s: float
    talks: int
    """
    His parts in interactions, transferred ones included.
    """


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


class AnswerView(Model):
    """
    An answer: rows in the order of the columns; money in minor units.
    """

    asked_at: AwareDatetime
    columns: list[ColumnView]
    next_cursor: str | None
    row_ids: list[str] | None
    """
    Of the source's rows; null for groups.
    """
    rows: list[list[Any]]
    total: int | None
    """
    Rows in all, when they were counted.
    """
    total_is_least: bool
    """
    There are more than that.
    """
    zone: str
    """
    Where days begin.
    """


class AssignmentRule(Model):
    """
    Which customers go to whom. The first rule that fits counts.
    """

    name: str
    shares: list[Share]
    where: list[CustomerCondition] | None = None
    """
    All of them must be so; none: every customer.
    """


class BulkBody(Model):
    """
    The same act for many orders; each succeeds or fails by itself.
    """

    act: str
    """
    What may be done to many orders.

    One of `assign`, `act`.
    """
    action: str | None = None
    """
    Of `act`: a way of the design.
    """
    assign: WorkOrderAssignBody | None = None
    """
    Of `assign`.
    """
    comment: str | None = None
    work_order_ids: list[UUID]


class BulkResult(Model):
    """
    What became of each.
    """

    done: int
    failed: int
    rows: list[BulkRow]


class CallerRule(Model):
    """
    What a caller's number changes: its longest matching prefix wins.
    """

    owner_agent_id: str | None = None
    prefix: str
    priority: int | None = None
    target: Target | None = None
    value_grade: int | None = 0
    vip: bool | None = False


class CampaignDefaultsBody(Model):
    """
    What a campaign has where it says nothing. Null: as the platform ships it.
    """

    abandonment_limit_s: float | None = None
    """
    Shipped: 2, until somebody waits too long.
    """
    caps: CapsBody | None = None
    """
    Shipped: no caps.
    """
    max_attempts: int | None = None
    """
    Shipped: 3.
    """
    min_ring_s: float | None = None
    """
    Shipped: 15.
    """
    needs_consent: bool | None = None
    """
    Shipped: false.
    """
    schedule: ScheduleBody | None = None
    """
    Shipped: at any hour.
    """
    target_abandonment: float | None = None
    """
    Shipped: 0.03, abandoned / answered.
    """
    uses_national_dnc: bool | None = None
    """
    Shipped: true.
    """


class CampaignDefaultsView(Model):
    """
    The defaults that hold. ``version`` 0: nobody has set any.
    """

    abandonment_limit_s: float | None = None
    """
    Shipped: 2, until somebody waits too long.
    """
    caps: CapsBody | None = None
    """
    Shipped: no caps.
    """
    max_attempts: int | None = None
    """
    Shipped: 3.
    """
    min_ring_s: float | None = None
    """
    Shipped: 15.
    """
    needs_consent: bool | None = None
    """
    Shipped: false.
    """
    schedule: ScheduleBody | None = None
    """
    Shipped: at any hour.
    """
    target_abandonment: float | None = None
    """
    Shipped: 0.03, abandoned / answered.
    """
    updated_at: AwareDatetime | None
    uses_national_dnc: bool | None = None
    """
    Shipped: true.
    """
    version: int


class CarePlan(Model):
    """
    Follow-ups that are made by themselves for the owners of customers (R192).
    """

    days_before_birthday: int | None = None
    every_days: int | None = None
    """
    So long after the last follow-up.
    """
    name: str
    note: str | None = ""
    where: list[CustomerCondition] | None = None
    """
    All of them must be so; none: every customer.
    """


class CategoryBody(Model):
    """
    Everything that is set on a category.
    """

    name: str
    parent_id: UUID | None = None
    """
    Null: at the top.
    """
    position: int | None = 0
    """
    Among its neighbours.
    """
    rules: Annotated[list[RuleBody] | None, Field(validate_default=True)] = []
    """
    Whom alone it lets in. Empty: whom its parent lets in.
    """


class CategoryView(Model):
    """
    A category that the caller reads.
    """

    category_id: UUID
    created_at: AwareDatetime
    may_write: bool
    name: str
    parent_id: UUID | None
    position: int
    rules: list[RuleBody] | None
    """
    For those who change the tree.
    """
    updated_at: AwareDatetime
    version: int


class CheckedDesign(Model):
    """
    What is wrong with a design; without flaws it can be used.
    """

    flaws: list[FlawView]
    is_good: bool


class ClaimBody(Model):
    """
    How many customers of the public pool one wants, and which.
    """

    customers: int | None = 1
    filter: CustomerFilter | None = None


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


class Condition(Model):
    """
    One field compared with a value.
    """

    field: str
    op: str
    """
    How a field is compared.

    Where a field has no value, ``ne``, ``not_in``, ``has_none`` and ``is_empty`` hold, no others.

    One of `eq`, `ne`, `in`, `not_in`, `lt`, `le`, `gt`, `ge`, `between`, `contains`, `starts_with`, `within`, `has_any`, `has_all`, `has_none`, `is_empty`, `is_not_empty`.
    """
    value: (
        bool
        | int
        | float
        | str
        | list[bool | int | float | str | Me]
        | Relative
        | Period
        | Me
        | None
    ) = None


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


class CustomerBody(Model):
    """
    A customer as a whole. Of the last four fields those that are left out stay as they are.
    """

    address: AddressBody | None = None
    birth_date: date_aliased | None = None
    contacts: list[ContactBody] | None = None
    data: dict[str, bool | int | float | str | list[str] | None] | None = None
    """
    Own fields, as the `customer` object defines them; without one, any texts.
    """
    emails: list[str] | None = None
    grade: str | None = None
    """
    One of the policy's grades.
    """
    intent: str | None = None
    kind: str | None = "person"
    """
    One of `person`, `company`.
    """
    language: str | None = ""
    lead_status: str | None = None
    name: str | None = ""
    numbers: list[CustomerNumberBody] | None = None
    """
    All numbers, in their order.
    """
    phone_e164: str | None = None
    """
    The primary number; needed unless `numbers` has one.
    """
    sex: str | None = None
    tags: list[str] | None = None
    time_zone: str | None = ""
    title: str | None = ""


class CustomerChange(Model):
    """
    What is to be different. A field that is left out stays; `data` is changed key by key.
    """

    address: AddressBody | None = None
    birth_date: date_aliased | None = None
    contacts: list[ContactBody] | None = None
    data: dict[str, bool | int | float | str | list[str] | None] | None = None
    """
    A null removes the key.
    """
    emails: list[str] | None = None
    grade: str | None = None
    """
    Null: not graded.
    """
    intent: str | None = None
    kind: str | None = None
    language: str | None = None
    lead_status: str | None = None
    name: str | None = None
    numbers: list[CustomerNumberBody] | None = None
    phone_e164: str | None = None
    """
    Which number is primary.
    """
    sex: str | None = None
    tags: list[str] | None = None
    time_zone: str | None = None
    title: str | None = None


class CustomerImportView(Model):
    """
    An import of customers.

    ``counts``: `read`, `created`, `updated`, `unchanged`, `skipped`, `duplicates` (in the file),
    `refused`; of an undo `removed`, `restored`, and what could not be undone: `left_changed`,
    `left_in_use`, `left_gone`. While it runs they say how far it is.
    """

    batch_number: str | None
    """
    Null for a dry run.
    """
    columns: dict[str, str]
    """
    What each header was taken for.
    """
    counts: dict[str, int]
    created_at: AwareDatetime
    created_by: UUID
    encoding: str
    errors_url: str
    failure: str
    failure_code: str
    file_name: str
    finished_at: AwareDatetime | None
    import_id: UUID
    is_dry_run: bool
    options: ImportOptions
    preview: list[PreviewRow]
    """
    The first rows of a dry run.
    """
    state: str
    """
    How far a job is.

    One of `proposed`, `waiting`, `running`, `finished`, `failed`, `cancelled`, `undoing`, `undone`.
    """


class CustomersAssignBody(Model):
    """
    Which customers go to whom. Without `from_user_id` they come from the public pool.
    """

    at_most: int | None = 1000
    """
    Of a filter.
    """
    customer_ids: list[UUID] | None = None
    """
    These; else those of `filter`.
    """
    filter: CustomerFilter | None = None
    from_anybody: bool | None = False
    """
    Whosever they are.
    """
    from_user_id: UUID | None = None
    """
    Out of this private pool.
    """
    is_dry_run: bool | None = False
    """
    Count only, and move nobody.
    """
    shares: list[Share] | None = None
    """
    One user: by hand. Several of one weight: evenly.
    """
    to: str
    """
    `shares`: as given here; `rules`: as the policy's assignment rules say.

    One of `shares`, `rules`, `public_pool`.
    """


class Day(Model):
    """
    One date that is not like its weekday: a holiday, or a make-up workday.
    """

    date: str
    like: str | None = None
    name: str | None = ""
    slots: Annotated[list[TimeSlot] | None, Field(validate_default=True)] = []


class DesignCheck(Model):
    """
    What is wrong with a draft, and whether keys of a telephone can answer it.
    """

    faults: list[FaultView]
    is_by_phone: bool


class DifferenceView(Model):
    """
    What changed from one version to another.
    """

    body: list[StretchView]
    fields: list[str]
    """
    What else than the body is different.
    """
    new: int
    old: int


class DncEntriesBody(Model):
    """
    Numbers to add; those that are there already get the new reason and expiry.
    """

    entries: list[DncRowBody]


class DuplicateGroup(Model):
    """
    Customers who are probably one.
    """

    customers: list[DuplicateView]
    """
    At most 20 of them, oldest first.
    """
    key: str
    """
    What they have in common.
    """


class DutySlot(Model):
    """
    While the calendar is open, calls go to ``target``.
    """

    calendar_id: str
    target: Target


class ErasureView(Model):
    """
    An erasure; when it is `finished` its certificate, which does not say who it was.
    """

    created_at: AwareDatetime
    customer_id: UUID
    erased: list[ErasedView]
    erased_at: AwareDatetime | None
    erased_by: UUID
    erasure_id: UUID
    failure: str
    """
    Why it failed; then nothing but leads was erased.
    """
    failure_code: str
    left: list[LeftView]
    reason: str | None
    """
    Without what names him; null until it is done.
    """
    state: str
    """
    How far a job is.

    One of `proposed`, `waiting`, `running`, `finished`, `failed`, `cancelled`, `undoing`, `undone`.
    """


class FieldModel(Model):
    """
    One field. Members that its type does not know must be left out.
    """

    currency: str | None = None
    decimals: int | None = None
    default: Any | None = None
    """
    What a new record has unless told otherwise.
    """
    expression: str | None = None
    """
    Of a formula.
    """
    group: str | None = None
    """
    The group that shows it.
    """
    help: str | None = ""
    """
    Shown beside the field.
    """
    in_pop: bool | None = True
    """
    Whether agents see it when a call arrives.
    """
    is_indexed: bool | None = False
    """
    Lists can be filtered and sorted by it.
    """
    is_unique: bool | None = False
    """
    No two records have one value.
    """
    key: str
    max: float | str | None = None
    """
    Most, or latest.
    """
    max_length: int | None = None
    min: float | str | None = None
    """
    Least number or minor units, or earliest date (a string).
    """
    min_length: int | None = None
    name_en: str
    name_zh: str | None = ""
    options: list[Option] | None = None
    order: int | None = 0
    """
    Within its group.
    """
    pattern: str | None = None
    """
    What the whole text must fit; no look-around, no back-references.
    """
    read_roles: list[str] | None = None
    """
    Who sees it. Left out: whoever sees the record.
    """
    reference: str | None = None
    reference_object_id: UUID | None = None
    required: bool | None = False
    result: str | None = None
    """
    What a formula comes to.
    """
    type: str
    """
    What a field holds, and how its value is written in JSON.

    One of `text`, `number`, `money`, `date`, `datetime`, `boolean`, `enum`, `multi_select`, `phone`, `email`, `reference`, `attachment`, `formula`.
    """
    write_roles: list[str] | None = None
    """
    Who changes it, if he sees it. Left out: whoever may change.
    """


class ForcedTransfer(Model):
    """
    Where the agent's customer is to go.
    """

    target: Target


class FoundArticleView(Model):
    """
    An article that was found.
    """

    article_id: UUID
    category_id: UUID
    language: str
    """
    The language that a text is written in.

    One of `zh`, `en`.
    """
    product: str
    score: float
    """
    Compare it within one answer only.
    """
    snippet: list[PieceView]
    state: str
    """
    Only published articles, within their validity, are shown to those who do not write.

    One of `draft`, `published`, `retired`.
    """
    tags: list[str]
    title: list[PieceView]
    updated_at: AwareDatetime


class FoundView(Model):
    """
    What was found, source by source.
    """

    items: list[HitsView]
    unfinished: list[str]
    """
    Sources that took too long to look through.
    """


class HandOverView(Model):
    """
    What a hand-over came to: all of it at once, call-backs as soon as the dialer answers.
    """

    act_id: UUID
    by_user: list[GivenView]
    callbacks: CallbackHandOverView
    follow_ups: int
    """
    Open follow-ups that are others' now. Those of customers in the public pool are his who claims them, or gets them.
    """
    has_more: bool
    """
    The filter means more than `at_most`.
    """
    is_dry_run: bool
    meant: int
    moved: int
    not_found: int
    """
    Of the given ids: there is no such customer for you.
    """
    not_moved: int
    sales_orders: HandedSalesOrdersView
    work_orders: HandedWorkOrdersView


class ImportedProduct(Model):
    """
    A product of an import. It changes the one that has its code, or is a new one.
    """

    category: str | None = None
    """
    Its name; made when missing.
    """
    code: str
    is_active: bool | None = True
    """
    false: it is sold no more.
    """
    name: str
    needs_shipping: bool | None = True
    """
    false: a service or a download.
    """
    prices: Annotated[list[ProductPrice] | None, Field(validate_default=True)] = []
    """
    Two of one currency never hold at one moment.
    """
    stock: int | None = None
    """
    null leaves it as it is.
    """
    tax_bp: int | None = 0
    """
    Basis points: 1300 is 13 %.
    """


class InboundRoute(Model):
    """
    Where calls to a number go. The first duty slot that is open wins, else the target.
    """

    calendar_id: str | None = None
    caller_rules: Annotated[list[CallerRule] | None, Field(validate_default=True)] = []
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
    caller_rules: Annotated[list[CallerRule] | None, Field(validate_default=True)] = []
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


class KeyScript(Model):
    """
    What those hear whom no agent talks to: a flow of the IVR, or sounds and keys.
    """

    flow_id: str | None = None
    key_timeout_s: float | None = 5
    keys: Annotated[list[ScriptKey] | None, Field(validate_default=True)] = []
    repeats: int | None = 1
    sounds: list[str] | None = []


class KeyScriptBody(Model):
    """
    What those hear whom no agent talks to: a flow of the IVR, or sounds and keys.
    """

    flow_id: str | None = None
    key_timeout_s: float | None = 5
    keys: Annotated[list[ScriptKeyBody] | None, Field(validate_default=True)] = []
    repeats: int | None = 1
    sounds: list[str] | None = []


class LeadBody(Model):
    """
    A party to reach. ``more_numbers`` are dialed in this order after ``phone_e164``.
    """

    data: dict[str, str] | None = None
    more_numbers: list[ListNumberBody] | None = None
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
    numbers: list[ListNumberView]
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


class ManyRecords(Model):
    """
    Records to make in one request. Each is made or refused alone.
    """

    records: list[NewRecord]


class ManyResults(Model):
    """
    What became of each row, in the order of the request.
    """

    made: int
    refused: int
    rows: list[RowResult]


class MediaReport(Model):
    """
    What media brought in a period.
    """

    begins_at: AwareDatetime
    ends_at: AwareDatetime
    group_by: str
    """
    What the report has a line for.

    One of `source`, `placement`.
    """
    items: list[MediaReportLine]


class NewProduct(Model):
    """
    A new product.
    """

    category_id: UUID | None = None
    code: str
    is_active: bool | None = True
    """
    false: it is sold no more.
    """
    name: str
    needs_shipping: bool | None = True
    """
    false: a service or a download.
    """
    prices: Annotated[list[ProductPrice] | None, Field(validate_default=True)] = []
    """
    Two of one currency never hold at one moment.
    """
    stock: int | None = None
    """
    Units to sell; null: not counted.
    """
    tax_bp: int | None = 0
    """
    Basis points: 1300 is 13 %.
    """


class NewSalesOrder(Model):
    """
    An order as it is entered, with where it came from.
    """

    campaign_id: UUID | None = None
    currency: str
    """
    ISO 4217.
    """
    customer_id: UUID | None = None
    delivery: DeliveryAddress | None = None
    dialed_e164: str | None = None
    """
    The number that the customer dialed: it tells the media source, as the interaction does when it is over.
    """
    interaction_id: UUID | None = None
    lines: list[OrderLine]
    media_source_id: UUID | None = None
    """
    null: by the dialed number.
    """
    note: str | None = ""
    order_discount: int | None = 0
    """
    Off the whole, in minor units.
    """


class ObjectView(Model):
    """
    An object, with the fields that the caller sees.
    """

    alias: str
    archived_at: AwareDatetime | None
    columns: int
    created_at: AwareDatetime
    fields: list[FieldModel]
    groups: list[Group]
    indexes: list[IndexView]
    kind: str
    """
    What an object is for.

    One of `customer`, `work_order`, `qc`, `base`, `ledger`, `operation_log`.
    """
    lists: list[QuickList]
    may: list[str]
    """
    Which of create, read, change, delete the caller may.
    """
    name: str
    object_id: UUID
    rights: Rights | None
    """
    Shown to those who may change the object.
    """
    save: str
    """
    What a second Save of one form does (R21).

    One of `once`, `repeated`.
    """
    tabs: list[Tab]
    updated_at: AwareDatetime
    version: int


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
    dispositions: str | None = "telesales"
    """
    What agents may say of calls.

    One of `telesales`, `survey`, `shipped`.
    """
    features: list[str] | None = None
    language: str | None = "en"
    """
    Of its people.

    One of `en`, `zh`.
    """
    law: str | None = "careful"
    """
    Hours, caps and attempts of its campaigns where they say nothing.

    One of `careful`, `cn`, `gb`, `us`, `none`.
    """
    name: str
    project: str | None = None
    """
    What its campaigns belong to; null: a first project in its language.
    """
    slug: str
    """
    Used at sign-in.
    """
    trunk: TrunkBody
    zone: str | None = None
    """
    Counts where the zone of a called party is not known; null: the law's.
    """


class OperationView(Model):
    """
    Something done with the rows of a querier, or proposed to be.
    """

    action: Annotated[AssignOperation | Tag | AddToList | Send, Field(discriminator="kind")]
    changed: int
    """
    Rows that were not so before.
    """
    confirmed_at: AwareDatetime | None
    created_at: AwareDatetime
    done: int
    failure: str
    failure_code: str
    finished_at: AwareDatetime | None
    operation_id: UUID
    owner_id: UUID
    querier_id: UUID
    run_id: UUID | None
    state: str
    """
    One of `proposed`, `running`, `finished`, `failed`, `expired`.
    """
    total: int
    """
    Rows that it is about.
    """


class OrderReport(Model):
    """
    Orders that were entered in a period.
    """

    begins_at: AwareDatetime
    ends_at: AwareDatetime
    group_by: str
    """
    What a report has a line for.

    One of `day`, `product`, `agent`, `media`.
    """
    items: list[OrderReportLine]
    zone: str


class OrderView(Model):
    """
    A work order. ``data`` holds the own fields that the caller may see.
    """

    actions: list[ActionView] | None = None
    """
    What the caller may do now; null in lists.
    """
    assignee_id: UUID | None
    business_type_id: UUID
    created_at: AwareDatetime
    created_by: UUID | None
    customer_id: UUID | None
    customer_name: str
    data: dict[str, Any]
    description: str
    design_id: UUID
    design_version: int
    interaction_id: UUID | None
    kind: str
    """
    What a customer comes with (R206).

    One of `consultation`, `complaint`, `suggestion`, `fault_report`, `reservation`, `other`.
    """
    milestones: list[str]
    number: str
    participant_ids: list[UUID]
    phone_e164: str | None
    priority: int
    promises: dict[str, PromiseView]
    resolution_breached_at: AwareDatetime | None
    resolution_due_at: AwareDatetime | None
    resolved_at: AwareDatetime | None
    responded_at: AwareDatetime | None
    response_breached_at: AwareDatetime | None
    response_due_at: AwareDatetime | None
    source: str
    """
    How an order came to be.

    One of `hand`, `interaction`, `api`.
    """
    step: str
    step_kind: str
    """
    What it means to be in a step.

    One of `open`, `waiting`, `done`, `cancelled`.
    """
    step_since: AwareDatetime
    team_id: UUID | None
    times_reopened: int
    title: str
    updated_at: AwareDatetime
    version: int
    work_order_id: UUID


class PageAgentProfileView(Model):
    items: list[AgentProfileView]
    next_cursor: str | None = None


class PageCategoryView(Model):
    items: list[CategoryView]
    next_cursor: str | None = None


class PageCustomerImportView(Model):
    items: list[CustomerImportView]
    next_cursor: str | None = None


class PageDuplicateGroup(Model):
    items: list[DuplicateGroup]
    next_cursor: str | None = None


class PageFoundArticleView(Model):
    items: list[FoundArticleView]
    next_cursor: str | None = None


class PageInboundRouteView(Model):
    items: list[InboundRouteView]
    next_cursor: str | None = None


class PageOperationView(Model):
    items: list[OperationView]
    next_cursor: str | None = None


class PageOrderView(Model):
    items: list[OrderView]
    next_cursor: str | None = None


class PagePermissionView(Model):
    items: list[PermissionView]
    next_cursor: str | None = None


class PagePlacementView(Model):
    items: list[PlacementView]
    next_cursor: str | None = None


class PageProductCategoryView(Model):
    items: list[ProductCategoryView]
    next_cursor: str | None = None


class PageProductView(Model):
    items: list[ProductView]
    next_cursor: str | None = None


class PageProjectView(Model):
    items: list[ProjectView]
    next_cursor: str | None = None


class PageProviderView(Model):
    items: list[ProviderView]
    next_cursor: str | None = None


class PageQuestionnaireRunSummary(Model):
    items: list[QuestionnaireRunSummary]
    next_cursor: str | None = None


class PageQuestionnaireSummary(Model):
    items: list[QuestionnaireSummary]
    next_cursor: str | None = None


class PageReceiptView(Model):
    items: list[ReceiptView]
    next_cursor: str | None = None


class PageRecordChangeView(Model):
    items: list[RecordChangeView]
    next_cursor: str | None = None


class PageRecordView(Model):
    items: list[RecordView]
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


class PageSalesOrderSummary(Model):
    items: list[SalesOrderSummary]
    next_cursor: str | None = None


class PageScreenedNumber(Model):
    items: list[ScreenedNumber]
    next_cursor: str | None = None


class PageScriptItem(Model):
    items: list[ScriptItem]
    next_cursor: str | None = None


class PageScriptVersionItem(Model):
    items: list[ScriptVersionItem]
    next_cursor: str | None = None


class PageSessionView(Model):
    items: list[SessionView]
    next_cursor: str | None = None


class PageSkillView(Model):
    items: list[SkillView]
    next_cursor: str | None = None


class PageSourceView(Model):
    items: list[SourceView]
    next_cursor: str | None = None


class PageSuggestionView(Model):
    items: list[SuggestionView]
    next_cursor: str | None = None


class PageTeamMemberView(Model):
    items: list[TeamMemberView]
    next_cursor: str | None = None


class PageTeamMoveView(Model):
    items: list[TeamMoveView]
    next_cursor: str | None = None


class PageTeamView(Model):
    items: list[TeamView]
    next_cursor: str | None = None


class PageTenantView(Model):
    items: list[TenantView]
    next_cursor: str | None = None


class PageTenantWarningView(Model):
    items: list[TenantWarningView]
    next_cursor: str | None = None


class PageTombstoneView(Model):
    items: list[TombstoneView]
    next_cursor: str | None = None


class PageTrunkView(Model):
    items: list[TrunkView]
    next_cursor: str | None = None


class PageTypeView(Model):
    items: list[TypeView]
    next_cursor: str | None = None


class PageUserView(Model):
    items: list[UserView]
    next_cursor: str | None = None


class PageVersionItem(Model):
    items: list[VersionItem]
    next_cursor: str | None = None


class PageVirtualOperatorView(Model):
    items: list[VirtualOperatorView]
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


class PageWebhookView(Model):
    items: list[WebhookView]
    next_cursor: str | None = None


class PageWorkOrderNoticeView(Model):
    items: list[WorkOrderNoticeView]
    next_cursor: str | None = None


class PolicyBody(Model):
    """
    The whole policy.
    """

    agents_may_claim: bool | None = False
    """
    From the public pool, for oneself.
    """
    assignment: list[AssignmentRule] | None = None
    care: list[CarePlan] | None = None
    claim_at_once: int | None = 20
    claim_cap: int | None = 200
    """
    Who has so many claims no more.
    """
    grade_daily: bool | None = False
    """
    Whether grading runs once a day.
    """
    grades: list[str] | None = None
    """
    Best first.
    """
    grading: list[GradingRule] | None = None
    reclaim: list[ReclaimRule] | None = None
    return_on_leaving: bool | None = True
    """
    Whether a disabled user's customers go to the public pool.
    """


class PolicyView(Model):
    """
    The policy that holds.
    """

    agents_may_claim: bool | None = False
    """
    From the public pool, for oneself.
    """
    assignment: list[AssignmentRule] | None = None
    care: list[CarePlan] | None = None
    claim_at_once: int | None = 20
    claim_cap: int | None = 200
    """
    Who has so many claims no more.
    """
    grade_daily: bool | None = False
    """
    Whether grading runs once a day.
    """
    graded_at: AwareDatetime | None
    """
    When grading ran by itself last.
    """
    grades: list[str] | None = None
    """
    Best first.
    """
    grading: list[GradingRule] | None = None
    reclaim: list[ReclaimRule] | None = None
    return_on_leaving: bool | None = True
    """
    Whether a disabled user's customers go to the public pool.
    """
    version: int


class PopView(Model):
    """
    All that an agent's screen needs when an interaction arrives.
    """

    attached: list[AttachedView]
    bound_by: str | None
    """
    Which binding decided; null: there is none.
    """
    customer_form: ObjectView | None
    """
    How customers' own fields are shown.
    """
    customers: list[PopCustomer]
    """
    Best first; at most ten.
    """
    forms: list[ObjectView]
    """
    Work orders to choose from; the first one pops.
    """
    panels: list[str]
    """
    What else the screen shows, in this order.
    """


class PrefillView(Model):
    """
    What is known of who calls: the fields of a new order, and the orders that he has.
    """

    customer_id: UUID | None
    customer_name: str
    data: dict[str, Any]
    interaction_id: UUID | None
    phone_e164: str | None
    recent: list[OrderView]


class ProductBody(Model):
    """
    A product as a whole, without its stock.
    """

    category_id: UUID | None = None
    code: str
    is_active: bool | None = True
    """
    false: it is sold no more.
    """
    name: str
    needs_shipping: bool | None = True
    """
    false: a service or a download.
    """
    prices: Annotated[list[ProductPrice] | None, Field(validate_default=True)] = []
    """
    Two of one currency never hold at one moment.
    """
    tax_bp: int | None = 0
    """
    Basis points: 1300 is 13 %.
    """


class ProductImport(Model):
    """
    Many products at once.
    """

    products: list[ImportedProduct]


class QuerierScheduleBody(Model):
    """
    When a querier is asked by itself, and what happens when it finds enough.
    """

    action: AssignOperation | Tag | AddToList | Send | None = None
    """
    Done when the trigger is reached.
    """
    at_least: int | None = 0
    """
    The trigger: so many rows. 0: always.
    """
    at_time: str | None = None
    every_minutes: int | None = None
    is_enabled: bool | None = True
    weekdays: list[int] | None = None
    """
    1 is Monday; none: every day.
    """
    zone: str | None = None
    """
    Left out: the enterprise's.
    """


class QuestionnaireBody(Model):
    """
    A questionnaire as it is being designed; asked are its published versions only.
    """

    design: QuestionnaireDesign
    name: str


class RecentView(Model):
    """
    What happened lately, newest first. A part is null for who may not read it.
    """

    interactions: list[RecentInteraction] | None
    sales_orders: list[RecentSalesOrder] | None
    work_orders: list[RecentWorkOrder] | None
    """
    Open ones that concern the caller.
    """


class RenderedPage(Model):
    """
    A page as the agent says it to this customer.
    """

    answers: list[ScriptAnswerView]
    html: str
    """
    The same as HTML; values stand in <b>, nothing else is markup.
    """
    missing: list[str]
    """
    Variables without a value; a default stands there.
    """
    page: str
    text: str
    """
    Plain text.
    """
    title: str


class RenderedScript(Model):
    """
    A script as it is said in this call.
    """

    customer_id: UUID | None
    """
    Whose values stand in it.
    """
    language: str
    """
    The language that a text is written in.

    One of `zh`, `en`.
    """
    name: str
    pages: list[RenderedPage]
    script_id: UUID
    start: str
    version: int


class Ring(Model):
    """
    From ``after_s`` of waiting on, these needs replace those before.
    """

    after_s: float
    needs: Annotated[list[SkillNeed] | None, Field(validate_default=True)] = []


class ScheduleView(Model):
    """
    When a querier is asked by itself: with the rights of the schedule's owner.
    """

    action: AssignOperation | Tag | AddToList | Send | None
    at_least: int
    at_time: str | None
    created_at: AwareDatetime
    every_minutes: int | None
    is_enabled: bool
    next_run_at: AwareDatetime
    owner_id: UUID
    paused_code: str
    """
    Why it stopped by itself, else empty: save it when the querier is repaired.
    """
    paused_reason: str
    querier_id: UUID
    schedule_id: UUID
    updated_at: AwareDatetime
    version: int
    weekdays: list[int]
    zone: str


class ShipmentView(Model):
    """
    A parcel.
    """

    booked_by: UUID
    carrier: str
    delivered_at: AwareDatetime | None
    lines: list[ShippedUnits]
    shipment_id: UUID
    shipped_at: AwareDatetime
    tracking: str


class Step(Model):
    """
    Where an order is. ``milestone`` is counted in reports: an order reaches it once.
    """

    assign: Assign | None = None
    """
    Applied when an order comes here.
    """
    key: str
    kind: str | None = "open"
    """
    What it means to be in a step.

    One of `open`, `waiting`, `done`, `cancelled`.
    """
    milestone: str | None = ""
    name_en: str
    name_zh: str | None = ""
    tell: Annotated[list[Party] | None, Field(validate_default=True)] = []
    timers: Annotated[list[Timer] | None, Field(validate_default=True)] = []


class Summary(Model):
    """
    Figures of the orders that were made in a period and concern the caller.
    """

    begins_at: AwareDatetime
    ends_at: AwareDatetime
    group_by: str
    """
    What a line of the summary is about.

    One of `all`, `business_type`, `step`, `assignee`, `team`, `creator`.
    """
    lines: list[SummaryLine]


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


class TypeBody(Model):
    """
    A business type as a whole.
    """

    design_id: UUID
    is_active: bool | None = True
    """
    Whether orders of it can be made.
    """
    kind: str
    """
    What a customer comes with (R206).

    One of `consultation`, `complaint`, `suggestion`, `fault_report`, `reservation`, `other`.
    """
    name_en: str
    name_zh: str | None = ""
    object_id: UUID | None = None
    """
    The object of the kind work_order whose fields orders have.
    """
    rules: TypeRules | None = None


class Abandonment(Model):
    """
    A campaign's abandonment against its cap.
    """

    campaign_id: UUID
    cap: float
    days: list[AbandonmentDay]
    zone: str


class AgentPerformanceReport(Model):
    """
    Agents' performance in a period, most calls first; 2,000 agents at most.
    """

    begins_at: AwareDatetime
    ends_at: AwareDatetime
    items: list[AgentPerformanceView]


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
    script: KeyScriptBody | None = None
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
    script: KeyScript | None = None
    started_at: AwareDatetime | None
    state: str
    """
    Where a campaign is in its life.

    One of `draft`, `running`, `paused`, `stopped`, `finished`.
    """
    state_reason: str
    """
    Why it is paused or finished, when nobody of the enterprise did it.
    """
    target_abandonment: float | None = 0.03
    team_ids: list[str] | None = []
    trunk_id: str
    uses_national_dnc: bool | None = True
    version: int
    wrap_up_s: float | None = 30


class ChangeAct(Model):
    """
    Set the same fields of all of them. Numbers are each customer's own: they stay.
    """

    change: CustomerChange
    kind: Literal["change"]


class Definition(Model):
    """
    An object as its administrator defines it. Everything but its id and its version.
    """

    alias: str | None = ""
    """
    What pages call it (别名).
    """
    columns: int | None = 2
    """
    Columns of fields on a page.
    """
    fields: list[FieldModel]
    groups: list[Group] | None = None
    kind: str
    """
    What an object is for.

    One of `customer`, `work_order`, `qc`, `base`, `ledger`, `operation_log`.
    """
    lists: list[QuickList] | None = None
    """
    What people page through far. Others are right as well, and slower.
    """
    name: str
    rights: Rights | None = None
    save: str | None = "repeated"
    """
    What a second Save of one form does (R21).

    One of `once`, `repeated`.
    """
    tabs: list[Tab] | None = None
    """
    None: one page.
    """


class Design(Model):
    """
    A state machine of work orders.
    """

    reopen_to: str | None = None
    """
    Where an order goes that is opened again; none: to the start.
    """
    start: str
    steps: list[Step]
    transitions: list[Transition]


class DesignBody(Model):
    """
    A design with its name.
    """

    design: Design
    name_en: str
    name_zh: str | None = ""


class DesignVersionView(Model):
    """
    A design as it was.
    """

    created_at: AwareDatetime
    created_by: str
    design: Design
    design_version: int


class DesignView(Model):
    """
    A design as it is now. ``design_version`` grows when its steps change, ``version`` always.
    """

    created_at: AwareDatetime
    design: Design
    design_id: UUID
    design_version: int
    name_en: str
    name_zh: str
    open_orders: int
    updated_at: AwareDatetime
    version: int


class ObjectVersionView(Model):
    """
    One version of an object, as it was defined.
    """

    changed_at: AwareDatetime
    changed_by: UUID
    definition: Definition
    version: int


class PageCalendarView(Model):
    items: list[CalendarView]
    next_cursor: str | None = None


class PageCampaignView(Model):
    items: list[CampaignView]
    next_cursor: str | None = None


class PageDesignVersionView(Model):
    items: list[DesignVersionView]
    next_cursor: str | None = None


class PageDesignView(Model):
    items: list[DesignView]
    next_cursor: str | None = None


class PageScheduleView(Model):
    items: list[ScheduleView]
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


class SalesOrderView(Model):
    """
    An order with its lines and books. ``due`` below zero is to be paid back.
    """

    agent_id: UUID
    """
    Who sold it, for ever.
    """
    campaign_id: UUID | None
    cancel_reason: str
    cancelled_at: AwareDatetime | None
    completed_at: AwareDatetime | None
    created_at: AwareDatetime
    currency: str
    customer_id: UUID | None
    delivery: DeliveryAddress | None
    dialed_e164: str | None
    discount: int
    due: int
    interaction_id: UUID | None
    lines: list[OrderLineView]
    list_amount: int
    media_source_id: UUID | None
    net: int
    note: str
    order_discount: int
    order_id: UUID
    order_number: str
    owner_id: UUID | None
    """
    Who looks after it: who sold it, until it is handed over. null: nobody in particular; whoever gets the customer gets it.
    """
    payment_state: str
    """
    What the books say about the money.

    One of `unpaid`, `part_paid`, `paid`, `refund_due`, `refunded`.
    """
    payments: list[PaymentView]
    placement_id: UUID | None
    prices_include_tax: bool
    received: int
    refunded: int
    shipment_state: str
    """
    What the books say about the goods.

    One of `not_needed`, `not_shipped`, `part_shipped`, `shipped`, `delivered`, `part_returned`, `returned`.
    """
    shipments: list[ShipmentView]
    shipped_at: AwareDatetime | None
    """
    When shipping was completed.
    """
    state: str
    """
    How far an order is.

    One of `new`, `processing`, `completed`, `returned`, `cancelled`.
    """
    tax: int
    total: int
    """
    What the customer pays, in minor units.
    """
    updated_at: AwareDatetime
    version: int


class BulkActBody(Model):
    """
    Which customers, and what becomes of them.
    """

    act: Annotated[DeleteAct | ChangeAct | TagAct | AssignAct, Field(discriminator="kind")]
    filter: CustomerFilter
    """
    Nothing given: all customers.
    """


class BulkActView(Model):
    """
    An act on many customers. Nothing happens until it is confirmed with its ``token``.

    ``counts``: `meant`, and while it runs `done`, `unchanged`, `left_in_use`.
    """

    act: Annotated[DeleteAct | ChangeAct | TagAct | AssignAct, Field(discriminator="kind")]
    bulk_act_id: UUID
    counts: dict[str, int]
    created_at: AwareDatetime
    created_by: UUID
    failure: str
    failure_code: str
    filter: CustomerFilter
    finished_at: AwareDatetime | None
    state: str
    """
    How far a job is.

    One of `proposed`, `waiting`, `running`, `finished`, `failed`, `cancelled`, `undoing`, `undone`.
    """
    token: str | None
    """
    Null once it is confirmed.
    """


class PageBulkActView(Model):
    items: list[BulkActView]
    next_cursor: str | None = None


class PageQueueView(Model):
    items: list[QueueView]
    next_cursor: str | None = None


class AggregateInput(Model):
    """
    One figure of each group. ``share`` counts rows, or sums the field.
    """

    field: str | None = None
    function: str
    """
    What is computed of the rows of a group.

    One of `count`, `count_distinct`, `sum`, `avg`, `min`, `max`, `share`.
    """
    label: str | None = ""
    name: str
    of: Condition | AllOfInput | AnyOfInput | NotInput | RelatedInput | None = None
    """
    Of a share: the whole. Left out: all.
    """
    where: Condition | AllOfInput | AnyOfInput | NotInput | RelatedInput | None = None
    """
    Only these rows count.
    """


class AggregateOutput(Model):
    """
    One figure of each group. ``share`` counts rows, or sums the field.
    """

    field: str | None = None
    function: str
    """
    What is computed of the rows of a group.

    One of `count`, `count_distinct`, `sum`, `avg`, `min`, `max`, `share`.
    """
    label: str | None = ""
    name: str
    of: Condition | AllOfOutput | AnyOfOutput | NotOutput | RelatedOutput | None = None
    """
    Of a share: the whole. Left out: all.
    """
    where: Condition | AllOfOutput | AnyOfOutput | NotOutput | RelatedOutput | None = None
    """
    Only these rows count.
    """


class AllOfInput(Model):
    """
    Everything of it holds; of nothing, that is so.
    """

    all: list[Condition | AllOfInput | AnyOfInput | NotInput | RelatedInput]


class AllOfOutput(Model):
    """
    Everything of it holds; of nothing, that is so.
    """

    all: list[Condition | AllOfOutput | AnyOfOutput | NotOutput | RelatedOutput]


class AnyOfInput(Model):
    """
    Something of it holds; of nothing, that is never so.
    """

    any: list[Condition | AllOfInput | AnyOfInput | NotInput | RelatedInput]


class AnyOfOutput(Model):
    """
    Something of it holds; of nothing, that is never so.
    """

    any: list[Condition | AllOfOutput | AnyOfOutput | NotOutput | RelatedOutput]


class NotInput(Model):
    """
    It does not hold.
    """

    not_: Annotated[
        Condition | AllOfInput | AnyOfInput | NotInput | RelatedInput,
        Field(alias="not"),
    ]


class NotOutput(Model):
    """
    It does not hold.
    """

    not_: Annotated[
        Condition | AllOfOutput | AnyOfOutput | NotOutput | RelatedOutput,
        Field(alias="not"),
    ]


class OperationBody(Model):
    """
    What is to be done with the rows.
    """

    action: Annotated[AssignOperation | Tag | AddToList | Send, Field(discriminator="kind")]
    where: Condition | AllOfInput | AnyOfInput | NotInput | RelatedInput | None = None
    """
    What must hold besides.
    """


class PageQuerierView(Model):
    items: list[QuerierView]
    next_cursor: str | None = None


class PageTemplateView(Model):
    items: list[TemplateView]
    next_cursor: str | None = None


class PreviewBody(Model):
    """
    A question that is not saved.
    """

    cursor: str | None = None
    limit: int | None = 100
    query: QueryInput
    where: Condition | AllOfInput | AnyOfInput | NotInput | RelatedInput | None = None
    """
    What must hold besides.
    """
    with_total: bool | None = False
    """
    Count all rows, up to 10,000.
    """


class ProblemsBody(Model):
    """
    Which texts are put together by what they speak of.
    """

    field: str
    """
    A text field of the source.
    """
    limit: int | None = 20
    query: QueryInput
    """
    Its rows; the first 2,000 are read.
    """


class QuerierBody(Model):
    """
    A saved question, and who else may ask it: everybody with his own rights.
    """

    description: str | None = ""
    name: str
    query: QueryInput
    shared_roles: list[str] | None = None
    """
    Shipped roles, or ids of own ones.
    """
    shared_team_ids: list[UUID] | None = None
    """
    Teams with all that is below them.
    """


class QuerierView(Model):
    """
    A saved question.
    """

    created_at: AwareDatetime
    description: str
    name: str
    owner_id: UUID
    querier_id: UUID
    query: QueryOutput | None
    """
    Null when it cannot be read: it needs repair.
    """
    repair: str
    """
    What to do when it needs repair, else empty.
    """
    shared_roles: list[str]
    shared_team_ids: list[UUID]
    state: str
    """
    Whether the caller can ask it. A field may be gone, or hidden from him.

    One of `ready`, `needs_repair`.
    """
    template: str | None
    """
    The shipped one that it was made from.
    """
    updated_at: AwareDatetime
    version: int


class QueryInput(Model):
    """
    A question. With groups or aggregates its rows are groups, otherwise rows of the source.
    """

    aggregates: Annotated[list[AggregateInput] | None, Field(validate_default=True)] = []
    columns: Annotated[list[Column] | None, Field(validate_default=True)] = []
    groups: Annotated[list[GroupBy] | None, Field(validate_default=True)] = []
    having: Annotated[list[Having] | None, Field(validate_default=True)] = []
    limit: int | None = None
    """
    Only so many of the first rows.
    """
    sort: Annotated[list[Sort] | None, Field(validate_default=True)] = []
    source: str
    where: Condition | AllOfInput | AnyOfInput | NotInput | RelatedInput | None = None


class QueryOutput(Model):
    """
    A question. With groups or aggregates its rows are groups, otherwise rows of the source.
    """

    aggregates: Annotated[list[AggregateOutput] | None, Field(validate_default=True)] = []
    columns: Annotated[list[Column] | None, Field(validate_default=True)] = []
    groups: Annotated[list[GroupBy] | None, Field(validate_default=True)] = []
    having: Annotated[list[Having] | None, Field(validate_default=True)] = []
    limit: int | None = None
    """
    Only so many of the first rows.
    """
    sort: Annotated[list[Sort] | None, Field(validate_default=True)] = []
    source: str
    where: Condition | AllOfOutput | AnyOfOutput | NotOutput | RelatedOutput | None = None


class RelatedInput(Model):
    """
    There are rows of another source that refer to this one.
    """

    at_least: int | None = 1
    by: str
    """
    The reference by which they do.
    """
    related: str
    where: Condition | AllOfInput | AnyOfInput | NotInput | RelatedInput | None = None


class RelatedOutput(Model):
    """
    There are rows of another source that refer to this one.
    """

    at_least: int | None = 1
    by: str
    """
    The reference by which they do.
    """
    related: str
    where: Condition | AllOfOutput | AnyOfOutput | NotOutput | RelatedOutput | None = None


class RunBody(Model):
    """
    How a question is asked now.
    """

    cursor: str | None = None
    limit: int | None = 100
    where: Condition | AllOfInput | AnyOfInput | NotInput | RelatedInput | None = None
    """
    What must hold besides.
    """
    with_total: bool | None = False
    """
    Count all rows, up to 10,000.
    """


class TemplateView(Model):
    """
    A shipped querier that can be imported.
    """

    description: str
    is_usable: bool
    """
    Whether the caller may ask all that it asks.
    """
    name_en: str
    name_zh: str
    query: QueryOutput
    shared_roles: list[str]
    template: str


AggregateInput.model_rebuild()
AggregateOutput.model_rebuild()
AllOfInput.model_rebuild()
AllOfOutput.model_rebuild()
AnyOfInput.model_rebuild()
AnyOfOutput.model_rebuild()
NotInput.model_rebuild()
NotOutput.model_rebuild()
OperationBody.model_rebuild()
PageQuerierView.model_rebuild()
PageTemplateView.model_rebuild()
PreviewBody.model_rebuild()
ProblemsBody.model_rebuild()
QuerierBody.model_rebuild()
QuerierView.model_rebuild()
QueryInput.model_rebuild()
QueryOutput.model_rebuild()
RelatedInput.model_rebuild()
RelatedOutput.model_rebuild()
