"""Leases on a real NATS server: one owner at a time, through deaths, hangs and restarts."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.support.bus import running
from tests.support.nats import NatsServer
from tests.support.waiting import eventually

from ringway.runtime.bus import BusDown
from ringway.runtime.leases import Lease, Leases

pytestmark = pytest.mark.integration

KEY = "acd.shard.7"
TTL_S = 2.0  # a busy machine stands still for a good part of a second
# How long a busy machine may take to show what is proved here, which is never its speed.
SHOWN_S = 15.0


async def test_a_lease_has_one_owner(nats: NatsServer) -> None:
    async with nats.bus("acd", name="acd-0") as one, nats.bus("acd", name="acd-1") as two:
        a, b = Leases(one, "acd-0", TTL_S), Leases(two, "acd-1", TTL_S)
        async with running(a.run(), b.run()):
            got = await asyncio.gather(*(x.acquire(KEY) for x in (a, b, a, b)))
            owners = {x.owner for x in (a, b) if x.holds(KEY)}
            assert len(owners) == 1
            assert sum(lease is not None for lease in got) == 2
            (owner,) = owners
            assert await a.owner_of(KEY) == await b.owner_of(KEY) == owner


async def test_renewal_keeps_a_lease_beyond_its_time(nats: NatsServer) -> None:
    async with nats.bus("acd", name="acd-0") as one, nats.bus("acd", name="acd-1") as two:
        a, b = Leases(one, "acd-0", TTL_S), Leases(two, "acd-1", TTL_S)
        async with running(a.run(), b.run()):
            lease = await a.acquire(KEY)
            assert lease is not None
            first = lease.revision
            await eventually(lambda: lease.revision > first + 3, within_s=SHOWN_S)
            assert a.holds(KEY)
            assert await b.acquire(KEY) is None
            assert lease.token == first


async def test_a_dead_owner_is_succeeded_with_a_higher_token(nats: NatsServer) -> None:
    async with nats.bus("acd", name="acd-0") as one, nats.bus("acd", name="acd-1") as two:
        a, b = Leases(one, "acd-0", TTL_S), Leases(two, "acd-1", TTL_S)
        async with running(b.run()):
            dead = await a.acquire(KEY)  # nobody renews it
            assert dead is not None

            async def taken() -> bool:
                return await b.acquire(KEY) is not None

            waited_s = await eventually(taken, within_s=SHOWN_S)
            assert waited_s > TTL_S / 2
            assert not a.holds(KEY)
            heir = b.lease(KEY)
            assert heir is not None
            assert heir.token > dead.token
            assert await b.owner_of(KEY) == "acd-1"


async def test_a_released_lease_is_free_at_once(nats: NatsServer) -> None:
    async with nats.bus("acd", name="acd-0") as one, nats.bus("acd", name="acd-1") as two:
        a, b = Leases(one, "acd-0"), Leases(two, "acd-1")
        lease = await a.acquire(KEY)
        assert lease is not None
        await a.release_all()
        assert lease.lost.is_set()
        assert await b.owner_of(KEY) is None
        assert await b.acquire(KEY) is not None


async def test_a_restarted_process_takes_its_own_lease_back(nats: NatsServer) -> None:
    async with nats.bus("acd") as bus:
        before = await Leases(bus, "acd-0").acquire(KEY)
        after = await Leases(bus, "acd-0").acquire(KEY)
        assert before is not None
        assert after is not None
        assert after.token > before.token


async def test_a_lease_that_was_taken_away_is_noticed(nats: NatsServer) -> None:
    lost: list[Lease] = []
    async with nats.bus("acd") as bus:
        sleeper = Leases(bus, "acd-0", TTL_S, on_lost=lost.append)
        async with running(sleeper.run()):
            lease = await sleeper.acquire(KEY)
            assert lease is not None
            assert await Leases(bus, "acd-0", TTL_S).acquire(KEY) is not None
            await asyncio.wait_for(lease.lost.wait(), SHOWN_S)
            assert lost == [lease]
            assert not sleeper.holds(KEY)


async def test_leases_outlive_a_short_loss_of_nats(nats: NatsServer) -> None:
    ttl_s = 8.0
    async with nats.bus("acd") as acd, nats.bus("dialer") as dialer:
        owner, watcher = Leases(acd, "acd-0", ttl_s), Leases(dialer, "dialer-0", ttl_s)
        async with running(owner.run(), watcher.run()):
            lease = await owner.acquire(KEY)
            assert lease is not None

            async def seen() -> bool:
                return await watcher.owner_of(KEY) == "acd-0"

            await eventually(seen)
            nats.kill()
            await eventually(lambda: not acd.healthy)
            assert owner.holds(KEY)
            assert await watcher.owner_of(KEY) == "acd-0"
            await nats.start()
            revision = lease.revision
            await eventually(lambda: lease.revision > revision, within_s=2 * ttl_s)
            assert not lease.lost.is_set()
            await eventually(seen)


async def test_a_long_loss_of_nats_ends_leases_and_they_can_be_had_again(nats: NatsServer) -> None:
    async with nats.bus("acd") as bus:
        leases = Leases(bus, "acd-0", TTL_S)
        async with running(leases.run()):
            lease = await leases.acquire(KEY)
            assert lease is not None
            nats.kill()
            await asyncio.wait_for(lease.lost.wait(), SHOWN_S)
            assert not leases.holds(KEY)
            with pytest.raises(BusDown):
                await leases.acquire(KEY)
            assert await leases.owner_of(KEY) is None
            await nats.start()
            await eventually(lambda: bus.healthy, within_s=SHOWN_S)
            again = await leases.acquire(KEY)
            assert again is not None
            assert again.token > lease.token


async def test_many_leases_are_renewed_together(nats: NatsServer) -> None:
    async with nats.bus("acd") as bus:
        leases = Leases(bus, "acd-0", TTL_S)
        async with running(leases.run()):
            held = await asyncio.gather(*(leases.acquire(f"acd.shard.{n}") for n in range(64)))
            assert all(held)
            deadline = max(x.expires_at for x in held if x)
            await eventually(
                lambda: min(x.expires_at for x in held if x) > deadline + TTL_S, within_s=SHOWN_S
            )
            assert not any(x.lost.is_set() for x in held if x)


async def test_a_lease_that_is_handed_over_is_the_others_at_once_and_nobody_elses(
    nats: NatsServer,
) -> None:
    async with nats.bus("acd") as bus:
        a, b, c = (Leases(bus, name, 30) for name in ("acd-0", "acd-1", "acd-2"))
        first = await a.acquire(KEY)
        assert first is not None
        assert await a.hand_over(KEY, "acd-1")
        assert not a.holds(KEY)
        assert await c.acquire(KEY) is None
        assert await a.acquire(KEY) is None
        second = await b.acquire(KEY)
        assert second is not None
        assert second.token > first.token
        assert not await a.hand_over(KEY, "acd-2")  # it is not ours to give


async def test_who_slept_past_the_end_of_a_lease_is_fenced_until_he_has_it_again(
    nats: NatsServer,
) -> None:
    async with nats.bus("acd") as bus:
        sleeper = Leases(bus, "acd-0", TTL_S)
        assert await sleeper.acquire(KEY) is not None
        assert not sleeper.is_fenced
        time.sleep(TTL_S + 0.5)  # noqa: ASYNC251 - the whole process stands still
        assert sleeper.is_fenced
        lease = await sleeper.acquire(KEY)
        assert lease is not None
        assert not sleeper.is_fenced
