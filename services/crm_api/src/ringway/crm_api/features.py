"""Features that an enterprise may have or lack (R7): what is off is gone from the API."""

from __future__ import annotations

from enum import StrEnum


class Feature(StrEnum):
    """What the operator of the platform switches per enterprise."""

    OUTBOUND = "outbound"  # campaigns, their lists, call-backs
    OUTBOUND_CALLS = "outbound_calls"  # starting calls; off while outbound service is stopped
    RECORDINGS = "recordings"
    VOICEMAIL = "voicemail"
    SUPERVISION = "supervision"
    CONFERENCES = "conferences"
    REPORTS = "reports"
    CUSTOMER_POOLS = "customer_pools"  # owners, the public pool, assigning and claiming
    WEBHOOKS = "webhooks"  # events to the enterprise's own systems
    QUERIERS = "queriers"
    ORDERS = "orders"
    QUESTIONNAIRES = "questionnaires"
    MEMBER_CARDS = "member_cards"
    KNOWLEDGE = "knowledge"  # articles, and the scripts of agents
    WORK_ORDERS = "work_orders"
    NOTICES = "notices"  # what scrolls at the top of pages; the platform's warnings stay


_OF_NOUN: dict[str, Feature] = {
    "campaigns": Feature.OUTBOUND,
    "projects": Feature.OUTBOUND,
    "lists": Feature.OUTBOUND,
    "imports": Feature.OUTBOUND,
    "callbacks": Feature.OUTBOUND,
    "caller-ids": Feature.OUTBOUND,
    "recordings": Feature.RECORDINGS,
    "voicemails": Feature.VOICEMAIL,
    "voicemail-boxes": Feature.VOICEMAIL,
    "supervision": Feature.SUPERVISION,
    "monitor-groups": Feature.SUPERVISION,
    "conferences": Feature.CONFERENCES,
    "conference-rooms": Feature.CONFERENCES,
    "reports": Feature.REPORTS,
    "customer-pool": Feature.CUSTOMER_POOLS,
    "webhooks": Feature.WEBHOOKS,
    "queriers": Feature.QUERIERS,
    "products": Feature.ORDERS,
    "product-categories": Feature.ORDERS,
    "sales-orders": Feature.ORDERS,
    "questionnaires": Feature.QUESTIONNAIRES,
    "questionnaire-runs": Feature.QUESTIONNAIRES,
    "member-cards": Feature.MEMBER_CARDS,
    "knowledge": Feature.KNOWLEDGE,
    "scripts": Feature.KNOWLEDGE,
    "work-orders": Feature.WORK_ORDERS,
    "work-order-designs": Feature.WORK_ORDERS,
    "business-types": Feature.WORK_ORDERS,
    "notices": Feature.NOTICES,
}
_OF_OPERATION: dict[str, Feature] = {
    "start_campaign": Feature.OUTBOUND_CALLS,
    "dial": Feature.OUTBOUND_CALLS,
    "take_lead": Feature.OUTBOUND_CALLS,
    "accept_preview": Feature.OUTBOUND_CALLS,
}

# One's own notices are there in any case: without the feature they are the platform's warnings.
_IN_ANY_CASE = frozenset({"list_my_notices", "read_notice"})


def features_of(operation: str, nouns: list[str]) -> list[Feature]:
    """Return what an operation needs, by its id and its tags."""
    if operation in _IN_ANY_CASE:
        return []
    found = [_OF_NOUN[noun] for noun in nouns if noun in _OF_NOUN]
    return [*found, _OF_OPERATION[operation]] if operation in _OF_OPERATION else found
