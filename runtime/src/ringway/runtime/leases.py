"""Leases: who owns a piece of work now, kept in a NATS key-value bucket.

A lease lasts ``ttl_s`` after it was last renewed. Its holder stops trusting it after that time by
its own monotonic clock, counted from before the renewal was sent, so it lets go before the server
gives the key to somebody else. ``token`` grows with each acquisition: a store that remembers the
highest it saw can refuse a holder that was asleep (fencing).
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
from prometheus_client import Counter, Gauge

from ringway.runtime.bus.bucket import Entry, WrongRevision
from ringway.runtime.bus.bus import Bus
from ringway.runtime.errors import BusDown

_log = logging.getLogger("ringway.leases")
_held = Gauge("ringway_leases_held", "Leases this process holds.")
_lost = Counter("ringway_leases_lost", "Leases lost against our will.")

BUCKET = "leases"
_ASK_LIMIT_S = 0.5  # a customer may be waiting on the answer of owner_of
# A running process sees its lease end within milliseconds; one that sees it later was asleep.
_DOZE_S = 0.2


@dataclass(eq=False, slots=True)
class Lease:
    """A lease that this process holds, or held.

    Args:
        token: The fencing token; a later acquisition always has a higher one.
        expires_at: On the event loop's clock.
        lost: Set once, when the lease is no longer ours for whatever reason.
    """

    key: str
    token: int
    revision: int
    expires_at: float
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    def holds(self, at: float) -> bool:
        """Whether the lease is ours at ``at`` (seconds, event loop's clock)."""
        return not self.lost.is_set() and at < self.expires_at


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the key says: who, and with which token."""

    owner: str
    token: int

    @classmethod
    def read(cls, entry: Entry) -> _Claim | None:
        try:
            value = orjson.loads(entry.value or b"")
            # The acquisition cannot know its own revision, so it writes 0 and means it.
            return cls(str(value["owner"]), int(value["token"]) or entry.revision)
        except (ValueError, KeyError, TypeError):
            return None

    def write(self) -> bytes:
        return orjson.dumps({"owner": self.owner, "token": self.token})


class Leases:
    """The leases of one process.

    ``run`` must be among the service's workers: it renews, and watches who owns what.

    Args:
        owner: The name others see, such as ``acd-0``. A process that starts again under the same
            name takes its own leases back at once.
        ttl_s: How long after its last renewal a lease ends. The same for all users of the bucket.
        on_lost: Called with each lease that is lost against our will, in the event loop.
    """

    def __init__(
        self,
        bus: Bus,
        owner: str,
        ttl_s: float = 5.0,
        *,
        on_lost: Callable[[Lease], None] | None = None,
        bucket: str = BUCKET,
    ) -> None:
        self.owner = owner
        self._bucket = bus.kv(bucket, ttl_s)
        self._ttl_s = ttl_s
        self._on_lost = on_lost
        self._leases: dict[str, Lease] = {}
        self._acquiring: dict[str, asyncio.Lock] = {}
        self._seen: dict[str, tuple[_Claim, float]] = {}  # with the time it was seen
        self._synced = False
        self._soonest = math.inf  # when the first of our leases ends
        self._slept: set[str] = set()  # whose end this process slept over
        self.changed = asyncio.Event()  # somebody else took or left a lease; cleared by the reader

    def holds(self, key: str) -> bool:
        """Whether ``key`` is ours at this moment."""
        lease = self._leases.get(key)
        return lease is not None and lease.holds(self._now())

    def lease(self, key: str) -> Lease | None:
        """Return the lease on ``key`` if it is ours at this moment."""
        lease = self._leases.get(key)
        return lease if lease is not None and lease.holds(self._now()) else None

    async def acquire(self, key: str) -> Lease | None:
        """Take a lease, or return the one we have; None when it is another's.

        Raises:
            BusDown: Nobody knows.
        """
        async with self._acquiring.setdefault(key, asyncio.Lock()):
            present = self.lease(key)
            if present is not None:
                return present
            stale = self._leases.get(key)
            if stale is not None:
                self._end(stale)
            asked_at = self._now()
            revision = await self._take(key)
            if revision is None:
                return None
            lease = Lease(key, revision, revision, asked_at + self._ttl_s)
            self._leases[key] = lease
            self._slept.discard(key)
            self._settle_soonest()
            self._seen[key] = (_Claim(self.owner, revision), asked_at)
            _held.set(len(self._leases))
            _log.info("A lease is acquired.", extra={"lease": key, "token": lease.token})
            return lease

    async def _take(self, key: str) -> int | None:
        claim = _Claim(self.owner, 0).write()
        try:
            return await self._bucket.create(key, claim)
        except WrongRevision:
            entry = await self._bucket.get(key)
        if entry is None:
            return None  # it expired just now; the next call gets it
        holder = _Claim.read(entry)
        if holder is None or holder.owner != self.owner:
            return None
        try:
            return await self._bucket.update(key, claim, last=entry.revision)
        except WrongRevision:
            return None

    async def release(self, key: str) -> None:
        """Give a lease up so that another may have it at once. Never raises."""
        self._slept.discard(key)
        lease = self._leases.pop(key, None)
        if lease is None:
            return
        self._let_go(lease)
        self._seen.pop(key, None)
        try:
            await self._bucket.delete(key, last=lease.revision, timeout_s=1)
        except (BusDown, WrongRevision) as error:
            _log.info("A lease ends by itself.", extra={"lease": key, "reason": str(error)})

    async def hand_over(self, key: str, to: str) -> bool:
        """Give a lease to another process, which finds its name on it and takes it at once.

        Nobody else can take it in between. When that process never comes, it ends by itself.

        Returns:
            Whether it is the other's now. Ours it is in no case.
        """
        lease = self._leases.pop(key, None)
        if lease is None or not lease.holds(self._now()):
            return False
        self._let_go(lease)
        revision = lease.revision
        try:
            for _ in range(3):
                try:
                    await self._bucket.update(key, _Claim(to, 0).write(), last=revision)
                except WrongRevision:  # perhaps our own renewal, which was on its way
                    entry = await self._bucket.get(key)
                    if entry is None or _Claim.read(entry) != _Claim(self.owner, lease.token):
                        return False
                    revision = entry.revision
                else:
                    self._seen[key] = (_Claim(to, 0), self._now())
                    _log.info("A lease is handed over.", extra={"lease": key, "to": to})
                    return True
        except BusDown as error:
            _log.info("A lease ends by itself.", extra={"lease": key, "reason": str(error)})
        return False

    @property
    def is_fenced(self) -> bool:
        """Whether this process slept past the end of a lease and does not know whose it is now.

        What it believes may be long untrue: it must not act, nor tell anything, until it has
        acquired the lease again or ended.
        """
        return bool(self._slept) or self._now() >= self._soonest + _DOZE_S

    def owners(self, prefix: str) -> dict[str, str]:
        """Return who holds the keys that begin with ``prefix``, as far as is known."""
        now = self._now()
        return {
            key: claim.owner
            for key, (claim, seen_at) in self._seen.items()
            if key.startswith(prefix) and now - seen_at < self._ttl_s
        }

    async def release_all(self) -> None:
        """Give every lease up, at the end of a drain."""
        await asyncio.gather(*(self.release(key) for key in tuple(self._leases)))

    async def owner_of(self, key: str) -> str | None:
        """Return who holds ``key``, as far as is known; None when nobody does."""
        if self.holds(key):
            return self.owner
        if not self._synced:
            try:
                entry = await self._bucket.get(key, timeout_s=_ASK_LIMIT_S)
            except BusDown:
                pass  # what was seen before may still hold
            else:
                self._see(key, entry)
        claim, seen_at = self._seen.get(key, (None, 0.0))
        if claim is None or self._now() - seen_at >= self._ttl_s:
            return None
        return claim.owner

    async def run(self) -> None:
        """Renew what we hold and watch what others hold, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._renew_all())
            group.create_task(self._watch())
            group.create_task(self._expire())

    async def _renew_all(self) -> None:
        while True:
            await asyncio.sleep(self._ttl_s / 3)
            await asyncio.gather(*(self._renew(lease) for lease in tuple(self._leases.values())))

    async def _renew(self, lease: Lease) -> None:
        asked_at = self._now()
        claim = _Claim(self.owner, lease.token).write()
        try:
            revision = await self._bucket.update(
                lease.key, claim, last=lease.revision, timeout_s=self._ttl_s / 2
            )
        except WrongRevision:
            await self._settle_doubt(lease)
        except BusDown:
            return  # it expires by itself if this goes on
        else:
            lease.revision = revision
            lease.expires_at = asked_at + self._ttl_s
            self._settle_soonest()

    async def _settle_doubt(self, lease: Lease) -> None:
        """The key moved under us: by our own renewal whose answer was lost, or by another."""
        try:
            entry = await self._bucket.get(lease.key)
        except BusDown:
            return
        claim = _Claim.read(entry) if entry is not None else None
        if entry is not None and claim == _Claim(self.owner, lease.token):
            lease.revision = entry.revision
            return
        self._lose(lease, "taken over" if entry is not None else "expired")

    async def _expire(self) -> None:
        while True:
            leases = tuple(self._leases.values())
            soonest = min((x.expires_at for x in leases), default=self._now() + self._ttl_s)
            await asyncio.sleep(min(max(0.01, soonest - self._now()), self._ttl_s / 4))
            for lease in leases:
                if not lease.holds(self._now()):
                    self._end(lease)

    def _end(self, lease: Lease) -> None:
        if self._leases.get(lease.key) is lease and self._now() - lease.expires_at > _DOZE_S:
            self._slept.add(lease.key)
        self._lose(lease, "not renewed in time")

    def _lose(self, lease: Lease, reason: str) -> None:
        if self._leases.get(lease.key) is not lease:
            return
        del self._leases[lease.key]
        self._let_go(lease)
        _lost.inc()
        _log.warning(
            "A lease is lost.", extra={"lease": lease.key, "token": lease.token, "reason": reason}
        )
        if self._on_lost is not None:
            self._on_lost(lease)

    def _let_go(self, lease: Lease) -> None:
        lease.lost.set()
        _held.set(len(self._leases))
        self._settle_soonest()

    def _settle_soonest(self) -> None:
        self._soonest = min((x.expires_at for x in self._leases.values()), default=math.inf)

    async def _watch(self) -> None:
        async for entry in self._bucket.watch():
            if entry is None:
                self._synced = True
                continue
            self._see(entry.key, entry)

    def _see(self, key: str, entry: Entry | None) -> None:
        claim = _Claim.read(entry) if entry is not None and entry.value is not None else None
        before = self._seen.get(key)
        if claim is None:
            self._seen.pop(key, None)
        else:
            self._seen[key] = (claim, self._now())
        if (before[0].owner if before else None) != (claim.owner if claim else None):
            self.changed.set()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
