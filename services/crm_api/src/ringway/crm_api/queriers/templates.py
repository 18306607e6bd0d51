"""Queriers that are shipped (R27, R28). An enterprise imports those that it wants."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from ringway.crm_api.access import Role
from ringway.crm_api.core.queriers.query import Query

_TODAY = {"relative": "today"}
_WEEK = {"relative": "last_days", "n": 7}
_AGENTS = (Role.AGENT, Role.TEAM_LEADER)
_LEADERS = (Role.TEAM_LEADER,)
_WORKING = {"field": "previous", "op": "in", "value": ["talking", "hold", "wrap_up"]}
_SIGNED_IN = {"field": "previous", "op": "ne", "value": "logged_out"}


@dataclass(frozen=True, slots=True)
class Template:
    """One shipped querier, and with which roles an imported one is shared."""

    template: str
    name_en: str
    name_zh: str
    description: str
    query: Query
    shared_roles: tuple[str, ...]


def _where(field: str, period: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    return {"all": [{"field": field, "op": "within", "value": period}, *more]}


def _is(field: str, value: object) -> dict[str, Any]:
    return {"field": field, "op": "eq", "value": value}


_CONNECTED = _is("is_connected", True)
_INBOUND = _is("direction", "inbound")
_MADE: tuple[tuple[str, str, str, str, tuple[Role, ...], dict[str, Any]], ...] = (
    (
        "call_history", "Call history", "通话记录",
        "Interactions of the last seven days, newest first. Agents see their own.",
        _AGENTS,
        {
            "source": "interactions",
            "columns": [{"field": each} for each in (
                "at", "direction", "caller", "called", "agent.display_name", "talk_s",
                "disposition", "agent_disposition",
            )],
            "where": _where("at", _WEEK),
            "sort": [{"by": "at", "descending": True}],
        },
    ),
    (
        "my_day", "My day", "我的今日",
        "Connected inbound and outbound interactions and deals of today: for an agent his own.",
        _AGENTS,
        {
            "source": "interactions",
            "aggregates": [
                {"function": "count", "name": "inbound_connected",
                 "where": {"all": [_INBOUND, _CONNECTED]}},
                {"function": "count", "name": "outbound_connected",
                 "where": {"all": [_is("direction", "outbound"), _CONNECTED]}},
                {"function": "count", "name": "deals",
                 "where": _is("is_success", True)},
                {"function": "sum", "name": "talk_s", "field": "talk_s"},
            ],
            "where": _where("at", _TODAY),
        },
    ),
    (
        "deals_of_the_day", "Orders of the day", "今日订单",
        "Sales orders of today by agent and currency, without cancelled ones.",
        _LEADERS,
        {
            "source": "sales_orders",
            "groups": [{"field": "agent.display_name", "name": "agent"}, {"field": "currency"}],
            "aggregates": [
                {"function": "count", "name": "orders"},
                {"function": "sum", "name": "total", "field": "total"},
            ],
            "where": _where(
                "created_at", _TODAY, {"field": "state", "op": "ne", "value": "cancelled"}
            ),
            "sort": [{"by": "total", "descending": True}],
        },
    ),
    (
        "agent_statistics", "Agent statistics", "坐席统计",
        "Interactions, talk and rating of each agent in the last seven days.",
        _LEADERS,
        {
            "source": "interactions",
            "groups": [{"field": "agent.display_name", "name": "agent"},
                       {"field": "agent_number"}],
            "aggregates": [
                {"function": "count", "name": "interactions"},
                {"function": "count", "name": "connected", "where": _CONNECTED},
                {"function": "sum", "name": "talk_s", "field": "talk_s"},
                {"function": "avg", "name": "average_talk_s", "field": "talk_s"},
                {"function": "avg", "name": "average_wrap_up_s", "field": "wrap_up_s"},
                {"function": "avg", "name": "rating", "field": "rating"},
            ],
            "where": _where("at", _WEEK, {"field": "agent_id", "op": "is_not_empty"}),
            "sort": [{"by": "interactions", "descending": True}],
        },
    ),
    (
        "call_loss", "Call loss", "呼损率",
        "Share of inbound interactions that no agent had, by day of the last seven.",
        _LEADERS,
        {
            "source": "interactions",
            "groups": [{"field": "at", "by": "day", "name": "day"}],
            "aggregates": [
                {"function": "count", "name": "inbound"},
                {"function": "count", "name": "lost", "where": _is("is_connected", False)},
                {"function": "share", "name": "call_loss", "where": _is("is_connected", False)},
                {"function": "avg", "name": "average_wait_s", "field": "wait_s"},
            ],
            "where": _where("at", _WEEK, _INBOUND),
            "sort": [{"by": "day"}],
        },
    ),
    (
        "agent_utilisation", "Agent utilisation", "坐席利用率",
        "Share of talking, hold and wrap-up in the time that agents were signed in, last 7 days.",
        _LEADERS,
        {
            "source": "agent_states",
            "groups": [{"field": "agent.display_name", "name": "agent"}],
            "aggregates": [
                {"function": "sum", "name": "signed_in_s", "field": "previous_s",
                 "where": _SIGNED_IN},
                {"function": "sum", "name": "working_s", "field": "previous_s",
                 "where": _WORKING},
                {"function": "share", "name": "utilisation", "field": "previous_s",
                 "where": _WORKING, "of": _SIGNED_IN},
            ],
            "where": _where("at", _WEEK),
            "sort": [{"by": "utilisation", "descending": True}],
        },
    ),
    (
        "attempts_by_campaign", "Attempts by campaign", "任务外呼统计",
        "Attempts, answers and their share by campaign in the last seven days.",
        _LEADERS,
        {
            "source": "attempts",
            "groups": [{"field": "campaign.name", "name": "campaign"}],
            "aggregates": [
                {"function": "count", "name": "attempts"},
                {"function": "count", "name": "answered", "where": _is("is_answered", True)},
                {"function": "share", "name": "answer_rate", "where": _is("is_answered", True)},
            ],
            "where": _where("started_at", _WEEK),
            "sort": [{"by": "attempts", "descending": True}],
        },
    ),
    (
        "how_attempts_ended", "How attempts ended", "外呼结果分布",
        "Results of the last seven days' attempts and the part of each.",
        _LEADERS,
        {
            "source": "attempts",
            "groups": [{"field": "disposition"}],
            "aggregates": [
                {"function": "count", "name": "attempts"},
                {"function": "share", "name": "part"},
            ],
            "where": _where("started_at", _WEEK),
            "sort": [{"by": "attempts", "descending": True}],
        },
    ),
    (
        "calls_by_attached_value", "Calls by attached value", "随路数据统计",
        "Interactions of the last seven days by the values that look-ups attached to them.",
        _LEADERS,
        {
            "source": "attached_values",
            "groups": [{"field": "object"}, {"field": "key"}, {"field": "value"}],
            "aggregates": [
                {"function": "count_distinct", "name": "interactions", "field": "interaction_id"},
                {"function": "count_distinct", "name": "connected", "field": "interaction_id",
                 "where": _is("interaction.is_connected", True)},
                {"function": "avg", "name": "average_talk_s", "field": "interaction.talk_s"},
            ],
            "where": _where("attached_at", _WEEK),
            "sort": [{"by": "interactions", "descending": True}],
        },
    ),
    (
        "customers_to_follow_up", "Customers to follow up", "待跟进客户",
        "Customers whose follow-up is due today or overdue, oldest first.",
        _AGENTS,
        {
            "source": "customers",
            "columns": [{"field": each} for each in (
                "name", "phone_e164", "grade", "owner.display_name", "follow_up_at",
            )],
            "where": {"any": [
                {"field": "follow_up_at", "op": "within", "value": _TODAY},
                {"field": "follow_up_at", "op": "within",
                 "value": {"relative": "last_days", "n": 365}},
            ]},
            "sort": [{"by": "follow_up_at"}],
        },
    ),
    (
        "work_order_detail", "Work orders", "工单明细",
        "Work orders of the last seven days that concern oneself, newest first.",
        _AGENTS,
        {
            "source": "work_orders",
            "columns": [{"field": each} for each in (
                "number", "created_at", "type.name", "title", "customer_name", "phone_e164",
                "step", "step_kind", "assignee.display_name", "resolution_due_at", "is_breached",
            )],
            "where": _where("created_at", _WEEK),
            "sort": [{"by": "created_at", "descending": True}],
        },
    ),
    (
        "work_order_statistics", "Work-order statistics", "工单统计",
        "Work orders of the last seven days by type: all, done, and with a broken promise.",
        _LEADERS,
        {
            "source": "work_orders",
            "groups": [{"field": "type.name", "name": "type"}],
            "aggregates": [
                {"function": "count", "name": "orders"},
                {"function": "count", "name": "done", "where": _is("step_kind", "done")},
                {"function": "share", "name": "done_share", "where": _is("step_kind", "done")},
                {"function": "count", "name": "breached", "where": _is("is_breached", True)},
            ],
            "where": _where("created_at", _WEEK),
            "sort": [{"by": "orders", "descending": True}],
        },
    ),
    (
        "silent_customers", "Customers without a talk", "久未联系客户",
        "Customers with whom nobody has talked in the last thirty days.",
        _LEADERS,
        {
            "source": "customers",
            "columns": [{"field": each} for each in ("name", "phone_e164", "grade", "created_at")],
            "where": {"not": {
                "related": "interactions", "by": "customer",
                "where": _where("at", {"relative": "last_days", "n": 30}),
            }},
            "sort": [{"by": "created_at"}],
        },
    ),
)  # fmt: skip


@cache
def templates() -> dict[str, Template]:
    """Return the shipped queriers by their keys."""
    return {
        key: Template(key, en, zh, about, Query.model_validate(query), tuple(roles))
        for key, en, zh, about, roles, query in _MADE
    }
