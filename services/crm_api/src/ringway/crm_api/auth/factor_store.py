"""Second factors and recovery codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Factor:
    """A user's authenticator. Until it is confirmed nobody is asked for its codes."""

    secret: bytes
    confirmed_at: datetime | None
    codes_left: int


async def get(conn: Connection, *, tenant_id: UUID, user_id: UUID) -> Factor | None:
    """Return the factor of a user."""
    row = await conn.fetchrow(
        """
        SELECT f.secret, f.confirmed_at,
               (SELECT count(*) FROM crm.recovery_code r WHERE r.tenant_id = f.tenant_id
                   AND r.user_id = f.user_id AND r.used_at IS NULL) AS codes_left
          FROM crm.second_factor f WHERE f.tenant_id = $1 AND f.user_id = $2
        """,
        tenant_id,
        user_id,
    )
    return Factor(**row) if row is not None else None


async def begin(
    conn: Connection, *, tenant_id: UUID, user_id: UUID, secret: bytes, now: datetime
) -> bool:
    """Write a factor that waits for its confirmation. False when there is a confirmed one."""
    status = await conn.execute(
        """
        INSERT INTO crm.second_factor AS f (tenant_id, user_id, secret, created_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant_id, user_id) DO UPDATE SET secret = $3, created_at = $4, last_step = 0
         WHERE f.confirmed_at IS NULL
        """,
        tenant_id,
        user_id,
        secret,
        now,
    )
    return status != "INSERT 0 0"


async def confirm(conn: Connection, *, tenant_id: UUID, user_id: UUID, now: datetime) -> None:
    """Ask for codes from now on."""
    await conn.execute(
        "UPDATE crm.second_factor SET confirmed_at = $3 WHERE tenant_id = $1 AND user_id = $2",
        tenant_id,
        user_id,
        now,
    )


async def remove(conn: Connection, *, tenant_id: UUID, user_id: UUID) -> bool:
    """Remove a factor with its recovery codes. False when there was none."""
    status = await conn.execute(
        "DELETE FROM crm.second_factor WHERE tenant_id = $1 AND user_id = $2", tenant_id, user_id
    )
    return status != "DELETE 0"


async def use_step(conn: Connection, *, tenant_id: UUID, user_id: UUID, step: int) -> bool:
    """Use up a time step and all before it. False when it was used already."""
    status = await conn.execute(
        "UPDATE crm.second_factor SET last_step = $3 "
        "WHERE tenant_id = $1 AND user_id = $2 AND last_step < $3",
        tenant_id,
        user_id,
        step,
    )
    return status != "UPDATE 0"


async def use_recovery_code(
    conn: Connection, *, tenant_id: UUID, user_id: UUID, code_hash: bytes, now: datetime
) -> bool:
    """Use up a recovery code. False when there is no such one left."""
    status = await conn.execute(
        "UPDATE crm.recovery_code SET used_at = $4 "
        "WHERE tenant_id = $1 AND user_id = $2 AND code_hash = $3 AND used_at IS NULL",
        tenant_id,
        user_id,
        code_hash,
        now,
    )
    return status != "UPDATE 0"


async def replace_recovery_codes(
    conn: Connection, *, tenant_id: UUID, user_id: UUID, hashes: Sequence[bytes]
) -> None:
    """Forget all recovery codes and remember these."""
    await conn.execute(
        "DELETE FROM crm.recovery_code WHERE tenant_id = $1 AND user_id = $2", tenant_id, user_id
    )
    await conn.executemany(
        "INSERT INTO crm.recovery_code (tenant_id, user_id, code_hash) VALUES ($1, $2, $3)",
        [(tenant_id, user_id, each) for each in hashes],
    )
