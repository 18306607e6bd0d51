"""Queriers that cannot be asked any more: refused with the reason, their schedules paused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.crm import Crm, Signed, refused, rows_of

from ringway.crm_api.queriers.worker import QuerierWorker

pytestmark = pytest.mark.api

_POINTS = {"key": "points", "type": "number", "name_en": "Points"}
_SINCE = {"key": "since", "type": "date", "name_en": "Since"}
_BY_POINTS = {
    "source": "customers",
    "columns": [{"field": "name"}],
    "sort": [{"by": "data.points"}],
}
_NAMES = {"source": "customers", "columns": [{"field": "name"}]}


async def test_what_cannot_be_asked_any_more_needs_repair(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    made = await boss.post(
        "/objects", {"kind": "customer", "name": "Customer", "fields": [_POINTS, _SINCE]}
    )
    body = {"name": "By points", "query": _BY_POINTS}
    path = f"/queriers/{(await boss.post('/queriers', body))['querier_id']}"
    schedule = await boss.post(f"{path}/schedules", {"every_minutes": 60})
    at = f"/querier-schedules/{schedule['schedule_id']}"
    assert (await boss.get(path))["state"] == "ready"

    # Its field is deleted: it says so, is not asked, and its schedule does not try for ever.
    await boss.put(
        f"/objects/{made['object_id']}",
        {"kind": "customer", "name": "Customer", "fields": [_SINCE]},
        headers={"If-Match": "*"},
    )
    (listed,) = (await boss.get("/queriers"))["items"]
    assert (listed["state"], listed["query"]["source"]) == ("needs_repair", "customers")
    assert listed["repair"].startswith("There is no field data.points here. Change")
    refused(await boss("POST", f"{path}/run", json={}), 422, "querier_field_unknown")
    boss = await _an_hour_later(crm)
    paused = await boss.get(at)
    assert (paused["is_enabled"], paused["paused_code"]) == (False, "querier_field_unknown")
    assert paused["paused_reason"] == "There is no field data.points here."
    (notice,) = (await boss.get("/me/notices"))["items"]
    assert "By points is paused" in notice["text_en"]
    boss = await _an_hour_later(crm)
    (run,) = (await boss.get("/querier-runs"))["items"]
    assert (run["state"], run["failure_code"]) == ("failed", "querier_field_unknown")
    facts = await rows_of(
        crm,
        "SELECT convert_from(payload, 'UTF8') AS fact FROM crm.outbox "
        "WHERE type = 'crm.v1.querier.run_finished'",
    )
    (fact,) = [json.loads(each["fact"]) for each in facts]
    assert (fact["failure_code"], fact["is_schedule_paused"]) == ("querier_field_unknown", True)

    # Repaired, then the schedule is saved.
    await boss.put(path, {**body, "query": _NAMES}, headers={"If-Match": "*"})
    assert (await boss.get(path))["repair"] == ""
    saved = await boss.put(at, {"every_minutes": 60}, headers={"If-Match": "*"})
    assert (saved["is_enabled"], saved["paused_code"], saved["paused_reason"]) == (True, "", "")
    boss = await _an_hour_later(crm)
    run = (await boss.get("/querier-runs"))["items"][0]
    assert run["state"] == "finished"

    # What is stored is of a release that knew other words.
    for table in ("querier", "querier_run"):
        await rows_of(crm, f'UPDATE crm.{table} SET query = \'{{"from": "customers"}}\'')
    (listed,) = (await boss.get("/queriers"))["items"]
    assert (listed["state"], listed["query"]) == ("needs_repair", None)
    assert listed["repair"].startswith("Its query is of another release")
    asked: tuple[tuple[str, str, Any], ...] = (
        ("POST", f"{path}/run", {}),
        ("GET", f"{path}/export", None),
        ("POST", f"{path}/operations", {"action": {"kind": "send"}}),
        ("GET", f"/querier-runs/{run['run_id']}", None),
    )
    for method, route, sent in asked:
        refused(await boss(method, route, json=sent), 409, "querier_needs_repair")
    boss = await _an_hour_later(crm)
    assert (await boss.get(at))["paused_code"] == "querier_needs_repair"
    await boss.put(path, {**body, "query": _NAMES}, headers={"If-Match": "*"})
    assert (await boss.get(path))["state"] == "ready"


async def _an_hour_later(crm: Crm) -> Signed:
    crm.clock.forward(3_601)
    worker = QuerierWorker(crm.deps)
    while await worker.work():
        pass
    return await crm.sign_in("boss@acme")
