"""Which of several replicas serves which tenants.

Each replica that lives holds a lease of its own name; who wants a shard is the one of them that the
rendezvous hash names. A shard whose holder died is taken by whoever it names then, or by anybody
if that one is slow. A replica that joins is handed its shards one by one, each in a moment in
which nothing is under way there; one that leaves hands over all it has.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import suppress
from hashlib import blake2b

from prometheus_client import Counter

from ringway.acd import account_store
from ringway.acd.app import Acd, shard_key
from ringway.runtime.bus import Bus, FactWriter
from ringway.runtime.errors import DependencyDown
from ringway.runtime.leases import Leases
from ringway.runtime.postgres import Pool

_log = logging.getLogger("ringway.acd.replicas")
_shards = Counter("acd_shards", "Shards that came to this replica or left it.", ["how"])

_REPLICA = "acd.replica."
_LOOK_S = 0.1
_TENANTS_S = 2.0  # how often new tenants are looked for
_GRACE_S = 0.6  # whom the hash names has so long before others take a free shard
_SETTLED_S = 2.0  # replicas that come and go in a moment move nothing
_QUIET_LOOK_S = 0.02
_QUIET_LIMIT_S = 8.0  # a shard in which something is always under way is handed over like a dead's
_FLUSH_S = 2.0


def preferred(key: str, replicas: Iterable[str]) -> str | None:
    """Return which of the replicas should hold a lease; who comes or goes moves only its share."""

    def weight(replica: str) -> bytes:
        return blake2b(f"{key} {replica}".encode(), digest_size=8).digest()

    return max(replicas, key=weight, default=None)


class Replicas:
    """This replica among the others.

    Args:
        leave_s: How long leaving may take, seconds.
    """

    def __init__(
        self,
        acd: Acd,
        leases: Leases,
        bus: Bus,
        pool: Pool,
        writer: FactWriter,
        *,
        ttl_s: float,
        leave_s: float,
    ) -> None:
        self._acd = acd
        self._leases = leases
        self._bus = bus
        self._pool = pool
        self._writer = writer
        self._ttl_s = ttl_s
        self._leave_s = leave_s
        self._me = leases.owner
        self._tenants: dict[str, list[str]] = {}  # lease -> tenants
        self._tenants_at = float("-inf")
        self._free_since: dict[str, float] = {}
        self._live: frozenset[str] = frozenset()
        self._live_since = 0.0
        self._epoch: object = None
        self._epoch_at = 0.0
        self._is_leaving = False
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Worker: take what is free or ours, give what is another's."""
        while True:
            try:
                async with self._looking:
                    await self._look()
            except DependencyDown as down:
                _log.debug("Replicas are not looked at now.", extra={"reason": str(down)})
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._leases.changed.wait()
            self._leases.changed.clear()

    async def first_look(self) -> None:
        """Take what is ours before requests are answered; waits for what is down."""
        while True:
            try:
                await self._look()
            except DependencyDown as down:
                _log.warning("Floors wait for a dependency.", extra={"reason": str(down)})
                await asyncio.sleep(_GRACE_S)
            else:
                return

    # -- looking -------------------------------------------------------------------------------

    async def _look(self) -> None:
        if self._is_leaving:
            return
        # Also after a sleep: it is nobody else's, and as long as it is missing we may not act.
        await self._leases.acquire(f"{_REPLICA}{self._me}")
        if self._leases.is_fenced:
            return
        now = asyncio.get_running_loop().time()
        if self._bus.connection.epoch is not self._epoch:
            self._epoch, self._epoch_at = self._bus.connection.epoch, now
        live = frozenset({self._me, *self._leases.owners(_REPLICA).values()})
        if live != self._live:
            _log.info("Replicas have changed.", extra={"live": sorted(live)})
            self._live, self._live_since = live, now
        await self._find_tenants(now)
        wanted = [key for key in self._tenants if await self._wants(key, now)]
        await self._take(wanted)
        if now - self._live_since > _SETTLED_S:
            await self._give_one()

    async def _find_tenants(self, now: float) -> None:
        if now - self._tenants_at < _TENANTS_S:
            return
        found: dict[str, list[str]] = defaultdict(list)
        for tenant in await account_store.tenants(self._pool):
            found[shard_key(tenant)].append(tenant)
        for tenant in self._acd.runners:
            if tenant not in found[shard_key(tenant)]:
                found[shard_key(tenant)].append(tenant)
        self._tenants, self._tenants_at = found, now

    async def _wants(self, key: str, now: float) -> bool:
        """Whether there is something in a shard that this replica should open now."""
        if self._leases.holds(key):
            return any(tenant not in self._acd.runners for tenant in self._tenants[key])
        owner = await self._leases.owner_of(key)
        if owner == self._me:
            return True  # handed to us, or ours from before a restart
        if owner is not None:
            self._free_since.pop(key, None)
            return False
        since = self._free_since.setdefault(key, now)
        if self._epoch_at and now - self._epoch_at < self._ttl_s and now - since < self._ttl_s:
            # NATS has just come back: who held it takes it again, if he is there.
            return preferred(key, self._live) == self._me and len(self._live) == 1
        return preferred(key, self._live) == self._me or now - since > _GRACE_S

    async def _take(self, keys: Collection[str]) -> None:
        got = await asyncio.gather(*(self._leases.acquire(key) for key in keys))
        ours = [key for key, lease in zip(keys, got, strict=True) if lease is not None]
        if not ours:
            return
        tenants = [t for key in ours for t in self._tenants[key] if t not in self._acd.runners]
        await self._acd.open_floors(tenants)
        for key in ours:
            self._free_since.pop(key, None)
        _shards.labels("taken").inc(len(ours))

    # -- giving --------------------------------------------------------------------------------

    async def _give_one(self) -> None:
        """Hand one shard to whom the hash names, if nothing is under way in it."""
        for key in self._tenants:
            to = preferred(key, self._live)
            if to is None or to == self._me or not self._leases.holds(key):
                continue
            if self._is_quiet(key):
                await self._acd.hand_over(key, to)
                _shards.labels("given").inc()
                return

    def _is_quiet(self, key: str) -> bool:
        runners = self._acd.runners.values()
        return all(runner.is_quiet for runner in runners if shard_key(runner.tenant) == key)

    async def leave(self) -> None:
        """Hand everything over and stop being one of the replicas; never raises for long."""
        self._is_leaving = True
        async with self._looking:
            pass  # what was just being opened is open
        await self._leases.release(f"{_REPLICA}{self._me}")
        others = {*self._leases.owners(_REPLICA).values()} - {self._me}
        keys = {shard_key(tenant) for tenant in self._acd.runners}
        if others:
            limit_s = min(_QUIET_LIMIT_S, self._leave_s * 0.7)
            await asyncio.gather(*(self._give(key, others, limit_s) for key in keys))
        else:
            await self._finish_offers()
        await self._bus.stop_responding()
        await self._writer.flush(_FLUSH_S)
        await self._leases.release_all()

    async def _give(self, key: str, others: Collection[str], limit_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while not self._is_quiet(key):  # noqa: ASYNC110 - bounded
                    await asyncio.sleep(_QUIET_LOOK_S)
        to = preferred(key, others)
        if to is not None and self._leases.holds(key):
            await self._acd.hand_over(key, to)
            _shards.labels("given").inc()

    async def _finish_offers(self) -> None:
        """With nobody to go on, let connects that are under way finish."""
        while any(r.has_open_offers for r in self._acd.runners.values()):  # noqa: ASYNC110
            await asyncio.sleep(_QUIET_LOOK_S)
