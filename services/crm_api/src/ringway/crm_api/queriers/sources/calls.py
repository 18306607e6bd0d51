"""Interactions, their segments, attempts, campaigns: what the telephone did."""

from __future__ import annotations

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.queriers.catalogue import (
    FieldKind,
    Fragment,
    Reference,
    Source,
    fields_of,
    references_of,
)
from ringway.crm_api.features import Feature
from ringway.crm_api.queriers.sources.making import field, own
from ringway.runtime.postgres import Connection

_K = FieldKind
_P = Permission
_DIRECTIONS = ("inbound", "outbound", "internal")
# The party that is not ours.
_PARTY = "CASE {t}.direction WHEN 'inbound' THEN {t}.caller ELSE {t}.called END"
_OF_PARTY = (
    "{r}.customer_id IN (SELECT n.customer_id FROM crm.customer_number n "  # noqa: S608 - constants
    f"WHERE n.tenant_id = {{t}}.tenant_id AND n.phone_e164 = {_PARTY})"
)
_NUMBERS = (
    "ANY (ARRAY(SELECT n.phone_e164 FROM crm.customer_number n "
    "WHERE n.tenant_id = {r}.tenant_id AND n.customer_id = {r}.customer_id))"
)
_OF_CUSTOMER = (
    f"({{t}}.direction = 'inbound' AND {{t}}.caller = {_NUMBERS}) "
    f"OR ({{t}}.direction <> 'inbound' AND {{t}}.called = {_NUMBERS})"
)
_HAD = (
    "{t}.agent_id = {0}::uuid OR EXISTS (SELECT 1 FROM crm.interaction_segment s "
    "WHERE s.tenant_id = {t}.tenant_id AND s.interaction_id = {t}.interaction_id "
    "AND s.agent_id = {0}::uuid)"
)
_INTERACTION = fields_of(
    field("interaction_id", _K.ID, "Interaction", "通话编号"),
    field("direction", _K.TEXT, "Direction", "方向", options=_DIRECTIONS),
    field("caller", _K.TEXT, "Caller", "主叫"),
    field("called", _K.TEXT, "Called", "被叫"),
    field("party", _K.TEXT, "Customer's number", "客户号码", sql=f"({_PARTY})"),
    field("agent_id", _K.ID, "Agent's id", "坐席编号"),
    field("agent_number", _K.TEXT, "Agent number", "工号"),
    field("campaign_id", _K.ID, "Campaign's id", "任务编号"),
    field("queue_id", _K.TEXT, "Queue", "技能组"),
    field("started_at", _K.TIME, "Began", "开始时间"),
    field("answered_at", _K.TIME, "Answered", "接听时间"),
    field("connected_at", _K.TIME, "With an agent from", "接通坐席时间"),
    field("ended_at", _K.TIME, "Ended", "结束时间"),
    field(
        "at", _K.TIME, "Time", "时间",
        sql="coalesce({t}.answered_at, {t}.started_at, {t}.connected_at, {t}.ended_at)",
    ),
    field("ring_s", _K.NUMBER, "Ringing, s", "振铃秒数"),
    field("wait_s", _K.NUMBER, "Waiting, s", "等待秒数"),
    field("talk_s", _K.NUMBER, "Talk, s", "通话秒数"),
    field("held_s", _K.NUMBER, "On hold, s", "保持秒数"),
    field("wrap_up_s", _K.NUMBER, "Wrap-up, s", "话后秒数"),
    field(
        "is_connected", _K.BOOLEAN, "Had an agent", "已接通",
        sql="({t}.connected_at IS NOT NULL)",
    ),
    field("disposition", _K.TEXT, "How it went", "结果"),
    field("agent_disposition", _K.TEXT, "Agent's outcome", "坐席小结"),
    field("is_success", _K.BOOLEAN, "Counts as success", "成交", sql=(
        "EXISTS (SELECT 1 FROM dialer.disposition_v d WHERE d.tenant_id = {t}.tenant_id "
        "AND d.code = {t}.agent_disposition AND (d.disposition ->> 'counts_as_success')::boolean)"
    )),
    field("outcome", _K.TEXT, "Ended without an agent", "无坐席结局"),
    field("hung_up_by", _K.TEXT, "Hung up by", "挂断方"),
    field("cause_q850", _K.INTEGER, "Cause (Q.850)", "挂断原因"),
    field("transfers", _K.INTEGER, "Transfers", "转接次数"),
    field("consults", _K.INTEGER, "Consultations", "咨询次数"),
    field("rating", _K.INTEGER, "Rating", "评分"),
    field("has_recording", _K.BOOLEAN, "Recorded", "有录音", sql="({t}.recording_id IS NOT NULL)"),
    field("is_live", _K.BOOLEAN, "Going on", "进行中"),
)  # fmt: skip
_SEGMENT = fields_of(
    field("interaction_id", _K.ID, "Interaction", "通话编号"),
    field(
        "segment_key", _K.TEXT, "Segment", "分段",
        sql="({t}.interaction_id || '.' || {t}.segment)",
    ),
    field("agent_id", _K.ID, "Agent's id", "坐席编号"),
    field("connected_at", _K.TIME, "From", "开始"),
    field("disconnected_at", _K.TIME, "Until", "结束"),
    field("talk_s", _K.NUMBER, "Talk, s", "通话秒数"),
    field("held_s", _K.NUMBER, "On hold, s", "保持秒数"),
    field("wrap_up_s", _K.NUMBER, "Wrap-up, s", "话后秒数"),
    field("is_last", _K.BOOLEAN, "Last agent", "最后坐席"),
)  # fmt: skip
_ATTEMPT = fields_of(
    field("attempt_id", _K.ID, "Attempt", "呼叫编号"),
    field("campaign_id", _K.TEXT, "Campaign's id", "任务编号"),
    field("list_id", _K.TEXT, "List's id", "号单编号"),
    field("lead_id", _K.TEXT, "Lead's id", "名单编号"),
    field("attempt_no", _K.INTEGER, "Number of the attempt", "第几次"),
    field("phone_e164", _K.TEXT, "Number", "号码"),
    field("caller_id", _K.TEXT, "Shown number", "外显号码"),
    field("mode", _K.TEXT, "Mode", "模式"),
    field("claimed_at", _K.TIME, "Chosen", "选取时间"),
    field("started_at", _K.TIME, "Dialed", "拨打时间"),
    field("answered_at", _K.TIME, "Answered", "接听时间"),
    field("ended_at", _K.TIME, "Ended", "结束时间"),
    field("is_answered", _K.BOOLEAN, "Was answered", "已接听", sql="({t}.answered_at IS NOT NULL)"),
    field("disposition", _K.TEXT, "How it went", "结果"),
    field("cause_q850", _K.INTEGER, "Cause (Q.850)", "挂断原因"),
    field("answerer", _K.TEXT, "Who answered", "应答方"),
    field("number_state", _K.TEXT, "State of the number", "号码状态"),
    field("agent_id", _K.TEXT, "Agent's id", "坐席编号"),
)  # fmt: skip
_CAMPAIGN = fields_of(
    field("campaign_id", _K.TEXT, "Campaign's id", "任务编号"),
    field("name", _K.TEXT, "Campaign", "任务"),
    field("project", _K.TEXT, "Project", "项目"),
    field("state", _K.TEXT, "State", "状态"),
    field("mode", _K.TEXT, "Mode", "模式"),
    field("created_at", _K.TIME, "Created", "创建时间"),
)
_AGENT = Reference("agent", "agents", "Agent", "{r}.user_id = {t}.agent_id", "坐席")


async def sources(conn: Connection, caller: Caller) -> list[Source]:
    """Return what of calls the caller may ask: without INTERACTIONS_ALL his own."""
    found = []
    if caller.may(_P.INTERACTIONS_READ):
        scope = None if caller.may(_P.INTERACTIONS_ALL) else Fragment(_HAD, (caller.user_id,))
        found += [_interactions(scope), _segments(own(caller, _P.INTERACTIONS_ALL, "agent_id"))]
    if Feature.OUTBOUND in caller.features_off:
        return found
    if caller.may(_P.INTERACTIONS_READ):
        found.append(_attempts(own(caller, _P.INTERACTIONS_ALL, "agent_id", "text")))
    if caller.may(_P.CAMPAIGNS_READ):
        found.append(
            Source(
                name="campaigns",
                label_en="Campaigns",
                label_zh="任务",
                table="dialer.campaign_name_v",
                key="campaign_id",
                fields=_CAMPAIGN,
                search=("name",),
                title=("name", "state"),
                newest="created_at",
            )
        )
    return found


def _interactions(scope: Fragment | None) -> Source:
    campaign = "{r}.campaign_id = {t}.campaign_id::text"
    customer = Reference(
        "customer", "customers", "Customer", _OF_PARTY, "客户", is_key=False, back=_OF_CUSTOMER
    )
    return Source(
        name="interactions",
        label_en="Interactions",
        label_zh="通话",
        table="crm.interaction",
        key="interaction_id",
        fields=_INTERACTION,
        references=references_of(
            _AGENT, customer, Reference("campaign", "campaigns", "Campaign", campaign, "任务")
        ),
        scope=scope,
        search=("caller", "called"),
        title=("at", "direction", "caller", "called", "disposition"),
        newest="interaction_id",
    )


def _segments(scope: Fragment | None) -> Source:
    interaction = "{r}.interaction_id = {t}.interaction_id"
    return Source(
        name="segments",
        label_en="Agents' parts in interactions",
        label_zh="通话分段",
        table="crm.interaction_segment",
        key="segment_key",
        fields=_SEGMENT,
        references=references_of(
            _AGENT, Reference("interaction", "interactions", "Interaction", interaction, "通话")
        ),
        scope=scope,
    )


def _attempts(scope: Fragment | None) -> Source:
    return Source(
        name="attempts",
        label_en="Attempts",
        label_zh="外呼",
        table="dialer.attempt_v",
        key="attempt_id",
        fields=_ATTEMPT,
        references=references_of(
            Reference("agent", "agents", "Agent", "{r}.user_id::text = {t}.agent_id", "坐席"),
            Reference(
                "campaign", "campaigns", "Campaign", "{r}.campaign_id = {t}.campaign_id", "任务"
            ),
            Reference(
                "interaction",
                "interactions",
                "Interaction",
                "{r}.interaction_id = {t}.interaction_id",
                "通话",
            ),
        ),
        scope=scope,
        search=("phone_e164",),
        title=("started_at", "phone_e164", "disposition"),
        newest="attempt_id",
    )
