"""Who sees which event, in one table for the WebSocket and for webhooks.

Whoever sees the events of his whole enterprise (``events.all``) needs beside it the permission
that stands here, which is what shows him the same on a page. Others see what is about themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.features import Feature

# Fields that say whom an event is about.
_ABOUT = ("agent_id", "owner_id", "assignee_id", "user_id")


@dataclass(frozen=True, slots=True)
class Rule:
    """What it takes to see events of one kind.

    Args:
        needs: The permission to see them all.
        about: The fields that name whom an event is about; he sees it in any case.
        feature: Without it nobody is told; but for the platform's warnings.
    """

    needs: Permission
    about: tuple[str, ...] = _ABOUT
    feature: Feature | None = None


_P = Permission
_OTHERS = Rule(_P.EVENTS_ALL)
# By the beginning of the event's type, in whole parts; the longest that fits.
RULES: dict[str, Rule] = {
    "acd.v1.agent": Rule(_P.AGENTS_READ),
    "acd.v1.conference": Rule(_P.INTERACTIONS_ALL, ("organiser_id",)),
    "acd.v1.interaction": Rule(_P.INTERACTIONS_ALL),
    "acd.v1.presence": Rule(_P.AGENTS_READ),
    "acd.v1.presence.agents": Rule(_P.CAMPAIGNS_READ),
    # An agent is not told that somebody listens to him.
    "acd.v1.supervision": Rule(_P.SUPERVISION_LISTEN, ("supervisor_id",)),
    "acd.v1.trunk": Rule(_P.TRUNKS_READ),
    "crm.v1.alarm": Rule(_P.ALARMS_READ),
    "crm.v1.article": Rule(_P.KNOWLEDGE_ALL),
    "crm.v1.customer": Rule(_P.CUSTOMERS_ALL),
    "crm.v1.customer_job": Rule(_P.CUSTOMERS_ALL),
    "crm.v1.customers": Rule(_P.CUSTOMERS_ALL),
    "crm.v1.follow_up": Rule(_P.CUSTOMERS_ALL),
    "crm.v1.import": Rule(_P.LISTS_READ),
    "crm.v1.notice": Rule(_P.NOTICES_READ, feature=Feature.NOTICES),  # and see audience.py
    "crm.v1.object": Rule(_P.OBJECTS_READ),
    "crm.v1.record": Rule(_P.CUSTOMERS_ALL),
    "crm.v1.querier": Rule(_P.QUERIERS_WRITE),
    "crm.v1.questionnaire": Rule(_P.QUESTIONNAIRES_READ),
    "crm.v1.sales_order": Rule(_P.ORDERS_READ),
    "crm.v1.suggestion": Rule(_P.KNOWLEDGE_ALL),
    "crm.v1.team": Rule(_P.TEAMS_READ),
    "crm.v1.webhook": Rule(_P.WEBHOOKS_READ),
    "crm.v1.work_order": Rule(_P.WORK_ORDERS_ALL),
    "dialer.v1.attempt": Rule(_P.INTERACTIONS_ALL),
    "dialer.v1.callback": Rule(_P.CALLBACKS_READ),
    "dialer.v1.caller_pool": Rule(_P.CAMPAIGNS_READ),
    "dialer.v1.campaign": Rule(_P.CAMPAIGNS_READ),
    "dialer.v1.lead": Rule(_P.LISTS_READ),
    "dialer.v1.preview": Rule(_P.CUSTOMERS_READ),
    "recorder.v1.recording": Rule(_P.INTERACTIONS_ALL),
}


def rule_of(name: str) -> Rule:
    """Return what it takes to see events of the type ``name``."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        if (rule := RULES.get(".".join(parts[:length]))) is not None:
            return rule
    return _OTHERS


def sees(caller: Caller, name: str, data: dict[str, Any]) -> bool:
    """Return whether a caller sees an event."""
    rule = rule_of(name)
    if caller.may(Permission.EVENTS_ALL) and caller.may(rule.needs):
        return True
    return any(data.get(field) == caller.agent_id for field in rule.about)


def is_off(caller: Caller, name: str, data: dict[str, Any]) -> bool:
    """Return whether nobody of the caller's enterprise is told of an event."""
    return rule_of(name).feature in caller.features_off and not data.get("is_warning")
