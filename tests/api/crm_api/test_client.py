"""The Python client against the application."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from tests.support.crm import USER_PASSWORD, Crm

from ringway.crm_api.app import create_app
from ringway_client import (
    AsyncRingway,
    ChangedMeanwhile,
    Forbidden,
    Invalid,
    NotFound,
    NotSignedIn,
    models,
)

pytestmark = pytest.mark.api


def _client(crm: Crm, **credentials: Any) -> AsyncRingway:
    transport = httpx.ASGITransport(create_app(crm.deps), raise_app_exceptions=False)
    return AsyncRingway("http://crm", transport=transport, **credentials)


async def test_a_program_works_with_customers_and_lists(crm: Crm) -> None:
    await crm.open_tenant("acme")
    async with _client(crm, username="boss@acme", password=USER_PASSWORD) as ringway:
        made = await asyncio.gather(
            *(
                ringway.customers.create_customer(
                    models.CustomerBody(phone_e164=f"+4021555{n:04}", name=f"c{n}")
                )
                for n in range(7)
            )
        )
        found = [each async for each in ringway.customers.iter_customers(limit=3)]
        assert {each.customer_id for each in found} == {each.customer_id for each in made}
        first = made[0]
        changed = {"phone_e164": first.phone_e164, "name": "new"}
        await ringway.customers.replace_customer(first.customer_id, changed, if_match=first.version)
        with pytest.raises(ChangedMeanwhile) as caught:
            await ringway.customers.replace_customer(
                first.customer_id, changed, if_match=first.version
            )
        assert caught.value.current is not None
        assert caught.value.current["name"] == "new"
        await ringway.customers.delete_customer(first.customer_id)
        with pytest.raises(NotFound):
            await ringway.customers.get_customer(first.customer_id)
        numbers = await ringway.lists.create_list({"name": "l"})
        report = await ringway.imports.import_list(
            numbers.list_id, file=("n.csv", b"phone\n+40215550100\nx\n")
        )
        assert (report.rows, report.added) == (2, 1)
        with pytest.raises(Invalid) as refused:
            await ringway.customers.create_customer({"phone_e164": "nonsense"})
        assert refused.value.problem["errors"][0]["location"] == ["body", "phone_e164"]


async def test_a_repeat_with_one_key_is_carried_out_once(crm: Crm) -> None:
    await crm.open_tenant("acme")
    async with _client(crm, username="boss@acme", password=USER_PASSWORD) as ringway:
        body = {"phone_e164": "+40215550100"}
        one = await ringway.customers.create_customer(body, idempotency_key="k1")
        two = await ringway.customers.create_customer(body, idempotency_key="k1")
        assert one.customer_id == two.customer_id


async def test_a_long_running_program_stays_signed_in(crm: Crm) -> None:
    await crm.open_tenant("acme")
    async with _client(crm, username="boss@acme", password=USER_PASSWORD) as ringway:
        before = await ringway.me.get_me()
        crm.clock.forward(crm.deps.settings.access_token_s + 1)
        assert await ringway.me.get_me() == before  # by the refresh token
        boss = await crm.sign_in("boss@acme")
        new = {"current_password": USER_PASSWORD, "new_password": "another good one"}
        await boss.post("/me/password", new)
        crm.forget_guard_freshness()
        with pytest.raises(NotSignedIn):
            await ringway.me.get_me()
    async with _client(crm, username="boss@acme", password="wrong password") as ringway:
        with pytest.raises(NotSignedIn, match="invalid_grant"):
            await ringway.me.get_me()


async def test_a_key_reaches_what_it_was_given(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    key = await boss.post("/api-keys", {"name": "k", "scopes": ["customers.read"]})
    async with _client(crm, api_key=key["key"]) as ringway:
        assert (await ringway.customers.list_customers()).items == []
        with pytest.raises(Forbidden) as caught:
            await ringway.lists.create_list({"name": "l"})
        assert caught.value.problem["permission"] == "lists.write"
