"""What a campaign found out about numbers, from the view that the dialer publishes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.screening.schemas import ScreeningFilter
from ringway.runtime.postgres import Connection, Pool

_PAGE = """
    SELECT list_id, position, lead_id, phone_e164, name, data, priority, zone, verdict, disposition,
           number_state, number_state_reason, attempts, cause_q850, tech_cause, last_attempt_at
      FROM dialer.screened_v
     WHERE tenant_id = $1 AND campaign_id = $2 AND list_id = $3
       AND position >= $4 AND (position, phone_e164) > ($4, $5)
       AND ($6::text[] IS NULL OR verdict = ANY ($6))
       AND ($7::text[] IS NULL OR coalesce(number_state, 'none') = ANY ($7))
       AND ($8::text[] IS NULL OR disposition = ANY ($8))
       AND ($9::integer IS NULL OR attempts >= $9)
       AND ($10::integer IS NULL OR attempts <= $10)
       AND data @> $11::jsonb
     ORDER BY position, phone_e164 LIMIT $12
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after this number of a list."""

    list_id: str
    position: int = 0
    phone_e164: str = ""


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    campaign_id: UUID,
    list_ids: Sequence[str],
    wanted: ScreeningFilter,
    after: Place | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return numbers list by list, each in the order of its leads.

    Nothing is returned after a list that the campaign does not have any more.
    """
    lists, place = list(list_ids), after
    if after is not None:
        lists = lists[lists.index(after.list_id) :] if after.list_id in lists else []
    found: list[dict[str, Any]] = []
    for list_id in lists:
        begin = place if place is not None and place.list_id == list_id else Place(list_id)
        rows = await conn.fetch(
            _PAGE,
            tenant_id,
            str(campaign_id),
            list_id,
            begin.position,
            begin.phone_e164,
            [each.value for each in wanted.verdict] or None,
            [str(each) for each in wanted.number_state] or None,
            [each.value for each in wanted.disposition] or None,
            wanted.attempts_min,
            wanted.attempts_max,
            orjson.dumps(wanted.fields).decode(),
            limit - len(found),
        )
        found += [{**row, "data": orjson.loads(row["data"])} for row in rows]
        if len(found) >= limit:
            break
    return found


async def pages(
    pool: Pool,
    *,
    tenant_id: UUID,
    campaign_id: UUID,
    list_ids: Sequence[str],
    wanted: ScreeningFilter,
    size: int,
) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield all numbers; between two pages nothing of the database is held."""
    after: Place | None = None
    while True:
        async with pool.tenant(tenant_id) as conn:
            found = await page(
                conn,
                tenant_id=tenant_id,
                campaign_id=campaign_id,
                list_ids=list_ids,
                wanted=wanted,
                after=after,
                limit=size,
            )
        yield found
        if len(found) < size:
            return
        after = place_of(found[-1])


def place_of(row: dict[str, Any]) -> Place:
    """Return where the page after this number begins."""
    return Place(row["list_id"], row["position"], row["phone_e164"])
