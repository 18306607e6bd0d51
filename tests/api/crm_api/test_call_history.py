"""The call history (R42): every filter alone and together, within what its caller may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.support.crm import Crm, Signed, refused, rows_of

from ringway.crm_api.access import Role
from ringway.crm_api.errors import Invalid
from ringway.crm_api.interactions import listing, search
from ringway.crm_api.interactions.search import Filter
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7, uuid7_of

pytestmark = pytest.mark.api

BEGUN = utcnow().replace(microsecond=0) - timedelta(days=40)
_US, _ANA, _DAN = "+40215550000", "+40215550101", "+40316660102"


@dataclass
class Calls:
    """Calls of an enterprise by the names that a test gives them, an hour after each other."""

    crm: Crm
    tenant_id: UUID
    ids: dict[str, UUID] = field(default_factory=dict)

    async def add(self, name: str, **columns: Any) -> None:
        """Write a call of 90 s, of which 60 are talk, unless ``columns`` say otherwise."""
        at = BEGUN + timedelta(hours=len(self.ids))
        self.ids[name] = uuid7_of(at, name)
        row = {
            "tenant_id": self.tenant_id,
            "interaction_id": self.ids[name],
            "direction": "inbound",
            "caller": _ANA,
            "called": _US,
            "agent_number": "",
            "disposition": "connected",
            "agent_disposition": "",
            "is_live": False,
            "sources": "{}",
            "started_at": at,
            "answered_at": at + timedelta(seconds=5),
            "disconnected_at": at + timedelta(seconds=90),
            "talk_s": 60.0,
            **columns,
        }
        places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
        await rows_of(
            self.crm,
            f"INSERT INTO crm.interaction ({', '.join(row)}) VALUES ({places})",
            *row.values(),
        )

    async def seen(self, signed: Signed, **query: Any) -> set[str]:
        """Return the names of the calls that a list has, asked for in pages of two."""
        names = {str(an_id): name for name, an_id in self.ids.items()}
        params = {key.removesuffix("_"): value for key, value in query.items()}
        found: list[str] = []
        while True:
            page = await signed.get("/interactions", params={**params, "limit": "2"})
            found += [names[each["interaction_id"]] for each in page["items"]]
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
        assert found == sorted(found, key=lambda name: self.ids[name], reverse=True)
        return set(found)


async def test_every_filter_within_what_its_caller_may_see(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    other = await crm.open_tenant("other")
    north = await boss.post("/teams", {"name": "North", "kind": "department"})
    under = {"name": "Under", "kind": "team", "parent_id": north["team_id"]}
    under = await boss.post("/teams", under)
    empty = await boss.post("/teams", {"name": "Empty", "kind": "team"})
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    members = {"user_ids": [str(ann.user_id)]}
    await boss.post(f"/teams/{under['team_id']}/members", members)
    ana = await boss.post("/customers", {"name": "Ana", "phone_e164": _ANA})
    calls = Calls(crm, UUID((await boss.get("/me"))["tenant_id"]))
    of_ann, of_bob = {"agent_id": ann.user_id}, {"agent_id": bob.user_id}
    await calls.add("short", talk_s=3.0, **of_ann)
    await calls.add("long", talk_s=900.0, recording_id="r1", agent_disposition="sale", **of_bob)
    await calls.add("out", direction="outbound", caller=_US, called=_ANA, **of_bob)
    await calls.add("dan", caller=_DAN, queue_id="sales", **of_ann)
    await calls.add("lost", caller=_DAN, disposition="abandoned", talk_s=None)
    at = BEGUN + timedelta(hours=5)
    ended = {"disconnected_at": None, "ended_at": at + timedelta(seconds=7)}
    await calls.add(
        "busy",
        disposition="not_answered",
        outcome="not_answered",
        talk_s=None,
        answered_at=None,
        **ended,
    )

    everything = set(calls.ids)
    cases: tuple[tuple[dict[str, Any], set[str]], ...] = (
        ({}, everything),
        ({"customer_id": ana["customer_id"]}, {"short", "long", "out", "busy"}),
        ({"team_id": north["team_id"]}, {"short", "dan"}),
        ({"team_id": empty["team_id"]}, set()),
        ({"agent_id": bob.user_id}, {"long", "out"}),
        ({"number": _ANA}, {"short", "long", "out", "busy"}),
        ({"number_prefix": "+4031666"}, {"dan", "lost"}),
        ({"number_prefix": "+4021", "direction": "outbound"}, {"out"}),
        ({"number_prefix": "021"}, set()),
        ({"has_recording": "true"}, {"long"}),
        ({"has_recording": "false", "min_talk_s": "1"}, {"short", "out", "dan"}),
        ({"min_talk_s": "60", "max_talk_s": "60"}, {"out", "dan"}),
        ({"min_talk_s": "61"}, {"long"}),
        ({"max_total_s": "89.5"}, {"busy"}),
        ({"min_total_s": "90"}, everything - {"busy"}),
        ({"agent_disposition": "sale"}, {"long"}),
        ({"disposition": "abandoned"}, {"lost"}),
        ({"outcome": "not_answered"}, {"busy"}),
        ({"queue_id": "sales"}, {"dan"}),
        ({"from": BEGUN + timedelta(hours=1), "to": BEGUN + timedelta(hours=3)}, {"long", "out"}),
        # Nobody answered: a window has it when it began in it.
        ({"from": BEGUN + timedelta(hours=4)}, {"lost", "busy"}),
        ({"from": at, "to": at + timedelta(seconds=1)}, {"busy"}),
        ({"to": at}, everything - {"busy"}),
        ({"customer_id": ana["customer_id"], "team_id": under["team_id"]}, {"short"}),
    )
    for query, wanted in cases:
        assert await calls.seen(boss, **query) == wanted, query
    (row,) = (await boss.get("/interactions", params={"outcome": "not_answered"}))["items"]
    assert (row["total_s"], row["talk_s"]) == (7, None)

    # A talk that was put with her by hand is hers, too.
    await boss("PUT", f"/customers/{ana['customer_id']}/interactions/{calls.ids['dan']}")
    assert "dan" in await calls.seen(boss, customer_id=ana["customer_id"])

    # An agent's list is of his own calls, whatever he asks for; others' enterprise has none.
    assert await calls.seen(ann) == {"short", "dan"}
    assert await calls.seen(ann, number=_ANA) == {"short"}
    assert await calls.seen(ann, agent_id=bob.user_id) == set()
    assert await calls.seen(other, number_prefix="+402") == set()
    denied = await ann("GET", "/interactions", params={"team_id": north["team_id"]})
    refused(denied, 403, "permission_missing")
    for name, an_id in (("team", north["team_id"]), ("customer", ana["customer_id"])):
        for asking, gone in ((other, an_id), (boss, uuid7())):
            answer = await asking("GET", "/interactions", params={f"{name}_id": str(gone)})
            refused(answer, 404, f"{name}_not_found")
    hidden = await boss.post("/customers", {"name": "Hidden", "phone_e164": "+40215550999"})
    query = {"customer_id": hidden["customer_id"]}
    refused(await ann("GET", "/interactions", params=query), 404, "customer_not_found")

    for query, code in (
        ({"min_talk_s": "9", "max_talk_s": "8"}, "filter_invalid"),
        ({"from": BEGUN + timedelta(hours=1), "to": BEGUN}, "filter_invalid"),
        ({"number_prefix": "+4"}, "validation_failed"),
        ({"number_prefix": "' OR 1=1"}, "validation_failed"),
        ({"min_talk_s": "-1"}, "validation_failed"),
        ({"max_total_s": "inf"}, "validation_failed"),
    ):
        refused(await boss("GET", "/interactions", params=query), 422, code)


async def test_a_page_that_reads_too_much_says_what_to_add(
    crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def given_up(*_: object, **__: object) -> None:
        raise asyncpg.QueryCanceledError("canceling statement due to statement timeout")

    monkeypatch.setattr(search, "page", given_up)
    boss = await crm.open_tenant("acme")
    refused(await boss("GET", "/interactions?min_talk_s=9000"), 422, "list_too_slow")
    with pytest.raises(Invalid, match="ask for less time"):
        async with crm.deps.pool.tenant(uuid7()) as conn:
            await listing.page(conn, tenant_id=uuid7(), wanted=Filter(), before=None, limit=1)
