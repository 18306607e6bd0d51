"""Is an API key good, and whose is it? Asked on every request, answered from a short memory."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.api_keys import store
from ringway.crm_api.errors import Unauthorized
from ringway.runtime import held
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import Pool

FRESH_S = 0.8  # a revocation is felt after this at the latest
STALE_S = 900.0  # while PostgreSQL is down, a key that was good lately goes on working
USED_EVERY_S = 60.0  # a key's last use is written this often
_MARK = "rwk1"
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Parts:
    """A key as it is shown: its tenant, the prefix by which people know it, and the secret."""

    tenant_id: UUID
    prefix: str
    secret: str

    def __str__(self) -> str:
        return f"{_MARK}.{self.tenant_id.hex}.{self.prefix}.{self.secret}"


def new_key(tenant_id: UUID, prefix: str | None = None) -> Parts:
    """Return a new key, or a new secret for the key with ``prefix``."""
    made = prefix or "".join(secrets.choice(_ALPHABET) for _ in range(10))
    return Parts(tenant_id, made, secrets.token_urlsafe(32))


def is_key(token: str) -> bool:
    """Return whether a Bearer token means to be an API key."""
    return token.startswith(f"{_MARK}.")


def parse(token: str) -> Parts | None:
    """Return the parts of a key, or None when it is none."""
    parts = token.split(".")
    if len(parts) != 4 or parts[0] != _MARK or not 1 <= len(parts[2]) <= 40 or len(token) > 200:
        return None
    if not token.isascii() or not token.isprintable():
        return None
    try:
        return Parts(UUID(hex=parts[1]), parts[2], parts[3])
    except ValueError:
        return None


def secret_hash(secret: str) -> bytes:
    """Return what is stored of a secret. It is random, so one fast hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(slots=True)
class _Known:
    presented: store.Presented | None
    asked_at: float
    answered_at: float


class Keys:
    """Tells whose a key is.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, pool: Pool, clock: Callable[[], float], *, max_keys: int = 10_000) -> None:
        self._pool = pool
        self._clock = clock
        self._max_keys = max_keys
        self._known: OrderedDict[tuple[UUID, str], _Known] = OrderedDict()

    async def caller(self, token: str, now: datetime, client_ip: str) -> Caller:
        """Return who calls with this key: its owner, within its scopes.

        Raises:
            Unauthorized: The key is not good (any more), or its owner is not.
            PostgresDown: It cannot be known, and was not known lately either.
        """
        parts = parse(token)
        found = await self._find(parts, client_ip, now) if parts is not None else None
        if parts is None or found is None or not _opens(found, parts.secret, now):
            raise Unauthorized("api_key_invalid", "This API key is not valid.")
        if found.key.revoked_at is not None:
            raise Unauthorized("api_key_revoked", "This API key was revoked.")
        if found.key.expires_at <= now:
            raise Unauthorized("api_key_expired", "This API key has expired.")
        if not found.is_owner_enabled:
            raise Unauthorized("user_disabled", "The owner of this key is disabled.")
        if not found.is_tenant_active:
            raise Unauthorized("tenant_suspended", "This tenant is suspended.")
        return Caller(
            tenant_id=parts.tenant_id,
            user_id=found.key.user_id,
            username=found.key.username,
            role=found.role,
            agent_number=found.agent_number,
            session_id=found.key.key_id,
            client_ip=client_ip,
            scopes=frozenset(found.key.scopes),
        )

    def forget(self, tenant_id: UUID, prefix: str | None = None) -> None:
        """Forget what is known of a key, or of all of a tenant: it has just changed."""

        def forget() -> None:
            for key in [
                key for key in self._known if key[0] == tenant_id and prefix in (None, key[1])
            ]:
                del self._known[key]

        held.afterwards(forget)

    async def _find(self, parts: Parts, client_ip: str, now: datetime) -> store.Presented | None:
        name = (parts.tenant_id, parts.prefix)
        at = self._clock()
        known = self._known.get(name)
        if known is not None and at - known.asked_at < FRESH_S:
            return known.presented
        try:
            async with self._pool.tenant(parts.tenant_id) as conn:
                found = await store.presented(conn, tenant_id=parts.tenant_id, prefix=parts.prefix)
                if found is not None and _opens(found, parts.secret, now):
                    last = found.key.last_used_at
                    if last is None or (now - last).total_seconds() >= USED_EVERY_S:
                        await store.used(
                            conn,
                            tenant_id=parts.tenant_id,
                            key_id=found.key.key_id,
                            client_ip=client_ip,
                            now=now,
                        )
        except PostgresDown:
            if known is None or at - known.answered_at >= STALE_S:
                raise
            known.asked_at = self._clock()  # not again with the very next request
            return known.presented
        if found is None:
            self._known.pop(name, None)  # names that somebody makes up are not remembered
            return None
        self._known[name] = _Known(found, asked_at=at, answered_at=at)
        self._known.move_to_end(name)
        if len(self._known) > self._max_keys:
            self._known.popitem(last=False)
        return found


def _opens(found: store.Presented, secret: str, now: datetime) -> bool:
    shown = secret_hash(secret)
    if hmac.compare_digest(shown, found.secret_hash):
        return True
    old, until = found.old_secret_hash, found.key.old_until
    if old is None or until is None or until <= now:
        return False
    return hmac.compare_digest(shown, old)
