"""Which process dials for a campaign, at the moments in which that changes.

A dialer with real rows; its lease, NATS and Asterisk do what the test says.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from tests.conftest import MakeDatabase
from tests.support.waiting import eventually

from ringway.dialer import campaign_store, lead_store
from ringway.dialer.app import Dialer
from ringway.dialer.config import Settings
from ringway.dialer.core import messages as m
from ringway.dialer.gate import Gate
from ringway.dialer.listener import Listener
from ringway.dialer.model import Attempt
from ringway.dialer.runner import CampaignRunner
from ringway.dialer.switchboard import Line, NotAsked
from ringway.proto.acd import InteractionConnectedV1, LegMode
from ringway.proto.dialer import (
    AttemptDisposition,
    CampaignMode,
    CampaignSpec,
    CampaignState,
    LeadRow,
)
from ringway.runtime.ari import AriDown, Channel
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import BusDown
from ringway.runtime.postgres import Pool
from ringway.runtime.tasks import TaskSet
from ringway.runtime.tenant_rows import delete_rows

pytestmark = pytest.mark.integration

SPEC = CampaignSpec(
    name="c", project_id="p", mode=CampaignMode.SCREENING, list_ids=("l",), trunk_id="t"
)


class _Leases:
    """The lease of every tenant: held or not; asking for it may take its time."""

    owner = "dialer-0"

    def __init__(self) -> None:
        self.is_ours = True
        self.has_acd = True
        self.answers = asyncio.Event()
        self.answers.set()
        self.is_asked = False

    def holds(self, key: str) -> bool:
        return self.is_ours

    async def acquire(self, key: str) -> object | None:
        self.is_asked = True
        await self.answers.wait()
        return self if self.is_ours else None

    async def owner_of(self, key: str) -> str | None:
        if key.startswith("acd"):
            return "acd-0" if self.has_acd else None
        return self.owner if self.is_ours else None


class _Bus:
    healthy = True

    def emit(self, message: object) -> None:
        """Nobody listens."""

    async def request(self, *_: object, **__: object) -> None:
        raise BusDown("nobody answers")


class _Node:
    """A node whose channels the test chooses; it keeps the order of what it was asked."""

    name = "ast-0"
    connected = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.channels: list[Channel] = []
        self.first: Callable[[], Awaitable[None]] | None = None  # what happens before it is asked
        self.then: Callable[[], None] | None = None  # what happens once a channel is watched

    async def wait_connected(self) -> None:
        """It always is."""

    async def get_channels(self) -> list[Channel]:
        first, self.first = self.first, None
        if first is not None:
            await first()
        self.asked.append("channels")
        return list(self.channels)

    async def get_bridges(self) -> list[Any]:
        self.asked.append("bridges")
        return []

    async def subscribe(self, app: str, source: str) -> None:
        self.asked.append("subscribe")
        if self.then is not None:
            self.then()

    async def originate(self, *_: object, **__: object) -> None:
        self.asked.append("originate")


class _Ari:
    healthy = True

    def __init__(self) -> None:
        self.node = _Node()
        self.nodes = {self.node.name: self.node}

    def on_event(self, hook: object) -> None:
        """Nothing happens by itself."""

    def on_connect(self, hook: object) -> None:
        """It is connected, and stays so."""


@dataclass(slots=True)
class _World:
    pool: Pool
    tenant: UUID
    dialer: Dialer
    leases: _Leases
    ari: _Ari
    tasks: TaskSet

    @property
    def runner(self) -> CampaignRunner:
        (runner,) = self.dialer.runners.values()
        return runner

    async def look(self) -> None:
        """Follow the rows, once."""
        async with self.pool.platform() as conn:
            live = await campaign_store.live_campaigns(conn)
        await self.dialer._follow([c for c in live if c.tenant == str(self.tenant)])

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        await eventually(is_so, what=what)

    def waits_for(self, part: m.Part) -> Callable[[], bool]:
        return lambda: f"{part}" in self.runner.core.explanation


@asynccontextmanager
async def _world(pool: Pool, leads: int = 0) -> AsyncIterator[_World]:
    """A running campaign of a tenant, and a dialer that has not looked for it yet."""
    tenant = uuid4()
    async with pool.tenant(tenant) as conn:
        await campaign_store.put_project(conn, tenant_id=tenant, project_id="p", name="P")
        await lead_store.put_list(conn, tenant_id=tenant, list_id="l", name="L")
        await campaign_store.put_campaign(conn, tenant_id=tenant, campaign_id="c", spec=SPEC)
        await campaign_store.set_state(
            conn, tenant_id=tenant, campaign_id="c", state=CampaignState.RUNNING
        )
        rows = [LeadRow(lead_id=f"lead-{n}", phone_e164=f"+40215{n:06}") for n in range(leads)]
        if rows:
            await lead_store.add_leads(
                conn, tenant_id=tenant, list_id="l", batch_id="b", chunk_no=0, rows=rows
            )
    settings = Settings(
        postgres_dsn="", nats_url="", nats_user="", nats_password=SecretStr(""), health_port=0
    )
    leases, ari = _Leases(), _Ari()
    async with Listener.open("127.0.0.1", 0) as listener, TaskSet() as tasks:
        dialer = Dialer(
            settings, pool, cast(Any, _Bus()), cast(Any, ari), cast(Any, leases), tasks, listener
        )
        tasks.spawn(dialer.books.run(), name="books")
        yield _World(pool, tenant, dialer, leases, ari, tasks)


@pytest.fixture
async def pool(make_database: MakeDatabase) -> AsyncIterator[Pool]:
    dsn = (await make_database("dialer")).dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=6, application_name="test") as pool:
        yield pool


async def _claimed(world: _World) -> Attempt:
    """An attempt that an earlier process claimed."""
    async with world.pool.tenant(world.tenant) as conn:
        (attempt,) = await Gate(world.tenant, "c", SPEC).claim(conn, nodes=["ast-0"], now=utcnow())
    return attempt


async def test_a_campaign_that_ends_during_a_look_leaves_nothing_to_the_next_one(
    pool: Pool,
) -> None:
    async with _world(pool, leads=1) as world:
        world.leases.has_acd = False
        await world.look()
        before = world.runner
        await world.until(lambda: before.core.is_recovered, "it is recovered")
        world.leases.is_ours = False
        world.leases.answers.clear()
        world.leases.is_asked = False
        looking = asyncio.create_task(world.dialer._check_claims(before))
        await world.until(lambda: world.leases.is_asked, "it asks for its lease")
        before.post(m.Controlled(0, CampaignState.FINISHED))
        await world.until(lambda: not world.dialer.runners, "the campaign is over")
        world.leases.answers.set()
        await looking
        # It is started again, and still there is nobody who could connect its calls.
        world.leases.is_ours = True
        await world.look()
        assert world.runner is not before
        await world.until(world.waits_for(m.Part.ACD), "it does not dial without the ACD")


async def test_no_campaign_begins_once_the_process_is_to_end(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, go_on = asyncio.Event(), asyncio.Event()
    get_campaign = campaign_store.get_campaign

    async def slow(*args: Any, **more: Any) -> Any:
        row = await get_campaign(*args, **more)
        read.set()
        await go_on.wait()
        return row

    async with _world(pool, leads=1) as world:
        monkeypatch.setattr(campaign_store, "get_campaign", slow)
        looking = asyncio.create_task(world.look())
        await read.wait()
        await world.dialer.until_quiet()
        go_on.set()
        await looking
        assert not world.dialer.runners


async def test_a_lost_lease_is_heard_of_while_rows_cannot_be_read(pool: Pool) -> None:
    async with _world(pool, leads=1) as world:
        await world.look()
        await world.until(lambda: world.runner.core.is_recovered, "it is recovered")
        world.tasks.spawn(world.dialer.watch_parts(), name="parts")
        world.leases.is_ours = False
        await world.until(world.waits_for(m.Part.LEASE), "it does not dial without its lease")


async def test_nobody_is_called_once_the_lease_has_ended(pool: Pool) -> None:
    async with _world(pool, leads=1) as world:
        line = Line(await _claimed(world), lambda event: None)
        world.leases.is_ours = False
        with pytest.raises(NotAsked):
            await world.dialer.switchboard.originate(line, ring_timeout_s=20)
        assert world.ari.node.asked == []
        world.leases.is_ours = True
        await world.dialer.switchboard.originate(line, ring_timeout_s=20)
        assert world.ari.node.asked == ["originate"]


async def test_the_campaign_of_a_deleted_tenant_ends(pool: Pool) -> None:
    async with _world(pool, leads=1) as world:
        await world.look()
        await world.until(lambda: world.runner.core.is_recovered, "it is recovered")
        async with pool.tenant(world.tenant) as conn:
            await delete_rows(conn, "dialer", world.tenant, at_most=1000)
        await world.look()
        await world.until(lambda: not world.dialer.runners, "the campaign is over")


def _channel(attempt: Attempt, state: str) -> Channel:
    return cast(
        Channel,
        SimpleNamespace(id=attempt.channel_id, state=state, creationtime=utcnow(), channelvars={}),
    )


async def test_a_call_that_is_answered_while_it_is_taken_over_is_known_as_answered(
    pool: Pool,
) -> None:
    async with _world(pool, leads=1) as world:
        attempt = await _claimed(world)
        node = world.ari.node
        node.channels = [_channel(attempt, "Ringing")]
        # Answered after the channels were read, before its events come here: nobody tells.
        node.then = lambda: node.channels.__setitem__(0, _channel(attempt, "Up"))
        await world.look()
        await world.until(lambda: world.runner.core.is_recovered, "it is recovered")
        (call,) = world.runner.core.calls
        assert call.answered_at is not None


async def test_a_node_that_leaves_while_its_calls_are_taken_over_is_waited_for(pool: Pool) -> None:
    async with _world(pool, leads=1) as world:
        node = world.ari.node
        node.channels = [_channel(await _claimed(world), "Ringing")]

        def leave() -> None:
            node.then = None
            raise AriDown("it left again")

        node.then = leave
        await world.look()
        await world.until(lambda: world.runner.core.is_recovered, "it is recovered")
        assert len(world.runner.core.calls) == 1


async def test_what_the_acd_tells_of_a_call_that_is_being_taken_over_is_kept_for_it(
    pool: Pool,
) -> None:
    async with _world(pool, leads=1) as world:
        attempt = await _claimed(world)
        node = world.ari.node
        node.channels = [_channel(attempt, "Up")]
        connected = InteractionConnectedV1(
            occurred_at=utcnow(), tenant=str(world.tenant), campaign_id="c", agent_id="ann",
            interaction_id=str(attempt.interaction_id), attempt_id=str(attempt.attempt_id),
            agent_number="1001", connected_at=utcnow(), wait_s=0.5, leg_mode=LegMode.NAILED_UP,
        )  # fmt: skip
        node.first = lambda: world.dialer.on_outcome(connected)
        await world.look()
        await world.until(lambda: world.runner.core.is_recovered, "it is recovered")
        (call,) = world.runner.core.calls
        assert call.outcome is AttemptDisposition.CONNECTED
        assert call.agent_id == "ann"
