"""Sources of customers' history. An area adds its own to ``SOURCES``, one line each."""

from __future__ import annotations

import asyncpg

from ringway.crm_api.access import Permission
from ringway.crm_api.customers.history import Item, Question, Source
from ringway.crm_api.orders.history import SOURCES as SALES
from ringway.runtime.postgres import Connection

# Each number by itself, and together only then: so that indexes give the newest of each.
_INTERACTIONS = """
    SELECT i.interaction_id, i.direction, i.caller, i.called, i.agent_id, i.agent_number,
           i.disposition, i.agent_disposition, i.talk_s, i.recording_id, i.queue_id,
           i.campaign_id, coalesce(i.answered_at, i.started_at, i.connected_at, i.ended_at) AS at
      FROM crm.interaction i
     WHERE i.tenant_id = $1 AND i.interaction_id IN (
            SELECT x.interaction_id FROM crm.interaction x
             WHERE x.tenant_id = $1 AND x.called = ANY ($3::text[])
             UNION
            SELECT x.interaction_id FROM crm.interaction x
             WHERE x.tenant_id = $1 AND x.caller = ANY ($3::text[])
             UNION
            SELECT l.interaction_id FROM crm.customer_interaction l
             WHERE l.tenant_id = $1 AND l.customer_id = $2)
       AND coalesce(i.answered_at, i.started_at, i.connected_at, i.ended_at) IS NOT NULL
       AND ($4::timestamptz IS NULL
            OR coalesce(i.answered_at, i.started_at, i.connected_at, i.ended_at) <= $4)
     ORDER BY at DESC, i.interaction_id DESC LIMIT $5
"""
# An attempt that somebody answered is an interaction, and is told as that.
_ATTEMPTS = """
    SELECT attempt_id, campaign_id, list_id, lead_id, phone_e164, mode, disposition, cause_q850,
           number_state, claimed_at AS at
      FROM dialer.attempt_v
     WHERE tenant_id = $1 AND phone_e164 = ANY ($2::text[]) AND answered_at IS NULL
       AND ended_at IS NOT NULL AND ($3::timestamptz IS NULL OR claimed_at <= $3)
     ORDER BY claimed_at DESC, attempt_id DESC LIMIT $4
"""
_CALLBACKS = """
    SELECT c.callback_id, c.campaign_id, c.phone_e164, c.agent_id, c.due_at, c.note, c.state,
           c.reason, c.made_at AS at
      FROM dialer.callback_v c
     WHERE c.tenant_id = $1
       AND (c.phone_e164 = ANY ($2::text[])
            OR c.lead_id IN (SELECT n.lead_id FROM dialer.lead_number_v n
                              WHERE n.tenant_id = $1 AND n.phone_e164 = ANY ($2::text[])))
       AND ($3::timestamptz IS NULL OR c.made_at <= $3)
     ORDER BY c.made_at DESC, c.callback_id DESC LIMIT $4
"""
_FOLLOW_UPS = """
    SELECT follow_up_id, user_id, note, due_at, done_at, result, plan, created_at AS at
      FROM crm.follow_up
     WHERE tenant_id = $1 AND customer_id = $2 AND ($3::timestamptz IS NULL OR created_at <= $3)
     ORDER BY created_at DESC, follow_up_id DESC LIMIT $4
"""
# What it says is for whom the order concerns; that there is one, for who sees the customer.
_WORK_ORDERS = """
    SELECT work_order_id, number, kind, business_type_id, step, step_kind, assignee_id, team_id,
           resolved_at, created_at AS at
      FROM crm.work_order
     WHERE tenant_id = $1 AND deleted_at IS NULL AND ($4::timestamptz IS NULL OR created_at <= $4)
       AND (customer_id = $2 OR (customer_id IS NULL AND phone_e164 = ANY ($3::text[])))
     ORDER BY created_at DESC, work_order_id DESC LIMIT $5
"""


async def _interactions(conn: Connection, asked: Question) -> list[Item]:
    rows = await conn.fetch(
        _INTERACTIONS,
        asked.tenant_id,
        asked.customer_id,
        list(asked.phones),
        asked.until,
        asked.limit,
    )
    return _items("interaction", "interaction_id", rows)


async def _attempts(conn: Connection, asked: Question) -> list[Item]:
    rows = await conn.fetch(
        _ATTEMPTS, asked.tenant_id, list(asked.phones), asked.until, asked.limit
    )
    return _items("attempt", "attempt_id", rows)


async def _callbacks(conn: Connection, asked: Question) -> list[Item]:
    rows = await conn.fetch(
        _CALLBACKS, asked.tenant_id, list(asked.phones), asked.until, asked.limit
    )
    return _items("callback", "callback_id", rows)


async def _follow_ups(conn: Connection, asked: Question) -> list[Item]:
    rows = await conn.fetch(
        _FOLLOW_UPS, asked.tenant_id, asked.customer_id, asked.until, asked.limit
    )
    return _items("follow_up", "follow_up_id", rows)


async def _work_orders(conn: Connection, asked: Question) -> list[Item]:
    rows = await conn.fetch(
        _WORK_ORDERS,
        asked.tenant_id,
        asked.customer_id,
        list(asked.phones),
        asked.until,
        asked.limit,
    )
    return _items("work_order", "work_order_id", rows)


def _items(kind: str, key: str, rows: list[asyncpg.Record]) -> list[Item]:
    """Return rows as items: ``at`` is when, ``key`` which one, all else what it was."""
    return [
        Item(
            row["at"],
            kind,
            str(row[key]),
            {name: value for name, value in row.items() if name not in ("at", key)},
        )
        for row in rows
    ]


SOURCES: tuple[Source, ...] = (
    Source("interaction", Permission.CUSTOMERS_READ, _interactions),
    Source("attempt", Permission.CUSTOMERS_READ, _attempts),
    Source("callback", Permission.CALLBACKS_READ, _callbacks),
    Source("follow_up", Permission.CUSTOMERS_READ, _follow_ups),
    Source("work_order", Permission.WORK_ORDERS_READ, _work_orders),
    *SALES,
)
