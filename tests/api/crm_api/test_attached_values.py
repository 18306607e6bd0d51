"""What look-ups attach to calls is counted by queriers (R17), within every right of its object."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.support.crm import Crm, Signed, rows_of

from ringway.crm_api.access import Role
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.api

_CARDS: dict[str, Any] = {
    "kind": "base",
    "name": "VIP cards",
    "fields": [
        {"key": "card", "type": "text", "name_en": "Card", "is_unique": True},
        {"key": "level", "type": "text", "name_en": "Level"},
        {"key": "points", "type": "number", "name_en": "Points", "is_indexed": True},
        {"key": "wishes", "type": "multi_select", "name_en": "Wishes",
         "options": [{"key": each, "name_en": each} for each in ("tea", "milk")]},
        {"key": "pin", "type": "text", "name_en": "PIN", "read_roles": ["enterprise_admin"]},
    ],
}  # fmt: skip


async def _talk(crm: Crm, tenant_id: str, agent: Signed, talk_s: float) -> str:
    interaction_id = str(uuid7())
    await rows_of(
        crm,
        """
        INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called, agent_id,
            agent_number, answered_at, connected_at, talk_s, disposition, agent_disposition,
            is_live, sources)
        VALUES ($1, $2, 'inbound', '', '', $3, '801', $4, $4, $5, 'connected', '', false, '{}')
        """,
        *(tenant_id, interaction_id, agent.user_id, crm.clock(), talk_s),
    )
    return interaction_id


async def _rows(who: Signed, query: dict[str, Any]) -> Any:
    return (await who.post("/queriers/preview", {"query": query}))["rows"]


async def _shared(boss: Signed, who: Signed, query: dict[str, Any]) -> Any:
    """Return what ``who`` finds by a querier that was shared with him."""
    body = {"name": f"q{uuid4().hex}", "query": query, "shared_roles": ["agent"]}
    querier = await boss.post("/queriers", body)
    return (await who.post(f"/queriers/{querier['querier_id']}/run", {}))["rows"]


async def _code(who: Signed, query: dict[str, Any]) -> str:
    answer = await who("POST", "/queriers/preview", json={"query": query})
    return f"{answer.json()['code']}: {answer.json()['detail']}"


async def test_calls_are_counted_by_what_was_attached_to_them(crm: Crm) -> None:
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    lea = await crm.user(boss, "acme", Role.TEAM_LEADER, "lea", number="802")
    tenant_id = (await boss.get("/me"))["tenant_id"]
    cards = await boss.post("/objects", _CARDS)
    hidden = {**_CARDS, "name": "Books", "rights": {"read": ["enterprise_admin"]}}
    books = await boss.post("/objects", hidden)
    gold = {"card": "1", "level": "gold", "points": 70, "wishes": ["tea", "milk"], "pin": "2705"}
    basic = {"card": "2", "level": "basic", "points": 5}
    for made in (cards, books):
        for values in (gold, basic):
            await boss.post(f"/objects/{made['object_id']}/records", {"values": values})
    first, second = [await _talk(crm, tenant_id, ann, each) for each in (10.0, 30.0)]
    third = await _talk(crm, tenant_id, lea, 50.0)
    nothing = await _talk(crm, tenant_id, lea, 70.0)
    for made, card, talk in ((cards, "1", first), (cards, "1", second), (cards, "2", third),
                             (books, "1", third)):  # fmt: skip
        wanted = {"key": "card", "value": card, "interaction_id": talk}
        await boss.post(f"/objects/{made['object_id']}/records/lookup", wanted)
    # What was attached before the field was a number is not a reason to fail.
    await rows_of(
        crm,
        "INSERT INTO crm.attached_data SELECT tenant_id, $2, object_id, record_id, "
        '\'{"points": "many", "wishes": 7}\', attached_by, attached_at FROM crm.attached_data '
        "WHERE interaction_id = $1",
        *(first, nothing),
    )

    card = f"attached_{cards['object_id'].replace('-', '')}"
    by_level = {
        "source": "interactions",
        "groups": [{"field": f"{card}.data.level", "name": "level"}],
        "aggregates": [
            {"function": "count", "name": "calls"},
            {"function": "sum", "name": "points", "field": f"{card}.data.points"},
        ],
    }
    found = [["basic", 1, 5], ["gold", 2, 140], [None, 1, None]]
    for who in (boss, lea):
        assert await _rows(who, by_level) == found
    assert await _shared(boss, ann, by_level) == [["gold", 2, 140]]  # his own calls

    talks = {"source": "interactions", "columns": [{"field": "talk_s"}], "sort": [{"by": "talk_s"}]}
    for where, lengths in (
        ({"field": f"{card}.data.points", "op": "gt", "value": 6}, [[10], [30]]),
        ({"field": f"{card}.data.wishes", "op": "has_any", "value": ["tea"]}, [[10], [30]]),
        ({"related": f"attached:{cards['object_id']}", "by": "interaction",
          "where": {"field": "data.level", "op": "eq", "value": "basic"}}, [[50]]),
    ):  # fmt: skip
        assert await _rows(lea, {**talks, "where": where}) == lengths, where

    # As rows of their own, and those of all objects as texts, which the shipped querier counts.
    each = {"source": f"attached:{cards['object_id']}", "columns": [{"field": "data.level"},
            {"field": "interaction.talk_s"}], "sort": [{"by": "interaction.talk_s"}]}  # fmt: skip
    assert await _rows(lea, each) == [["gold", 10], ["gold", 30], ["basic", 50], [None, 70]]
    assert await _shared(boss, ann, each) == [["gold", 10], ["gold", 30]]
    imported = await boss.post("/querier-templates/import", {"template": "calls_by_attached_value"})
    run = f"/queriers/{imported['querier_id']}/run"
    told = (await lea.post(run, {}))["rows"]
    assert ["VIP cards", "level", "gold", 2, 2, 20] in told
    assert ["VIP cards", "wishes", "milk", 2, 2, 20] in told
    assert {(row[0], row[1]) for row in told} == {
        ("VIP cards", key) for key in ("card", "level", "points", "wishes")
    }
    everything = (await boss.post(run, {}))["rows"]
    assert {("VIP cards", "pin"), ("Books", "level")} <= {(row[0], row[1]) for row in everything}

    # No way to what is hidden: not as a field, a filter, a group, an order, nor by another's name.
    pin, book = f"{card}.data.pin", f"attached_{books['object_id'].replace('-', '')}.data.level"
    for path in (pin, book, f"attached_{uuid4().hex}.data.level"):
        for part in (
            {"columns": [{"field": path}]},
            {**talks, "where": {"field": path, "op": "starts_with", "value": "2"}},
            {**talks, "sort": [{"by": path}]},
            {"groups": [{"field": path}]},
            {"aggregates": [{"function": "max", "name": "m", "field": path}]},
        ):
            told = await _code(lea, {"source": "interactions", **part})
            assert told == f"querier_field_unknown: There is no field {path} here."
    values = {"source": "attached_values", "columns": [{"field": "value"}]}
    of_pin = {**values, "where": {"field": "value", "op": "eq", "value": "2705"}}
    assert await _rows(boss, of_pin) == [["2705"]] * 3
    assert await _rows(lea, of_pin) == []
    assert await _rows(other, values) == []
    source = f"attached:{cards['object_id']}"
    for who, name in ((lea, f"attached:{books['object_id']}"), (other, source)):
        problem = await _code(who, {"source": name, "columns": [{"field": "interaction_id"}]})
        assert problem.startswith("querier_source_unknown")
    offered = str(await lea.get("/querier-sources"))
    assert (card in offered, books["object_id"] in offered, "pin" in offered) == (
        True,
        False,
        False,
    )

    # Attempts lead to it along their interaction, and by themselves. All that is offered is there.
    names = [f"{card}.data.level", f"interaction.{card}.data.points"]
    query = {"source": "attempts", "columns": [{"field": each} for each in names]}
    assert await _rows(lea, query) == []
    for each in (await boss.get("/querier-sources"))["items"]:
        if each["name"].startswith("attached"):
            columns = [{"field": known["name"]} for known in each["fields"]]
            await _rows(boss, {"source": each["name"], "columns": columns})
