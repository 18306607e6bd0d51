"""Many leads in one request, and lists made of a query of customers, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.proto.dialer import AddLeadsV1
from ringway.runtime.errors import Refused

pytestmark = pytest.mark.api


async def _list(boss: Signed) -> str:
    made = await boss.post("/lists", {"name": "l"})
    return f"/lists/{made['list_id']}"


def _numbers(count: int) -> list[dict[str, Any]]:
    return [{"phone_e164": f"+4021555{n:04}"} for n in range(count)]


def _fates(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(item["fate"], item["code"]) for item in report["items"]]


async def test_each_of_many_leads_is_told_its_fate(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    path = f"{await _list(boss)}/leads"
    await boss.put(f"{path}/anna", {"phone_e164": "+40215550100"})
    leads: list[dict[str, Any]] = [
        {"phone_e164": "0215 550 101", "name": "Bob", "data": {"a": "b"}, "lead_id": "bob"},
        {"phone_e164": "+40215550100"},
        {"phone_e164": "12"},
        {"phone_e164": "+40215550101"},
        {"phone_e164": "+40215550102", "lead_id": "bob"},
        {"phone_e164": "+40215550103", "more_numbers": [{"phone_e164": "nobody"}]},
        {"phone_e164": "+40215550104", "more_numbers": [{"phone_e164": "0215550105"}]},
    ]
    report = await boss.post(path, {"leads": leads, "default_region": "RO"})
    assert _fates(report) == [
        ("added", ""),
        ("duplicate", "duplicate_in_list"),
        ("refused", "phone_too_short"),
        ("duplicate", "duplicate_in_request"),
        ("duplicate", "duplicate_in_request"),
        ("refused", "phone_not_a_number"),
        ("added", ""),
    ]
    assert [item["index"] for item in report["items"]] == list(range(7))
    assert {k: report[k] for k in ("rows", "added", "duplicates", "refused")} == {
        "rows": 7, "added": 2, "duplicates": 3, "refused": 2,
    }  # fmt: skip
    lead = await boss.get(f"{path}/bob")
    assert (lead["phone_e164"], lead["name"], lead["data"]) == ("+40215550101", "Bob", {"a": "b"})
    (sent,) = [each for each in crm.behind.asked if isinstance(each, AddLeadsV1)]
    assert [n.phone_e164 for n in sent.rows[-1].more_numbers] == ["+40215550105"]


async def test_thousands_of_leads_go_in_one_request_and_once(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    path = f"{await _list(boss)}/leads"
    note = {"data": {"note": "n" * 400}}
    body = {"leads": [{**each, **note} for each in _numbers(5_000)]}  # more than 1 MB
    headers = {"Idempotency-Key": "k1"}
    first = ok(await boss("POST", path, json=body, headers=headers))
    assert (first["added"], first["duplicates"]) == (5_000, 0)
    sent = [each for each in crm.behind.asked if isinstance(each, AddLeadsV1)]
    assert len(sent) > 1
    assert sum(len(each.rows) for each in sent) == 5_000
    assert [each.chunk_no for each in sent] == list(range(len(sent)))
    assert all(len(each.model_dump_json()) < 1_000_000 for each in sent)
    again = await boss("POST", path, json=body, headers=headers)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert ok(again) == first
    other = ok(await boss("POST", path, json=body))
    assert (other["added"], other["duplicates"]) == (0, 5_000)
    refused(await boss("POST", path, json={"leads": _numbers(5_001)}), 422, "validation_failed")


async def test_a_repeat_after_a_breakdown_asks_for_the_same_chunks(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    path = f"{await _list(boss)}/leads"
    body = {"leads": _numbers(3)}
    headers = {"Idempotency-Key": "k2"}
    crm.behind.refuse[AddLeadsV1] = Refused("unavailable", "The dialer is being restarted.")
    refused(await boss("POST", path, json=body, headers=headers), 503, "service_failed")
    del crm.behind.refuse[AddLeadsV1]
    assert ok(await boss("POST", path, json=body, headers=headers))["added"] == 3
    first, second = [each for each in crm.behind.asked if isinstance(each, AddLeadsV1)]
    assert (first.batch_id, first.chunk_no) == (second.batch_id, second.chunk_no)
    assert first.rows == second.rows


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "validation_failed"),
        ({"leads": []}, "validation_failed"),
        ({"leads": [{"phone_e164": "+40215550100", "colour": "red"}]}, "validation_failed"),
        ({"leads": [{"phone_e164": "+40215550100"}], "batch_number": "B1"}, "validation_failed"),
        ({"leads": _numbers(1), "default_region": "XX"}, "region_unknown"),
    ],
)
async def test_what_is_no_set_of_leads_adds_nothing(
    crm: Crm, body: dict[str, Any], code: str
) -> None:
    boss = await crm.open_tenant("acme")
    refused(await boss("POST", f"{await _list(boss)}/leads", json=body), 422, code)
    assert not [each for each in crm.behind.asked if isinstance(each, AddLeadsV1)]


async def _customers(boss: Signed) -> None:
    for phone, name, city in (
        ("+40215550100", "Ann Abel", "Cluj"),
        ("+40215550101", "Bob Abel", "Iași"),
        ("+40215550102", "Cid", "Cluj"),
    ):
        await boss.post(
            "/customers", {"phone_e164": phone, "name": name, "data": {"city": city, "a": "="}}
        )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "ABC"),
        ({"name": "abel"}, "AB"),
        ({"name": "abel", "data": ["city=Cluj"]}, "A"),
        ({"data": ["city=Cluj", "a=="]}, "AC"),
        ({"data": ["city=%"]}, ""),
        ({"phone_e164": "+40215550102"}, "C"),
        ({"batch_number": "B000001"}, ""),
        ({"created_before": "2020-01-01T00:00:00Z"}, ""),
        ({"created_from": "2020-01-01T00:00:00Z"}, "ABC"),
    ],
)
async def test_a_query_finds_for_a_list_whom_it_finds_for_a_reader(
    crm: Crm, wanted: dict[str, Any], found: str
) -> None:
    boss = await crm.open_tenant("acme")
    await _customers(boss)
    seen = ok(await boss("GET", "/customers", params=wanted))["items"]
    assert "".join(sorted(each["name"][0] for each in seen)) == found
    path = await _list(boss)
    batch = await boss.post(f"{path}/query", wanted)
    assert (batch["state"], batch["source"]) == ("finished", "query")
    assert (batch["rows"], batch["added"]) == (len(found), len(found))
    leads = (await boss.get(f"{path}/leads"))["items"]
    assert "".join(sorted(lead["name"][0] for lead in leads)) == found


async def test_a_kept_query_brings_new_customers_and_nobody_twice(crm: Crm) -> None:
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    await _customers(boss)
    await other.post("/customers", {"phone_e164": "+40215550199", "name": "Else"})
    path = await _list(boss)
    refused(await boss("GET", f"{path}/query"), 404, "list_query_not_found")
    refused(await boss("POST", f"{path}/query/refresh"), 404, "list_query_not_found")
    refused(await other("POST", f"{path}/query", json={}), 404, "list_not_found")
    first = await boss.post(f"{path}/query", {})
    assert first["added"] == 3
    cid = (await boss.get("/customers?name=cid"))["items"][0]
    new_number = {"phone_e164": "+40215550108", "name": "Cid"}
    await boss.put(f"/customers/{cid['customer_id']}", new_number, headers={"If-Match": "*"})
    await boss.post("/customers", {"phone_e164": "+40215550103", "name": "Dan"})
    again = ok(await boss("POST", f"{path}/query/refresh"))
    assert (again["rows"], again["added"], again["duplicates_in_list"]) == (4, 1, 3)
    kept = await boss.get(f"{path}/query")
    assert kept["last_import"]["batch_id"] == again["batch_id"]
    assert kept["filter"]["data"] == []
    choice = {"batch_number": again["batch_number"]}
    refused(await boss("POST", f"{path}/leads", json=choice), 409, "batch_of_query")


async def test_a_query_that_is_broken_off_says_so_and_may_be_refreshed(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    await _customers(boss)
    path = await _list(boss)
    crm.behind.refuse[AddLeadsV1] = Refused("unavailable", "The dialer is being restarted.")
    refused(await boss("POST", f"{path}/query", json={}), 503, "service_failed")
    (batch,) = (await boss.get("/imports"))["items"]
    assert (batch["state"], batch["source"]) == ("failed", "query")
    del crm.behind.refuse[AddLeadsV1]
    assert (await boss.post(f"{path}/query/refresh"))["added"] == 3
    noted = await rows_of(crm, "SELECT action FROM crm.audit_log WHERE action LIKE 'list.query%'")
    assert len(noted) == 1
