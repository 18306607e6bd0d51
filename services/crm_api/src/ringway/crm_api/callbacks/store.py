"""Call-backs and dispositions, from the views that the dialer publishes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.runtime.postgres import Connection

_FIELDS = """
    callback_id, campaign_id, lead_id, lead_name, phone_e164, agent_id, due_at, zone, local_time,
    early_s, missed_at, escalates_at, escalated_at, note, state, reason, tries, made_by, made_at,
    changed_at
"""
# An agent sees what was promised with him and what anybody of the team may take.
_VISIBLE = """
    tenant_id = $1 AND ($2::text IS NULL OR agent_id IS NULL OR agent_id = $2
                        OR escalated_at IS NOT NULL)
"""
_ONE = f"""
    SELECT {_FIELDS} FROM dialer.callback_v WHERE {_VISIBLE} AND callback_id = $3
"""  # noqa: S608 - constants
_PAGE = f"""
    SELECT {_FIELDS} FROM dialer.callback_v
     WHERE {_VISIBLE} AND ($3::text IS NULL OR campaign_id = $3)
       AND ($4::text IS NULL OR agent_id = $4) AND ($5::text IS NULL OR state = $5)
       AND ($6::timestamptz IS NULL OR due_at < $6)
       AND ($7::timestamptz IS NULL OR (due_at, callback_id) > ($7, $8))
     ORDER BY due_at, callback_id LIMIT $9
"""  # noqa: S608 - constants
_SAID = """
    SELECT interaction_id, campaign_id, lead_id, code, note, set_by, set_at
      FROM dialer.agent_disposition_v WHERE tenant_id = $1 AND interaction_id = $2
     ORDER BY attempt_id DESC LIMIT 1
"""


async def get(
    conn: Connection, *, tenant_id: UUID, callback_id: UUID, seen_by: str | None
) -> dict[str, Any] | None:
    """Return a call-back that ``seen_by`` may see; None: everybody's."""
    row = await conn.fetchrow(_ONE, tenant_id, seen_by, str(callback_id))
    return None if row is None else dict(row)


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    seen_by: str | None,
    campaign_id: UUID | None,
    agent_id: UUID | None,
    state: str | None,
    due_before: datetime | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return call-backs in the order in which they are due."""
    rows = await conn.fetch(
        _PAGE,
        tenant_id,
        seen_by,
        None if campaign_id is None else str(campaign_id),
        None if agent_id is None else str(agent_id),
        state,
        due_before,
        *(after or (None, None)),
        limit,
    )
    return [dict(row) for row in rows]


async def changed_entries(conn: Connection, *, tenant_id: UUID) -> dict[str, Any]:
    """Return the entries of the catalogue that the tenant has changed or added, by code."""
    rows = await conn.fetch(
        "SELECT code, disposition FROM dialer.disposition_v WHERE tenant_id = $1", tenant_id
    )
    return {row["code"]: orjson.loads(row["disposition"]) for row in rows}


async def said(conn: Connection, *, tenant_id: UUID, interaction_id: UUID) -> dict[str, Any] | None:
    """Return what was said of a call last."""
    row = await conn.fetchrow(_SAID, tenant_id, interaction_id)
    return None if row is None else dict(row)
