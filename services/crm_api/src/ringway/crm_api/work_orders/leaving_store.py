"""Open orders and tasks of one user, as sets. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.access import Caller
from ringway.crm_api.core.customers.gifts import Gift
from ringway.runtime.postgres import Connection

# All rows are locked at once and in the order of their ids: two who hand over do not block each
# other for ever. Whoever changes an order or its tasks locks the order first.
_LOCK = """
    SELECT o.work_order_id, o.team_id, o.assignee_id FROM crm.work_order o
     WHERE o.tenant_id = $1 AND o.deleted_at IS NULL AND o.step_kind IN ('open', 'waiting')
       AND o.work_order_id = ANY (ARRAY(
            SELECT w.work_order_id FROM crm.work_order w
             WHERE w.tenant_id = $1 AND w.assignee_id = $2 AND w.deleted_at IS NULL
            UNION
            SELECT t.work_order_id FROM crm.work_order_task t
             WHERE t.tenant_id = $1 AND t.assignee_id = $2 AND t.state = 'open'))
     ORDER BY o.work_order_id FOR UPDATE OF o
"""
_TASKS = """
    SELECT task_id, work_order_id, team_id FROM crm.work_order_task
     WHERE tenant_id = $1 AND assignee_id = $2 AND state = 'open' AND work_order_id = ANY ($3)
     ORDER BY work_order_id, task_id
"""
# $2 ids, $3 users, $4 teams, $5 now, $6 and $7 who does it, $8 detail
_GIVE = """
    WITH was AS (
        SELECT o.work_order_id, o.assignee_id AS old_user, o.team_id AS old_team,
               g.user_id, g.team_id
          FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS g (work_order_id, user_id, team_id)
          JOIN crm.work_order o ON o.tenant_id = $1 AND o.work_order_id = g.work_order_id
    ), changed AS (
        UPDATE crm.work_order o
           SET assignee_id = was.user_id, team_id = was.team_id, version = o.version + 1,
               entries = o.entries + 1, updated_at = $5
          FROM was WHERE o.tenant_id = $1 AND o.work_order_id = was.work_order_id
        RETURNING o.work_order_id, o.business_type_id, o.step, o.step_kind, o.version, o.entries,
                  o.assignee_id, o.team_id, was.old_user, was.old_team
    ), remembered AS (
        INSERT INTO crm.work_order_entry (tenant_id, work_order_id, seq, version, at, actor_id,
                                          actor, action, detail, changes)
        SELECT $1, work_order_id, entries, version, $5, $6, $7, 'handed_over', $8::jsonb,
               jsonb_build_object('assignee_id', jsonb_build_array(old_user, assignee_id))
               || CASE WHEN old_team IS DISTINCT FROM team_id
                       THEN jsonb_build_object('team_id', jsonb_build_array(old_team, team_id))
                       ELSE '{}' END
          FROM changed
    )
    SELECT work_order_id, business_type_id, step, step_kind, version, assignee_id, team_id
      FROM changed ORDER BY work_order_id
"""
# A task is for a person or for a team.
_GIVE_TASKS = """
    WITH changed AS (
        UPDATE crm.work_order_task t
           SET assignee_id = g.user_id, team_id = CASE WHEN g.user_id IS NULL THEN g.team_id END
          FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS g (task_id, user_id, team_id)
         WHERE t.tenant_id = $1 AND t.task_id = g.task_id
        RETURNING t.work_order_id, t.task_id, t.assignee_id, t.team_id
    ), counted AS (
        SELECT changed.*, row_number() OVER (PARTITION BY work_order_id ORDER BY task_id) AS n
          FROM changed
    ), noted AS (
        UPDATE crm.work_order o SET entries = o.entries + c.many, updated_at = $5
          FROM (SELECT work_order_id, count(*) AS many FROM changed GROUP BY work_order_id) c
         WHERE o.tenant_id = $1 AND o.work_order_id = c.work_order_id
        RETURNING o.work_order_id, o.version, o.entries - c.many AS before
    )
    INSERT INTO crm.work_order_entry (tenant_id, work_order_id, seq, version, at, actor_id, actor,
                                      action, detail)
    SELECT $1, work_order_id, before + n, version, $5, $6, $7, 'task_handed_over',
           $8::jsonb || jsonb_build_object('task_id', task_id, 'to_user_id', assignee_id,
                                           'team_id', team_id)
      FROM counted JOIN noted USING (work_order_id)
"""


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that is locked: his, or with a task of his."""

    work_order_id: UUID
    team_id: UUID | None
    assignee_id: UUID | None


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task of his."""

    task_id: UUID
    work_order_id: UUID
    team_id: UUID | None


async def lock_open(
    conn: Connection, *, tenant_id: UUID, user_id: UUID
) -> tuple[list[OpenOrder], list[OpenTask]]:
    """Return open orders that are somebody's, or that have tasks of his, and these tasks.

    Nobody else changes them until the transaction ends.
    """
    orders = [OpenOrder(**row) for row in await conn.fetch(_LOCK, tenant_id, user_id)]
    ids = [each.work_order_id for each in orders]
    tasks = await conn.fetch(_TASKS, tenant_id, user_id, ids)
    return orders, [OpenTask(**row) for row in tasks]


async def give(
    conn: Connection,
    *,
    caller: Caller,
    gifts: Sequence[Gift],
    detail: Mapping[str, Any],
    now: datetime,
) -> list[dict[str, Any]]:
    """Give orders that are locked, and return what facts of them say."""
    rows = await conn.fetch(_GIVE, *_args(caller, gifts, detail, now))
    return [
        {
            "work_order_id": str(row["work_order_id"]),
            "business_type_id": str(row["business_type_id"]),
            "step": row["step"],
            "step_kind": row["step_kind"],
            "version": row["version"],
            "agent_id": str(row["assignee_id"]) if row["assignee_id"] is not None else None,
            "team_id": str(row["team_id"]) if row["team_id"] is not None else None,
        }
        for row in rows
    ]


async def give_tasks(
    conn: Connection,
    *,
    caller: Caller,
    gifts: Sequence[Gift],
    detail: Mapping[str, Any],
    now: datetime,
) -> None:
    """Give tasks of orders that are locked."""
    await conn.execute(_GIVE_TASKS, *_args(caller, gifts, detail, now))


async def add_notices(
    conn: Connection,
    *,
    tenant_id: UUID,
    notices: Sequence[tuple[UUID, UUID, UUID, str]],
    now: datetime,
) -> None:
    """Keep what people are told, each: the notice's id, who, the order, and why."""
    if not notices:
        return
    columns: list[list[Any]] = [[each[n] for each in notices] for n in range(4)]
    await conn.execute(
        """
        INSERT INTO crm.work_order_notice (tenant_id, notice_id, user_id, work_order_id, reason,
                                           created_at)
        SELECT $1, n.notice_id, n.user_id, n.work_order_id, n.reason, $6
          FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[])
               AS n (notice_id, user_id, work_order_id, reason)
        """,
        tenant_id,
        *columns,
        now,
    )


def _args(
    caller: Caller, gifts: Sequence[Gift], detail: Mapping[str, Any], now: datetime
) -> list[Any]:
    return [
        caller.tenant_id,
        [each.id for each in gifts],
        [each.user_id for each in gifts],
        [each.team_id for each in gifts],
        now,
        caller.user_id,
        caller.username,
        orjson.dumps(detail).decode(),
    ]
