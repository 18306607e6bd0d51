"""What customers' history tells of orders, questionnaires and member cards."""

from __future__ import annotations

from ringway.crm_api.access import Permission
from ringway.crm_api.customers.history import Item, Question, Source
from ringway.runtime.postgres import Connection

_ORDERS = """
    SELECT order_id::text AS id, created_at AS at, order_number, state, payment_state,
           shipment_state, currency, total, agent_id, interaction_id
      FROM crm.sales_order
     WHERE tenant_id = $1 AND customer_id = $2 AND ($3::timestamptz IS NULL OR created_at <= $3)
     ORDER BY created_at DESC, order_id DESC LIMIT $4
"""
# What he answered is for those who read answers; that he was asked, for who sees him.
_RUNS = """
    SELECT r.run_id::text AS id, r.started_at AS at, r.questionnaire_id, q.name, r.number,
           r.channel, r.state, r.agent_id, r.interaction_id
      FROM crm.questionnaire_run r JOIN crm.questionnaire q USING (tenant_id, questionnaire_id)
     WHERE r.tenant_id = $1 AND r.customer_id = $2
       AND ($3::timestamptz IS NULL OR r.started_at <= $3)
     ORDER BY r.started_at DESC, r.run_id DESC LIMIT $4
"""
_CARDS = """
    SELECT card_id::text AS id, created_at AS at, card_number, tier, state, valid_until
      FROM crm.member_card
     WHERE tenant_id = $1 AND customer_id = $2 AND ($3::timestamptz IS NULL OR created_at <= $3)
     ORDER BY created_at DESC, card_id DESC LIMIT $4
"""


def _source(kind: str, needs: Permission, statement: str) -> Source:
    async def find(conn: Connection, asked: Question) -> list[Item]:
        rows = await conn.fetch(
            statement, asked.tenant_id, asked.customer_id, asked.until, asked.limit
        )
        return [
            Item(
                row["at"],
                kind,
                row["id"],
                {name: value for name, value in row.items() if name not in ("at", "id")},
            )
            for row in rows
        ]

    return Source(kind, needs, find)


SOURCES = (
    _source("sales_order", Permission.ORDERS_READ, _ORDERS),
    _source("questionnaire_run", Permission.CUSTOMERS_READ, _RUNS),
    _source("member_card", Permission.MEMBER_CARDS_READ, _CARDS),
)
