"""What the permission matrix asks of customers in files and in bulk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.support.crm import Crm, Signed, ok

_PHONE = "+40215550155"


async def objects(crm: Crm, boss: Signed, slug: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Make an import, an act on many, a merge and an erasure."""
    begun = ok(await boss("POST", "/customers/imports", **_file()))
    act = await boss.post("/customers/bulk-acts", _act())
    one, two, three = [
        (await boss.post("/customers", {"phone_e164": f"{_PHONE}{n}"}))["customer_id"]
        for n in (1, 2, 3)
    ]
    body = {"merged_id": two, "survivor_version": 1, "merged_version": 1}
    merge = await boss.post(f"/customers/{one}/merge", body)
    erased = await boss.post(f"/customers/{three}/erase", {"reason": "a reason", "version": 1})
    return {
        "import_id": begun["import_id"],
        "bulk_act_id": act["bulk_act_id"],
        "merge_id": merge["merge_id"],
        "erasure_id": erased["erasure_id"],
    }


def _file() -> dict[str, Any]:
    options = json.dumps({"is_dry_run": True})
    return {
        "files": {"file": ("c.csv", f"phone,name\n{_PHONE},x\n".encode())},
        "data": {"options": options},
    }


def _act() -> dict[str, Any]:
    nobody = {"phone_e164": "+40215550999"}
    return {"filter": nobody, "act": {"kind": "tag", "add": ["x"]}}


def arguments(name: str, ids: dict[str, str], n: int) -> dict[str, Any] | None:
    """Return arguments of a request that an operation would carry out; None: not of this area."""
    if name == "import_customers":
        return _file()
    bodies: dict[str, dict[str, Any]] = {
        "propose_bulk_act": _act(),
        "confirm_bulk_act": {"token": "0" * 64},
        "export_customers": {"columns": ["name"]},
        "merge_customer": {
            "merged_id": str(uuid4()),
            "survivor_version": 1,
            "merged_version": 1,
        },
        # Of another version than the present one: the others still need him.
        "erase_customer": {"reason": "a reason", "version": 10_000},
    }
    return {"json": bodies[name]} if name in bodies else None
