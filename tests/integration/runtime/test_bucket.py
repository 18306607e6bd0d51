"""Key-value buckets on a real NATS server."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.bus import running
from tests.support.fake_bucket import FakeBucket
from tests.support.nats import NatsServer
from tests.support.waiting import eventually

from ringway.runtime.bus import Entry, FactWriter, WrongRevision
from ringway.runtime.bus.bucket import DELETED

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("kind", ["real", "fake"])
async def test_values_have_revisions(nats: NatsServer, kind: str) -> None:
    async with nats.bus("acd") as bus:
        kv = bus.kv("acd_live") if kind == "real" else FakeBucket()
        assert await kv.get("a.b") is None
        first = await kv.create("a.b", b"1")
        assert await kv.get("a.b") == Entry("a.b", b"1", first)
        with pytest.raises(WrongRevision):
            await kv.create("a.b", b"2")
        second = await kv.update("a.b", b"2", last=first)
        with pytest.raises(WrongRevision):
            await kv.update("a.b", b"3", last=first)
        with pytest.raises(WrongRevision):
            await kv.delete("a.b", last=first)
        await kv.delete("a.b", last=second)
        assert await kv.get("a.b") is None
        assert await kv.create("a.b", b"4") > second
        await kv.put("c", b"5")
        assert await kv.keys() == ["a.b", "c"]
        await kv.delete("c")
        assert {key: entry.value for key, entry in (await kv.items()).items()} == {"a.b": b"4"}
        assert await kv.items("nothing.>") == {}


async def test_a_watch_sees_what_is_there_and_then_each_change(nats: NatsServer) -> None:
    async with nats.bus("acd") as bus:
        kv = bus.kv("acd_live")
        await kv.put("a", b"1")
        seen: list[tuple[str, bytes | None] | None] = []

        async def watch() -> None:
            async for entry in kv.watch():
                seen.append(entry and (entry.key, entry.value))  # noqa: PERF401

        async with running(watch()):
            await eventually(lambda: None in seen)
            await kv.put("b", b"2")
            await kv.delete("a")
            await eventually(lambda: len(seen) == 4)
            assert seen == [("a", b"1"), None, ("b", b"2"), ("a", None)]
            seen.clear()
            nats.kill()
            await nats.start()
            await eventually(lambda: None in seen, within_s=20)
            assert seen == [("b", b"2"), ("a", None), None]


async def test_the_writer_keeps_the_order_of_values(nats: NatsServer) -> None:
    async with nats.bus("acd") as bus:
        writer = FactWriter(bus)
        async with running(writer.run()):
            nats.kill()
            for i in range(300):
                writer.put_kv("acd_live", "x", b"%d" % i)
                writer.put_kv(bus.kv("acd_live"), "y", None if i % 2 else b"%d" % i)
            await nats.start()
            assert await writer.flush(20)
        kv = bus.kv("acd_live")
        entry = await kv.get("x")
        assert entry is not None
        assert entry.value == b"299"
        assert await kv.get("y") is None


@pytest.mark.parametrize("is_of_earlier_release", [False, True])
async def test_a_deleted_key_leaves_nothing_for_ever(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch, is_of_earlier_release: bool
) -> None:
    monkeypatch.setitem(DELETED, "Nats-TTL", "1s")
    async with nats.bus("acd") as bus:
        epoch = await bus.connection.wait_up(5)
        if is_of_earlier_release:
            config = {"subjects": ["$KV.acd_live.>"], "max_msgs_per_subject": 1}
            made = config | {"name": "KV_acd_live", "allow_direct": True, "discard": "new"}
            await epoch.api("STREAM.CREATE.KV_acd_live", made)
        kv, writer = bus.kv("acd_live"), FactWriter(bus)
        for key in ("a", "b", "c"):
            await kv.put(key, b"1")
        await kv.delete("a")
        async with running(writer.run()):
            writer.put_kv(kv, "b", None)
            assert await writer.flush(20)

        async def is_clean() -> bool:
            state = (await epoch.api("STREAM.INFO.KV_acd_live"))["state"]
            return bool(state["messages"] == 1)

        await eventually(is_clean, within_s=15, what="the markers are gone")
        assert await kv.keys() == ["c"]


async def test_two_processes_may_make_a_bucket_at_once(nats: NatsServer) -> None:
    async with nats.bus("acd", name="acd-0") as one, nats.bus("acd", name="acd-1") as two:
        await asyncio.gather(one.kv("acd_live").put("a", b"1"), two.kv("acd_live").put("b", b"2"))
        assert await one.kv("acd_live").keys() == ["a", "b"]


async def test_keys_live_no_longer_than_the_last_release_asks(nats: NatsServer) -> None:
    async with nats.bus("acd") as earlier:
        await earlier.kv("leases", 60).put("k", b"1")
    async with nats.bus("acd") as later:
        kv = later.kv("leases", 1)
        await kv.put("k", b"2")

        async def is_gone() -> bool:
            return await kv.get("k") is None

        await eventually(is_gone, within_s=10, what="the key has lived its second")
