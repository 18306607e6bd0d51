"""How long a login waits after wrong passwords.

Failures are counted for each login at each address, so that whoever guesses locks out himself and
nobody else. All addresses of a login together have a limit that is much higher; an address from
which its owner was signed in lately is not touched by it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from uuid import UUID

from ringway.crm_api.access import PLATFORM_TENANT
from ringway.runtime.postgres import Connection

_EVERYWHERE_FACTOR = 20  # addresses that guess a little, before the login itself is closed
_FORGOTTEN_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Delays:
    """From ``limit`` failures on each one more doubles the wait, ``first_s`` to ``longest_s``."""

    limit: int
    first_s: float
    longest_s: float

    def after(self, failures: int) -> timedelta | None:
        """Return how long to wait after so many failures, or None for not at all."""
        beyond = failures - self.limit
        if beyond < 0:
            return None
        # The exponent is bounded: a number beyond any wait would overflow.
        return timedelta(seconds=min(self.longest_s, self.first_s * 2.0 ** min(beyond, 40)))


@dataclass(frozen=True, slots=True)
class Key:
    """One login at one address, as it is counted."""

    login: str
    address: str

    @property
    def here(self) -> str:
        """What is counted for this address."""
        return f"{self.login}|{self.address}"


def key_of(login: str, client_ip: str) -> Key:
    """Return what failures are counted under. An IPv6 address stands for its /64 network."""
    try:
        address = ip_address(client_ip)
    except ValueError:
        return Key(login, client_ip[:60])
    if isinstance(address, IPv6Address):
        return Key(login, f"{IPv6Address(int(address) >> 64 << 64)}/64")
    return Key(login, str(address))


async def locked_until(conn: Connection, *, login: str, now: datetime) -> datetime | None:
    """Return until when what is counted as ``login`` is locked, or None when it is not."""
    until: datetime | None = await conn.fetchval(
        "SELECT locked_until FROM crm.sign_in_failure "
        "WHERE tenant_id = $1 AND login = $2 AND locked_until > $3",
        PLATFORM_TENANT,
        login,
        now,
    )
    return until


async def add_failure(conn: Connection, *, key: Key, now: datetime, delays: Delays) -> bool:
    """Count a wrong password. Returns whether it locked something."""
    everywhere = Delays(delays.limit * _EVERYWHERE_FACTOR, delays.first_s, delays.longest_s)
    # Always in this order: two at once wait for each other and never in a circle.
    closed = await _count(conn, login=key.login, now=now, delays=everywhere)
    return await _count(conn, login=key.here, now=now, delays=delays) or closed


async def clear(conn: Connection, *, key: Key) -> None:
    """Forget the failures at this address: the owner of the login came."""
    await conn.execute(
        "DELETE FROM crm.sign_in_failure WHERE tenant_id = $1 AND login = $2",
        PLATFORM_TENANT,
        key.here,
    )


async def clear_everywhere(conn: Connection, *, login: str) -> None:
    """Forget all failures of a login: an administrator gave it a new password."""
    await conn.execute(
        "DELETE FROM crm.sign_in_failure "
        "WHERE tenant_id = $1 AND (login = $2 OR starts_with(login, $2 || '|'))",
        PLATFORM_TENANT,
        login,
    )


async def is_known_address(
    conn: Connection, *, tenant_id: UUID, user_id: UUID, address: str, since: datetime
) -> bool:
    """Return whether the user signed in from this address (or network) since then."""
    rows = await conn.fetch(
        "SELECT DISTINCT client_ip FROM crm.session "
        "WHERE tenant_id = $1 AND user_id = $2 AND created_at > $3 LIMIT 1000",
        tenant_id,
        user_id,
        since,
    )
    return address in {key_of("", row["client_ip"]).address for row in rows}


async def _count(conn: Connection, *, login: str, now: datetime, delays: Delays) -> bool:
    failures: int = await conn.fetchval(
        """
        INSERT INTO crm.sign_in_failure AS f (tenant_id, login, failures, last_at)
        VALUES ($1, $2, 1, $3)
        ON CONFLICT (tenant_id, login) DO UPDATE SET
            failures = CASE WHEN f.last_at < $4 THEN 1 ELSE f.failures + 1 END,
            last_at = $3
        RETURNING failures
        """,
        PLATFORM_TENANT,
        login,
        now,
        now - _FORGOTTEN_AFTER,
    )
    wait = delays.after(failures)
    if wait is None:
        return False
    await conn.execute(
        "UPDATE crm.sign_in_failure SET locked_until = $3 WHERE tenant_id = $1 AND login = $2",
        PLATFORM_TENANT,
        login,
        now + wait,
    )
    return True


class Turns:
    """One sign-in of a login and address at a time: guesses do not slip through side by side."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, key: Key) -> AsyncIterator[None]:
        """Wait for the turn of ``key``."""
        lock, users = self._waiting.get(key.here, (asyncio.Lock(), 0))
        self._waiting[key.here] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._waiting.pop(key.here)
            if users > 1:
                self._waiting[key.here] = (lock, users - 1)
