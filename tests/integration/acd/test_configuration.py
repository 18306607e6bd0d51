"""What tenants configure, on a real PostgreSQL and asked over a real NATS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from tests.conftest import MakeDatabase
from tests.support.config_floors import ConfigFloors, config_floors
from tests.support.nats import NatsServer
from tests.support.postgres import Database, PostgresServer, connect
from tests.support.waiting import eventually

from ringway.acd import account_store
from ringway.acd.config_checks import Known
from ringway.acd.configuration import Configuration
from ringway.proto import acd_config as c
from ringway.proto.base import Done
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown, Refused
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

KNOWN = Known(has_agent=lambda _: True, has_trunk=lambda _: True)
TOO_GOOD = {"after_s": 0, "needs": [{"skill_id": "s1", "level": 11}]}


@dataclass
class Asker:
    """Asks as the public API does."""

    bus: Bus
    floors: ConfigFloors
    pool: Pool
    database: Database
    tenant: str

    async def put(
        self, kind: str, object_id: str, if_version: int | None = None, **body: Any
    ) -> c.ConfigV1:
        request = c.PutConfigV1.model_validate(
            {
                "occurred_at": utcnow(),
                "tenant": self.tenant,
                "kind": kind,
                "object_id": object_id,
                "body": body,
                "if_version": if_version,
            }
        )
        return await self.bus.request(request, c.ConfigV1)

    async def get(self, kind: c.ConfigKind, object_id: str, tenant: str = "") -> c.ConfigV1:
        request = c.GetConfigV1(
            occurred_at=utcnow(), tenant=tenant or self.tenant, kind=kind, object_id=object_id
        )
        return await self.bus.request(request, c.ConfigV1)

    async def page(self, kind: c.ConfigKind, after: str = "", limit: int = 100) -> c.ConfigListV1:
        request = c.ListConfigV1(
            occurred_at=utcnow(), tenant=self.tenant, kind=kind, after=after, limit=limit
        )
        return await self.bus.request(request, c.ConfigListV1)

    async def delete(
        self, kind: c.ConfigKind, object_id: str, if_version: int | None = None
    ) -> None:
        request = c.DeleteConfigV1(
            occurred_at=utcnow(),
            tenant=self.tenant,
            kind=kind,
            object_id=object_id,
            if_version=if_version,
        )
        await self.bus.request(request, Done)


@pytest.fixture
async def asker(make_database: MakeDatabase, nats: NatsServer) -> AsyncIterator[Asker]:
    database = await make_database("acd")
    async with (
        nats.bus("acd") as acd,
        nats.bus("crm_api") as crm,
        Pool.open(database.dsn("ringway_acd"), max_size=4, application_name="test") as pool,
        config_floors(database, acd) as floors,
    ):
        yield Asker(crm, floors, pool, database, str(uuid4()))


async def test_objects_are_stored_read_listed_and_deleted(asker: Asker) -> None:
    made = await asker.put("skill", "s1", name="Dutch")
    assert (made.version, made.body) == (1, {"name": "Dutch"})
    queue = await asker.put(
        "queue", "q1", name="Sales", rings=[{"after_s": 0, "needs": [{"skill_id": "s1"}]}]
    )
    assert queue.body["rings"][0]["needs"] == [{"skill_id": "s1", "level": 1}]
    assert queue.body["ring_timeout_s"] == 15, "defaults are shown"
    assert await asker.get("queue", "q1") == queue
    changed = await asker.put("skill", "s1", 1, name="Nederlands")
    assert changed.version == 2
    assert (await asker.page("skill")).objects == (changed,)
    # The floor of another process, or of this one after its restart.
    again = await Configuration.load(asker.pool, asker.tenant)
    assert again.all(c.Skill) == {"s1": c.Skill(name="Nederlands")}
    assert again.get(c.Queue, "q1") == c.Queue.model_validate(queue.body)
    version = again.version("skill", "s1")
    assert version is not None
    assert version.number == 2
    assert again.settings == c.AcdSettings()
    await asker.delete("queue", "q1")
    await asker.delete("queue", "q1")  # a repeat
    with pytest.raises(Refused, match="config_unknown"):
        await asker.get("queue", "q1")


async def test_refusals_name_what_is_wrong_and_store_nothing(asker: Asker) -> None:
    wrong: list[tuple[str, str, dict[str, Any]]] = [
        ("config_invalid", "colour", {"name": "Sales", "colour": "red"}),
        ("config_invalid", "rings.0.needs.0.level", {"name": "S", "rings": [TOO_GOOD]}),
        ("config_invalid", "callback.key", {"name": "S", "callback": {"key": "11"}}),
        ("reference_unknown", "calendar_id", {"name": "S", "calendar_id": "none"}),
        ("reference_unknown", "agent_ids.0", {"name": "S", "agent_ids": ["eve"]}),
    ]  # fmt: skip
    for code, field, body in wrong:
        with pytest.raises(Refused) as refusal:
            await asker.put("queue", "q1", **body)
        assert refusal.value.code == code
        assert refusal.value.detail.startswith(f"{field}: "), refusal.value
    assert (await asker.page("queue")).objects == ()
    await asker.put("queue", "q1", name="Sales")
    with pytest.raises(Refused, match="name_taken"):
        await asker.put("queue", "q2", name="Sales")
    for if_version in (0, 2, 7):
        with pytest.raises(Refused, match="config_changed"):
            await asker.put("queue", "q1", if_version, name="Other")
        with pytest.raises(Refused, match="config_changed"):
            await asker.delete("queue", "q1", if_version)
    days = [
        {"date": f"{2000 + n // 28}-02-{1 + n % 28:02}", "name": "x" * 100} for n in range(2000)
    ]
    await asker.put("calendar", "c1", name="Holidays", days=days)
    with pytest.raises(Refused, match="config_invalid"):
        await asker.put("calendar", "c2", name="More", days=[*days, days[0]])


async def test_a_repeat_of_a_change_is_not_another_one(asker: Asker) -> None:
    made = await asker.put("skill", "s1", 0, name="Dutch")
    assert await asker.put("skill", "s1", 0, name="Dutch") == made
    changed = await asker.put("skill", "s1", 1, name="Nederlands")
    assert await asker.put("skill", "s1", 1, name="Nederlands") == changed
    assert await asker.put("skill", "s1", name="Nederlands") == changed


async def test_of_simultaneous_changes_one_wins(asker: Asker) -> None:
    await asker.put("queue", "q1", name="Sales")
    answers = await asyncio.gather(
        *(asker.put("queue", "q1", 1, name="Sales", priority=n) for n in range(1, 10)),
        return_exceptions=True,
    )
    won = [each for each in answers if isinstance(each, c.ConfigV1)]
    assert len(won) == 1
    assert all(isinstance(each, Refused) for each in answers if each not in won)
    assert await asker.get("queue", "q1") == won[0]
    # Both use what the other deletes: whoever is first decides.
    await asker.put("calendar", "c1", name="Office")
    outcomes: tuple[object, object] = await asyncio.gather(
        asker.put("queue", "q1", name="Sales", calendar_id="c1"),
        asker.delete("calendar", "c1"),
        return_exceptions=True,
    )
    assert [isinstance(each, Refused) for each in outcomes].count(True) == 1


async def test_another_process_that_wrote_is_not_overwritten(asker: Asker) -> None:
    await asker.put("skill", "s1", name="Dutch")
    other = await Configuration.load(asker.pool, asker.tenant)
    await other.put("s1", c.Skill(name="Nederlands"), known=KNOWN, at=utcnow())
    with pytest.raises(Refused, match="config_changed"):
        await asker.put("skill", "s1", name="Niederländisch")
    assert (await asker.get("skill", "s1")).body == {"name": "Nederlands"}, "it was read again"


async def test_pages_hold_every_object_once(asker: Asker) -> None:
    for n in range(7):
        await asker.put("skill", f"s{n}", name=f"Skill {n}")
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await asker.page("skill", after, limit=3)
        seen += [each.object_id for each in page.objects]
        after = page.next_after
    assert seen == [f"s{n}" for n in range(7)]
    # Large objects: a page ends before the message is too large for the bus.
    days = [
        {"date": f"{2000 + n // 28}-02-{1 + n % 28:02}", "name": "节" * 50} for n in range(2000)
    ]
    for n in range(12):
        await asker.put("calendar", f"c{n:02}", name=f"Calendar {n}", days=days)
    page = await asker.page("calendar")
    assert 1 <= len(page.objects) < 12
    assert page.next_after == page.objects[-1].object_id


async def test_tenants_do_not_see_each_other(asker: Asker) -> None:
    await asker.put("skill", "s1", name="Dutch")
    other = str(uuid4())
    with pytest.raises(Refused, match="config_unknown"):
        await asker.get("skill", "s1", other)
    mine = Asker(asker.bus, asker.floors, asker.pool, asker.database, other)
    await mine.put("skill", "s1", name="Dutch")  # neither its id nor its name is taken here
    with pytest.raises(Refused, match="reference_unknown"):
        await mine.put(
            "queue", "q1", name="S", rings=[{"after_s": 0, "needs": [{"skill_id": "s2"}]}]
        )
    await mine.delete("skill", "s1")
    assert (await asker.get("skill", "s1")).version == 1
    async with asker.pool.tenant(other) as conn:
        assert await conn.fetchval("SELECT count(*) FROM acd.config") == 0
    assert asker.tenant in await account_store.tenants(asker.pool), "a floor is opened for it"


async def test_only_the_acd_reads_it(asker: Asker) -> None:
    for role in ("ringway_crm_api", "ringway_dialer", "ringway_recorder"):
        conn = await connect(asker.database, role)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.fetch("SELECT * FROM acd.config")
        await conn.close()


async def test_changes_are_told_and_a_bug_in_a_listener_harms_nobody(asker: Asker) -> None:
    configuration = await Configuration.load(asker.pool, asker.tenant)
    told: list[tuple[str, str, c.Config | None, c.Config | None]] = []

    def has_a_bug(*_: object) -> None:
        raise ZeroDivisionError

    configuration.on_change(has_a_bug)
    configuration.on_change(lambda *change: told.append(change))
    dutch, nederlands = c.Skill(name="Dutch"), c.Skill(name="Nederlands")
    for skill in (dutch, nederlands):
        await configuration.put("s1", skill, known=KNOWN, at=utcnow())
    await configuration.delete("skill", "s1")
    await configuration.delete("skill", "s1")
    assert told == [
        ("skill", "s1", None, dutch),
        ("skill", "s1", dutch, nederlands),
        ("skill", "s1", nederlands, None),
    ]


async def test_a_newer_releases_fields_do_not_hide_an_object(asker: Asker) -> None:
    owner = await connect(asker.database, "ringway_owner")
    stored = {
        ("queue", "newer"): '{"name": "Sales", "mood": "calm", "rating": {"scale": 9}}',
        ("queue", "broken"): '{"name": ""}',
        ("hologram", "h1"): "{}",
    }
    for (kind, object_id), body in stored.items():
        await owner.execute(
            "INSERT INTO acd.config VALUES ($1, $2, $3, 4, $4::jsonb, now())",
            *(UUID(asker.tenant), kind, object_id, body),
        )
    await owner.close()
    assert (await asker.get("queue", "newer")).body["name"] == "Sales"
    with pytest.raises(Refused, match="config_unknown"):
        await asker.get("queue", "broken")
    assert [each.object_id for each in (await asker.page("queue")).objects] == ["newer"]
    assert (await asker.put("queue", "broken", name="Mended")).version == 5


async def test_nothing_is_changed_while_postgres_is_away_and_reading_goes_on(
    asker: Asker, postgres: PostgresServer
) -> None:
    configuration = await Configuration.load(asker.pool, asker.tenant)
    dutch = c.Skill(name="Dutch")
    await configuration.put("s1", dutch, known=KNOWN, at=utcnow())
    told: list[object] = []
    configuration.on_change(lambda *change: told.append(change))
    postgres.kill()
    try:
        with pytest.raises(PostgresDown):
            await configuration.put("s1", c.Skill(name="Other"), known=KNOWN, at=utcnow())
        assert configuration.get(c.Skill, "s1") == dutch
        assert told == []
    finally:
        await postgres.start()
    await eventually(lambda: asker.pool.healthy, within_s=15, what="PostgreSQL is back")
    await configuration.settle()
    assert configuration.get(c.Skill, "s1") == dutch
    await configuration.put("s1", c.Skill(name="Other"), known=KNOWN, at=utcnow(), if_version=1)
    assert len(told) == 1
