"""One person's data in orders, questionnaires and member cards, erased so that the books stay."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ringway.runtime.postgres import Connection

_MINE = """
    tenant_id = $1 AND order_id IN (SELECT order_id FROM crm.sales_order
                                     WHERE tenant_id = $1 AND customer_id = ANY ($2::uuid[]))
"""
# Sums, dates and units stay: they are the enterprise's books, and name nobody any more. The
# orders themselves come last: the others are found by their customer.
_ERASE = {
    "sales_order_payment": (
        f"UPDATE crm.sales_order_payment SET reference = '', note = '' WHERE {_MINE}"  # noqa: S608
    ),
    "shipment": f"UPDATE crm.shipment SET tracking = '' WHERE {_MINE}",  # noqa: S608
    "sales_order_event": f"""
        UPDATE crm.sales_order_event
           SET detail = detail - 'reason' - 'tracking' #- '{{changes,tracking}}'
               #- '{{changes,customer_id}}' #- '{{changes,delivery}}' #- '{{changes,note}}'
         WHERE {_MINE}
    """,  # noqa: S608 - constants
    "sales_order": (
        "UPDATE crm.sales_order SET customer_id = NULL, delivery = NULL, note = '', "
        "cancel_reason = '', interaction_id = NULL, version = version + 1 "
        "WHERE tenant_id = $1 AND customer_id = ANY ($2::uuid[])"
    ),
    # What he chose stays counted; what he said in his own words goes.
    "questionnaire_answer": """
        UPDATE crm.questionnaire_answer a SET answer = '"-"'
          FROM crm.questionnaire_run r
          JOIN crm.questionnaire_version v USING (tenant_id, questionnaire_id, number),
               LATERAL jsonb_array_elements(v.design -> 'questions') q
         WHERE a.tenant_id = $1 AND r.tenant_id = $1 AND r.run_id = a.run_id
           AND r.customer_id = ANY ($2::uuid[]) AND q ->> 'key' = a.question
           AND q ->> 'kind' = 'text' AND a.answer <> 'null'
    """,
    "questionnaire_run": (
        "UPDATE crm.questionnaire_run SET customer_id = NULL, interaction_id = NULL, "
        "break_reason = '' WHERE tenant_id = $1 AND customer_id = ANY ($2::uuid[])"
    ),
    "member_card": (
        "DELETE FROM crm.member_card WHERE tenant_id = $1 AND customer_id = ANY ($2::uuid[])"
    ),
}


async def erase(
    conn: Connection, *, tenant_id: UUID, customer_ids: Sequence[UUID]
) -> dict[str, int]:
    """Remove all that tells of a person; return how many rows of each table were about him."""
    done: dict[str, int] = {}
    for table, statement in _ERASE.items():
        tag = await conn.execute(statement, tenant_id, list(customer_ids))
        if count := int(tag.rsplit(" ", 1)[1]):
            done[table] = count
    return done
