"""Whom a rule means: the next one to work on an order, and those who are told of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from ringway.crm_api.core.work_orders.design import Assign, AssignKind, Party, PartyKind
from ringway.crm_api.work_orders.store import Order
from ringway.runtime.postgres import Connection

# People of a team and of all below it who can work now, with how much they have to do.
_CANDIDATES = """
    WITH RECURSIVE below (team_id) AS (
        SELECT $2::uuid
         UNION
        SELECT t.team_id FROM crm.team t JOIN below b ON t.parent_id = b.team_id
         WHERE t.tenant_id = $1
    )
    SELECT u.user_id,
           (SELECT count(*) FROM crm.work_order o
             WHERE o.tenant_id = $1 AND o.assignee_id = u.user_id AND o.deleted_at IS NULL
               AND o.step_kind IN ('open', 'waiting')) AS load
      FROM below JOIN crm.team_member m ON m.tenant_id = $1 AND m.team_id = below.team_id
      JOIN crm.user_account u ON u.tenant_id = $1 AND u.user_id = m.user_id
     WHERE u.is_enabled AND (u.access_until IS NULL OR u.access_until > $3) ORDER BY u.user_id
"""
# The leaders of a team and of the departments above it.
_LEADERS = """
    WITH RECURSIVE above (team_id, parent_id) AS (
        SELECT team_id, parent_id FROM crm.team WHERE tenant_id = $1 AND team_id = $2
         UNION
        SELECT t.team_id, t.parent_id FROM crm.team t JOIN above a ON t.team_id = a.parent_id
         WHERE t.tenant_id = $1
    )
    SELECT DISTINCT l.user_id FROM above JOIN crm.team_leader l USING (team_id)
     WHERE l.tenant_id = $1
"""
_OF_ROLE = """
    SELECT user_id FROM crm.user_account
     WHERE tenant_id = $1 AND coalesce(own_role, role) = $2 LIMIT 500
"""
_ENABLED = """
    SELECT user_id FROM crm.user_account
     WHERE tenant_id = $1 AND user_id = ANY ($2) AND is_enabled
       AND (access_until IS NULL OR access_until > $3)
"""


async def choose(
    conn: Connection,
    *,
    tenant_id: UUID,
    rule: Assign,
    order: Order,
    actor_id: UUID | None,
    now: datetime,
) -> tuple[UUID | None, UUID | None]:
    """Return who gets an order by a rule, and which team owns it then.

    Nobody, when the one who is meant cannot work now: the team that owns it takes it.
    """
    match rule.kind:
        case AssignKind.TEAM:
            return None, rule.team_id
        case AssignKind.ROUND_ROBIN | AssignKind.LEAST_LOADED:
            assert rule.team_id is not None
            least = rule.kind is AssignKind.LEAST_LOADED
            found = await _of_team(conn, tenant_id, rule.team_id, least=least, now=now)
            return found, rule.team_id
        case AssignKind.NOBODY:
            return None, order.team_id
    wanted = {
        AssignKind.USER: rule.user_id,
        AssignKind.CREATOR: order.created_by,
        AssignKind.ACTOR: actor_id,
    }[rule.kind]
    can = await enabled(conn, tenant_id=tenant_id, user_ids=[wanted] if wanted else [], now=now)
    return (wanted if can else None), order.team_id


async def enabled(
    conn: Connection, *, tenant_id: UUID, user_ids: Iterable[UUID], now: datetime
) -> set[UUID]:
    """Return those of these users of the tenant who can work now."""
    wanted = list(user_ids)
    if not wanted:
        return set()
    rows = await conn.fetch(_ENABLED, tenant_id, wanted, now)
    return {row["user_id"] for row in rows}


async def told(
    conn: Connection,
    *,
    tenant_id: UUID,
    parties: Sequence[Party],
    order: Order,
    now: datetime,
) -> set[UUID]:
    """Return the users whom these parties mean."""
    found: set[UUID | None] = set()
    for party in parties:
        match party.kind:
            case PartyKind.ASSIGNEE:
                found.add(order.assignee_id)
            case PartyKind.CREATOR:
                found.add(order.created_by)
            case PartyKind.PARTICIPANTS:
                found |= {*order.participant_ids}
            case PartyKind.USER:
                found.add(UUID(party.id))
            case PartyKind.TEAM if order.team_id is not None:
                rows = await conn.fetch(_CANDIDATES, tenant_id, order.team_id, now)
                found |= {row["user_id"] for row in rows}
            case PartyKind.LEADERS if order.team_id is not None:
                rows = await conn.fetch(_LEADERS, tenant_id, order.team_id)
                found |= {row["user_id"] for row in rows}
            case PartyKind.ROLE:
                rows = await conn.fetch(_OF_ROLE, tenant_id, party.id)
                found |= {row["user_id"] for row in rows}
    known = [each for each in found if each is not None]
    return await enabled(conn, tenant_id=tenant_id, user_ids=known, now=now)


async def _of_team(
    conn: Connection, tenant_id: UUID, team_id: UUID, *, least: bool, now: datetime
) -> UUID | None:
    """Return whose turn it is. Who asks next waits for this transaction, and sees its choice."""
    last = await conn.fetchval(
        """
        INSERT INTO crm.work_order_turn (tenant_id, team_id) VALUES ($1, $2)
        ON CONFLICT (tenant_id, team_id) DO UPDATE SET last_user_id = work_order_turn.last_user_id
        RETURNING last_user_id
        """,
        tenant_id,
        team_id,
    )
    rows = await conn.fetch(_CANDIDATES, tenant_id, team_id, now)
    if not rows:
        return None
    loads = {row["user_id"]: row["load"] for row in rows}
    fewest = min(loads.values()) if least else 0
    # In turn among those who are left: the first after the one whose turn it was last.
    can = [user_id for user_id in sorted(loads) if not least or loads[user_id] == fewest]
    chosen = next((each for each in can if last is None or each > last), can[0])
    await conn.execute(
        "UPDATE crm.work_order_turn SET last_user_id = $3 WHERE tenant_id = $1 AND team_id = $2",
        *(tenant_id, team_id, chosen),
    )
    return UUID(str(chosen))
