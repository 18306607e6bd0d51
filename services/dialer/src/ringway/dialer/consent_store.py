"""Consents in PostgreSQL; their history is kept. The caller owns the transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ringway.dialer import law_store
from ringway.proto.dialer_law import ConsentHow
from ringway.runtime.postgres import Connection


class ConsentMissing(Exception):
    """No consent of the number is in force."""


_RECORD = """
    INSERT INTO dialer.consent
           (tenant_id, consent_id, phone_e164, purpose, how, evidence, given_at, recorded_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT DO NOTHING
"""
_WITHDRAW = """
    UPDATE dialer.consent SET withdrawn_at = greatest($4, given_at), withdrawn_by = $5
     WHERE tenant_id = $1 AND phone_e164 = $2 AND ($3::text IS NULL OR purpose = $3)
       AND withdrawn_at IS NULL
"""


async def record(
    conn: Connection,
    *,
    tenant_id: UUID,
    consent_id: str,
    phone_e164: str,
    purpose: str,
    how: ConsentHow,
    evidence: str,
    given_at: datetime,
    by: str,
) -> None:
    """Write a consent down; leads that waited for it are judged again."""
    await conn.execute(
        _RECORD, tenant_id, consent_id, phone_e164, purpose, how.value, evidence, given_at, by
    )
    await law_store.judge_numbers_again(conn, tenant_id=tenant_id, numbers=[phone_e164])


async def withdraw(
    conn: Connection,
    *,
    tenant_id: UUID,
    phone_e164: str,
    purpose: str | None,
    withdrawn_at: datetime,
    by: str,
) -> None:
    """End a number's consents for a purpose, or all of them. Raises ConsentMissing."""
    changed = await conn.execute(_WITHDRAW, tenant_id, phone_e164, purpose, withdrawn_at, by)
    if changed.endswith(" 0"):
        raise ConsentMissing(phone_e164)
