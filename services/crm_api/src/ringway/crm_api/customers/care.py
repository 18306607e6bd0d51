"""Care plans (R192): follow-ups that are made by themselves for the owners of customers."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers.fields import Fields
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.customers.policy import CarePlan
from ringway.crm_api.customers.search import Parameters, condition
from ringway.runtime.postgres import Connection


async def make(
    conn: Connection, *, tenant_id: UUID, plan: CarePlan, fields: Fields, now: datetime, most: int
) -> int:
    """Make some of the follow-ups that a plan wants now; return how many.

    A customer with an open follow-up of the plan gets no second one, nor for one birthday.

    Raises:
        Invalid: A condition of the plan makes no sense (any more).
    """
    args = Parameters()
    wanted = CustomerFilter(where=plan.where)
    base = condition([wanted], scopes.everything(tenant_id), fields, args)
    at, name = args.add(now, "timestamptz"), args.add(plan.name, "text")
    if plan.every_days is not None:
        since = args.add(now - timedelta(days=plan.every_days), "timestamptz")
        base += f" AND coalesce(c.followed_up_at, c.owned_since) < {since}"
        base += f" AND NOT EXISTS ({_OPEN.format(name=name)})"
    else:
        day = birthday(now.date(), plan.days_before_birthday or 0)
        base += f" AND to_char(c.birth_date, 'MM-DD') = ANY ({args.add(day, 'text[]')})"
        made_since = args.add(now - timedelta(days=300), "timestamptz")
        base += f" AND NOT EXISTS ({_MADE.format(name=name, since=made_since)})"
    rows = await conn.fetch(
        f"""
        WITH made AS (
            INSERT INTO crm.follow_up (tenant_id, follow_up_id, customer_id, user_id, note, due_at,
                                       plan, created_at, updated_at)
            SELECT c.tenant_id, uuidv7(), c.customer_id, c.owner_id,
                   {args.add(plan.note or plan.name, "text")}, {at}, {name}, {at}, {at}
              FROM crm.customer c WHERE c.owner_id IS NOT NULL AND {base}
             ORDER BY c.customer_id LIMIT {args.add(most)}
            RETURNING tenant_id, customer_id
        )
        UPDATE crm.customer c SET follow_up_at = least(c.follow_up_at, {at})
          FROM made m WHERE c.tenant_id = m.tenant_id AND c.customer_id = m.customer_id
        RETURNING c.customer_id
        """,  # noqa: S608 - see fields.py
        *args,
    )
    return len(rows)


_OPEN = """
    SELECT 1 FROM crm.follow_up f
     WHERE f.tenant_id = c.tenant_id AND f.customer_id = c.customer_id AND f.plan = {name}
       AND f.done_at IS NULL
"""
_MADE = """
    SELECT 1 FROM crm.follow_up f
     WHERE f.tenant_id = c.tenant_id AND f.customer_id = c.customer_id AND f.plan = {name}
       AND f.created_at > {since}
"""


def birthday(today: date, days_before: int) -> list[str]:
    """Return the days of the year (MM-DD) that are meant ``days_before`` they come.

    Who was born on the 29th of February has his birthday on the 28th in other years.
    """
    day = today + timedelta(days=days_before)
    found = [f"{day:%m-%d}"]
    is_last = (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3
    return [*found, "02-29"] if is_last else found
