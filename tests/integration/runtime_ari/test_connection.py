"""Losing and finding Asterisk again: kill, freeze, replace, and what hooks may rely on."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.support.ari import EventLog, ari_on, node_settings
from tests.support.asterisk import RealAsterisk, real_asterisk
from tests.support.cut_proxy import cut_proxy
from tests.support.waiting import eventually

from ringway.runtime.ari import (
    AppReplaced,
    AriClient,
    AriDown,
    AriNode,
    AriTimedOut,
    ChannelDestroyed,
    Event,
    StasisStart,
)
from ringway.runtime.settings import AriNodeSettings

pytestmark = pytest.mark.integration

ECHO = "Local/*43@from-agent"
# A node that is silent is lost after 3 to 3.5 s; the rest is what a busy machine may add.
NOTICED_S = 7.0


async def connected(node: AriNode, is_connected: bool, within_s: float = 10.0) -> float:
    """Wait for a state of the node; return how long it took, in seconds."""
    return await eventually(lambda: node.connected is is_connected, within_s=within_s)


async def freeze(asterisk: RealAsterisk) -> None:
    """Stop Asterisk and return when all its threads stand still."""
    asterisk.freeze()

    def stands_still() -> bool:
        stats = Path(f"/proc/{asterisk.pid}/task").glob("*/stat")
        return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in stats)

    await eventually(stands_still)


async def test_commands_are_refused_at_once_while_not_connected() -> None:
    nowhere = AriNodeSettings(
        name="a", url="http://127.0.0.1:9", username="u", password=SecretStr("p")
    )
    async with AriClient.open([nowhere], "acd-0") as ari:
        with pytest.raises(AriDown, match="not connected"):
            await ari.nodes["a"].ping()
        assert not ari.healthy
        assert ari.health() == "no Asterisk node is connected: a"


async def test_hooks_finish_before_any_event_of_the_connection(tmp_path: Path) -> None:
    """A call that arrives while the hook reconciles waits in line behind the hook."""
    order: list[str] = []

    async def hook(node: AriNode) -> None:
        order.append("hook begins")
        assert not node.connected
        await node.originate(ECHO, channel_id="early", app="acd-0")

        # The channel is up, so its events were sent; the reader has them in hand.
        async def is_up() -> bool:
            return (await node.get_channel("early")).state == "Up"

        await eventually(is_up)
        order.append("hook ends")

    def note(node: str, event: Event) -> None:
        if isinstance(event, StasisStart):
            order.append(f"event {event.channel_id}")

    def prepare(client: AriClient) -> None:
        client.on_connect(hook)
        client.on_event(note)

    async with real_asterisk(tmp_path) as asterisk, ari_on(asterisk, "acd-0", prepare) as ari:
        await ari.log.until(StasisStart, "early")
        assert order == ["hook begins", "hook ends", "event early"]


async def test_killed_asterisk_is_noticed_and_found_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ringway.ari")
    connects: list[bool] = []
    losses: list[str] = []

    async def hook(node: AriNode) -> None:
        connects.append((await node.get_channels()) == ())

    def prepare(client: AriClient) -> None:
        client.on_connect(hook)
        client.on_lost(lambda node: losses.append(node.name))

    async with real_asterisk(tmp_path) as asterisk, ari_on(asterisk, "acd-0", prepare) as ari:
        await ari.node.originate(ECHO, channel_id="i1.c", app="acd-0")
        await ari.log.until(StasisStart, "i1.c")
        await asterisk.kill()
        await connected(ari.node, False)
        with pytest.raises(AriDown):
            await ari.node.ping()
        assert not ari.client.healthy
        await asterisk.start()
        await connected(ari.node, True)
        assert connects == [True, True]
        assert losses == ["ast-0"]
        # The filter belongs to the registration, which died with the process.
        assert "ChannelVarset" in (await ari.node.get_application("acd-0")).events_disallowed
        await ari.node.originate(ECHO, channel_id="i1.c", app="acd-0")
        await ari.log.until(StasisStart, "i1.c")
        messages = [r.getMessage() for r in caplog.records if r.name == "ringway.ari"]
        assert messages == [
            "asterisk node connected",
            "asterisk node lost",
            "asterisk node connected",
        ]


async def test_frozen_asterisk_is_noticed_by_heartbeat(tmp_path: Path) -> None:
    async with real_asterisk(tmp_path) as asterisk, ari_on(asterisk, "acd-0") as ari:
        await ari.node.ping()
        await freeze(asterisk)
        try:
            loop = asyncio.get_running_loop()
            began = loop.time()
            # Fails with the connection, long before its own time-out.
            with pytest.raises(AriDown):
                await ari.node.ping(timeout_s=20)
            assert loop.time() - began < NOTICED_S
            assert not ari.node.connected
        finally:
            asterisk.thaw()
        await connected(ari.node, True)
        await ari.node.originate(ECHO, channel_id="i1.c", app="acd-0")
        await ari.log.until(StasisStart, "i1.c")


async def test_thawed_asterisk_does_not_confuse_us_with_our_own_ghosts(tmp_path: Path) -> None:
    """Handshakes tried during a long freeze are served late and must not look like a rival."""
    async with real_asterisk(tmp_path) as asterisk, ari_on(asterisk, "acd-0") as ari:
        await freeze(asterisk)
        try:
            await connected(ari.node, False)
            await asyncio.sleep(5)  # several reconnect attempts, each given up after 3 s
        finally:
            asterisk.thaw()
        await connected(ari.node, True)
        for i in range(5):
            await ari.node.originate(ECHO, channel_id=f"i{i}.c", app="acd-0")
            await ari.log.until(StasisStart, f"i{i}.c")
        assert ari.node.connected


async def test_own_standstill_is_not_taken_for_asterisks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with real_asterisk(tmp_path) as asterisk, ari_on(asterisk, "acd-0") as ari:
        await asyncio.sleep(1.5)  # the node is quiet now, so a ping is under way at any time
        time.sleep(5)  # noqa: ASYNC251  # blocking the loop is the point
        await asyncio.sleep(1.5)
        assert await ari.node.ping()
        assert ari.node.connected
        assert "asterisk node lost" not in caplog.text


async def test_command_times_out_when_asterisk_is_slow(tmp_path: Path) -> None:
    async with real_asterisk(tmp_path) as asterisk, ari_on(asterisk, "acd-0") as ari:
        await freeze(asterisk)
        try:
            with pytest.raises(AriTimedOut):
                await ari.node.ping(timeout_s=0.2)
        finally:
            asterisk.thaw()
        assert await ari.node.ping()
        assert ari.node.connected


async def test_cut_connection_is_reconciled_while_calls_live_on(tmp_path: Path) -> None:
    """Events of the gap are lost for ever; the hook is where they are made good."""
    found: list[list[str]] = []

    async def hook(node: AriNode) -> None:
        found.append([channel.id for channel in await node.get_channels()])

    async with (
        real_asterisk(tmp_path) as asterisk,
        cut_proxy(asterisk.settings.http_port) as proxy,
        ari_on(asterisk, "other-0") as other,
        AriClient.open(
            [node_settings(asterisk, url=f"http://127.0.0.1:{proxy.port}")], "acd-0"
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        log = EventLog()
        client.on_event(log)
        client.on_connect(hook)
        running = group.create_task(client.run())
        node = client.nodes["ast-0"]
        await client.wait_connected(15)
        for name in ("stays", "goes"):
            await node.originate(ECHO, channel_id=name, app="acd-0")
            await log.until(StasisStart, name)
        proxy.cut(stay_closed=True)
        await connected(node, False)
        await other.node.hangup("goes")

        async def has_gone() -> bool:
            left = {channel.id for channel in await other.node.get_channels()}
            return left == {"stays", "stays;2"}

        await eventually(has_gone, what="the call is over")
        proxy.mend()
        await connected(node, True)
        assert found[0] == []
        assert set(found[1]) == {"stays", "stays;2"}
        # Nobody tells about the gap, but the survivor's events flow again by themselves.
        assert not any(isinstance(event, ChannelDestroyed) for event in log.events)
        await other.node.hangup("stays")
        await log.until(ChannelDestroyed, "stays")
        running.cancel()


async def test_what_was_to_end_has_ended_before_the_hooks_of_the_next_connection(
    tmp_path: Path,
) -> None:
    found: list[set[str]] = []

    async def hook(node: AriNode) -> None:
        channels = {channel.id for channel in await node.get_channels()}
        found.append(channels | {bridge.id for bridge in await node.get_bridges()})

    async with (
        real_asterisk(tmp_path) as asterisk,
        cut_proxy(asterisk.settings.http_port) as proxy,
        AriClient.open(
            [node_settings(asterisk, url=f"http://127.0.0.1:{proxy.port}")], "acd-0"
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        log = EventLog()
        client.on_event(log)
        client.on_connect(hook)
        running = group.create_task(client.run())
        node = client.nodes["ast-0"]
        await client.wait_connected(10)
        for name in ("stays", "goes"):
            await node.originate(ECHO, channel_id=name, app="acd-0")
            await log.until(StasisStart, name)
            await node.create_bridge(f"{name}.b")
        proxy.cut(stay_closed=True)
        await connected(node, False)
        with pytest.raises(AriDown):
            await node.hangup("goes")
        with pytest.raises(AriDown):
            await node.destroy_bridge("goes.b")
        await node.end("was never there", "nor this")
        proxy.mend()
        await connected(node, True)
        assert found[1] & {"stays", "goes", "stays.b", "goes.b"} == {"stays", "stays.b"}
        running.cancel()


async def test_a_channel_that_comes_after_its_end_ends_at_once(tmp_path: Path) -> None:
    async with real_asterisk(tmp_path) as asterisk, ari_on(asterisk, "acd-0") as ari:
        assert not await ari.node.hangup("late")  # overtook what asks for it
        await ari.node.originate(ECHO, channel_id="late", app="acd-0")
        await ari.log.until(ChannelDestroyed, "late")
        assert "late" not in {channel.id for channel in await ari.node.get_channels()}


async def test_stalled_network_is_noticed_by_heartbeat(tmp_path: Path) -> None:
    async with (
        real_asterisk(tmp_path) as asterisk,
        cut_proxy(asterisk.settings.http_port) as proxy,
        AriClient.open(
            [node_settings(asterisk, url=f"http://127.0.0.1:{proxy.port}")], "acd-0"
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        running = group.create_task(client.run())
        node = client.nodes["ast-0"]
        await client.wait_connected(15)
        proxy.stall()
        assert await connected(node, False) < NOTICED_S
        proxy.mend()
        await connected(node, True)
        running.cancel()


async def test_second_client_of_the_same_name_ends_the_first(tmp_path: Path) -> None:
    async with real_asterisk(tmp_path) as asterisk:
        nodes = [node_settings(asterisk)]
        async with AriClient.open(nodes, "acd-0") as first, asyncio.TaskGroup() as group:
            running = asyncio.gather(first.run(), return_exceptions=True)
            await first.wait_connected(15)
            async with AriClient.open(nodes, "acd-0") as second:
                other = group.create_task(second.run())
                await second.wait_connected(15)
                (end,) = await running
                assert isinstance(end, AppReplaced)
                assert (end.node, end.app) == ("ast-0", "acd-0")
                assert not first.healthy
                assert second.healthy
                other.cancel()


async def test_failing_hook_drops_the_connection_and_tries_again(tmp_path: Path) -> None:
    tries = 0

    async def hook(node: AriNode) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise RuntimeError("not yet")

    async with (
        real_asterisk(tmp_path) as asterisk,
        ari_on(asterisk, "acd-0", lambda c: c.on_connect(hook)) as ari,
    ):
        assert tries == 3
        assert ari.node.connected


async def test_failing_dispatcher_does_not_stop_events(tmp_path: Path) -> None:
    def broken(node: str, event: Event) -> None:
        raise RuntimeError("bug")

    heard: list[Event] = []

    def prepare(client: AriClient) -> None:
        client.on_event(broken)
        client.on_event(lambda _, event: heard.append(event))

    async with real_asterisk(tmp_path) as asterisk, ari_on(asterisk, "acd-0", prepare) as ari:
        await ari.node.originate(ECHO, channel_id="i1.c", app="acd-0")
        # Another dispatcher of the same client still gets what the broken one choked on.
        await eventually(lambda: any(isinstance(event, StasisStart) for event in heard))
        assert ari.node.connected


async def test_wrong_password_is_reported_and_retried(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with real_asterisk(tmp_path) as asterisk:
        nodes = [node_settings(asterisk, password="wrong")]
        async with AriClient.open(nodes, "acd-0") as client, asyncio.TaskGroup() as group:
            running = group.create_task(client.run())
            await eventually(lambda: "asterisk node lost" in caplog.text)
            with pytest.raises(AriDown):
                await client.wait_connected(1)
            running.cancel()
    lost = [r for r in caplog.records if r.getMessage() == "asterisk node lost"]
    assert len(lost) == 1
    assert "401" in lost[0].__dict__["reason"]
    assert "wrong" not in caplog.text


@pytest.fixture
async def two_nodes(tmp_path: Path) -> AsyncIterator[tuple[RealAsterisk, RealAsterisk]]:
    async with (
        real_asterisk(tmp_path, node="ast-0") as zero,
        real_asterisk(tmp_path, node="ast-1") as one,
    ):
        yield zero, one


async def test_nodes_live_and_die_independently(
    two_nodes: tuple[RealAsterisk, RealAsterisk],
) -> None:
    zero, one = two_nodes
    where: dict[str, str] = {}

    def note(node: str, event: Event) -> None:
        if isinstance(event, StasisStart):
            where[event.channel.id] = node

    nodes = [node_settings(zero), node_settings(one)]
    async with AriClient.open(nodes, "acd-0") as ari, asyncio.TaskGroup() as group:
        ari.on_event(note)
        running = group.create_task(ari.run())
        await ari.wait_connected(15)
        await ari.nodes["ast-0"].originate(ECHO, channel_id="a", app="acd-0")
        await ari.nodes["ast-1"].originate(ECHO, channel_id="b", app="acd-0")
        await eventually(lambda: len(where) == 2)
        assert where == {"a": "ast-0", "b": "ast-1"}
        await zero.kill()
        await connected(ari.nodes["ast-0"], False)
        assert ari.healthy
        assert await ari.nodes["ast-1"].get_channel("b")
        running.cancel()


def test_no_node_and_two_of_one_name_are_refused() -> None:
    same = AriNodeSettings(name="a", url="http://x", username="u", password=SecretStr("p"))
    with pytest.raises(ValueError, match="same name"):
        AriClient([same, same], "acd-0")
    with pytest.raises(ValueError, match="no Asterisk node"):
        AriClient([], "acd-0")
