"""Member cards: whoever guesses learns nothing, and a PIN is nowhere but in the member's head."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from uuid import uuid4

import pytest
from tests.support.crm import Crm, Signed, refused, rows_of

from ringway.crm_api.access import Role
from ringway.crm_api.core.member_cards.numbers import CardNumberCheck, is_valid
from ringway.crm_api.member_cards.verifier import CardVerifier
from ringway.proto.crm_members import MemberVerifiedV1, VerifyMemberCardV1
from ringway.runtime.errors import Refused

pytestmark = pytest.mark.api

_PIN, _OTHER_PIN, _WRONG_PIN = "270519", "830264", "604817"


async def _verify(by: Signed, number: str, pin: str) -> Any:
    return await by.post("/member-cards/verify", {"card_number": number, "pin": pin})


async def test_a_card_from_the_first_pin_to_the_last(
    crm: Crm, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    customer = await boss.post("/customers", {"phone_e164": "+40215550100"})
    mine = {"customer_id": customer["customer_id"], "tier": "gold"}
    for pin, code in (("1234", "pin_invalid"), ("123456", "pin_too_easy")):
        refused(await boss("POST", "/member-cards", json={**mine, "pin": pin}), 422, code)
    key = {"Idempotency-Key": "card-1"}
    card = await boss.post("/member-cards", {**mine, "pin": _PIN}, headers=key)
    number, path = card["card_number"], f"/member-cards/{card['card_id']}"
    assert is_valid(number, CardNumberCheck.LUHN)
    assert (card["has_pin"], card["state"]) == (True, "active")
    # What a request was is kept as a keyed hash: from a bare one a PIN could be guessed.
    same = {"card_number": number}
    refused(await boss("POST", "/member-cards", json=same), 409, "card_number_taken")
    bad = f"{number[:-1]}{(int(number[-1]) + 1) % 10}"
    response = await boss("POST", "/member-cards", json={"card_number": bad})
    refused(response, 422, "card_number_invalid")
    good = await _verify(ann, number, _PIN)
    assert (good["is_verified"], good["customer_id"]) == (True, customer["customer_id"])
    # A card that does not exist and a wrong PIN are one answer, to the end.
    unknown = "8699999994"
    for _ in range(5):
        assert await _verify(ann, number, _WRONG_PIN) == await _verify(ann, unknown, _WRONG_PIN)
    locked = await _verify(ann, number, _PIN)
    assert (locked["is_verified"], locked["reason"]) == (False, "locked")
    assert (await _verify(ann, unknown, _PIN))["reason"] == "locked"
    assert (await boss.get(path))["locked_until"] is not None
    crm.clock.forward(301)
    ann, boss = await crm.sign_in("ann@acme"), await crm.sign_in("boss@acme")
    assert (await _verify(ann, number, _PIN))["is_verified"]
    change = {"card_number": number, "old_pin": _WRONG_PIN, "new_pin": _OTHER_PIN}
    wrong = await ann.post("/member-cards/change-pin", change)
    assert wrong["reason"] == "wrong"
    changed = await ann.post("/member-cards/change-pin", {**change, "old_pin": _PIN})
    assert changed["is_verified"]
    assert (await _verify(ann, number, _PIN))["reason"] == "wrong"
    assert (await _verify(ann, number, _OTHER_PIN))["is_verified"]
    refused(await ann("PUT", f"{path}/pin", json={"pin": _PIN}), 403, "permission_missing")
    for state, until, reason in (
        ("lost", None, "lost"),
        ("blocked", None, "blocked"),
        ("active", "2020-01-01T00:00:00Z", "expired"),
    ):
        body = {**mine, "state": state, "valid_until": until}
        shown = await boss.put(path, body, headers={"If-Match": "*"})
        assert shown["state"] == reason
        # Only who knows the PIN hears why.
        assert (await _verify(ann, number, _WRONG_PIN))["reason"] == "wrong"
        assert (await _verify(ann, number, _OTHER_PIN))["reason"] == reason
    await boss.put(path, mine, headers={"If-Match": "*"})
    response = await boss("PUT", path, json=mine, headers={"If-Match": '"1"'})
    assert refused(response, 412, "member_card_changed")["current"]["tier"] == "gold"
    found = await boss.get(f"/member-cards?card_number={number}")
    assert [each["card_id"] for each in found["items"]] == [card["card_id"]]
    other = await crm.open_tenant("other")
    refused(await other("GET", path), 404, "member_card_not_found")
    assert (await _verify(other, number, _OTHER_PIN))["reason"] == "wrong"
    # Nowhere: not in what was answered, logged, noted or stored.
    tables = ("member_card", "member_card_attempt", "audit_log", "idempotency_key", "outbox")
    rows = [await rows_of(crm, f"SELECT * FROM crm.{name}") for name in tables]
    for pin in (_PIN, _OTHER_PIN, _WRONG_PIN):
        assert pin not in caplog.text
        assert all(pin not in str(dict(row)) for found in rows for row in found)
    verified = await boss.get("/audit-log?action=member_card.verified&limit=500")
    assert len(verified["items"]) >= 20
    await boss("DELETE", path)
    refused(await boss("GET", path), 404, "member_card_not_found")


async def test_an_ivr_verifies_over_nats_and_a_crowd_of_guesses_does_not_slip_through(
    crm: Crm,
) -> None:
    boss = await crm.open_tenant("acme")
    tenant = (await boss.get("/me"))["tenant_id"]
    card = await boss.post("/member-cards", {"pin": _PIN, "tier": "gold"})
    await CardVerifier(crm.deps.pool, crm.deps.passwords, crm.deps.now).attach(crm.deps.bus)
    async with crm.nats.bus("crm_api", name="as-an-ivr") as bus:

        async def verify(number: str, pin: str) -> MemberVerifiedV1:
            question = VerifyMemberCardV1(
                occurred_at=crm.clock(), tenant=tenant, card_number=number, pin=pin
            )
            assert pin not in repr(question)
            return await bus.request(question, MemberVerifiedV1, timeout_s=20)

        good = await verify(card["card_number"], _PIN)
        assert (good.is_verified, good.card_id, good.tier) == (True, card["card_id"], "gold")
        unknown = "8699999994"
        guesses = [verify(number, _WRONG_PIN) for number in (card["card_number"], unknown) * 8]
        reasons = [each.reason for each in await asyncio.gather(*guesses)]
        assert sorted(reasons[::2]) == sorted(reasons[1::2]) == ["locked"] * 3 + ["wrong"] * 5
        assert (await verify(card["card_number"], _PIN)).reason == "locked"
        await boss.put(
            f"/member-cards/{card['card_id']}/pin", {"pin": _OTHER_PIN}, headers={"If-Match": "*"}
        )
        assert (await verify(card["card_number"], _OTHER_PIN)).is_verified
        await crm.platform.put(f"/tenants/{tenant}/features", {"features": []})
        with pytest.raises(Refused, match="feature_off"):
            await verify(card["card_number"], _OTHER_PIN)


async def test_numbers_are_made_and_checked_as_the_enterprise_says(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    rules = {"number_check": "mod11_10", "prefix": "77", "number_length": 6, "pin_length": 4}
    refused(await boss("PUT", "/member-card-settings", json=rules), 428, "if_match_required")
    first = await boss.put("/member-card-settings", rules, headers={"If-Match": '"0"'})
    assert first["version"] == 1
    response = await boss("PUT", "/member-card-settings", json=rules, headers={"If-Match": '"0"'})
    refused(response, 412, "member_card_settings_changed")
    made = await asyncio.gather(*(boss.post("/member-cards", {"pin": "2750"}) for _ in range(4)))
    numbers = {each["card_number"] for each in made}
    assert len(numbers) == 4
    assert {number[:5] for number in numbers} == {"77001", "77002", "77003", "77004"}
    assert all(is_valid(number, CardNumberCheck.MOD11_10) for number in numbers)
    nobody = {"customer_id": str(uuid4())}
    refused(await boss("POST", "/member-cards", json=nobody), 422, "customer_unknown")
