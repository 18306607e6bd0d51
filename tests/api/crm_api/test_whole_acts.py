"""An act is there with its answer for repeats and its entry in the audit log, or not at all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.audit import intents, route, store
from ringway.crm_api.idempotency import _Once
from ringway.proto.acd import PutTrunkV1
from ringway.runtime.bus import Refused
from ringway.runtime.errors import PostgresDown

pytestmark = pytest.mark.api

_CUSTOMER = {"phone_e164": "+40215550100", "name": "Ann"}


def _failing(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, error: BaseException) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(where, name, fail)


async def _entries(boss: Signed, action: str) -> list[dict[str, Any]]:
    return list((await boss.get("/audit-log", params={"action": action}))["items"])


async def test_acts_are_whole_wherever_they_are_cut_off(
    crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = await crm.open_tenant("acme")
    key = {"Idempotency-Key": "k1"}

    async def customers() -> int:
        return len((await boss.get("/customers"))["items"])

    # The database dies, or the process, between the act and its entry or its answer.
    for where, name in ((store, "add"), (_Once, "store")):
        with monkeypatch.context() as patched:
            _failing(patched, where, name, PostgresDown("gone"))
            response = await boss("POST", "/customers", json=_CUSTOMER, headers=key)
            refused(response, 503, "database_unavailable")
            _failing(patched, where, name, asyncio.CancelledError())
            with pytest.raises(asyncio.CancelledError):
                await boss("POST", "/customers", json=_CUSTOMER, headers=key)
        assert await customers() == 0
        # A minute after the death of its process the key is free.
        await rows_of(crm, "UPDATE crm.idempotency_key SET locked_until = '-infinity'")
    made = ok(await boss("POST", "/customers", json=_CUSTOMER, headers=key))
    assert ok(await boss("POST", "/customers", json=_CUSTOMER, headers=key)) == made
    assert await customers() == len(await _entries(boss, "api.create_customer")) == 1

    # An act of several transactions: what is done is not done again by a repeat.
    other = {"Idempotency-Key": "k2"}
    (row,) = await rows_of(
        crm,
        "UPDATE crm.idempotency_key SET key = 'k2', status = NULL, has_acted = true, "
        "locked_until = '-infinity' RETURNING key",
    )
    assert row["key"] == "k2"
    response = await boss("POST", "/customers", json=_CUSTOMER, headers=other)
    refused(response, 409, "idempotency_outcome_unknown")
    assert await customers() == 1


async def test_what_others_were_asked_for_is_in_the_log_whoever_dies(
    crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = await crm.open_tenant("acme")
    trunk = {"name": "t", "host": "sip.example"}

    async def left() -> int:
        return len(await rows_of(crm, "SELECT 1 FROM crm.audit_intent"))

    # What was refused was not done; what was done has its entry, and no intent is left of it.
    crm.behind.refuse[PutTrunkV1] = Refused("trunk_limit", "No more trunks.")
    refused(await boss("POST", "/trunks", json=trunk), 409, "trunk_limit")
    crm.behind.refuse.clear()
    before = len(await _entries(boss, "api."))
    ok(await boss("POST", "/trunks", json=trunk))
    assert await left() == 0

    with monkeypatch.context() as patched:
        _failing(patched, route._Act, "_finish", asyncio.CancelledError())
        with pytest.raises(asyncio.CancelledError):
            await boss("POST", "/trunks", json=trunk)
    assert await left() == 1
    pool, now = crm.deps.pool, crm.clock
    assert await intents.sweep(pool, now()) == 0  # it may be under way
    crm.clock.forward(601)
    assert await intents.sweep(pool, now()) == 1
    assert await intents.sweep(pool, now()) == 0
    entry = (await _entries(boss, "api."))[0]
    assert len(await _entries(boss, "api.")) > before
    assert (entry["action"], entry["detail"]["outcome"]) == ("api.create_trunk", "unknown")
    assert (entry["actor"], (await boss.get("/audit-log/check"))["intact"]) == ("boss", True)
