"""Every error is a problem document with a stable code, whatever goes wrong."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.support.crm import USER_PASSWORD, Crm, ok, refused
from tests.support.postgres import PostgresServer
from tests.support.waiting import eventually

from ringway.crm_api.__main__ import _http_config, _Server
from ringway.crm_api.access import Role
from ringway.proto.acd import PutTrunkV1, SetAgentStateV1, SignInV1
from ringway.proto.dialer import ControlCampaignV1
from ringway.runtime.bus import Refused
from ringway.runtime.postgres import CONNECT_LIMIT_S

pytestmark = pytest.mark.api


async def test_unknown_route_and_method(crm: Crm) -> None:
    refused(await crm.http.get("/api/v1/nothing"), 404, "route_not_found")
    refused(await crm.http.get("/"), 404, "route_not_found")
    response = await crm.http.delete("/api/v1/users")
    refused(response, 405, "method_not_allowed")
    assert {"GET", "POST"} & set(response.headers["allow"].split(", "))
    # Not the customer whose id would be "imports", whom PUT would change.
    response = await crm.http.put("/api/v1/customers/imports")
    refused(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, POST"


async def test_malformed_payloads_name_the_field_and_never_echo_it(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    secret = {"username": "xx", "password": "2short", "role": "agent"}
    response = await boss("POST", "/users", json=secret)
    body = refused(response, 422, "validation_failed")
    assert body["errors"][0]["location"] == ["body", "password"]
    assert "2short" not in response.text
    refused(
        await boss("POST", "/users", content=b"{", headers={"Content-Type": "application/json"}),
        400,
        "json_invalid",
    )
    refused(await boss("GET", "/users/not-a-uuid"), 422, "validation_failed")
    refused(await boss("GET", "/users?limit=0"), 422, "validation_failed")
    refused(await boss("GET", "/users?cursor=%21%21"), 400, "cursor_invalid")
    refused(await boss("GET", "/customers?cursor=WyJ4Il0"), 400, "cursor_invalid")
    refused(await boss("GET", "/audit-log?cursor=WyJ4Il0"), 400, "cursor_invalid")


async def test_unknown_fields_are_refused_not_ignored(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    new = {"username": "xx", "password": USER_PASSWORD, "role": "agent"}
    for field, value in (("tenant_id", "0" * 32), ("is_enabled", True), ("password_hash", "x")):
        response = await boss("POST", "/users", json={**new, field: value})
        refused(response, 422, "validation_failed")


async def test_nul_characters_are_refused(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    body = {"phone_e164": "+40215550100", "name": "a\x00b"}
    refused(await boss("POST", "/customers", json=body), 422, "validation_failed")
    body = {"phone_e164": "+40215550100", "data": {"k\x00": "v"}}
    refused(await boss("POST", "/customers", json=body), 422, "validation_failed")
    refused(await boss("GET", "/audit-log?actor=%00"), 422, "text_invalid")


async def test_blanks_around_a_text_count_for_its_length_and_go_then(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    made = await boss.post("/product-categories", {"name": " " + "n" * 199})
    assert made["name"] == "n" * 199
    for name in (" " + "n" * 200, "n" * 200 + "\t", " "):
        response = await boss("POST", "/product-categories", json={"name": name})
        refused(response, 422, "validation_failed")
    # A queue's name is the ACD's, a tag is a parameter, an object's name is of a definition.
    queue = {"name": "n" * 100 + " ", "ring_strategy": "longest_idle"}
    refused(await boss("POST", "/queues", json=queue), 422, "validation_failed")
    found = await boss("GET", "/customers", params={"tag": " " + "t" * 49})
    assert found.status_code == 200, found.text
    found = await boss("GET", "/customers", params={"tag": " " + "t" * 50})
    refused(found, 422, "validation_failed")
    found = await boss("GET", "/users", params={"q": "n" * 100 + " "})
    refused(found, 422, "validation_failed")


async def test_an_address_may_have_blanks_around_it(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    new = {"phone_e164": "+40215550100", "emails": [" ann@example.org\n"], "language": " zh-CN "}
    made = await boss.post("/customers", {**new, "address": {"country": "RO "}})
    assert (made["emails"], made["language"]) == (["ann@example.org"], "zh-CN")
    assert made["address"]["country"] == "RO"


async def test_deep_and_large_bodies_are_refused(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    deep = b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    response = await boss(
        "POST", "/lists", content=deep, headers={"Content-Type": "application/json"}
    )
    assert response.status_code in (400, 422)
    large = b'{"name":"' + b"x" * crm.deps.settings.body_max_bytes + b'"}'
    headers = {"Content-Type": "application/json"}
    refused(await boss("POST", "/lists", content=large, headers=headers), 413, "body_too_large")

    async def endless():
        for _ in range(20):
            yield b" " * 100_000

    refused(await boss("POST", "/lists", content=endless(), headers=headers), 413, "body_too_large")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /api/v1/customers?name=" + b"n" * 65_536 + b" HTTP/1.1\r\nHost: ringway\r\n\r\n",
        b"GET /api/v1/customers HTTP/1.1\r\nHo\x00st: ringway\r\n\r\n",
        b"hello\r\n\r\n",
    ],
    ids=["long address", "broken header", "no HTTP"],
)
async def test_what_is_no_http_is_told_as_a_problem(crm: Crm, sent: bytes) -> None:
    server = _Server(_http_config(crm.deps.settings, crm.deps))
    serving = asyncio.get_running_loop().create_task(server.serve())
    await eventually(lambda: server.started, within_s=10, what="HTTP is served")
    try:
        address = server.servers[0].sockets[0].getsockname()
        reader, writer = await asyncio.open_connection(*address)
        writer.write(sent)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")  # to its end: it is closed
        writer.close()
        status, *headers = head.decode().lower().split("\r\n")
        assert status.startswith("http/1.1 400 ")
        assert {
            "content-type: application/problem+json",
            "connection: close",
            f"content-length: {len(body)}",
        } <= set(headers)
        assert json.loads(body)["code"] == "request_unreadable"
    finally:
        server.should_exit = True
        await serving


async def test_responses_carry_security_headers(crm: Crm) -> None:
    for path in ("/api/v1/me", "/api/v1/openapi.json", "/livez", "/nothing"):
        headers = (await crm.http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]


async def test_health_tells_the_truth(crm: Crm) -> None:
    assert (await crm.http.get("/livez")).status_code == 200
    ready = await crm.http.get("/readyz")
    assert (ready.status_code, ready.json()["parts"]) == (200, {"postgres": "ok", "nats": "ok"})
    await crm.http.get("/api/v1/me")
    assert "ringway_http_requests_total" in (await crm.http.get("/metrics")).text
    document = ok(await crm.http.get("/api/v1/openapi.json"))
    assert document["openapi"].startswith("3.1")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("phone_not_registered", 409),
        ("phone_not_answered", 409),
        ("agent_unknown", 404),
        ("campaign_without_agents", 409),
        ("campaign_not_found", 404),
        ("invalid", 422),
    ],
)
async def test_refusals_keep_their_code_and_their_advice(crm: Crm, code: str, status: int) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    crm.behind.refuse[SignInV1] = Refused(code, "Register the phone first.")
    response = await ann("POST", "/agents/me/session", json={})
    assert refused(response, status, code)["detail"] == "Register the phone first."


async def test_failure_inside_of_a_service_is_503(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    for code in ("internal", "unavailable"):
        crm.behind.refuse[SetAgentStateV1] = Refused(code)
        response = await ann("PUT", "/agents/me/state", json={"state": "ready"})
        refused(response, 503, "service_failed")
        assert int(response.headers["retry-after"]) >= 1


async def test_control_of_a_campaign_that_the_dialer_refuses(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    crm.behind.refuse[ControlCampaignV1] = Refused("campaign_without_agents", "Add agents.")
    path = "/campaigns/01890a5d-ac96-774b-bcce-b302099a8057/start"
    refused(await boss("POST", path), 409, "campaign_without_agents")


async def test_nats_down_is_503_and_what_needs_no_nats_goes_on(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    crm.nats.kill()
    await eventually(lambda: not crm.deps.bus.healthy, what=lambda: "loss of NATS noticed")
    response = await boss("POST", "/trunks", json={"name": "t", "host": "sip.example"})
    refused(response, 503, "bus_unavailable")
    assert "retry-after" in response.headers
    ok(await boss("POST", "/customers", json={"phone_e164": "+40215550100"}))
    assert (await crm.http.get("/readyz")).status_code == 503
    assert (await crm.http.get("/livez")).status_code == 200
    await crm.nats.start()
    # Each connects again in its own time.
    await eventually(
        lambda: crm.deps.bus.healthy is True and crm.behind.healthy,
        within_s=15,
        what="everybody is back",
    )
    await boss.post("/trunks", {"name": "t", "host": "sip.example"})
    assert crm.behind.last(PutTrunkV1).name == "t"


async def test_postgres_down_is_503_and_agents_go_on_working(
    crm: Crm, postgres: PostgresServer
) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    await ann.get("/agents/me")
    postgres.kill()
    crm.forget_guard_freshness()
    response = await boss("GET", "/customers")
    refused(response, 503, "database_unavailable")
    assert "retry-after" in response.headers
    crm.forget_guard_freshness()
    # Neither waits for a connection as long as a stranger would.
    async with asyncio.timeout(CONNECT_LIMIT_S):
        ok(await ann("PUT", "/agents/me/state", json={"state": "ready"}))
        ok(await ann("PUT", "/agents/me/state", json={"state": "not_ready"}))
    assert (await crm.http.get("/readyz")).status_code == 503
    await postgres.start()
    await eventually(lambda: crm.deps.pool.healthy, within_s=10, what=lambda: "PostgreSQL is back")
    await boss.get("/customers")
