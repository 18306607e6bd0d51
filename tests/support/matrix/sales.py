"""What the permission matrix asks of orders, questionnaires, member cards and media sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.crm import Crm, Signed

_ANY_VERSION = {"If-Match": "*"}
_PERIOD = {"from": "2026-01-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
_PIN = "270519"
_PLACEMENT = {
    "name": "evening",
    "begins_at": "2026-11-22T20:00:00Z",
    "ends_at": "2026-11-22T22:00:00Z",
    "currency": "CNY",
    "cost": 1_000,
}
_QUESTIONNAIRE = {
    "name": "q",
    "design": {
        "languages": ["en"],
        "questions": [
            {
                "key": "satisfied",
                "kind": "scale",
                "texts": {"en": "Satisfied?"},
                "minimum": 1,
                "maximum": 5,
            }
        ],
    },
}


def _product(code: str) -> dict[str, Any]:
    return {"code": code, "name": code, "prices": [{"currency": "CNY", "amount": 1_000}]}


def _order(product_id: str, quantity: int = 1) -> dict[str, Any]:
    return {"lines": [{"product_id": product_id, "quantity": quantity}]}


async def objects(crm: Crm, boss: Signed, slug: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Make one object of each noun; return path parameters by name."""
    category = await boss.post("/product-categories", {"name": f"category of {slug}"})
    product = await boss.post("/products", _product(f"P-{slug}"))
    order = await boss.post(
        "/sales-orders", {**_order(product["product_id"], 1_000), "currency": "CNY"}
    )
    path = f"/sales-orders/{order['order_id']}"
    shipped = await boss.post(f"{path}/shipments", {"lines": [{"line_no": 1, "quantity": 500}]})
    questionnaire = await boss.post("/questionnaires", _QUESTIONNAIRE)
    questions = f"/questionnaires/{questionnaire['questionnaire_id']}"
    await boss.post(f"{questions}/versions")
    run = await boss.post(f"{questions}/runs", {})
    source = await boss.post("/media-sources", {"name": f"source of {slug}"})
    media = f"/media-sources/{source['media_source_id']}"
    return {
        "product_category_id": category["category_id"],
        "product_id": product["product_id"],
        "order_id": order["order_id"],
        "shipment_id": shipped["shipments"][0]["shipment_id"],
        "questionnaire_id": questionnaire["questionnaire_id"],
        "interview_id": run["run_id"],
        "card_id": (await boss.post("/member-cards", {"pin": _PIN}))["card_id"],
        "media_source_id": source["media_source_id"],
        "placement_id": (await boss.post(f"{media}/placements", _PLACEMENT))["placement_id"],
    }


def arguments(name: str, ids: dict[str, str], n: int) -> dict[str, Any] | None:
    """Return arguments of a request that an operation would carry out; None: not of this area."""
    product_id = ids.get("product_id", "")
    bodies: dict[str, Any] = {
        "create_product": _product(f"N{n}"),
        "change_product": _product(f"C{n}"),
        "import_products": {"products": [_product(f"I{n}")]},
        "change_stock": {"count": 5},
        "create_product_category": {"name": f"category {n}"},
        "rename_product_category": {"name": f"category {n}"},
        "put_order_settings": {"number_prefix": "S"},
        "enter_order": {**_order(product_id), "currency": "CNY"},
        "change_order": _order(product_id),
        "receive_payment": {"amount": 1},
        "refund_payment": {"amount": 1},
        "ship_order": {"lines": [{"line_no": 1, "quantity": 1}]},
        "track_shipment": {"tracking": f"T{n}"},
        "deliver_shipment": {},
        "return_shipment": {"lines": [{"line_no": 1, "quantity": 1}]},
        "assign_order": {"owner_id": None},
        "cancel_order": {"reason": "a good reason"},
        "create_questionnaire": _QUESTIONNAIRE,
        "change_questionnaire": _QUESTIONNAIRE,
        "begin_questionnaire": {},
        "answer_question": {"question": "satisfied", "answer": 3},
        "break_off_questionnaire": {"reason": "no time"},
        "put_member_card_settings": {"prefix": "86"},
        "create_member_card": {"pin": _PIN},
        "change_member_card": {"tier": "gold"},
        "set_member_pin": {"pin": _PIN},
        "verify_member_card": {"card_number": "8699999994", "pin": _PIN},
        "change_member_pin": {
            "card_number": "8699999994",
            "old_pin": _PIN,
            "new_pin": "830264",
        },
        "create_media_source": {"name": f"source {n}"},
        "change_media_source": {"name": f"source {n}"},
        "create_placement": _PLACEMENT,
        "change_placement": _PLACEMENT,
    }
    if name in ("report_orders", "report_media"):
        return {"params": _PERIOD}
    if name == "get_questionnaire_cross_table":
        return {"params": {"row": "satisfied", "column": "satisfied"}}
    if name not in bodies:
        return None
    return {"json": bodies[name], "headers": _ANY_VERSION}
