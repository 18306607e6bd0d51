"""Talk scripts: written, found by the call, said with the customer's data that one may see."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.support.crm import Crm, Signed, refused, rows_of

from ringway.crm_api.access import Role
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.api

_PAGES = {
    "hello": {
        "title": "问候",
        "text": "{{customer.salutation}}您好,我是{{enterprise.name}}的{{agent.name}}。",
        "answers": [{"label": "有时间", "to": "offer"}, {"label": "没时间", "to": None}],
    },
    "offer": {"text": "{{field.gift}} <{{customer.data.city|您的城市}}>"},
}
_DEFINITION = {"start": "hello", "pages": _PAGES, "fields": {"gift": "礼品"}}


async def _script(by: Signed, name: str, **more: Any) -> Any:
    body = {"name": name, "definition": _DEFINITION, "state": "published", **more}
    return await by.post("/scripts", body)


async def _call(crm: Crm, tenant: str, agent_id: str, phone: str, **more: Any) -> str:
    interaction_id = uuid7()
    await rows_of(
        crm,
        """
        INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called,
            agent_id, agent_number, disposition, agent_disposition, is_live, sources, queue_id)
        VALUES ($1, $2, 'inbound', $3, '+4012', $4, '801', 'connected', '', true, '{}', $5)
        """,
        *(tenant, interaction_id, phone, agent_id, more.get("queue_id")),
    )
    return str(interaction_id)


async def test_a_script_is_written_checked_and_brought_back(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    made = await _script(boss, "Renewal", state="draft")
    path = f"/scripts/{made['script_id']}"
    refused(await ann("GET", path), 404, "script_not_found")
    assert (await ann.get("/scripts"))["items"] == []
    response = await boss("POST", "/scripts", json={"name": "renewal", "definition": _DEFINITION})
    refused(response, 409, "script_name_taken")
    for pages, word in (
        ({**_PAGES, "lost": {"text": "x"}}, "nothing leads to it"),
        ({**_PAGES, "offer": {"text": "x", "answers": [{"label": "y", "to": "z"}]}}, "no page z"),
        ({**_PAGES, "offer": {"text": "{{customer.password}}"}}, "no variable"),
        (
            {"hello": {"text": "x", "answers": [{"label": "y", "to": "hello"}]}},
            "the talk never ends",
        ),
    ):
        body = {"name": "bad", "definition": {**_DEFINITION, "pages": pages}}
        response = await boss("POST", "/scripts", json=body)
        assert word in refused(response, 422, "validation_failed")["detail"]
    wanted = {"name": "Renewal 2", "definition": _DEFINITION, "state": "published"}
    refused(await boss("PUT", path, json=wanted), 428, "if_match_required")
    problem = refused(
        await boss("PUT", path, json=wanted, headers={"If-Match": '"7"'}), 412, "script_changed"
    )
    assert problem["current"]["name"] == "Renewal"
    await boss.put(path, wanted, headers={"If-Match": '"1"'})
    assert (await ann.get(path))["name"] == "Renewal 2"
    refused(await ann("GET", f"{path}/versions"), 403, "permission_missing")
    versions = (await boss.get(f"{path}/versions"))["items"]
    assert [each["number"] for each in versions] == [2, 1]
    assert (await boss.get(f"{path}/versions/1"))["content"]["name"] == "Renewal"
    restored = await boss.post(f"{path}/versions/1/restore")
    assert (restored["name"], restored["state"], restored["version"]) == ("Renewal", "published", 3)
    other = await crm.open_tenant("other")
    refused(await other("GET", path), 404, "script_not_found")
    refused(
        await other("GET", f"/scripts/render?script_id={made['script_id']}"),
        404,
        "script_not_found",
    )
    await boss("DELETE", path)
    refused(await boss("GET", path), 404, "script_not_found")


async def test_an_agent_says_the_script_of_the_call_with_what_he_may_see(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    tenant = (await boss.get("/me"))["tenant_id"]
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    await _script(boss, "General", language="en")
    await _script(boss, "Queue", bindings=[{"kind": "queue", "value": "q1"}])
    both = [{"kind": "queue", "value": "q1"}, {"kind": "situation", "value": "投诉"}]
    await _script(boss, "Complaints", bindings=both)
    await _script(
        boss, "Draft", state="draft", bindings=[*both, {"kind": "service_number", "value": "+4012"}]
    )
    listed = await ann.get("/scripts", params={"kind": "situation", "value": "投诉"})
    assert [each["name"] for each in listed["items"]] == ["Complaints"]
    refused(await ann("GET", "/scripts?kind=queue"), 422, "binding_incomplete")

    new = {
        "phone_e164": "+40215550100",
        "name": "王小明",
        "sex": "male",
        "data": {"city": "<b>{{x}}"},
    }
    customer = await boss.post("/customers", new)
    await rows_of(
        crm,
        "UPDATE crm.customer SET owner_id = $2, owned_since = now() WHERE customer_id = $1",
        *(customer["customer_id"], ann.user_id),
    )
    call = await _call(crm, tenant, ann.user_id, "+40215550100", queue_id="q1")
    said = await ann.get("/scripts/render", params={"interaction_id": call})
    assert (said["name"], said["customer_id"]) == ("Queue", customer["customer_id"])
    hello, offer = said["pages"]
    assert hello["text"] == "王先生您好,我是acme的ann。"
    assert hello["answers"][1] == {"label": "没时间", "to": None}
    assert offer["text"] == "礼品 <<b>{{x}}>"
    assert offer["html"] == "<b>礼品</b> &lt;<b>&lt;b&gt;{{x}}</b>&gt;"
    params = {"interaction_id": call, "situation": "投诉"}
    assert (await ann.get("/scripts/render", params=params))["name"] == "Complaints"
    said = await ann.get("/scripts/render", params={"queue_id": "q2"})
    assert said["name"] == "General"
    assert said["pages"][0]["text"].startswith("Sir or Madam您好")
    assert "customer.salutation" in said["pages"][0]["missing"]

    # Bob neither had this call nor owns this customer.
    refused(
        await bob("GET", f"/scripts/render?interaction_id={call}"), 404, "interaction_not_found"
    )
    hidden = f"/scripts/render?customer_id={customer['customer_id']}"
    refused(await bob("GET", hidden), 404, "customer_not_found")
    theirs = await _call(crm, tenant, bob.user_id, "+40215550100")
    said = await bob.get("/scripts/render", params={"interaction_id": theirs})
    assert said["customer_id"] is None
    refused(await ann("GET", f"/scripts/render?customer_id={uuid4()}"), 404, "customer_not_found")
    nothing = {"language": "zh", "queue_id": "q2"}
    refused(await ann("GET", "/scripts/render", params=nothing), 404, "script_not_found")
