"""Idempotency-Key on POST."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.crm import USER_PASSWORD, Crm, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.proto.acd import PutTrunkV1
from ringway.runtime.bus import Refused

pytestmark = pytest.mark.api

_CUSTOMER = {"phone_e164": "+40215550100", "name": "Ann"}


async def test_repeat_gets_the_first_answer_and_does_nothing(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    key = {"Idempotency-Key": "k1"}
    first = await boss("POST", "/customers", json=_CUSTOMER, headers=key)
    again = await boss("POST", "/customers", json=_CUSTOMER, headers=key)
    assert ok(first) == ok(again)
    assert first.status_code == again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["location"] == first.headers["location"]
    assert len((await boss.get("/customers"))["items"]) == 1


async def test_key_of_another_request_is_refused(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    key = {"Idempotency-Key": "k1"}
    ok(await boss("POST", "/customers", json=_CUSTOMER, headers=key))
    other = {**_CUSTOMER, "name": "Bob"}
    response = await boss("POST", "/customers", json=other, headers=key)
    refused(response, 422, "idempotency_key_reused")


async def test_keys_belong_to_their_caller(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    leader = await crm.user(boss, "acme", Role.TEAM_LEADER)
    key = {"Idempotency-Key": "k1"}
    one = ok(await boss("POST", "/customers", json=_CUSTOMER, headers=key))
    two = ok(await leader("POST", "/customers", json=_CUSTOMER, headers=key))
    assert one["customer_id"] != two["customer_id"]


async def test_simultaneous_requests_do_the_work_once(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    key = {"Idempotency-Key": "k1"}
    responses = await asyncio.gather(
        *(boss("POST", "/customers", json=_CUSTOMER, headers=key) for _ in range(8))
    )
    assert {r.status_code for r in responses} <= {201, 409}
    for response in responses:
        if response.status_code == 409:
            refused(response, 409, "idempotency_key_in_use")
    assert len((await boss.get("/customers"))["items"]) == 1


async def test_refusal_is_replayed_but_a_503_is_tried_again(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    trunk = {"name": "t", "host": "sip.example"}
    crm.behind.refuse[PutTrunkV1] = Refused("unavailable")
    key = {"Idempotency-Key": "k1"}
    refused(await boss("POST", "/trunks", json=trunk, headers=key), 503, "service_failed")
    crm.behind.refuse[PutTrunkV1] = Refused("trunk_limit", "No more trunks.")
    refused(await boss("POST", "/trunks", json=trunk, headers=key), 409, "trunk_limit")
    crm.behind.refuse.clear()
    replayed = await boss("POST", "/trunks", json=trunk, headers=key)
    refused(replayed, 409, "trunk_limit")
    assert replayed.headers["idempotent-replayed"] == "true"


async def test_secrets_shown_once_are_not_stored(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    user = {"username": "ann", "password": USER_PASSWORD, "role": "agent", "agent_number": "801"}
    key = {"Idempotency-Key": "k1"}
    first = ok(await boss("POST", "/users", json=user, headers=key))
    assert first["sip_password"] == "made-by-the-acd"
    again = ok(await boss("POST", "/users", json=user, headers=key))
    assert again == {**first, "sip_password": None}
    (stored,) = await rows_of(crm, "SELECT body FROM crm.idempotency_key")
    assert b"made-by-the-acd" not in stored["body"]


async def test_request_of_a_dead_process_is_taken_over_after_its_hold(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    key = {"Idempotency-Key": "k1"}
    ok(await boss("POST", "/customers", json=_CUSTOMER, headers=key))
    await rows_of(crm, "UPDATE crm.idempotency_key SET status = NULL, body = NULL")
    response = await boss("POST", "/customers", json=_CUSTOMER, headers=key)
    refused(response, 409, "idempotency_key_in_use")
    crm.clock.forward(61)
    ok(await boss("POST", "/customers", json=_CUSTOMER, headers=key))


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
async def test_strange_keys_are_refused(crm: Crm, key: str) -> None:
    boss = await crm.open_tenant("acme")
    response = await boss("POST", "/customers", json=_CUSTOMER, headers={"Idempotency-Key": key})
    refused(response, 400, "idempotency_key_invalid")
