"""Single leads and their numbers, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

pytestmark = pytest.mark.api

FIRST, SECOND, THIRD = "+442071830001", "+442071830002", "+493090100003"


async def _list(boss: Signed) -> str:
    made = await boss.post("/lists", {"name": "l"})
    return f"/lists/{made['list_id']}/leads"


def _body(*numbers: str, **more: Any) -> dict[str, Any]:
    rest = [{"phone_e164": number} for number in numbers[1:]]
    return {"phone_e164": numbers[0], "more_numbers": rest, **more}


def _numbers(lead: dict[str, Any]) -> list[tuple[str, str]]:
    return [(n["phone_e164"], n["state"]) for n in lead["numbers"]]


async def test_a_lead_is_added_read_changed_and_removed(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    path = f"{await _list(boss)}/anna"
    refused(await boss("GET", path), 404, "lead_not_found")
    lead = ok(await boss("PUT", path, json=_body(FIRST, SECOND, name="Anna", data={"a": "b"})))
    assert (lead["name"], lead["data"], lead["state"]) == ("Anna", {"a": "b"}, "open")
    assert _numbers(lead) == [(FIRST, "open"), (SECOND, "open")]
    assert lead == await boss.get(path)
    lead = ok(await boss("PUT", path, json=_body(SECOND, name="Ann", priority=3)))
    assert (lead["name"], lead["priority"], lead["phone_e164"]) == ("Ann", 3, SECOND)
    assert _numbers(lead) == [(SECOND, "open")]
    assert (await boss("DELETE", path)).status_code == 204
    refused(await boss("DELETE", path), 404, "lead_not_found")
    noted = await rows_of(crm, "SELECT action FROM crm.audit_log WHERE action LIKE 'lead.%'")
    assert sorted(r["action"] for r in noted) == ["lead.added", "lead.changed", "lead.removed"]


async def test_numbers_that_stay_keep_what_is_known_and_a_new_one_opens_the_lead(
    crm: Crm,
) -> None:
    boss = await crm.open_tenant("acme")
    path = f"{await _list(boss)}/anna"
    ok(await boss("PUT", path, json=_body(FIRST, SECOND)))
    await rows_of(crm, "UPDATE dialer.lead_number SET state = 'dead', attempts = 1")
    await rows_of(crm, "UPDATE dialer.lead SET closed_reason = 'invalid'")
    lead = ok(await boss("PUT", path, json=_body(FIRST, SECOND)))
    assert (lead["state"], lead["closed_reason"]) == ("closed", "invalid")
    lead = ok(await boss("PUT", path, json=_body(FIRST, SECOND, THIRD)))
    assert (lead["state"], lead["phone_e164"]) == ("open", THIRD)
    assert _numbers(lead) == [(FIRST, "dead"), (SECOND, "dead"), (THIRD, "open")]


async def test_a_lead_in_a_call_and_a_number_that_the_list_has_are_left_alone(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    leads = await _list(boss)
    ok(await boss("PUT", f"{leads}/anna", json=_body(FIRST)))
    refused(await boss("PUT", f"{leads}/bob", json=_body(FIRST)), 409, "number_in_list")
    ok(await boss("PUT", f"{leads}/bob", json=_body(SECOND)))
    refused(await boss("PUT", f"{leads}/bob", json=_body(FIRST)), 409, "number_in_list")
    refused(await boss("PUT", f"{await _list(boss)}/bob", json=_body(THIRD)), 409, "lead_elsewhere")
    await rows_of(crm, "UPDATE dialer.lead SET open_attempt_id = gen_random_uuid()")
    refused(await boss("PUT", f"{leads}/anna", json=_body(THIRD)), 409, "lead_dialing")
    refused(await boss("DELETE", f"{leads}/anna"), 409, "lead_dialing")
