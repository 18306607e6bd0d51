"""Member cards and wrong PINs. The caller owns the transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers.scope import Scope
from ringway.runtime.postgres import Connection

_COLUMNS = (
    "c.card_id, c.card_number, c.customer_id, c.tier, c.state, c.valid_until, c.pin_hash, "
    "c.pin_changed_at, c.note, c.version, c.created_at, c.updated_at"
)
_GET = f"SELECT {_COLUMNS} FROM crm.member_card c WHERE tenant_id = $1 AND card_id = $2"  # noqa: S608
_BY_NUMBER = f"""
    SELECT {_COLUMNS} FROM crm.member_card c WHERE tenant_id = $1 AND card_number = $2
"""  # noqa: S608 - a constant
_PAGE = f"""
    SELECT {_COLUMNS} FROM crm.member_card c
     WHERE tenant_id = $1 AND ($2::uuid IS NULL OR card_id < $2)
       AND ($3::uuid IS NULL OR customer_id = $3) AND ($4::text IS NULL OR card_number = $4)
       AND ($5::text IS NULL OR state = $5) AND {scopes.of_rows("c", "$1", "$7")}
     ORDER BY card_id DESC LIMIT $6
"""  # noqa: S608 - a constant


class NumberTaken(Exception):
    """Another card has this number."""


@dataclass(frozen=True, slots=True)
class Card:
    """One row of ``crm.member_card``."""

    card_id: UUID
    card_number: str
    customer_id: UUID | None
    tier: str
    state: str
    valid_until: datetime | None
    pin_hash: str | None
    pin_changed_at: datetime | None
    note: str
    version: int
    created_at: datetime
    updated_at: datetime


async def get(
    conn: Connection, *, tenant_id: UUID, card_id: UUID, lock: bool = False
) -> Card | None:
    """Return one card."""
    row = await conn.fetchrow(f"{_GET} FOR UPDATE" if lock else _GET, tenant_id, card_id)
    return Card(**row) if row is not None else None


async def by_number(conn: Connection, *, tenant_id: UUID, card_number: str) -> Card | None:
    """Return the card that has a number."""
    row = await conn.fetchrow(_BY_NUMBER, tenant_id, card_number)
    return Card(**row) if row is not None else None


async def page(
    conn: Connection,
    *,
    scope: Scope,
    before: UUID | None,
    customer_id: UUID | None,
    card_number: str | None,
    state: str | None,
    limit: int,
) -> list[Card]:
    """Return cards of customers in ``scope`` or of nobody, newest first."""
    rows = await conn.fetch(
        _PAGE,
        *(scope.tenant_id, before, customer_id, card_number, state, limit, scope.user_id),
    )
    return [Card(**row) for row in rows]


async def add(
    conn: Connection,
    *,
    tenant_id: UUID,
    card_id: UUID,
    card_number: str,
    fields: Mapping[str, Any],
    pin_hash: str | None,
    now: datetime,
) -> None:
    """Add a card. Raises NumberTaken."""
    try:
        await conn.execute(
            """
            INSERT INTO crm.member_card (tenant_id, card_id, card_number, customer_id, tier, state,
                valid_until, note, pin_hash, pin_changed_at, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $9::text IS NULL THEN NULL
                    ELSE $10::timestamptz END, $10, $10)
            """,
            *(tenant_id, card_id, card_number, fields["customer_id"], fields["tier"]),
            *(fields["state"], fields["valid_until"], fields["note"], pin_hash, now),
        )
    except asyncpg.UniqueViolationError as error:
        raise NumberTaken(card_number) from error


async def change(
    conn: Connection,
    *,
    tenant_id: UUID,
    card_id: UUID,
    fields: Mapping[str, Any],
    now: datetime,
) -> None:
    """Change what is said of a card."""
    await conn.execute(
        "UPDATE crm.member_card SET customer_id = $3, tier = $4, state = $5, valid_until = $6, "
        "note = $7, version = version + 1, updated_at = $8 WHERE tenant_id = $1 AND card_id = $2",
        *(tenant_id, card_id, fields["customer_id"], fields["tier"], fields["state"]),
        *(fields["valid_until"], fields["note"], now),
    )


async def set_pin(
    conn: Connection,
    *,
    tenant_id: UUID,
    card_id: UUID,
    pin_hash: str,
    old_hash: str | None,
    now: datetime,
) -> bool:
    """Set a PIN; with ``old_hash`` only where it is still that one. Returns whether it was."""
    done = await conn.fetchval(
        "UPDATE crm.member_card SET pin_hash = $3, pin_changed_at = $5, updated_at = $5, "
        "version = version + 1 WHERE tenant_id = $1 AND card_id = $2 "
        "AND ($4::text IS NULL OR pin_hash = $4) RETURNING true",
        *(tenant_id, card_id, pin_hash, old_hash, now),
    )
    return bool(done)


async def remove(conn: Connection, *, tenant_id: UUID, card_id: UUID) -> None:
    """Remove a card."""
    await conn.execute(
        "DELETE FROM crm.member_card WHERE tenant_id = $1 AND card_id = $2", tenant_id, card_id
    )


async def next_serial(conn: Connection, *, tenant_id: UUID) -> int:
    """Return the serial of the next card whose number is made. The settings exist."""
    serial: int = await conn.fetchval(
        "UPDATE crm.member_card_settings SET last_no = last_no + 1 WHERE tenant_id = $1 "
        "RETURNING last_no",
        tenant_id,
    )
    return serial


async def locked_until(
    conn: Connection, *, tenant_id: UUID, card_number: str, now: datetime
) -> datetime | None:
    """Return until when a number is locked, or None; whether there is such a card or not."""
    until: datetime | None = await conn.fetchval(
        "SELECT locked_until FROM crm.member_card_attempt "
        "WHERE tenant_id = $1 AND number_hash = $2 AND locked_until > $3",
        *(tenant_id, _hash(tenant_id, card_number), now),
    )
    return until


async def count_attempt(
    conn: Connection, *, tenant_id: UUID, card_number: str, now: datetime
) -> tuple[int, datetime | None]:
    """Count an attempt as a failure, before its PIN is looked at; forgotten when it fits.

    Returns how many there were with this one, and until when the number is locked already; then
    nothing is counted.
    """
    row = await conn.fetchrow(
        """
        INSERT INTO crm.member_card_attempt AS a (tenant_id, number_hash, failures, last_at)
        VALUES ($1, $2, 1, $3)
        ON CONFLICT (tenant_id, number_hash) DO UPDATE SET
            failures = CASE WHEN a.locked_until > $3 THEN a.failures ELSE a.failures + 1 END,
            last_at = $3
        RETURNING failures, locked_until
        """,
        *(tenant_id, _hash(tenant_id, card_number), now),
    )
    assert row is not None
    until = row["locked_until"]
    return row["failures"], until if until is not None and until > now else None


async def lock(conn: Connection, *, tenant_id: UUID, card_number: str, until: datetime) -> None:
    """Take no PINs for a number for a while."""
    await conn.execute(
        "UPDATE crm.member_card_attempt SET locked_until = $3 "
        "WHERE tenant_id = $1 AND number_hash = $2",
        *(tenant_id, _hash(tenant_id, card_number), until),
    )


async def forget_attempts(conn: Connection, *, tenant_id: UUID, card_number: str) -> None:
    """Forget wrong PINs: the right one came, or it was set anew."""
    await conn.execute(
        "DELETE FROM crm.member_card_attempt WHERE tenant_id = $1 AND number_hash = $2",
        tenant_id,
        _hash(tenant_id, card_number),
    )


def _hash(tenant_id: UUID, card_number: str) -> bytes:
    # Somebody may have typed his PIN in its place: numbers that no card has are not kept as such.
    return hashlib.sha256(tenant_id.bytes + card_number.encode()).digest()
