"""What somebody asked another service for, until its entry is in the audit log.

A process that dies between the request and the entry leaves the intent; after a while it becomes
an entry that says so.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from ringway.crm_api.access import Caller, Role
from ringway.crm_api.audit import store
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection, Pool

_log = logging.getLogger("ringway.crm_api.audit")

_LEFT_AFTER = timedelta(minutes=10)  # no request lasts so long
_AT_ONCE = 100


async def add(
    conn: Connection,
    *,
    caller: Caller,
    now: datetime,
    action: str,
    object_type: str,
    object_id: object,
    detail: Mapping[str, str],
) -> UUID:
    """Note what ``caller`` is about to ask for."""
    intent_id = uuid7()
    await conn.execute(
        """
        INSERT INTO crm.audit_intent (tenant_id, intent_id, at, actor_id, actor, role, action,
                                      object_type, object_id, detail, client_ip)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11)
        """,
        caller.tenant_id,
        intent_id,
        now,
        caller.user_id,
        caller.username,
        caller.role.value,
        action,
        object_type,
        str(object_id),
        orjson.dumps(detail).decode(),
        caller.client_ip,
    )
    return intent_id


async def remove(conn: Connection, *, tenant_id: UUID, intent_id: UUID) -> None:
    """Forget an intent: its entry is in the log, or it was refused."""
    await conn.execute(
        "DELETE FROM crm.audit_intent WHERE tenant_id = $1 AND intent_id = $2",
        tenant_id,
        intent_id,
    )


async def sweep(pool: Pool, now: datetime) -> int:
    """Turn intents that were left into entries of the log; return how many.

    Raises:
        PostgresDown: Try again later.
    """
    before = now - _LEFT_AFTER
    async with pool.platform() as conn:
        rows = await conn.fetch(
            "SELECT tenant_id FROM crm.tenants_with_audit_intents($1) AS t (tenant_id)", before
        )
    swept = 0
    for row in rows:
        async with pool.tenant(row["tenant_id"]) as conn:
            swept += await _sweep_tenant(conn, row["tenant_id"], before, now)
    if swept:
        _log.warning("Acts were found of which nobody told the outcome.", extra={"acts": swept})
    return swept


async def _sweep_tenant(conn: Connection, tenant_id: UUID, before: datetime, now: datetime) -> int:
    rows = await conn.fetch(
        """
        DELETE FROM crm.audit_intent i USING (
            SELECT intent_id FROM crm.audit_intent WHERE tenant_id = $1 AND at < $2
             ORDER BY at LIMIT $3 FOR UPDATE SKIP LOCKED) AS left_over
         WHERE i.tenant_id = $1 AND i.intent_id = left_over.intent_id RETURNING i.*
        """,
        tenant_id,
        before,
        _AT_ONCE,
    )
    for row in sorted(rows, key=lambda each: (each["at"], each["intent_id"])):
        actor = Caller(
            tenant_id=tenant_id,
            user_id=row["actor_id"],
            username=row["actor"],
            role=Role(row["role"]),
            agent_number=None,
            session_id=UUID(int=0),
            client_ip=row["client_ip"],
        )
        detail = {"outcome": "unknown", "asked_at": row["at"].isoformat()}
        await store.add(
            conn,
            caller=actor,
            now=now,
            action=row["action"],
            object_type=row["object_type"],
            object_id=row["object_id"],
            detail={**orjson.loads(row["detail"]), **detail},
        )
    return len(rows)
