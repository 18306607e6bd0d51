"""Under one Idempotency-Key nothing else is ever asked, also when the first answer is gone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

pytestmark = pytest.mark.api

_KEY = {"Idempotency-Key": "once"}
_PRODUCT = {"code": "KNIFE", "name": "Knife", "prices": [{"currency": "CNY", "amount": 1_000}]}


async def _wish(boss: Signed, quantity: int = 3) -> dict[str, Any]:
    product = await boss.post("/products", _PRODUCT)
    lines = [{"product_id": product["product_id"], "quantity": quantity}]
    return {"currency": "CNY", "lines": lines, "note": "ring twice"}


async def _forget_answers(crm: Crm) -> None:
    await rows_of(crm, "DELETE FROM crm.idempotency_key")


async def test_another_order_under_the_key_of_one_is_refused(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    wish = await _wish(boss)
    first = await boss.post("/sales-orders", wish, headers=_KEY)
    for other in ({**wish, "note": "ring once"}, _other_quantity(wish)):
        await _forget_answers(crm)
        answer = await boss("POST", "/sales-orders", json=other, headers=_KEY)
        refused(answer, 422, "idempotency_key_reused")
    await _forget_answers(crm)
    again = await boss("POST", "/sales-orders", json=wish, headers=_KEY)
    assert again.status_code == 201
    assert ok(again) == first
    assert len((await boss.get("/sales-orders"))["items"]) == 1


def _other_quantity(wish: dict[str, Any]) -> dict[str, Any]:
    return {**wish, "lines": [{**wish["lines"][0], "quantity": 4}]}


async def test_an_order_of_an_earlier_release_is_found_by_its_key(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    wish = await _wish(boss)
    first = await boss.post("/sales-orders", wish, headers=_KEY)
    await _forget_answers(crm)
    await rows_of(crm, "UPDATE crm.sales_order SET request_fingerprint = NULL")
    again = await boss.post("/sales-orders", wish, headers=_KEY)
    assert again["order_id"] == first["order_id"]


@pytest.mark.parametrize(
    ("path", "asked", "other"),
    [
        ("payments", {"amount": 500}, {"amount": 501}),
        ("refunds", {"amount": 100}, {"amount": 100, "reference": "R2"}),
        (
            "shipments",
            {"lines": [{"line_no": 1, "quantity": 1}]},
            {"lines": [{"line_no": 1, "quantity": 2}]},
        ),
    ],
)
async def test_another_entry_under_the_key_of_one_is_refused(
    crm: Crm, path: str, asked: dict[str, Any], other: dict[str, Any]
) -> None:
    boss = await crm.open_tenant("acme")
    order = await boss.post("/sales-orders", await _wish(boss))
    whole = f"/sales-orders/{order['order_id']}"
    await boss.post(f"{whole}/payments", {"amount": 1_000})
    first = await boss.post(f"{whole}/{path}", asked, headers=_KEY)
    await _forget_answers(crm)
    answer = await boss("POST", f"{whole}/{path}", json=other, headers=_KEY)
    refused(answer, 422, "idempotency_key_reused")
    await _forget_answers(crm)
    assert await boss.post(f"{whole}/{path}", asked, headers=_KEY) == first


def _multipart(content: bytes, boundary: str) -> dict[str, Any]:
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="options"\r\n\r\n'
        f"{json.dumps({'region': 'RO'})}\r\n"
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    ).encode() + content
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return {
        "content": body + f"\r\n--{boundary}--\r\n".encode(),
        "headers": {**_KEY, **headers},
    }


async def test_a_file_counts_by_what_is_in_it(crm: Crm) -> None:
    """Another file of the same length is another request; other words between parts are not."""
    boss = await crm.open_tenant("acme")
    path = "/customers/imports"
    file = b"phone,name\n+40215550100,Ann\n"
    first = ok(await boss("POST", path, **_multipart(file, "one")))
    again = await boss("POST", path, **_multipart(file, "another"))
    assert ok(again) == first
    assert again.headers["idempotent-replayed"] == "true"
    other = await boss("POST", path, **_multipart(file.replace(b"Ann", b"Bob"), "one"))
    refused(other, 422, "idempotency_key_reused")
    assert len((await boss.get(path))["items"]) == 1


async def test_a_broken_form_is_refused_with_a_key_as_without(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    content = _multipart(b"phone\n", "one")["content"]
    no_boundary = {"Content-Type": "multipart/form-data"}
    for headers in (no_boundary, {**no_boundary, **_KEY}):
        answer = await boss("POST", "/customers/imports", content=content, headers=headers)
        refused(answer, 400, "body_invalid")
